"""Rows of the op table as graph fragments, lowered once and copied wherever an op is differentiated or expanded."""

from collections.abc import Sequence
from functools import cache

import sympy

from symgraph.compiler.derive.lowering import Lowering
from symgraph.compiler.ir.graph import Graph, GraphBuilder, Node
from symgraph.compiler.numerics.uses import operands_first
from symgraph.spec.canonical import ordered
from symgraph.spec.ops.ops import OPS

VALUE = "v"
STABLE = "stable"


@cache
def fragment(op: str) -> Graph:
    """Return the row of an op as a graph over the inputs x0, x1, ... and v.

    Returns:
        A graph with the roots ``stable`` (where the op has such a form) and ``partial <operand> <factor>``.
    """
    row = OPS[op]
    builder = GraphBuilder(op)
    operands = sympy.symbols(f"x0:{row.arity}", real=True)
    env = {symbol: builder.leaf("input", symbol.name) for symbol in operands}
    env[sympy.Symbol(VALUE, real=True)] = builder.leaf("input", VALUE)
    # operands before auxiliaries before constants, as in a spec: max(x0, 0) and not max(0, x0)
    places = {symbol: place for place, symbol in enumerate((*env, *(symbol for symbol, _ in row.aux)))}
    lowering = Lowering(builder, ordered([*(expr for _, expr in row.aux), *row.formulas.values()], places))
    for symbol, expr in row.aux:
        env[symbol] = lowering.lower(expr, env, f"op {op}: auxiliary {symbol}")
    roots = {name: lowering.lower(expr, env, f"op {op}: {name}") for name, expr in row.formulas.items()}
    return builder.build(roots, {})


def instantiate(builder: GraphBuilder, op: str, root: str, args: Sequence[int], value: int | None = None) -> int:
    """Copy one root of an op's fragment into a builder.

    Args:
        builder: where the copy goes.
        op: the op.
        root: "stable", or "partial <operand> <factor>".
        args: positions of the operands in the builder.
        value: position of the op's own value, where the root uses it.
    """
    made: list[int] = []
    for node in _nodes_of(op, root):
        if node.op == "input":
            found = value if node.data == VALUE else args[int(str(node.data)[1:])]
            if found is None:
                raise ValueError(f"the fragment of {op} uses the op's value, which was not given")
        elif isinstance(node.data, float):
            found = builder.const(node.data)
        else:
            found = builder.add(node.op, *[made[arg] for arg in node.args])
        made.append(found)
    return made[-1]


def _nodes_of(op: str, root: str) -> tuple[Node, ...]:
    """Return the nodes of one root of an op's fragment, each after its operands; found once and kept with the fragment."""
    source = fragment(op)
    if root not in source.facts:
        nodes: list[Node] = []
        places: dict[int, int] = {}
        for position in operands_first(source.nodes, source.roots[root], places, lambda node: node.args):
            node, places[position] = source.nodes[position], len(nodes)
            nodes.append(node._replace(args=tuple(places[arg] for arg in node.args)))
        source.facts[root] = tuple(nodes)
    found: tuple[Node, ...] = source.facts[root]
    return found
