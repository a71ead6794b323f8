"""Exact wherever no exponential overflows; where one does, a product with 0 that would be inf * 0 is the limit, 0.

The named node keeps its value, inf: only the edge to the product changes. Where interval arithmetic proves that the other
factor is 0 whenever the exponential overflows, and that the true product rounds to 0 then, the product reads min(exp, largest);
that costs least. Elsewhere, where mpmath shows the limit of the product to be 0, a factor of exactly 0 makes the product 0. A
product with another limit, as that of exp(a) and the slope of log(exp(a)), stays as it is.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from symgraph.compiler.ir.graph import Graph, GraphBuilder, replaced
from symgraph.compiler.numerics.overflow import certainly_zero, overflows

Plan = Mapping[int, Mapping[int, int]]
"""Products to guard: for the index of each operand that may be infinite, its sign if the edge may be limited, else 0."""

ROUNDS = 4
"""Number of rounds. A product that is guarded may reveal another one behind it as inf * 0; longer chains of them stay."""


def limit(graph: Graph) -> Graph:
    """Guard the products of each exponential that may overflow."""
    among: set[int] | None = None
    for _ in range(ROUNDS):
        plan, arguments = _plan(graph, among)
        if not plan:
            break
        graph, moved = replaced(graph, plan, partial(_guarded, graph, plan))
        among = {moved[argument] for argument in arguments}
    return graph


def _plan(graph: Graph, among: Collection[int] | None) -> tuple[Plan, set[int]]:
    """Return the products to guard, and the arguments of the exponentials because of which they are guarded."""
    plan: dict[int, dict[int, int]] = {}
    arguments: set[int] = set()
    guarded = _guarded_already(graph)
    for overflow in overflows(graph, among):
        places = {product: graph.nodes[product].args.index(infinite) for product, infinite in overflow.products.items()}
        left = {p: at for p, at in places.items() if (p, graph.nodes[p].args[1 - at]) not in guarded}
        proven = certainly_zero(graph, overflow) if any(overflow.products[p] in overflow.values for p in left) else ()
        for product, place in left.items():
            sign = overflow.values.get(overflow.products[product], 0) if product in proven else 0
            operands = plan.setdefault(product, {})
            operands[place] = sign if operands.get(place, sign) == sign else 0
            arguments.add(overflow.argument)
    return plan, arguments


def _guarded_already(graph: Graph) -> set[tuple[int, int]]:
    """Return the products that are read only where a factor is not 0, each with that factor."""
    pairs = set()
    for node in graph.nodes:
        if node.op == "select" and graph.nodes[node.args[1]].data == 0.0:
            product, todo = node.args[2], [node.args[0]]
            while todo:
                condition = graph.nodes[todo.pop()]
                if condition.op == "or":
                    todo.extend(condition.args)
                elif condition.op == "eq" and condition.args[0] in graph.nodes[product].args:
                    pairs.add((product, condition.args[0]))
    return pairs


def _guarded(graph: Graph, plan: Plan, builder: GraphBuilder, moved: Sequence[int], position: int) -> int:
    """Write a guarded product of the graph by its plan."""
    args, operands = [moved[arg] for arg in graph.nodes[position].args], plan[position]
    bounded = tuple(_bounded(builder, arg, operands.get(index, 0)) for index, arg in enumerate(args))
    product = builder.add("mul", *bounded)
    zero = builder.const(0.0)
    tests = [builder.add("eq", args[1 - index], zero) for index, sign in sorted(operands.items()) if not sign]
    if not tests:
        return product
    condition = tests[0] if len(tests) == 1 else builder.add("or", *tests)
    return builder.add("select", condition, zero, product)


def _bounded(builder: GraphBuilder, operand: int, sign: int) -> int:
    if not sign:
        return operand
    largest = builder.leaf("largest", "largest")
    return builder.add("min", operand, largest) if sign > 0 else builder.add("max", operand, builder.add("neg", largest))
