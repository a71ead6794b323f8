"""Passes: pure functions from graph to graph, one a file, and the order in which they run."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from symgraph.derive.adjoint import differentiate
from symgraph.ir.graph import Graph
from symgraph.options import ACCURATE, AUTO, DOUBLE, ERROR_BOUND
from symgraph.passes.bracket import bracket
from symgraph.passes.cancel import cancel
from symgraph.passes.cleared import cleared
from symgraph.passes.collect import collect
from symgraph.passes.dots import dots
from symgraph.passes.doubts import doubts
from symgraph.passes.expand import expand
from symgraph.passes.factor import factor
from symgraph.passes.falling import falling
from symgraph.passes.flat import flat
from symgraph.passes.fold_constants import fold_constants
from symgraph.passes.fused import fused
from symgraph.passes.gather import gather
from symgraph.passes.half_angle import half_angle
from symgraph.passes.hoist import hoist
from symgraph.passes.horner import horner
from symgraph.passes.hyperbolic import hyperbolic
from symgraph.passes.limit import limit
from symgraph.passes.lower_powers import lower_powers
from symgraph.passes.mask import mask
from symgraph.passes.one_row import one_row
from symgraph.passes.order import order
from symgraph.passes.orient import orient
from symgraph.passes.prune import prune
from symgraph.passes.quotients import quotients
from symgraph.passes.rewrite import rewrite
from symgraph.passes.saturate import saturate
from symgraph.passes.signs import signs
from symgraph.passes.simplify import simplify
from symgraph.passes.tangents import tangents

Passes = tuple[Callable[[Graph], Graph], ...]

PIPELINE: Passes = (
    *(expand, fold_constants, lower_powers, simplify, fold_constants, simplify),
    *(cancel, simplify),
    *(signs, mask, order),
    *(quotients, gather, bracket, hoist, collect, fold_constants),
    *(prune, limit),
)
"""Passes over forward and backward, in the order in which they run. Constants that expanding an op brings are folded too,
exponents are constants before powers are lowered, and constants that identities reveal are folded in turn. Equal values are
shared before products are put into a safe order; then come the passes that save operations, and limit looks at the products
that are left."""

BEFORE_SECOND: Passes = (fold_constants, lower_powers, simplify, fold_constants, simplify)
"""Passes over a gradient that is differentiated again; ops stay whole, so that the slopes of the table are taken."""

STEPS: Passes = (rewrite, cancel, horner, flat, differentiate, factor, *PIPELINE, orient)
"""Steps from the lowered graph to the optimized one, which all backends share."""

# the bound of a tangent is infinite near its poles
_BOUNDED: Passes = (hyperbolic, dots)
_NUMPY: Passes = (half_angle, tangents, hyperbolic, dots)

PIPELINES: Mapping[tuple[str, str], Passes] = MappingProxyType(
    {
        ("numpy", DOUBLE): _NUMPY,
        ("numpy", ACCURATE): _NUMPY,  # the same lines, run over pairs
        ("numpy", ERROR_BOUND): _BOUNDED,
        ("numpy", AUTO): _BOUNDED,
        ("scalar", DOUBLE): (one_row, saturate, *PIPELINE[:-1]),  # limit has guarded the products already
        ("c", DOUBLE): (fused, falling),
        ("c", AUTO): (doubts, fused, cleared, falling),
        ("penalty", DOUBLE): (one_row, *PIPELINE[:-1]),
        ("array_api", DOUBLE): (),
    }
)
"""Passes from the optimized graph to the one that is printed, by backend and precision, or the extra ``ERROR_BOUND``. A
penalty, which has no rows, is the same in all backends but the scalar one, which prints it as it prints rows."""


def run_passes(passes: Iterable[Callable[[Graph], Graph]], graph: Graph) -> Graph:
    """Run passes one after another."""
    for run in passes:
        graph = run(graph)
    return graph


def printed(graph: Graph, backend: str, variant: str = DOUBLE) -> Graph:
    """Return the graph that a backend prints.

    Args:
        graph: the optimized graph.
        backend: the backend's name.
        variant: a precision, or the extra ``ERROR_BOUND``.
    """
    return run_passes(PIPELINES[backend, variant], graph)
