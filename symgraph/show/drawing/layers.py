"""Layered layout of a graph without cycles: each vertex in a column to the right of all that it uses.

Sugiyama, Tagawa and Toda, Methods for visual understanding of hierarchical system structures, IEEE Transactions on Systems,
Man, and Cybernetics 11 (1981): ranks by longest paths, bends where an edge passes a column, few crossings by barycenters.
Heights are those of least squares: the sum of the squared rises of all edges is minimized column by column, the order in it
kept, by isotonic regression (pool adjacent violators; Barlow et al., Statistical Inference under Order Restrictions, 1972).
"""

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import pairwise
from statistics import fmean
from typing import NamedTuple

_SWEEPS = 12
"""Sweeps of each kind, from left to right and back; later ones change little."""
_APART = 14.0
"""Room between two boxes of a column."""
_CLOSER = 0.6
"""Room above or below a bend as a part of that."""
_GAP = (40.0, 110.0)
"""Narrowest and widest room between columns; it grows with the rise of the edges there."""
_STEEP = 0.22
"""Room between columns as a part of the highest rise there."""
_PORTS = 15.0
"""Room between the ends of two edges at a box, where it is high enough."""


class Size(NamedTuple):
    """Width and height of a box."""

    width: float
    height: float


class Spot(NamedTuple):
    """A point, or the upper left corner of a box."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything is drawn; y grows downwards.

    Attributes:
        width, height: of all together, from the origin.
        corners: the upper left corner of each box.
        routes: for each edge the points where it enters and leaves the room between columns: pairs, the first of a pair at the
            right of a column and the second at the left of the next one; then its end.
    """

    width: float
    height: float
    corners: tuple[Spot, ...]
    routes: tuple[tuple[Spot, ...], ...]


Edges = Sequence[tuple[int, int]]


def layered(sizes: Sequence[Size], edges: Edges) -> Layout:
    """Place boxes in columns, and lead the edges between them.

    Args:
        sizes: of the boxes, which are called by their positions here.
        edges: pairs (source, target), no two the same, without cycles.
    """
    ranks = ranked(len(sizes), edges)
    grid = _Grid(sizes, edges, ranks)
    grid.reduce_crossings()
    grid.straighten()
    return grid.layout()


def ranked(count: int, edges: Edges) -> list[int]:
    """Return the column of each vertex: behind all that it uses, and what is used once directly before its user."""
    sources, targets = _neighbours(count, edges)
    order = list(TopologicalSorter(dict(enumerate(sources))).static_order())
    ranks = [0] * count
    for vertex in order:
        ranks[vertex] = max((ranks[one] + 1 for one in sources[vertex]), default=0)
    for vertex in reversed(order):
        follow = sum(not (len(targets[one]) == 1 and not sources[one]) for one in sources[vertex])
        if targets[vertex] and follow <= len(targets[vertex]):  # the edges on its left grow by no more than those right shrink
            ranks[vertex] = min(ranks[one] for one in targets[vertex]) - 1
    first = min(ranks, default=0)
    return [rank - first for rank in ranks]


def _neighbours(count: int, edges: Edges) -> tuple[list[list[int]], list[list[int]]]:
    sources: list[list[int]] = [[] for _ in range(count)]
    targets: list[list[int]] = [[] for _ in range(count)]
    for source, target in edges:
        sources[target].append(source)
        targets[source].append(target)
    return sources, targets


