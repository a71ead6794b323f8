"""Running error analysis: an operation on values that carry a bound of their error gives its value and a bound of its error.

Higham, Accuracy and Stability of Numerical Algorithms (2nd ed., 2002), section 3.3. Values are those of plain arithmetic.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from symgraph.runtime.facts import Array
from symgraph.runtime.functions import power_slope, select

Bounded = tuple[Array, Array]
"""A value, and a bound of its error in float64, or of a truth value whether it is certain. An infinite value with the bound 0
stands for a number of that sign, which is known to be larger than far_from."""

TINY = 2.0**-1073
WIDER = 1.0 + 2.0**-40  # more than the error of computing a bound
NARROWER = 1.0 - 2.0**-40


def exactly(value: Array) -> Bounded:
    """Take a number as it is given."""
    return value, np.zeros(())


def constant_bound(dtype: "np.dtype[Any]", value: float, radius: float = 0.0) -> Bounded:
    """Take a constant in a dtype, that stands for a number no further off than radius."""
    rounded = dtype.type(value)
    return rounded, np.asarray(np.abs(np.float64(rounded) - value) + radius)


class Jump:
    """A function that bounds an operation with a jump, where there is no derivative.

    Attributes:
        at_data: bounds it where operands are data: exactly on the jump, the spec says what holds there.
        open: bounds it where weights move them: it is certain beside the jump alone.
    """

    def __init__(self, at_data: Callable[..., Bounded], open: Callable[..., Bounded]) -> None:  # noqa: A002  as intervals are
        self.at_data = at_data
        self.open = open

    def __call__(self, *operands: Bounded) -> Bounded:
        """Bound it where operands are data."""
        return self.at_data(*operands)


def outward(value: Array, error: Array, large: Array | bool = False) -> Bounded:
    """Round a bound upward; it is infinite where nothing is known.

    Args:
        value: the value.
        error: a bound, NaN where there is none.
        large: whether the truth is known to be larger than far_from.
    """
    wider = np.where(error > 0.0, error * WIDER + TINY, 0.0)
    bound = np.where(np.isfinite(value) & (error >= 0.0), wider, np.inf)
    return value, np.where(np.isinf(value) & large, 0.0, bound)


def size_of(value: Array) -> Array:
    """Give the magnitude in float64."""
    return np.abs(np.asarray(value, np.float64))


def far_from(value: Array) -> float:
    """Give a large number of the dtype, and of the numbers that overflow a small one."""
    return 2.0**1000 if value.dtype == np.float64 else 2.0**120


def least_size(x: Bounded) -> Array:
    """Give the least magnitude that the truth can have; no more than far_from is told apart."""
    least: Array = np.fmax(np.fmin(size_of(x[0]), far_from(x[0])) - x[1], 0.0)
    return least


def half_unit(value: Array) -> Array:
    """Bound the rounding error of an operation that is rounded correctly and cannot underflow."""
    return size_of(value) * float(np.finfo(value.dtype).eps) / 2.0


def rounding_of(value: Array, double: float, single: float) -> Array:
    """Bound a rounding error of so many units in the last place, in float64 or in float32."""
    info = np.finfo(value.dtype)
    units = double if value.dtype == np.float64 else single
    tiny = (units + 1.0) * float(info.smallest_subnormal)
    error: Array = size_of(value) * (units * float(info.eps)) + tiny
    return error


def apart(x: Bounded, y: Bounded) -> Array:
    """Tell where two values differ by more than their errors."""
    (a, da), (b, db) = x, y
    far = far_from(a)
    gap: Array = np.abs(np.clip(np.float64(a), -far, far) - np.clip(b, -far, far))
    differ: Array = gap * NARROWER > da + db
    return differ


def decided(x: Bounded, y: Bounded) -> Array:
    """Tell where errors cannot change how two values compare."""
    exact: Array = x[1] + y[1] == 0.0
    return exact | apart(x, y)


def addition(function: np.ufunc) -> Callable[[Bounded, Bounded], Bounded]:
    """Make the function that bounds a sum or a difference: the errors add up."""

    def bound(x: Bounded, y: Bounded) -> Bounded:
        (a, da), (b, db) = x, y
        value: Array = function(a, b)
        far = far_from(value)
        sum_ = function(np.clip(np.float64(a), -far, far), np.clip(b, -far, far))
        large = np.abs(sum_) - da - db >= far * NARROWER
        return outward(value, da + db + half_unit(value), large)

    return bound


add_bound, sub_bound = addition(np.add), addition(np.subtract)


def mul_bound(x: Bounded, y: Bounded) -> Bounded:
    """Bound a * b: each error times the other factor; a factor 0, 1 or 2 does not round."""
    (a, da), (b, db) = x, y
    value: Array = a * b
    p, q = size_of(a), size_of(b)
    plain_a = (da == 0.0) & ((p == 0.0) | (p == 1.0) | (p == 2.0))
    plain_b = (db == 0.0) & ((q == 0.0) | (q == 1.0) | (q == 2.0))
    rounding = rounding_of(value, 0.5, 0.5)
    rounding = np.where(plain_a | plain_b, 0.0, rounding)
    large = least_size(x) * least_size(y) >= far_from(value) * NARROWER
    return outward(value, p * db + q * da + da * db + rounding, large)


def div_bound(x: Bounded, y: Bounded) -> Bounded:
    """Bound a / b: errors relative to the divisor's distance from 0, which it must not reach."""
    (a, da), (b, db) = x, y
    value: Array = a / b
    gap = size_of(b) - db
    zero = size_of(a) + da == 0.0
    rounding = np.where(zero, 0.0, rounding_of(value, 0.5, 0.5))
    error = da / gap + (size_of(value) + rounding) * (db / gap) + rounding
    error = np.where(np.isinf(b), 2.0 * (size_of(a) + da) / far_from(value) + rounding, error)
    large = least_size(x) / (size_of(b) + db) >= far_from(value) * NARROWER
    return outward(value, np.where(gap > 0.0, error, np.inf), large)


