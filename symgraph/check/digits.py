"""The digits that a module loses by itself: the line with which a build ends."""

import numpy as np

from symgraph.check.judged_points import Points, given, points
from symgraph.check.reference import reference
from symgraph.check.truth_at_points import names_of_model, truths
from symgraph.check.verification_points import Sampler
from symgraph.check.verification_report import LostDigits
from symgraph.gradcheck.drawing import ORDINARY
from symgraph.spec.model import Model

_DRAWN, _ORDINARY = 5, 10
"""Points that verification would draw, and points of ordinary kinds: a handful, since each takes some milliseconds."""
_MOST = 3_000
"""Operations of a spec beyond which deriving the model once more takes too long for a remark."""
_MOST_SHARES = 1_000_000
"""Where operations times results are more, only loss and output are asked for the worst loss of digits."""


def digits_lost(model: Model, at: Points | None = None) -> LostDigits | None:
    """Find the result of the numpy backend's graph with the largest kappa_graph / (1 + kappa_in) at a few points.

    Args:
        model: the spec.
        at: the points; by default such as verification would draw, and ordinary ones.

    Returns:
        None if no result has a number of doubles anywhere, or the model is large and no points are given.

    Raises:
        SpecError: the model cannot be lowered.
    """
    known = reference(model)
    if at is None:
        if len(known.program.steps) > _MOST:
            return None
        drawn = points(model, (*ORDINARY, "domain"), n=_ORDINARY)
        rows = [batch.points[0] for batch in Sampler(known, 0, None, 1).several(_DRAWN)]
        at = given(model, rows + [drawn.point(place) for place in range(_ORDINARY)])
    names = names_of_model(model)
    if len(names) * len(known.program.steps) > _MOST_SHARES:
        names = tuple(name for name in names if " " not in name)
    found = truths(model, at, names=names)
    sizes, limits, kappa_in = found.sizes, np.finfo(np.float64), found.sizes.kappa_in.copy()
    inside = (sizes.lowest > limits.minexp) & (sizes.highest < limits.maxexp) & np.isfinite(sizes.scatter)
    worst = found.worst_digits(inside, kappa_in)
    if worst is None:
        return None
    place, column, node = worst
    kappas = float(kappa_in[place, column]), float(sizes.kappa_graph[place, column])
    return LostDigits(names[column], node, *kappas, at.point(place))
