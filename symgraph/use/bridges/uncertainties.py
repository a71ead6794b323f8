"""The weights of a fit as correlated numbers with errors, by the library uncertainties."""

from typing import Any

import numpy as np

from symgraph.data.extra import library


def ufloats(result: Any) -> dict[str, Any]:
    """Return the weights of a fit by name as numbers with errors, with which uncertainties computes on.

    Their correlations are those of the fit. A fixed weight is a plain float; one at a bound, or that the data leave open, has
    the error nan.

    Args:
        result: the ``FitResult`` of ``symgraph.fit``.

    Raises:
        OptionError: uncertainties is not installed.
    """
    uncertainties = library("uncertainties", "uncertainties", "ufloats")
    values = zip(result.names, result.natural_values.tolist(), result.stderr.tolist(), strict=True)
    found = {name: value if error == 0.0 else uncertainties.ufloat(value, error) for name, value, error in values}
    known = np.flatnonzero(result.stderr > 0.0)  # not where they are nan
    if not len(known):
        return found
    correlated = uncertainties.correlated_values(result.natural_values[known], result.covariance[np.ix_(known, known)])
    return found | dict(zip((result.names[j] for j in known), correlated, strict=True))
