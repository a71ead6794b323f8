"""Points at which a build can be verified: finite, of ordinary size, inside the declared domains, for models nobody has seen.

No single law of drawing works for all models: logarithms want positive arguments, saturating functions small ones, a power law
the neighbourhood of its initial weights. So there are several habits of drawing, those that succeed are used more, and where
none does, a search changes one input at a time until everything is finite.
"""

import math
import random
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from weakref import proxy

import numpy as np
import sympy
from flint import arb
from sympy.core.relational import Relational

from symgraph.judge.balls import Missing
from symgraph.judge.differences.drawing import SCALES, Law, inside, is_bounded, spread
from symgraph.judge.forms import KINKED
from symgraph.judge.program import Choice
from symgraph.judge.reference import Look, Point, Reference
from symgraph.spec.canonical import postorder
from symgraph.spec.inputs import Input
from symgraph.spec.laws import Normal, Uniform
from symgraph.spec.model import Model

Rows = Sequence[Sequence[float]]
Sample = tuple[Any, Any]
"""X and y of real data, as a generated module takes them; None for what the model lacks."""

INITIAL = "initial"
"""The habit that draws weights from their initial laws."""
THRESHOLDS = "thresholds"
"""The habit that draws rows around the numbers in conditions and kinks of the model, to reach all of its branches."""
NEAR = "near"
"""The habit that draws everything close to a point that is known to be good."""

_BRANCHING = (Relational, *KINKED)
_EXACT = (sympy.Equality, sympy.Unequality)
_HABITS = tuple((weights, rows) for weights in (INITIAL, *SCALES) for rows in (*SCALES, THRESHOLDS))

TRIES = 60
"""Draws before the search starts; of 30 habits some must suit, and each gets a chance."""
REACH = 150
"""Draws in search of a branch that few points have taken; cheap, since only values are computed."""
SEARCH = 3000
"""Steps of the search, each a change of one input; fewer, but 100, for models so big that it would take minutes."""
_SEARCH_COST = 600_000
"""Operations that the steps of a search may take together."""

_MODERATE = (1e-100, 1e40)
"""Magnitudes between which intermediate values lie at a good point: products of several partials stay representable."""
WIDE = (1e-200, 1e150)
"""Magnitudes that the search settles for, in models that live among extremes."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Weights, constants and a few rows.

    Attributes:
        weights: name -> value.
        rows: for every row, feature name -> value, the target among them if the model has one.
        real: whether the rows come from the sample.
        choices: the branches that the rows take, and the sides of kinks they are on.
        constants: name -> value.
    """

    weights: Mapping[str, float]
    rows: tuple[Mapping[str, float], ...]
    habit: tuple[str, str]
    real: bool
    choices: frozenset[Choice] = frozenset()
    constants: Mapping[str, float] = field(default_factory=dict)

    @property
    def points(self) -> list[dict[str, float]]:
        """All inputs of each row, as the reference takes them."""
        return [{**self.weights, **self.constants, **row} for row in self.rows]

    def in_floats(self) -> "Batch":
        """The batch with every value rounded to float32."""
        with np.errstate(all="ignore"):
            weights, constants, *rows = (
                {name: float(np.float32(value)) for name, value in part.items()}
                for part in (self.weights, self.constants, *self.rows)
            )
        return replace(self, weights=weights, constants=constants, rows=tuple(rows))


