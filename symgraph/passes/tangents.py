"""Exact: the sine and the cosine of a doubled value are computed from its tangent, as ``half_angle`` says."""

from symgraph.ir.graph import Graph, GraphBuilder, Node, rebuild
from symgraph.ir.special import SPECIAL


def tangents(graph: Graph) -> Graph:
    """Write what ``half_angle`` has put in as operations on a tangent."""
    return rebuild(graph, _by_tangent, {"double_sine", "double_cosine"})


def _by_tangent(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int:
    return SPECIAL[node.op].meaning(builder, *args)
