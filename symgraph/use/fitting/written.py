"""A fit as plain values that are written down: a dict for JSON, and a frame of pandas.

The results here are `FitResult`, whose file imports this one.
"""

from dataclasses import asdict
from typing import Any

import numpy as np

from symgraph.data.documents import jsonable
from symgraph.errors import OptionError


def document_of(result: Any) -> dict[str, Any]:
    """Return the dict of ``FitResult.to_dict``."""
    weights = zip(result.values.items(), result.stderr.tolist(), result.states, strict=True)
    found = {
        "model": result.problem.module.MODEL,
        "model_hash": result.problem.module.METADATA.get("model_hash"),
        "success": result.success,
        "message": result.message,
        "method": result.method,
        "warnings": result.warnings,
        "remarks": result.remarks,
        "weights": {name: {"value": value, "stderr": error, "state": state} for (name, value), error, state in weights},
        "nodes": {name: {"value": one.value, "stderr": one.stderr} for name, one in result.nodes.items()},
        "multipliers": result.multipliers,
        "covariance": result.covariance.tolist(),
        "statistics": asdict(result.statistics),
        "absolute_sigma": result.absolute_sigma,
        "errors": result.how,
        "calls": result.found.calls,
        "derivatives": result.found.derivatives,
        "seconds": result.seconds,
    }
    plain: dict[str, Any] = jsonable(found)
    return plain


def frame_of(result: Any) -> Any:
    """Return the frame of ``FitResult.to_frame``.

    Raises:
        OptionError: pandas is not installed.
    """
    try:
        import pandas as pd
    except ModuleNotFoundError:
        raise OptionError("to_frame needs pandas, which is not installed; to_dict does without") from None
    ends = np.array(list(result.interval().values()))
    numbers = {"value": result.natural_values, "stderr": result.stderr, "lower": ends[:, 0], "upper": ends[:, 1]}
    return pd.DataFrame({**numbers, "state": result.states}, index=list(result.names))
