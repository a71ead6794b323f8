"""Error functions of pairs."""

import numpy as np

from symgraph.runtime.double_double import (
    NOTHING,
    Pair,
    Table,
    dd_neg,
    dd_where,
    pair_add,
    pair_add_float,
    pair_clipped,
    pair_div,
    pair_horner,
    pair_mul,
    pair_of,
    pair_scaled,
    settled,
    two_prod,
    with_sign,
)
from symgraph.runtime.double_double_exponentials import pair_exp, pair_expm1
from symgraph.runtime.facts import Array

ERF_TERMS: Table = (
    (1.1283791670955126, 1.533545961316588e-17),
    (-0.37612638903183754, 1.3391897206030649e-17),
    (0.11283791670955126, -4.017569161809194e-18),
    (-0.026866170645131252, 4.6092880729453e-19),
    (0.005223977625442188, -8.962504586282528e-20),
    (-0.0008548327023450853, 5.0148896786169737e-20),
    (0.00012055332981789664, 6.480246840070509e-21),
    (-1.492565035840625e-05, -6.248427055364001e-22),
    (1.6462114365889248e-06, -1.0547266132407653e-22),
    (-1.6365844691234924e-07, 1.5075323135139275e-24),
    (1.4807192815879218e-08, -3.254656350443331e-25),
    (-1.2290555301717928e-09, 9.976105519856072e-26),
)
ERF_TAIL = (
    9.422759064650411e-11,
    -6.7113668551641105e-12,
    4.4632242632864775e-13,
    -2.7835162072109215e-14,
    1.6342614095367152e-15,
    -9.063970842808673e-17,
    4.763348040515068e-18,
    -2.3784598852774293e-19,
    1.131218725924631e-20,
    -5.136209054585811e-22,
)
ERFC_PLACES: Table = (
    (33.1776, 1.7962520360015334e-15),
    (29.16, -1.4210854715202004e-16),
    (25.4016, 1.5973000699887052e-15),
    (21.9024, -9.094947017729283e-17),
    (18.6624, -1.6541434888495133e-15),
    (15.6816, 4.604316927725449e-16),
    (12.96, -8.526512829121202e-16),
    (10.4976, -2.6432189770275725e-16),
    (8.2944, 4.490630090003834e-16),
    (6.3504, 3.993250174971763e-16),
    (4.6656, -4.135358722123783e-16),
    (3.24, -2.1316282072803005e-16),
    (2.0736, 1.1226575225009584e-16),
    (1.1664, -1.0338396805309458e-16),
    (0.5184, 2.806643806252396e-17),
    (0.1296, 7.01660951563099e-18),
)
ERFC_WEIGHTS: Table = (
    (3.900779460804651e-15, -1.6350097986362416e-31),
    (2.167568882618962e-13, -4.2341208051418055e-30),
    (9.294484093066937e-12, 1.9226613060064788e-28),
    (3.075449070984899e-10, 2.3415051152293915e-26),
    (7.852766082667917e-09, -7.98543473568188e-25),
    (1.5472755133122434e-07, 1.2779952332121851e-23),
    (2.352575200009773e-06, -1.0907374517611191e-22),
    (2.7602616196642744e-05, -1.2458248424436e-21),
    (0.00024991242536772236, 6.115933200749298e-21),
    (0.0017460485771277554, -7.973397742399187e-21),
    (0.009413598369701636, -4.546666896566616e-19),
    (0.03916389509898707, 1.0771048258881618e-18),
    (0.12573232959442787, 1.0490298169589756e-17),
    (0.3114862758474071, 1.2538111337137371e-18),
    (0.5954725422392698, -1.1527523088154426e-17),
    (0.8784467393499313, -2.8244857022242e-17),
)
ERFC_TAIL: Table = (
    (74.6496, 3.802687557812958e-33),
    (68.5584, 1.6806032222332492e-30),
    (62.7264, 5.731530533274036e-28),
    (57.1536, 1.5083665718869986e-25),
    (51.84, 3.06319086457744e-23),
    (46.7856, 4.800340979923952e-21),
    (41.9904, 5.804983465856908e-19),
    (37.4544, 5.417023966069087e-17),
)
ERFC_SCALE = pair_of(0.22918311805232927, 1.2476705384872366e-17)
ERFC_POLE = pair_of(17.453292519943297, -8.986245243850265e-16)
IERFC_PLACES: Table = (
    (46.24, -1.9895196601282807e-15),
    (41.7316, -2.501110429875553e-16),
    (37.4544, 3.069544618483633e-16),
    (33.4084, -3.183231456205249e-16),
    (29.5936, 1.4267698134062812e-15),
    (26.01, -1.5631940186722204e-15),
    (22.6576, 1.3699263945454732e-15),
    (19.5364, -4.320099833421409e-16),
    (16.6464, 1.3642420526593922e-16),
    (13.9876, -4.774847184307873e-16),
    (11.56, -4.973799150320702e-16),
    (9.3636, 7.673861546209082e-17),
    (7.3984, 3.566924533515703e-16),
    (5.6644, 3.424815986363683e-16),
    (4.1616, 3.4106051316484806e-17),
    (2.89, -1.2434497875801754e-16),
    (1.8496, 8.917311333789258e-17),
    (1.0404, 8.526512829121201e-18),
    (0.4624, 2.2293278334473144e-17),
    (0.1156, 5.573319583618286e-18),
)
IERFC_WEIGHTS: Table = (
    (3.830372248352562e-19, -1.3384907441917926e-35),
    (3.138061386711717e-17, -1.0043916456581062e-33),
    (2.02891382434738e-15, 1.7384236017653586e-31),
    (1.034598650576123e-13, -4.154084739248657e-30),
    (4.157771516811646e-12, -3.163189679442455e-28),
    (1.3156515384136707e-10, -1.2626404893696576e-26),
    (3.274486861936971e-09, 1.5403676345822217e-25),
    (6.401677952826604e-08, -2.6923267017789497e-24),
    (9.814782110027464e-07, 9.380478148740989e-23),
    (1.1776214546903947e-05, -3.6548620118587224e-22),
    (0.00011028428281279596, -3.345922721894927e-21),
    (0.0008033097575138828, 7.486158379699442e-21),
    (0.004529533887448496, 3.043036701856289e-19),
    (0.019639763367365094, -7.622739085227114e-19),
    (0.06484857227370246, -5.93792693383484e-18),
    (0.16061525444718608, -1.0392313623462155e-17),
    (0.29094221642798257, 2.151945299099964e-17),
    (0.36758718682428887, 1.2933624608681766e-17),
    (0.29120582435982384, 1.968557096720342e-17),
    (0.1029801196237261, 4.2741906681276205e-18),
)
IERFC_TAIL: Table = (
    (78.1456, 9.009520234619861e-33),
    (72.25, 3.027342333022202e-30),
    (66.5856, 8.046771392977026e-28),
    (61.1524, 1.6914673961898697e-25),
    (55.9504, 2.8109506137258604e-23),
    (50.9796, 3.6917939513066096e-21),
)
IERFC_SCALE = pair_of(0.21645072260497766, -6.720161991373152e-18)
IERFC_POLE = pair_of(18.479956785822313, -3.2453531779582195e-16)


