"""Functions whose formulas are 0/0 or cancel at 0: near there by series, elsewhere by the formulas.

They branch on no value and change none in place, so that a recording sees every operation.
"""

import numpy as np

from symgraph.runtime.facts import Array
from symgraph.runtime.functions import narrowed, polynomial, select, widened

# the slope of exprel in powers of x, 1/(n! * (n + 2)), the highest first
EXPREL_SLOPE = (
    3.9145882126782523e-19,
    7.809603484293113e-18,
    1.4797143443923793e-16,
    2.6552651846596585e-15,
    4.498331606952833e-14,
    7.169215998581078e-13,
    1.0706029224547743e-11,
    1.4911969277048643e-10,
    1.9270852604185937e-09,
    2.296443268665491e-08,
    2.505210838544172e-07,
    2.48015873015873e-06,
    2.2045855379188714e-05,
    0.00017361111111111112,
    0.0011904761904761906,
    0.006944444444444444,
    0.03333333333333333,
    0.125,
    0.3333333333333333,
    0.5,
)
# (exp(x) - 1 - x)/x**2 in powers of x, 1/(n + 2)!, the highest first
EXPREL2 = (
    8.22063524662433e-18,
    1.5619206968586225e-16,
    2.8114572543455206e-15,
    4.779477332387385e-14,
    7.647163731819816e-13,
    1.1470745597729725e-11,
    1.6059043836821613e-10,
    2.08767569878681e-09,
    2.505210838544172e-08,
    2.755731922398589e-07,
    2.7557319223985893e-06,
    2.48015873015873e-05,
    0.0001984126984126984,
    0.001388888888888889,
    0.008333333333333333,
    0.041666666666666664,
    0.16666666666666666,
    0.5,
)
# its slope in powers of x, (n + 1)/(n + 3)!, the highest first
EXPREL2_SLOPE = (
    8.527712016381578e-29,
    2.2959224659488864e-27,
    5.951031031739514e-26,
    1.482798565408429e-24,
    3.54582265641146e-23,
    8.123157358324437e-22,
    1.7793582784901146e-20,
    3.7188588020443397e-19,
    7.398571721961897e-18,
    1.3975079919261362e-16,
    2.499073114973796e-15,
    4.217185881518281e-14,
    6.691268265342339e-13,
    9.941312851365761e-12,
    1.376489471727567e-10,
    1.7664948220503776e-09,
    2.08767569878681e-08,
    2.2546897546897547e-07,
    2.204585537918871e-06,
    1.9290123456790123e-05,
    0.00014880952380952382,
    0.000992063492063492,
    0.005555555555555556,
    0.025,
    0.08333333333333333,
    0.16666666666666666,
)
# (cosh(x) - sinh(x)/x)/x**2 in powers of x*x, (2*n + 2)/(2*n + 3)!, the highest first
COSH_LESS_SINHC = (
    3.9145882126782523e-19,
    1.4797143443923793e-16,
    4.498331606952833e-14,
    1.0706029224547743e-11,
    1.9270852604185937e-09,
    2.505210838544172e-07,
    2.2045855379188714e-05,
    0.0011904761904761906,
    0.03333333333333333,
    0.3333333333333333,
)
# (sinh(x)/x - 1)/x**2 in powers of x*x, 1/(2*n + 3)!, the highest first
SINHC_LESS_1 = (
    8.22063524662433e-18,
    2.8114572543455206e-15,
    7.647163731819816e-13,
    1.6059043836821613e-10,
    2.505210838544172e-08,
    2.7557319223985893e-06,
    0.0001984126984126984,
    0.008333333333333333,
    0.16666666666666666,
)
# (atanh(s) - s)/s**3 in powers of s*s, 1/(2*n + 3), the highest first
ATANH_LESS = (
    0.037037037037037035,
    0.04,
    0.043478260869565216,
    0.047619047619047616,
    0.05263157894736842,
    0.058823529411764705,
    0.06666666666666667,
    0.07692307692307693,
    0.09090909090909091,
    0.1111111111111111,
    0.14285714285714285,
    0.2,
    0.3333333333333333,
)
# (sin(x) - x)/x**3 in powers of x*x, -(-1)**n/(2*n + 3)!, the highest first
SINMX = (
    1.9572941063391263e-20,
    -8.22063524662433e-18,
    2.8114572543455206e-15,
    -7.647163731819816e-13,
    1.6059043836821613e-10,
    -2.505210838544172e-08,
    2.7557319223985893e-06,
    -0.0001984126984126984,
    0.008333333333333333,
    -0.16666666666666666,
)
AS_GOOD_AS_0 = 2.0**-500
"""Where half of x may have lost digits to underflow, and x is as good as 0."""
VANISHED = 1400.0
"""Where x/(exp(x) - 1) is 0, and exp(x/2) finite."""


