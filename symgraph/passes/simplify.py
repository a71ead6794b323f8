"""Exact up to the sign of zero: identities that remove an operation or move a minus sign to where it costs nothing.

No rule assumes that a value is finite, so nothing here turns a NaN into a number, with one intended exception: a product
with a 0-1 selection becomes a selection, in which inf * 0 cannot occur.
"""

import operator
from collections.abc import Callable, Sequence

from symgraph.ir.graph import Graph, GraphBuilder, Node, rebuild

_COMPARISONS: dict[str, Callable[..., bool]] = {
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "eq": operator.eq,
    "ne": operator.ne,
}

Rule = Callable[[GraphBuilder, tuple[int, ...]], int | None]


def simplify(graph: Graph) -> Graph:
    """Apply the identities of ``RULES`` to every node, operands first."""
    nodes = graph.nodes
    at = [position for position, node in enumerate(nodes) if node.op in RULES and _may_apply(nodes, node.args)]
    return rebuild(graph, _simplify, RULES, at)


_SEEN = frozenset({"const", "neg", "select"})


def _may_apply(nodes: Sequence[Node], args: tuple[int, ...]) -> bool:
    """Tell by a quick look if a rule may apply: none for two operands does where they differ and neither is of these ops."""
    return len(args) != 2 or args[0] == args[1] or nodes[args[0]].op in _SEEN or nodes[args[1]].op in _SEEN


