"""The end of a search, and the best of several."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from symgraph.use.fitting.linearized import Linearized
from symgraph.use.fitting.problem import Array


class Found(NamedTuple):
    """The end of a search.

    Attributes:
        v: (f,) the free weights.
        cost: what is minimized, there: half the sum of squares, or the robust loss, or the sum of the losses.
        success: whether it converged.
        message: why it ended, in the optimizer's words.
        method: the optimizer's name.
        calls: of the function; those of all searches, where it is the best of several.
        derivatives: calls of the derivatives.
        at: the residuals linearized there; None where there are none, or their squares are not what is minimized.
        searches: the number of searches from different starts; 0 where there was but one.
        reached: the number of those that have ended there.
        alone: the cost at which the search from the given start ended, nan where there was no other.
    """

    v: Array
    cost: float
    success: bool
    message: str
    method: str
    calls: int
    derivatives: int
    at: Linearized | None = None
    searches: int = 0
    reached: int = 0
    alone: float = math.nan


def best_of(ends: Sequence[Found]) -> Found:
    """Return the end with the least cost, with the calls of all."""
    if len(ends) == 1:
        return ends[0]
    best = min(ends, key=lambda one: (not np.isfinite(one.cost), one.cost, not one.success))
    return best._replace(calls=sum(one.calls for one in ends), derivatives=sum(one.derivatives for one in ends))
