"""Modules as lmfit's ``Minimizer``, with bounds, fixed weights and exact derivatives."""

from typing import Any

import numpy as np

from symgraph.bridges.given import given, has_normal_residuals
from symgraph.errors import OptionError
from symgraph.io.extra import library


def to_lmfit(module: Any, X: Any = None, y: Any = None, start: Any = None, *, sigma: Any = 1.0) -> Any:
    """Return a ``lmfit.Minimizer`` of a module's residuals; its methods ``leastsq`` and ``least_squares`` take the Jacobian.

    Its ``params`` have a parameter for each weight, with the bounds of the spec; those that are fixed there do not vary.

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
    parameters = lmfit.Parameters()
    for j, name in enumerate(module.WEIGHTS):
        parameters.add(name, known.start[j], vary=bool(known.free[j]), min=known.lower[j], max=known.upper[j])

    def weights(values: Any) -> Any:
        tied = [name for name in module.WEIGHTS if values[name].expr]
        if tied:
            raise OptionError(f"{tied[0]} is an expression of others, which its derivatives do not know; use model.tie")
        return np.array([values[name].value for name in module.WEIGHTS])

    def residuals(values: Any) -> Any:
        w = weights(values)
        return np.append(module.residual(w, *known.rows) / known.sigma, module.penalty_residual(w) if has_penalty else ())

    def slopes(values: Any) -> Any:
        w = weights(values)
        J = module.residual_jacobian(w, *known.rows) / known.sigma[:, None]
        J = np.vstack([J, module.penalty_jacobian(w)]) if has_penalty else J
        return J[:, [values[name].vary for name in module.WEIGHTS]]

    return lmfit.Minimizer(residuals, parameters, Dfun=slopes)
