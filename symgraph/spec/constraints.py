"""Constraints: functions of weights and constants alone, with the range that fits keep each of them in."""

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

from symgraph.errors import SpecError
from symgraph.spec.inputs import NamedNode, Pair


@dataclass(frozen=True, slots=True)
class Constraint(NamedNode):
    """Constraint of a model: a node of the model of the constraints, over weights, constants and nodes of these.

    Attributes:
        limits: (lower, upper), infinite where an end is open.
    """

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
