"""The logarithm of the gamma function and its slopes, for numbers, arrays and values that are being recorded; their bounds.

From 1/2 to 4 each is a factor with its zeros or its pole, times a quotient of polynomials; above, its asymptotic expansion;
below, it follows by a step of the recurrence or, below 0, by reflection (NIST DLMF 5.5.1, 5.5.3, 5.11).
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from symgraph.runtime.bounds import WIDER, Bounded, outward, rounding_of, size_of
from symgraph.runtime.facts import Array
from symgraph.runtime.functions import narrowed, polynomial, select, widened

# log(gamma(x))/((x - 1)*(x - 2)) - 1/4 as a quotient, for 1/2 <= x <= 4, the highest first
LGAMMA_TOP = (
    -0.24516666102725806,
    -16.526761714156745,
    -228.30841826600476,
    -400.03606437120214,
    5866.136413156034,
    27291.6347363943,
    42186.61911952788,
    26909.244698696213,
    6985.249610302611,
    631.5374681447046,
    12.593408613903202,
)
LGAMMA_BOTTOM = (
    1.0,
    83.69059129761307,
    1850.0491755835244,
    15794.761176460555,
    60501.48202555494,
    110690.7184590466,
    97643.15405405345,
    39954.841398109274,
    6905.646078525309,
    410.49314301538755,
    4.840739712973282,
)
# x times what Stirling's formula lacks of log(gamma(x)) in powers of 1/x**2, for x >= 4
LGAMMA_FAR = (
    0.03686739114470535,
    -0.018529842349409912,
    0.005842830219816524,
    -0.0018988790775843355,
    0.0008413741438815142,
    -0.0005952337085914222,
    0.0007936507676291937,
    -0.0027777777777176055,
    0.08333333333333331,
)
# digamma(x)/(x - zero) - 1/2 as a quotient, for 1/2 <= x <= 4, the highest first
DIGAMMA_TOP = (
    -0.4957600115653803,
    -44.98455929356628,
    -1036.9485392039535,
    -8038.775996905205,
    -12172.22566798842,
    100826.94728410363,
    426374.67318230285,
    543390.557798628,
    197321.37585781372,
)
DIGAMMA_BOTTOM = (
    1.0,
    101.06640806527565,
    2873.751667393817,
    33631.48952829073,
    186568.46881001425,
    508515.2647282857,
    641215.8187191229,
    288411.2658382562,
    2.7765601516172586e-07,
)
# x**2 * (log(x) - 1/(2*x) - digamma(x)) in powers of 1/x**2, for x >= 4
DIGAMMA_FAR = (
    -2.7632461441771197,
    1.317667749896685,
    -0.3487583555569305,
    0.07978585893797804,
    -0.021004729764303443,
    0.007574376314502456,
    -0.00416665393289541,
    0.003968253907681641,
    -0.00833333333322018,
    0.0833333333333333,
)
# the positive zero of digamma, and what its double lacks
DIGAMMA_ZERO = (
    1.4616321449683622,
    9.549995429965697e-17,
)
# x**2 * trigamma(x) - 5/2 as a quotient, for 1/2 <= x <= 4, the highest first
TRIGAMMA_TOP = (
    1.000000000238654,
    9.144230436788776,
    32.68679138591445,
    44.213165360907304,
    -41.079781657452806,
    -229.73114104075532,
    -327.08490696261936,
    -207.15747515391328,
    -47.57950243326853,
)
TRIGAMMA_BOTTOM = (
    1.0,
    11.144230447178025,
    54.808585395342284,
    151.97296736660712,
    253.76469309294586,
    252.8411133949637,
    138.10498342301165,
    31.71966828954646,
)
# x**3 * (trigamma(x) - 1/x - 1/(2*x**2)) in powers of 1/x**2, for x >= 4
TRIGAMMA_FAR = (
    291.5396088214515,
    -137.64692782066686,
    33.49475609638737,
    -6.212848416800843,
    1.1412585027119473,
    -0.25261675002384304,
    0.07575132486512058,
    -0.033333286478507106,
    0.02380952362664625,
    -0.033333333333051524,
    0.1666666666666666,
)

# x times what Stirling's formula lacks of log(gamma(x)), as a quotient in 1/x**2, for x >= 1
STIRLERR_TOP = (
    0.039195471842695506,
    5.800822699078801,
    138.91795613227526,
    1148.6899525650456,
    4260.796636325532,
    8045.870789409599,
    8265.389626542568,
    4761.292823350606,
    1539.6991874959376,
    270.4264338896847,
    23.500912599938975,
    0.7730290049310525,
)
STIRLERR_BOTTOM = (
    1.0,
    93.90419686154202,
    1943.9789979111038,
    15024.540761687384,
    53764.90320956222,
    99471.4030274768,
    100952.50445615,
    57725.85039233726,
    18582.249063876334,
    3254.4395325976193,
    282.32016280124003,
    9.27634805917263,
)
# -x**2 times its slope, as a quotient in 1/x**2, for x >= 1
STIRLERR_SLOPE_TOP = (
    0.019296164477471643,
    3.4094100728337984,
    89.62318651730146,
    810.482469258799,
    3322.512331347478,
    7058.739915578541,
    8361.161384057286,
    5740.595838860066,
    2317.3718843018787,
    545.0448693547531,
    71.76595616416982,
    4.7955467794772,
    0.12395437343032832,
)
STIRLERR_SLOPE_BOTTOM = (
    1.0,
    79.91126178933808,
    1575.318696436032,
    12276.84701377302,
    46147.24014043611,
    92930.44578655562,
    106390.89006112186,
    71453.4097764688,
    28432.38711228628,
    6624.554426683534,
    866.8901735596999,
    57.69530660184276,
    1.4874524811639398,
)


def gamma_places(x: Array) -> tuple[Array, Array, Array, Array]:
    """Give x in float64, its distance from the nearest integer, and the argument in whose place a gamma function is computed.

    That is x, or 1 + |x| below 1/2; it comes as a number up to 4, for a quotient of polynomials, and as one from 4 on.
    """
    z = np.maximum(widened(x), -9007199254740992.0)  # below there are integers only
    y = select(z < 0.5, 1.0 + np.abs(z), z)
    return z, z - np.rint(z), np.minimum(y, 4.0), np.maximum(y, 4.0)


def lgamma(x: Array) -> Array:
    """Compute log(|gamma(x)|) within 3 ulp, at the zeros 1 and 2 too; below 0, of what cancels there. Poles give inf."""
    z, r, n, f = gamma_places(x)
    near = (n - 1.0) * (n - 2.0) * (0.25 + polynomial(LGAMMA_TOP, n) / polynomial(LGAMMA_BOTTOM, n))
    u = 1.0 / f
    far = (f - 0.5) * (np.log(f) - 1.0) + (0.4189385332046727 + u * polynomial(LGAMMA_FAR, u * u))
    base = select(n < 4.0, near, far)
    reflected = -np.log(np.abs(np.sin(np.pi * r)) / np.pi) - base
    result: Array = narrowed(select(z <= 0.0, reflected, base - np.log(select((z > 0.0) & (z < 0.5), z, 1.0))), x)
    return result


def digamma(x: Array) -> Array:
    """Compute the slope of lgamma within 3 ulp, at its positive zero too; below 0, of what cancels there. Poles give -inf."""
    z, r, n, f = gamma_places(x)
    factor = (n - DIGAMMA_ZERO[0]) - DIGAMMA_ZERO[1]
    near = factor * (0.5 + polynomial(DIGAMMA_TOP, n) / polynomial(DIGAMMA_BOTTOM, n))
    u = 1.0 / f
    far = np.log(f) - u * (0.5 + u * polynomial(DIGAMMA_FAR, u * u))
    a = np.abs(r)
    tangent = np.tan(np.pi * select(a < 0.25, a, 0.5 - a))  # of pi*r or of its complement: cot(pi*r) keeps its digits near 1/2
    cotangent = np.copysign(np.pi * select(a < 0.25, 1.0 / tangent, tangent), r)
    step = select(z < 0.0, cotangent, 1.0 / select(z < 0.5, z, np.inf))
    result: Array = narrowed(select(n < 4.0, near, far) - step, x)
    return result


def trigamma(x: Array) -> Array:
    """Compute the slope of digamma within 3.5 ulp. Poles give inf."""
    z, r, n, f = gamma_places(x)
    near = (2.5 + polynomial(TRIGAMMA_TOP, n) / polynomial(TRIGAMMA_BOTTOM, n)) / n / n
    u = 1.0 / f
    base = select(n < 4.0, near, u + u * u * (0.5 + u * polynomial(TRIGAMMA_FAR, u * u)))
    root = select(z < 0.0, np.pi / np.sin(np.pi * r), 1.0 / select(z < 0.5, z, np.inf))
    result: Array = narrowed(root * root + select(z < 0.0, -base, base), x)
    return result


def stirlerr(x: Array) -> Array:
    """Compute what Stirling's formula lacks of log(gamma(x)) for x > 0; below 1 by a step of the recurrence."""
    z = widened(x)
    n = np.minimum(z, 1.0)
    u = 1.0 / select(z < 1.0, z + 1.0, z)
    base = u * (polynomial(STIRLERR_TOP, u * u) / polynomial(STIRLERR_BOTTOM, u * u))
    step = (n + 0.5) * (np.log1p(n) - np.log(n)) - 1.0
    result: Array = narrowed(base + select(z < 1.0, step, 0.0), x)
    return result


