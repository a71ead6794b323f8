"""Passes: pure functions from graph to graph, one a file, and the order in which they run."""

from symgraph.ir.graph import Graph
from symgraph.passes.bracket import bracket
from symgraph.passes.cancel import cancel
from symgraph.passes.collect import collect
from symgraph.passes.commute import commute
from symgraph.passes.expand import expand
from symgraph.passes.fold_constants import fold_constants
from symgraph.passes.gather import gather
from symgraph.passes.half_angle import half_angle
from symgraph.passes.hoist import hoist
from symgraph.passes.hyperbolic import hyperbolic
from symgraph.passes.limit import limit
from symgraph.passes.lower_powers import lower_powers
from symgraph.passes.mask import mask
from symgraph.passes.one_row import one_row
from symgraph.passes.order import order
from symgraph.passes.prune import prune
from symgraph.passes.quotients import quotients
from symgraph.passes.saturate import saturate
from symgraph.passes.signs import signs
from symgraph.passes.simplify import simplify

PIPELINE = (
    *(expand, fold_constants, lower_powers, simplify, fold_constants, simplify),
    *(cancel, simplify),
    *(signs, mask, order, commute),
    *(quotients, gather, bracket, hoist, collect, fold_constants),
    *(prune, limit),
)
"""Passes in the order in which they run. Constants that expanding an op brings are folded too, exponents are constants before
powers are lowered, and constants that identities reveal are folded in turn. Equal values are shared before products are put
into a safe order; then come the passes that save operations, and limit looks at the products that are left."""

ROW_PIPELINE = (one_row, saturate, *PIPELINE[:-1])
"""Passes that make the graph of a row function from an optimized one, whose products limit has guarded already."""

BATCH_PIPELINE = (half_angle, hyperbolic)
"""Passes that make the graph of batches from an optimized one: they pay where functions work on whole arrays."""


def optimize(graph: Graph) -> Graph:
    """Run every pass of the pipeline."""
    for run in PIPELINE:
        graph = run(graph)
    return graph


def single_row(graph: Graph) -> Graph:
    """Run every pass of the pipeline of row functions on an optimized graph."""
    for run in ROW_PIPELINE:
        graph = run(graph)
    return graph


def many_rows(graph: Graph) -> Graph:
    """Run every pass of the pipeline of batches on an optimized graph."""
    for run in BATCH_PIPELINE:
        graph = run(graph)
    return graph
