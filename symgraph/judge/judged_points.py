"""Points to judge at, ordinary and adversarial, inside the declared domains."""

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from flint import arb, ctx
from numpy.typing import NDArray

from symgraph.compiler.ir.graph import BOOLEAN_OPS
from symgraph.errors import OptionError, did_you_mean
from symgraph.judge.differences.drawing import KINDS, inside
from symgraph.judge.forms import COMPARISONS
from symgraph.judge.program import Step, forward
from symgraph.judge.reference import reference
from symgraph.spec.inputs import Input
from symgraph.spec.model import Model

_BITS = 133
"""The precision in which zeros are sought."""
_STARTS = 8
_HALVINGS = 60
_LOGIC = BOOLEAN_OPS - COMPARISONS


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Points of one model.

    Attributes:
        names: its inputs, in the model's order.
        values: (n, len(names)) float64.
        kinds: of each point, a name of ``KINDS``, or whatever the caller calls it.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    kinds: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.values)

    def point(self, place: int) -> dict[str, float]:
        """One point, name -> value."""
        return dict(zip(self.names, self.values[place].tolist(), strict=True))

    def __add__(self, other: "Points") -> "Points":
        """These points, and then others of the same model."""
        return Points(self.names, np.concatenate([self.values, other.values]), self.kinds + other.kinds)

    def rounded(self, dtype: str) -> "Points":
        """The points with every value rounded to float32; those that overflow become its largest number."""
        if dtype == "float64":
            return self
        largest = float(np.finfo(dtype).max)
        return replace(self, values=np.clip(self.values, -largest, largest).astype(dtype).astype(np.float64))


def points(model: Model, kinds: Sequence[str] = tuple(KINDS), n: int = 1000, seed: int = 0) -> Points:
    """Draw points for a model, the same ones for the same seed.

    Args:
        model: the spec; it is frozen by this.
        kinds: names of ``KINDS``; they take turns.
        n: how many points.
        seed: of all that is drawn.

    Raises:
        OptionError: a kind is unknown, or there are no points to draw.
    """
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        known = f"there are {', '.join(KINDS)}{did_you_mean(unknown[0], KINDS) if unknown else ''}"
        raise OptionError(f"there is no kind of points {', '.join(map(repr, unknown))}; {known}")
    if n < 1:
        raise OptionError(f"the number of points must be at least 1, not {n}")
    rows = _rows(model.freeze(), kinds, random.Random(seed))
    chosen = [next(rows) for _ in range(n)]
    names = tuple(entry.name for entry in model.inputs)
    values = np.array([row for _, row in chosen], np.float64).reshape(n, len(names))
    return Points(names, values, tuple(kind for kind, _ in chosen))


def given(model: Model, rows: Sequence[Mapping[str, float]], kind: str = "given") -> Points:
    """Points from anywhere else, each a mapping name -> value."""
    names = tuple(entry.name for entry in model.freeze().inputs)
    values = np.array([[row[name] for name in names] for row in rows], np.float64).reshape(len(rows), len(names))
    return Points(names, values, (kind,) * len(rows))


def _rows(model: Model, kinds: Sequence[str], draw: random.Random) -> Iterator[tuple[str, list[float]]]:
    entries = (*model.feature_inputs, *model.weight_inputs, *model.constant_inputs, *model.labelled_targets)
    while True:
        for kind in kinds:
            row = [inside(KINDS[kind], draw, entry) for entry in entries]
            yield kind, _moved(model, entries, row, draw) if kind == "near zeros" else row


def _moved(model: Model, entries: Sequence[Input], row: list[float], draw: random.Random) -> list[float]:
    """Move a point along one input to where an output, an inner value, or the difference of a comparison changes its sign.

    Half of the points stop at the float next to the zero, the others at a distance of 1e-16 to 1e-2 of the input. The point
    stays where it is if no sign changes, or the input has only some values.
    """
    steps = reference(model).program.steps
    targets = [i for i, step in enumerate(steps) if step.varies and not step.leaf and step.name not in _LOGIC]
    if not targets or not row:
        return row
    target, place = draw.choice(targets), draw.randrange(len(row))
    entry, needed = entries[place], steps[: target + 1]
    if entry.values:
        return row
    x = _crossing(lambda x: _sign(needed, [*row[:place], x, *row[place + 1 :]]), row[place], entry.domain, draw)
    if x is None:
        return row
    if draw.random() < 0.5:
        x += abs(x) * draw.choice((-1.0, 1.0)) * 10.0 ** draw.uniform(-16.0, -2.0)
    x = min(max(x, entry.range[0]), entry.range[1])
    return [*row[:place], x, *row[place + 1 :]]


def _sign(steps: Sequence[Step], row: list[float]) -> int | None:
    """1 where the last step's value is above 0, -1 where it is not; None where that is not known."""
    with ctx.workprec(_BITS):
        values = forward(steps, [arb(x) for x in row])
        value = values[-1]
        if steps[-1].name in COMPARISONS:
            left, right = (values[arg] for arg in steps[-1].args)
            value = left - right if isinstance(left, arb) and isinstance(right, arb) else value
        if not isinstance(value, arb):
            return None
        return 1 if value > 0 else -1 if value <= 0 else None


def _crossing(
    height: Callable[[float], int | None], start: float, domain: tuple[float, float] | None, draw: random.Random
) -> float | None:
    """The float next to a change of sign, above which the height is above 0, by bisection; None if no draw finds one."""
    first = height(start)
    for _ in range(_STARTS if first is not None else 0):
        other = draw.uniform(-6.0, 6.0) if domain is None else draw.uniform(max(domain[0], -1e3), min(domain[1], 1e3))
        value = height(other)
        if value is not None and value != first:
            low, high = (start, other) if value > 0 else (other, start)
            for _ in range(_HALVINGS):
                middle = low + (high - low) / 2
                side = None if middle in (low, high) else height(middle)
                if side is None:
                    break
                low, high = (middle, high) if side < 0 else (low, middle)
            return high if math.isfinite(high) else low
    return None
