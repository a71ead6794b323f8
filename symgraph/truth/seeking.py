"""Points where something nearly vanishes: an output, an inner value, the two sides of a comparison."""

import math
import random
from collections.abc import Callable
from typing import Any

from sympy.core.relational import Relational

from symgraph.model import Input, Model
from symgraph.truth.reference import reference
from symgraph.truth.wide import is_number

_BITS = 133
_STARTS = 8
_HALVINGS = 60


class Seeker:
    """Moves points along one input to where a randomly chosen value of the spec changes its sign.

    Args:
        model: the spec.
    """

    def __init__(self, model: Model) -> None:
        self._inputs: tuple[Input, ...] = model.inputs
        self._reference = reference(model)
        self._program = self._reference.at(_BITS)
        steps = self._program.program.steps
        self._targets = [
            index
            for index, step in enumerate(steps)
            if step.varies and not step.leaf and (step.kind is None or not _is_condition(step.kind) or _compares(step.kind))
        ]

    def moved(self, row: list[float], draw: random.Random) -> list[float]:
        """A point near a zero, reached from the given one by bisection; the given one where no sign changes.

        Half of the points stop at the float next to the zero, the others at a distance of 1e-16 to 1e-2 of the input.
        """
        if not self._targets or not self._inputs:
            return row
        target, place = draw.choice(self._targets), draw.randrange(len(row))
        entry = self._inputs[place]

        def height(x: float) -> Any:
            return self._height(target, [*row[:place], x, *row[place + 1 :]])

        bracket = _bracket(height, row[place], entry.domain, draw)
        if bracket is None:
            return row
        x = _bisected(height, *bracket)
        if draw.random() < 0.5:
            x += abs(x) * draw.choice((-1.0, 1.0)) * 10.0 ** draw.uniform(-16.0, -2.0)
        if entry.domain is not None:
            x = min(max(x, entry.domain[0]), entry.domain[1])
        return [*row[:place], x, *row[place + 1 :]]

    def _height(self, target: int, row: list[float]) -> Any:
        names = (entry.name for entry in self._inputs)
        values = self._program.values(self._reference.leaves(dict(zip(names, row, strict=True))), noise=False)
        step = self._program.program.steps[target]
        if step.kind is not None and _compares(step.kind):
            left, right = (values[arg] for arg in step.args)
            return left - right
        return values[target]


def _is_condition(kind: type) -> bool:
    return kind.__module__.startswith("sympy.logic") or issubclass(kind, Relational)


def _compares(kind: type) -> bool:
    return issubclass(kind, Relational)


def _bracket(
    height: Callable[[float], Any], start: float, domain: tuple[float, float] | None, draw: random.Random
) -> tuple[float, float] | None:
    """Two numbers between which the height changes its sign."""
    first = height(start)
    if not is_number(first):
        return None
    for _ in range(_STARTS):
        other = draw.uniform(-6.0, 6.0) if domain is None else draw.uniform(max(domain[0], -1e3), min(domain[1], 1e3))
        value = height(other)
        if is_number(value) and (value > 0) != (first > 0):
            return (start, other) if first <= 0 else (other, start)
    return None


def _bisected(height: Callable[[float], Any], low: float, high: float) -> float:
    """The float next to a change of sign; the height is not above 0 at ``low`` and above 0 at ``high``."""
    for _ in range(_HALVINGS):
        middle = low + (high - low) / 2
        if middle in (low, high):
            break
        value = height(middle)
        if not is_number(value):
            break
        low, high = (middle, high) if value <= 0 else (low, middle)
    return high if math.isfinite(high) else low
