"""Binding of the constraints of a model, functions of its weights alone."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symgraph.runtime.binding import Kept
from symgraph.runtime.contract import checked_weights
from symgraph.runtime.facts import Array, ArrayLike, Facts


class Constraints(Kept):
    """The functions of a module's constraints, which keeps this object as _limits.

    Attributes:
        lines: computes the constraints from w, the constants of the model behind the weights, and then the partials of each by
            each weight.
    """

    kept_as = "_limits"

    def __init__(self, facts: Facts, lines: "Callable[[Array], Sequence[Any] | Array]") -> None:
        self.facts = facts
        self.lines = lines

    def offered(self) -> dict[str, Any]:
        """Give what a module has of it, by name."""
        names = ("constraints", "constraints_jacobian", "nonlinear_constraint")
        return {self.kept_as: self, **{name: getattr(self, name) for name in names}}

    def constraints(self, w: "ArrayLike") -> "Array":
        """Compute the constraints in the order of METADATA["constraints"].

        Args:
            w: (k,) weights in the order of WEIGHTS.

        Returns:
            (m,) values.
        """
        return self._computed(w)[0]

    def constraints_jacobian(self, w: "ArrayLike") -> "Array":
        """Compute the partials of each constraint by each weight: (m, k)."""
        return self._computed(w)[1]

    def nonlinear_constraint(self) -> Any:
        """Give the constraints as SciPy's minimize takes them: a NonlinearConstraint with their ranges and partials.

        Raises:
            ImportError: SciPy is missing.
        """
        try:
            from scipy.optimize import NonlinearConstraint
        except ImportError as error:
            raise ImportError(f"nonlinear_constraint of {self.facts.model} needs SciPy: pip install scipy") from error
        limits: Any = self.facts.metadata["constraints"]
        lower, upper = np.array([*limits.values()], np.float64).T
        return NonlinearConstraint(self.constraints, lower, upper, jac=self.constraints_jacobian)

    @np.errstate(all="ignore")
    def _computed(self, w: "ArrayLike") -> "tuple[Array, Array]":
        weights = checked_weights(self.facts, w)
        limits: Any = self.facts.metadata["constraints"]
        found = np.array(self.lines(weights), weights.dtype)
        return found[: len(limits)], found[len(limits) :].reshape(len(limits), -1)
