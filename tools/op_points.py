"""Operands at which ops are measured: every size and sign, dense at the ends of each op's domain."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symgraph.spec.ops.op import WHOLE_NUMBERS, Span
from symgraph.spec.ops.ops import OPS

BITS = {"float64": (52, 1074, 1022, 1024), "float32": (23, 149, 126, 128)}
"""Of each dtype: 2**-b is the unit, 2**-s the smallest number, 2**-n the smallest normal one, 2**t just above the largest."""

Arrays = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """An op to measure; an exponent, or the order of a Bessel function, may be a constant, which the passes treat apart."""

    op: str
    constant: float | None = None

    def __str__(self) -> str:
        return self.op if self.constant is None else f"{self.op} {self.constant!r}"

    def operands(self, others: Sequence[Any], made: Callable[[float], Any]) -> list[Any]:
        """The operands of the op, the constant, as it is made, among the others."""
        if self.constant is None:
            return list(others)
        constant = made(self.constant)
        return [constant, *others] if OPS[self.op].domain[0] is WHOLE_NUMBERS else [*others, constant]

    @property
    def moving(self) -> list[int]:
        """The places of the operands that are no constant."""
        others = OPS[self.op].arity - (self.constant is not None)
        return [place for place, operand in enumerate(self.operands([True] * others, lambda _: False)) if operand]


def bounds(dtype: str) -> tuple[float, float]:
    """Binary logarithms of the smallest and the largest number."""
    return (-1074.0, 1024.0) if dtype == "float64" else (-149.0, 128.0)


def anywhere(draw: Any, count: int, dtype: str) -> Any:
    """Numbers of every size and sign, many of ordinary size, and the ends."""
    low, high = bounds(dtype)
    top = 750.0 if dtype == "float64" else 105.0
    signs = draw.choice([-1.0, 1.0], count)
    ends = np.array([2.0**low, 2.0 ** (low + 52), 1.0, 1 / math.e, 1.5, 2.0 ** (high - 1), 0.5, 0.25, 2.0**-27, 28.0, 26.6])
    parts = [
        np.exp2(draw.uniform(low, high, count)) * signs,
        np.exp2(draw.uniform(-30, 10, count)) * signs,
        draw.uniform(-top, top, count),
        draw.uniform(-3, 3, count),
        draw.uniform(-30, 30, count),
        np.concatenate([ends, -ends]),
    ]
    return np.concatenate(parts)


def near_one(draw: Any, count: int, dtype: str) -> Any:
    """Numbers from -1 to 1, dense at both ends, at 0 and around 1/2 and 1/e."""
    smallest = -53 if dtype == "float64" else -24
    away = np.exp2(draw.uniform(smallest, 0, count))
    sides = away * draw.choice([-1.0, 1.0], count)
    tiny = np.exp2(draw.uniform(bounds(dtype)[0], 0, count))
    return np.clip(
        np.concatenate(
            [1 - away, away - 1, sides, tiny, -tiny, 0.5 + sides / 2, 1 / math.e + sides / 4, draw.uniform(-1, 1, count)]
        ),
        -1,
        1,
    )


MEASURED = {
    **dict.fromkeys(("bessel_j0", "bessel_j1", "bessel_j"), Span(-1e3, 1e3)),
    **dict.fromkeys(("bessel_i0", "bessel_i1", "bessel_i"), Span(-700.0, 700.0)),
    **dict.fromkeys(("bessel_y0", "bessel_y1"), Span(2.0**-40, 1e3)), "bessel_y": Span(2.0**-40, 1e3),
    **dict.fromkeys(("bessel_k0", "bessel_k1"), Span(2.0**-40, 650.0)), "bessel_k": Span(2.0**-40, 650.0),
    "erfcinv": Span(2.0**-1000, 2.0 - 2.0**-52), "erfinv": Span(2.0**-53 - 1.0, 1.0 - 2.0**-53),
    "ndtri": Span(2.0**-1000, 1.0 - 2.0**-53), **dict.fromkeys(("lambertw", "lambertw1p"), Span(-0.36787944117144228, 1e300)),
    "gamma": Span(-170.0, 171.0),
    "polygamma": Span(-1e3, 1e6),
    "ei": Span(-700.0, 700.0), "expint": Span(2.0**-1000, 740.0), "dawson": Span(-1e100, 1e100),
}  # fmt: skip
"""Operands of functions of SciPy that are measured: where a figure holds, or mpmath is quick."""


def within(span: Span, numbers: Any) -> Any:
    """The numbers that lie in a span."""
    return numbers[(numbers >= span.low) & (numbers <= span.high)]


def unary(op: str, draw: Any, count: int, dtype: str) -> Any:
    """Operands over the whole domain of an op of one operand, dense where it ends and where its value is least or 0."""
    every, inner = anywhere(draw, count, dtype), near_one(draw, count, dtype)
    span, turn = OPS[op].domain[-1], OPS[op].turn
    if op in MEASURED:
        span = MEASURED[op]
        parts = [draw.uniform(max(span.low, -30), min(span.high, 30), 3 * count), draw.uniform(span.low, span.high, count)]
        return within(span, np.concatenate([every, inner, turn * (1 + inner), *parts]))
    numbers = np.concatenate([every, inner, *([1 + inner, 2 + inner, turn * (1 + inner)] if turn else [])])
    if math.isfinite(span.high):
        numbers = np.concatenate([inner, np.abs(inner)])
    elif math.isfinite(span.low):
        numbers = np.concatenate([numbers, 1 + inner, span.low + np.abs(numbers)])
    return within(span, numbers)


def several(op: str, draw: Any, count: int, dtype: str) -> Arrays:
    """Operands of an op of two or more: unrelated, of like size, equal, and such that the result is an ordinary number."""
    first, second = anywhere(draw, count, dtype), draw.permutation(anywhere(draw, count, dtype))
    like = first[: 3 * count] * draw.uniform(-2, 2, 3 * count)
    a, b = np.concatenate([first, first[: 3 * count], first[:count]]), np.concatenate([second, like, first[:count]])
    if op == "pow":
        base = np.abs(np.concatenate([first, 1 + near_one(draw, count, dtype)]))
        top = 745.0 if dtype == "float64" else 103.0
        exponent = draw.uniform(-top, top, base.size) / np.log(base)
        largest = 2.0 ** BITS[dtype][0]  # above, x1 - 1 rounds
        return np.concatenate([base, np.abs(a)]), np.clip(np.concatenate([exponent, b]), -largest, largest)
    if op == "polygamma":
        x = unary(op, draw, count, dtype)
        return np.round(np.abs(draw.uniform(0, 12, x.size))), x
    if op in ("betaln", "digamma_step"):
        positive = np.abs(np.concatenate([a, 1 + near_one(draw, count, dtype), draw.uniform(5, 20, b.size)]))
        second = np.resize(np.abs(np.concatenate([b, draw.uniform(0, 20, count)])), positive.size)
        top = 1e300 if dtype == "float64" else 1e37  # their sum is a number
        return np.minimum(positive, top), np.minimum(second, top)
    if op.startswith("wofz"):
        top = 1e100 if dtype == "float64" else 1e30
        return np.clip(np.concatenate([a, b]), -top, top), np.minimum(np.abs(np.concatenate([b, a * 0.0])), top)
    if op == "voigt":
        top = 1e100 if dtype == "float64" else 1e15  # the square is a number
        x, y = (np.clip(part, -top, top) for part in several("wofz_re", draw, count, dtype))
        scale = np.exp2(draw.uniform(-20, 20, x.size))
        return x * scale, scale, y * scale
    if op == "xlogy":
        return np.concatenate([a, [0.0, 0.0]]), np.abs(np.concatenate([b, [2.0, 0.5]]))
    if op == "logaddexp":
        near = np.log1p(-np.exp(-np.abs(a)))  # log(exp(a) + exp(near)) is about 0
        return np.concatenate([a, -np.abs(a)]), np.concatenate([b, near])
    return a, b


def operands_of(case: Case, count: int, dtype: str, seed: int = 0) -> Arrays:
    """Finite operands in the domain of an op, as arrays of the dtype."""
    draw = np.random.default_rng([seed, len(case.op), count])
    with np.errstate(all="ignore"):
        if case.constant is not None and case.op == "pow":
            arrays: Arrays = (np.abs(anywhere(draw, count, dtype)),)
        elif len(case.moving) == 1:
            arrays = (unary(case.op, draw, count, dtype),)
        else:
            arrays = several(case.op, draw, count, dtype)
        arrays = tuple(array.astype(dtype) for array in arrays)
    kept = np.all([np.isfinite(array) for array in arrays], axis=0)
    return tuple(array[kept] for array in arrays)
