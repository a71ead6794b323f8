"""The search in the extension: it ends where MINPACK does, takes what it can, and leaves the rest to others."""

import signal
from typing import Any

import numpy as np
import pytest
from curves import curve
from sympy import exp

import symgraph
from symgraph import Model
from symgraph.project.native.compiler import is_at_hand

pytestmark = pytest.mark.skipif(not is_at_hand(), reason="there is no C compiler")

X = np.linspace(0.0, 4.0, 40)
Y = 2.0 * np.exp(-0.7 * X) + 0.3 + 0.05 * np.sin(37.0 * X)
SIGMA = np.where(X < 2.0, 0.1, 0.2)
SAME = 1e-12
"""Both are polished to some ulps, of problems that lose two digits."""


@pytest.fixture(scope="module")
def decay() -> Any:
    return symgraph.compile(curve("y ~ a*exp(-k*x) + c", "decay"), backend="native")


def searched(module: Any, *given: Any) -> Any:
    return module.residual.__self__.least_squares(*given)


@pytest.mark.parametrize("sigma", [None, 0.3, SIGMA])
def test_it_ends_where_minpack_does(decay: Any, sigma: Any) -> None:
    native, numpy = symgraph.fit(decay, X, Y, sigma=sigma), symgraph.fit(decay.numpy, X, Y, sigma=sigma)
    assert native.method == numpy.method == "lm"
    np.testing.assert_allclose(native.w, numpy.w, rtol=SAME)
    np.testing.assert_allclose(native.covariance, numpy.covariance, rtol=1e3 * SAME)
    assert native.chi2 == pytest.approx(numpy.chi2, rel=SAME, abs=0.0)


def test_it_ends_where_the_squares_are_least_and_the_start_and_the_data_are_not_written_to(decay: Any) -> None:
    start, x, y = np.ones(3), X.copy(), Y.copy()
    v, squares, end, calls, derivatives = searched(decay, start, x, y, SIGMA, 1e-14, 1000)
    r, J = decay.residual(v, X, Y) / SIGMA, decay.residual_jacobian(v, X, Y) / SIGMA[:, np.newaxis]
    # squares that are least to 1e-14 of themselves tell weights to the root of that; polishing, for all methods, does the rest
    assert np.abs(np.linalg.lstsq(J, -r, rcond=None)[0] / v).max() < 1e-7
    assert squares == pytest.approx(r @ r, rel=1e-14, abs=0.0)
    assert end in (1, 2, 3, 4)
    assert 0 < derivatives <= calls
    np.testing.assert_array_equal([*start, *x, *y], [*np.ones(3), *X, *Y])


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timers that interrupt")
def test_signals_are_answered_between_steps_and_an_interrupt_ends_the_search(decay: Any) -> None:
    x = np.linspace(0.0, 4.0, 16_000)  # one piece, within which no signal is answered
    given = np.ones(3), x, 2.0 * np.exp(-0.7 * x) + 0.3, None, 0.0, 1000
    answered = []

    def interrupted() -> None:
        """Search until an alarm comes, which on a loaded machine may be before the first search."""
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, 1e-4)
        max(searched(decay, *given)[3] for _ in range(1000))

    before = signal.signal(signal.SIGALRM, lambda *_: answered.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 1e-4, 1e-4)
        found = searched(decay, *given)
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        assert len(answered) > 2  # the first may be before the call, and one after it
        with pytest.raises(KeyboardInterrupt):
            interrupted()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    np.testing.assert_array_equal(searched(decay, *given)[0], found[0])


def test_several_residuals_a_row_and_constants_are_taken() -> None:
    model = Model("both")
    x, c, (u, v), (p, q) = model.feature("x"), model.constant("c", 2.0), model.targets("u v"), model.weights("p q", init=1.0)
    left, right = model.outputs("left right", p * exp(-q * x), q * x + c * p)
    model.residual(left - u, right - v)
    module, other = (symgraph.compile(model, backend=backend).with_constants(c=3.0) for backend in ("native", "numpy"))
    targets = np.column_stack([1.5 * np.exp(-0.4 * X), 0.4 * X + 4.5]) + 0.01 * np.sin(np.arange(80.0)).reshape(40, 2)
    assert searched(module, np.ones(2), X, targets, None, 1e-14, 1000) is not None
    native, numpy = symgraph.fit(module, X, targets), symgraph.fit(other, X, targets)
    np.testing.assert_allclose(native.w, numpy.w, rtol=SAME)
    assert native.values["p"] == pytest.approx(1.5, abs=0.01)


def test_an_end_in_doubt_is_searched_otherwise(decay: Any) -> None:
    twins = symgraph.compile(curve("y ~ a*b*x + c"), backend="native")
    start, expected = np.ones(3), np.polyfit(X, Y, 1)
    v = searched(twins, start, X, Y, None, 1e-14, 1000)[0]
    assert abs(v[0] * v[1]) < 1e-6  # treating a and b alike it meets a saddle, for a*b is below 0 at the minimum
    with pytest.warns(symgraph.FitWarning, match="do not determine"):
        result = symgraph.fit(twins, X, Y, start)
    assert result.values["a"] * result.values["b"] == pytest.approx(expected[0], rel=1e-7, abs=0.0)
    assert result.values["c"] == pytest.approx(expected[1], rel=1e-9, abs=0.0)
    # a weight that counts for nothing at first
    assert searched(decay, decay.pack({"a": 0.0, "k": 1.0, "c": 0.0}), X, Y, None, 1e-14, 1000)[1] < 0.1


@pytest.mark.parametrize("factor", [1e-290, 1e-170, 1e-100, 1e100, 1e140])
def test_it_converges_whatever_the_unit_of_a_weight(decay: Any, factor: float) -> None:
    """The squares of derivatives of 1e-170 are 0 in floats, so that last bits once decided how such a search ended."""
    start, x = decay.pack({"a": 1.0, "k": 1.0 / factor, "c": 1.0}), X * factor
    expected = searched(decay, np.ones(3), X, Y, None, 1e-14, 1000)[0]
    v, _, end, *_ = searched(decay, start, x, Y, None, 1e-14, 1000)
    assert end in (1, 2, 3, 4)
    scaled = v * decay.pack({"a": 1.0, "k": factor, "c": 1.0})
    np.testing.assert_allclose(scaled, expected, rtol=1e-10)  # x is rounded otherwise


def test_numbers_that_are_not_finite_end_the_search_and_what_it_does_not_take_is_left_to_others(decay: Any) -> None:
    start = np.array([1.0, -1e6, 1.0])
    v, squares, end, *_ = searched(decay, start, X, Y, None, 1e-14, 1000)
    np.testing.assert_array_equal(v, start)
    assert (squares, end) == (np.inf, 0)
    assert searched(decay, np.ones(3), X, Y, None, 1e-14, 3)[2] == 5  # no more calls than it may have
    for w, x, y, sigma in (
        (np.ones(3), X[::2], Y[::2], None),  # not row by row in memory
        (np.ones(3), X[:2], Y[:2], None),  # fewer rows than weights
        (np.ones(3), X, Y, SIGMA[:3]),
        (np.ones(2), X, Y, None),
    ):
        assert searched(decay, w, x, y, sigma, 1e-14, 1000) is None
    with pytest.raises(TypeError, match="least_squares takes w, X, y, sigma, tolerance and the most calls"):
        searched(decay, np.ones(3), X, Y)
    with pytest.raises(TypeError, match="must be real number"):
        searched(decay, np.ones(3), X, Y, None, "small", 1000)