def pair_gauss(x: Pair) -> Pair:
    """Compute exp(-x*x), the square's low part as a factor of its own."""
    hi, lo = two_prod(x[0], x[0])
    rest = pair_add(pair_add_float(two_prod(2.0 * x[0], x[1]), x[1] * x[1]), (lo, NOTHING))
    e = pair_exp((-hi, NOTHING))
    return pair_add(e, pair_mul(e, pair_add(dd_neg(rest), (0.5 * rest[0] * rest[0], NOTHING))))


def pair_erf_near(x: Pair) -> Pair:
    """Compute the error function by Taylor's series, for |x| <= 1/2."""
    x = pair_clipped(x, 0.5)
    return pair_mul(x, pair_horner(pair_mul(x, x), ERF_TERMS, ERF_TAIL))


def pair_erfc_far(x: Pair) -> Pair:
    """Compute the complementary error function for x >= 1/2.

    The trapezoidal rule with step h = 0.36 for its integral, and the residue at the pole
    (Chiarella and Reichel, 1968); what is left out is below 2**-105 of the sum.
    """
    x = dd_where(x[0] < 0.5, pair_of(0.5), pair_clipped(x, 30.0))
    total = pair_mul(erfc_sum(x), pair_gauss(x))
    residue = pair_div(pair_of(2.0), pair_expm1(pair_mul(x, ERFC_POLE)))
    inside = np.where(x[0] < 8.7, 1.0, 0.0)
    return pair_add(total, pair_scaled(residue, -inside))


def erfc_sum(x: Pair) -> Pair:
    """Compute the sum of that rule without the factor exp(-x*x)."""
    square = pair_mul(x, x)
    total, tail = pair_div(pair_of(0.5), square), NOTHING
    for offset, factor in ERFC_TAIL:
        tail = tail + factor / (square[0] + offset)
    total = pair_add_float(total, tail)
    for place, weight in zip(ERFC_PLACES, ERFC_WEIGHTS, strict=True):
        total = pair_add(total, pair_div(pair_of(*weight), pair_add(square, pair_of(*place))))
    return pair_mul(total, pair_mul(x, ERFC_SCALE))


