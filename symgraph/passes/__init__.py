"""Passes: pure functions from graph to graph, one a file, and the order in which they run."""

from symgraph.ir.graph import Graph
from symgraph.passes.commute import commute
from symgraph.passes.expand import expand
from symgraph.passes.fold_constants import fold_constants
from symgraph.passes.lower_powers import lower_powers
from symgraph.passes.prune import prune
from symgraph.passes.simplify import simplify

PIPELINE = (fold_constants, lower_powers, expand, simplify, commute, prune)
"""The passes in order: exponents become constants before powers are lowered; new identities appear when ops are expanded."""


def optimize(graph: Graph) -> Graph:
    """Run every pass of the pipeline."""
    for run in PIPELINE:
        graph = run(graph)
    return graph
