"""Where a statement of first order ends: at comparisons, at the ends of domains, and where an error is as large as the scale on
which a function changes. There a rounding error may change what a result is, and no condition number shows it: tanh is flat on
both sides, sin(1e33) * 1e9 may be on either.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import mpmath

from symgraph.truth.wide import is_number

_BINARY = frozenset({"lt", "le", "gt", "ge", "eq", "ne", "max", "min"})
"""Ops that compare two operands."""

BORDERS: Mapping[str, tuple[int, tuple[int, ...]]] = {
    **dict.fromkeys(("abs", "sign", "heaviside", "sqrt", "cbrt", "log", "pow"), (0, (0,))),
    "div": (1, (0,)),
    "log1p": (0, (-1,)),
    "acosh": (0, (1,)),
    **dict.fromkeys(("asin", "acos", "atanh"), (0, (-1, 1))),
    "atan2": (0, (0,)),
}
"""For other ops the operand that has borders, and where they are."""

_SCALED = frozenset({"exp", "expm1", "sinh", "cosh", "tanh", "atan", "asinh", "erf", "erfc", "erfcx", "ierfcx"})
"""Functions that change on the scale of 1 near 0, and of their operand elsewhere (its sign and size decide what they are)."""

_FAR = 1e300
"""Stands for ratios that are infinite or larger."""


def decides(op: str) -> tuple[int, ...]:
    """The operands of an op whose distance from a border matters."""
    if op in _BINARY:
        return (0, 1)
    return (BORDERS[op][0],) if op in BORDERS else (0,) if op in _SCALED else ()


def ratios_of(op: str, operands: Sequence[Any], sizes: Sequence[Any]) -> list[float]:
    """The size of each of the operands that ``decides`` names relative to its distance from the border.

    Args:
        op: its name; one that decides something.
        operands: the values of all operands, at mpmath's current precision.
        sizes: of those that decide, what their errors are relative to.

    Returns:
        As many ratios as sizes; 0 where an operand is no number.
    """
    places = decides(op)
    if any(isinstance(operands[place], bool) or not is_number(operands[place]) for place in places):
        return [0.0] * len(places)
    if op in _BINARY:
        distance = abs(operands[0] - operands[1])
    elif op in _SCALED:
        distance = max(mpmath.mpf(1), 2 * abs(operands[0]))
    else:
        distance = min(abs(operands[places[0]] - border) for border in BORDERS[op][1])
    return [_ratio(size, distance) for size in sizes]


def _ratio(size: Any, distance: Any) -> float:
    if distance == 0:
        return _FAR
    return 0.5 if distance == mpmath.inf else min(_FAR, float(abs(size) / distance))
