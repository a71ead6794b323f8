"""Double-double arithmetic: constants, exact transformations, functions against mpmath, special values against NumPy."""

import itertools
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from accurate import DD

from symgraph.compiler.ir.evaluate import MPMATH
from symgraph.spec.ops.ops import OPS

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # modules call these functions under errstate

Pair = tuple[Any, Any]
_POINTS = 120

_FIGURES = {
    # the proven bounds of Joldes, Muller, Popescu (2017), and of Muller and Rideau (2022) for the product
    "add": 3, "sub": 3, "mul": 5, "div": 15, "sqrt": 3.125,
    # measured at 20,000 points a set: at most 7; the contract needs 32, which is 2**-101
    **dict.fromkeys(("cbrt", "hypot", "exp", "expm1", "log", "log1p", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh"), 12),
    **dict.fromkeys(("sin", "cos", "tan", "asin", "acos", "atan", "atan2", "erf", "erfc", "gauss"), 12),
    "erfcx": 12, "ierfcx": 12,
}  # fmt: skip
"""Bounds of relative errors, in units of 2**-106."""

_PLAIN: dict[str, Any] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "pow": np.power, "hypot": np.hypot,
    "atan2": np.arctan2, "max": np.maximum, "min": np.minimum, "heaviside": np.heaviside, "sqrt": np.sqrt, "cbrt": np.cbrt,
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh,
    "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh, "sin": np.sin, "cos": np.cos, "tan": np.tan,
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "abs": np.abs, "sign": np.sign,
    "gauss": lambda x: np.exp(-x * x),
}  # fmt: skip

_TRUTH: dict[str, Any] = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "div": lambda a, b: a / b,
    "cbrt": lambda a: mpmath.sign(a) * mpmath.cbrt(abs(a)), "pow": mpmath.power, "gauss": lambda a: mpmath.exp(-a * a),
    **{op: MPMATH[op] for op in ("erfcx", "ierfcx")},
}  # fmt: skip

_EDGES = [
    0.0, 5e-324, 2.2250738585072014e-308, 1e-300, 1e-160, 1e-20, 0.25, 0.5, 0.75, 1 - 2**-53, 1.0, 1 + 2**-52, 1.5, 2.0, 3.0,
    20.0, 27.0, 30.0, 100.0, 700.0, 709.78, 709.79, 710.4, 710.5, 745.0, 746.0, 1e5, 1e15, 2.0**52 + 0.5, 2.0**53, 1e22, 1e100,
    1e160, 1e300, 1.7976931348623157e308, np.inf,
]  # fmt: skip
EDGES = [*_EDGES, *(-edge for edge in _EDGES), np.nan]
"""Special values: zeros, the subnormal range, neighbours of 1, where exponentials saturate, the largest double, inf, NaN."""


def uniform(low: float, high: float) -> Any:
    return lambda rng: rng.uniform(low, high, _POINTS)


def logs(low: float, high: float, *, signed: bool = True) -> Any:
    """Magnitudes whose decimal logarithms are uniform."""
    return lambda rng: 10.0 ** rng.uniform(low, high, _POINTS) * (rng.choice([-1, 1], _POINTS) if signed else 1)


def beside(centre: float, low: float, high: float, sign: int = 1) -> Any:
    """Points on one side of a number, at distances whose decimal logarithms are uniform."""
    return lambda rng: centre + sign * 10.0 ** rng.uniform(low, high, _POINTS)


def turns(rng: Any) -> Any:
    """The doubles nearest to multiples of pi/2."""
    return np.pi / 2 * rng.integers(-1000, 1000, _POINTS)


