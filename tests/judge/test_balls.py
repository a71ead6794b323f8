"""Every form on balls, against mpmath at 100 digits: values, slopes, limits, ends of domains, kinks."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from flint import arb, ctx
from op_accuracy import TRUTH
from region_accuracy import in_reach, numbers

from symgraph.judge.balls import INFINITY, KINK, ONE, UNDEFINED, UNKNOWN, ZERO
from symgraph.judge.form import slope_of, value_of
from symgraph.judge.forms import FORMS
from symgraph.spec.ops.ops import OPS
from symgraph.spec.ops.special_on_mpmath import faddeeva, faddeeva_bend, faddeeva_slope

BITS = 400
DIGITS = 250
"""Of the numbers compared with: a hundred remain after what the formulas below lose, and differences at half of them."""

OF_MPMATH = """add sub mul div neg sqrt exp expm1 log log1p gauss log_sigmoid softplus logaddexp sin cos tan asin acos atan
atan2 sinc sinh cosh tanh sech asinh acosh atanh sec csc cot csch coth gamma erfinv erfcinv ndtri dawson expint ei lambertw
exprel exprel_slope exprel2 exprel2_slope bernoulli_function bernoulli_slope sinhc sinhc_slope langevin langevin_slope sinmx
tanhmx log1prel_slope log1pmx power_slope"""
TRUE: dict[str, Callable[..., Any]] = {
    **{name: TRUTH[name][0] for name in OF_MPMATH.split()},
    "pow": lambda a, b: a**b, "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)), "hypot": lambda a, b: mp.sqrt(a * a + b * b),
    "xlogx": lambda x: x * mp.log(x), "xlogy": lambda x, y: x * mp.log(y), "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "logit": lambda x: mp.log(x) - mp.log1p(-x), "erf": mp.erf, "erfc": mp.erfc, "erfcx": lambda x: mp.exp(x * x) * mp.erfc(x),
    "ierfcx": lambda x: 1 / mp.sqrt(mp.pi) - x * mp.exp(x * x) * mp.erfc(x),
    "log_erfc": lambda x: mp.log1p(-mp.erf(x)) if x < 1 else mp.log(mp.erfc(x)),
    "log_half_erfc": lambda x: mp.log1p(-mp.erfc(-x) / 2) if x < 0 else mp.log(mp.erfc(x) / 2),
    "abs": abs, "sign": mp.sign, "heaviside": lambda x, _: (mp.sign(x) + 1) / 2, "floor": mp.floor,
    "lgamma": lambda x: mp.re(mp.loggamma(x)), "digamma": mp.digamma,
    "trigamma": lambda x: mp.psi(1, x) if x > 0 else (mp.pi / mp.sinpi(x)) ** 2 - mp.psi(1, 1 - x),
    "mod": lambda a, b: a - b * mp.floor(a / b), "ndtr": lambda x: mp.erfc(-x / mp.sqrt(2)) / 2,
    "log_ndtr": lambda x: mp.log1p(-mp.erfc(x / mp.sqrt(2)) / 2) if x > 0 else mp.log(mp.erfc(-x / mp.sqrt(2)) / 2),
    "betaln": lambda a, b: mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b),
    "stirlerr": lambda x: mp.loggamma(x) - (x - 0.5) * mp.log(x) + x - mp.log(2 * mp.pi) / 2,
    "stirlerr_slope": lambda x: mp.digamma(x) - mp.log(x) + 0.5 / x, "log1prel": lambda x: mp.log1p(x) / x,
    "wrightomega": lambda x: mp.lambertw(mp.exp(x)),
    "lambertw1p": lambda x: 1 + mp.lambertw(x), "digamma_step": lambda x, h: mp.digamma(x + h) - mp.digamma(x),
    **{f"bessel_{kind}{order}": partial(getattr(mp, f"bessel{kind}"), order) for kind in "jyik" for order in (0, 1)},
    **{f"bessel_{kind}": getattr(mp, f"bessel{kind}") for kind in "jyik"},
    "polygamma": lambda n, x: mp.psi(int(n), x),
    **{f"wofz_{name}": function for name, function in (("re", lambda a, b: faddeeva(a, b).real),
       ("im", lambda a, b: faddeeva(a, b).imag), ("slope_re", lambda a, b: faddeeva_slope(a, b).real),
       ("slope_im", lambda a, b: faddeeva_slope(a, b).imag), ("bend_re", lambda a, b: faddeeva_bend(a, b).real),
       ("bend_im", lambda a, b: faddeeva_bend(a, b).imag))},
    "voigt": lambda x, s, g: faddeeva(x / s / mp.sqrt(2), g / s / mp.sqrt(2)).real / s / mp.sqrt(2 * mp.pi),
    "max": max, "min": min, "relu": lambda x: max(x, mp.mpf(0)), "rowsum": lambda x: x,
}  # fmt: skip

SIZES = (2.0**-1000, 1e-30, 1e-5, 0.3, 0.75, 1.0, 1.7, 7.9, 8.1, 26.0, 40.0)
FAR = (800.0, 1e6, 2.0**60)
POSITIVE = (*SIZES, *FAR)
REAL = (*POSITIVE, *(-x for x in POSITIVE))
UNIT = (*(x for x in SIZES if x < 1), 1 - 2.0**-52)
WITHIN = (*UNIT, *(-x for x in UNIT))
FEW = (2.0**-1000, 1e-5, 0.3, 1.7, 26.0, 800.0, -1e-5, -0.75, -8.1, -1e6)
OPERANDS: dict[str, tuple[tuple[float, ...], ...]] = {
    **dict.fromkeys(("sqrt", "log", "xlogx"), (POSITIVE,)), "log1p": ((*POSITIVE, *(-x for x in UNIT)),), "logit": (UNIT,),
    **dict.fromkeys(("asin", "acos", "atanh"), (WITHIN,)), "acosh": (tuple(1 + x for x in (2.0**-52, *SIZES[2:], *FAR)),),
    **dict.fromkeys(("pow", "power_slope"), ((0.3, 1.7, 26.0, 1e-5), FEW)),
    "xlogy": (FEW, (1e-5, 0.3, 1.7, 1e6)), "heaviside": (REAL, (0.5,)),
    **dict.fromkeys(("lgamma", "digamma", "trigamma"), ((*POSITIVE, *(-x for x in SIZES if x % 1)),)),
    **dict.fromkeys(("erfcinv", "ndtri"), (UNIT[1:-1],)), "erfinv": (WITHIN,), "gamma": (SIZES[1:-1],),
    "dawson": (tuple(x for x in REAL if abs(x) < 1e3),), "expint": (SIZES[1:-1],), "lambertw": (SIZES[1:],),
    **dict.fromkeys(("stirlerr", "stirlerr_slope"), (SIZES[2:],)),
    **dict.fromkeys(("log1prel", "log1prel_slope", "log1pmx"), (SIZES[1:],)),
    "wrightomega": (tuple(x for x in REAL if abs(x) < 1e3),),
    "lambertw1p": (SIZES[1:],), "digamma_step": (SIZES[2:], SIZES[2:]),
    "ei": (SIZES[1:],), "betaln": (SIZES[2:], SIZES[2:]), **{f"wofz_{name}": ((-8.1, 0.3), (1e-5, 0.75))
    for name in ("re", "im", "slope_re", "slope_im", "bend_re", "bend_im")},
    **{f"bessel_{kind}{order}": ((1e-5, 0.75, 8.1),) for kind in "jyik" for order in (0, 1)},
    **{f"bessel_{kind}": ((0.0, 5.0), (1e-5, 8.1)) for kind in "jyik"},
    "voigt": ((-8.1, 0.3), (0.5, 3.0), (1e-5, 0.75)),
    "polygamma": ((1.0, 2.0, 5.0), (1e-5, 0.75, 8.1, 800.0, -0.3, -8.1)),
    "cbrt": (REAL,), "erfcx": ((*POSITIVE, *(-x for x in SIZES)),),
}  # fmt: skip
"""Where forms are tried, if that is not over REAL, or over pairs of FEW."""
ORDERS = {"polygamma", *(f"bessel_{kind}" for kind in "jyik")}
"""Functions whose first operand is a whole constant."""


def operands_of(name: str) -> Iterator[tuple[float, ...]]:
    slopes = FORMS[name].slopes
    arity = len(slopes) if isinstance(slopes, tuple) else 2  # of sums and the like, which take any number
    return product(*OPERANDS.get(name, (REAL,) if arity == 1 else (FEW, FEW)))


def as_mpf(value: arb) -> Any:
    mantissa, exponent = value.man_exp()
    return mp.ldexp(mp.mpf(int(mantissa)), int(exponent))


def holds(found: Any, true: Any, digits: int, scale: float = 0.0) -> bool:
    """Tell if a ball holds a true number, known to so many digits, and is narrow, for numbers of the scale if they are less."""
    if not isinstance(found, arb) or not found.is_finite():
        return False
    middle, radius = as_mpf(found.mid()), as_mpf(found.rad())
    narrow = radius <= (abs(true) + scale) * mp.mpf(2) ** (100 - BITS) or radius < mp.ldexp(1, -2000)
    return bool(abs(middle - true) <= radius + abs(true) * mp.mpf(10) ** -digits and narrow)


@pytest.mark.parametrize("name", TRUE)
def test_values_hold_the_truth_and_are_narrow(name: str) -> None:
    for point in operands_of(name):
        with ctx.workprec(BITS), mp.workdps(DIGITS):
            found = value_of(FORMS[name], [arb(x) for x in point])
            with mp.extradps(100 if name == "ierfcx" else 0):
                true = TRUE[name](*(mp.mpf(x) for x in point))
            # logaddexp takes a + log(1 + exp(b - a)), which may cancel; the reference then takes more bits
            scale = max(map(abs, point)) if name == "logaddexp" else 0.0
            assert holds(found, true, 100, scale), (point, found, mp.nstr(true, 20))


@pytest.mark.parametrize("name", TRUE)
def test_results_have_no_more_bits_than_are_asked_for(name: str) -> None:
    """Else what rounding does to them, as to those of a module, would not be in their radii."""
    for point in list(operands_of(name))[::3]:
        balls = [arb(x) for x in point]
        with ctx.workprec(53):
            value = value_of(FORMS[name], balls)
            slopes = [] if not isinstance(value, arb) else [slope_of(FORMS[name], 0, value, balls)]
        for found in (value, *slopes):
            if isinstance(found, arb) and found.is_finite():
                assert int(found.mid().man_exp()[0]).bit_length() <= 53, point


@pytest.mark.parametrize("name", [name for name in TRUE if name not in ("sign", "heaviside", "floor", "mod")])
def test_slopes_are_those_of_differences(name: str) -> None:
    """The step is 1e-120 of the operand, or of 1 where that is less: truncation is its square; of 500 digits 380 are left."""
    for point in operands_of(name):
        balls = [arb(x) for x in point]
        for place, x in enumerate(point):
            is_kink = len(set(point)) < len(point) and name in ("max", "min")
            if is_kink or (place == 0 and name in ORDERS):
                continue  # an order is a whole constant
            with ctx.workprec(BITS):
                found = slope_of(FORMS[name], place, value_of(FORMS[name], balls), balls)
            with mp.workdps(2 * DIGITS):
                step = mp.mpf(10) ** -120 * min(abs(mp.mpf(x)), 1) * min(1, 1 - abs(mp.mpf(x)) if abs(x) < 1 else 1)
                sides = [
                    TRUE[name](*(mp.mpf(y) + sign * step * (at == place) for at, y in enumerate(point))) for sign in (1, -1)
                ]
                true, size = (sides[0] - sides[1]) / (2 * step), max(map(abs, sides))
                # slopes far below value / operand are lost in the difference
                if abs(true) * abs(mp.mpf(x)) < size * mp.mpf(10) ** -100 and true:
                    continue
                assert holds(found, true, 60) or (true == 0 and abs(found) < 1e-290), (point, place, found, mp.nstr(true, 20))


@pytest.mark.parametrize(("name", "point", "slopes"), [
    ("floor", (2.5,), (ZERO,)), ("floor", (2.0,), (UNDEFINED,)), ("mod", (7.5, 2.0), (ONE, arb(-3))),
    ("mod", (-7.5, 2.0), (ONE, arb(4))), ("mod", (6.0, 2.0), (UNDEFINED, UNDEFINED)),
])  # fmt: skip
def test_steps_have_slopes_between_and_none_at_their_jumps(
    name: str, point: tuple[float, ...], slopes: tuple[Any, ...]
) -> None:
    operands = [arb(x) for x in point]
    value = value_of(FORMS[name], operands)
    assert tuple(slope_of(FORMS[name], place, value, operands) for place in range(len(point))) == slopes


@pytest.mark.parametrize(("name", "x", "low", "high"), [
    ("sigmoid", -2.0**40, 0, 0), ("tanh", 1e6, 0, 0), ("erf", 40.0, 0, -694), ("sech", 1e6, 0, 0),
    ("sinc", 2.0**-1000, -1002, -1001), ("ierfcx", 2.0**60, -181, -178), ("erfcx", 2.0**60, -121, -119),
])  # fmt: skip
def test_slopes_that_differences_do_not_show_have_the_size_of_the_asymptote(name: str, x: float, low: int, high: int) -> None:
    """sech**2 at 1e6 is below all doubles; erf' is 2/sqrt(pi)*exp(-1600); sinc' is -x/3; ierfcx' is -1/(sqrt(pi)*x**3)."""
    with ctx.workprec(BITS):
        found = slope_of(FORMS[name], 0, value_of(FORMS[name], [arb(x)]), [arb(x)])
        assert isinstance(found, arb)
        size = float(abs(found).log() / arb(2).log()) if not found.contains(0) else -1e300
    assert size < -2000 if low == high == 0 else (low <= size <= high or size < -1e3)


