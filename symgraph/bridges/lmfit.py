"""Models as lmfit's ``Minimizer``, with bounds, fixed weights and the derivatives of the module."""

from dataclasses import replace
from typing import Any

import numpy as np

from symgraph.errors import OptionError
from symgraph.fitting.fits import problem_of
from symgraph.io.extra import library


def to_lmfit(module: Any, X: Any = None, y: Any = None, start: Any = None, **options: Any) -> Any:
    """Return a ``lmfit.Minimizer`` of the model's residuals, whose methods ``leastsq`` and ``least_squares`` take its Jacobian.

    Its ``params`` have a parameter for each weight, with the bounds of the spec; those that are fixed do not vary.

    Args:
        module, X, y, start: as for ``symgraph.fit``.
        options: ``sigma``, ``bounds``, ``fixed`` and ``seed`` of ``symgraph.fit``.

    Raises:
        OptionError: lmfit is not installed, the model is not fitted by squares, or as for ``symgraph.fit``; in a fit, a
            parameter has been made an expression of others.
    """
    lmfit = library("lmfit", "lmfit", "to_lmfit")
    of_free = problem_of(module, X, y, start, **options)
    if not of_free.is_least_squares or of_free.robust:
        raise OptionError(f"{of_free.module.MODEL} is not fitted by the squares of residuals, as lmfit does; use symgraph.fit")
    names, ranges = (
        of_free.module.WEIGHTS,
        dict(zip(of_free.names, zip(of_free.lower, of_free.upper, strict=True), strict=True)),
    )
    problem = replace(of_free, free=np.arange(len(names)))
    parameters = lmfit.Parameters()
    for name, value in zip(names, problem.start.tolist(), strict=True):
        low, high = ranges.get(name, (-np.inf, np.inf))
        parameters.add(name, value, vary=name in ranges, min=low, max=high)

    def weights(given: Any) -> Any:
        tied = [name for name in names if given[name].expr]
        if tied:
            raise OptionError(f"{tied[0]} is an expression of others, which its derivatives do not know; use model.tie")
        return np.array([given[name].value for name in names])

    def slopes(given: Any) -> Any:
        return problem.slopes(weights(given))[:, [given[name].vary for name in names]]

    return lmfit.Minimizer(lambda given: problem.squared(weights(given)), parameters, Dfun=slopes)
