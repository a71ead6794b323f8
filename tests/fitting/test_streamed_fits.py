"""Fits and training of rows that are read in blocks, beside the same rows in memory."""

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy as sp

import symgraph
from symgraph import Model
from symgraph.errors import DataError, OptionError
from symgraph.fitting import FitWarning
from symgraph.training import adam, converged, sgd, train

RNG = np.random.default_rng(8)
N = 20_000
T = RNG.uniform(0.0, 5.0, N)
Y = 2.0 * np.exp(-0.7 * T) + 0.3 + 0.1 * RNG.normal(size=N)
COUNTS = RNG.poisson(np.exp(0.3 * T - 0.2)).astype(float)

CLOSE = 1e-10
"""Sums of the same 20,000 squares in other orders differ by some 1e-13 of them at most, and steps solved from R and from J by
the condition of J, some tens, times that."""


def curve(loss: str = "linear") -> Model:
    model = Model(f"curve_{loss}")
    t, (a, k, c), y = model.feature("t"), model.weights("a k c", init=0.5), model.target("y")
    y_hat = model.output("y_hat", a * sp.exp(-k * t) + c)
    if loss == "ridge":
        model.loss("squared_error")
        model.penalty(3.0 * c**2)
    else:
        model.residual(y_hat - y, loss=loss)
    return model


def counts(penalty: float = 0.0) -> Model:
    model = Model("counts")
    t, (a, b), _ = model.feature("t"), model.weights("a b", init=0.1), model.target("y")
    model.output("rate", sp.exp(a * t + b))
    model.likelihood("poisson")
    if penalty:
        model.penalty(penalty * (a**2 + b**2))
    return model


@cache
def compiled(name: str) -> Any:
    of_counts = {"counts": 0.0, "penalized counts": 40.0}
    return symgraph.compile(counts(of_counts[name]) if name in of_counts else curve(name), "numpy")


def assert_same(got: Any, wanted: Any, close: float = CLOSE) -> None:
    assert got.success
    np.testing.assert_allclose(got.w, wanted.w, rtol=close)
    np.testing.assert_allclose(got.covariance, wanted.covariance, rtol=close, equal_nan=True)
    for name in ("n", "dof", "chi2", "reduced_chi2", "r2", "log_likelihood", "aic", "bic", "parameters"):
        np.testing.assert_allclose(getattr(got.statistics, name), getattr(wanted.statistics, name), rtol=close, err_msg=name)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"sigma": 0.1, "absolute_sigma": True},
        {"sigma": 0.2},
        {"bounds": {"k": (0.0, 0.6)}},
        {"fixed": {"c": 0.25}},
        {"method": "trf"},
        {"starts": 3},
    ],
)
def test_least_squares_of_a_stream_ends_where_those_of_memory_do(how: dict[str, Any]) -> None:
    rows = symgraph.stream(compiled("linear"), T, Y, rows=3_000)
    assert_same(symgraph.fit(rows, **how), symgraph.fit(compiled("linear"), T, Y, **how))


def test_a_penalty_adds_its_rows_once() -> None:
    module = compiled("ridge")
    assert_same(symgraph.fit(symgraph.stream(module, T, Y, rows=3_000)), symgraph.fit(module, T, Y))


@pytest.mark.parametrize(("name", "y"), [("counts", COUNTS), ("penalized counts", COUNTS), ("cauchy", Y)])
def test_other_losses_are_searched_by_their_sums(name: str, y: Any) -> None:
    module = compiled(name)
    wanted = symgraph.fit(module, T, y)
    got = symgraph.fit(symgraph.stream(module, T, y, rows=3_000))
    # the Hessian is by differences of the gradient, good to eps**(2/3) = 4e-11, times its condition
    assert_same(got, wanted, 1e-6)


def test_the_hessian_of_a_stream_has_the_penalty_once() -> None:
    module = symgraph.compile(counts(40.0), "numpy", extras=["hvp"])
    few = slice(200)  # whose Hessian is no larger than that of the penalty
    wanted = symgraph.fit(module, T[few], COUNTS[few])
    assert_same(symgraph.fit(symgraph.stream(module, T[few], COUNTS[few], rows=30)), wanted)


