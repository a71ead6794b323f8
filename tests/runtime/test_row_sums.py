"""Sums over rows in generated modules: how exact they are, in which order they are taken, and what is infinite in them."""

import math
from functools import cache
from typing import Any

import numpy as np
import pytest
from built import modules_of, numpy_module, sample
from sympy import atan, exp

from symgraph import Model

U = 2.0**-53
"""The rounding unit of float64."""

PIECE = 10_000
"""Rows that are added up before the next are looked at."""


@cache
def scaled() -> Any:
    """The loss a*x: its gradient is the mean of x, so that a test chooses the terms of the sum one by one."""
    m = Model("scaled")
    (x,), (a,) = m.features(["x"]), m.weights(["a"])
    m.loss(a * x)
    return modules_of(m)[0]


@cache
def ripple() -> Any:
    """A model that applies functions to the columns of X and to y themselves."""
    m = Model("ripple")
    (x, z), (a, b), y = m.features("x z"), m.weights("a b"), m.target()
    m.loss((exp(y) - a * exp(x) - b * atan(z)) ** 2)
    return modules_of(m)[0]


def total(terms: np.ndarray) -> float:
    """The sum of a module's rows."""
    return float(scaled().value_and_grad([1.0], terms, reduction="sum")[1][0])


def allowed(terms: np.ndarray) -> float:
    """The bound that the docstring of ``rowsum`` states.

    A piece has 9,999 additions in whatever order, and a product for each term; NumPy adds the pieces' sums pairwise, one after
    the other in runs of 16 at most, so that 32 covers those, the last piece and terms of second order.
    """
    n = len(terms)
    return (min(n, PIECE) + 32 + math.log2(n)) * U * math.fsum(np.abs(terms))


