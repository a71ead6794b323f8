"""Limits of weights, to which every update is projected: the bounds of a spec, and weights that stay where they are."""

from typing import Any, NamedTuple

import numpy as np

from symgraph.data.rows import Array, refuse_outside
from symgraph.runtime.weights import range_of_each


class Limits(NamedTuple):
    """The least and the greatest value of each weight, (k,), infinite where there is none.

    A weight that is fixed has its own value as both.
    """

    low: Array
    high: Array

    def of(self, w: Array) -> Array:
        """Return weights, each moved to the nearest value within its limits; nan stays."""
        moved: Array = np.clip(w, self.low, self.high)
        return moved


def limits_of(module: Any, w: Array) -> Limits | None:
    """Return the limits that a module's spec declares, for a run that starts from w; None if there are none.

    Args:
        module: a generated module.
        w: (k,) the weights.

    Raises:
        WeightsError: a weight is not within its bounds.
    """
    metadata = getattr(module, "METADATA", {})
    bounds, fixed = metadata.get("bounds", {}), metadata.get("fixed", ())
    if not bounds and not fixed:
        return None
    low, high = range_of_each(module.WEIGHTS, bounds)
    refuse_outside("w0", module.WEIGHTS, w, low, high)
    still = [module.WEIGHTS.index(name) for name in fixed]
    low[still] = high[still] = w[still]
    return Limits(low, high)