@pytest.mark.parametrize("x", [1e30, 1e100, 1e200, 1e300])
def test_error_functions_reach_the_largest_doubles(x: float) -> None:
    """By the first terms of DLMF 7.12.1, whose next terms are below 1e-58 of them."""
    with ctx.workprec(200):
        ball, root = arb(x), arb.const_sqrt_pi()
        scaled, integral, logarithm = (value_of(FORMS[name], [ball]) for name in ("erfcx", "ierfcx", "log_erfc"))
        assert abs(scaled * ball * root - 1) < 1e-58
        assert abs(integral * 2 * ball * ball * root - 1) < 1e-58
        assert abs(logarithm / (-ball * ball) - 1) < 1e-50


@pytest.mark.parametrize(("name", "sign", "limit"), [
    ("exp", 1, INFINITY), ("exp", -1, ZERO), ("expm1", 1, INFINITY), ("expm1", -1, -ONE), ("sinh", 1, INFINITY),
    ("sinh", -1, -INFINITY), ("cosh", -1, INFINITY), ("tanh", 1, ONE), ("tanh", -1, -ONE), ("sech", 1, ZERO),
    ("sigmoid", 1, ONE), ("sigmoid", -1, ZERO), ("softplus", -1, ZERO), ("softplus", 1, INFINITY), ("gauss", 1, ZERO),
    ("erf", 1, ONE), ("erf", -1, -ONE), ("erfc", 1, ZERO), ("erfc", -1, arb(2)), ("erfcx", 1, ZERO), ("abs", -1, INFINITY),
    ("sqrt", 1, INFINITY), ("cbrt", -1, -INFINITY), ("relu", -1, ZERO), ("atan", 1, None), ("neg", 1, -INFINITY),
])  # fmt: skip
def test_what_infinity_stands_for_has_the_limit(name: str, sign: int, limit: arb | None) -> None:
    """Infinity stands for numbers that have no ball: a limit is met up to less than any double, and infinity is itself."""
    assert all(value_of(FORMS[wave], [INFINITY]).overlaps(arb(0, 1)) for wave in ("sin", "cos"))
    with ctx.workprec(200):
        found, limit = value_of(FORMS[name], [INFINITY * sign]), arb.pi() / 2 if limit is None else limit
        assert found == limit if not limit.is_finite() else abs(found - limit) < arb((1, -150))