class _Grid:
    """Columns of boxes and of bends; both are called items, the boxes by their positions, the bends by numbers behind these."""

    def __init__(self, sizes: Sequence[Size], edges: Edges, ranks: Sequence[int]) -> None:
        self.sizes, self.ranks = list(sizes), list(ranks)
        self.count = len(sizes)
        self.bends: dict[tuple[int, int], int] = {}
        self.chains = [self._chain(source, target) for source, target in edges]
        links = list(dict.fromkeys(pair for chain in self.chains for pair in pairwise(chain)))
        self.left, self.right = _neighbours(len(self.sizes), links)
        self.columns: list[list[int]] = [[] for _ in range(max(self.ranks, default=-1) + 1)]
        for item in self._first_order():
            self.columns[self.ranks[item]].append(item)
        self.middles = [0.0] * len(self.sizes)

    def _chain(self, source: int, target: int) -> list[int]:
        """Return the items that an edge passes; the edges of one source share their bends, like the branches of a tree."""
        between = range(self.ranks[source] + 1, self.ranks[target])
        for rank in between:
            if (source, rank) not in self.bends:
                self.bends[source, rank] = len(self.sizes)
                self.sizes.append(Size(0.0, 0.0))
                self.ranks.append(rank)
        return [source, *(self.bends[source, rank] for rank in between), target]

    def _first_order(self) -> list[int]:
        """Return the items as a walk from the ends to the left meets them, so that what belongs together is together."""
        found: dict[int, None] = {}
        for last in sorted(range(self.count), key=lambda item: (-self.ranks[item], item)):
            todo = [last]
            while todo:
                item = todo.pop()
                if item not in found:
                    found[item] = None
                    todo += reversed(self.left[item])
        return list(found)

    # Order in the columns.

    def reduce_crossings(self) -> None:
        """Sort each column by the mean place of its items' neighbours, to and fro, and keep the best order seen.

        The sweeps begin at the left and at the right, and from the order of the walk and its reverse, since each ends in
        another valley.
        """
        first = best = [list(column) for column in self.columns]
        fewest = self.crossings()
        for start in range(4):
            self.columns = [list(column if start < 2 else reversed(column)) for column in first]
            for sweep in range(start, start + _SWEEPS):
                if not fewest:
                    break
                rightwards = sweep % 2 == 0
                for column in self.columns if rightwards else reversed(self.columns):
                    self._sort(column, self.left if rightwards else self.right)
                self._exchange()
                found = self.crossings()
                if found < fewest:
                    best, fewest = [list(column) for column in self.columns], found
        self.columns = best

    def _sort(self, column: list[int], neighbours: list[list[int]]) -> None:
        places = self._places()
        means = {item: fmean([places[one] for one in neighbours[item]]) for item in column if neighbours[item]}
        moved = iter(sorted(means, key=lambda item: means[item]))
        column[:] = [next(moved) if item in means else item for item in column]  # the others stay where they are

    def _exchange(self) -> None:
        """Exchange two neighbours in a column as long as that saves crossings."""
        for column in self.columns:
            better, places = True, self._places()  # of the neighbours, which stand in other columns
            while better:
                better = False
                for at in range(len(column) - 1):
                    upper, lower = column[at], column[at + 1]
                    saved = 0
                    for side in (self.left, self.right):
                        one, other = ([places[item] for item in side[which]] for which in (upper, lower))
                        saved += _inversions(one, other) - _inversions(other, one)
                    if saved > 0:
                        column[at], column[at + 1] = lower, upper
                        better = True

    def _places(self) -> list[int]:
        places = [0] * len(self.sizes)
        for column in self.columns:
            for place, item in enumerate(column):
                places[item] = place
        return places

    def crossings(self) -> int:
        """Return how many pairs of edges cross between columns."""
        places, total = self._places(), 0
        for column in self.columns:
            seen: list[int] = []
            for item in column:
                ends = sorted(places[one] for one in self.right[item])
                total += sum(len(seen) - bisect_right(seen, end) for end in ends)
                for end in ends:
                    insort(seen, end)
        return total

    # Heights.

    def straighten(self) -> None:
        """Give each item the height at which the squared rises of its edges are least, those of bends counting most."""
        for column in self.columns:
            self._settle(column, [0.0] * len(column), [1.0] * len(column))
        for sweep in range(4 * _SWEEPS):
            for column in self.columns if sweep % 2 == 0 else reversed(self.columns):
                wanted, strengths = [], []
                for item in column:
                    around = [(self._strength(item, one), self.middles[one]) for one in (*self.left[item], *self.right[item])]
                    total = sum(strength for strength, _ in around)
                    wanted.append(sum(s * middle for s, middle in around) / total if around else self.middles[item])
                    strengths.append(total or 1e-3)
                self._settle(column, wanted, strengths)

    def _strength(self, *items: int) -> float:
        return (1.0, 2.0, 8.0)[sum(item >= self.count for item in items)]

    def _settle(self, column: list[int], wanted: Sequence[float], strengths: Sequence[float]) -> None:
        """Put a column's items as near as can be to the heights wanted, in their order and apart from each other."""
        offsets = [0.0]
        for upper, lower in pairwise(column):
            bends = max(upper, lower) >= self.count
            apart = _APART * (_CLOSER if bends else 1.0)
            offsets.append(offsets[-1] + (self.sizes[upper].height + self.sizes[lower].height) / 2 + apart)
        blocks: list[tuple[float, float, int]] = []  # mean, strength, number of items
        for want, strength, offset in zip(wanted, strengths, offsets, strict=False):
            mean, total, many = want - offset, strength, 1
            while blocks and blocks[-1][0] >= mean:
                before, weight, some = blocks.pop()
                mean, total, many = (before * weight + mean * total) / (weight + total), weight + total, many + some
            blocks.append((mean, total, many))
        heights = [mean for mean, _, many in blocks for _ in range(many)]
        for item, height, offset in zip(column, heights, offsets, strict=False):
            self.middles[item] = height + offset

    # Points.

    def layout(self) -> Layout:
        """Return the places of the boxes and the ways of the edges."""
        top = min((self.middles[item] - self.sizes[item].height / 2 for item in range(len(self.sizes))), default=0.0)
        self.middles = [middle - top for middle in self.middles]
        low = max((self.middles[item] + self.sizes[item].height / 2 for item in range(len(self.sizes))), default=0.0)
        spans, right = [], 0.0
        for column in self.columns:
            width = max(self.sizes[item].width for item in column)
            spans.append((right, right + width))
            rises = [abs(self.middles[one] - self.middles[item]) for item in column for one in self.right[item]]
            right += width + min(max(_STEEP * max(rises, default=0.0), _GAP[0]), _GAP[1])
        lefts = [self._left_of(item, spans[self.ranks[item]]) for item in range(self.count)]
        corners = tuple(Spot(x, self.middles[item] - self.sizes[item].height / 2) for item, x in enumerate(lefts))
        routes = tuple(self._route(chain, spans, corners) for chain in self.chains)
        return Layout(spans[-1][1] if spans else 0.0, low, corners, routes)

    def _left_of(self, item: int, span: tuple[float, float]) -> float:
        """Return the left end of a box: inputs stand at the right of their column, others in its middle."""
        spare = span[1] - span[0] - self.sizes[item].width
        return span[0] + (spare / 2 if self.left[item] else spare)

    def _route(self, chain: list[int], spans: Sequence[tuple[float, float]], corners: Sequence[Spot]) -> tuple[Spot, ...]:
        source, target = chain[0], chain[-1]
        start = self._port(source, self.right[source], chain[1])
        end = self._port(target, self.left[target], chain[-2])
        points = [Spot(corners[source].x + self.sizes[source].width, start), Spot(spans[self.ranks[source]][1], start)]
        for bend in chain[1:-1]:
            points += [Spot(x, self.middles[bend]) for x in spans[self.ranks[bend]]]
        return (*points, Spot(spans[self.ranks[target]][0], end), Spot(corners[target].x, end))

    def _port(self, item: int, others: Sequence[int], other: int) -> float:
        """Return the height at which an edge meets a box: its edges share the side in the order of their other ends."""
        order = sorted(others, key=lambda one: (self.middles[one], one))
        step = min(_PORTS, (self.sizes[item].height - 12.0) / max(1, len(order)))
        return self.middles[item] + step * (order.index(other) - (len(order) - 1) / 2)


def _inversions(upper: Iterable[int], lower: Iterable[int]) -> int:
    """Return how many pairs of ends cross, where those of an upper item come first."""
    ends = sorted(lower)
    return sum(sum(end < one for end in ends) for one in upper)