def exact(function: np.ufunc) -> Callable[[Bounded], Bounded]:
    """Make the function that bounds an operation which does not round, and has the error of its operand."""
    return lambda x: (function(x[0]), x[1])


neg_bound, abs_bound = exact(np.negative), exact(np.abs)


def sqrt_bound(x: Bounded) -> Bounded:
    """Bound sqrt(a): the error over the sum of the two roots."""
    a, da = x
    value: Array = np.sqrt(a)
    low = np.sqrt(np.fmax(size_of(a) - da, 0.0))
    moved = np.where(da <= a, da / (size_of(value) + low), np.inf)
    return outward(value, np.where(da > 0.0, moved, 0.0) + half_unit(value))


def cbrt_bound(x: Bounded) -> Bounded:
    """Bound cbrt(a): the error over p*p + p*q + q*q, p and q the two roots; near 0, its root."""
    a, da = x
    value: Array = np.cbrt(a)
    p = size_of(value)
    gap = size_of(a) - da
    q = np.cbrt(np.fmax(gap, 0.0))
    moved = np.where(gap > 0.0, da / (p * p + p * q + q * q), np.cbrt(4.0 * da))
    return outward(value, moved + rounding_of(value, 4.0, 4.0))


def hypot_bound(x: Bounded, y: Bounded) -> Bounded:
    """Bound hypot(a, b): the distance moved, or the change of a*a + b*b over the sum of the lengths."""
    (a, da), (b, db) = x, y
    value: Array = np.hypot(a, b)
    p, q, far = size_of(a), size_of(b), np.hypot(da, db)
    both = 2.0 * size_of(value) * NARROWER - far
    along = (2.0 * p + da) / both * da + (2.0 * q + db) / both * db
    moved = np.fmin(far, np.where(both > 0.0, along, np.inf))
    return outward(value, moved + rounding_of(value, 1.0, 1.0))


def pow_bound(x: Bounded, y: Bounded) -> Bounded:
    """Bound a**b: the relative error exp(s) - 1, s that of b*log(a); a**b near 0 for whole b."""
    (a, da), (b, db) = x, y
    value: Array = np.power(a, b)
    p, q = size_of(a), size_of(b)
    base = np.where(da > 0.0, -np.log1p(-da / p), 0.0)
    s = (q + db) * base + np.where(db > 0.0, db * np.abs(np.log(p)), 0.0)
    rounding = rounding_of(value, 1.0, 4.0)
    moved = (size_of(value) + rounding) * np.expm1(s)
    whole = (db == 0.0) & (b >= 1.0) & (np.floor(b) == b)
    near_zero = np.where(da > 0.0, (p + da) ** q + size_of(value), 0.0)
    zero = (p + da == 0.0) & (b - db > 0.0)
    moved = np.where(zero, 0.0, np.where(whole & (da >= p), near_zero, moved))
    return outward(value, moved + rounding)