def terms_that_cancel(n: int) -> np.ndarray:
    """Seven eighths 0.1, the rest -0.7, with noise: the sum climbs to 0.0875*n and falls back to the sum of the noise."""
    return np.where(np.arange(n) < n // 8 * 7, 0.1, -0.7) + 1e-9 * np.random.RandomState(1).normal(size=n)


def test_a_million_terms_that_cancel_are_added_within_the_stated_error_piece_by_piece() -> None:
    terms = terms_that_cancel(1_000_000)
    exact, bound = math.fsum(terms), allowed(terms)
    assert bound < 1.12e-12 * math.fsum(np.abs(terms))
    value, gradient = scaled().value_and_grad([1.0], terms, reduction="sum")
    assert max(abs(gradient[0] - exact), abs(value - exact)) <= bound
    terms = terms_that_cancel(5 * PIECE)
    assert total(terms) == np.add.reduce([total(terms[start : start + PIECE]) for start in range(0, len(terms), PIECE)])


def test_the_stated_error_tells_orders_of_summation_apart() -> None:
    """Each addition of 0.1 to a large sum is rounded the same way: one term after the other is far outside.

    Of 9,999 terms of another size the error is 74 * 2**-53 of the sum in 16 partial sums, above the 32 + log2(n) once stated.
    """
    terms = np.full(1_000_000, 0.1)
    exact, bound = math.fsum(terms), allowed(terms)
    assert abs(total(terms) - exact) <= bound
    assert abs(np.cumsum(terms)[-1] - exact) > 10 * bound
    terms = np.full(9_999, 1.0653989653616667)
    assert abs(total(terms) - math.fsum(terms)) <= allowed(terms)


@pytest.mark.parametrize("n", [1, 2, 7, 127, 506, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 100_003])
@pytest.mark.parametrize("decades", [0, 3, 20])
def test_sums_of_any_length_are_within_the_stated_error(n: int, decades: int) -> None:
    random = np.random.RandomState(n + decades)
    terms = random.normal(size=n) * 10.0 ** random.uniform(-decades, decades, n)
    assert abs(total(terms) - math.fsum(terms)) <= allowed(terms)


def test_small_terms_between_large_ones_survive_in_float32_and_means_of_sums_beyond_its_range() -> None:
    # float32 holds 24 bits: a sum kept in float32 drops every 1 that is added to 2**30
    n, one = 3 * PIECE + 5, np.ones(1, np.float32)
    terms = np.ones(n, np.float32)
    terms[0], terms[-1] = 2.0**30, -(2.0**30)
    value, gradient = scaled().value_and_grad(one, terms)
    assert (value, gradient[0], gradient.dtype) == ((n - 2) / n, np.float32((n - 2) / n), np.float32)
    assert scaled().grad(one, terms, reduction="sum")[0] == scaled().backward(scaled().forward(one, terms))[0] == n - 2
    terms = np.full(1000, 3e38, np.float32)
    value, gradient = scaled().value_and_grad(one, terms)
    assert (value, gradient[0]) == (pytest.approx(float(terms[0]), rel=1e-15, abs=0.0), terms[0])
    assert scaled().backward(scaled().forward(one, terms))[0] == np.inf


def test_float32_results_are_the_exact_means_of_their_terms_rounded_once() -> None:
    random, one = np.random.RandomState(3), np.ones(1, np.float32)
    for n in (5, 506, 20_001):
        terms = (random.normal(size=n) * 10.0 ** random.uniform(-6, 6, n)).astype(np.float32)
        s = random.uniform(0.1, 2.0, n).astype(np.float32)
        s *= np.float32(2.0) ** -np.frexp(s.max())[1]  # the scale at which the module works, so that s is not rounded again
        assert scaled().grad(one, terms)[0] == np.float32(math.fsum(terms.astype(float)) / n)
        # s*x is rounded to float32 row by row, before the sum; the loss is not
        products = math.fsum((s * terms).astype(float)) / math.fsum(s.astype(float))
        assert scaled().grad(one, terms, sample_weight=s)[0] == np.float32(products)
        whole = math.fsum(s.astype(float) * terms.astype(float)) / math.fsum(s.astype(float))
        assert scaled().loss(one, terms, sample_weight=s) == pytest.approx(whole, rel=1e-9, abs=0.0)


@pytest.mark.parametrize("n", [3, 506, 20_000])
def test_a_mean_is_finite_where_the_sum_is_not(n: int) -> None:
    terms = np.full(n, 1.7e308)
    terms[n // 2] = -1.5e308
    value, gradient = scaled().value_and_grad([1.0], terms)
    exact = math.fsum(terms / n)
    for result in (value, gradient[0], scaled().loss([1.0], terms)):
        assert result == pytest.approx(exact, rel=1e-14, abs=0.0)  # a division a term, and the sum
    assert scaled().loss([1.0], np.full(n, 1.7e308), reduction="sum") == np.inf


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n", [4, 20_000])
def test_infinite_and_undefined_terms_are_not_hidden(n: int, dtype: type) -> None:
    terms, one = np.ones(n, dtype), np.ones(1, dtype)
    for first, last, wanted in ((np.inf, 1.0, np.inf), (np.inf, -np.inf, np.nan), (np.nan, np.nan, np.nan)):
        terms[1], terms[-1] = first, last
        value, gradient = scaled().value_and_grad(one, terms)
        np.testing.assert_equal([value, float(gradient[0]), scaled().loss(one, terms)], [wanted] * 3)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("build", [ripple, lambda: numpy_module("nine_weights"), lambda: numpy_module("uniform_nodes")])
def test_the_layout_of_the_arrays_in_memory_changes_no_bit(build: Any, dtype: type) -> None:
    module, n = build(), 2 * PIECE + 77
    random, d = np.random.RandomState(0), len(module.FEATURES)
    X, y = random.normal(size=(n, d)).astype(dtype), random.normal(size=n).astype(dtype)
    w, s = random.normal(size=len(module.WEIGHTS)).astype(dtype), random.uniform(1.0, 2.0, n).astype(dtype)
    wide, tall, spread = np.zeros((n, 2 * d), dtype), np.zeros((2 * n, d), dtype), np.zeros(3 * n, dtype)
    wide[:, ::2], tall[::2], spread[::3] = X, X, y
    value, gradient = module.value_and_grad(w, X, y, sample_weight=s)
    for rows, target, weights in (
        (np.asfortranarray(X), y, s),
        (wide[:, ::2], spread[::3], s),
        (tall[::2], y.astype(y.dtype.newbyteorder()), s),
        (np.ascontiguousarray(X[:, ::-1])[:, ::-1], y, s),
        [np.ascontiguousarray(array[::-1])[::-1] for array in (X, y, s)],
    ):
        other, slopes = module.value_and_grad(w, rows, target, sample_weight=weights)
        assert other == value
        np.testing.assert_array_equal(slopes, gradient)


def test_sample_weights_of_any_size_weigh_alike_and_a_batch_of_one_row_is_that_row() -> None:
    module, (w, X, y) = numpy_module("nine_weights"), sample("nine_weights")
    s = np.array([1.0, 0.5, 2.0, 3.0, 0.0, 1.5, 0.25])
    value, gradient = module.value_and_grad(w, X, y, sample_weight=s)
    for power in (-1020, -300, 300, 1020):
        other, slopes = module.value_and_grad(w, X, y, sample_weight=np.ldexp(s, power))
        assert other == value
        np.testing.assert_array_equal(slopes, gradient)
    # float32 holds nothing above 2**128: the weights are brought near 1 before they become float32
    for power in (-300, 300):
        small = module.grad(np.float32(w), np.float32(X), y, sample_weight=np.ldexp(s, power))
        np.testing.assert_array_equal(small, module.grad(np.float32(w), np.float32(X), y, sample_weight=s))
    assert module.value_and_grad(w, X[0], y[0], sample_weight=1e300)[0] == module.loss(w, X[0], y[0])
    for dtype in (np.float64, np.float32):
        row, batch = (module.grad(w.astype(dtype), part.astype(dtype), y[at]) for part, at in ((X[0], 0), (X[:1], slice(0, 1))))
        assert row.dtype == batch.dtype == dtype
        np.testing.assert_array_equal(row, batch)
