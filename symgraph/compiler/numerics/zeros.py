"""Values that are 0 in a region: the conditions without which nodes are 0, whatever their other operands are."""

from collections.abc import Iterator, Sequence

from symgraph.compiler.ir.graph import GraphBuilder, Node
from symgraph.compiler.numerics.uses import operands_first
from symgraph.spec.ops.ops import OPS

_MOST = 8
"""Most conditions that are joined by "and" or by "or"; more are not worth their cost."""


def follows_first(nodes: Sequence[Node], node: Node) -> bool:
    """Tell if a node is 0 wherever its first operand is 0, and all others are numbers of any size but 0."""
    if node.op == "pow":
        exponent = nodes[node.args[1]].data
        return isinstance(exponent, float) and exponent > 0.0
    return node.op in ("div", "rowsum") or (bool(node.args) and OPS[node.op].through_0)


class Zeros:
    """Finder of the conditions without which a builder's nodes are 0: those of selections of 0, and of what they are part of.

    Conditions are nodes, which are added to the builder. A subclass knows of further operations.
    """

    def __init__(self, builder: GraphBuilder) -> None:
        self.builder = builder
        self._known: dict[int, int | None] = {}

    def of(self, position: int) -> int | None:
        """Return the condition without which a node is 0, or None where there is none."""
        nodes = self.builder.nodes
        for top in operands_first(nodes, position, self._known, lambda node: () if node.boolean else node.args):
            self._known[top] = self._found(top, nodes[top])
        return self._known[position]

    def only_where(self, condition: int, value: int) -> int:
        """Select a value where a condition holds, else 0."""
        node, zero = self.builder.nodes[condition], self.builder.const(0.0)
        if node.op == "not":
            return self.builder.add("select", node.args[0], zero, value)
        return self.builder.add("select", condition, value, zero)

    def choice(self, selection: tuple[int, ...]) -> tuple[int, int] | None:
        """Return the condition of a selection between a branch and 0, given its operands, and the branch; else None."""
        condition, *branches = selection
        zeros = [self.builder.nodes[branch].data == 0.0 for branch in branches]
        if zeros[0] == zeros[1]:
            return None
        return (self.builder.add("not", condition), branches[1]) if zeros[0] else (condition, branches[0])

    def both(self, left: int | None, right: int | None) -> int | None:
        """Return the condition of a product, or of a selection and its branch: here that of the first that has one."""
        return right if left is None else left

    def joined(self, op: str, left: int, right: int) -> int | None:
        """Join two conditions by "and" or "or"; None where two of their parts are opposites, or the parts are many."""
        nodes, parts = self.builder.nodes, {*self._parts(op, left), *self._parts(op, right)}
        opposites = {arg for part in parts if nodes[part].op == "not" for arg in nodes[part].args}
        return None if opposites & parts or len(parts) > _MOST else self.builder.chain(op, sorted(parts))

    def further(self, position: int, node: Node, inner: int | None) -> int | None:
        """Return the condition of an operation that this class does not know, given that of its first operand."""
        return None

    def _found(self, position: int, node: Node) -> int | None:
        known = [self._known.get(arg) for arg in node.args]
        match node.op:
            case "select":
                chosen = self.choice(node.args)
                return None if chosen is None else self.both(chosen[0], self._known.get(chosen[1]))
            case "mul":
                return self.both(*known)
            case "div" | "neg":
                return known[0]
            case "add" | "sub" if known[0] is not None and known[1] is not None:
                return self.joined("or", known[0], known[1])
        return self.further(position, node, known[0] if known else None)

    def _parts(self, op: str, condition: int) -> Iterator[int]:
        """Yield the conditions that a chain of one op joins."""
        todo = [condition]
        while todo:
            node = self.builder.nodes[part := todo.pop()]
            if node.op == op:
                todo += node.args
            else:
                yield part
