"""The parts of a model that have been declared so far, for its readers."""

import sys
from collections.abc import Container, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from symgraph.errors import SpecError
from symgraph.spec.canonical import symbols_of
from symgraph.spec.constraints import Constraint
from symgraph.spec.inputs import Input, NamedNode
from symgraph.spec.likelihoods import Declared
from symgraph.spec.names import check_model_name
from symgraph.spec.ops.user_functions import UserOp
from symgraph.spec.robust import Robust

_JOINERS = "\u200c\u200d"
"""Signs of no width that Persian, Hindi and pictures of several parts are written with."""


class Parts:
    """Inputs, named nodes, output and loss of a model; see ``Model``."""

    # without a __dict__, `model.loss = expr` for `model.loss(expr)` is an error instead of a lost loss
    __slots__ = (
        "__weakref__", "_constraints", "_doc", "_frozen", "_functions", "_helpers", "_inputs", "_likelihood", "_loss",
        "_natural", "_nodes", "_outputs", "_penalty", "_places", "_residuals", "_robust", "_symbols", "_targets", "name",
    )  # fmt: skip

    def __init__(self, name: str, doc: str = "") -> None:
        self.name = check_model_name(name)
        self.doc = doc
        self._inputs: dict[str, Input] = {}
        self._nodes: dict[str, NamedNode] = {}
        self._constraints: dict[str, Constraint] = {}
        self._functions: dict[str, Any] = {}
        self._helpers: set[str] = set()
        self._natural: dict[str, tuple[str, str]] = {}
        self._outputs: tuple[str, ...] = ()
        self._likelihood: Declared | None = None
        self._loss: Any = None
        self._penalty: Any = None
        self._residuals: tuple[Any, ...] = ()
        self._robust: Robust | None = None
        self._symbols: dict[str, Any] = {}
        self._targets: tuple[Input, ...] = ()
        self._frozen = False
        self._places = {"": _caller()}

    @property
    def doc(self) -> str:
        """Return the line of documentation, made one line of printable text."""
        return self._doc

    @doc.setter
    def doc(self, text: str) -> None:
        if not isinstance(text, str):
            raise SpecError(f"model {self.name}: doc must be a text, not {text!r}")
        self._doc = " ".join("".join(sign if sign.isprintable() or sign in _JOINERS else " " for sign in text).split())

    @property
    def feature_inputs(self) -> tuple[Input, ...]:
        """Return the features in the order of their declaration, which is the order of X's columns."""
        return tuple(i for i in self._inputs.values() if i.kind == "feature")

    @property
    def weight_inputs(self) -> tuple[Input, ...]:
        """Return the weights in the order of their declaration, which is the order of the vector w."""
        return tuple(i for i in self._inputs.values() if i.kind == "weight")

    @property
    def constant_inputs(self) -> tuple[Input, ...]:
        """Return the constants in the order of their declaration."""
        return tuple(i for i in self._inputs.values() if i.kind == "constant")

    @property
    def target_inputs(self) -> tuple[Input, ...]:
        """Return the targets in the order of their declaration, which is the order of y's columns."""
        return self._targets

    @property
    def target_input(self) -> Input | None:
        """Return the target; None where there is none, or several."""
        return self._targets[0] if len(self._targets) == 1 else None

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Return all leaves: the features, the weights, the constants, and the targets."""
        return (*self.feature_inputs, *self.weight_inputs, *self.constant_inputs, *self._targets)

    @property
    def labelled_targets(self) -> tuple[Input, ...]:
        """Return the targets as whoever draws points takes them: one of a likelihood of classes has these as its values."""
        declared = self.likelihood_declared
        if declared is None or not declared.labels.cases:
            return tuple(self._targets)
        return tuple(one if one.values else replace(one, values=declared.labels.cases) for one in self._targets)

    @property
    def nodes(self) -> tuple[NamedNode, ...]:
        """Return the named nodes, the outputs among them, in the order of their declaration."""
        return tuple(self._nodes.values())

    @property
    def helpers(self) -> frozenset[str]:
        """Return the names of the nodes that ``rk4`` and ``simplex`` made on their way, which no user asked for."""
        return frozenset(self._helpers)

    @property
    def natural(self) -> Mapping[str, tuple[str, str]]:
        """Return the name of the natural value and the transform of each weight that was declared by one, by its own name."""
        return dict(self._natural)

    @property
    def functions(self) -> Mapping[str, UserOp]:
        """Return the ops of the functions that the user brings, by name."""
        return {name: function.user_op for name, function in self._functions.items()}

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """Return the constraints in the order of their declaration."""
        return tuple(self._constraints.values())

    @property
    def output_nodes(self) -> tuple[NamedNode, ...]:
        """Return the nodes that give the predictions, in the order of their columns."""
        return tuple(self._nodes[name] for name in self._outputs)

    @property
    def output_node(self) -> NamedNode | None:
        """Return the node that gives the predictions; None where there is none, or several."""
        return self._nodes[self._outputs[0]] if len(self._outputs) == 1 else None

    @property
    def loss_expr(self) -> Any:
        """Return the loss of one row over the model's symbols, or None."""
        return self._loss

    @property
    def residual_exprs(self) -> tuple[Any, ...]:
        """Return the residuals that were declared; none where the loss was given, in which one may be found."""
        return self._residuals

    @property
    def robust(self) -> "Robust | None":
        """Return the robust loss of the declared residuals; None for half their squares."""
        return self._robust

    @property
    def likelihood_declared(self) -> Declared | None:
        """Return the likelihood that was given by name, or None."""
        return self._likelihood

    @property
    def penalty_expr(self) -> Any:
        """Return the penalty, an expression over weights, constants and their nodes; or None."""
        return self._penalty

    @property
    def exprs(self) -> tuple[Any, ...]:
        """Return all expressions: those of the nodes in order, declared residuals, then loss and penalty where there are."""
        losses = tuple(expr for expr in (self._loss, self._penalty) if expr is not None)
        return (*(node.expr for node in self._nodes.values()), *self._residuals, *losses)

    def _ancestors(self, symbols: Iterable[Any]) -> set[Any]:
        """Return all symbols on which the given symbols depend, themselves included."""
        by_symbol = {node.symbol: node for node in self._nodes.values()}
        found: set[Any] = set()
        todo = list(symbols)
        while todo:
            symbol = todo.pop()
            if symbol not in found:
                found.add(symbol)
                if symbol in by_symbol:
                    todo.extend(symbols_of(by_symbol[symbol].expr))
        return found

    def leading_to(self, *exprs: Any) -> list[NamedNode]:
        """Return the nodes on which some expressions depend, in order."""
        before = self._ancestors(symbol for expr in exprs for symbol in symbols_of(expr))
        return [node for node in self._nodes.values() if node.symbol in before]

    def _check_of_weights(self, expr: Any, where: str, place: tuple[str, int] | None = None) -> None:
        """Refuse a penalty or a constraint that depends on a row, or on no weight."""
        before = self._ancestors(symbols_of(expr))
        of_rows = self._first_of_rows(before)
        if of_rows is not None:
            row = f"the {of_rows.kind} {of_rows.name!r}, which differs from row to row"
            raise SpecError(
                f"{where}: it depends on {row}; use weights and constants only; what differs by row belongs into model.loss",
                place,
            )
        if not any(i.symbol in before for i in self.weight_inputs):
            raise SpecError(f"{where}: it depends on no weight; use one, or drop it", place)

    def _first_of_rows(self, symbols: Container[Any]) -> Input | None:
        """Return the first feature or target among symbols, or None where no symbol differs from row to row."""
        return next((i for i in self.inputs if i.symbol in symbols and i.kind in ("feature", "target")), None)

    def place(self, name: str = "") -> tuple[str, int] | None:
        """Return file and line of the declaration of a name, or of the model; None where that is in no file.

        Args:
            name: of an input, a node or a constraint, "loss" or "penalty".
        """
        file, line = self._places.get(name, self._places[""])
        return (file, line) if Path(file).is_file() else None

    def _check_open(self, where: str, name: str) -> None:
        """Refuse a declaration after the model's first use; remember where it was made, for errors that are found later."""
        if self._frozen:
            raise SpecError(f"{where}: the model is frozen, since it has been used; declare everything before its first use")
        self._places[name] = _caller()


def _caller() -> tuple[str, int]:
    """Return file and line of the call from outside of the spec package that goes on now; no file if symgraph itself calls."""
    frame = sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).startswith(__package__):
        frame = frame.f_back
    is_ours = str(frame.f_globals.get("__name__")).startswith("symgraph.")
    return "" if is_ours else frame.f_code.co_filename, frame.f_lineno