_TURNS = (uniform(-1, 1), uniform(-100, 100), logs(-30, 14), turns, logs(12, 300))
SETS: dict[str, tuple[Any, ...]] = {
    "exp": (uniform(-1, 1), uniform(-620, 620), logs(-30, 2)),
    "expm1": (uniform(-0.03, 0.03), uniform(-1, 1), uniform(-600, 620), logs(-30, 2)),
    "log": (uniform(0.5, 2), logs(-250, 250, signed=False), beside(1, -16, -1), beside(1, -16, -1, -1)),
    "log1p": (uniform(-0.3, 0.3), uniform(-1, 2), logs(-30, -1), beside(-1, -15, -1), logs(0, 250, signed=False)),
    **dict.fromkeys(("sinh", "cosh"), (uniform(-1, 1), uniform(-600, 600), logs(-30, 2))),
    "tanh": (uniform(-1, 1), uniform(-50, 50), logs(-30, 2)),
    "asinh": (uniform(-1, 1), logs(-30, 250)),
    "acosh": (beside(1, -15, 2), logs(1, 250, signed=False)),
    "atanh": (uniform(-1, 1), logs(-30, -1), beside(1, -15, -1, -1)),
    "sin": _TURNS, "cos": _TURNS, "tan": _TURNS,
    **dict.fromkeys(("asin", "acos"), (uniform(-1, 1), logs(-30, -1), beside(1, -15, -1, -1), beside(-1, -15, -1))),
    "atan": (uniform(-2, 2), logs(-30, 250)),
    "sqrt": (logs(-250, 250, signed=False),),
    "cbrt": (logs(-250, 250),),
    "erf": (uniform(-1, 1), uniform(-8, 8), logs(-30, 1)),
    "gauss": (uniform(-1, 1), uniform(-24, 24), logs(-30, 1)),
    "erfc": (uniform(-1, 1), uniform(-5, 24), logs(-30, 1), uniform(0.49, 0.51), uniform(8.6, 8.8)),
    **dict.fromkeys(
        ("erfcx", "ierfcx"),
        (uniform(-1, 1), uniform(-24, 24), logs(-30, 1), uniform(8.6, 9.3), logs(1, 120, signed=False)),
    ),
    "add": ((logs(-5, 5), logs(-5, 5)),),
    "sub": ((logs(-5, 5), logs(-5, 5)), (uniform(1, 1 + 1e-12), uniform(1, 1 + 1e-12))),
    **dict.fromkeys(("mul", "div"), ((logs(-100, 100), logs(-100, 100)),)),
    **dict.fromkeys(("hypot", "atan2"), ((logs(-100, 100), logs(-100, 100)), (uniform(-1, 1), uniform(-1, 1)))),
}  # fmt: skip
"""Where each function is measured; values beyond 2**±900 are left out of the comparison."""


def with_low_part(rng: Any, values: Any) -> Pair:
    """Pairs with a low part of either sign up to half a unit, none in a fifth of them."""
    low = np.spacing(np.abs(values)) * rng.uniform(-0.5, 0.5, len(values)) * (rng.random(len(values)) < 0.8)
    return DD.two_sum(values, low)


def exact(pair: Pair) -> Fraction:
    return Fraction(float(pair[0])) + Fraction(float(pair[1]))


def worst_error(op: str, operands: Any) -> float:
    """The largest relative error of a function, in units of 2**-106; the results are checked to be normal pairs."""
    hi, lo = getattr(DD, f"dd_{op}")(*operands)
    lo = np.broadcast_to(lo, hi.shape)
    finite = np.isfinite(hi)
    np.testing.assert_array_equal((hi + lo)[finite], hi[finite])
    function = _TRUTH.get(op) or getattr(mpmath, op)
    worst = 0.0
    for index in np.flatnonzero(finite):
        with mpmath.workdps(350 if op in ("sin", "cos", "tan") and abs(operands[0][0][index]) > 1e10 else 60):
            truth = function(*(mpmath.mpf(float(a[index])) + mpmath.mpf(float(b[index])) for a, b in operands))
            if isinstance(truth, mpmath.mpf) and 2.0**-900 < abs(truth) < 2.0**900:
                found = mpmath.mpf(float(hi[index])) + mpmath.mpf(float(lo[index]))
                worst = max(worst, float(abs(found - truth) / abs(truth) * 2**106))
    return worst


@pytest.mark.parametrize("op", SETS)
def test_functions_of_pairs_are_right_to_32_units_of_the_106th_bit(op: str) -> None:
    rng = np.random.default_rng(7)
    for draw in SETS[op]:
        draws = draw if isinstance(draw, tuple) else (draw,)
        assert worst_error(op, [with_low_part(rng, one(rng)) for one in draws]) <= _FIGURES[op]


