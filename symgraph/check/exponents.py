"""Numbers of any size as a mantissa and a binary exponent, so that NumPy computes with what no double holds."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import NDArray

from symgraph.check.balls import ZERO, Value

Floats = NDArray[np.float64]
FAR = 2**40
"""The binary exponent of what has none."""
_NOTHING = arb((1, -(2**30)))
_SHIFTS = {shift: arb((1, shift)) for shift in (-1500, 1500)}


def wide(values: Sequence[Value]) -> list[tuple[float, int]]:
    """Numbers as pairs of a mantissa and a binary exponent; (nan, 0) where there is none."""
    numbers = [float(value) if type(value) is arb else math.nan for value in values]
    return [(number, 0) if 1e-300 < abs(number) < 1e300 else _far(value) for number, value in zip(numbers, values, strict=True)]


def _far(value: Value) -> tuple[float, int]:
    """The same of one number that no double holds, or that is none."""
    if not isinstance(value, arb) or value.is_nan():
        return math.nan, 0
    if value.is_zero():
        return 0.0, 0
    if not value.is_finite():
        return (0.5 if value > 0 else -0.5 if value < 0 else math.nan), FAR
    if value.contains(ZERO):  # 0 as far as any precision shows, or what an exponential has come to that has no digits
        return (0.5, -FAR) if abs(value) < _NOTHING else (0.0, 0)
    shift = 1500 if abs(float(value)) < 1.0 else -1500
    near = float(value * _SHIFTS[shift])
    if 1e-300 < abs(near) < 1e300:
        return near, -shift
    mantissa, exponent = value.mid().man_exp()
    bits = int(mantissa).bit_length()
    return float(math.ldexp(int(mantissa) >> max(0, bits - 60), -min(bits, 60))), max(-FAR, min(FAR, int(exponent) + bits))


def normal(m: Floats, e: Any) -> tuple[Floats, NDArray[np.int64]]:
    """The same numbers with mantissas from 1/2 to 1."""
    mantissas, exponents = np.frexp(m)
    return mantissas, exponents + np.asarray(e).astype(np.int64)


LINEAR = frozenset({"add", "sub", "mul", "div", "neg", "rowsum"})
"""Operations whose partials are known from the values."""


PLAIN: Mapping[str, tuple[float, ...]] = {"mul": (1.0, 1.0), "div": (1.0, -1.0), "neg": (1.0,), "rowsum": (1.0,)}
"""The condition numbers of operations that have the same ones everywhere but at 0."""


def measure_by_moves(
    vanishing: NDArray[np.bool_], moves: Sequence[tuple[Floats, NDArray[np.int64]]], scale_m: Floats, scale_e: NDArray[np.int64]
) -> None:
    """Where a value is 0, write into its scale the largest of what it moves by; 1 if it does not move."""
    largest = np.full(len(scale_m), -(4 * FAR), np.int64)
    for move_m, move_e in moves:
        larger = vanishing & (move_m != 0) & np.isfinite(move_m) & (move_e > largest)
        scale_m[larger], scale_e[larger], largest[larger] = np.abs(move_m[larger]), move_e[larger], move_e[larger]


def linear(op: str, place: int, rows: Sequence[int], at: Any) -> tuple[Floats, NDArray[np.int64]]:
    """The partial of such an operation by one operand."""
    row, m, e = at
    if op == "mul":
        return m[:, rows[1 - place]], e[:, rows[1 - place]]
    if op == "div":
        bottom = rows[1]
        over = (np.ones(len(m)), 0) if place == 0 else (-m[:, row], e[:, row])
        return over[0] / m[:, bottom], over[1] - e[:, bottom]
    sign = -1.0 if op == "neg" or (op == "sub" and place == 1) else 1.0
    return np.full(len(m), sign), np.zeros(len(m), np.int64)
