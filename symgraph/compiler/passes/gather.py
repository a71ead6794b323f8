"""Reassociating: products that begin alike and have a further factor in common share the product with it.

The partials p*f1*q and p*f2*q, where the adjoint has put q last since it may vanish, become (p*q)*f1 and (p*q)*f2. A factor
moves forward only if it is a number of ordinary size or never larger than 4, and only past factors of ordinary size: those that
are computed from inputs without exponentials, powers and quotients. Past an exponential, which may be huge where q vanishes, it
does not move. A product of row values does not take the place of one that is computed once a call.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from symgraph.compiler.ir.graph import Graph, GraphBuilder, Node, replaced
from symgraph.compiler.numerics.intervals import Interval, intervals
from symgraph.compiler.numerics.uses import factors_of, read_once, readers
from symgraph.compiler.passes.prune import prune
from symgraph.spec.ops.ops import OPS

_ORDINARY_OPS = frozenset(
    {"add", "sub", "mul", "neg", "rowsum"} | {name for name, row in OPS.items() if row.bounded_slope and not row.vanishes}
)
_SMALL = 4
"""Bound of a factor that is not of ordinary size; no slope of a saturating function exceeds it."""

ROUNDS = 4
"""Number of rounds. A shared product may be part of products with a common factor, to be shared in turn; longer chains stay."""


class _Chain(NamedTuple):
    """Product (...(first * factors[0]) * ...) whose partial products nothing else needs, by its last multiplication."""

    last: int
    factors: tuple[int, ...]


class _Shared(NamedTuple):
    """Product that several chains have in common; a negative ``first`` refers to an earlier product of this kind."""

    first: int
    factor: int


def gather(graph: Graph) -> Graph:
    """Share products with a common factor that is at different places in them."""
    for _ in range(ROUNDS):
        sharing = _Sharing(graph)
        sharing.run()
        if not sharing.shared:
            break
        graph = prune(sharing.rebuilt())
    return graph


def _chains_of(graph: Graph) -> dict[int, list[_Chain]]:
    """Return the products of a graph by their first factor, which may be a product that is needed elsewhere too."""
    nodes, once, uses = graph.nodes, read_once(graph), readers(graph)
    products = [position for position, node in enumerate(nodes) if node.op == "mul"]
    inner = once.intersection(products) & {nodes[position].args[0] for position in products}
    chains: dict[int, list[_Chain]] = {}
    for position in products:
        if position in uses and position not in inner:
            first, *factors = factors_of(nodes, position, inner)
            chains.setdefault(first, []).append(_Chain(position, tuple(factors)))
    return chains


class _Sharing:
    """Sharing in one graph: the shared products by a negative number, and the remaining factors of every chain."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.shared: dict[int, _Shared] = {}
        self.left: dict[int, tuple[int, tuple[int, ...]]] = {}
        self.ordinary = _ordinary(graph.nodes)
        self.asked: set[int] = set()
        self.bounds: list[Interval] = []

    def run(self) -> None:
        """Find common factors, and then further ones among the chains that share them."""
        todo = [(first, chains) for first, chains in _chains_of(self.graph).items() if len(chains) > 1]
        self.asked = {factor for _, chains in todo for chain in chains for factor in chain.factors}
        while todo:
            first, chains = todo.pop()
            for factor, members in self.groups(first, chains):
                number = -1 - len(self.shared)
                self.shared[number] = _Shared(first, factor)
                rest = [_Chain(chain.last, _without(chain.factors, factor)) for chain in members]
                self.left |= {chain.last: (number, chain.factors) for chain in rest}
                todo.append((number, rest))

    def groups(self, first: int, chains: Sequence[_Chain]) -> Iterator[tuple[int, list[_Chain]]]:
        """Yield the factors that several chains have in common, those of most chains first; a chain is in one group at most."""
        movable = {chain.last: self.movable(first, chain) for chain in chains}
        counts = Counter(factor for chain in chains for factor in movable[chain.last])
        free = {chain.last: chain for chain in chains}
        owners: dict[int, list[_Chain]] = {}
        for chain in chains:
            for factor in movable[chain.last]:
                owners.setdefault(factor, []).append(chain)
        for factor, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            members = [chain for chain in owners[factor] if chain.last in free] if count > 1 else []
            if len(members) > 1:
                for chain in members:
                    del free[chain.last]
                yield factor, members

    def movable(self, first: int, chain: _Chain) -> list[int]:
        """Return the factors of a chain that may come right after the first."""
        found: list[int] = []
        for factor in chain.factors:
            uniform = not self.graph.nodes[factor].varying
            if factor not in found and (uniform or self.varies(first)) and (self.ordinary[factor] or self.is_small(factor)):
                found.append(factor)
            if not self.ordinary[factor]:
                break
        return found

    def varies(self, first: int) -> bool:
        """Tell if a node, or a shared product, differs from row to row."""
        return first < 0 or self.graph.nodes[first].varying

    def is_small(self, position: int) -> bool:
        if not self.bounds:
            self.bounds = intervals(self.graph, only=[factor for factor in self.asked if not self.ordinary[factor]])
        bound = self.bounds[position]
        return bool(bound.low >= -_SMALL and bound.high <= _SMALL)

    def rebuilt(self) -> Graph:
        """Return the graph with the shared products."""

        def remade(builder: GraphBuilder, moved: Sequence[int], position: int) -> int:
            first, factors = self.left[position]
            return builder.chain("mul", [self.place(builder, moved, first), *(moved[factor] for factor in factors)])

        return replaced(self.graph, self.left, remade)[0]

    def place(self, builder: GraphBuilder, moved: Sequence[int], first: int) -> int:
        """Return the new position of a node or shared product."""
        factors = []
        while first < 0:
            first, factor = self.shared[first]
            factors.append(moved[factor])
        return builder.chain("mul", [moved[first], *reversed(factors)])


def _ordinary(nodes: Sequence[Node]) -> list[bool]:
    """Tell for each node if it is computed from inputs by ops that make no huge numbers of ordinary ones."""
    result: list[bool] = []
    for node in nodes:
        ordinary = node.data is not None or node.op in _ORDINARY_OPS
        if ordinary:
            for arg in node.args:
                if not result[arg]:
                    ordinary = False
                    break
        result.append(ordinary)
    return result


def _without(factors: tuple[int, ...], factor: int) -> tuple[int, ...]:
    place = factors.index(factor)
    return (*factors[:place], *factors[place + 1 :])