def test_powers_lose_digits_with_the_size_of_the_exponent_alone() -> None:
    rng = np.random.default_rng(3)
    for base, exponent in ((uniform(0, 3), uniform(-3, 3)), (logs(-100, 100, signed=False), uniform(-2.5, 2.5))):
        assert worst_error("pow", [with_low_part(rng, base(rng)), with_low_part(rng, exponent(rng))]) <= 12
    # y*log(1+z) with |log(1+z)| < 0.35 and 5 units of its own size is exponentiated
    base, exponent = with_low_part(rng, rng.uniform(0.5, 2, _POINTS)), with_low_part(rng, rng.uniform(-70, 70, _POINTS))
    assert worst_error("pow", [base, exponent]) <= 12 + 0.35 * 5 * 70


def test_sums_and_products_of_two_floats_are_exact_and_sums_that_cancel_keep_the_relative_bound() -> None:
    values = [edge for edge in EDGES if np.isfinite(edge) and abs(edge) < 1e300]
    values += [np.nextafter(edge, side) for edge in (1.0, 2.0, 3.0, 1e-300) for side in (-np.inf, np.inf)]
    values += [1 + 2**-53 * 3, 2**-53, 2**-54, -(2**-53), 2**53 + 2.0, 1e16, 0.1, -0.3]  # ties, and what vanishes beside them
    for a, b in itertools.product(values, repeat=2):
        hi, lo = DD.two_sum(np.float64(a), np.float64(b))
        assert (hi, exact((hi, lo))) == (a + b, Fraction(a) + Fraction(b))
        if abs(a) >= abs(b):
            assert tuple(map(float, DD.fast_two_sum(np.float64(a), np.float64(b)))) == (float(hi), float(lo))
    rng = np.random.default_rng(5)
    ends = [2.0**-440, 2.0**440, 1 - 2**-53, 1 + 2**-52, 3.0, 134217729.0, 134217727.0, 2.0**53 - 1, 0.1, 1 / 3]
    odd = np.ldexp(rng.integers(2**52, 2**53, 40) | 1, rng.integers(-480, 380, 40))
    for a, b in itertools.product(map(np.float64, [*ends, *odd]), repeat=2):
        assert DD.two_prod(a, -b)[0] == a * -b
        assert exact(DD.two_prod(a, -b)) == -Fraction(float(a)) * Fraction(float(b))
        assert exact(DD.two_prod(a, a)) == Fraction(float(a)) ** 2
    ones = [(1.0, low) for low in (0.0, 2**-53, -(2**-54), 2**-54, 2**-80, -(2**-106), 2**-106)]
    near = [(1 + 2**-52, low) for low in (0.0, -(2**-54), 2**-54, -(2**-53) + 2**-105, 2**-100)]
    for (a, b), (c, d) in itertools.product([*ones, *near, (2.0, -(2**-53)), (1 - 2**-53, 2**-55)], repeat=2):
        found = exact(DD.dd_sub((np.float64(a), np.float64(b)), (np.float64(c), np.float64(d))))
        truth = exact((a, b)) - exact((c, d))
        assert abs(found - truth) <= 3 * Fraction(1, 2**106) * abs(truth)


@pytest.mark.parametrize("op", [*_PLAIN, "erf", "erfc", "erfcx"])
def test_special_values_give_what_plain_arithmetic_gives_and_a_number_alone_the_bits_that_it_gives_in_an_array(op: str) -> None:
    plain = _PLAIN.get(op) or getattr(pytest.importorskip("scipy.special"), op)
    arity = OPS[op].arity if op in OPS else 1
    operands = [np.array(column) for column in zip(*itertools.product(EDGES, repeat=arity), strict=True)]
    hi, lo = getattr(DD, f"dd_{op}")(*((operand, DD.NOTHING) for operand in operands))
    expected = plain(*operands)
    # libm's and SciPy's functions are within 8 units, exp(-x*x) is within x*x; erfc is 0 for SciPy where it is subnormal
    close = np.abs(hi - expected) <= np.maximum(
        (800 if op == "gauss" else 8) * 2.0**-52 * np.abs(expected), 1e-307 if op == "erfc" else 1e-323
    )
    same = (hi == expected) & (np.signbit(hi) == np.signbit(expected)) | np.isnan(hi) & np.isnan(expected)
    wrong = ~(same | close & np.isfinite(expected))
    assert not wrong.any(), [(*(operand[i] for operand in operands), hi[i], expected[i]) for i in np.flatnonzero(wrong)[:5]]
    assert not np.isnan(lo).any()
    assert np.all(np.broadcast_to(lo, hi.shape)[~np.isfinite(hi)] == 0)
    rng = np.random.default_rng(1)
    values = [edge for edge in EDGES if not np.isnan(edge)] + list(rng.uniform(-2, 2, 20))
    arrays = [(np.array(rng.permutation(values)), DD.NOTHING) for _ in range(arity)]
    hi, lo = getattr(DD, f"dd_{op}")(*arrays)
    for index in range(len(values)):
        alone = getattr(DD, f"dd_{op}")(*(DD.pair_of(array[index]) for array, _ in arrays))
        np.testing.assert_array_equal(alone[0], hi[index])
        # NumPy's vector and scalar functions may differ in the last bit, and the correction of it then does in its own
        apart = abs(alone[1] - np.broadcast_to(lo, hi.shape)[index])
        assert apart <= (2.0**-101 * abs(hi[index]) if np.isfinite(hi[index]) else 0.0)


