"""Points at which exponentials are large or small and every result is a normal number: there products may leave the range.

Einstein's heat capacity, x**2*exp(x)/(exp(x) - 1)**2, is 3e-169 at x = 400, where the square overflows. The other points of a
verification have intermediate values of ordinary size, so faults of this kind need points of their own.
"""

import math
import random
from collections.abc import Mapping, Sequence

import numpy as np
from flint import arb
from numpy.typing import NDArray

from symgraph.check.balls import Value
from symgraph.check.expected import Expected
from symgraph.check.reference import Point, Reference, number
from symgraph.check.verification_points import Batch
from symgraph.gradcheck.calls import NORMAL, PARTIALS
from symgraph.options import ON_REQUEST

_TRIES = 24
"""Points that are looked for, each a point of ordinary size with an input moved."""
_OCTAVES, _HALVINGS = 12.0, 10
"""Largest power of two by which an input is moved, since beyond it not only exponentials leave the range; and the steps of the
bisection that finds the power."""
_SIZES = (200.0, 660.0)
"""Logarithms between which the size of the largest exponential is drawn."""
_FAR = 1e100
"""Size of an intermediate value, or of its inverse, from which on a point is far out."""
_NORMAL = (1e-290, 1e290)
"""Sizes of each exponential alone at such a point."""
_RESULTS = (1e-250, 1e250)
"""Sizes of results and partials there, so far from the ends of the range that factors of ordinary size do not matter."""
_HUGE = 1e100
"""Size of a named node or a result beyond which squares, which nothing guards, may be what left the range."""
_BEYOND = 1e3
"""Logarithm that a size beyond the doubles counts with."""


def far_batches(reference: Reference, near: Sequence[Batch], most: int, seed: int = 0) -> list[Batch]:
    """Find points where exponentials lead products out of the range, and every result is a normal number all the same.

    Args:
        reference: of the model.
        near: batches of points of ordinary size, from which inputs are moved.
        most: the number of points; those farthest out are taken.
        seed: of the draws.

    Returns:
        Batches of one row each; none for a model without such points.
    """
    if not near or not reference.has_exponentials:
        return []
    draw = random.Random(seed)
    tried = [_moved(reference, near[turn % len(near)], draw) for turn in range(_TRIES)]
    out = sorted(((_distance(reference, batch.points[0]), turn) for turn, batch in enumerate(tried)), reverse=True)
    found = (tried[turn] for distance, turn in out if distance >= math.log(_FAR))
    good = (batch for batch in found if _is_known(reference, batch.points[0]))
    return [batch for batch, _ in zip(good, range(most), strict=False)]


def _moved(reference: Reference, batch: Batch, draw: random.Random) -> Batch:
    """Move an input of the first row of a batch by a power of two until an exponential has a size that is drawn."""
    model, point, row = reference.model, batch.points[0], draw.choice(batch.rows)
    entries = (*model.weight_inputs, *model.constant_inputs, *model.feature_inputs, *model.labelled_targets)
    entries = tuple(entry for entry in entries if not entry.values)
    entry, sign, target = draw.choice(entries), draw.choice((1.0, 1.0, -1.0)), draw.uniform(*_SIZES)
    start = {**point, **row}
    found, low, high = start, 0.0, _OCTAVES
    for _ in range(_HALVINGS):
        octaves = (low + high) / 2
        value = float(f"{start[entry.name] * 2.0 ** (sign * octaves):.6g}")
        inside = entry.domain is None or entry.domain[0] < value < entry.domain[1]
        if inside and _size(reference, start | {entry.name: value}) <= target:
            found, low = start | {entry.name: value}, octaves
        else:
            high = octaves
    weights, constants, row = ({name: found[name] for name in part} for part in (batch.weights, batch.constants, row))
    return Batch(weights, (row,), batch.habit, False, constants=constants)


def _size(reference: Reference, point: Point) -> float:
    """Return the logarithm of the largest exponential, or of the inverse of the smallest; infinity where an operation fails."""
    look = reference.look(point)
    return math.inf if look.failures else max((abs(_logarithm(size)) for size in look.exponentials), default=0.0)


def _distance(reference: Reference, point: Point) -> float:
    """Return how far intermediate values are from 1, by their logarithms; 0 where the point is no place to judge at."""
    look = reference.look(point)
    ends = all(_NORMAL[0] < size < _NORMAL[1] for size in look.exponentials)
    small = all(_is_normal(value) and abs(number(value)) < _HUGE for value in look.nodes.values())
    good = ends and small and not look.failures
    return max(_logarithm(look.largest), -_logarithm(look.smallest)) if good else 0.0


def _logarithm(size: float) -> float:
    return math.log(size) if 0.0 < size < math.inf else math.copysign(_BEYOND, size - 1.0)


def _is_normal(value: Value) -> bool:
    """Tell if a value is a normal number or 0."""
    size = abs(number(value))
    return size == 0.0 or _RESULTS[0] < size < _RESULTS[1]


def _is_known(reference: Reference, point: Point) -> bool:
    """Tell if results and partials are normal numbers or 0, and finite when inputs and operations round."""
    names = [weight.name for weight in reference.model.weight_inputs]
    truth, rough = (find(point).named(names).values() for find in (reference.truth, reference.rough))
    return all(map(_is_normal, truth)) and all(isinstance(value, arb) and value.is_finite() for value in rough)


def of_values(facts: Mapping[str, Expected]) -> dict[str, Expected]:
    """Return the facts of a row that nobody excuses: values that are no larger than ``_HUGE``; of others nothing is known."""
    slopes = {"jacobian", "gradient", "hvp", "jvp", *ON_REQUEST, NORMAL, *PARTIALS.values()}
    named = {name: name.startswith("node ") or name.partition(" ")[0] in slopes for name in facts}
    return {name: _masked(fact, np.full_like(fact.want, named[name]).astype(bool), _HUGE) for name, fact in facts.items()}


def within_range(facts: Mapping[str, Expected]) -> dict[str, Expected]:
    """Return the facts of a row with nothing known of what is no normal number."""
    return {name: _masked(fact, np.zeros_like(fact.want, bool), _RESULTS[1]) for name, fact in facts.items()}


def is_ordinary_beside(facts: Mapping[str, Expected]) -> bool:
    """Tell if penalty and constraints, which know nothing of the rows, are of ordinary size with their partials."""
    beside = [fact.want for name, fact in facts.items() if name.startswith(("penalty", "constraint"))]
    return all(bool((np.abs(want) < _HUGE).all()) for want in beside)


def _masked(fact: Expected, unknown: NDArray[np.bool_], largest: float) -> Expected:
    """Return a fact with nothing known where a mask says so, and where its size is beyond the normal numbers or a limit."""
    size = np.abs(fact.want)
    known = ~unknown & ((size == 0.0) | ((size > _RESULTS[0]) & (size < largest)))
    return type(fact)(fact.want, np.where(known, fact.radius, np.inf))
