"""The model spec: features, weights, target, named nodes, output and loss, as SymPy expressions."""

from collections.abc import Iterable, Mapping
from typing import Any

from symgraph.errors import SpecError
from symgraph.spec.canonical import digests, symbols_of
from symgraph.spec.chain_rule import chain_rule
from symgraph.spec.formula import declare_formula
from symgraph.spec.inputs import Input, NamedNode
from symgraph.spec.steps import Steps


class Model(Steps):
    """Model and its loss, written once.

    Declaring an input or a node returns the SymPy symbol that stands for it. The model is checked as it is built and frozen by
    its first use (a build, a compilation, ``partials``).

    Args:
        name: a Python identifier; generated files carry it.
        doc: one line for the generated module's docstring.

    Raises:
        SpecError: the name cannot name a module.
    """

    __slots__ = ("_digests",)

    def __init__(self, name: str, doc: str = "") -> None:
        super().__init__(name, doc)
        self._digests: Mapping[Any, str] | None = None

    @classmethod
    def from_formula(
        cls, formula: str, columns: Iterable[str], init: Mapping[str, float] | None = None, name: str = "formula"
    ) -> "Model":
        """Return the model of a formula, whose residual is its right side minus its left side.

        The formula may contain only numbers, names, ``+ - * / **`` and the functions of a spec; no code in it can run.

        Args:
            formula: such as "y ~ a*exp(-k*x) + c" or "log(y) ~ a + b*x".
            columns: names of the columns of the data, or a frame or mapping that has them: names that are columns are features.
            init: initial values by the names of weights, which are all other names; 1 for those that have none.
            name: the model's name.

        Raises:
            SpecError: the formula cannot be read, at a column that the message names; its target is no column of the data; or
                an initial value is of no weight.
        """
        model = cls(name, doc=" ".join(formula.split()) if isinstance(formula, str) else "")
        declare_formula(model, formula, columns, init or {})
        return model

    def digests(self) -> Mapping[Any, str]:
        """Return a digest of each subexpression's structure; computed once, and freezes the model.

        Raises:
            SpecError: the model is not complete.
        """
        if self._digests is None:
            self._digests = digests((*self.freeze().exprs, *(one.expr for one in self.constraints)))
        return self._digests

    def freeze(self) -> "Model":
        """Check the model as a whole and close it to changes; done by every use, harmless when repeated.

        Raises:
            SpecError: there is nothing to compute, or a weight has no influence on the loss (the output, without a loss).
        """
        if not self._frozen:
            self._check_whole()
            self._frozen = True
        return self

    def of_constraints(self, *names: str) -> "Model":
        """Return a frozen model without rows, whose nodes are some constraints and what they depend on.

        Args:
            names: of the constraints, which are the outputs.
        """
        chosen = [self.freeze()._constraints[name] for name in names]
        part = self.part([*self.leading_to(*(one.expr for one in chosen)), *chosen], None)
        part._outputs = names
        return part

    def partials(self) -> dict[str, Any]:
        """Return d loss / d weight for every weight, as SymPy expressions over inputs and nodes: the chain rule written out.

        Raises:
            SpecError: the model has no loss, or is not complete.
        """
        return chain_rule(self._loss_for("partials need"), self.nodes, self.weight_inputs)

    def expanded_loss(self) -> Any:
        """Return the loss over the inputs alone, every node replaced by its expression.

        Raises:
            SpecError: the model has no loss, or is not complete.
        """
        expr = self._loss_for("expanded_loss needs")
        for node in reversed(self.nodes):
            expr = expr.xreplace({node.symbol: node.expr})
        return expr

    def part(self, nodes: Iterable[NamedNode], loss: Any) -> "Model":
        """Return a model of this one's weights and constants with other nodes and another loss, which need not use all of them.

        Args:
            nodes: its nodes.
            loss: its loss, or None.
        """
        part = Model(self.name)
        part._inputs = {entry.name: entry for entry in (*self.weight_inputs, *self.constant_inputs)}
        part._nodes = {node.name: node for node in nodes}
        part._loss, part._functions, part._places, part._frozen = loss, self._functions, self._places, True
        return part

    def rewritten(self, nodes: Iterable[NamedNode], loss: Any, penalty: Any) -> "Model":
        """Return a model of the same inputs and outputs, frozen if this one is, with nodes, loss and penalty in another form.

        Args:
            nodes: its nodes, those of the outputs among them.
            loss, penalty: their expressions, or None.
        """
        part = self.part(nodes, loss)
        part._inputs, part._targets, part._outputs, part._penalty = self._inputs, self._targets, self._outputs, penalty
        part._doc, part._frozen = self._doc, self._frozen
        return part

    def local(self, expr: Any) -> "Model":
        """Return a model whose loss is one expression, and whose weights are the symbols in it, nodes as well as inputs.

        Args:
            expr: the expression of a node, the loss or the penalty.
        """
        part = self.part((), expr)
        part._inputs = {
            str(one.name): Input(str(one.name), "weight", one) for one in sorted(symbols_of(expr), key=lambda s: s.place)
        }
        return part

    def with_nodes(self, nodes: Iterable[NamedNode]) -> "Model":
        """Return a model with further nodes behind this one's, and without its penalty.

        Args:
            nodes: the further nodes, over symbols of this model and of nodes among them that come before.
        """
        return self.rewritten((*self.nodes, *nodes), self._loss, None)

    def penalty_part(self) -> "Model":
        """Return the model whose loss is the penalty, with the nodes that it needs; without features and target.

        Raises:
            SpecError: the model has no penalty, or is not complete.
        """
        if self.freeze()._penalty is None:
            raise SpecError(f"model {self.name}: it has no penalty; give it one with model.penalty")
        return self.part(self.leading_to(self._penalty), self._penalty)

    def _loss_for(self, what: str) -> Any:
        self.freeze()
        if self._loss is None:
            raise SpecError(f"model {self.name}: {what} a loss; set one with model.loss")
        return self._loss

    def __repr__(self) -> str:
        parts = f"{len(self.feature_inputs)} features, {len(self.weight_inputs)} weights, {len(self._nodes)} nodes"
        return f"<Model {self.name}: {parts}>"

    def _check_whole(self) -> None:
        where = f"model {self.name}"
        if self._loss is None and self._penalty is not None:
            text = "it has a penalty and no loss that it is added to; set one with model.loss"
            raise SpecError(f"{where}: {text}", self.place("penalty"))
        if self._loss is None and not self._outputs:
            text = "it has neither a loss nor an output, so there is nothing to compute; declare one with model.output"
            raise SpecError(f"{where}: {text}", self.place())
        if not self.weight_inputs:
            raise SpecError(f"{where}: it has no weights; declare them with model.weight or model.weights", self.place())
        for one in self.constraints:  # a weight may have been tied since
            self._check_of_weights(one.expr, f"{where}: constraint {one.name!r}", self.place(one.name))
        if self._penalty is not None:
            self._check_of_weights(self._penalty, f"{where}: penalty", self.place("penalty"))
        root = "loss" if self._loss is not None else "output"
        outputs = [node.symbol for node in self.output_nodes]
        used = self._ancestors(outputs if self._loss is None else symbols_of(self._loss))
        used |= self._ancestors(() if self._penalty is None else symbols_of(self._penalty))
        idle = [i.name for i in self.weight_inputs if i.symbol not in used]
        if idle:
            text = f"the {root} does not depend on weight {', '.join(idle)}; use it or remove it"
            raise SpecError(f"{where}: {text}", self.place(idle[0]))
