"""Passes: pure functions from graph to graph, one a file, and the order in which they run."""

from symgraph.ir.graph import Graph
from symgraph.passes.commute import commute
from symgraph.passes.expand import expand
from symgraph.passes.fold_constants import fold_constants
from symgraph.passes.lower_powers import lower_powers
from symgraph.passes.mask import mask
from symgraph.passes.prune import prune
from symgraph.passes.simplify import simplify

PIPELINE = (expand, fold_constants, lower_powers, simplify, fold_constants, simplify, mask, commute, prune)
"""The passes in order: what expanding an op brings is folded too, exponents are constants before powers are lowered, and
identities bring constants to light that are folded in turn."""


def optimize(graph: Graph) -> Graph:
    """Run every pass of the pipeline."""
    for run in PIPELINE:
        graph = run(graph)
    return graph