def exprel(x: Array) -> Array:
    """Compute (exp(x) - 1)/x within 2 ulp; 1 at 0."""
    z = widened(x)
    tiny = np.abs(z) < AS_GOOD_AS_0
    # q*(q + 2) is exp(x) - 1, and does not overflow before the quotient does
    q = np.expm1(0.5 * z)
    result: Array = narrowed(select(tiny, 1.0, q / select(tiny, 1.0, z) * (q + 2.0)), x)
    return result


def exprel_slope(x: Array) -> Array:
    """Compute the slope of exprel within 5 ulp."""
    z = widened(x)
    near = np.abs(z) < 1.0
    a = select(near, 1.0, z)
    root = np.exp(0.5 * a)
    far = root / a * root * (1.0 - 1.0 / a) + 1.0 / a / a
    result: Array = narrowed(select(near, polynomial(EXPREL_SLOPE, select(near, z, 0.0)), far), x)
    return result


def exprel2(x: Array) -> Array:
    """Compute (exp(x) - 1 - x)/x**2 within 4 ulp; 1/2 at 0."""
    z = widened(x)
    near = np.abs(z) < 1.0
    a = select(near, 1.0, z)
    q = np.expm1(0.5 * a)
    far = q / a * ((q + 2.0) / a) - 1.0 / a
    result: Array = narrowed(select(near, polynomial(EXPREL2, select(near, z, 0.0)), far), x)
    return result


def exprel2_slope(x: Array) -> Array:
    """Compute the slope of exprel2 within 10 ulp."""
    z = widened(x)
    near = np.abs(z) < 2.0
    a = select(near, 2.0, z)
    q = np.expm1(0.5 * a)
    first = q / a * ((q + 2.0) / a)
    far = first * (1.0 - 2.0 / a) + 2.0 / a / a
    result: Array = narrowed(select(near, polynomial(EXPREL2_SLOPE, select(near, z, 0.0)), far), x)
    return result


def bernoulli_function(x: Array) -> Array:
    """Compute x/(exp(x) - 1) within 3 ulp; 1 at 0."""
    z = np.minimum(widened(x), VANISHED)
    tiny = np.abs(z) < AS_GOOD_AS_0
    # q*(q + 2) is exp(x) - 1, and does not overflow before the quotient vanishes
    q = np.expm1(0.5 * z)
    result: Array = narrowed(select(tiny, 1.0, z / select(tiny, 1.0, q) / (q + 2.0)), x)
    return result


def bernoulli_slope(x: Array) -> Array:
    """Compute the slope of bernoulli_function within 5 ulp; -1/2 at 0."""
    z = widened(x)
    near = np.abs(z) < 1.0
    a, b = select(near, z, 0.0), select(near, 1.0, np.minimum(np.abs(z), VANISHED))
    s = bernoulli_function(select(near, z, b))
    # beyond 1 by s at |x|: on the right s*(1 - exp(x)*s/x) = -s*(s + x - 1)/x, on the left by s + |x|, which is that at x
    far = select(z > 0.0, s * (s + (b - 1.0)) / b, (1.0 + s / b) * (1.0 - s))
    result: Array = narrowed(-select(near, s * s * polynomial(EXPREL_SLOPE, a), far), x)
    return result


def sinhc(x: Array) -> Array:
    """Compute sinh(x)/x within 3 ulp; 1 at 0."""
    z = np.abs(widened(x))
    tiny = z < AS_GOOD_AS_0
    # twice the hyperbolic sine and cosine of x/2 are q + q/(q + 1) and q + 1 + 1/(q + 1)
    q = np.expm1(0.5 * z)
    p = q + 1.0
    far = q * (1.0 + 1.0 / p) / select(tiny, 1.0, z) * (0.5 * (p + 1.0 / p))
    result: Array = narrowed(select(tiny, 1.0, far), x)
    return result


