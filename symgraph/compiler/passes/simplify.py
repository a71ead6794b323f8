"""Exact up to the sign of zero: identities that remove an operation or move a minus sign to where it costs nothing.

No rule assumes that a value is finite, so nothing here turns a NaN into a number, with one intended exception: a product
with a 0-1 selection becomes a selection, in which inf * 0 cannot occur.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from symgraph.compiler.ir.graph import Graph, GraphBuilder, Node, rebuild

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


@dataclass(frozen=True, slots=True)
class _Pattern:
    """Operation on patterns; a text is a placeholder, and a number a constant."""

    op: str
    args: "tuple[_Pattern | str | float, ...]"


def _identity(text: str) -> Rule:
    """Make a rule of a text such as "add(x, neg(y)) -> sub(x, y)"; a constant on both sides is the node that was found."""
    before, after = (_parsed(ast.parse(side.strip(), mode="eval").body) for side in text.split("->"))
    if not isinstance(before, _Pattern):
        raise ValueError(f"{text!r} does not begin with an operation")

    def rule(builder: GraphBuilder, args: tuple[int, ...]) -> int | None:
        bound: dict[object, int] = {}
        return _made(builder, after, bound) if _all_fit(builder, before.args, args, bound) else None

    return rule


def _parsed(node: ast.expr) -> _Pattern | str | float:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Call(func=ast.Name(id=op), args=args):
            return _Pattern(op.rstrip("_"), tuple(map(_parsed, args)))
    return float(ast.literal_eval(node))


def _all_fit(builder: GraphBuilder, patterns: Sequence[object], args: Sequence[int], bound: dict[object, int]) -> bool:
    """Tell if nodes are what some patterns say, and note what their placeholders and constants stand for."""
    for pattern, position in zip(patterns, args, strict=True):
        node = builder.nodes[position]
        if isinstance(pattern, _Pattern):
            if node.op != pattern.op or not _all_fit(builder, pattern.args, node.args, bound):
                return False
        elif bound.setdefault(pattern, position) != position or (isinstance(pattern, float) and node.data != pattern):
            return False
    return True


def _made(builder: GraphBuilder, pattern: _Pattern | str | float, bound: Mapping[object, int]) -> int:
    """Add what a pattern stands for, in its simplest form."""
    if isinstance(pattern, _Pattern):
        return simplified(builder, pattern.op, *(_made(builder, arg, bound) for arg in pattern.args))
    return builder.const(pattern) if isinstance(pattern, float) and pattern not in bound else bound[pattern]


def _leads_with_constant(builder: GraphBuilder, position: int) -> bool:
    """Tell if the leftmost factor of a product is a constant, which can take a minus sign at no cost."""
    while builder.nodes[position].op in ("mul", "div"):
        position = builder.nodes[position].args[0]
    return builder.nodes[position].op == "const"


def _negated_lead(builder: GraphBuilder, position: int) -> int:
    """Change the sign of a product's leftmost factor, a constant."""
    behind = []
    while (node := builder.nodes[position]).op != "const":
        behind.append((node.op, node.args[1]))
        position = node.args[0]
    assert isinstance(node.data, float)
    found = builder.const(-node.data)
    for op, right in reversed(behind):
        found = simplified(builder, op, found, right)
    return found


def _mul_constant_first(builder: GraphBuilder, args: tuple[int, ...]) -> int | None:
    left, right = (builder.nodes[arg].op == "const" for arg in args)
    return simplified(builder, "mul", args[1], args[0]) if right and not left else None


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


def _neg_product(builder: GraphBuilder, args: tuple[int, ...]) -> int | None:
    return _negated_lead(builder, args[0]) if _leads_with_constant(builder, args[0]) else None


RULES: dict[str, tuple[Rule, ...]] = {
    "add": (
        *map(_identity, ("add(0, x) -> x", "add(x, 0) -> x", "add(x, neg(y)) -> sub(x, y)", "add(neg(x), y) -> sub(y, x)")),
        _identity("add(x, x) -> mul(2, x)"),
    ),
    "sub": tuple(map(_identity, ("sub(0, x) -> neg(x)", "sub(x, 0) -> x", "sub(x, neg(y)) -> add(x, y)"))),
    "mul": (
        _mul_constant_first,
        *map(_identity, ("mul(-1, x) -> neg(x)", "mul(1, x) -> x")),
        *map(_identity, ("mul(neg(x), y) -> neg(mul(x, y))", "mul(x, neg(y)) -> neg(mul(x, y))")),
        _mul_power_of_two,
        _mul_selection,
    ),
    "div": (
        *map(_identity, ("div(x, 1) -> x", "div(neg(x), neg(y)) -> div(x, y)")),
        *map(_identity, ("div(neg(x), y) -> neg(div(x, y))", "div(x, neg(y)) -> neg(div(x, y))")),
    ),
    "neg": (_identity("neg(neg(x)) -> x"), _identity("neg(sub(x, y)) -> sub(y, x)"), _neg_product),
    "abs": (_identity("abs(neg(x)) -> abs(x)"),),
    "rowsum": (_identity("rowsum(0) -> 0"), _identity("rowsum(neg(x)) -> neg(rowsum(x))")),
    "select": (_identity("select(c, x, x) -> x"), _identity("select(not_(c), x, y) -> select(c, y, x)")),
}
"""Identities by the op to which they apply; the first that fits is used."""
