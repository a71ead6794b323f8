"""The digits that a module loses by itself: the line with which a build ends."""

import numpy as np

from symgraph.check.graph_numbers import GraphNumbers, has_pairs, is_of_the_table
from symgraph.check.judged_points import Points, given
from symgraph.check.losing_points import losing_points
from symgraph.check.reference import Point, reference
from symgraph.check.truth_at_points import names_of_model, truths
from symgraph.check.verification_points import Sampler
from symgraph.check.verification_report import LostDigits
from symgraph.generate import printed_graph
from symgraph.ir.graph import Graph
from symgraph.ir.special import elementary
from symgraph.spec.model import Model

_WORST, _DRAWN, _ALONE = 6, 4, 15
"""Points of the search that are judged, those that verification would draw beside them, and those where there is no search:
a handful, since each takes some milliseconds."""
_MOST = 3_000
"""Operations of a spec beyond which deriving the model once more takes too long for a remark."""
_MOST_SHARES = 1_000_000
"""Where operations times results are more, only loss and output are asked for the worst loss of digits."""


def digits_lost(model: Model, at: Points | None = None) -> LostDigits | None:
    """Find the result of the numpy backend's graph with the largest kappa_graph / (1 + kappa_in) at a few points.

    Args:
        model: the spec.
        at: the points; by default such as verification would draw, and the worst of a search in the declared domains.

    Returns:
        None if no result has a number of doubles anywhere, or the model is large and no points are given.

    Raises:
        SpecError: the model cannot be lowered.
    """
    known = reference(model)
    if at is None and len(known.program.steps) > _MOST:
        return None
    names = names_of_model(model)
    if len(names) * len(known.program.steps) > _MOST_SHARES:
        names = tuple(name for name in names if " " not in name)
    graph = elementary(printed_graph(model, "numpy"))
    tried = 0
    if at is None:
        worst, tried = _searched(model, graph, names)
        drawn = Sampler(known, 0, None, 1).several(_DRAWN if tried else _ALONE)
        at = given(model, [*(batch.points[0] for batch in drawn), *worst])
    found = truths(model, at, names=names)
    sizes, limits, kappa_in = found.sizes, np.finfo(np.float64), found.sizes.kappa_in.copy()
    inside = (sizes.lowest > limits.minexp) & (sizes.highest < limits.maxexp) & np.isfinite(sizes.scatter)
    most = found.worst_digits(inside, kappa_in)
    if most is None:
        return None
    place, column, node = most
    kappas = float(kappa_in[place, column]), float(sizes.kappa_graph[place, column])
    return LostDigits(names[column], node, *kappas, at.point(place), tried + len(at), has_pairs(graph))


def losing_digits(model: Model) -> list[Point]:
    """Return some points at which results lose the most digits, by the search that a build makes."""
    names, graph = names_of_model(model), elementary(printed_graph(model, "numpy"))
    return _searched(model, graph, names)[0]


def _searched(model: Model, graph: Graph, names: tuple[str, ...]) -> tuple[list[Point], int]:
    """Search for points at which results lose digits; the worst, and how many points were tried."""
    if not is_of_the_table(graph):
        return [], 0
    search = losing_points(model.inputs, GraphNumbers(graph, names))
    inputs = [entry.name for entry in model.inputs]
    return [dict(zip(inputs, one.row, strict=True)) for one in search.found[:_WORST]], search.tried
