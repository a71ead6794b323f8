"""Numbers of a report, rounded to their standard errors: two digits of the error, and the value to the same place."""

import math
from collections.abc import Sequence

_DIGITS = 2
"""Digits of an error that are shown."""
_EXACT = 17
"""Digits that tell every float apart."""
_LEAST, _MOST = 1e-4, 1e7
"""Sizes between which a number is written without an exponent."""


def rounded(values: Sequence[float], error: float) -> list[str]:
    """Return numbers as texts, all rounded to the place of the second digit of an error.

    Args:
        values: a value, the error itself, ends of its interval; one that is not finite becomes "".
        error: the standard error, above 0 and finite.
    """
    place = int(f"{error:.{_DIGITS - 1}e}".partition("e")[2]) - _DIGITS + 1
    return [_to_place(value, place) if math.isfinite(value) else "" for value in values]


def _to_place(value: float, place: int) -> str:
    """Return a number rounded to a power of ten, or to two digits where it is smaller than that."""
    if value == 0.0:
        return f"{0.0:.{min(max(-place, 0), 10)}f}"
    own = int(f"{value:.{_DIGITS - 1}e}".partition("e")[2])
    digits = min(own - place + 1, _EXACT) if own >= place else _DIGITS
    if _LEAST <= abs(value) < _MOST:
        number = float(f"{value:.{digits - 1}e}")
        return f"{number:.{max(digits - 1 - own, 0)}f}"
    return f"{value:.{digits - 1}e}"
