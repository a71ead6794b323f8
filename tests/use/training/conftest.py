"""Modules to train: small ones written by hand, and the founding model and a line with all files that a build makes."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from handmade import module
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


def made(name: str, weights: str, **rows: Any) -> SimpleNamespace:
    """A module of `handmade` under a name of its own."""
    return SimpleNamespace(**vars(module(weights, **rows)) | {"MODEL": name})


@pytest.fixture(scope="session")
def linear() -> SimpleNamespace:
    """y = a*x1 + b*x2 + c, squared loss."""

    def residual(w: Any, X: Any, y: Any) -> Any:
        return w[0] * X[0] + w[1] * X[1] + w[2] - y

    def partials(w: Any, X: Any, y: Any) -> tuple[Any, ...]:
        r = 2 * residual(w, X, y)
        return r * X[0], r * X[1], r

    return made("linear", "a b c", features="x1 x2", target="y", loss=lambda *given: residual(*given) ** 2, partials=partials)


@pytest.fixture(scope="session")
def decay() -> SimpleNamespace:
    """y = a*exp(-b*x), one feature, squared loss."""

    def loss(w: Any, X: Any, y: Any) -> Any:
        return (w[0] * np.exp(-w[1] * X[0]) - y) ** 2

    def partials(w: Any, X: Any, y: Any) -> tuple[Any, ...]:
        e = np.exp(-w[1] * X[0])
        r = 2 * (w[0] * e - y)
        return r * e, r * w[0] * e * -X[0]

    return made("decay", "a b", features="x", target="y", loss=loss, partials=partials)


@pytest.fixture(scope="session")
def rosenbrock() -> SimpleNamespace:
    """(1 - a)^2 + 100*(b - a^2)^2: a function of its weights alone, with its minimum 0 at (1, 1)."""

    def partials(w: Any, _X: Any, _y: Any) -> tuple[Any, ...]:
        a, b = w
        return -2 * (1 - a) - 400 * a * (b - a * a), 200 * (b - a * a)

    return made("rosenbrock", "a b", loss=lambda w, *_: (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2, partials=partials)


@pytest.fixture(scope="session")
def plane() -> tuple[np.ndarray, np.ndarray]:
    """Forty rows for `linear` with noise, so that no weights fit them exactly."""
    random = np.random.default_rng(7)
    X = random.normal(size=(40, 2))
    return X, X @ np.array([1.5, -2.0]) + 0.5 + 0.1 * random.normal(size=40)
