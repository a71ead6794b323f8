"""Double-double functions beside exact arithmetic, and bit for bit beside those that modules of ABI 1 bring along."""

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from accurate import library

from symgraph.ir.evaluate import MPMATH
from symgraph.runtime import double_double as arithmetic
from symgraph.runtime import double_double_angles, double_double_error_functions, double_double_exponentials

POINTS = 120

EDGES = (
    0.0, -0.0, 5e-324, -1e-310, 2.2250738585072014e-308, 1e-300, 1e-8, -0.3, 0.5, 1 - 2**-53, 1.0, -1.0, 1 + 2**-52, 2.5, -7.0,
    26.5, 709.7, -745.2, 1e16, 1.7976931348623157e308, -1e300, np.inf, -np.inf, np.nan,
)  # fmt: skip
"""Zeros, the subnormal range, neighbours of 1, where exponentials saturate, the largest double, infinities, NaN."""

ONE = ("sqrt", "cbrt", "exp", "expm1", "log", "log1p", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "sin", "cos", "tan",
       "asin", "acos", "atan", "erf", "erfc", "erfcx", "ierfcx", "gauss", "abs", "sign")  # fmt: skip
TWO = ("add", "sub", "mul", "div", "hypot", "atan2", "pow", "max", "min", "heaviside", "less", "at_most", "equal", "mul_power")

TRUTH: dict[str, Callable[..., Any]] = {
    "erfcx": lambda x: mpmath.exp(x * x) * mpmath.erfc(x),
    "ierfcx": lambda x: 1 / mpmath.sqrt(mpmath.pi) - x * mpmath.exp(x * x) * mpmath.erfc(x),
    "gauss": lambda x: mpmath.exp(-x * x),
}

WITHIN = {"add": 3, "sub": 3, "mul": 5, "div": 15}
"""Proved bounds in units of 2**-106; the other functions are to keep 101 of the 106 bits."""


def function(op: str) -> Callable[..., Any]:
    """The double-double function of an op."""
    modules = (arithmetic, double_double_angles, double_double_error_functions, double_double_exponentials)
    (found,) = {vars(module)[f"dd_{op}"] for module in modules if f"dd_{op}" in vars(module)}
    return found


def drawn(op: str, rng: Any) -> np.ndarray:
    """Operands inside the domain of an op, of many sizes."""
    size = 10.0 ** rng.uniform(-12, 2, POINTS)
    if op in ("asin", "acos", "atanh"):
        return np.concatenate([rng.uniform(-1, 1, POINTS), 1 - 10.0 ** rng.uniform(-15, -1, POINTS)])
    if op == "acosh":
        return 1.0 + size
    if op in ("sqrt", "log", "pow"):
        return size
    if op in ("erf", "erfc", "erfcx", "ierfcx", "gauss"):
        return np.concatenate([rng.uniform(-1, 1, POINTS), rng.uniform(-5, 20, POINTS)])
    return rng.choice([-1, 1], POINTS) * size if op != "log1p" else np.concatenate([size, -np.minimum(size, 0.9)])


def pairs(rng: Any, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers with a low part of up to half a unit, none in a fifth of them."""
    low = np.spacing(np.abs(values)) * rng.uniform(-0.5, 0.5, len(values)) * (rng.random(len(values)) < 0.8)
    return arithmetic.two_sum(values, low)


@pytest.mark.parametrize("op", [op for op in (*ONE, *TWO[:6]) if op not in ("abs", "sign")])
def test_functions_are_right_to_32_units_of_the_106th_bit(op: str) -> None:
    rng = np.random.default_rng(11)
    operands = [pairs(rng, drawn(op, rng)) for _ in range(2 if op in TWO else 1)]
    hi, lo = function(op)(*operands)
    truth_of = TRUTH.get(op) or MPMATH.get(op) or getattr(mpmath, op)
    for index in np.flatnonzero((np.abs(hi) > 1e-250) & np.isfinite(hi)):
        with mpmath.workdps(60):
            exact = [mpmath.mpf(float(pair[0][index])) + mpmath.mpf(float(pair[1][index])) for pair in operands]
            truth = truth_of(*exact)
            error = abs(mpmath.mpf(float(hi[index])) + mpmath.mpf(float(lo[index])) - truth)
            assert error <= WITHIN.get(op, 32) * mpmath.mpf(2) ** -106 * abs(truth), exact
    np.testing.assert_array_equal(hi + lo, hi)


@pytest.mark.parametrize("op", [*ONE, *TWO])
def test_every_function_has_the_bits_of_the_one_that_modules_bring_along(op: str) -> None:
    rng, arity = np.random.default_rng(5), 2 if op in TWO else 1
    edges = [np.array(column) for column in zip(*itertools.product(EDGES, repeat=arity), strict=True)]
    sets = [[(operand, np.zeros(())) for operand in edges], [pairs(rng, rng.normal(size=400) * 30.0) for _ in range(arity)]]
    sets += [[(np.float64(0.7), np.float64(1e-18))] * arity]
    with np.errstate(all="ignore"):
        for operands in sets:
            got, wanted = function(op)(*operands), getattr(library(), f"_dd_{op}")(*operands)
            assert isinstance(got, tuple) is isinstance(wanted, tuple)
            for one, other in zip(got, wanted, strict=True) if isinstance(got, tuple) else [(got, wanted)]:
                np.testing.assert_array_equal(one, other, strict=True)


def test_sums_and_products_of_two_floats_are_exact() -> None:
    rng = np.random.default_rng(3)
    values = [0.1, -0.3, 1 + 2**-52, 1 - 2**-53, 2.0**-53, 3.0, 134217729.0, 2.0**53 - 1, *rng.normal(size=20).tolist()]
    for a, b in itertools.product(values, repeat=2):
        for pair, truth in (
            (arithmetic.two_sum(np.float64(a), np.float64(b)), Fraction(a) + Fraction(b)),
            (arithmetic.two_prod(np.float64(a), np.float64(b)), Fraction(a) * Fraction(b)),
        ):
            assert Fraction(float(pair[0])) + Fraction(float(pair[1])) == truth


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 64, 1001])
def test_sums_over_rows_are_right_however_much_cancels(rows: int) -> None:
    rng = np.random.default_rng(rows)
    hi, lo = pairs(rng, rng.normal(size=rows) * 10.0 ** rng.uniform(-20, 20, rows))
    hi, lo = np.concatenate([hi, -hi, [1e-25]]), np.concatenate([lo, -lo[::-1], [1e-43]])
    order = rng.permutation(len(hi))
    total = arithmetic.dd_rowsum((hi[order], lo[order]))
    truth = sum(map(Fraction, hi.tolist())) + sum(map(Fraction, lo.tolist()))
    size = sum(map(abs, map(Fraction, hi.tolist())))
    # three floats a sum: what is lost is below log2(n) * 2**-159 of the sizes, and the pair rounds at 2**-106
    bound = abs(truth) * Fraction(1, 2**105) + size * Fraction(24, 2**159)
    assert abs(sum(map(Fraction, map(float, total))) - truth) <= bound