def sinhc_slope(x: Array) -> Array:
    """Compute the slope of sinhc within 5 ulp."""
    z = widened(x)
    near = np.abs(z) < 1.0
    a, b = select(near, z, 0.0), select(near, 1.0, z)
    # cosh(x)/x - sinh(x)/x**2, the exponentials halved
    p, q = np.exp(0.5 * b), np.exp(-0.5 * b)
    far = 0.5 * p / b * p * (1.0 - 1.0 / b) + 0.5 * q / b * q * (1.0 + 1.0 / b)
    result: Array = narrowed(select(near, a * polynomial(COSH_LESS_SINHC, a * a), far), x)
    return result


def langevin(x: Array) -> Array:
    """Compute coth(x) - 1/x within 4 ulp; 0 at 0."""
    z = widened(x)
    near = np.abs(z) < 1.0
    a, b = select(near, z, 0.0), select(near, 1.0, z)
    u = a * a
    close = a * (polynomial(COSH_LESS_SINHC, u) / (1.0 + u * polynomial(SINHC_LESS_1, u)))
    result: Array = narrowed(select(near, close, 1.0 / np.tanh(b) - 1.0 / b), x)
    return result


def langevin_slope(x: Array) -> Array:
    """Compute the slope of langevin, 1/x**2 - 1/sinh(x)**2, within 6 ulp; 1/3 at 0."""
    z = widened(x)
    near = np.abs(z) < 1.0
    a, b = select(near, z, 0.0), select(near, 1.0, np.abs(z))
    u = a * a
    # with r = x/sinh(x): (sinh(x)/x - 1)/x**2 * r * (1 + r)
    excess = polynomial(SINHC_LESS_1, u)
    r = 1.0 / (1.0 + u * excess)
    small = np.exp(-b)
    csch = 2.0 * small / (1.0 - small * small)
    far = (1.0 / b - csch) * (1.0 / b + csch)
    result: Array = narrowed(select(near, excess * r * (1.0 + r), far), x)
    return result


def log1prel(x: Array) -> Array:
    """Compute log(1 + x)/x within 2 ulp; 1 at 0."""
    z = widened(x)
    tiny = np.abs(z) < AS_GOOD_AS_0
    a = select(tiny, 1.0, z)
    result: Array = narrowed(select(tiny, 1.0, np.log1p(a) / a), x)
    return result


def log1prel_slope(x: Array) -> Array:
    """Compute the slope of log1prel within 8 ulp; -1/2 at 0."""
    z = widened(x)
    near = np.abs(z - 1.0 / 12.0) < 5.0 / 12.0  # where s is below 1/5
    a, b = select(near, z, 0.0), select(near, 1.0, z)
    # log(1 + x) is 2*atanh(s), and x is 2*s/(1 - s)
    s = a / (2.0 + a)
    close = -0.5 * (1.0 - s) * (1.0 - s) * (1.0 / (1.0 + s) + s * polynomial(ATANH_LESS, s * s))
    result: Array = narrowed(select(near, close, (1.0 / (1.0 + b) - np.log1p(b) / b) / b), x)
    return result


def log1pmx(x: Array) -> Array:
    """Compute log(1 + x) - x within 6 ulp."""
    z = widened(x)
    near = np.abs(z - 1.0 / 12.0) < 5.0 / 12.0  # where s is below 1/5
    a, b = select(near, z, 0.0), select(near, 1.0, z)
    # log(1 + x) is 2*atanh(s), and x - 2*s is x*s
    s = a / (2.0 + a)
    u = s * s
    result: Array = narrowed(select(near, s * (2.0 * u * polynomial(ATANH_LESS, u) - a), np.log1p(b) - b), x)
    return result


def sinmx(x: Array) -> Array:
    """Compute sin(x) - x within 3 ulp."""
    z = widened(x)
    near = np.abs(z) < 1.5
    a, b = select(near, z, 0.0), select(near, 1.5, z)
    result: Array = narrowed(select(near, a * (a * a * polynomial(SINMX, a * a)), np.sin(b) - b), x)
    return result


def tanhmx(x: Array) -> Array:
    """Compute tanh(x) - x within 4 ulp."""
    z = widened(x)
    near = np.abs(z) < 1.0
    a, b = select(near, z, 0.0), select(near, 1.0, z)
    u = a * a
    # cosh(x) - sinh(x)/x over cosh(x), both by series
    less = u * polynomial(COSH_LESS_SINHC, u)
    cosh = 1.0 + u * polynomial(SINHC_LESS_1, u) + less
    result: Array = narrowed(select(near, -a * (less / cosh), np.tanh(b) - b), x)
    return result
