"""Points to judge at, ordinary and adversarial, inside the declared domains."""

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import OptionError
from symgraph.model import Input, Model
from symgraph.truth.seeking import Seeker

Draw = Callable[[random.Random, Input], float]

_TRIES = 20
_SPECIAL = (0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.0, math.ulp(0.0), 2.0**-1022, math.nextafter(1.0, 0.0), math.nextafter(1.0, 2.0))


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

    def rounded(self, dtype: str) -> "Points":
        """The points with every value rounded to float32; those that overflow become its largest number."""
        if dtype == "float64":
            return self
        largest = float(np.finfo(dtype).max)
        return replace(self, values=np.clip(self.values, -largest, largest).astype(dtype).astype(np.float64))


def _normal(draw: random.Random, _entry: Input) -> float:
    return draw.gauss(0.0, 1.0)


def _small(draw: random.Random, entry: Input) -> float:
    return draw.gauss(0.0, 0.1 if entry.kind == "weight" else 1.0)


def _wide(draw: random.Random, entry: Input) -> float:
    return draw.uniform(-10.0, 10.0) if entry.kind == "weight" else draw.uniform(-5.0, 5.0)


def _domain(draw: random.Random, entry: Input) -> float:
    """Evenly over the domain, its ends included; over (-3, 3) where there is none."""
    low, high = entry.domain or (-3.0, 3.0)
    low, high = max(low, -1e3), min(high, 1e3)
    return draw.choice((low, high)) if draw.random() < 0.05 else draw.uniform(low, high)


def _magnitudes(low: float, high: float) -> Draw:
    """Log-uniform magnitudes between powers of ten, of either sign."""
    return lambda draw, _entry: draw.choice((-1.0, 1.0)) * 10.0 ** draw.uniform(low, high)


def _some(rare: Draw, common: Draw = _normal, share: float = 0.4) -> Draw:
    """Some inputs drawn one way among others drawn another way."""
    return lambda draw, entry: (rare if draw.random() < share else common)(draw, entry)


def _subnormal(draw: random.Random, _entry: Input) -> float:
    return draw.choice((-1.0, 1.0)) * draw.uniform(0.0, 2.0**-1022)


def _zero(draw: random.Random, _entry: Input) -> float:
    return draw.choice((0.0, -0.0))


def _whole(draw: random.Random, _entry: Input) -> float:
    return float(draw.randint(-3, 3))


def _special(draw: random.Random, _entry: Input) -> float:
    return draw.choice(_SPECIAL)


KINDS: Mapping[str, Draw] = {
    "small weights": _small,
    "normal": _normal,
    "wide": _wide,
    "magnitudes": _magnitudes(-3.0, 3.0),
    "domain": _domain,
    "saturated": _some(_magnitudes(1.0, 3.5), _wide, 0.5),
    "zeros": _some(_zero),
    "whole": _whole,
    "special": _some(_special),
    "huge": _some(_magnitudes(3.0, 300.0), share=0.3),
    "tiny": _some(_magnitudes(-300.0, -3.0)),
    "subnormal": _some(_subnormal),
    "near zeros": _some(_normal, _wide),
}
"""How each kind of point draws an input. Points "near zeros" are moved along one input to where something vanishes."""

ORDINARY = ("small weights", "normal", "wide", "magnitudes")
"""The kinds that the promise about the founding model is made for."""


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
        raise OptionError(f"there is no kind of points {', '.join(map(repr, unknown))}; there are {', '.join(KINDS)}")
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
    return Points(names, np.array([[row[name] for name in names] for row in rows], np.float64), (kind,) * len(rows))


def _rows(model: Model, kinds: Sequence[str], draw: random.Random) -> Iterator[tuple[str, list[float]]]:
    seeker = Seeker(model) if "near zeros" in kinds else None
    while True:
        for kind in kinds:
            row = [_inside(KINDS[kind], draw, entry) for entry in model.inputs]
            yield kind, row if seeker is None or kind != "near zeros" else seeker.moved(row, draw)


def _inside(law: Draw, draw: random.Random, entry: Input) -> float:
    """A value in the declared domain; an input whose domain the law never meets is drawn evenly from it."""
    for _ in range(_TRIES):
        value = law(draw, entry)
        if entry.domain is None or entry.domain[0] <= value <= entry.domain[1]:
            return value
    return _domain(draw, entry)
