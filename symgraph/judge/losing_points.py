"""Points at which a graph loses digits: a search for where doubles differ from pairs of doubles by more than inputs explain."""

import math
import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from symgraph.judge.differences.drawing import KINDS, in_domain, inside
from symgraph.judge.graph_numbers import GraphNumbers
from symgraph.spec.inputs import Input

_FIRST, _ROUNDS, _POINTS = 3, 12, 256
"""Generations of the search after which it ends where it has found little, at most, and points of each."""
_LITTLE, _ALL = 16.0, 2.0**50
"""Losses up to which, and from which on, the search need not go on: those of sound formulas, and of what has no digit left."""
_EVALUATIONS = 10_000
"""Operations that all generations may take for a point; each takes some 0.1 ms for all points."""
_PARENTS, _ALIKE = 24, 3
"""Points that those of the next generation are made of, and how many of them may be of one result."""
_FRESH = 0.2
"""Share of a generation that is drawn anew, by the kinds of the judge, and not from others."""
_FEW, _DIGITS, _NEARLY = 12, (1, 2, 3, 5, 8), 0.25
"""Of points of so few inputs the inputs get so few digits if at least that share of the loss stays."""
_LEAST, _MOST = 1e-12, 1e6
"""The smallest size of inputs that are not 0, and distance from the ends of domains, in units of 1 or of a smaller domain; and
the largest size without a domain."""
_LAWS = ("small weights", "normal", "wide", "magnitudes", "domain", "saturated", "whole")
_WHOLE = (0.0, 1.0, -1.0, 2.0, 0.5)

Row = list[float]
Change = Callable[[random.Random, Input, float, Row], float]


class Losing(NamedTuple):
    """A point at which digits are lost.

    Attributes:
        row: the inputs.
        column: the place of the result that loses the most.
        loss: the error of doubles in units of 2**-53, over one more than the units by which inputs move it that move by one.
    """

    row: Row
    column: int
    loss: float


class Search(NamedTuple):
    """Points that a search found, those that lose the most first, some of each result; and how many it tried."""

    found: Sequence[Losing]
    tried: int


