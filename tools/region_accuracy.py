"""The figures by region of the op table, measured against the reference: ball arithmetic, which is quick.

``python tools/region_accuracy.py [--points N] [--seed S] [OP ...]`` prints the largest errors found in each region and where;
tests/spec/ops/test_region_accuracy.py holds the stated figures against the same measurement at fewer points.
"""

import argparse
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
from flint import arb, ctx
from op_accuracy import ADDED, LEFT_OUT, SCALE, arithmetic_of, by_scalar, graph_of
from op_points import Arrays, Case, anywhere, operands_of
from sympy import Abs, lambdify

from symgraph.compiler.ir.evaluate import evaluate
from symgraph.judge.balls import Missing
from symgraph.judge.form import slope_of, value_of
from symgraph.judge.forms import FORMS
from symgraph.spec.ops.op import WHOLE_NUMBERS, Op, Region
from symgraph.spec.ops.ops import OPS

PRECISIONS = (100, 200, 400, 800, 1600, 3200)
CERTAIN, LEAST = arb((1, -75)), arb((1, -1150))
"""Relative radius of a ball that is narrow enough, and the size below which an absolute one of the size will do."""

UNIT, NORMAL, SUBNORMAL, OVERFLOW = arb((1, -52)), arb((1, -1022)), arb((1, -1074)), arb((2**54 - 1, 970))

ORDERS = {"bessel": range(21), "polygamma": range(2, 13)}
"""Orders that are measured; those of Bessel functions below 0 follow from them."""

FADDEEVA = tuple(f"wofz_{name}" for name in ("re", "im", "slope_re", "slope_im", "bend_re", "bend_im"))

REACH = {"mod": 2.0**1022, "betaln": 1e300, "digamma_step": 1e300, **dict.fromkeys((*FADDEEVA, "voigt"), 1e100)}
"""Size of operands up to which functions of them are measured: where sums and squares of these are numbers."""

WHERE_SIZES_END = 1e15
"""Largest argument of a gamma function below 0, where poles stand closer than doubles beyond."""


def truth(op: str, point: tuple[float, ...], root: str) -> arb | None:
    """The reference's value or slope at a point; None where there is no finite number, as at a pole."""
    for precision in PRECISIONS:
        with ctx.workprec(precision):
            balls = [arb(x) for x in point]
            found = value_of(FORMS[op], balls)
            if root != "value" and isinstance(found, arb):
                found = slope_of(FORMS[op], int(root.split()[1]), found, balls)
            if found in (Missing.UNDEFINED, Missing.KINK):
                return None
            if isinstance(found, arb) and found.is_finite():
                size, radius = abs(found.mid()), found.rad()
                if radius <= size * CERTAIN or (radius < LEAST and size < LEAST):
                    return found.mid()
    return None


def in_ulp(op: str, root: str, point: tuple[float, ...], got: float, true: arb, figure: float) -> float:
    """An error in units in the last place of the truth or, where that is above the figure, of what the table's note names."""
    if abs(true) >= OVERFLOW or not math.isfinite(got):
        return 0.0 if abs(true) >= OVERFLOW else math.inf
    difference, scale = abs(arb(got) - true), abs(true)
    for _ in range(2):
        error = float(difference / (scale * UNIT if scale >= NORMAL else SUBNORMAL))
        if error <= figure or (op, root) not in SCALE:
            break
        scale = scale.max(scale_of(op, root, point))
    return error


def scale_of(op: str, root: str, point: tuple[float, ...]) -> arb:
    """The size that a note of the table names: of Bessel functions that of waves, by balls, else as op_accuracy.py does."""
    if not op.startswith("bessel"):
        with mpmath.workdps(40):
            return arb(mpmath.nstr(mpmath.mpf(SCALE[op, root](*map(mpmath.mpf, point))), 30))
    order = point[0] if len(point) > 1 else float(op[-1])
    if abs(point[-1]) <= order + 0.5:
        return arb(0)
    with ctx.workprec(200 + 2 * max(math.frexp(point[-1])[1], 0)):
        x = arb(abs(point[-1]))
        orders = (order,) if root == "value" else (order - 1, order + 1)
        waves = [(x.bessel_j(arb(n)) ** 2 + x.bessel_y(arb(n)) ** 2).sqrt().mid() for n in orders]
        return sum(waves, arb(0)) / len(orders)


