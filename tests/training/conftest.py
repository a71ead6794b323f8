"""Modules to train: small ones written by hand, and the founding model and a line with all files that a build makes."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from reference import Built, build


@pytest.fixture(scope="session")
def nine(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The founding model, with its C file."""
    return build(tmp_path_factory.mktemp("nine"), "nine_weights", with_c=True)


@pytest.fixture(scope="session")
def line(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A line, with its C file."""
    return build(tmp_path_factory.mktemp("line"), "line", with_c=True)


@pytest.fixture(scope="session")
def rows() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sixty rows for the founding model and the weights it starts from."""
    random = np.random.default_rng(3)
    return random.normal(0.0, 0.3, 9), random.uniform(-1, 1, (60, 5)), random.normal(size=60)


def make_module(
    model: str, features: tuple[str, ...], target: str | None, weights: tuple[str, ...], row_loss: Callable, row_grad: Callable
) -> SimpleNamespace:
    """A module from row_loss(w, X, y) -> () or (n,) and row_grad(w, X, y) -> k partials, each () or (n,)."""

    def arrays(w: Any, X: Any, y: Any) -> tuple[Any, Any, Any]:
        w, X = np.asarray(w), None if X is None else np.asarray(X)
        dtype = w.dtype if X is None else np.result_type(w, X)
        return w.astype(dtype), X if X is None else X.astype(dtype), None if y is None else np.asarray(y, dtype)

    def forward(w: Any, X: Any = None, y: Any = None) -> SimpleNamespace:
        with np.errstate(all="ignore"):
            return SimpleNamespace(loss=row_loss(*arrays(w, X, y)))

    def per_sample_grad(w: Any, X: Any = None, y: Any = None) -> Any:
        with np.errstate(all="ignore"):
            return np.stack(np.broadcast_arrays(*row_grad(*arrays(w, X, y))), axis=-1)

    def value_and_grad(w: Any, X: Any = None, y: Any = None) -> tuple[float, Any]:
        grad = per_sample_grad(w, X, y)
        with np.errstate(all="ignore"):
            return float(np.mean(forward(w, X, y).loss)), grad if grad.ndim == 1 else grad.mean(axis=0)

    return SimpleNamespace(
        MODEL=model,
        FEATURES=features,
        TARGET=target,
        WEIGHTS=weights,
        forward=forward,
        per_sample_grad=per_sample_grad,
        value_and_grad=value_and_grad,
        loss=lambda w, X=None, y=None: value_and_grad(w, X, y)[0],
        initial_weights=lambda seed: np.random.RandomState(seed).normal(0.0, 0.01, len(weights)),
    )


@pytest.fixture(scope="session")
def linear() -> SimpleNamespace:
    """y = a*x1 + b*x2 + c, squared loss."""

    def residual(w: Any, X: Any, y: Any) -> Any:
        return w[0] * X[..., 0] + w[1] * X[..., 1] + w[2] - y

    def partials(w: Any, X: Any, y: Any) -> tuple[Any, ...]:
        r = 2 * residual(w, X, y)
        return r * X[..., 0], r * X[..., 1], r

    return make_module("linear", ("x1", "x2"), "y", ("a", "b", "c"), lambda *given: residual(*given) ** 2, partials)


@pytest.fixture(scope="session")
def decay() -> SimpleNamespace:
    """y = a*exp(-b*x), one feature, squared loss."""

    def partials(w: Any, X: Any, y: Any) -> tuple[Any, ...]:
        e = np.exp(-w[1] * X)
        r = 2 * (w[0] * e - y)
        return r * e, r * w[0] * e * -X

    return make_module("decay", ("x",), "y", ("a", "b"), lambda w, X, y: (w[0] * np.exp(-w[1] * X) - y) ** 2, partials)


@pytest.fixture(scope="session")
def rosenbrock() -> SimpleNamespace:
    """(1 - a)^2 + 100*(b - a^2)^2: a function of its weights alone, with its minimum 0 at (1, 1)."""

    def partials(w: Any, X: Any, y: Any) -> tuple[Any, ...]:
        a, b = w
        return -2 * (1 - a) - 400 * a * (b - a * a), 200 * (b - a * a)

    return make_module(
        "rosenbrock", (), None, ("a", "b"), lambda w, X, y: (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2, partials
    )


@pytest.fixture(scope="session")
def plane() -> tuple[np.ndarray, np.ndarray]:
    """Forty rows for `linear` with noise, so that no weights fit them exactly."""
    random = np.random.default_rng(7)
    X = random.normal(size=(40, 2))
    return X, X @ np.array([1.5, -2.0]) + 0.5 + 0.1 * random.normal(size=40)
