"""Sines, cosines and tangents of pairs, and angles."""

from math import factorial

import numpy as np

from symgraph.runtime.double_double import (
    EXACT,
    NOTHING,
    Pair,
    Table,
    dd_neg,
    dd_where,
    fast_two_sum,
    pair_add,
    pair_add_float,
    pair_div,
    pair_horner,
    pair_ldexp,
    pair_mul,
    pair_of,
    pair_root,
    series_of,
    settled,
    settled_of_one,
    settled_of_two,
    two_prod,
    two_sum,
    with_sign,
)
from symgraph.runtime.facts import Array
from symgraph.runtime.wide_pairs import (
    NO_POWER,
    ORDINARY,
    OfAnySize,
    Wide,
    beyond_pairs,
    like_itself,
    same_power,
    wide_div,
    wide_where,
)

PI_PARTS = (
    0.19634954084936207,
    7.654042494670958e-18,
    -1.8717311310739623e-34,
    6.952838880388896e-51,
)
RISING: Table = (
    (0.0, 0.0),
    (0.19509032201612828, -7.991079068461731e-18),
    (0.3826834323650898, -1.0050772696461588e-17),
    (0.5555702330196022, 4.709410940561677e-17),
    (0.7071067811865476, -4.833646656726457e-17),
    (0.8314696123025452, 1.4073856984728024e-18),
    (0.9238795325112867, 1.7645047084336677e-17),
    (0.9807852804032304, 1.8546939997825006e-17),
    (1.0, 0.0),
)
HALF_TURN: Table = (*RISING, *RISING[-2:0:-1])
SINES: Table = (*HALF_TURN, *((0.0 - hi, 0.0 - lo) for hi, lo in HALF_TURN))
SINES_HI, SINES_LO = np.array(SINES).T
SIN_TERMS, SIN_TAIL = series_of([EXACT.divide((-1) ** n, factorial(2 * n + 1)) for n in range(1, 10)], 4)
COS_TERMS, COS_TAIL = series_of([EXACT.divide((-1) ** n, factorial(2 * n)) for n in range(1, 10)], 4)
PI_BITS = int(
    "3243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c8"
    "9452821e638d01377be5466cf34e90c6cc0ac29b7c97c50dd3f84d5b5b547091"
    "79216d5d98979fb1bd1310ba698dfb5ac2ffd72dbd01adfb7b8e1afed6a267e9"
    "6ba7c9045f12c7f9924a19947b3916cf70801f2e2858efc16636920d871574e6"
    "9a458fea3f4933d7e0d95748f728eb658718bcd5882154aee7b54a41dc25a59b"
    "59c30d",
    16,
)