def _simplify(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
    if not _may_apply(builder.nodes, args):
        return None
    for rule in RULES[node.op]:
        found = rule(builder, args)
        if found is not None:
            return found
    return None


def simplified(builder: GraphBuilder, op: str, *args: int) -> int:
    """Add an operation in its simplest form."""
    for rule in RULES.get(op, ()):
        found = rule(builder, args)
        if found is not None:
            return found
    return builder.add(op, *args)


def _is(builder: GraphBuilder, position: int, value: float) -> bool:
    return builder.nodes[position].data == value


def _operand_of(builder: GraphBuilder, position: int, op: str) -> int | None:
    node = builder.nodes[position]
    return node.args[0] if node.op == op else None


def _leads_with_constant(builder: GraphBuilder, position: int) -> bool:
    """Tell if the leftmost factor of a product is a constant, which can take a minus sign at no cost."""
    while builder.nodes[position].op in ("mul", "div"):
        position = builder.nodes[position].args[0]
    return builder.nodes[position].op == "const"


def _negated_lead(builder: GraphBuilder, position: int) -> int:
    """Change the sign of a product's leftmost factor, a constant."""
    node = builder.nodes[position]
    if isinstance(node.data, float):
        return builder.const(-node.data)
    return simplified(builder, node.op, _negated_lead(builder, node.args[0]), node.args[1])


def _add_negative(builder: GraphBuilder, args: tuple[int, ...]) -> int | None:
    left, right = (_operand_of(builder, arg, "neg") for arg in args)
    if right is not None:
        return simplified(builder, "sub", args[0], right)
    return None if left is None else simplified(builder, "sub", args[1], left)


def _add_zero(builder: GraphBuilder, args: tuple[int, ...]) -> int | None:
    if _is(builder, args[0], 0.0):
        return args[1]
    return args[0] if _is(builder, args[1], 0.0) else None


def _add_same(builder: GraphBuilder, args: tuple[int, ...]) -> int | None:
    return simplified(builder, "mul", builder.const(2.0), args[0]) if args[0] == args[1] else None


def _sub_negative(builder: GraphBuilder, args: tuple[int, ...]) -> int | None:
    operand = _operand_of(builder, args[1], "neg")
    return None if operand is None else simplified(builder, "add", args[0], operand)


def _sub_zero(builder: GraphBuilder, args: tuple[int, ...]) -> int | None:
    if _is(builder, args[0], 0.0):
        return simplified(builder, "neg", args[1])
    return args[0] if _is(builder, args[1], 0.0) else None


def _mul_constant_first(builder: GraphBuilder, args: tuple[int, ...]) -> int | None:
    left, right = (builder.nodes[arg].op == "const" for arg in args)
    return simplified(builder, "mul", args[1], args[0]) if right and not left else None


def _mul_one(builder: GraphBuilder, args: tuple[int, ...]) -> int | None:
    if _is(builder, args[0], -1.0):
        return simplified(builder, "neg", args[1])
    return args[1] if _is(builder, args[0], 1.0) else None


def _mul_negative(builder: GraphBuilder, args: tuple[int, ...]) -> int | None:
    for negative, other in (args, args[::-1]):
        operand = _operand_of(builder, negative, "neg")
        if operand is not None:
            pair = (operand, other) if negative == args[0] else (other, operand)
            return simplified(builder, "neg", simplified(builder, "mul", *pair))
    return None


def _mul_power_of_two(builder: GraphBuilder, args: tuple[int, ...]) -> int | None:
    """Rewrite c * (d * x) as (c*d) * x where c is a small power of two, which scales without rounding."""
    outer, inner = builder.nodes[args[0]], builder.nodes[args[1]]
    if inner.op != "mul" or not isinstance(outer.data, float) or abs(outer.data) not in (0.25, 0.5, 2.0, 4.0):
        return None
    scale = builder.nodes[inner.args[0]].data
    if not isinstance(scale, float) or not 2.0**-900 < abs(scale) < 2.0**900:
        return None
    return simplified(builder, "mul", builder.const(outer.data * scale), inner.args[1])


def _mul_selection(builder: GraphBuilder, args: tuple[int, ...]) -> int | None:
    """Rewrite x * select(c, 1, 0) as select(c, x, 0); constants other than 0 and 1 multiply their branch."""
    for factor, other in (args, args[::-1]):
        node = builder.nodes[factor]
        if node.op == "select" and _selects_constants(builder, factor) and builder.nodes[other].op != "const":
            branches = (_scaled(builder, branch, other) for branch in node.args[1:])
            return simplified(builder, "select", node.args[0], *branches)
    return None


def _selects_constants(builder: GraphBuilder, position: int) -> bool:
    """Tell if all branches are constants and one of them is 0, so that the product is saved or inf * 0 avoided."""
    leaves = []
    todo = [position]
    while todo:
        node = builder.nodes[todo.pop()]
        if node.op == "select":
            todo.extend(node.args[1:])
        else:
            leaves.append(node.data if node.op == "const" else None)
    return None not in leaves and 0.0 in leaves


def _scaled(builder: GraphBuilder, branch: int, other: int) -> int:
    node = builder.nodes[branch]
    if node.data == 0.0:
        return branch
    if node.op == "select":
        return simplified(builder, "select", node.args[0], *(_scaled(builder, arg, other) for arg in node.args[1:]))
    return simplified(builder, "mul", branch, other)


def _div_one(builder: GraphBuilder, args: tuple[int, ...]) -> int | None:
    return args[0] if _is(builder, args[1], 1.0) else None


def _div_negative(builder: GraphBuilder, args: tuple[int, ...]) -> int | None:
    above, below = (_operand_of(builder, arg, "neg") for arg in args)
    if above is None and below is None:
        return None
    quotient = simplified(builder, "div", args[0] if above is None else above, args[1] if below is None else below)
    return quotient if above is not None and below is not None else simplified(builder, "neg", quotient)


def _neg_twice(builder: GraphBuilder, args: tuple[int, ...]) -> int | None:
    return _operand_of(builder, args[0], "neg")


def _neg_difference(builder: GraphBuilder, args: tuple[int, ...]) -> int | None:
    node = builder.nodes[args[0]]
    return builder.add("sub", node.args[1], node.args[0]) if node.op == "sub" else None


def _neg_product(builder: GraphBuilder, args: tuple[int, ...]) -> int | None:
    return _negated_lead(builder, args[0]) if _leads_with_constant(builder, args[0]) else None


def _abs_negative(builder: GraphBuilder, args: tuple[int, ...]) -> int | None:
    operand = _operand_of(builder, args[0], "neg")
    return None if operand is None else simplified(builder, "abs", operand)


def _rowsum_zero(builder: GraphBuilder, args: tuple[int, ...]) -> int | None:
    return args[0] if _is(builder, args[0], 0.0) else None


def _rowsum_negative(builder: GraphBuilder, args: tuple[int, ...]) -> int | None:
    operand = _operand_of(builder, args[0], "neg")
    return None if operand is None else simplified(builder, "neg", simplified(builder, "rowsum", operand))


def _select_decided(builder: GraphBuilder, args: tuple[int, ...]) -> int | None:
    condition = builder.nodes[args[0]]
    operands = [builder.nodes[arg].data for arg in condition.args]
    if condition.op not in _COMPARISONS or not all(isinstance(operand, float) for operand in operands):
        return None
    return args[1] if _COMPARISONS[condition.op](*operands) else args[2]


def _select_same(builder: GraphBuilder, args: tuple[int, ...]) -> int | None:
    return args[1] if args[1] == args[2] else None


def _select_not(builder: GraphBuilder, args: tuple[int, ...]) -> int | None:
    operand = _operand_of(builder, args[0], "not")
    return None if operand is None else simplified(builder, "select", operand, args[2], args[1])


RULES: dict[str, tuple[Rule, ...]] = {
    "add": (_add_zero, _add_negative, _add_same),
    "sub": (_sub_zero, _sub_negative),
    "mul": (_mul_constant_first, _mul_one, _mul_negative, _mul_power_of_two, _mul_selection),
    "div": (_div_one, _div_negative),
    "neg": (_neg_twice, _neg_difference, _neg_product),
    "abs": (_abs_negative,),
    "rowsum": (_rowsum_zero, _rowsum_negative),
    "select": (_select_decided, _select_same, _select_not),
}
"""Identities by the op to which they apply; the first that fits is used."""
