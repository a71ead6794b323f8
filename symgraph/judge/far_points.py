"""Points at which exponentials are large or small and every result is a normal number: there products may leave the range.

Einstein's heat capacity, x**2*exp(x)/(exp(x) - 1)**2, is 3e-169 at x = 400, where the square overflows. The other points of a
verification have intermediate values of ordinary size, so faults of this kind need points of their own. So do those where an
exponential is itself infinite or 0 to a double: exp(x)/(exp(x) + 1) is 1 at x = 800.
"""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from flint import arb
from numpy.typing import NDArray

from symgraph.errors import listed
from symgraph.judge.balls import Value
from symgraph.judge.differences.calls import NORMAL, PARTIALS
from symgraph.judge.expected import Expected
from symgraph.judge.reference import Look, Point, Reference, number
from symgraph.judge.verification_points import Batch
from symgraph.module_functions import ON_REQUEST
from symgraph.spec.inputs import Input

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
_OVERFLOWING = ((760.0, 1500.0), (1500.0, 4000.0))
"""The same for points at which it is beyond the doubles, subnormal ones included: just beyond, where quotients are not yet 0,
and so far that exp(x) is beyond where exp(3*x) is the largest."""
_ENDS = {"exp": 709.8, "expm1": 709.8, "sinh": 710.5, "cosh": 710.5, "gamma": 171.6}
"""Argument from which on each function overflows."""
_NAMED, _SHORT = 2, 60
"""Exponentials that a message names, and the characters that it spends on one."""


class FarBatches(NamedTuple):
    """Batches of one row each.

    Attributes:
        within: where each exponential alone is a normal number.
        beyond: where one is infinite or 0 to a double.
    """

    within: list[Batch]
    beyond: list[Batch]


class _Moved(NamedTuple):
    """A point of ordinary size with an input moved.

    Attributes:
        batch: the point.
        entry, sign: the input, and the sign of the power of two.
        size: that of the largest exponential.
    """

    batch: Batch
    entry: Input
    sign: float
    size: float


def far_batches(reference: Reference, near: Sequence[Batch], most: int, seed: int = 0) -> FarBatches:
    """Find points where exponentials are large or leave the range, and every result is a normal number all the same.

    Args:
        reference: of the model.
        near: batches of points of ordinary size, from which inputs are moved.
        most: the number of points within the range, those farthest out, and of those beyond.
        seed: of the draws.

    Returns:
        Batches; none for a model without such points.
    """
    if not near or not reference.has_exponentials:
        return FarBatches([], [])
    draw = random.Random(seed)
    tried = [_moved(reference, near[turn % len(near)], draw) for turn in range(_TRIES)]
    out = sorted(((_distance(reference, one.batch.points[0]), turn) for turn, one in enumerate(tried)), reverse=True)
    found = (tried[turn].batch for distance, turn in out if distance >= math.log(_FAR))
    within = (batch for batch in found if _is_known(reference, batch.points[0]))
    beyond = _beyond(reference, tried, draw)
    return FarBatches([*islice(within, most)], [*islice(beyond, most)])


def _moved(reference: Reference, batch: Batch, draw: random.Random) -> _Moved:
    """Move an input of the first row of a batch by a power of two until an exponential has a size that is drawn."""
    model, point, row = reference.model, batch.points[0], draw.choice(batch.rows)
    entries = (*model.weight_inputs, *model.constant_inputs, *model.feature_inputs, *model.labelled_targets)
    entries = tuple(entry for entry in entries if not entry.values)
    entry, sign, target = draw.choice(entries), draw.choice((1.0, 1.0, -1.0)), draw.uniform(*_SIZES)
    start = {**point, **row}
    found, size, low, high = start[entry.name], 0.0, 0.0, _OCTAVES
    for _ in range(_HALVINGS):
        octaves = (low + high) / 2
        value = _rounded(start[entry.name] * 2.0 ** (sign * octaves))
        there = _size(reference, start | {entry.name: value}) if _is_inside(entry, value) else math.inf
        if there <= target:
            found, size, low = value, there, octaves
        else:
            high = octaves
    return _Moved(_at(batch, row, entry, found), entry, sign, size)


