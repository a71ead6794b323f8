"""Exact except that a branch that is not taken contributes 0 even where a factor in it is infinite or not a number.

The cotangent that enters a branch is ``select(taken, cotangent, 0)``. Multiplied by a local partial that is not finite, as
that of a named node log(x) at rows where x is negative, its 0 would become NaN. So the selection is made after such a factor:
``select(c, y, 0) * f`` becomes ``select(c, y * f, 0)`` wherever f may not be finite. The cotangent of a node that several
branches use is 0 where none of them is taken: there the selection is by ``c1 or c2``. A sum over rows of such cotangents, which
meets a factor that is the same in every row, is selected by whether it is 0.
"""

from symgraph.compiler.ir.graph import BOOLEAN_OPS, LEAVES, Graph, GraphBuilder, Node, rebuild
from symgraph.compiler.numerics.uses import alive
from symgraph.compiler.numerics.zeros import Zeros
from symgraph.spec.ops.ops import OPS

_TAME = BOOLEAN_OPS | {"add", "sub", "neg", "mul", "select"} | {name for name, row in OPS.items() if row.bounded_slope}
"""Ops that are finite where their operands are, overflow left aside."""


def mask(graph: Graph) -> Graph:
    """Move selections with 0 behind factors that may not be finite."""
    living = alive(graph)
    if not any(node.op == "select" and position in living for position, node in enumerate(graph.nodes)):
        return graph
    finders: list[_Masks] = []

    def rewrite(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
        if not finders:
            finders.append(_Masks(builder))
        return finders[0].merged(args) if node.op == "select" else finders[0].moved(node.op, args)

    return rebuild(graph, rewrite, {"select", "mul", "div"})


class _Masks(Zeros):
    """Finder of the conditions without which cotangents are 0, and mover of selections by these."""

    def __init__(self, builder: GraphBuilder) -> None:
        super().__init__(builder)
        self._tame: list[bool] = []

    def merged(self, args: tuple[int, ...]) -> int | None:
        """Return the y of select(c, y, 0) where y is 0 already wherever c does not hold."""
        chosen = self.choice(args)
        return chosen[1] if chosen is not None and chosen[0] == self.of(chosen[1]) else None

    def moved(self, op: str, args: tuple[int, ...]) -> int | None:
        """Move the selection outside a product or quotient with a masked operand and one that may not be finite."""
        for index, masked in enumerate(args if op == "mul" else args[:1]):
            factor = args[1 - index]
            safe = self.is_tame(factor) if op == "mul" else self.builder.nodes[factor].op == "const"
            condition = None if safe else self.of(masked)
            if condition is not None:
                node = self.builder.nodes[masked]
                chosen = self.choice(node.args) if node.op == "select" else None
                inner = chosen[1] if chosen is not None and chosen[0] == condition else masked
                operands = (inner, factor) if index == 0 else (factor, inner)
                # what is selected may be a selection itself, whose 0 the factor must not meet either
                within = None if inner == masked else self.moved(op, operands)
                if within is not None and self.of(within) == condition:
                    return within
                return self.only_where(condition, self.builder.add(op, *operands) if within is None else within)
        return None

    def further(self, position: int, node: Node, inner: int | None) -> int | None:
        """Return the condition of a sum over rows; where that of its terms varies by row, that the sum is not 0."""
        if node.op != "rowsum" or inner is None:
            return None
        if not self.builder.nodes[inner].varying:
            return inner
        # 0 where no row takes the branch, and where it is 0 by itself
        return self.builder.add("not", self.builder.add("eq", position, self.builder.const(0.0)))

    def is_tame(self, position: int) -> bool:
        """Tell if a node is finite where its leaves are."""
        tame = self._tame
        for node in self.builder.nodes[len(tame) :]:
            tame.append(node.op == "const" or node.op in LEAVES or (node.op in _TAME and all(tame[arg] for arg in node.args)))
        return tame[position]
