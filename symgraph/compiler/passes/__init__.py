"""Passes: pure functions from graph to graph, one a file, and the order in which they run."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from symgraph.compiler.derive.adjoint import differentiate
from symgraph.compiler.ir.graph import Graph
from symgraph.compiler.passes.bracket import bracket
from symgraph.compiler.passes.cancel import cancel
from symgraph.compiler.passes.cleared import cleared
from symgraph.compiler.passes.collect import collect
from symgraph.compiler.passes.dots import dots
from symgraph.compiler.passes.doubts import doubts
from symgraph.compiler.passes.expand import expand
from symgraph.compiler.passes.factor import factor
from symgraph.compiler.passes.falling import falling
from symgraph.compiler.passes.flat import flat
from symgraph.compiler.passes.fold_constants import fold_constants
from symgraph.compiler.passes.fused import fused
from symgraph.compiler.passes.gather import gather
from symgraph.compiler.passes.half_angle import half_angle
from symgraph.compiler.passes.hoist import hoist
from symgraph.compiler.passes.horner import horner
from symgraph.compiler.passes.hyperbolic import hyperbolic
from symgraph.compiler.passes.limit import limit
from symgraph.compiler.passes.lower_powers import lower_powers
from symgraph.compiler.passes.mask import mask
from symgraph.compiler.passes.one_row import one_row
from symgraph.compiler.passes.order import order
from symgraph.compiler.passes.orient import orient
from symgraph.compiler.passes.prune import prune
from symgraph.compiler.passes.quotients import quotients
from symgraph.compiler.passes.rewrite import rewrite
from symgraph.compiler.passes.saturate import saturate
from symgraph.compiler.passes.signs import signs
from symgraph.compiler.passes.simplify import simplify
from symgraph.compiler.passes.tangents import tangents
from symgraph.options import ACCURATE, AUTO, DOUBLE, ERROR_BOUND

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
