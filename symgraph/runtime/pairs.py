"""Straight lines over pairs of floats: a module's own lines, run with numbers of twice the digits in the place of arrays."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from symgraph.runtime.double_double import (
    NOTHING,
    Pair,
    dd_add,
    dd_at_most,
    dd_div,
    dd_equal,
    dd_less,
    dd_mul,
    dd_neg,
    dd_rowsum,
    dd_sub,
    dd_where,
    rounded_pair,
    settled,
    two_prod,
    two_sum,
)
from symgraph.runtime.facts import DOUBLE, Array
from symgraph.runtime.other_numbers import names_of_lines, run_with
from symgraph.runtime.wide_pairs import (
    NO_POWER,
    ORDINARY,
    OfAnySize,
    Wide,
    compact,
    is_ordinary,
    narrow,
    same_power,
    wide_add,
    wide_div,
    wide_mul,
    wide_neg,
    wide_rowsum,
    wide_sub,
    wide_where,
)


def product(x: Pair, y: Pair) -> Pair:
    """Multiply: with less work where neither factor has a low part."""
    return settled(two_prod(x[0], y[0]), np.multiply, x[0], y[0]) if x[1] is NOTHING is y[1] else dd_mul(x, y)


OPERATORS_ON_PAIRS: Mapping[np.ufunc, OfAnySize] = {
    np.add: OfAnySize(dd_add, wide_add), np.subtract: OfAnySize(dd_sub, wide_sub), np.multiply: OfAnySize(product, wide_mul),
    np.true_divide: OfAnySize(dd_div, wide_div), np.negative: OfAnySize(dd_neg, wide_neg),
}  # fmt: skip
"""Functions of pairs for operators of Python, which NumPy calls by these."""
COMPARISONS_OF_PAIRS: Mapping[np.ufunc, Callable[[Pair, Pair], Array]] = {
    np.less: dd_less, np.less_equal: dd_at_most, np.greater: lambda x, y: dd_less(y, x),
    np.greater_equal: lambda x, y: dd_at_most(y, x), np.equal: dd_equal, np.not_equal: lambda x, y: ~dd_equal(x, y),
}  # fmt: skip
WHERE = OfAnySize(dd_where, wide_where)
ROWSUM = OfAnySize(dd_rowsum, wide_rowsum)


class Pairs(NDArrayOperatorsMixin):
    """An array of numbers of twice the digits, (hi + lo) * 2**power.

    Floats of ordinary size have the object NOTHING as lo. Where all numbers are of ordinary size, 0, infinite or NaN, power is
    None; see ``wide_pairs``.

    Attributes:
        rests: of the module's constants that are no floats, what their floats lack.
        dtype: that of both parts.
    """

    __slots__ = ("hi", "lo", "power")
    rests: Mapping[float, float] = {}
    dtype = DOUBLE

    def __init__(self, hi: Array, lo: Array = NOTHING, power: Array | None = None) -> None:
        self.hi = hi
        self.lo = lo
        self.power = power

    @classmethod
    def of(cls, value: Any) -> Any:
        """Give a constant as one of these numbers; what is one already, or a truth value, is left as it is."""
        if not isinstance(value, float):
            return value
        rest = cls.rests.get(value) or -cls.rests.get(-value, 0.0)
        float_ = np.asarray(value)[()]
        return cls.given(two_sum(float_, np.asarray(rest)[()]) if rest else (float_, NOTHING))

    @classmethod
    def given(cls, pair: Pair) -> "Pairs":
        """Give pairs of any size as these numbers."""
        hi, lo, power = (*pair, NO_POWER) if is_ordinary(pair) else compact((*pair, NO_POWER))
        return cls(hi, lo, power) if np.any(power) else cls(*pair)

    @classmethod
    def applied(cls, function: Callable[..., Any], operands: Any) -> Any:
        """Apply a function of pairs, or one of numbers of any size as far as it is needed."""
        numbers = [cls.of(one) for one in operands]
        if all(getattr(one, "power", None) is None for one in numbers):
            pair = function(*(one.pair if isinstance(one, Pairs) else one for one in numbers))
            if not isinstance(function, OfAnySize) or is_ordinary(pair) or not cls._left(pair[0], numbers):
                return cls(*pair)
        if not isinstance(function, OfAnySize):
            return cls(*function(*(narrow(one.wide) if isinstance(one, Pairs) else one for one in numbers)))
        hi, lo, power = compact(function.of_wide(*(one.wide if isinstance(one, Pairs) else one for one in numbers)))
        return cls(hi, lo, power if np.any(power) else None)

    @staticmethod
    def _left(hi: Array, numbers: Any) -> bool:
        """Tell if a result may be infinite, 0 or without its digits only because it left the range of pairs."""
        size = np.abs(hi)
        suspect = ~((size > 2.0**-ORDINARY) & (size < 2.0**ORDINARY))
        for operand in (one.hi for one in numbers if isinstance(one, Pairs)):
            suspect = suspect & np.isfinite(operand) & ((hi != 0) | (operand != 0))
        return bool(suspect.any())

    @property
    def pair(self) -> Pair:
        """Both parts."""
        return self.hi, self.lo

    @property
    def wide(self) -> Wide:
        """Both parts and the power."""
        return self.hi, self.lo, NO_POWER if self.power is None else self.power

    @property
    def T(self) -> "Pairs":  # noqa: N802  as NumPy calls it
        """Give the columns of an argument."""
        return self._each(np.transpose)

    def __getitem__(self, place: Any) -> "Pairs":
        return self._each(lambda part: np.array(part[place], order="C")[()])

    def _each(self, take: Callable[[Array], Array]) -> "Pairs":
        """Take the same of all parts that are arrays."""
        hi, lo = (take(part) if np.ndim(part) else part for part in self.pair)
        return type(self)(hi, lo, None if self.power is None else take(self.power))

    def __iter__(self) -> "Iterator[Pairs]":
        return (self[place] for place in range(len(self.hi)))

    def __array_ufunc__(self, function: np.ufunc, method: str, *operands: Any) -> Any:
        if function is np.negative and self.lo is NOTHING and self.power is None:
            return type(self)(-self.hi)
        if function in OPERATORS_ON_PAIRS:
            return self.applied(OPERATORS_ON_PAIRS[function], operands)
        return COMPARISONS_OF_PAIRS[function](*self._together(operands))

    @classmethod
    def _together(cls, operands: Any) -> tuple[Pair, Pair]:
        """Give two numbers as pairs that compare as they do."""
        one, other = map(cls.of, operands)
        if one.power is None and other.power is None:
            return one.pair, other.pair
        return same_power(one.wide, other.wide)[:2]


def is_exact(function: Callable[..., Any], result: Pairs, x: Pairs, y: Pairs) -> Any:
    """Tell where an operator has not rounded: sums of floats, products and quotients of floats that are floats, x*1, x/x."""
    if any(one.power is not None for one in (result, x, y)):
        return np.False_
    floats = (x.lo == 0.0) & (y.lo == 0.0)
    if function in (OPERATORS_ON_PAIRS[np.add], OPERATORS_ON_PAIRS[np.subtract]):
        return floats
    by_1 = (y.hi == 1.0) & (y.lo == 0.0)
    if function is OPERATORS_ON_PAIRS[np.multiply]:
        by_1 = by_1 | (x.hi == 1.0) & (x.lo == 0.0)
    else:
        by_1 = by_1 | (x.hi == y.hi) & (x.lo == y.lo)
    return floats & (result.lo == 0.0) | by_1


BLUR = 2.0**-96


class BlurredPairs(Pairs):
    """Pairs of which each result that is rounded moves by up to BLUR times itself, half as much at least: more than they round.

    Where the end of a computation moves little, rounding has moved it less (Vignes, Numerical Algorithms 37, 2004, who draws
    such moves). They follow from the digits here, so that a row has the same ones in each batch.
    """

    __slots__ = ()

    @classmethod
    def applied(cls, function: Callable[..., Any], operands: Any) -> Any:
        """Apply a function and move what it gives; a choice and what is exact stay."""
        found = super().applied(function, operands)
        if function is WHERE or function is OPERATORS_ON_PAIRS[np.negative]:
            return found
        stays = function in OPERATORS_ON_PAIRS.values() and is_exact(function, found, *map(cls.of, operands))
        digits = np.frexp(found.hi)[0] * 1234567891.2345678 + np.frexp(found.lo)[0] * 2718281828.4590452
        chance = digits - np.floor(digits)
        moved = np.where(np.isfinite(found.hi) & ~np.asarray(stays), found.hi, 0.0)
        move = np.where(chance < 0.5, chance - 1.0, chance) * moved
        return cls(found.hi, found.lo + BLUR * move, found.power)


class PairArithmetic:
    """Runs the lines of one module over pairs.

    Args:
        functions: for each function that the lines call by name, such as "np.exp", the function of pairs in its place.
        rests: of constants, see ``Pairs``.
        numbers: the pairs.
    """

    def __init__(
        self,
        functions: Mapping[str, Callable[..., Pair]],
        rests: Mapping[float, float],
        numbers: type[Pairs] = Pairs,
    ) -> None:
        self.numbers: type[Pairs] = type("Pairs", (numbers,), {"__slots__": (), "rests": rests})
        chosen = self._lifted(WHERE)
        named = {name: self._lifted(function) for name, function in functions.items()} | {
            "select": chosen,
            "every_row": lambda value, column: value if column is None else chosen(np.True_, value, column),
        }
        self.names = names_of_lines(named, np.inf)

    def _lifted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *operands: self.numbers.applied(function, operands)

    def over(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Give a function of lines that computes with pairs."""
        return run_with(self.names, function)

    def given(self, value: Any) -> Any:
        """Give an argument of lines: numbers without a low part, in float64; None as it is."""
        return None if value is None else self.numbers.given((np.array(value, np.float64, order="C")[()], NOTHING))

    def rounded(self, value: Any, dtype: np.dtype[Any]) -> Any:
        """Round what lines have computed to a dtype; a truth value or None is left as it is."""
        number = self.numbers.of(value)
        if not isinstance(number, Pairs):
            return number
        return rounded_pair(number.pair if number.power is None else narrow(number.wide), dtype)

    def rowsum(self, rows: Any, others: Any = None, /) -> Any:
        """Add up rows, or their products with others."""
        return self.numbers.applied(ROWSUM, (rows if others is None else rows * others,))
