"""Exact: the sine and the cosine of a doubled value are computed from its tangent, as ``half_angle`` says."""

from symgraph.compiler.ir.graph import Graph
from symgraph.compiler.ir.special import elementary


def tangents(graph: Graph) -> Graph:
    """Write what ``half_angle`` has put in as operations on a tangent."""
    return elementary(graph, ("double_sine", "double_cosine"))