@pytest.mark.parametrize(("name", "operands"), [
    *((name, (INFINITY,)) for name in ("tan", "log", "log1p", "asinh", "acosh")), ("sub", (INFINITY, INFINITY)),
    ("mul", (INFINITY, ZERO)), ("div", (ONE, arb(0, 1e-30))),
    *((name, (arb(border, 1e-30),)) for name, border in (("sqrt", 0), ("log", 0), ("asin", 1), ("acosh", 1), ("atanh", -1))),
    ("log1p", (arb(-1, 1e-30),)),
])  # fmt: skip
def test_what_infinity_or_a_ball_across_the_end_of_a_domain_leaves_open_is_unknown(
    name: str, operands: tuple[arb, ...]
) -> None:
    assert value_of(FORMS[name], [*operands]) is UNKNOWN


@pytest.mark.parametrize(("name", "point"), [
    ("log", (0,)), ("log", (-1,)), ("log1p", (-1,)), ("log1p", (-2,)), ("sqrt", (-1e-300,)), ("asin", (1 + 2.0**-52,)),
    ("acos", (-1.5,)), ("acosh", (1 - 2.0**-53,)), ("atanh", (1,)), ("atanh", (-3,)), ("logit", (0,)), ("logit", (1,)),
    ("logit", (2,)), ("xlogx", (-1,)), ("xlogy", (1, 0)), ("xlogy", (2, -1)), ("div", (1, 0)), ("pow", (-2, 0.5)),
    ("pow", (0, -1)),
])  # fmt: skip
def test_outside_its_domain_an_operation_is_undefined(name: str, point: tuple[float, ...]) -> None:
    assert value_of(FORMS[name], [arb(x) for x in point]) is UNDEFINED


