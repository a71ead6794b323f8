"""Declarations of what is minimised: the loss of one row, given as it is or by name, and the penalty of the weights."""

import warnings
from collections.abc import Sequence
from typing import Any

import sympy

from symgraph.errors import SpecError, SpecWarning
from symgraph.spec.canonical import symbols_of
from symgraph.spec.checks import check_expression
from symgraph.spec.likelihoods import (
    LIKELIHOODS,
    Declared,
    Likelihood,
    checked_logits,
    given_parameters,
    is_sigmoid,
    labels_of,
)
from symgraph.spec.losses import loss_named
from symgraph.spec.parts import Parts
from symgraph.spec.robust import robust_loss


class LossDeclarations(Parts):
    """Declarations of a model that make its loss; see ``Model``."""

    __slots__ = ()

    def loss(self, loss: Any) -> None:
        """Set the loss of one row.

        Args:
            loss: a SymPy expression over the model's symbols, or the name of a row of ``LOSSES`` in ``symgraph.spec.losses``,
                such as "squared_error".

        Raises:
            SpecError: there is a loss already, the name is unknown or needs a target and an output that are missing, the
                expression cannot be used, or the model is frozen.
        """
        where = f"model {self.name}: loss"
        self._check_no_loss(where)
        expr = loss_named(loss, where, self.output_nodes, self.target_inputs) if isinstance(loss, str) else loss
        self._loss = check_expression(expr, where, self._symbols)
        for output in self.output_nodes if loss == "bce_with_logits" else ():
            already = f"the output {output.name} is a sigmoid already; make its argument the output"
            self._warn_of_sigmoid(output.symbol, f"{where}: {loss!r} takes a logit, and {already}")

    def _warn_of_sigmoid(self, logit: Any, said: str) -> None:
        if is_sigmoid(logit, {node.symbol: node.expr for node in self.nodes}):
            warnings.warn(said, SpecWarning, stacklevel=3)

    def likelihood(self, name: str, **parameters: Any) -> None:
        """Set the loss of one row to the negative logarithm of a density of the target, with its constants.

        Args:
            name: of a row of ``LIKELIHOODS`` in ``symgraph.spec.likelihoods``, such as "poisson".
            parameters: expressions over the model's symbols by the names that the row has, such as ``sigma=s``; the first is
                the output where it is not given. The logits of classes are a list.

        Raises:
            SpecError: there is a loss already, the name is unknown, a parameter or the target is missing, a parameter is
                unknown or cannot be used, a declared value of the target has no probability, or the model is frozen.
        """
        where = f"model {self.name}: likelihood"
        self._check_no_loss(where)
        given = given_parameters(name, parameters, where, self.output_node, self.target_inputs)
        where = f"{where} {name!r}"
        checked: dict[str, Any] = {}
        for parameter, value in given.items():
            several = checked_logits(value, where) if parameter == "logits" else (value,)
            exprs = tuple(check_expression(one, f"{where}: {parameter}", self._symbols) for one in several)
            self._check_parameter(LIKELIHOODS[name], parameter, exprs, where)
            checked[parameter] = exprs if parameter == "logits" else exprs[0]
        if "logit" in checked:
            already = "is given a sigmoid; give the argument of that, or declare 'binomial'"
            self._warn_of_sigmoid(checked["logit"], f"{where} takes a logit, and {already}")
        target: Any = self.target_input
        labels = labels_of(name, checked, where, {entry.symbol: entry.name for entry in self.feature_inputs})
        wrong = next((value for value in target.values or () if not labels.allows(value)), None)
        if wrong is not None:
            raise SpecError(f"{where}: its target {target.name!r} has the value {wrong:g}, to which it gives no probability")
        with sympy.evaluate(True):
            self._loss = check_expression(LIKELIHOODS[name].of(target.symbol, *checked.values()), where, self._symbols)
        self._likelihood = Declared(name, labels, checked.get("logits", tuple(checked.values())))

    def residual(self, *residuals: Any, loss: str = "linear", f_scale: float = 1.0) -> None:
        """Declare the residuals of one row; they make the loss, half the sum of their squares or a robust one.

        Args:
            residuals: SymPy expressions over the model's symbols, such as ``(y_hat - y)/s``.
            loss: "linear", or "soft_l1", "huber", "cauchy" in SciPy's meaning: the loss of a residual r is
                ``0.5 * f_scale**2 * rho((r/f_scale)**2)``.
            f_scale: the size of a residual above which a robust loss reduces its influence.

        Raises:
            SpecError: there is a loss already, an expression cannot be used, ``loss`` is unknown, ``f_scale`` is no positive
                number, or the model is frozen.
        """
        where = f"model {self.name}: residual"
        self._check_no_loss(where, ", and residuals make one")
        if not residuals:
            raise SpecError(f"{where}: give an expression, such as model.residual(y_hat - y)")
        checked = tuple(check_expression(one, where, self._symbols) for one in residuals)
        robust = robust_loss(loss, f_scale, where)
        self._residuals, self._robust = checked, robust
        with sympy.evaluate(True):
            self._loss = sympy.Add(*(one**2 / 2 if robust is None else robust.of(one) for one in checked))

    def penalty(self, expr: Any) -> None:
        """Add an expression of weights and constants to the loss, once per data set: a prior or a regularization.

        The sum of the losses is ``sum(s*loss) + penalty``, their mean ``(sum(s*loss) + penalty)/sum(s)``.

        Args:
            expr: a SymPy expression over weights, constants, and nodes that depend on these alone.

        Raises:
            SpecError: there is a penalty already, the expression cannot be used or depends on a feature or the target, or the
                model is frozen.
        """
        where = f"model {self.name}: penalty"
        self._check_open(where, "penalty")
        if self._penalty is not None:
            raise SpecError(f"{where}: the model has a penalty already; add the two")
        checked = check_expression(expr, where, self._symbols)
        self._check_of_weights(checked, where)
        self._penalty = checked

    def _check_parameter(self, row: Likelihood, name: str, exprs: Sequence[Any], where: str) -> None:
        """Refuse a parameter of a likelihood that depends on the target, or is not above 0 where it has to be."""
        (target,) = self.target_inputs
        if target.symbol in self._ancestors(symbol for one in exprs for symbol in symbols_of(one)):
            raise SpecError(
                f"{where}: {name} depends on the target {target.name!r}, of which it is to be a density; leave it out"
            )
        value = exprs[0]
        if name in row.above_zero and value.is_number and not value > 0:
            raise SpecError(f"{where}: {name} must be above 0, not {value}")
        free = next((i for i in self.weight_inputs if i.symbol == value), None) if name in row.above_zero else None
        limits = free and (free.domain or free.bounds)
        if free is not None and not (limits and limits[0] >= 0.0):
            raise SpecError(
                f"{where}: {name} must be above 0, and the weight {free.name} may be any number; declare it with "
                f"model.positive({free.name!r}), or with bounds=(0, None)"
            )

    def _check_no_loss(self, where: str, hint: str = "") -> None:
        self._check_open(where, "loss")
        if self._loss is not None:
            raise SpecError(f"{where}: the model has a loss already{hint}; declare one")
