"""Fits and training of rows that are read in blocks, beside the same rows in memory."""

from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp
from curves import declared

import symgraph
from symgraph import Model
from symgraph.errors import DataError, OptionError
from symgraph.use.fitting import FitWarning
from symgraph.use.training import adam, converged, sgd, train

RNG = np.random.default_rng(8)
N = 6_000
T = RNG.uniform(0.0, 5.0, N)
Y = 2.0 * np.exp(-0.7 * T) + 0.3 + 0.1 * RNG.normal(size=N)
COUNTS = RNG.poisson(np.exp(0.3 * T - 0.2)).astype(float)

CLOSE = 1e-10
"""Sums of the same 6,000 squares in other orders differ by some 1e-13 of them at most, and steps solved from R and from J by
the condition of J, some tens, times that."""


def squares(model: Model, t: Any, y: Any, a: Any, k: Any, c: Any, loss: str = "linear") -> None:
    model.residual(model.output("y_hat", a * sp.exp(-k * t) + c) - y, loss=loss)


def ridge(model: Model, t: Any, _: Any, a: Any, k: Any, c: Any) -> None:
    model.output("y_hat", a * sp.exp(-k * t) + c)
    model.loss("squared_error")
    model.penalty(3.0 * c**2)


def counts(model: Model, t: Any, _: Any, a: Any, b: Any, penalty: float = 0.0) -> None:
    model.output("rate", sp.exp(a * t + b))
    model.likelihood("poisson")
    if penalty:
        model.penalty(penalty * (a**2 + b**2))


@cache
def compiled(name: str) -> Any:
    models = {
        "linear": lambda: declared(squares, "a k c", init=0.5),
        "cauchy": lambda: declared(partial(squares, loss="cauchy"), "a k c", init=0.5),
        "ridge": lambda: declared(ridge, "a k c", init=0.5),
        "counts": lambda: declared(counts, init=0.1),
        "penalized counts": lambda: declared(partial(counts, penalty=40.0), init=0.1),
    }
    return symgraph.compile(models[name](), backend="numpy")


def assert_same(got: Any, wanted: Any, close: float = CLOSE) -> None:
    assert got.success
    np.testing.assert_allclose(got.w, wanted.w, rtol=close)
    np.testing.assert_allclose(got.covariance, wanted.covariance, rtol=close, equal_nan=True)
    for name in ("n", "dof", "chi2", "reduced_chi2", "r2", "log_likelihood", "aic", "bic", "parameters"):
        np.testing.assert_allclose(getattr(got.statistics, name), getattr(wanted.statistics, name), rtol=close, err_msg=name)


@pytest.mark.parametrize(("name", "how"), [
    ("linear", {}), ("linear", {"sigma": 0.1, "absolute_sigma": True}), ("linear", {"sigma": 0.2}),
    ("linear", {"bounds": {"k": (0.0, 0.6)}}), ("linear", {"fixed": {"c": 0.25}}), ("linear", {"method": "trf"}),
    ("linear", {"starts": 3}), ("ridge", {}),
])  # fmt: skip
def test_least_squares_of_a_stream_end_where_those_of_memory_do(name: str, how: dict[str, Any]) -> None:
    rows = symgraph.stream(compiled(name), T, Y, rows=1_000)
    assert_same(symgraph.fit(rows, **how), symgraph.fit(compiled(name), T, Y, **how))


@pytest.mark.parametrize("name", ["counts", "penalized counts", "cauchy"])
def test_other_losses_are_searched_by_their_sums(name: str) -> None:
    y = Y if name == "cauchy" else COUNTS
    # the Hessian is by differences of the gradient, good to eps**(2/3) = 4e-11, times its condition
    assert_same(symgraph.fit(symgraph.stream(compiled(name), T, y, rows=1_000)), symgraph.fit(compiled(name), T, y), 1e-6)


