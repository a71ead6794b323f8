"""Rows, start and ranges that another library fits or samples with, checked."""

from typing import Any, NamedTuple

import numpy as np

from symgraph.data.rows import as_sigma, as_weights, own_rows, refuse_outside
from symgraph.errors import OptionError
from symgraph.runtime.weights import range_of_each


class Given(NamedTuple):
    """Arguments of a fit or a sampling.

    Attributes:
        rows: X and y, in float64.
        start: (k,) weights.
        lower: (k,) their least values.
        upper: (k,) their greatest values.
        free: (k,) True where a weight is to be found, False where it is fixed.
        sigma: standard deviations of the residuals, one or (m,).
    """

    rows: tuple[Any, Any]
    start: Any
    lower: Any
    upper: Any
    free: Any
    sigma: Any


def has_normal_residuals(module: Any) -> bool:
    """Tell if a module's loss is made of squares of residuals, not robust, so that sigma can be their standard deviations."""
    return hasattr(module, "residual") and not module.METADATA.get("robust")


def given(module: Any, X: Any, y: Any, start: Any, sigma: Any) -> Given:
    """Check rows, start and sigma against a module; its bounds and fixed weights are those of its spec.

    Raises:
        DataError: X, y or sigma do not fit the module, or have a number that is not finite or, of sigma, not above 0.
        OptionError: it is no module for arrays, or has constraints, of which other libraries know nothing.
        WeightsError: the start does not fit the module, or is outside of its bounds.
    """
    if not hasattr(module, "value_and_grad") or not hasattr(module, "initial_weights"):
        raise OptionError(f"{getattr(module, 'MODEL', module)!r} is no numpy or native module with a loss; compile the model")
    if hasattr(module, "constraints"):
        raise OptionError(f"{module.MODEL} has constraints, which only symgraph.fit keeps; leave them out, or use symgraph.fit")
    rows = own_rows(module, X, y)
    deviations = as_sigma(sigma, rows.y)
    w = np.array(module.initial_weights(0) if start is None else as_weights(module, start, "start"), np.float64)
    low, high = range_of_each(module.WEIGHTS, module.METADATA.get("bounds", {}))
    refuse_outside("start", module.WEIGHTS, w, low, high)
    free = np.array([name not in module.METADATA.get("fixed", ()) for name in module.WEIGHTS])
    return Given((rows.X, rows.y), w, low, high, free, deviations)
