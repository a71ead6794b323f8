"""The model spec: features, weights, target, named nodes, output and loss, as SymPy expressions."""

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from numbers import Real
from typing import Any

import sympy

from symgraph.errors import SpecError
from symgraph.spec.canonical import digests, symbols_of
from symgraph.spec.chain_rule import chain_rule
from symgraph.spec.checks import check_expression
from symgraph.spec.declared import declared
from symgraph.spec.inputs import DEFAULT_LAW, Input, NamedNode, Pair, checked_law, checked_range, checked_weight
from symgraph.spec.laws import Constant, Law
from symgraph.spec.losses import loss_named
from symgraph.spec.names import check_model_name, check_name, split_names
from symgraph.spec.transforms import Transforms


class Model(Transforms):
    """Model and its loss, written once.

    Declaring an input or a node returns the SymPy symbol that stands for it. The model is checked as it is built and frozen by
    its first use (a build, a compilation, ``partials``).

    Args:
        name: a Python identifier; generated files carry it.
        doc: one line for the generated module's docstring.

    Raises:
        SpecError: the name cannot name a module.
    """

    # without a __dict__, `model.loss = expr` for `model.loss(expr)` is an error instead of a lost loss
    __slots__ = (
        "__weakref__", "_digests", "_doc", "_frozen", "_inputs", "_loss", "_nodes", "_output", "_symbols", "_target", "name",
    )  # fmt: skip

    def __init__(self, name: str, doc: str = "") -> None:
        self.name = check_model_name(name)
        self.doc = doc
        self._inputs: dict[str, Input] = {}
        self._nodes: dict[str, NamedNode] = {}
        self._output: str | None = None
        self._loss: Any = None
        self._symbols: dict[str, Any] = {}
        self._target: Input | None = None
        self._digests: Mapping[Any, str] | None = None
        self._frozen = False

    # Parts of the model, for its readers.

    @property
    def doc(self) -> str:
        """Return the line of documentation, made one line of printable text."""
        return self._doc

    @doc.setter
    def doc(self, text: str) -> None:
        self._doc = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())

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
    def target_input(self) -> Input | None:
        """Return the target, or None."""
        return self._target

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Return all leaves: the features, the weights, the constants, and the target where there is one."""
        target = self.target_input
        return (*self.feature_inputs, *self.weight_inputs, *self.constant_inputs, *(() if target is None else (target,)))

    @property
    def nodes(self) -> tuple[NamedNode, ...]:
        """Return the named nodes, the output among them, in the order of their declaration."""
        return tuple(self._nodes.values())

    @property
    def output_node(self) -> NamedNode | None:
        """Return the node that gives the predictions, or None."""
        return None if self._output is None else self._nodes[self._output]

    @property
    def loss_expr(self) -> Any:
        """Return the loss of one row over the model's symbols, or None."""
        return self._loss

    @property
    def exprs(self) -> tuple[Any, ...]:
        """Return all expressions: those of the nodes in order, then the loss where there is one."""
        return (*(node.expr for node in self._nodes.values()), *(() if self._loss is None else (self._loss,)))

    def digests(self) -> Mapping[Any, str]:
        """Return a digest of each subexpression's structure; computed once, and freezes the model.

        Raises:
            SpecError: the model is not complete.
        """
        if self._digests is None:
            self._digests = digests(self.freeze().exprs)
        return self._digests

    # Declarations.

    def feature(self, name: str, *, domain: Pair | None = None) -> Any:
        """Declare one feature (a column of X) and return its symbol.

        Args:
            name: an identifier; the column of that name is read from data files.
            domain: (low, high) where the feature is meant to live; verification draws its points there.

        Raises:
            SpecError: the name is taken, reserved or no identifier, or the model is frozen.
        """
        return self._declare(name, "feature", domain)

    def features(self, names: str | Sequence[str], *, domain: Pair | None = None) -> tuple[Any, ...]:
        """Declare several features, as ``sympy.symbols`` reads names (``"f1:6"``, ``"a b c"``), and return a tuple."""
        return tuple(self.feature(name, domain=domain) for name in split_names(names, f"model {self.name}: feature"))

    def weight(
        self,
        name: str,
        *,
        init: Law | float = DEFAULT_LAW,
        domain: Pair | None = None,
        bounds: tuple[float | None, float | None] | None = None,
        fixed: bool = False,
    ) -> Any:
        """Declare one weight (an entry of w) and return its symbol.

        Args:
            name: an identifier.
            init: the law of its initial value (Normal, Uniform, Constant) or a fixed number; drawn values are moved to the
                nearest end of the bounds.
            domain: (low, high) where the weight is meant to live: formulas may rely on it, and checks draw their points there.
            bounds: (low, high) within which training and fits keep the weight, None for an end that is open. No formula relies
                on them.
            fixed: training and fits leave the weight where it is; it stays in w, and has its derivatives.

        Raises:
            SpecError: the name is taken, reserved or no identifier, the law is none, a range has no width or excludes a fixed
                initial value, or the model is frozen.
        """
        where = f"model {self.name}: weight {name!r}"
        if not isinstance(fixed, bool):
            raise SpecError(f"{where}: fixed must be True or False, not {fixed!r}")
        return self._declare(
            name, "weight", domain, init=checked_law(init, where), bounds=checked_range(bounds, "bounds", where), fixed=fixed
        )

    def weights(
        self,
        names: str | Sequence[str],
        *,
        init: Law | float | Sequence[Law | float] = DEFAULT_LAW,
        domain: Pair | None = None,
        bounds: tuple[float | None, float | None] | None = None,
        fixed: bool = False,
    ) -> tuple[Any, ...]:
        """Declare several weights and return a tuple; ``init`` is one law for all, or a sequence with one a weight."""
        split = split_names(names, f"model {self.name}: weight")
        laws = [init] * len(split) if isinstance(init, Law | int | float | Real) else list(init)
        if len(laws) != len(split):
            raise SpecError(f"model {self.name}: init has {len(laws)} values for {len(split)} weights ({', '.join(split)})")
        return tuple(
            self.weight(name, init=law, domain=domain, bounds=bounds, fixed=fixed)
            for name, law in zip(split, laws, strict=True)
        )

    def constant(self, name: str, value: float, *, domain: Pair | None = None) -> Any:
        """Declare a number that is given at the call, neither trained nor a column, and return its symbol.

        Args:
            name: an identifier.
            value: what it is unless ``with_constants`` of the generated module says otherwise.
            domain: (low, high) where it is meant to live: formulas may rely on it, and checks draw their points there.

        Raises:
            SpecError: the name is taken, reserved or no identifier, the value is no finite number or outside the domain, or
                the model is frozen.
        """
        where = f"model {self.name}: constant {name!r}"
        if isinstance(value, bool) or not isinstance(value, Real) or not isfinite(value):
            raise SpecError(f"{where}: its value must be a finite number, not {value!r}")
        return self._declare(name, "constant", domain, init=Constant(float(value)))

    def tie(self, weight: Any, expr: Any) -> Any:
        """Take a weight out of w: from now on it is the node of that name, with the value of an expression.

        Args:
            weight: the symbol of a weight.
            expr: a SymPy expression that does not depend on it, or a number.

        Returns:
            The symbol, which stands for the node wherever it was used.

        Raises:
            SpecError: it is no weight of the model, the expression cannot be used or depends on the weight, or the model is
                frozen.
        """
        where = f"model {self.name}: tie {weight}"
        self._check_open(where)
        entry = self._inputs.get(str(weight))
        if entry is None or entry.kind != "weight" or entry.symbol != weight:
            raise SpecError(f"{where}: it is no weight of the model; tie one that model.weight returned")
        if entry.bounds or entry.fixed:
            raise SpecError(f"{where}: a weight with bounds or fixed=True stays in w; drop these, or do not tie it")
        checked = check_expression(expr, where, self._symbols)
        before = self._ancestors(symbols_of(checked))
        if weight in before:
            raise SpecError(f"{where}: {expr} depends on {weight} itself, so the two would go in a circle")
        del self._inputs[entry.name]
        earlier = {name: node for name, node in self._nodes.items() if node.symbol in before}
        self._nodes = {**earlier, entry.name: NamedNode(entry.name, weight, checked), **self._nodes}
        return weight

    def target(self, name: str = "y", *, domain: Pair | None = None) -> Any:
        """Declare the target (the column y that the loss compares with) and return its symbol.

        Raises:
            SpecError: there is a target already, the name is taken, reserved or no identifier, or the model is frozen.
        """
        known = self.target_input
        if known is not None:
            raise SpecError(
                f"model {self.name}: target {name!r}: the model has the target {known.name!r} already; it can have one"
            )
        return self._declare(name, "target", domain)

    def node(self, name: str, expr: Any) -> Any:
        """Name an intermediate value and return the opaque symbol that stands for it.

        Args:
            name: an identifier; the generated module computes the node under this name.
            expr: a SymPy expression over symbols declared before, or a number.

        Raises:
            SpecError: the name or the expression cannot be used, or the model is frozen.
        """
        return self._name_node(name, expr, "node")

    def output(self, name: str, expr: Any) -> Any:
        """Name the node that gives the predictions and return its symbol; a model has at most one.

        Raises:
            SpecError: there is an output already, or as for ``node``.
        """
        if self._output is not None:
            raise SpecError(f"model {self.name}: output {name!r}: the model has the output {self._output!r} already")
        symbol = self._name_node(name, expr, "output")
        self._output = name
        return symbol

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
        self._check_open(where)
        if self._loss is not None:
            raise SpecError(f"{where}: the model has a loss already")
        expr = loss_named(loss, where, self.output_node, self.target_input) if isinstance(loss, str) else loss
        self._loss = check_expression(expr, where, self._symbols)

    # Uses.

    def freeze(self) -> "Model":
        """Check the model as a whole and close it to changes; done by every use, harmless when repeated.

        Raises:
            SpecError: there is nothing to compute, or a weight has no influence on the loss (the output, without a loss).
        """
        if not self._frozen:
            self._check_whole()
            self._frozen = True
        return self

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

    def _loss_for(self, what: str) -> Any:
        self.freeze()
        if self._loss is None:
            raise SpecError(f"model {self.name}: {what} a loss; set one with model.loss")
        return self._loss

    def _repr_latex_(self) -> str:
        rows = [(sympy.latex(node.symbol), sympy.latex(node.expr)) for node in self.nodes]
        if self._loss is not None:
            rows.append((r"\mathrm{loss}", sympy.latex(self._loss)))
        body = r" \\ ".join(f"{left} &= {right}" for left, right in rows)
        return rf"$\displaystyle \begin{{aligned}} {body} \end{{aligned}}$"

    def __repr__(self) -> str:
        parts = f"{len(self.feature_inputs)} features, {len(self.weight_inputs)} weights, {len(self._nodes)} nodes"
        return f"<Model {self.name}: {parts}>"

    # Checks.

    def _check_open(self, where: str) -> None:
        if self._frozen:
            raise SpecError(f"{where}: the model is frozen, since it has been used; declare everything before its first use")

    def _new_symbol(self, name: str, kind: str) -> Any:
        where = f"model {self.name}: {kind} {name!r}"
        self._check_open(where)
        check_name(name, kind, self.name)
        if name in self._inputs:
            raise SpecError(f"{where}: the name is taken by a {self._inputs[name].kind}")
        if name in self._nodes:
            raise SpecError(f"{where}: the name is defined twice; a node of that name exists")
        return declared(name, "node" if kind == "output" else kind, len(self._symbols))

    def _declare(self, name: str, kind: str, domain: object, **of_weight: Any) -> Any:
        symbol, where = self._new_symbol(name, kind), f"model {self.name}: {kind} {name!r}"
        entry = Input(name, kind, symbol, checked_range(domain, "domain", where), **of_weight)
        self._inputs[name] = checked_weight(entry, where)
        if kind == "target":
            self._target = entry
        self._symbols[name] = symbol
        return symbol

    def _name_node(self, name: str, expr: Any, kind: str) -> Any:
        symbol = self._new_symbol(name, kind)
        checked = check_expression(expr, f"model {self.name}: {kind} {name!r}", self._symbols)
        target = self.target_input
        if kind == "output" and target is not None and target.symbol in self._ancestors(symbols_of(checked)):
            raise SpecError(
                f"model {self.name}: output {name!r} depends on the target {target.name!r}, which predictions do not have"
            )
        self._nodes[name] = NamedNode(name, symbol, checked)
        self._symbols[name] = symbol
        return symbol

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

    def _check_whole(self) -> None:
        where = f"model {self.name}"
        if self._loss is None and self._output is None:
            raise SpecError(f"{where}: it has neither a loss nor an output, so there is nothing to compute")
        if not self.weight_inputs:
            raise SpecError(f"{where}: it has no weights; declare them with model.weight or model.weights")
        root = "loss" if self._loss is not None else "output"
        used = self._ancestors(symbols_of(self._loss) if self._loss is not None else [self._nodes[str(self._output)].symbol])
        idle = [i.name for i in self.weight_inputs if i.symbol not in used]
        if idle:
            raise SpecError(f"{where}: the {root} does not depend on weight {', '.join(idle)}; use it or remove it")
