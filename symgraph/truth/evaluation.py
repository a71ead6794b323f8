"""Values of an emitted graph in mpmath, also where numbers leave the range of floats or branches that are not taken fail."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mpmath

from symgraph.exact import NAN
from symgraph.ir.evaluate import MPMATH
from symgraph.ir.graph import BOOLEAN_OPS, Graph
from symgraph.truth.wide import WIDE, computed, is_number


class Evaluator:
    """Evaluates some nodes of a graph.

    Args:
        graph: the graph of one row.
        order: positions of the nodes, operands before what uses them.
        largest: the largest finite number of the dtype.
    """

    def __init__(self, graph: Graph, order: Sequence[int], largest: float) -> None:
        self._nodes = [(index, graph.nodes[index]) for index in order]
        self._largest = largest

    def values(self, leaves: Mapping[str, Any], moved: Callable[[int, Any], Any] | None = None) -> dict[int, Any]:
        """Evaluate at mpmath's current precision.

        Args:
            leaves: a mpf for the name of every leaf.
            moved: what becomes of a node's value, given its position; None if nothing does.

        Returns:
            By position a mpf or a bool; ``NAN`` or ``UNKNOWN`` where there is no number.
        """
        values: dict[int, Any] = {}
        for index, node in self._nodes:
            if node.op == "const":
                values[index] = mpmath.mpf(node.data)
            elif node.op == "largest":
                values[index] = mpmath.mpf(self._largest)
            elif isinstance(node.data, str):
                values[index] = leaves[node.data]
            else:
                values[index] = _value(node.op, [values[arg] for arg in node.args])
            if moved is not None:
                values[index] = moved(index, values[index])
        return values


def _value(op: str, operands: Sequence[Any]) -> Any:
    if op == "select":
        return operands[1] if operands[0] is True else operands[2]
    if op in ("and", "or", "not"):
        return MPMATH[op](*operands)
    if op in BOOLEAN_OPS and not all(map(is_number, operands)):
        return False  # as floats compare NaN
    return computed(function_of(op), operands)


def function_of(op: str) -> Callable[..., Any]:
    """What computes an op in mpmath."""
    return WIDE[op] if op in WIDE else _div if op == "div" else MPMATH[op]


def _div(a: Any, b: Any) -> Any:
    return NAN if b == 0 else a / b
