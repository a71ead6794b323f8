"""Quick test of nodes before the search for patterns: the ops in sums and products, found without computing their forms."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from symgraph.ir.graph import Node, made
from symgraph.rewrite.linear_forms import LOOKED_INTO, MOST

_SUMS = ("add", "sub")


class Look(NamedTuple):
    """Features that a node shows, or that a pattern asks for.

    Attributes:
        once: a bit for each op that is a factor of a term.
        twice: a bit for each op that is a factor of two terms or more.
        squares: the number of terms that are squares, constants among them; 2 stands for 2 or more.
        terms: the number of terms.
    """

    once: int = 0
    twice: int = 0
    squares: int = 0
    terms: int = 1

    def has(self, wanted: "Look") -> bool:
        """Tell if it shows all features that are wanted."""
        missing = (wanted.once & ~self.once) | (wanted.twice & ~self.twice)
        return not missing and self.squares >= wanted.squares and self.terms >= wanted.terms


_NOTHING = Look()

CONSTANT, BELOW = "constant", "below"
"""Bits of a term that is a constant, or may be one, and of a term with a factor that may be in a denominator: those of
quotients and powers, in which everything may cancel."""


@dataclass(slots=True)
class Glance:
    """Quick tests of nodes, each made once.

    Attributes:
        bits: a bit for each op that patterns ask for, and for ``CONSTANT`` and ``BELOW``.
    """

    bits: Mapping[str, int]
    looks: list[Look] = field(default_factory=list)
    _plain: Mapping[str, Look] = field(init=False)
    _hidden: int = field(init=False)

    def __post_init__(self) -> None:
        self._hidden = self.bits.get(CONSTANT, 0) | self.bits.get(BELOW, 0)
        plain = {op: Look(bit) for op, bit in self.bits.items() if op not in LOOKED_INTO}
        self._plain = {**plain, "const": Look(self.bits.get(CONSTANT, 0), squares=1)}

    def wanted(self, terms: Sequence[Iterable[str]], squares: int) -> Look:
        """Return the features that a pattern asks for, from the ops of each of its terms and its number of squares."""
        total = _NOTHING
        for place, ops in enumerate(terms):
            term = Look(sum(self.bits[op] for op in ops))
            total = _together(total, term) if place else term
        return total._replace(squares=squares)

    def read(self, nodes: Sequence[Node]) -> None:
        """Read the features of the nodes that have been added since the last time."""
        looks = self.looks
        for position in range(len(looks), len(nodes)):
            node = nodes[position]
            if node.op in LOOKED_INTO:
                looks.append(self._look(node))
                continue
            plain = self._plain.get(node.op, _NOTHING)
            # a placeholder inside an op may stand for a quotient: then it is below where what it stands for is above
            below = [looks[arg].once & self.bits.get(BELOW, 0) for arg in node.args] if plain is not _NOTHING else ()
            looks.append(plain._replace(once=plain.once | max(below)) if any(below) else plain)

    def also(self, nodes: Sequence[Node], position: int, before: int) -> None:
        """Add to the features of a node those of the node that it replaced."""
        self.read(nodes)
        own, other = self.looks[position], self.looks[before]
        self.looks[position] = own._replace(once=own.once | other.once, twice=own.twice | other.twice)

    def _look(self, node: Node) -> Look:
        op = node.op
        if op == "neg":
            return self.looks[node.args[0]]
        left, right = self.looks[node.args[0]], self.looks[node.args[1]]
        if op == "mul" and left is right is _NOTHING and node.args[0] != node.args[1] and op not in self.bits:
            return _NOTHING
        if op in _SUMS:
            both = _together(left, right)
            return both if both.terms <= MOST else _NOTHING  # a longer sum has no form
        square = op == "pow" or node.args[0] == node.args[1] or bool(left.squares and right.squares)
        # the terms of a sum that is a factor do not show
        once = (left.once if left.terms == 1 else 0) | (right.once if right.terms == 1 else 0)
        hidden = self._hidden
        once |= (left.once | right.once) & hidden if op == "mul" else hidden
        return made(Look, (once | self.bits.get(op, 0), 0, int(square), 1))


def _together(left: Look, right: Look) -> Look:
    """Return the features of the sum of two nodes."""
    twice = left.twice | right.twice | (left.once & right.once)
    return made(Look, (left.once | right.once, twice, min(2, left.squares + right.squares), left.terms + right.terms))
