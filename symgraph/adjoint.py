"""The adjoint: one reverse sweep over a graph adds the cotangent of every node that a weight influences.

Griewank and Walther, Evaluating Derivatives (2nd ed., 2008), section 3.2: the incremental reverse mode, with the local partials
taken from the op table.
"""

from symgraph.fragments import instantiate
from symgraph.ir.graph import Graph, GraphBuilder, Node
from symgraph.ir.ops import OPS, over


def differentiate(graph: Graph) -> Graph:
    """Add everything a generated module needs to the forward graph.

    The loss is differentiated with the leaf ``cotangent`` as seed, its weight gradients summed over rows; the output, for the
    Jacobian, with the seed 1 and row by row.

    Returns:
        The graph with the further roots ``grad <weight>`` and ``jacobian <weight>``, and the names ``d_<node>`` and
        ``d_<node> (jacobian)`` for cotangents.
    """
    if "loss" in graph.roots:
        graph = adjoint(graph, "loss", prefix="grad", suffix="")
    if "output" in graph.roots:
        graph = adjoint(graph, "output", prefix="jacobian", suffix=" (jacobian)")
    return graph


def adjoint(graph: Graph, root: str, *, prefix: str, suffix: str) -> Graph:
    """Differentiate one root with respect to every weight.

    Args:
        graph: a graph whose roots include the given one.
        root: "loss" (seeded with the leaf ``cotangent``; where a cotangent that varies by row reaches a uniform node, the sum
            over rows is inserted) or "output" (seeded with 1, without sums).
        prefix: the new roots are ``<prefix> <weight>``.
        suffix: the new names are ``d_<name><suffix>``.
    """
    sweep = _Sweep(graph, sum_rows=root == "loss")
    rows = any(node.varying for node in graph.nodes)
    builder = sweep.builder
    builder.origin = f"adjoint of {root}"
    seed = builder.leaf("cotangent", "cotangent", varying=rows) if root == "loss" else builder.const(1.0)
    cotangents = sweep.run(graph.roots[root], seed)
    roots, names = dict(graph.roots), dict(graph.names)
    for position, node in enumerate(graph.nodes):
        if node.op == "weight":
            roots[f"{prefix} {node.data}"] = cotangents.get(position, builder.const(0.0))
            names.setdefault(f"d_{node.data}{suffix}", roots[f"{prefix} {node.data}"])
    for name, position in graph.names.items():
        if not name.startswith("d_") and position in cotangents and position != graph.roots[root]:
            names[f"d_{name}{suffix}"] = cotangents[position]
    return builder.build(roots, names)


class _Sweep:
    """The reverse sweep over one graph; new nodes go behind the old ones, whose positions stay."""

    def __init__(self, graph: Graph, *, sum_rows: bool) -> None:
        self.graph = graph
        self.sum_rows = sum_rows
        self.builder = GraphBuilder(graph.name)
        for node in graph.nodes:
            self.builder.copy(node, node.args)

    def run(self, root: int, seed: int) -> dict[int, int]:
        """Give the cotangent of every node on a path from a weight to the root."""
        active = _influenced_by_weights(self.graph.nodes)
        pending: dict[int, list[int]] = {root: [seed]}
        cotangents: dict[int, int] = {}
        for position in range(root, -1, -1):
            contributions = pending.pop(position, None)
            if contributions is None or not active[position]:
                continue
            node = self.graph.nodes[position]
            self.builder.origin = f"adjoint of {node.op} in {node.origin}" if node.origin else f"adjoint of {node.op}"
            cotangent = cotangents[position] = self.total(contributions, node)
            for operand, arg in enumerate(node.args):
                if active[arg] and OPS[node.op].partials[operand]:
                    pending.setdefault(arg, []).append(self.contribution(node, operand, cotangent, position))
        return cotangents

    def total(self, contributions: list[int], node: Node) -> int:
        """Sum what consumers contributed, in the order of the sweep; sums over rows are taken once, of the total."""
        varying = [c for c in contributions if self.builder.nodes[c].varying and not node.varying and self.sum_rows]
        rest = [c for c in contributions if c not in varying]
        if varying:
            rest.append(self.builder.add("rowsum", self.chain(varying)))
        return self.chain(rest)

    def chain(self, positions: list[int]) -> int:
        result = positions[0]
        for position in positions[1:]:
            result = self.builder.add("add", result, position)
        return result

    def contribution(self, node: Node, operand: int, cotangent: int, value: int) -> int:
        """The cotangent of one operand: the node's, multiplied by the factors of the local partial one after another."""
        builder = self.builder
        if node.op == "select":
            zero = builder.const(0.0)
            branches = (cotangent, zero) if operand == 1 else (zero, cotangent)
            return builder.add("select", node.args[0], *branches)
        for index, factor in enumerate(OPS[node.op].partials[operand]):
            cotangent = self.apply(cotangent, isinstance(factor, over), node, f"partial {operand} {index}", value)
        return cotangent

    def apply(self, cotangent: int, divides: bool, node: Node, root: str, value: int) -> int:
        """Multiply or divide by one factor of a local partial."""
        builder = self.builder
        factor = instantiate(builder, node.op, root, node.args, value)
        if divides:
            return builder.add("div", cotangent, factor)
        if builder.nodes[factor].data == 1.0:
            return cotangent
        if builder.nodes[factor].data == -1.0:
            return builder.add("neg", cotangent)
        return builder.add("mul", cotangent, factor)


def _influenced_by_weights(nodes: tuple[Node, ...]) -> list[bool]:
    """Whether each node is real and depends on a weight."""
    active: list[bool] = []
    for node in nodes:
        active.append(not node.boolean and (node.op == "weight" or any(active[arg] for arg in node.args)))
    return active