class Sampler:
    """Draws batches of some rows for one model, the same ones for the same seed; every second one takes rows of a sample.

    Args:
        reference: of the model.
        seed: of the draws.
        sample: rows of real data, or None.
        rows: the number of rows of a batch.
        cases: lists of values that some inputs have together in a row, by their names; from each list a row has one. Targets
            that are labels have these without being asked for.
    """

    def __init__(
        self,
        reference: Reference,
        seed: int,
        sample: Sample | None,
        rows: int,
        cases: Sequence[Sequence[Mapping[str, float]]] = (),
    ) -> None:
        model = reference.model
        self._reference = reference
        self._random = random.Random(seed)
        self._weights, self._constants = model.weight_inputs, model.constant_inputs
        self._uniform = (*self._weights, *self._constants)
        self._leaves = (*model.feature_inputs, *model.labelled_targets)
        given = {name for some in cases for name in some[0]}
        declared = [
            [{leaf.name: value} for value in leaf.values] for leaf in self._leaves if leaf.values and leaf.name not in given
        ]
        self._decks: list[tuple[Sequence[Mapping[str, float]], list[Mapping[str, float]]]] = [
            (some, []) for some in (*cases, *declared)
        ]
        self._size = rows if self._leaves else 1
        self._labels = None if model.likelihood_declared is None else model.likelihood_declared.labels
        self._sample = None if sample is None else _sample_rows(model, sample)
        self._thresholds, self._exact = ([], set()) if reference.program.smooth else _thresholds(model)
        self._scores = dict.fromkeys((h for h in _HABITS if self._thresholds or THRESHOLDS not in h), 1.0)
        self._anchor: Mapping[str, float] | None = None
        own = proxy(self)  # so that there is no reference cycle, and all is freed without the collector
        near: dict[str, Law] = {THRESHOLDS: partial(Sampler._near_threshold, own), NEAR: partial(Sampler._near, own)}
        self._laws = {**SCALES, INITIAL: _initial, **near}
        self._drawn = 0
        self.trouble: tuple[str, ...] = ()

    def draw(self) -> Batch | None:
        """Give a batch at which everything is finite and of ordinary size; None if there is none to be found.

        After None, ``trouble`` names the nodes (or "loss") that were not finite at the best point of the search; none if only
        slopes are infinite.
        """
        self._drawn += 1
        for attempt in range(TRIES):
            real = self._sample is not None and self._drawn % 2 == 0 and attempt < TRIES // 2
            habit = self._habit()
            batch = self._attempt(habit, real)
            if batch is not None:
                return batch
            self._scores[habit] *= 0.8
        if self._anchor is None:
            self._anchor = self._search()
            if self._anchor is not None:
                self._scores[(NEAR, NEAR)] = float(len(_HABITS))
        return None if self._anchor is None else self._around(self._anchor)

    def several(self, count: int) -> list[Batch]:
        """Draw so many batches; those that are not found are left out."""
        return [batch for batch in (self.draw() for _ in range(count)) if batch is not None]

    def reach(self, wanted: Set[Choice]) -> Batch | None:
        """Give a batch of which a row makes one of the choices; None if none is drawn in a while."""
        for _ in range(max(10, min(REACH, 40_000 // len(self._reference.program.steps))) if wanted else 0):
            habit = self._habit()
            uniform, row = self._draw_uniform(habit[0]), self._row(habit[1], real=False)
            if self._reference.look({**uniform, **row}).choices & wanted:
                batch = self._attempt(habit, False, uniform, row)
                if batch is not None and batch.choices & wanted:
                    return batch
        return None

    def praise(self, batch: Batch) -> None:
        """Draw more like this batch, which showed something new."""
        if batch.habit in self._scores:
            self._scores[batch.habit] = min(4.0, self._scores[batch.habit] * 1.5)

    # Drawing.

    def _habit(self) -> tuple[str, str]:
        habits = list(self._scores)
        return self._random.choices(habits, [self._scores[habit] for habit in habits])[0]

    def _draw_uniform(self, habit: str) -> Mapping[str, float]:
        return {leaf.name: self._value(leaf, habit) for leaf in self._uniform}

    def _attempt(
        self,
        habit: tuple[str, str],
        real: bool,
        uniform: Mapping[str, float] | None = None,
        first: Mapping[str, float] | None = None,
        sizes: tuple[float, float] = _MODERATE,
    ) -> Batch | None:
        """A batch drawn by one habit, with the given uniform inputs and first row if there are some; None if it is not good."""
        uniform = self._draw_uniform(habit[0]) if uniform is None else uniform
        rows: list[Mapping[str, float]] = []
        choices: set[Choice] = set()
        for tried in range(4 * self._size):
            row = first if first is not None and not tried else self._row(habit[1], real)
            point = {**uniform, **row}
            look = self._reference.look(point)
            if is_good(look, sizes) and self._is_steady(point):
                rows.append(row)
                choices |= look.choices
            if len(rows) == self._size:
                return self._batch(uniform, tuple(rows), habit, real, frozenset(choices))
            if tried >= self._size and not rows:
                return None
        return None

    def _batch(
        self, uniform: Mapping[str, float], rows: Any, habit: tuple[str, str], real: bool, choices: frozenset[Choice]
    ) -> Batch:
        weights, constants = ({leaf.name: uniform[leaf.name] for leaf in leaves} for leaves in (self._weights, self._constants))
        return Batch(weights, rows, habit, real, choices, constants)

    def _is_steady(self, point: Point) -> bool:
        """Tell whether the model and its slopes stay finite when values round: tanh(40) becomes 1, where atanh is infinite."""
        rough, names = self._reference.rough(point), [leaf.name for leaf in self._weights]
        partials = [rough.partials[root][name] for root in rough.values for name in names]
        return not any(isinstance(value, Missing) for value in (*rough.nodes.values(), *rough.values.values(), *partials))

    def _row(self, habit: str, real: bool) -> Mapping[str, float]:
        if real and self._sample:
            return self._random.choice(self._sample)
        row = {leaf.name: self._value(leaf, habit) for leaf in self._leaves}
        return row | self._limited(row) | self._dealt()

    def _dealt(self) -> dict[str, float]:
        """Take a case of each list as cards are dealt: each comes before one comes again."""
        found: dict[str, float] = {}
        for cases, deck in self._decks:
            if not deck:
                deck += self._random.sample(cases, len(cases))
            found |= deck.pop()
        return found

    def _limited(self, row: Mapping[str, float]) -> dict[str, float]:
        """Draw at times the least or largest count that the target of a likelihood may be; give it by its name."""
        (kind, limit), target = self._labels or ("number", None), self._leaves[-1:]
        if kind != "count" or self._random.random() < 0.7:
            return {}
        ends = [0.0] if target[0].domain is None or target[0].domain[0] <= 0.0 else []
        ends += [] if limit is None else [row[limit] if isinstance(limit, str) else float(limit)]
        return {target[0].name: self._random.choice(ends)} if ends else {}

    def _value(self, leaf: Input, habit: str) -> float:
        even = is_bounded(leaf) and self._random.random() < 0.5  # all of a domain is covered, whatever the habits
        value = inside(spread if even else self._laws[habit], self._random, leaf, ends=False)
        short = float(f"{value:.6g}")  # a point that people paste
        return short if leaf.domain is None or leaf.domain[0] < short < leaf.domain[1] else value

    def _near(self, draw: random.Random, leaf: Any) -> float:
        assert self._anchor is not None
        return self._anchor[leaf.name] * (1.0 + 0.2 * draw.gauss(0.0, 1.0))

    def _near_threshold(self, draw: random.Random, leaf: Any) -> float:
        if draw.random() >= 0.7:
            return SCALES["ordinary"](draw, leaf)
        value = draw.choice(self._thresholds)
        if value in self._exact and draw.random() < 0.5:
            return value
        return value * (1.0 + 0.5 * draw.gauss(0.0, 1.0)) if value else draw.gauss(0.0, 1.0)

    # Searching.

    def _search(self) -> Mapping[str, float] | None:
        """Change one input at a time, never to the worse, until the model is finite."""
        leaves, habits, look = (*self._uniform, *self._leaves), (INITIAL, *SCALES), self._reference.look
        starts = [
            {leaf.name: self._value(leaf, habit) for leaf in leaves} | self._dealt() for habit in habits for _ in range(6)
        ]
        looks = [look(start) for start in starts]
        best = min(range(len(starts)), key=lambda index: badness(looks[index]))
        point, seen = starts[best], looks[best]
        for _ in range(max(100, min(SEARCH, _SEARCH_COST // len(self._reference.program.steps)))):
            if is_good(seen, _MODERATE) and self._is_steady(point):
                break
            changed = point | {(leaf := self._random.choice(leaves)).name: self._value(leaf, self._random.choice(habits))}
            changed |= self._dealt()
            found = look(changed)
            if badness(found) <= badness(seen):
                point, seen = changed, found
        if is_good(seen, WIDE) and self._is_steady(point):
            return point
        self.trouble = tuple(name for name, value in seen.nodes.items() if not isinstance(value, arb))
        return None

    def _around(self, anchor: Mapping[str, float]) -> Batch:
        """Weights and rows near the anchor's, its own where nothing else is finite."""
        row, uniform = ({leaf.name: anchor[leaf.name] for leaf in leaves} for leaves in (self._leaves, self._uniform))
        for near in (*([None] * 5), uniform):
            batch = self._attempt((NEAR, NEAR), False, near, row, WIDE)
            if batch is not None:
                return batch
        choices = self._reference.look(anchor).choices
        return self._batch(uniform, (row,) * self._size, (NEAR, NEAR), False, choices)


def is_good(look: Look, sizes: tuple[float, float]) -> bool:
    """Tell whether a row can be judged: finite, with intermediate values of ordinary size."""
    return look.failures == 0 and sizes[0] <= look.smallest and look.largest <= sizes[1]


def badness(look: Look) -> tuple[int, float]:
    """The distance of a point from good, to be compared: operations that fail, orders of magnitude out of range."""
    excess = max(0.0, min(math.log10(look.largest), 1e6) - 40.0)
    excess += 400.0 if look.smallest == 0.0 else max(0.0, -100.0 - math.log10(look.smallest))
    return look.failures, excess


def _thresholds(model: Model) -> tuple[list[float], set[float]]:
    """The numbers in conditions and in functions with kinks, and those of them that something is compared with by == or !=."""
    parts = [part for part in postorder(model.exprs) if isinstance(part, _BRANCHING)]
    numbers = dict.fromkeys(float(leaf) for leaf in postorder(parts) if leaf.is_Number)
    exact = {float(leaf) for leaf in postorder(p for p in parts if isinstance(p, _EXACT)) if leaf.is_Number}
    return [number for number in numbers if math.isfinite(number)], exact


def _initial(draw: random.Random, leaf: Any) -> float:
    law = leaf.init
    if isinstance(law, Normal):
        return draw.gauss(law.mean, law.std)
    if isinstance(law, Uniform):
        return draw.uniform(law.low, law.high)
    if law is None:
        return SCALES["ordinary"](draw, leaf)
    return law.value * (1.0 + 0.3 * draw.gauss(0.0, 1.0)) if law.value else 0.3 * draw.gauss(0.0, 1.0)


def _sample_rows(model: Model, sample: Sample) -> tuple[Mapping[str, float], ...]:
    """The sample as rows by name; rows that are not finite are left out."""
    parts = zip(sample, (model.feature_inputs, model.target_inputs), strict=True)
    table = np.column_stack([np.asarray(part, np.float64).reshape(-1, len(leaves)) for part, leaves in parts if leaves])
    names = [leaf.name for leaf in (*model.feature_inputs, *model.target_inputs)]
    return tuple(dict(zip(names, row, strict=True)) for row in table[np.isfinite(table).all(axis=1)].tolist())
