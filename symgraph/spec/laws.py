"""Laws from which initial weights are drawn."""

import math
from dataclasses import dataclass
from numbers import Real

from symgraph.errors import SpecError


def is_finite_number(value: object) -> bool:
    """Tell if a value is a real number that a double holds, and no truth value."""
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # an integer beyond doubles
        return False


def _finite(law: str, **parameters: float) -> None:
    for name, value in parameters.items():
        if not isinstance(value, int | float) or not is_finite_number(value):
            raise SpecError(f"{law}: {name} must be a finite number, not {value!r}")


@dataclass(frozen=True, slots=True)
class Normal:
    """Normal distribution.

    Args:
        mean: its mean.
        std: its standard deviation, positive.

    Raises:
        SpecError: a parameter is not finite, or std is not positive.
    """

    mean: float
    std: float

    def __post_init__(self) -> None:
        _finite("Normal", mean=self.mean, std=self.std)
        if self.std <= 0:
            raise SpecError(f"Normal: std must be positive, not {self.std!r}; use Constant({self.mean!r}) for a fixed value")


@dataclass(frozen=True, slots=True)
class Uniform:
    """Uniform distribution on [low, high).

    Raises:
        SpecError: a bound is not finite, or low is not below high.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        _finite("Uniform", low=self.low, high=self.high)
        if not self.low < self.high:
            raise SpecError(f"Uniform: low must be below high, not {self.low!r} and {self.high!r}")


@dataclass(frozen=True, slots=True)
class Constant:
    """Fixed value.

    Raises:
        SpecError: the value is not finite.
    """

    value: float

    def __post_init__(self) -> None:
        _finite("Constant", value=self.value)


Law = Normal | Uniform | Constant
