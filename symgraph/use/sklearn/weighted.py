"""A module whose rows count with weights, as fits take it."""

from functools import partial
from typing import Any

import numpy as np

from symgraph.module_functions import MODULE_FUNCTIONS

_OF_RESIDUALS = tuple(one.name for one in MODULE_FUNCTIONS if one.by_row and one.value == "residual")
_SUMS = ("grad", *(one.name for one in MODULE_FUNCTIONS if one.is_sum))


class WeightedModule:
    """A generated module with the weights of its rows put in; all else is the module's.

    Residuals are multiplied by the roots of the weights. With a robust loss there are none, since the loss of a weighted
    residual is not the weighted loss.

    Args:
        module: a module with a loss.
        sample_weight: (n,) weights above 0.
    """

    def __init__(self, module: Any, sample_weight: Any) -> None:
        self.module = module
        self.METADATA = {name: value for name, value in module.METADATA.items() if name != "robust"}
        for name in (name for name in _SUMS if hasattr(module, name)):
            setattr(self, name, partial(getattr(module, name), sample_weight=sample_weight))
        self.per_sample_grad = partial(_scaled, module.per_sample_grad, sample_weight)
        for name in _OF_RESIDUALS if hasattr(module, "residual") and "robust" not in module.METADATA else ():
            setattr(self, name, partial(_scaled, getattr(module, name), np.sqrt(sample_weight)))

    def __getattr__(self, name: str) -> Any:
        if name in _OF_RESIDUALS or name.startswith("__") or "module" not in vars(self):  # the last while it is unpickled
            raise AttributeError(name)
        return getattr(self.module, name)


def _scaled(function: Any, factors: Any, w: Any, X: Any, y: Any) -> Any:
    """Multiply the results of each row by a factor; a row of several residuals has several results."""
    results = np.asarray(function(w, X, y))
    each = np.repeat(factors, len(results) // len(factors))
    return results * np.reshape(each, (-1,) + (1,) * (results.ndim - 1))
