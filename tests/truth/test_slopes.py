"""The judge's own table of derivatives, against differences of the functions."""

import random
from collections.abc import Callable
from typing import Any

import mpmath
import pytest

from symgraph.exact import NAN
from symgraph.exact_operations import OPERATIONS
from symgraph.ir.evaluate import MPMATH
from symgraph.ir.graph import BOOLEAN_OPS
from symgraph.ir.ops import FUNCTIONS, OPS
from symgraph.truth.evaluation import function_of
from symgraph.truth.slopes import SLOPES, slopes_of
from symgraph.truth.wide import KINK, WIDE

BITS = 150
# where each op is defined and has a slope, if that is not everywhere
DOMAINS = {
    "pow": (0.01, 3.0), "sqrt": (1e-6, 5.0), "log": (1e-6, 5.0), "log1p": (-0.99, 5.0), "xlogx": (1e-6, 5.0),
    "xlogy": (1e-6, 5.0), "logit": (0.001, 0.999), "asin": (-0.999, 0.999), "acos": (-0.999, 0.999), "atanh": (-0.999, 0.999),
    "acosh": (1.001, 5.0), "div": (0.1, 3.0),
}  # fmt: skip
FAR = (3000.0, -3000.0, 1e6)


def compute(name: str) -> Callable[..., Any]:
    """The function whose slope the row gives."""
    kinds = {op: kind for kind, op in FUNCTIONS.items()}
    return function_of(name) if name in MPMATH or name in WIDE else OPERATIONS[kinds[name]]


def operands(name: str, draw: random.Random, arity: int) -> list[Any]:
    low, high = DOMAINS.get(name, (-4.0, 4.0))
    return [mpmath.mpf(draw.uniform(low, high)) for _ in range(arity)]


def test_every_op_with_a_value_has_a_row() -> None:
    assert set(OPS) - BOOLEAN_OPS - {"select", "stop"} <= set(SLOPES)  # stop is in no emitted graph


@pytest.mark.parametrize("name", sorted(set(SLOPES) & set(OPS) - {"rowsum"}))
def test_slopes_are_those_of_differences(name: str) -> None:
    draw, function, arity = random.Random(name), compute(name), OPS[name].arity
    by_differences = slopes_of("no such op", arity, function)
    with mpmath.workprec(BITS):
        for _ in range(20):
            args = operands(name, draw, arity)
            value = function(*args)
            for row, difference in zip(SLOPES[name], by_differences, strict=True):
                # the step is 2**-BITS of the operand; truncation is its square, and 40 bits are for how fast slopes change
                got, wanted = row(value, *args), difference(value, *args)
                assert abs(got - wanted) <= mpmath.ldexp(abs(wanted) + abs(value) * mpmath.mpf("1e-30"), 40 - BITS), args


@pytest.mark.parametrize(
    ("name", "args"),
    [("abs", (0,)), ("relu", (0,)), ("max", (2, 2)), ("min", (-1, -1)), ("hypot", (0, 0))],
)
def test_at_a_kink_there_is_no_slope(name: str, args: tuple[int, ...]) -> None:
    numbers = [mpmath.mpf(arg) for arg in args]
    assert SLOPES[name][0](compute(name)(*numbers), *numbers) is KINK


@pytest.mark.parametrize("name", ["sign", "heaviside"])
def test_at_a_jump_the_slope_is_no_number(name: str) -> None:
    numbers = [mpmath.mpf(0)] * OPS[name].arity
    assert SLOPES[name][0](mpmath.mpf(0), *numbers) is NAN


@pytest.mark.parametrize("x", [1e-320, -1e-9, 0.3, 0.999, 1.001, 30.0])
def test_the_slope_of_sinc_has_all_digits_near_0(x: float) -> None:
    with mpmath.workprec(BITS):
        got = SLOPES["sinc"][0](mpmath.sinc(x), mpmath.mpf(x))
    with mpmath.workprec(5000):  # the difference cancels up to 2 * 1075 bits
        wanted = (mpmath.cos(x) - mpmath.sinc(x)) / mpmath.mpf(x)
        assert abs(got - wanted) <= abs(wanted) * mpmath.ldexp(1, 10 - BITS)


@pytest.mark.parametrize("name", ["exp", "tanh", "sigmoid", "softplus", "log_sigmoid", "erfc", "sech", "expm1", "sinh", "erf"])
@pytest.mark.parametrize("size", FAR)
def test_functions_go_on_to_their_limits(name: str, size: float) -> None:
    # what is computed at 2**4999 and what is taken for granted at 2**5001 are the same limit, as far as doubles can tell
    with mpmath.workprec(BITS):
        near, far = (mpmath.ldexp(mpmath.sign(size), power) for power in (4998, 5002))
        values = [WIDE[name](x) for x in (near, far)]
        # beyond or below all doubles
        bounded = [max(mpmath.mpf(-(10**400)), min(mpmath.mpf(10**400), value)) for value in values]
        assert abs(bounded[0] - bounded[1]) < mpmath.mpf("1e-400")
