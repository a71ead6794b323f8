"""Rows of the op table as graph fragments: lowered once, then copied wherever an op is differentiated or expanded."""

from collections.abc import Mapping, Sequence
from functools import cache

import sympy

from symgraph.canonical import digests
from symgraph.ir.graph import Graph, GraphBuilder
from symgraph.ir.ops import OPS, late, over
from symgraph.lowering import Lowering

VALUE = "v"
STABLE = "stable"


@cache
def fragment(op: str) -> Graph:
    """The row of an op as a graph over the inputs x0, x1, ... and v.

    Returns:
        A graph with the roots ``stable`` (where the op has such a form) and ``partial <operand> <factor>``.
    """
    row = OPS[op]
    builder = GraphBuilder(op)
    operands = sympy.symbols(f"x0:{row.arity}", real=True)
    env = {symbol: builder.leaf("input", symbol.name) for symbol in operands}
    env[sympy.Symbol(VALUE, real=True)] = builder.leaf("input", VALUE)
    targets = {
        f"partial {i} {j}": factor.expr if isinstance(factor, over | late) else factor
        for i, factors in enumerate(row.partials)
        for j, factor in enumerate(factors)
    }
    if row.stable is not None:
        targets[STABLE] = row.stable
    # operands before auxiliaries before constants, as in a spec: max(x0, 0) and not max(0, x0)
    ranks = {symbol: rank for rank, symbol in enumerate((*env, *(symbol for symbol, _ in row.aux)))}
    lowering = Lowering(builder, digests([*(expr for _, expr in row.aux), *targets.values()]), ranks)
    for symbol, expr in row.aux:
        env[symbol] = lowering.lower(expr, env, f"op {op}: auxiliary {symbol}")
    roots = {name: lowering.lower(expr, env, f"op {op}: {name}") for name, expr in targets.items()}
    return builder.build(roots, {})


def constant_root(op: str, root: str) -> float | None:
    """The value of a root of an op's fragment that is a constant, None for any other."""
    source = fragment(op)
    data = source.nodes[source.roots[root]].data
    return data if isinstance(data, float) else None


def instantiate(builder: GraphBuilder, op: str, root: str, args: Sequence[int], value: int | None = None) -> int:
    """Copy one root of an op's fragment into a builder.

    Args:
        builder: where the copy goes.
        op: the op.
        root: "stable", or "partial <operand> <factor>".
        args: positions of the operands in the builder.
        value: position of the op's own value, where the root uses it.
    """
    source = fragment(op)
    whole = source.nodes[source.roots[root]]
    if whole.op == "input" and whole.data != VALUE:  # a factor of a product, say: the other operand
        return args[int(str(whole.data)[1:])]
    inputs: Mapping[str, int | None] = {VALUE: value, **{f"x{i}": arg for i, arg in enumerate(args)}}
    moved: dict[int, int] = {}
    stack = [source.roots[root]]
    while stack:
        position = stack[-1]
        node = source.nodes[position]
        waiting = [arg for arg in node.args if arg not in moved]
        if waiting:
            stack.extend(waiting)
            continue
        stack.pop()
        if position not in moved:
            moved[position] = _copied(builder, source, position, inputs, moved)
    return moved[source.roots[root]]


def _copied(
    builder: GraphBuilder, source: Graph, position: int, inputs: Mapping[str, int | None], moved: Mapping[int, int]
) -> int:
    node = source.nodes[position]
    if node.op == "input":
        found = inputs[str(node.data)]
        if found is None:
            raise ValueError(f"the fragment of {source.name} uses the op's value, which was not given")
        return found
    if isinstance(node.data, float):
        return builder.const(node.data)
    return builder.add(node.op, *(moved[arg] for arg in node.args))