ENDS_OF_DOMAINS = [
    ("log1p", -1.0, 2.0**-60, -60 * np.log(2)), ("acos", 1.0, -(2.0**-60), 2.0**-29.5), ("acosh", 1.0, 2.0**-60, 2.0**-29.5),
    ("asin", 1.0, 2.0**-60, np.pi / 2),  # beyond the domain by less than a unit: what plain arithmetic gives
    ("acosh", 1.0, -(2.0**-60), 0.0), ("atanh", 1.0, -(2.0**-60), 30.5 * np.log(2)), ("log", 1.0, 2.0**-60, 2.0**-60),
    ("expm1", 0.0, 0.0, 0.0), ("sqrt", 0.0, 0.0, 0.0),
]  # fmt: skip


@pytest.mark.parametrize(("op", "high", "low", "truth"), ENDS_OF_DOMAINS)
def test_low_parts_count_at_the_ends_of_domains(op: str, high: float, low: float, truth: float) -> None:
    hi, _ = getattr(DD, f"dd_{op}")((np.float64(high), np.float64(low)))
    assert float(hi) == pytest.approx(truth, rel=2.0**-50, abs=0.0)


@pytest.mark.parametrize("op", ["div", "sqrt", "cbrt"])
def test_results_of_ordinary_size_from_subnormal_operands_are_those_of_plain_arithmetic(op: str) -> None:
    rng = np.random.default_rng(2)
    operands = [10.0 ** rng.uniform(-315, -290, _POINTS), 10.0 ** rng.uniform(-315, -290, _POINTS)][: OPS[op].arity]
    hi, _ = getattr(DD, f"dd_{op}")(*((operand, DD.NOTHING) for operand in operands))
    np.testing.assert_array_equal(hi, _PLAIN[op](*operands))


@pytest.mark.parametrize(("function", "plain"), [("less", np.less), ("at_most", np.less_equal), ("equal", np.equal)])
def test_comparisons_look_at_low_parts_where_the_high_ones_tie(function: str, plain: Any) -> None:
    a, b = (np.array(column) for column in zip(*itertools.product(EDGES, repeat=2), strict=True))
    compare = getattr(DD, f"dd_{function}")
    np.testing.assert_array_equal(compare((a, DD.NOTHING), (b, DD.NOTHING)), plain(a, b))
    lows = (-(2.0**-60), 0.0, 2.0**-60)
    for x, y in itertools.product(lows, repeat=2):
        assert bool(compare((np.float64(1), np.float64(x)), (np.float64(1), np.float64(y)))) is bool(plain(x, y))


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 64, 1001])
def test_sums_over_rows_are_right_however_much_cancels(rows: int) -> None:
    rng = np.random.default_rng(rows)
    hi, lo = with_low_part(rng, rng.normal(size=rows) * 10.0 ** rng.uniform(-20, 20, rows))
    hi, lo = np.concatenate([hi, -hi, [1e-25]]), np.concatenate([lo, -lo[::-1], [1e-43]])
    order = rng.permutation(len(hi))
    total = exact(DD.dd_rowsum((hi[order], lo[order])))
    truth = sum(map(Fraction, [*hi.tolist(), *lo.tolist()]))
    # three floats a sum: what is lost is below log2(n) * 2**-159 of the sizes, and the pair rounds at 2**-106
    bound = abs(truth) * Fraction(1, 2**105) + sum(map(Fraction, np.abs(hi).tolist())) * Fraction(24, 2**159)
    assert abs(total - truth) <= bound