@pytest.mark.parametrize("missing", [UNDEFINED, KINK, UNKNOWN])
def test_a_missing_operand_is_handed_on(missing: Any) -> None:
    assert value_of(FORMS["add"], [ONE, missing]) is missing
    assert value_of(FORMS["select"], [True, ONE, missing]) == ONE
    assert value_of(FORMS["and"], [missing, False]) is False
    assert value_of(FORMS["or"], [missing, True]) is True


@pytest.mark.parametrize(("name", "point", "place", "wanted"), [
    ("sqrt", (0,), 0, UNDEFINED), ("cbrt", (0,), 0, UNDEFINED), ("xlogx", (0,), 0, UNDEFINED), ("asin", (1,), 0, UNDEFINED),
    ("acos", (-1,), 0, UNDEFINED), ("acosh", (1,), 0, UNDEFINED), ("abs", (0,), 0, KINK), ("relu", (0,), 0, KINK),
    ("max", (2, 2), 0, KINK), ("min", (-1, -1), 1, KINK), ("hypot", (0, 0), 0, KINK), ("sign", (0,), 0, UNDEFINED),
    ("heaviside", (0, 0.5), 0, UNDEFINED), ("sign", (3,), 0, ZERO), ("max", (3, 2), 0, ONE), ("max", (3, 2), 1, ZERO),
    ("pow", (0, 2), 0, ZERO), ("pow", (0, 0.5), 0, UNDEFINED), ("pow", (0, 2), 1, ZERO), ("pow", (-2, 3), 1, UNDEFINED),
    ("pow", (0, 0), 0, ZERO), ("xlogy", (0, 3), 1, ZERO), ("heaviside", (0, 0.5), 1, ONE),
])  # fmt: skip
def test_slopes_at_kinks_and_ends_are_told_apart(name: str, point: tuple[float, ...], place: int, wanted: Any) -> None:
    balls = [arb(x) for x in point]
    found = slope_of(FORMS[name], place, value_of(FORMS[name], balls), balls)
    assert found is wanted or (isinstance(wanted, arb) and isinstance(found, arb) and found == wanted)


