"""Functions of users on balls. Nobody but the user knows them, so they are taken to be right at floats.

At a ball a function is its value at the float nearest to the midpoint, and from there a straight line by its partials. Where
balls are as wide as rounding makes them, the values at their ends tell how far the function is from that line.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial

from flint import arb, ctx

from symgraph.judge.balls import UNDEFINED, UNKNOWN, Value
from symgraph.spec.ops.user_functions import UserOp

_COARSE = 53
"""Precision in bits up to which balls stand for what rounding does."""
_ALLOWED = 4.0
"""Units in the last place by which two calls of a function may differ, beside what calls with arrays show."""
_STEP = 2.0**-20
"""Step, relative to the argument, of the difference in the place of a partial that there is none of; it is multiplied by the
distance to the nearest float alone."""


def value_of_user(op: UserOp, *operands: arb) -> Value:
    """Enclose the value of a user's function."""
    return _along(op, [partial(_slope_at, op, place) for place in range(len(operands))], operands)


def slope_of_user(op: UserOp, place: int, _: Value, *operands: arb) -> Value:
    """Enclose the partial of a user's function by one argument; it is taken to be the same from a float to the next."""
    slope = op.partials[place]
    return UNKNOWN if slope is None else _along(slope, [lambda at: 0.0] * len(operands), operands)


def _along(op: UserOp, slopes: Sequence[Callable[[list[float]], float | None]], operands: Sequence[arb]) -> Value:
    """Enclose a function by straight lines from the float nearest to the operands, given its slopes at floats."""
    if not all(operand.is_finite() for operand in operands):
        return UNKNOWN
    at = [float(operand.mid()) for operand in operands]
    found = op.at(*at) if all(map(math.isfinite, at)) else None
    if found is None:
        return UNDEFINED
    total, slopes_there, ends = arb(found), list[float](), [tuple(at)]
    for place, (operand, slope_at) in enumerate(zip(operands, slopes, strict=True)):
        exact = (operand - at[place]).is_zero()
        slope = 0.0 if exact else slope_at(at)
        if slope is None:
            return UNKNOWN
        slopes_there.append(slope)
        total = total + arb(slope) * (operand - at[place])
        reach = 0.0 if exact else float(operand.rad())
        ends += [(*at[:place], at[place] + side * reach, *at[place + 1 :]) for side in (-1.0, 1.0)]
    if ctx.prec > _COARSE:
        return total
    apart = _ALLOWED * 2.0**-ctx.prec * abs(found)
    for end, value in zip(ends, op.of_arrays(ends), strict=True):
        if value is None:
            return UNKNOWN
        line = found + sum(slope * (moved - start) for slope, moved, start in zip(slopes_there, end, at, strict=True))
        apart = max(apart, abs(value - line))
    return total + arb(0, apart)


def _slope_at(op: UserOp, place: int, at: list[float]) -> float | None:
    """The partial of a function at floats, by a difference where there is none."""
    slope = op.partials[place]
    if slope is not None:
        return slope.at(*at)
    step = _STEP * (abs(at[place]) or 1.0)
    low, high = (op.at(*at[:place], at[place] + side, *at[place + 1 :]) for side in (-step, step))
    return None if low is None or high is None else (high - low) / (2.0 * step)
