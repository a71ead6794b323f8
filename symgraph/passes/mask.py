"""Exact except that a branch that is not taken contributes 0 even where a factor in it is infinite or not a number.

The cotangent that enters a branch is ``select(taken, cotangent, 0)``. Multiplied by a local partial that is not finite, as
that of a named node log(x) at rows where x is negative, its 0 would become NaN. So the selection is made after such a factor:
``select(c, y, 0) * f`` becomes ``select(c, y * f, 0)`` wherever f may not be finite. The cotangent of a node that several
branches use is 0 where none of them is taken: there the selection is by ``c1 or c2``. A sum over rows of such cotangents, which
meets a factor that is the same in every row, is selected by whether it is 0.
"""

from typing import NamedTuple

from symgraph.ir.graph import BOOLEAN_OPS, LEAVES, Graph, GraphBuilder, Node, rebuild
from symgraph.ir.ops import OPS
from symgraph.ir.uses import alive

_TAME = BOOLEAN_OPS | {"add", "sub", "neg", "mul", "select"} | {name for name, row in OPS.items() if row.bounded_slope}
"""Ops that are finite where their operands are, overflow left aside."""


class _Case(NamedTuple):
    """Condition with the truth value that it must have."""

    condition: int
    truth: bool


_Mask = frozenset[_Case]
"""Cases of which one must hold where a value is not 0."""

_MOST_CASES = 4


def mask(graph: Graph) -> Graph:
    """Move selections with 0 behind factors that may not be finite."""
    living = alive(graph)
    if not any(node.op == "select" and position in living for position, node in enumerate(graph.nodes)):
        return graph
    masks: dict[int, _Mask] = {}
    tame: list[bool] = []

    def rewrite(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
        result = _merged(builder, masks, node, args)
        if result is None and node.op in ("mul", "div"):
            _mark_tame(builder, tame)
            result = _moved(builder, masks, tame, node.op, args)
        if result is None:
            result = builder.copy(node, args)
        if result not in masks:
            found = _mask_of(builder, masks, result)
            if found is not None:
                masks[result] = found
        return result

    return rebuild(graph, rewrite)


def _mask_of(builder: GraphBuilder, masks: dict[int, _Mask], position: int) -> _Mask | None:
    """Return the cases outside of which a node is known to be 0, or None."""
    node = builder.nodes[position]
    if node.op == "select":
        zeros = [builder.nodes[branch].data == 0.0 for branch in node.args[1:]]
        return None if zeros[0] == zeros[1] else frozenset({_Case(node.args[0], zeros[1])})
    known = [masks.get(arg) for arg in node.args]
    if node.op == "mul":
        return known[0] or known[1]
    if node.op in ("div", "neg"):
        return known[0]
    if node.op in ("add", "sub"):
        either = known[0] | known[1] if known[0] and known[1] else frozenset()
        conditions = {case.condition for case in either}
        return either if 0 < len(either) <= _MOST_CASES and len(conditions) == len(either) else None
    if node.op == "rowsum" and known[0]:
        if not any(builder.nodes[case.condition].varying for case in known[0]):
            return known[0]
        # 0 where no row takes the branch, and where it is 0 by itself
        return frozenset({_Case(builder.add("eq", position, builder.const(0.0)), False)})
    return None


def _merged(builder: GraphBuilder, masks: dict[int, _Mask], node: Node, args: tuple[int, ...]) -> int | None:
    """Replace select(c, y, 0) by y where y is 0 already wherever c does not hold."""
    if node.op != "select":
        return None
    for kept, other, truth in ((args[1], args[2], True), (args[2], args[1], False)):
        if builder.nodes[other].data == 0.0 and masks.get(kept) == frozenset({_Case(args[0], truth)}):
            return kept
    return None


def _moved(builder: GraphBuilder, masks: dict[int, _Mask], tame: list[bool], op: str, args: tuple[int, ...]) -> int | None:
    """Move the selection outside a product or quotient with a masked operand and one that may not be finite."""
    for index, masked in enumerate(args if op == "mul" else args[:1]):
        found, factor = masks.get(masked), args[1 - index]
        safe = tame[factor] if op == "mul" else builder.nodes[factor].op == "const"
        if found is None or safe:
            continue
        condition, truth = _combined(builder, found)
        node = builder.nodes[masked]
        direct = node.op == "select" and node.args[0] == condition
        inner = node.args[1 if truth else 2] if direct else masked
        product = builder.add(op, *((inner, factor) if index == 0 else (factor, inner)))
        zero = builder.const(0.0)
        selected = builder.add("select", condition, *((product, zero) if truth else (zero, product)))
        masks[selected] = found
        return selected
    return None


def _combined(builder: GraphBuilder, mask: _Mask) -> _Case:
    """Combine the cases of a mask into one condition, with its truth value, that holds where any of them does."""
    cases = sorted(mask)
    if len(cases) == 1:
        return cases[0]
    holds = [case.condition if case.truth else builder.add("not", case.condition) for case in cases]
    return _Case(builder.chain("or", holds), True)


def _mark_tame(builder: GraphBuilder, tame: list[bool]) -> None:
    """Record for every new node whether it is finite where its leaves are."""
    for node in builder.nodes[len(tame) :]:
        tame.append(node.op == "const" or node.op in LEAVES or (node.op in _TAME and all(tame[arg] for arg in node.args)))