@pytest.mark.parametrize(("name", "op"), [("lt", "<"), ("le", "<="), ("gt", ">"), ("ge", ">="), ("eq", "=="), ("ne", "!=")])
def test_comparisons_are_decided_where_they_are_certain_and_ties_only_for_exact_numbers(name: str, op: str) -> None:
    for a, b in ((1, 2), (2, 1), (2, 2)):
        assert value_of(FORMS[name], [arb(a), arb(b)]) is eval(f"{a} {op} {b}")
    assert value_of(FORMS[name], [arb(1, 1e-30), ONE]) is UNKNOWN
    assert value_of(FORMS[name], [INFINITY, ONE]) is eval(f"2 {op} 1")


def test_powers_have_no_number_of_digits_too_many() -> None:
    with ctx.workprec(200):
        powers = [value_of(FORMS["pow"], [arb(a), arb(b)]) for a, b in ((-2, 3), (-2, -3), (0, 0), (-2, 1001), (3, 0.5))]
        assert powers[:3] == [-8, -0.125, 1]
        assert powers[3] < -1e300
        assert powers[4].overlaps(arb(3).sqrt())


@pytest.mark.parametrize("name", [op for op, row in OPS.items() if row.regions and (row.arity == 1 or op in ORDERS)])
def test_a_wide_ball_of_a_special_function_holds_what_its_numbers_give(name: str) -> None:
    """Balls between two numbers around the borders of regions; what a ball leaves open is unknown, infinite or undefined."""
    rng, judged = np.random.default_rng(4), 0
    order = [arb(3)] if name in ORDERS else []
    for region in OPS[name].regions:
        x = np.sort(in_reach(name, numbers(OPS[name], region, 2, rng)))
        x = x[np.abs(x) < 1e4]
        for at in rng.integers(0, x.size - 2, 12):
            low, inside, high = x[at : at + 3].tolist()
            with ctx.workprec(200):
                wide = value_of(FORMS[name], [*order, arb(low).union(arb(high))])
                for point in (low, inside, high):
                    found = value_of(FORMS[name], [*order, arb(point)])
                    if isinstance(wide, arb) and isinstance(found, arb):
                        judged += 1
                        assert wide.overlaps(found), (low, point, high)
                    assert wide is not UNDEFINED or found is UNDEFINED, (low, point, high)
    assert judged > 15


def test_every_form_is_tried() -> None:
    logic = {"lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not", "select", "piecewise", "stop"}
    assert set(TRUE) | logic == set(FORMS)