def measures(region: Region, count: int, draw: Any) -> Any:
    """Numbers of a region: of every size, dense at its ends, at the whole numbers and at the multiples of pi/2 in it."""
    low, high = max(region.low, -1.7e308), min(region.high, 1.7e308)
    near = np.exp2(draw.uniform(-52, -1, count)) * draw.choice([-1.0, 1.0], count)
    ends = [end for end in (low, high) if abs(end) < 1e300]
    sizes = np.exp2(draw.uniform(-1074, 1024, count))
    ordinary = np.exp2(draw.uniform(-40, 12, 2 * count))
    inner = draw.uniform(max(low, -750.0), min(high, 750.0), 2 * count) if low < 750.0 else ordinary
    places = np.rint(draw.uniform(max(low, -190.0), min(high, 190.0), count)) if low < 190.0 else ordinary[:count]
    parts = [sizes, -sizes, ordinary, -ordinary, inner, *(end + near for end in ends), *(end * (1.0 + near) for end in ends)]
    parts += [low + sizes, high - sizes, places + near, places * (np.pi / 2) * (1.0 + near / 8.0), places, [low, high]]
    found = np.concatenate(parts)
    return found[(found >= region.low) & (found <= region.high) & np.isfinite(found)]


def numbers(row: Op, region: Region, count: int, draw: Any) -> Any:
    """Last operands that lie in a region."""
    found = measures(region, count, draw)
    if row.region_of.func is Abs:
        found = found * draw.choice([-1.0, 1.0], found.size)
    return np.array([x for x in found.tolist() if x in row.domain[-1]])


def _width(s: Any) -> Any:
    """A scale from 2**-50 to 2**50, given numbers of any size."""
    return np.exp2(50.0 * np.sin(np.log(np.abs(s) + 1e-300)))


PAIRS: Mapping[str, Callable[[Any, Any, Any], Arrays]] = {
    "pow": lambda t, s, u: (np.abs(s), t / np.log(np.abs(s)) * np.sign(u - 0.5)),
    "hypot": lambda t, s, u: (t, t * np.exp2(-60.0 * u)),
    "logaddexp": lambda t, s, u: (s, s - t),
    "xlogy": lambda t, s, u: (s, t),
    "atan2": lambda t, s, u: (np.abs(s) * np.sin(t) * np.sign(u - 0.5), np.abs(s) * np.cos(t)),
    "betaln": lambda t, s, u: (t, t + np.where(u < 0.5, np.abs(s), t * np.exp2(-100.0 * (u - 0.5)))),
    "digamma_step": lambda t, s, u: (t, np.where(u < 0.5, np.abs(s), t * np.exp2(100.0 * (u - 0.75)))),
    "mod": lambda t, s, u: (t * s, s * np.sign(u - 0.5)),
    **{
        name: lambda t, s, u: (t * np.cos(7.0 * u), t * np.where(s > 0.0, np.abs(np.sin(7.0 * u)), np.exp2(-60.0 * u)))
        for name in FADDEEVA
    },
    "voigt": lambda t, s, u: (
        t * _width(s) * np.cos(7.0 * u),
        _width(s),
        t * _width(s) * np.where(s > 0.0, np.abs(np.sin(7.0 * u)), np.exp2(-60.0 * u)),
    ),
}
"""Operands of each function of several, given the number that tells regions apart, one of any size, and one from 0 to 1."""


def pairs(op: str, region: Region, count: int, draw: Any) -> Arrays:
    """Operands of an op of several in a region, of symmetric ones in either order."""
    row, case = OPS[op], Case(op)
    with np.errstate(all="ignore"):
        t = measures(region, count, draw)
        s = np.resize(draw.permutation(anywhere(draw, count, "float64")), t.size)
        made = PAIRS[op](t, s, draw.uniform(0.0, 1.0, t.size))
        if op in ("hypot", "logaddexp", "betaln"):
            turned = draw.choice([0, 1], t.size)
            made = tuple(np.where(turned, made[1 - at], made[at]) for at in (0, 1))
        found = [np.concatenate(both) for both in zip(made, operands_of(case, count, "float64"), strict=True)]
        told = lambdify([f"x{at}" for at in range(row.arity)], row.region_of, "numpy")(*found)
        kept = (told >= region.low) & (told <= region.high) & np.isfinite(found[0]) & np.isfinite(found[1])
    inside = [
        all(x in span for x, span in zip(point, row.domain, strict=True)) for point in zip(*map(list, found), strict=True)
    ]
    kept &= np.array(inside)
    reach = REACH.get(op, math.inf)
    kept &= np.all([np.abs(operand) < reach for operand in found], axis=0)
    return tuple(array[kept] for array in found)