def huge_turn(hi: float, lo: float) -> tuple[float, float, int]:
    """Divide a huge number by pi/16 in whole numbers: give the remainder, with its low part, and the quotient mod 32."""
    ratios = [part.as_integer_ratio() for part in (float(hi), float(lo))]
    scaled = sum((above << 1304) // below for above, below in ratios)
    k = (2 * scaled + PI_BITS) // (2 * PI_BITS)
    rest = scaled - k * PI_BITS
    head = rest / (1 << 1304)
    numerator, denominator = head.as_integer_ratio()
    low = rest - (numerator << 1304) // denominator
    return head, low / (1 << 1304), k % 32


def turn_of(x: Pair) -> tuple[Pair, Pair, Array]:
    """Give sin(r), cos(r) - 1 and k mod 32, where x = k * pi/16 + r."""
    k = np.rint(x[0] * 5.092958178940651)
    first, second, third, fourth = PI_PARTS
    p, e = two_prod(k, np.asarray(first)[()])
    r = pair_add_float(pair_add_float(two_sum(x[0], -p), x[1]), -e)
    p, e = two_prod(k, np.asarray(second)[()])
    r = pair_add_float(pair_add_float(r, -p), -e)
    p, e = two_prod(k, np.asarray(third)[()])
    r = pair_add_float(pair_add_float(r, -p), -e - k * fourth)
    j = np.asarray(k).astype(np.int64) & 31
    huge = (np.abs(x[0]) > 1e12) & np.isfinite(x[0])
    if np.any(huge):
        parts = zip(x[0][huge], np.broadcast_to(x[1], huge.shape)[huge], strict=True)
        found = [huge_turn(hi, lo) for hi, lo in parts]
        r, j = dd_where(huge, (NOTHING, NOTHING), r), np.array(j)
        r[0][huge], r[1][huge], j[huge] = zip(*found, strict=True)
    square = pair_mul(r, r)
    sine = pair_add(r, pair_mul(pair_mul(r, square), pair_horner(square, SIN_TERMS, SIN_TAIL)))
    return sine, pair_mul(square, pair_horner(square, COS_TERMS, COS_TAIL)), j


def sine_of(turn: tuple[Pair, Pair, Array], quarters: int) -> Pair:
    """Compute the sine of an angle to which quarter turns are added."""
    sine, versine, j = turn
    i, j = (j + 8 * quarters) & 31, (j + 8 * quarters + 8) & 31
    a, b = (SINES_HI[i], SINES_LO[i]), (SINES_HI[j], SINES_LO[j])
    return pair_add(a, pair_add(pair_mul(a, versine), pair_mul(b, sine)))


dd_sin = like_itself(settled_of_one(lambda x: sine_of(turn_of(x), 0), np.sin))
dd_cos = settled_of_one(lambda x: sine_of(turn_of(x), 1), np.cos)


def pair_tan(x: Pair) -> Pair:
    """Compute the tangent."""
    turn = turn_of(x)
    return settled(pair_div(sine_of(turn, 0), sine_of(turn, 1)), np.tan, x[0])


dd_tan = like_itself(pair_tan)


def angle_of(y: Pair, x: Pair) -> Pair:
    """Compute the angle of the point (x, y): NumPy's, corrected by that of the point turned back."""
    _, power = np.frexp(np.maximum(np.abs(x[0]), np.abs(y[0])))
    x, y = pair_ldexp(x, -power), pair_ldexp(y, -power)
    angle = np.arctan2(y[0], x[0])
    turn = turn_of((angle, NOTHING))
    sine, cosine = sine_of(turn, 0), sine_of(turn, 1)
    across = pair_add(pair_mul(y, cosine), dd_neg(pair_mul(x, sine)))
    along = x[0] * cosine[0] + y[0] * sine[0]
    return fast_two_sum(angle, (across[0] + across[1]) / along)


def leg_of(x: Pair) -> Pair:
    """Take the root of 1 - x*x."""
    return pair_root(pair_mul(pair_add_float(x, 1.0), pair_add_float(dd_neg(x), 1.0)))


pair_atan2 = settled_of_two(angle_of, np.arctan2)


def wide_atan2(y: Wide, x: Wide) -> Wide:
    """Compute the angle of the point (x, y): y/x where that is very small, and x above 0."""
    a, b, _ = same_power(y, x)
    slope = wide_div(y, x)
    return wide_where((slope[2] < -ORDINARY) & (x[0] > 0), slope, (*pair_atan2(a, b), NO_POWER))


dd_atan2 = OfAnySize(pair_atan2, wide_atan2)
pair_atan = settled_of_one(lambda x: angle_of(x, pair_of(1.0)), np.arctan)


def wide_atan(x: Wide) -> Wide:
    """Compute the angle of a tangent: a right angle where that is very large."""
    right = with_sign(pair_of(8.0 * PI_PARTS[0], 8.0 * PI_PARTS[1]), x[0])
    return wide_where(beyond_pairs(x)[1], (*right, NO_POWER), like_itself(pair_atan).of_wide(x))


dd_atan = OfAnySize(pair_atan, wide_atan)
dd_asin = like_itself(settled_of_one(lambda x: angle_of(x, leg_of(x)), np.arcsin))
dd_acos = settled_of_one(lambda x: angle_of(leg_of(x), x), np.arccos)
