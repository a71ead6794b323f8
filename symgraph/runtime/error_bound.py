"""Binding of error_bound, which a module has on request."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from symgraph.runtime.binding import Kept
from symgraph.runtime.bounds import Bounded, certain, exactly
from symgraph.runtime.contract import checked_inputs, row_shape
from symgraph.runtime.derivatives_on_request import mirrored
from symgraph.runtime.facts import Array, ArrayLike, Facts
from symgraph.runtime.lines import absent, check_target_of_loss
from symgraph.runtime.target_values import label_rules, refuse_other_values

BoundedLines = Callable[[Sequence[Bounded], Sequence[Bounded], Any], tuple[Bounded, Sequence[Bounded]]]
"""Lines that compute the loss of a row and its partials from weights, columns and y, or several targets, all with bounds of
their errors."""


class ErrorBound(Kept):
    """The function error_bound of one module, which keeps this object as _errors."""

    kept_as = "_errors"

    def __init__(
        self,
        facts: Facts,
        forward: Callable[[Array, Any, Any], Any],
        lines: BoundedLines,
        second: BoundedLines | None = None,
    ) -> None:
        self.facts = facts
        self._forward = forward
        self._lines = lines
        self._second = second or absent(facts, "Hessian")
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
        return self._bounded(self._lines, w, X, y)

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
        return mirrored(self._bounded(self._second, w, X, y)[1], len(self.facts.weights))

    @np.errstate(all="ignore")
    def _bounded(self, lines: BoundedLines, w: "ArrayLike", X: Any, y: Any) -> tuple[Array, Array]:
        """Compute the bounds of the losses, (n,), and of the other results of some lines, (n, results)."""
        inputs = checked_inputs(self.facts, w, X, y)
        check_target_of_loss(self.facts, lambda one: self._forward(*one), inputs)
        refuse_other_values(self._rules, inputs.X, inputs.y)
        columns = () if inputs.X is None else inputs.X.T
        count = len(self.facts.targets)
        target = np.zeros(count or ()) if inputs.y is None else inputs.y
        y = [exactly(one) for one in target.T] if count else exactly(target)
        loss, partials = lines([exactly(one) for one in inputs.w], [exactly(one) for one in columns], y)
        jump = np.isfinite(loss[0]) & np.isinf(loss[1])  # then the partials see nothing
        shape = row_shape(inputs)
        bounds = np.empty((*shape, len(partials)))
        for index, slope in enumerate(partials):
            bounds[..., index] = np.where(jump, np.inf, certain(slope))
        return np.broadcast_to(certain(loss), shape).copy()[()], bounds
