"""The digits that a module loses by itself: the line with which a build ends."""

from symgraph.check.judging import worst_loss_of_digits
from symgraph.check.points import given, points
from symgraph.check.reference import reference
from symgraph.check.sampling import Sampler
from symgraph.check.verified import LostDigits
from symgraph.gradcheck.drawing import ORDINARY
from symgraph.spec.model import Model

_DRAWN, _ORDINARY = 5, 10
"""Points that verification would draw, and points of ordinary kinds: a handful, since each takes some milliseconds."""
_MOST = 3_000
"""Operations of a spec beyond which deriving the model once more takes too long for a remark."""


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