def test_sums_over_rows_pass_on_what_is_not_finite() -> None:
    for rows, expected in (([1.0, np.inf, 2.0], np.inf), ([1.0, np.nan], np.nan), ([np.inf, -np.inf, 1.0], np.nan)):
        hi, lo = DD.dd_rowsum((np.array(rows), DD.NOTHING))
        np.testing.assert_equal([float(hi), float(lo)], [expected, 0.0])
    assert float(DD.dd_rowsum((np.full(4, 1.7e308), DD.NOTHING))[0]) == np.inf
    assert DD.dd_rowsum((np.float64(2.5), DD.NOTHING))[0] == 2.5


def parts(value: Any, *bits: int) -> tuple[float, ...]:
    """A number as a sum of floats of so many bits, the last one rounded; the product with an integer of few bits is exact."""
    found = []
    for length in bits:
        with mpmath.workprec(length):
            part = +value
        found.append(float(part))
        value = value - part
    return tuple(found)


def trapezoids(step: str, pairs: int, floats: int, weight: Any) -> tuple[Any, ...]:
    """Places (n*step)**2 of the trapezoidal rule and their weights, the last first: as pairs, and the rest as floats."""
    h = mpmath.mpf(step)
    places = [(n * h) ** 2 for n in range(1, pairs + floats + 1)]
    leading, rest = places[:pairs][::-1], places[pairs:][::-1]
    return (
        [(parts(place, 53, 53), parts(weight(place), 53, 53)) for place in leading],
        tuple((float(place), float(weight(place))) for place in rest),
        parts(2 * h / mpmath.pi, 53, 53),
        parts(2 * mpmath.pi / h, 53, 53),
    )


def constants() -> dict[str, Any]:
    """The constants of the double-double functions, to 60 digits; how many terms there are is said beside each."""
    mp, scale, count = mpmath, 2 / mpmath.sqrt(mpmath.pi), range(1, 10)
    log2, factorial = mp.log(2), [mp.factorial(n) for n in range(46)]
    sines, cosines = ([(-1) ** n / factorial[2 * n + odd] for n in count] for odd in (1, 0))  # below 2**-110 for |r| < 0.0983
    # x**44/(22! * 45) is below 2**-119 for |x| < 1/2
    erf = [scale * (-1) ** n / (factorial[n] * (2 * n + 1)) for n in range(22)]
    exp = [1 / factorial[n] for n in range(2, 14)]  # r**14/14! is below 2**-120 of r for |r| < 0.011
    found = {
        "EXP_STEP": parts(log2 / 32, 36, 36, 53),
        "LOG2": parts(log2, 40, 40, 53),
        "LOG2_PAIR": parts(log2, 53, 53),
        "PI_PARTS": parts(mp.pi / 16, 53, 53, 53, 53),
        "EXP_POWERS": [parts(mp.expm1(mp.mpf(j) / 32 * log2), 53, 53) for j in range(-16, 16)],
        "SINES": tuple(parts(mp.sinpi(mp.mpf(j) / 16), 53, 53) for j in range(32)),
    }
    for name, terms, pairs in (("EXP", exp, 6), ("SIN", sines, 4), ("COS", cosines, 4), ("ERF", erf, 12)):
        found[f"{name}_TERMS"] = tuple(parts(term, 53, 53) for term in terms[:pairs])
        found[f"{name}_TAIL"] = tuple(map(float, terms[pairs:]))
    # exp(-(25*0.36)**2) and exp(-(pi/0.36)**2) are below 2**-108; p*exp(-p) is below 2**-114 at the 27th place of 0.34
    found["ERFC"] = trapezoids("0.36", 16, 8, lambda place: mp.exp(-place))
    found["IERFC"] = trapezoids("0.34", 20, 6, lambda place: place * mp.exp(-place))
    return found


def test_constants_are_those_that_mpmath_computes() -> None:
    with mpmath.workdps(60):
        known = constants()
    for name, value in known.items():
        assert getattr(DD, name) == value, name
    with mpmath.workprec(1400):
        assert int(mpmath.floor(mpmath.ldexp(mpmath.pi, 1300))) == DD.PI_BITS
    with mpmath.workdps(60):
        for function, ratio in ((DD.expm1_parts, 32 / mpmath.log(2)), (DD.turn_of, 16 / mpmath.pi)):
            assert float(ratio) in function.__code__.co_consts
