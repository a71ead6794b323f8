"""Constraints: functions of weights and constants alone, with the range that fits keep each of them in."""

import math
from numbers import Real
from typing import Any, NamedTuple

from symgraph.errors import SpecError
from symgraph.spec.inputs import Pair


class Constraint(NamedTuple):
    """A constraint of a model.

    Attributes:
        name: what it is called.
        symbol: stands for its value in the model of the constraints.
        expr: its value over weights, constants and nodes of these.
        limits: (lower, upper), infinite where an end is open.
    """

    name: str
    symbol: Any
    expr: Any
    limits: Pair


def checked_limits(lower: Any, upper: Any, where: str) -> Pair:
    """Return the range of a constraint, infinite for an end that is None.

    Raises:
        SpecError: an end is no number, the two are the wrong way round, or both are open.
    """
    for name, value in (("lower", lower), ("upper", upper)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, Real) or math.isnan(value)):
            raise SpecError(f"{where}: {name} must be a number or None, not {value!r}")
    low, high = -math.inf if lower is None else float(lower), math.inf if upper is None else float(upper)
    if low > high or low == math.inf or high == -math.inf:
        raise SpecError(f"{where}: no number is within {low:g} and {high:g}; lower comes first")
    if low == -math.inf and high == math.inf:
        raise SpecError(f"{where}: both ends are open, so it constrains nothing; give lower or upper")
    return low, high
