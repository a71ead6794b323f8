"""Pairs with an exponent: each function against mpmath where operands or results are no floats, and beside ordinary numbers."""

import itertools
import operator
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from accurate import DD

from symgraph.compiler.ir.evaluate import MPMATH
from symgraph.runtime.double_double_exponentials import dd_exp, dd_log
from symgraph.runtime.pairs import OPERATORS_ON_PAIRS, PairArithmetic, Pairs

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # modules call these functions under errstate

EXPONENTS = (0.0, 0.3, -0.7, 1.0, 30.0, -40.0, 709.9, -746.0, 1234.5, -1234.5, 5e3, -2e4, 3e5)
"""Exponents whose exponentials lie on both sides of the range of floats and in it; products and powers of these go further."""

FIGURE = 2.0**-80
"""Relative error that is allowed: an exponent of 2**19 takes 19 bits off the 106 of a pair, a product a few."""


def exact(number: Pairs) -> list[Any]:
    """Each number of an array in mpmath's arithmetic."""
    hi, lo, power = np.broadcast_arrays(*map(np.atleast_1d, number.wide))
    return [mpmath.ldexp(mpmath.mpf(float(a)) + mpmath.mpf(float(b)), int(p)) for a, b, p in zip(hi, lo, power, strict=True)]


def assert_close(found: Pairs, truth: list[Any]) -> None:
    for value, true in zip(exact(found), truth, strict=True):
        if isinstance(true, mpmath.mpf) and mpmath.isfinite(true):
            assert abs(value - true) <= FIGURE * abs(true), (value, true)
        elif isinstance(true, mpmath.mpf):
            assert value == true or (mpmath.isnan(value) and mpmath.isnan(true))


def exponentials(sign: float = 1.0) -> tuple[Pairs, list[Any]]:
    """Exponentials of these exponents, in pairs and exactly."""
    numbers = Pairs.applied(dd_exp, (Pairs(np.array(EXPONENTS)),)) * sign
    return numbers, [mpmath.exp(mpmath.mpf(x)) * sign for x in EXPONENTS]


@pytest.fixture(autouse=True)
def digits() -> Any:
    with mpmath.workdps(60):
        yield


def test_exponentials_and_their_logarithms_have_all_their_digits() -> None:
    numbers, truth = exponentials()
    assert_close(numbers, truth)
    assert numbers.power is not None
    back = Pairs.applied(dd_log, (numbers,))
    assert back.power is None
    assert_close(back, [mpmath.mpf(x) for x in EXPONENTS])


@pytest.mark.parametrize("signs", [(1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)])
@pytest.mark.parametrize(
    ("function", "true"),
    [
        (OPERATORS_ON_PAIRS[np.add], operator.add), (OPERATORS_ON_PAIRS[np.subtract], operator.sub),
        (OPERATORS_ON_PAIRS[np.multiply], operator.mul), (OPERATORS_ON_PAIRS[np.true_divide], operator.truediv),
        (DD.dd_max, max), (DD.dd_min, min), (DD.dd_atan2, mpmath.atan2),
        (DD.dd_hypot, lambda a, b: mpmath.sqrt(a * a + b * b)),
    ],
)  # fmt: skip
def test_functions_of_two_numbers(function: Any, true: Callable[..., Any], signs: tuple[float, float]) -> None:
    (x, a), (y, b) = map(exponentials, signs)
    count = len(EXPONENTS)
    i, j = (np.array(places) for places in zip(*itertools.product(range(count), repeat=2), strict=True))
    left, right = (Pairs(*(np.broadcast_to(part, count)[at] for part in one.wide)) for one, at in ((x, i), (y, j)))
    assert_close(Pairs.applied(function, (left, right)), [true(a[k], b[n]) for k, n in zip(i, j, strict=True)])
    for compare in ("__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__"):
        found = getattr(left, compare)(right)
        assert [bool(one) for one in found] == [getattr(a[k], compare)(b[n]) for k, n in zip(i, j, strict=True)]


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(
    "op", ["sqrt", "cbrt", "abs", "sign", "log1p", "expm1", "asinh", "acosh", "atanh", "tanh", "sin", "tan", "asin", "atan"]
)
def test_functions_of_numbers_that_are_no_floats(op: str, sign: float) -> None:
    numbers, truth = exponentials(sign)
    function = MPMATH.get(op) or getattr(mpmath, op)
    smooth = [x < 0 or op not in ("sin", "tan", "expm1") for x in EXPONENTS]  # a huge operand is no angle, and no exponent
    found = Pairs.applied(getattr(DD, f"dd_{op}"), (numbers,))
    kept = Pairs(*(np.broadcast_to(part, len(truth))[smooth] for part in found.wide))
    assert_close(kept, [function(true) for true, one in zip(truth, smooth, strict=True) if one])


@pytest.mark.parametrize("op", ["expm1", "sinh", "cosh", "gauss", "erfc", "erfcx", "ierfcx"])
def test_functions_whose_values_are_no_floats(op: str) -> None:
    points = np.array([0.0, 0.4, -0.4, 25.0, -25.0, 29.0, -29.0, 400.0, -400.0, 720.0, -720.0, 1e-300, 1e3])
    function = {"gauss": lambda x: mpmath.exp(-x * x), "erfc": mpmath.erfc}.get(op) or MPMATH.get(op) or getattr(mpmath, op)
    with mpmath.workdps(80):
        truth = [function(mpmath.mpf(x)) for x in points.tolist()]
        assert_close(Pairs.applied(getattr(DD, f"dd_{op}"), (Pairs(points),)), truth)


def test_powers_of_numbers_that_are_no_floats() -> None:
    numbers, truth = exponentials()
    for exponent in (0.5, -0.5, 3.0, 1.7, 0.0):
        assert_close(Pairs.applied(DD.dd_pow, (numbers, Pairs(np.float64(exponent)))), [t**exponent for t in truth])


def test_arguments_that_are_tiny_have_all_digits_too() -> None:
    tiny = np.array([1e-300, 3e-310, 5e-324, 1e-260])
    x, y = PairArithmetic({}, {}).given(np.array([tiny, 7.0 * tiny[::-1]]))
    a, b = ([mpmath.mpf(one) for one in part.tolist()] for part in (tiny, 7.0 * tiny[::-1]))
    assert_close(Pairs.applied(DD.dd_sqrt, (x,)), [mpmath.sqrt(one) for one in a])
    assert_close(x / y, [one / other for one, other in zip(a, b, strict=True)])
    assert_close(x * y, [one * other for one, other in zip(a, b, strict=True)])


def test_sums_over_rows_and_what_is_rounded_in_the_end() -> None:
    arithmetic = PairArithmetic({"np.exp": dd_exp}, {})
    large, truth = exponentials()
    assert_close(arithmetic.rowsum(large), [mpmath.fsum(truth)])
    assert arithmetic.rounded(large, np.dtype(np.float64)).tolist() == [float(one) for one in truth]


def test_lines_run_over_pairs_keep_what_floats_lose() -> None:
    def line(x: Any) -> Any:
        return np.exp(x) / (1.0 + np.exp(x)) * np.exp(x) / (np.exp(x) + 1.0)

    arithmetic = PairArithmetic({"np.exp": dd_exp}, {})
    found = arithmetic.over(line)(arithmetic.given(np.array([-800.0, 0.0, 800.0, 5e4])))
    assert arithmetic.rounded(found, np.dtype(np.float64)).tolist() == [0.0, 0.25, 1.0, 1.0]
