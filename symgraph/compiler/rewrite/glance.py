"""Quick test of nodes before the search for patterns: the ops in sums and products, found without computing their forms."""

from collections.abc import Iterable, Sequence

from symgraph.compiler.ir.graph import Node
from symgraph.compiler.rewrite.linear_forms import LOOKED_INTO

CONSTANT, BELOW = "constant", "below"
"""Features of a term that is a constant, or may be one, and of a term with a factor that may be in a denominator: those of
quotients and powers, in which everything may cancel."""

SQUARE, SQUARES = "square", "squares"
"""Features of one term, or of two terms or more, that are squares, constants among them."""


class Glance:
    """Features of nodes as bits of an int, each node looked at once.

    Args:
        ops: the ops that patterns ask for. A node has the feature of an op that is a factor of a term of it.
    """

    def __init__(self, ops: Iterable[str]) -> None:
        features = sorted({*ops, CONSTANT, BELOW, SQUARE, SQUARES, "pow"})
        self.bits = {feature: 1 << place for place, feature in enumerate(features)}
        self.looks: list[int] = []
        self._square, self._squares = self.bits[SQUARE], self.bits[SQUARES]
        self._hidden = self.bits[CONSTANT] | self.bits[BELOW]
        self._plain = {op: bit for op, bit in self.bits.items() if op not in LOOKED_INTO}
        self._plain["const"] = self.bits[CONSTANT] | self._square

    def wanted(self, features: Iterable[str]) -> int:
        """Return the bits of some features."""
        return sum(self.bits[feature] for feature in set(features))

    def shows(self, position: int, wanted: int) -> bool:
        """Tell if a node has all features that are wanted."""
        return not wanted & ~self.looks[position]

    def read(self, nodes: Sequence[Node]) -> None:
        """Look at the nodes that have been added since the last time."""
        looks, below = self.looks, self.bits[BELOW]
        for position in range(len(looks), len(nodes)):
            node = nodes[position]
            if node.op in LOOKED_INTO:
                looks.append(self._look(node))
                continue
            look = self._plain.get(node.op, 0)
            for arg in node.args if look else ():
                # a placeholder inside an op may stand for a quotient: then it is below where what it stands for is above
                look |= looks[arg] & below
            looks.append(look)

    def also(self, nodes: Sequence[Node], position: int, before: int) -> None:
        """Add to the features of a node those of the node that it replaced."""
        self.read(nodes)
        self.looks[position] |= self.looks[before]

    def _look(self, node: Node) -> int:
        op, left, right = node.op, self.looks[node.args[0]], self.looks[node.args[-1]]
        if op == "neg":
            return left
        both = left & right & self._square
        if op in ("add", "sub"):
            return left | right | (self._squares if both else 0)
        square = self._square if both or op == "pow" or node.args[0] == node.args[1] else 0
        factors = (left | right) & ~(self._square | self._squares)
        return factors | square | self.bits.get(op, 0) | (0 if op == "mul" else self._hidden)
