"""Binding of error_bound, which a module has on request."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from symgraph.runtime.binding import Kept
from symgraph.runtime.bounded_numbers import BoundedArithmetic, BoundOf, Origin
from symgraph.runtime.bounds import certain
from symgraph.runtime.contract import checked_inputs, row_shape
from symgraph.runtime.derivatives_on_request import mirrored
from symgraph.runtime.facts import Array, ArrayLike, Facts
from symgraph.runtime.lines import Lines, absent, check_target_of_loss, losses_of
from symgraph.runtime.sums import unsummed
from symgraph.runtime.target_values import label_rules, refuse_other_values


class ErrorBound(Kept):
    """The function error_bound of one module, which keeps this object as _errors."""

    kept_as = "_errors"

    def __init__(
        self, facts: Facts, lines: "Lines[Any]", functions: Mapping[str, BoundOf], radii: Mapping[float, float]
    ) -> None:
        self.facts = facts
        self._lines = lines
        self._functions = functions
        self._radii = radii
        self._rules = label_rules(facts.model, facts.metadata, facts.features, facts.target_names)

    def error_bound(self, w: "ArrayLike", X: Any = None, y: Any = None) -> tuple[Array, Array]:
        """Bound how far rounding puts the loss and the partials of each row off.

        The loss is that of forward, the partials are those of per_sample_grad; they are
        compared with exact arithmetic on the same floats: w, X and y in their common dtype.
        The bound of a sum over rows is the sum of the bounds, plus n * u times the sum of
        the terms' sizes for adding them up (u = 2**-53, or 2**-24 in float32).

        Where a bound is infinite, nothing is known: a kink, a jump, the edge of a domain or
        an overflow is as close as rounding.

        Args:
            w: (k,) weights in the order of WEIGHTS.
            X: (n, d) rows, columns in the order of FEATURES; (d,) is one row.
            y: (n,) target, or a scalar for one row.

        Returns:
            (n,) bounds of the losses and (n, k) bounds of the partials, float64; a scalar
            and (k,) for one row.
        """
        return self._bounded("backward", w, X, y)

    def hessian_error_bound(self, w: "ArrayLike", X: Any = None, y: Any = None) -> Array:
        """Bound how far rounding puts the second derivatives of each row's loss off, those of hessian of that row alone.

        All else is as for error_bound.

        Args:
            w: (k,) weights in the order of WEIGHTS.
            X: (n, d) rows, columns in the order of FEATURES; (d,) is one row.
            y: (n,) target, or a scalar for one row.

        Returns:
            (n, k, k) bounds, float64; (k, k) for one row.
        """
        return mirrored(self._bounded("hessian", w, X, y)[1], len(self.facts.weights))

    @np.errstate(all="ignore")
    def _bounded(self, name: str, w: "ArrayLike", X: Any, y: Any) -> tuple[Array, Array]:
        """Compute the bounds of the losses, (n,), and of the derivatives that some lines compute, (n, results)."""
        inputs = checked_inputs(self.facts, w, X, y)
        check_target_of_loss(self.facts, lambda one: self._lines.forward(*one), inputs)
        refuse_other_values(self._rules, inputs.X, inputs.y)
        shape = row_shape(inputs)
        arithmetic = BoundedArithmetic(self._functions, self._radii, inputs.w.dtype)
        if inputs.y is None:  # which the loss does not need
            inputs = inputs._replace(y=np.zeros(len(self.facts.targets) or ()))
        tape = arithmetic.over(self._lines.forward)(*arithmetic.arguments(self.facts, inputs))
        lines = getattr(self._lines, name) or absent(self.facts, "Hessian")
        one = arithmetic.given(inputs.w.dtype.type(1.0), Origin.DERIVATIVES)
        derivatives = [arithmetic.number(each).bound for each in arithmetic.over(lines)(tape, one, unsummed)]
        loss = arithmetic.number(losses_of(tape)).bound
        jump = np.isfinite(loss[0]) & np.isinf(loss[1])  # then the derivatives see nothing
        bounds = np.empty((*shape, len(derivatives)))
        for index, slope in enumerate(derivatives):
            bounds[..., index] = np.where(jump, np.inf, certain(slope))
        return np.broadcast_to(certain(loss), shape).copy()[()], bounds
