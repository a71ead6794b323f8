"""Laurent series at 0 with rational coefficients, of functions whose Taylor coefficients are rational."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from math import factorial
from typing import NamedTuple


class Laurent(NamedTuple):
    """Sum of coefficients[k] * x**(first + k), up to terms that are not known; the first coefficient is not 0.

    Attributes:
        first: the least exponent.
        coefficients: those that are known; none where all that are known are 0.
    """

    first: int
    coefficients: tuple[Fraction, ...]

    def times(self, other: "Laurent") -> "Laurent":
        """Multiply two series."""
        count = min(len(self.coefficients), len(other.coefficients))
        made = [Fraction(0)] * count
        for i, left in enumerate(self.coefficients[:count]):
            if left:
                for j, right in enumerate(other.coefficients[: count - i]):
                    made[i + j] += left * right
        return Laurent(self.first + other.first, tuple(made))

    def plus(self, other: "Laurent") -> "Laurent":
        """Add two series."""
        first = min(self.first, other.first)
        end = min(self.first + len(self.coefficients), other.first + len(other.coefficients))
        return series(first, [self.of(n) + other.of(n) for n in range(first, end)])

    def raised(self, exponent: int) -> "Laurent":
        """Raise a series to a whole power; one of which no coefficient is known stays as it is."""
        if not self.coefficients:
            return self
        base = self if exponent > 0 else self._inverse()
        result = base
        for _ in range(abs(exponent) - 1):
            result = result.times(base)
        return result

    def of(self, n: int) -> Fraction:
        """Return the coefficient of x**n."""
        at = n - self.first
        return self.coefficients[at] if 0 <= at < len(self.coefficients) else Fraction(0)

    def at(self, x: float, *, slope: bool = False) -> float:
        """Return the value, or the slope, of the terms that are known."""
        terms = ((self.first + k, float(c)) for k, c in enumerate(self.coefficients))
        return sum(c * (n * x ** (n - 1) if slope else x**n) for n, c in terms if c and (n or not slope))

    def _inverse(self) -> "Laurent":
        lead, *rest = self.coefficients
        made = [1 / lead]
        for n in range(1, len(self.coefficients)):
            made.append(-sum((rest[k] * made[n - 1 - k] for k in range(n)), Fraction(0)) / lead)
        return Laurent(-self.first, tuple(made))


def series(first: int, coefficients: list[Fraction]) -> Laurent:
    """Return a series without the zeros that its coefficients begin with."""
    zeros = next((k for k, c in enumerate(coefficients) if c), len(coefficients))
    return Laurent(first + zeros, tuple(coefficients[zeros:]))


def _exponential(parity: int | None, sign: int) -> Callable[[int], Fraction]:
    """Return the coefficients of the exponential, or of its even or odd part; those of sin and cos change their signs."""
    return lambda n: Fraction(sign ** (n // 2), factorial(n)) if parity is None or n % 2 == parity else Fraction(0)


def _bessel(order: int) -> Callable[[int], Fraction]:
    def coefficient(n: int) -> Fraction:
        k, odd = divmod(n - order, 2)
        return Fraction((-1) ** k, factorial(k) * factorial(k + order) * 2**n) if k >= 0 and not odd else Fraction(0)

    return coefficient


def _odd_part(sign: int) -> Callable[[int], Fraction]:
    return lambda n: Fraction(sign ** (n // 2), n) if n % 2 else Fraction(0)


_TAYLOR: Mapping[str, Callable[[int], Fraction]] = {
    "exp": _exponential(None, 1),
    "expm1": lambda n: Fraction(1, factorial(n)) if n else Fraction(0),
    "cos": _exponential(0, -1), "sin": _exponential(1, -1), "cosh": _exponential(0, 1), "sinh": _exponential(1, 1),
    "log1p": lambda n: Fraction((-1) ** (n + 1), n) if n else Fraction(0),
    "atan": _odd_part(-1), "atanh": _odd_part(1), "bessel_j0": _bessel(0), "bessel_j1": _bessel(1),
}  # fmt: skip

_QUOTIENTS = {
    "tan": ("sin", "cos"), "cot": ("cos", "sin"), "sec": ("", "cos"), "csc": ("", "sin"),
    "tanh": ("sinh", "cosh"), "coth": ("cosh", "sinh"), "sech": ("", "cosh"), "csch": ("", "sinh"),
}  # fmt: skip

EXPANDED = frozenset({*_TAYLOR, *_QUOTIENTS})
"""Functions whose series are known."""


@lru_cache(maxsize=1024)
def expanded(op: str, ratio: Fraction, count: int) -> Laurent:
    """Return the series of a function of ratio * x.

    Args:
        op: one of ``EXPANDED``.
        ratio: what multiplies x.
        count: how many coefficients, leading zeros among them.
    """
    if op in _TAYLOR:
        return series(0, [_TAYLOR[op](n) * ratio**n for n in range(count)])
    above, below = _QUOTIENTS[op]
    inverse = expanded(below, ratio, count).raised(-1)
    return expanded(above, ratio, count).times(inverse) if above else inverse