def operands(op: str, region: Region, count: int, seed: int = 0) -> Iterator[Arrays]:
    """Operands in a region; of functions of an order for one order after the other."""
    row, draw = OPS[op], np.random.default_rng([seed, count])
    if row.domain[0] is WHOLE_NUMBERS:
        for order in ORDERS[op.partition("_")[0]]:
            x = in_reach(op, numbers(row, region, max(count // len(ORDERS[op.partition("_")[0]]), 1), draw))
            yield np.full_like(x, order), x
    elif row.arity > 1:
        yield pairs(op, region, count, draw)
    else:
        yield (in_reach(op, numbers(row, region, count, draw)),)


def in_reach(op: str, x: Any) -> Any:
    """Leave out numbers at which the reference takes long: huge ones, at which a function is at its end."""
    if op.startswith("bessel"):
        return x[(np.abs(x) < (1e200 if op[7] in "jy" else 760.0)) & ((x == 0.0) | (np.abs(x) > 1e-320))]
    if op == "log_ndtr":
        return x[x > -1e154]  # below, x*x overflows before half of it does
    if op == "polygamma":
        return x[(x > -1e3) & (x < 1e6)]
    if op in ("gamma", "lgamma", "digamma", "trigamma"):
        return x[(x > -WHERE_SIZES_END) & ((op != "gamma") | (np.abs(x) < 1e4))]
    return x


@dataclass(frozen=True, slots=True)
class Found:
    """The largest error that was found, in ulp, and where."""

    error: float = 0.0
    point: tuple[float, ...] = ()
    where: str = ""


def runs_of(op: str, arrays: Arrays) -> dict[str, dict[str, Any]]:
    """The results of each backend, by the name of its results."""
    of_order = OPS[op].domain[0] is WHOLE_NUMBERS
    case, moving = (Case(op, float(arrays[0][0])), arrays[1:]) if of_order else (Case(op), arrays)
    graph = graph_of(case)
    leaves = {f"x{at}": array for at, array in enumerate(moving)} | {"c": np.ones_like(moving[0])}
    with np.errstate(all="ignore"):
        values = evaluate(graph, leaves, arithmetic_of("numpy"))
    runs = {"numpy": {root: np.broadcast_to(values[at], moving[0].shape) for root, at in graph.roots.items()}}
    return runs | ({"scalar": dict(by_scalar(case, moving))} if "scalar" in OPS[op].backends else {})


def figures(op: str, region: Region) -> dict[str, float]:
    """The figures of a region: of the value, and of the slopes by the last operands."""
    first = OPS[op].arity - len(region.partial_ulp)
    return {"value": region.ulp, **{f"partial {first + at}": figure for at, figure in enumerate(region.partial_ulp)}}


def is_judged(op: str, root: str, point: tuple[float, ...], true: arb, value: arb | None) -> bool:
    """Tell if a result is held to its figure: a slope only where its factors are normal numbers, and no note leaves it out."""
    if (op, root) in LEFT_OUT and LEFT_OUT[op, root](mpmath.ldexp(1, 1024), *map(mpmath.mpf, point)):
        return False
    if root == "value":
        return True
    if OPS[op].arity == 1 or OPS[op].domain[0] is WHOLE_NUMBERS:
        # a slope that is a multiple of a subnormal value has no more digits than this
        return value is None or abs(value) >= NORMAL
    return value is not None and abs(value) < OVERFLOW and (true.is_zero() or abs(true) >= NORMAL / UNIT)


def measure(op: str, region: Region, count: int, seed: int = 0) -> dict[str, Found]:
    """The largest errors of the value and of the slopes in a region."""
    stated = figures(op, region)
    worst = {root: Found() for root in stated}
    for arrays in operands(op, region, count, seed):
        if not arrays[-1].size:
            continue
        runs = runs_of(op, arrays)
        for at, point in enumerate(zip(*(array.tolist() for array in arrays), strict=True)):
            value = truth(op, point, "value")
            for root, figure in stated.items():
                true = value if root == "value" else truth(op, point, root)
                if true is None or not is_judged(op, root, point, true, value):
                    continue
                # a backend may lack the operation that a slope needs
                for where, result in ((name, run) for name, run in runs.items() if root in run):
                    error = in_ulp(op, root, point, float(result[root][at]), true, figure)
                    if (op, root) in ADDED:
                        error = max(error - float(ADDED[op, root](*point)), 0.0)
                    if not error <= worst[root].error:
                        worst[root] = Found(error, point, where)
    return worst


def main() -> None:
    """Print the measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ops", nargs="*", metavar="OP")
    parser.add_argument("--points", type=int, default=1000, help="points of each kind; a region has some fifteen kinds")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for op in options.ops or [name for name, row in OPS.items() if row.regions]:
        for region in OPS[op].regions:
            for root, found in measure(op, region, options.points, options.seed).items():
                figure = figures(op, region)[root]
                mark = "" if found.error <= figure else "  ABOVE"
                head = f"{op:12} {region.low:g} .. {region.high:g}"
                print(f"{head:36} {root:10} {found.error:9.3f} of {figure:4g} at {found.point} {found.where}{mark}", flush=True)


if __name__ == "__main__":
    main()