def stirlerr_slope(x: Array) -> Array:
    """Compute the slope of stirlerr."""
    z = widened(x)
    n = np.minimum(z, 1.0)
    u = 1.0 / select(z < 1.0, z + 1.0, z)
    base = u * u * (polynomial(STIRLERR_SLOPE_TOP, u * u) / polynomial(STIRLERR_SLOPE_BOTTOM, u * u))
    step = np.log1p(n) - np.log(n) - 0.5 * (1.0 / n + 1.0 / (n + 1.0))
    result: Array = narrowed(select(z < 1.0, step, 0.0) - base, x)
    return result


def sloped(function: Callable[[Array], Array], slope: Callable[[Array], Array], units: float, x: Bounded) -> Bounded:
    """Bound a function of the gamma family: the error times the slope, which between two poles is greatest at an end.

    Args:
        function: whose error in float64 is at most so many units in the last place of what cancels in it, and 1 in float32.
        slope: its slope, convex or monotone between poles, within a few units as well.
        units: the units.
        x: the operand.
    """
    a, da = x
    value: Array = function(a)
    low, high = np.float64(a) - da, np.float64(a) + da
    one_side = (low > 0.0) | (np.floor(low) == np.floor(high))
    moved = da * np.maximum(size_of(slope(low)), size_of(slope(high))) * WIDER
    scale = size_of(value) + np.where(low < 0.0, size_of(function(1.0 - low)), 0.0)
    rounding = rounding_of(np.asarray(scale, value.dtype), units, 1.0 + units * 2.0**-20)
    return outward(value, np.where(da > 0.0, np.where(one_side, moved, np.inf), 0.0) + rounding)


def tetragamma_size(x: Array) -> Array:
    """Give a number that is not below the size of trigamma's slope, 2 * sum(1/(x + k)**3), and falls away from each pole.

    For x > 0 the sum is at most its first term and an integral over the others; else the two nearest poles are told apart.
    """
    d = np.abs(x - np.rint(x))
    size: Array = select(x > 0.0, (1.0 + 2.0 / x) / x / x, 2.0 / (d * d * d) + 21.0)
    return size


lgamma_bound = partial(sloped, lgamma, digamma, 3.0)
digamma_bound = partial(sloped, digamma, trigamma, 3.0)
trigamma_bound = partial(sloped, trigamma, tetragamma_size, 3.5)
stirlerr_bound = partial(sloped, stirlerr, stirlerr_slope, 20.0)
# whose own slope is below 1/(2*a*a*(1 + 2*a))
stirlerr_slope_bound = partial(sloped, stirlerr_slope, lambda a: 0.5 / a / a / (1.0 + 2.0 * a), 12.0)