def _beyond(reference: Reference, tried: Sequence[_Moved], draw: random.Random) -> Iterator[Batch]:
    """Move inputs further, so that an exponential whose argument is in proportion leaves the range.

    Each input on each side of 0 comes first, and points at which nothing is 0 come before others.
    """
    found: list[tuple[bool, tuple[str, float, bool], Batch]] = []
    for one, band in product((one for one in tried if one.size >= _SIZES[0]), _OVERFLOWING):
        point, name = one.batch.points[0], one.entry.name
        value = _rounded(point[name] * (draw.uniform(*band) / one.size) ** one.sign)
        batch = _at(one.batch, point, one.entry, value)
        look = reference.look(batch.points[0])
        if _is_inside(one.entry, value) and _is_beyond(reference, look):
            vanishes = any(number(node) == 0.0 for node in look.nodes.values())
            found.append((vanishes, (name, one.sign, value > 0.0), batch))
    first: dict[tuple[str, float, bool], Batch] = {}
    later = [batch for _, side, batch in sorted(found, key=itemgetter(0)) if first.setdefault(side, batch) is not batch]
    return (batch for batch in (*first.values(), *later) if _is_known(reference, batch.points[0]))


def _rounded(value: float) -> float:
    """Return a value that is short, as in points that people paste."""
    return float(f"{value:.6g}")


def _is_inside(entry: Input, value: float) -> bool:
    return entry.range[0] < value < entry.range[1]


def _at(batch: Batch, row: Point, entry: Input, value: float) -> Batch:
    """Return a batch with one row of those values, and an input that has another one."""
    found = {**batch.points[0], **row, entry.name: value}
    parts = (batch.weights, batch.constants, batch.rows[0])
    weights, constants, row = ({name: found[name] for name in part} for part in parts)
    return Batch(weights, (row,), batch.habit, False, constants=constants)


def _is_beyond(reference: Reference, look: Look) -> bool:
    """Tell if an exponential is infinite or 0 to a double at a point, the others and all named nodes being normal numbers.

    An output may round to 0, and what leads to it may not: where s = exp(log_s) is 0, nobody expects to find 1/s.
    """
    within = [size for size in look.exponentials if 0.0 < size < math.inf]
    ordinary = all(_NORMAL[0] < size < _NORMAL[1] for size in within) and not look.failures
    inner = [look.nodes[node.name] for node in reference.model.nodes if node not in reference.model.output_nodes]
    held = all(number(value) != 0.0 or (isinstance(value, arb) and value.is_zero()) for value in inner)
    return ordinary and held and len(within) < len(look.exponentials) and _are_small(look)


def beyond_range(reference: Reference, point: Point) -> str:
    """Say which exponentials are infinite or 0 to a double at a point, to precede what is wrong there; "" if none is."""
    said = []
    for step, expr, size in reference.exponentials(point):
        if not 0.0 < size < math.inf:
            text = str(expr) if len(str(expr)) <= _SHORT else f"{step.name}(...)"
            home = step.home if step.home == "loss" else f"node {step.home}"
            said.append(f"{text} of {home} " + ("is 0" if size == 0.0 else f"overflows (beyond {_ENDS[step.name]})"))
    return f"{listed(said, _NAMED)}: " if said else ""


def _size(reference: Reference, point: Point) -> float:
    """Return the logarithm of the largest exponential, or of the inverse of the smallest; infinity where an operation fails."""
    look = reference.look(point)
    return math.inf if look.failures else max((abs(_logarithm(size)) for size in look.exponentials), default=0.0)


def _distance(reference: Reference, point: Point) -> float:
    """Return how far intermediate values are from 1, by their logarithms; 0 where the point is no place to judge at."""
    look = reference.look(point)
    ends = all(_NORMAL[0] < size < _NORMAL[1] for size in look.exponentials)
    good = ends and _are_small(look) and not look.failures
    return max(_logarithm(look.largest), -_logarithm(look.smallest)) if good else 0.0


def _are_small(look: Look) -> bool:
    """Tell if all named nodes are normal numbers whose squares are."""
    return all(_is_normal(value) and abs(number(value)) < _HUGE for value in look.nodes.values())


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
    slopes = {*ON_REQUEST, NORMAL, *PARTIALS.values()}
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