def losing_points(entries: Sequence[Input], numbers: GraphNumbers, seed: int = 0) -> Search:
    """Find points at which results lose digits, the same on every machine.

    Args:
        entries: the model's inputs; points are inside their domains, and the bounds of weights.
        numbers: its graph, in two arithmetics.
        seed: of all that is drawn.
    """
    draw = random.Random(seed)
    found: list[Losing] = []
    tried, most = 0, max(1, min(_ROUNDS, _EVALUATIONS // numbers.operations)) if entries else 0
    for turn in range(most):
        if turn >= _FIRST and not (found and _LITTLE < found[0].loss < _ALL):
            break
        rows = [_row(entries, found, draw) for _ in range(_POINTS)]
        lost = numbers.losses(np.array(rows), max(_PARENTS, _POINTS // len(entries)))
        columns = np.argmax(lost, axis=1).tolist()
        losses = lost.astype(np.float32)  # the last bits of pairs hang on the machine, and must not decide which is first
        found += [Losing(row, column, float(of[column])) for row, column, of in zip(rows, columns, losses, strict=True)]
        found, tried = _best(found), tried + len(rows)
    return Search(_shortened(entries, numbers, found) if len(entries) <= _FEW else found, tried)


def _best(found: Sequence[Losing]) -> list[Losing]:
    """Return those that lose the most, a few of each result."""
    kept, seen = list[Losing](), dict[int, int]()
    for one in sorted(found, key=lambda one: -one.loss):
        seen[one.column] = seen.get(one.column, 0) + 1
        if seen[one.column] <= _ALIKE and one.loss > 1.0:
            kept.append(one)
    return kept[:_PARENTS]


def _shortened(entries: Sequence[Input], numbers: GraphNumbers, found: Sequence[Losing]) -> list[Losing]:
    """Round the inputs of each point, one after the other, to the fewest digits with which it loses nearly as much."""
    rows = [list(one.row) for one in found]
    for place, entry in enumerate(entries if found else ()):
        tried = [[*row[:place], value, *row[place + 1 :]] for row in rows for value in _shorter(entry, row[place])]
        lost = numbers.losses(np.array(tried), len(tried)).reshape(len(rows), len(_DIGITS), -1)
        for index, one in enumerate(found):
            good = np.flatnonzero(lost[index, :, one.column] >= one.loss * _NEARLY)
            if good.size:
                rows[index][place] = _shorter(entry, rows[index][place])[int(good[0])]
    return [one._replace(row=row) for one, row in zip(found, rows, strict=True)]


def _shorter(entry: Input, value: float) -> Row:
    """Return a value with few digits, and more and more."""
    return [_within(entry, float(f"{value:.{digits}g}")) for digits in _DIGITS]


def _row(entries: Sequence[Input], found: Sequence[Losing], draw: random.Random) -> Row:
    """Draw a point: anew, or as another one with one or two inputs changed."""
    if not found or draw.random() < _FRESH:
        law = KINDS[draw.choice(_LAWS)]
        return [_within(entry, _same(draw, inside(law, draw, entry))) for entry in entries]
    row = list(draw.choice(found).row)
    for _ in range(draw.choice((1, 1, 2))):
        place = draw.randrange(len(entries))
        row[place] = _within(entries[place], draw.choice(_CHANGES)(draw, entries[place], row[place], row))
    return row


def _same(draw: random.Random, value: float) -> float:
    """Replace what follows the 24th bit of a number, where libraries of C may differ, by drawn bits; short numbers stay."""
    short = float(np.float32(value))
    return short if short == value else short * (1.0 + 2.0**-24 * draw.random())


def _power(draw: random.Random, low: float, high: float) -> float:
    """Draw a number between two powers of 10, even in the exponent."""
    return _same(draw, 10.0 ** draw.uniform(low, high))


def _small(draw: random.Random) -> float:
    """Draw a small number of either sign, even in the exponent."""
    return draw.choice((-1.0, 1.0)) * _power(draw, -12.0, -0.5)


def _beside_another(draw: random.Random, _: Input, value: float, row: Row) -> float:
    """Go close to another input, or as far again as that."""
    other = draw.choice(row)
    return other * (1.0 + _small(draw)) if draw.random() < 0.5 else other + (value - other) * _power(draw, -3.0, 0.5)


def _beside_a_number(draw: random.Random, entry: Input, value: float, _: Row) -> float:
    """Go close to a whole number or to an end of the domain, or nearer to it."""
    ends = [end for end in _range(entry) if abs(end) < _MOST]
    number = draw.choice((*_WHOLE, *ends))
    return number + (value - number) * _power(draw, -3.0, 0.5) if draw.random() < 0.5 else number + _small(draw)


_CHANGES: Sequence[Change] = (
    _beside_another,
    _beside_a_number,
    lambda draw, _, value, __: value * _power(draw, -3.0, 3.0),
    lambda draw, _, value, __: value * (1.0 + 0.3 * _same(draw, draw.gauss(0.0, 1.0))),
    lambda draw, _, value, __: value * (1.0 + _small(draw)),
    lambda draw, entry, _, __: in_domain(draw, entry),
)


def _range(entry: Input) -> tuple[float, float]:
    """Return the range of an input: its domain, and the bounds of a weight."""
    (low, high), (lowest, highest) = entry.range, entry.bounds or (-math.inf, math.inf)
    return max(low, lowest), min(high, highest)


def _within(entry: Input, value: float) -> float:
    """Return a value inside the range of an input, and of ordinary size where it has none."""
    if entry.values:
        return value if value in entry.values else entry.values[0]
    low, high = _range(entry)
    floor = _LEAST * min(1.0, high - low)
    most = _MOST if entry.domain is None else math.inf
    value = math.copysign(min(max(abs(value), floor), most), value) if value else value
    if math.isfinite(low):  # what happens at the very ends is another matter
        value = max(value, low + max(floor, _LEAST * abs(low)))
    return min(value, high - max(floor, _LEAST * abs(high))) if math.isfinite(high) else value
