"""Modules as lmfit's ``Minimizer``, with bounds, fixed weights and exact derivatives."""

from typing import Any

import numpy as np

from symgraph.data.extra import library
from symgraph.data.residuals import slopes_of_residuals
from symgraph.errors import OptionError
from symgraph.runtime.natural import natural_names, natural_slopes, natural_values, transformed_back
from symgraph.use.bridges.given import given, has_normal_residuals

_LEAST, _EPS = float(np.finfo(np.float64).tiny), float(np.finfo(np.float64).eps)
"""Natural values are kept so far from the ends of their range, where a weight is infinite."""


def to_lmfit(module: Any, X: Any = None, y: Any = None, start: Any = None, *, sigma: Any = 1.0) -> Any:
    """Return a ``lmfit.Minimizer`` of a module's residuals; its methods ``leastsq`` and ``least_squares`` take the Jacobian.

    Its ``params`` have a parameter for each weight, with the bounds of the spec; those that are fixed there do not vary. Of
    ``model.positive("s")`` it is ``s``, above 0.

    Args:
        module: a numpy or native module with a residual that is not robust.
        X, y, start: rows and weights as ``symgraph.fit`` takes them.
        sigma: standard deviations of the residuals, one, or one for each, of the shape of y.

    Raises:
        OptionError: lmfit is not installed, or the model is not one of plain least squares; in a fit, a parameter has become
            an expression of others.
        DataError, WeightsError: X, y, sigma or the start do not fit the module.
    """
    lmfit, known = library("lmfit", "lmfit", "to_lmfit"), given(module, X, y, start, sigma)
    has_penalty = bool(module.METADATA.get("has_penalty"))
    if not has_normal_residuals(module) or (has_penalty and not hasattr(module, "penalty_residual")):
        raise OptionError(f"{module.MODEL} is not fitted by the squares of residuals, as lmfit does; use symgraph.fit")
    parameters, names = lmfit.Parameters(), natural_names(module.WEIGHTS, module.METADATA)
    by_weight = module.METADATA.get("natural", {})
    changed = [(j, by_weight[name][1]) for j, name in enumerate(module.WEIGHTS) if name in by_weight]
    start, lower, upper = (np.array(part, np.float64) for part in (known.start, known.lower, known.upper))
    for part in (start, lower, upper):
        for j, transform in changed:
            part[j] = natural_values(transform, part[j])
    for j, name in enumerate(names):
        parameters.add(name, start[j], vary=bool(known.free[j]), min=lower[j], max=upper[j])

    def weights(values: Any) -> Any:
        tied = [name for name in names if values[name].expr]
        if tied:
            raise OptionError(f"{tied[0]} is an expression of others, which its derivatives do not know; use model.tie")
        w = np.array([values[name].value for name in names])
        for j, transform in changed:
            w[j] = transformed_back(transform, np.clip(w[j], _LEAST, upper[j] * (1.0 - _EPS)))
        return w

    def residuals(values: Any) -> Any:
        w = weights(values)
        return np.append(module.residual(w, *known.rows) / known.sigma, module.penalty_residual(w) if has_penalty else ())

    def slopes(values: Any) -> Any:
        w = weights(values)
        J = np.array(slopes_of_residuals(module, w, *known.rows) / known.sigma[:, None])
        J = np.vstack([J, module.penalty_jacobian(w)]) if has_penalty else J
        for j, transform in changed:
            J[:, j] /= natural_slopes(transform, w[j])
        return J[:, [values[name].vary for name in names]]

    return lmfit.Minimizer(residuals, parameters, Dfun=slopes)
