"""Straight lines over pairs of floats: a module's own lines, run with numbers of twice the digits in the place of arrays."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

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


ADD, SUB, MUL = OfAnySize(dd_add, wide_add), OfAnySize(dd_sub, wide_sub), OfAnySize(product, wide_mul)
DIV, NEG, WHERE = OfAnySize(dd_div, wide_div), OfAnySize(dd_neg, wide_neg), OfAnySize(dd_where, wide_where)
ROWSUM = OfAnySize(dd_rowsum, wide_rowsum)


class Pairs:
    """An array of numbers of twice the digits, (hi + lo) * 2**power.

    Floats of ordinary size have the object NOTHING as lo. Where all numbers are of ordinary size, 0, infinite or NaN, power is
    None; see ``wide_pairs``.

    Attributes:
        rests: of the module's constants that are no floats, what their floats lack.
        dtype: that of both parts.
    """

    __slots__ = ("hi", "lo", "power")
    __array_ufunc__ = None  # so that NumPy's numbers leave operators to this class
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

    def __add__(self, other: Any) -> "Pairs":
        return self.applied(ADD, (self, other))  # type: ignore[no-any-return]

    __radd__ = __add__

    def __sub__(self, other: Any) -> "Pairs":
        return self.applied(SUB, (self, other))  # type: ignore[no-any-return]

    def __rsub__(self, other: Any) -> "Pairs":
        return self.applied(SUB, (other, self))  # type: ignore[no-any-return]

    def __mul__(self, other: Any) -> "Pairs":
        return self.applied(MUL, (self, other))  # type: ignore[no-any-return]

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> "Pairs":
        return self.applied(DIV, (self, other))  # type: ignore[no-any-return]

    def __rtruediv__(self, other: Any) -> "Pairs":
        return self.applied(DIV, (other, self))  # type: ignore[no-any-return]

    def __neg__(self) -> "Pairs":
        return type(self)(-self.hi) if self.lo is NOTHING and self.power is None else self.applied(NEG, (self,))

    def _compared(self, compare: Callable[[Pair, Pair], Array], other: Any) -> Any:
        number = self.of(other)
        has_power = self.power is not None or number.power is not None
        return compare(*same_power(self.wide, number.wide)[:2] if has_power else (self.pair, number.pair))

    def __lt__(self, other: Any) -> Any:
        return self._compared(dd_less, other)

    def __le__(self, other: Any) -> Any:
        return self._compared(dd_at_most, other)

    def __gt__(self, other: Any) -> Any:
        return self._compared(lambda x, y: dd_less(y, x), other)

    def __ge__(self, other: Any) -> Any:
        return self._compared(lambda x, y: dd_at_most(y, x), other)

    def __eq__(self, other: object) -> Any:
        return self._compared(dd_equal, other)

    def __ne__(self, other: object) -> Any:
        return ~self._compared(dd_equal, other)

    __hash__ = None  # type: ignore[assignment]  # as arrays


class PairArithmetic:
    """Runs the lines of one module over pairs.

    Args:
        functions: for each function that the lines call by name, such as "np.exp", the function of pairs in its place.
        rests: of constants, see ``Pairs``.
    """

    def __init__(self, functions: Mapping[str, Callable[..., Pair]], rests: Mapping[float, float]) -> None:
        self.numbers: type[Pairs] = type("Pairs", (Pairs,), {"__slots__": (), "rests": rests})
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
