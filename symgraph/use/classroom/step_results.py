"""The weights and the state in what a student's optimizer returned; NumPy only."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def step_results(returned: Any, k: int, order: Sequence[str]) -> dict[str, Any]:
    """Read what an optimizer returned.

    Args:
        returned: the weights, or these and the state in order, also in dictionaries.
        k: the number of weights.
        order: the names of the weights and of the state, in order.

    Returns:
        By name the numbers (k,), or the reason why there are none; under "" the reason why nothing can be read.
    """
    found: dict[str, Any] = {}
    for name, part in zip(order, _parts(returned, k), strict=False):
        try:
            values = np.ravel(np.asarray(part, np.float64)).tolist()
        except (TypeError, ValueError):
            return {name: f"is of type {type(part).__name__}; return {', '.join(order)}"}
        if len(values) == k:
            found[name] = values
        elif name == "W":
            return {"": f"returns {len(values)} numbers, not the {k} weights"}
    return found


def _parts(returned: Any, k: int) -> list[Any]:
    if isinstance(returned, Mapping):
        return _parts(list(returned.values()), k)
    if not isinstance(returned, tuple | list) or (
        len(returned) == k and all(np.size(part) == 1 for part in returned) and k > 1
    ):
        return [returned]
    parts: list[Any] = []
    for part in returned:
        parts += part.values() if isinstance(part, Mapping) and parts else [part]
    return parts