def power_slope_bound(x: Bounded, n: Bounded) -> Bounded:
    """Bound n*x**(n - 1) by the operations of its form, of which there are two."""
    one = np.ones_like(n[0]), np.zeros_like(n[1])
    far, near = mul_bound(n, pow_bound(x, sub_bound(n, one))), div_bound(mul_bound(n, pow_bound(x, n)), x)
    error = np.where(n[0] < 0.5, near[1], far[1])
    return power_slope(x[0], n[0]), np.where((n[0] == 0.0) & (n[1] == 0.0), 0.0, error)


def extremum(function: np.ufunc) -> Callable[[Bounded, Bounded], Bounded]:
    """Make the function that bounds the larger or the smaller: the error of the one taken, or of both where that is open."""

    def bound(x: Bounded, y: Bounded) -> Bounded:
        (a, da), (b, db) = x, y
        value: Array = function(a, b)
        taken = np.where(value == a, da, db)
        either = np.where(np.isinf(a) | np.isinf(b), size_of(value), np.maximum(da, db))
        either = np.where(da + db < np.inf, either, np.inf)
        return value, np.where(apart(x, y), taken, either)

    return bound


max_bound, min_bound = extremum(np.maximum), extremum(np.minimum)


def sign_of(is_certain: Callable[[Bounded], Array]) -> Callable[[Bounded], Bounded]:
    """Make the function that bounds sign(a): exact where that is certain."""
    return lambda x: (np.sign(x[0]), np.where(is_certain(x), 0.0, np.inf))


sign_bound = Jump(
    sign_of(lambda x: (size_of(x[0]) > x[1]) | (x[1] == 0.0)), sign_of(lambda x: np.asarray(size_of(x[0]) > x[1]))
)


def step_of(at_zero: Callable[[Bounded, Bounded], Array]) -> Callable[[Bounded, Bounded], Bounded]:
    """Make the function that bounds the step at a, b at 0: exact away from 0."""

    def bound(x: Bounded, y: Bounded) -> Bounded:
        return np.heaviside(x[0], y[0]), np.where(size_of(x[0]) > x[1], 0.0, at_zero(x, y))

    return bound


heaviside_bound = Jump(step_of(lambda x, y: np.where(x[1] == 0.0, y[1], np.inf)), step_of(lambda x, y: np.inf + y[1]))


def comparison(function: np.ufunc) -> Jump:
    """Make the functions that compare two values and tell where errors cannot change the result: equal ones may be data."""
    return Jump(
        lambda x, y: (function(x[0], y[0]), decided(x, y)),
        lambda x, y: (function(x[0], y[0]), apart(x, y)),
    )


lt_bound, le_bound = comparison(np.less), comparison(np.less_equal)
gt_bound, ge_bound = comparison(np.greater), comparison(np.greater_equal)
eq_bound, ne_bound = comparison(np.equal), comparison(np.not_equal)


def junction(function: np.ufunc, decisive: bool) -> Callable[[Bounded, Bounded], Bounded]:
    """Make the function that combines two conditions, of which a decisive one is enough, and tells where that is certain."""

    def bound(x: Bounded, y: Bounded) -> Bounded:
        (a, sure_a), (b, sure_b) = x, y
        alone = (sure_a & (a == decisive)) | (sure_b & (b == decisive))
        return function(a, b), (sure_a & sure_b) | alone

    return bound


and_bound, or_bound = junction(np.logical_and, False), junction(np.logical_or, True)


def not_bound(x: Bounded) -> Bounded:
    """Negate a condition; tell where the result is certain."""
    a, sure = x
    return ~a, sure


def select_bound(x: Bounded, y: Bounded, z: Bounded) -> Bounded:
    """Bound a choice: the error of the branch taken; if that is open, of both, which must agree."""
    (a, sure), (b, db), (c, dc) = x, y, z
    value = select(a, b, c)
    gap: Array = np.abs(np.subtract(b, c, dtype=np.float64))
    agree = gap <= 4.0 * (db + dc)
    either = np.where(agree, gap + np.maximum(db, dc), np.inf)
    taken = np.where(a, db, dc)
    return outward(value, np.where(sure, taken, either), sure & (taken == 0.0))


def certain(x: Bounded) -> Array:
    """Give the bound of a result: not 0, since underflow may hide what is very small."""
    return np.where(np.isfinite(x[0]), x[1] + TINY, np.inf)
