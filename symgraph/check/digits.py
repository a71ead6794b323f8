"""The digits that a module loses by itself: the line with which a build ends."""

import numpy as np

from symgraph.check.points import Points, given, points
from symgraph.check.reference import reference
from symgraph.check.sampling import Sampler
from symgraph.check.truths import names_of_model, truths
from symgraph.check.verified import LostDigits
from symgraph.gradcheck.drawing import ORDINARY
from symgraph.spec.model import Model

_DRAWN, _ORDINARY = 5, 10
"""Points that verification would draw, and points of ordinary kinds: a handful, since each takes some milliseconds."""
_MOST = 3_000
"""Operations of a spec beyond which deriving the model once more takes too long for a remark."""
_MOST_SHARES = 1_000_000
"""Where operations times results are more, only loss and output are asked for the worst loss of digits."""


def digits_lost(model: Model) -> LostDigits | None:
    """Find where a model's module loses the most digits that its inputs determine, at a few points.

    Args:
        model: the spec.

    Returns:
        The result with the largest kappa_graph / (1 + kappa_in); None if there is none at these points, or the model is large.

    Raises:
        SpecError: the model cannot be lowered.
    """
    known = reference(model)
    if len(known.program.steps) > _MOST:
        return None
    sampler = Sampler(known, 0, None, 1)
    batches = [sampler.draw() for _ in range(_DRAWN)]
    drawn = points(model, (*ORDINARY, "domain"), n=_ORDINARY)
    rows = [batch.point(0) for batch in batches if batch is not None]
    return worst_loss_of_digits(model, given(model, rows + [drawn.point(place) for place in range(_ORDINARY)]))


def worst_loss_of_digits(model: Model, points: Points) -> LostDigits | None:
    """Find the result of the numpy backend's graph with the largest kappa_graph / (1 + kappa_in) at a few points.

    Args:
        model: the spec.
        points: where.

    Returns:
        The result, where it is, and the node; None if no result has a number of doubles anywhere.
    """
    names = names_of_model(model)
    if len(names) * len(reference(model).program.steps) > _MOST_SHARES:
        names = tuple(name for name in names if " " not in name)
    found = truths(model, points, names=names)
    sizes, limits, kappa_in = found.sizes, np.finfo(np.float64), found.sizes.kappa_in.copy()
    inside = (sizes.lowest > limits.minexp) & (sizes.highest < limits.maxexp) & np.isfinite(sizes.scatter)
    at = found.worst_digits(inside, kappa_in)
    if at is None:
        return None
    place, column, node = at
    kappas = float(kappa_in[place, column]), float(sizes.kappa_graph[place, column])
    return LostDigits(names[column], node, *kappas, points.point(place))
