"""Functions that NumPy lacks, for numbers, arrays and values that are being recorded.

They branch on no value and change none in place, so that a recording sees every operation.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from symgraph.runtime.facts import DOUBLE, Array

# erf(x)/x - 1 in powers of x*x, for |x| <= 1, the highest first
ERF_NEAR = (
    5.957176147748911e-11,
    -1.1372848856791674e-09,
    1.4659775274047436e-08,
    -1.6350312701054695e-07,
    1.6461000484121368e-06,
    -1.4925595266831182e-05,
    0.0001205533111164271,
    -0.000854832698083379,
    0.0052239776248180145,
    -0.026866170645076792,
    0.11283791670954879,
    -0.3761263890318375,
    0.1283791670955126,
)
# (1 + x) * exp(x*x) * erfc(x) - 1 in powers of (x - 3)/(x + 3), for x >= 0,
# the highest first
ERFC_FAR = (
    -9.293718866480873e-11,
    -4.123986652008325e-11,
    9.727121897236219e-10,
    8.144732490661972e-10,
    -5.219636899535636e-09,
    -7.772784773931853e-09,
    1.9136881640078598e-08,
    5.209874935743836e-08,
    -5.011816261093026e-08,
    -2.945591693737763e-07,
    6.300040014600058e-08,
    1.5894924441898844e-06,
    2.596037384965016e-07,
    -8.990382099441031e-06,
    -1.514046022139011e-06,
    5.611945859294503e-05,
    -2.0551678368657495e-05,
    -0.00036728849317181085,
    0.0006458142123139868,
    0.0016185691283026596,
    -0.009750689293391925,
    0.021957764012596716,
    -0.023803913108648548,
    -0.010235388899006492,
    0.09902075367943985,
    -0.23092733308380922,
    -0.2839953952744402,
)
# sqrt(pi) * (1 + x)**2 * exp(x*x) * ierfc(x) - 1 in powers of (x - 3)/(x + 3), for x >= 0
IERFC_FAR = (
    -8.788544366823755e-10,
    3.0384744579978467e-09,
    1.2507430777249015e-08,
    -2.6241279186126414e-08,
    -9.396585606450658e-08,
    9.837439592043046e-08,
    5.12634272053902e-07,
    -1.2192853708577232e-07,
    -2.368515928591332e-06,
    -9.351371879568061e-07,
    1.0350833091018662e-05,
    8.944176114131392e-06,
    -4.7306519091752354e-05,
    -5.00133365698293e-05,
    0.0002447022778822652,
    0.0001821189238085262,
    -0.0014201478700750644,
    0.00034565346340648004,
    0.007398557082532838,
    -0.015553717319400388,
    -0.0001853252245304031,
    0.05832989977695031,
    -0.12315930990258162,
    0.09661660086477712,
    0.09618184448451268,
    -0.3898785046549525,
    -0.2290214269428037,
)


def select(condition: Any, chosen: Any, other: Any) -> Any:
    """Take chosen where the condition holds, else the other; a scalar for one row."""
    return np.where(condition, chosen, other)[()]


def every_row(value: Any, column: Any) -> Any:
    """Repeat a value that is the same in every row once for each entry of a column."""
    return np.where(True, value, column)[()]


def widened(x: Any) -> Any:
    """Give x in float64."""
    return x if x.dtype is DOUBLE else x.astype(DOUBLE)


def narrowed(value: Any, x: Any) -> Any:
    """Give a value of float64 in the dtype of x."""
    return value if x.dtype is DOUBLE else value.astype(x.dtype)


def polynomial(coefficients: Sequence[float], x: Array) -> Array:
    """Evaluate a polynomial by Horner's rule, the highest coefficient first."""
    result = x * coefficients[0] + coefficients[1]
    for coefficient in coefficients[2:]:
        result = result * x + coefficient
    return result


def square_parts(a: Array) -> tuple[Array, Array]:
    """Split off the 26 leading bits of a, whose square is exact, and give a*a less that square as well."""
    high = 134217729.0 * a
    high = high - (high - a)
    return high, (a - high) * (a + high)


def gauss_parts(a: Array) -> tuple[Array, Array]:
    """Give exp(-a*a) for 0 <= a <= 28 as main - main * rest, the square free of rounding."""
    high, small = square_parts(a)
    return np.exp(-high * high), small * (1.0 - small * (0.5 - small / 6.0))


def gauss(x: Array) -> Array:
    """Compute exp(-x*x) within 1.5 ulp, at large x too."""
    main, rest = gauss_parts(np.minimum(widened(np.abs(x)), 28.0))
    result: Array = narrowed(main - main * rest, x)
    return result


def erfc_far(a: Array) -> Array:
    """Compute the complementary error function for 1/2 <= a <= 28."""
    main, rest = gauss_parts(a)
    scaled = main / (1.0 + a)
    excess = polynomial(ERFC_FAR, (a - 3.0) / (a + 3.0))
    return scaled + scaled * (excess - rest * (1.0 + excess))


def erf(x: Array) -> Array:
    """Compute the error function within 1.5 ulp."""
    z = widened(x)
    a = np.minimum(np.abs(z), 28.0)
    near = z + z * polynomial(ERF_NEAR, z * z)
    far = np.copysign(1.0 - erfc_far(a), z)
    result: Array = narrowed(select(a < 1.0, near, far), x)
    return result


def erfc(x: Array) -> Array:
    """Compute the complementary error function within 3 ulp, where it is tiny too."""
    z = widened(x)
    a = np.minimum(np.abs(z), 28.0)
    near = 1.0 - (z + z * polynomial(ERF_NEAR, z * z))
    far = erfc_far(a)
    tail = select(z < 0.0, 2.0 - far, far)
    middle = (z > -1.0) & (z < 0.5)
    result: Array = narrowed(select(middle, near, tail), x)
    return result


def erfcx(x: Array) -> Array:
    """Compute exp(x*x) * erfc(x) within 3 ulp."""
    z = widened(x)
    a = np.abs(z)
    far = (1.0 + polynomial(ERFC_FAR, 1.0 - 6.0 / (a + 3.0))) / (1.0 + a)
    # below 0 it is 2*exp(x*x) - far, halved so that nothing overflows but the result
    high, small = square_parts(np.minimum(np.maximum(-z, 0.0), 26.64))
    half = np.exp(high * high)
    half = half + (half * (small * (1.0 + small * (0.5 + small / 6.0))) - 0.5 * far)
    result: Array = narrowed(select(z < 0.0, 2.0 * half, far), x)
    return result


def ierfcx(x: Array) -> Array:
    """Compute exp(x*x) * ierfc(x) = 1/sqrt(pi) - x * exp(x*x) * erfc(x) within 4 ulp, without cancelling."""
    z = widened(x)
    a = np.maximum(z, 0.0)
    root = 0.5641895835477563
    far = root + root * polynomial(IERFC_FAR, 1.0 - 6.0 / (a + 3.0))
    far = far / (1.0 + a) / (1.0 + a)
    b = np.minimum(z, 0.0)
    result: Array = narrowed(select(z < 0.0, root - b * erfcx(b), far), x)
    return result


def power_slope(x: Array, n: Array) -> Array:
    """Compute n*x**(n - 1), the slope of a power, within 2.5 ulp; 0 for n = 0."""
    below = n < 0.5  # where n - 1 would round, and x**n is a normal number if x is
    power = np.power(select(below & (x == 0.0), 1.0, x), select(below, n, n - 1.0))
    result: Array = n * power / select(below & (n != 0.0), x, 1.0)
    return result