def test_intervals_of_a_stream_are_those_of_memory() -> None:
    got, wanted = symgraph.fit(symgraph.stream(compiled("linear"), T, Y)), symgraph.fit(compiled("linear"), T, Y)
    assert got.profile("k") == pytest.approx(
        wanted.profile("k"), rel=1e-5, abs=0.0
    )  # its ends are found to 1e-6 of their distance
    assert got.interval()["k"] == pytest.approx(wanted.interval()["k"], rel=CLOSE, abs=0.0)
    np.testing.assert_allclose(got.confidence_band(T[:5]), wanted.confidence_band(T[:5]), rtol=CLOSE)
    with pytest.raises(OptionError, match="no rows in memory to draw from"):
        got.bootstrap(2)
    with pytest.raises(OptionError, match="are a stream, not in memory, so it is not drawn"):
        got.plot()


def test_a_file_is_fitted_as_its_rows_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("t;y\n" + "".join(f"{t!r};{y!r}\n" for t, y in zip(T.tolist(), Y.tolist(), strict=True)), encoding="utf-8")
    got = symgraph.fit(symgraph.stream(compiled("linear"), path))
    in_memory = symgraph.fit(symgraph.stream(compiled("linear"), T, Y))
    assert got.w.tobytes() == in_memory.w.tobytes()
    assert got.covariance.tobytes() == in_memory.covariance.tobytes()
    assert "20000 residuals" in got.report()


def test_weights_that_the_rows_do_not_determine_are_named() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", FitWarning)
        symgraph.fit(symgraph.stream(compiled("linear"), np.ones(5_000), np.ones(5_000)))
    assert any("do not determine" in str(one.message) for one in caught)


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ({"X": T}, OptionError, "a stream has its rows; leave X and y out"),
        ({"sigma": np.full(N, 0.1)}, DataError, "sigma has shape"),
        ({"method": "L-BFGS-B"}, OptionError, "method must be one of auto, lm, trf, dogbox"),
    ],
)
def test_what_a_fit_of_a_stream_cannot_take_is_refused(how: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        symgraph.fit(symgraph.stream(compiled("linear"), T, Y), **how)


@pytest.mark.parametrize("name", ["linear", "ridge"])
def test_training_on_all_rows_at_once_has_the_same_bits(name: str) -> None:
    module = compiled(name)
    rows = symgraph.stream(module, T, Y, rows=777)
    for optimizer in (sgd(0.05), adam(0.01)):
        options: dict[str, Any] = {"optimizer": optimizer, "epochs": 20, "batch_size": None, "seed": 4, "stop": converged(1e-9)}
        got, wanted = train(rows, **options), train(module, T, Y, **options, backend="numpy")
        assert got.weights.tobytes() == wanted.weights.tobytes()
        assert got.losses.tobytes() == wanted.losses.tobytes()
        assert (got.reason, got.backend, got.fallback) == ("epochs", "numpy", None)


def test_a_run_on_a_stream_goes_on_where_it_ended() -> None:
    rows = symgraph.stream(compiled("linear"), T, Y)
    whole = train(rows, optimizer=adam(0.01), epochs=6, batch_size=None, seed=4)
    half = train(rows, optimizer=adam(0.01), epochs=3, batch_size=None, seed=4)
    rest = train(rows, optimizer=adam(0.01), epochs=3, batch_size=None, w0=half.weights, state=half.state, seed=4)
    assert rest.weights.tobytes() == whole.weights.tobytes()


def test_a_run_that_diverges_says_so() -> None:
    result = train(symgraph.stream(compiled("linear"), T, 1e200 * Y), optimizer=sgd(1.0), epochs=3, batch_size=None, seed=1)
    assert result.reason == "non-finite"


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({}, "batch_size is 1; a stream is trained on all rows at once: give batch_size=None"),
        ({"batch_size": None, "backend": "c"}, "backend is 'c', which goes by rows; a stream is trained by arrays"),
        ({"batch_size": None, "X": T}, "a stream has its rows; leave X and y out"),
    ],
)
def test_what_a_run_on_a_stream_cannot_take_is_refused(how: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        train(symgraph.stream(compiled("linear"), T, Y), optimizer=sgd(0.1), **how)
