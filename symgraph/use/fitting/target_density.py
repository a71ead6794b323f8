"""Densities of the target from those of a residual that states a function of it, such as log(y), or its own scale.

The density of y is that of the residual r times |dr/dy| (G. E. P. Box and D. R. Cox, Journal of the Royal Statistical Society B
26, 1964), so that fits of y and of log(y) have likelihoods of the same data.
"""

import math
from functools import cache
from typing import Any

import numpy as np

from symgraph.data.arithmetic import arithmetic
from symgraph.runtime.generated_module import targets_of


def log_slopes(module: Any, w: Any, X: Any, y: Any) -> float:
    """Return the sum over rows of log |dr/dy|, of several targets that of the determinant.

    Args:
        module: has a residual.
        w: (k,) weights.
        X: (n, d) features, None or with one feature also (n,).
        y: (n,) target, or (n, p).

    Returns:
        The sum, 0.0 where the residual is the prediction less the target; nan where a derivative is 0 or not known.
    """
    slopes = target_slopes(module, w, X, y)
    if slopes is None:
        return 0.0
    with np.errstate(all="ignore"):
        logs = np.log(np.abs(slopes))
    return float(np.sum(logs)) if np.isfinite(logs).all() else math.nan


def target_slopes(module: Any, w: Any, X: Any, y: Any) -> Any:
    """Return dr/dy of each row, (n,), nan where it is not known; None where it is 1 or -1 in all; see `log_slopes`."""
    text = module.METADATA.get("residual_by_target", "")
    if not text:
        return None
    n, targets = len(y), targets_of(module)
    columns = {} if X is None else dict(zip(module.FEATURES, np.reshape(X, (n, -1)).T, strict=True))
    columns |= dict(zip(targets, np.reshape(y, (n, -1)).T, strict=True))
    names = (*module.WEIGHTS, *columns)
    function = _function(text, names)
    if function is None:
        return np.full(n, np.nan)
    with np.errstate(all="ignore"):
        return np.broadcast_to(function(*w, *columns.values()), n).astype(np.float64)


@cache
def _function(text: str, names: tuple[str, ...]) -> Any:
    """Return a function of arrays that computes a formula of names; None for one that is no formula of them."""
    plain = arithmetic(text, names)
    if plain is not None:
        return lambda *values: plain[1](dict(zip(names, values, strict=True)))
    from sympy import Symbol, lambdify

    from symgraph.errors import SpecError
    from symgraph.spec.formula import Reader

    symbols = {name: Symbol(name, real=True) for name in names}
    reader = Reader(text, lambda name: symbols.get(name, Symbol(name)), own=names)
    try:
        expr = reader.read()
    except SpecError:
        return None
    if not symbols.keys() >= reader.names.keys():
        return None
    return lambdify(list(symbols.values()), expr, ["numpy", "scipy"])