def test_the_hessian_of_a_stream_has_the_penalty_once() -> None:
    module = symgraph.compile(declared(partial(counts, penalty=40.0), init=0.1), "numpy", extras=["hvp"])
    few = slice(200)  # whose Hessian is no larger than that of the penalty
    assert_same(symgraph.fit(symgraph.stream(module, T[few], COUNTS[few], rows=30)), symgraph.fit(module, T[few], COUNTS[few]))


def test_intervals_of_a_stream_are_those_of_memory() -> None:
    got, wanted = symgraph.fit(symgraph.stream(compiled("linear"), T, Y)), symgraph.fit(compiled("linear"), T, Y)
    # ends of profiles are found to 1e-6 of their distance
    assert got.profile("k") == pytest.approx(wanted.profile("k"), rel=1e-5, abs=0.0)
    assert got.interval()["k"] == pytest.approx(wanted.interval()["k"], rel=CLOSE, abs=0.0)
    np.testing.assert_allclose(got.confidence_band(T[:5]), wanted.confidence_band(T[:5]), rtol=CLOSE)
    with pytest.warns(FitWarning, match="do not determine"):
        symgraph.fit(symgraph.stream(compiled("linear"), np.ones(5_000), np.ones(5_000)))
    with pytest.raises(OptionError, match="no rows in memory to draw from"):
        got.bootstrap(2)
    with pytest.raises(OptionError, match="are a stream, not in memory, so it is not drawn"):
        got.plot()


def test_a_file_is_fitted_as_its_rows_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("x;y\n" + "".join(f"{t!r};{y!r}\n" for t, y in zip(T.tolist(), Y.tolist(), strict=True)), encoding="utf-8")
    got = symgraph.fit(symgraph.stream(compiled("linear"), path))
    in_memory = symgraph.fit(symgraph.stream(compiled("linear"), T, Y))
    assert (got.w.tobytes(), got.covariance.tobytes()) == (in_memory.w.tobytes(), in_memory.covariance.tobytes())
    assert "6000 residuals" in got.report()


@pytest.mark.parametrize("name", ["linear", "ridge"])
def test_training_on_all_rows_at_once_has_the_same_bits(name: str) -> None:
    module = compiled(name)
    rows = symgraph.stream(module, T, Y, rows=777)
    for optimizer in (sgd(0.05), adam(0.01)):
        options: dict[str, Any] = {"optimizer": optimizer, "epochs": 20, "batch_size": None, "seed": 4, "stop": converged(1e-9)}
        got, wanted = train(rows, **options), train(module, T, Y, **options, backend="numpy")
        assert (got.weights.tobytes(), got.losses.tobytes()) == (wanted.weights.tobytes(), wanted.losses.tobytes())
        assert (got.reason, got.backend, got.fallback) == ("epochs", "numpy", None)
    half = train(rows, **{**options, "epochs": 10})
    rest = train(rows, **{**options, "epochs": 10}, w0=half.weights, state=half.state)
    assert rest.weights.tobytes() == got.weights.tobytes()
    endless = symgraph.stream(module, T, 1e200 * Y)
    assert train(endless, optimizer=sgd(1.0), epochs=3, batch_size=None, seed=1).reason == "non-finite"


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda rows: symgraph.fit(rows, T), OptionError, "a stream has its rows; leave X and y out"),
    (lambda rows: symgraph.fit(rows, sigma=np.full(N, 0.1)), DataError, "sigma has shape"),
    (lambda rows: symgraph.fit(rows, method="L-BFGS-B"), OptionError, "method must be one of auto, lm, trf, dogbox"),
    (lambda rows: train(rows, optimizer=sgd(0.1)), OptionError,
     "batch_size is 1; a stream is trained on all rows at once: give batch_size=None"),
    (lambda rows: train(rows, optimizer=sgd(0.1), batch_size=None, backend="c"), OptionError,
     "backend is 'c', which goes by rows; a stream is trained by arrays"),
    (lambda rows: train(rows, T, optimizer=sgd(0.1), batch_size=None), OptionError, "a stream has its rows; leave X and y out"),
])  # fmt: skip
def test_what_a_fit_or_a_run_on_a_stream_cannot_take_is_refused(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(symgraph.stream(compiled("linear"), T, Y))