def erfc_parts(x: Pair) -> tuple[Array, Pair, Pair]:
    """Tell where |x| <= 1/2; give the error function there, and the complementary one of |x| beyond."""
    near = np.abs(x[0]) <= 0.5
    return near, pair_erf_near(x), pair_erfc_far(with_sign(x, x[0]))


def dd_erf(x: Pair) -> Pair:
    """Compute the error function."""
    near, inner, outer = erfc_parts(x)
    result = dd_where(near, inner, with_sign(pair_add_float(dd_neg(outer), 1.0), x[0]))
    return settled(result, lambda hi: np.clip(hi, -1.0, 1.0), x[0])


def dd_erfc(x: Pair) -> Pair:
    """Compute the complementary error function; 2 minus that of -x where x is negative."""
    near, inner, outer = erfc_parts(x)
    outer = dd_where(x[0] < 0, pair_add_float(dd_neg(outer), 2.0), outer)
    result = dd_where(near, pair_add_float(dd_neg(inner), 1.0), outer)
    return settled(result, lambda hi: 1.0 - np.clip(hi, -1.0, 1.0), x[0])


def far_out(x: Pair, pole: Pair, limit: float) -> tuple[Pair, Pair, Pair]:
    """Give x between 1/2 and 2**100, that over x, and exp(x*x) * residue, 0 beyond the limit."""
    inside = dd_where(x[0] < 0.5, pair_of(0.5), pair_clipped(x, 2.0**100))
    beyond = dd_where(x[0] > 2.0**100, pair_div(inside, x), pair_of(1.0))
    y = pair_clipped(inside, limit)
    residue = pair_div(pair_of(2.0), pair_mul(pair_expm1(pair_mul(y, pole)), pair_gauss(y)))
    return inside, beyond, pair_scaled(residue, np.where(x[0] < limit, 1.0, 0.0))


def pair_erfcx(x: Pair) -> Pair:
    """Compute exp(x*x) * erfc(x), not settled."""
    inside, beyond, residue = far_out(with_sign(x, x[0]), ERFC_POLE, 8.7)
    far = pair_mul(pair_add(erfc_sum(inside), dd_neg(residue)), beyond)
    growth = pair_div(pair_of(1.0), pair_gauss(pair_clipped(x, 26.7)))
    near = pair_mul(pair_add_float(dd_neg(pair_erf_near(x)), 1.0), growth)
    left = pair_add(pair_scaled(growth, 2.0), dd_neg(far))
    return dd_where(np.abs(x[0]) <= 0.5, near, dd_where(x[0] < 0, left, far))


def dd_erfcx(x: Pair) -> Pair:
    """Compute exp(x*x) * erfc(x)."""

    def plain(hi: Array) -> Array:
        grown = 2.0 * np.exp(hi * hi)
        return np.where(hi > 1.0, 0.5641895835477563 / hi, grown)

    return settled(pair_erfcx(x), plain, x[0])


def pair_ierfcx_far(x: Pair) -> Pair:
    """Compute exp(x*x) * ierfc(x) = 1/sqrt(pi) - x * exp(x*x) * erfc(x) for x >= 1/2.

    By the same rule, step 0.34: all terms of its integral are positive.
    """
    inside, beyond, residue = far_out(x, IERFC_POLE, 9.2)
    square = pair_mul(inside, inside)
    total, tail = (NOTHING, NOTHING), NOTHING
    for offset, factor in IERFC_TAIL:
        tail = tail + factor / (square[0] + offset)
    total = pair_add_float(total, tail)
    for place, weight in zip(IERFC_PLACES, IERFC_WEIGHTS, strict=True):
        total = pair_add(total, pair_div(pair_of(*weight), pair_add(square, pair_of(*place))))
    total = pair_add(pair_mul(total, IERFC_SCALE), pair_mul(inside, residue))
    return pair_mul(pair_mul(total, beyond), beyond)


def dd_ierfcx(x: Pair) -> Pair:
    """Compute exp(x*x) times the integral of erfc from x on."""

    def plain(hi: Array) -> Array:
        grown = -2.0 * hi * np.exp(hi * hi)
        return np.where(hi > 1.0, 0.2820947917738782 / hi / hi, grown)

    root = pair_scaled(pair_of(*ERF_TERMS[0]), 0.5)  # 1/sqrt(pi)
    left = pair_add(root, dd_neg(pair_mul(x, pair_erfcx(x))))
    return settled(dd_where(x[0] <= 0.5, left, pair_ierfcx_far(x)), plain, x[0])


def dd_gauss(x: Pair) -> Pair:
    """Compute exp(-x*x)."""
    return settled(pair_gauss(pair_clipped(x, 30.0)), lambda hi: np.exp(-hi * hi), x[0])
