"""Declarations of a model, each checked as it is made, so that an error points at the user's line."""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

import sympy

from symgraph.errors import SpecError
from symgraph.spec.canonical import symbols_of
from symgraph.spec.checks import check_expression
from symgraph.spec.complex_parts import complex_parts
from symgraph.spec.constraints import Constraint, checked_limits
from symgraph.spec.declared import declared
from symgraph.spec.inputs import DEFAULT_LAW, Input, NamedNode, Pair, checked_law, checked_range, checked_values, checked_weight
from symgraph.spec.laws import Constant, Law, is_finite_number
from symgraph.spec.loss_declarations import LossDeclarations
from symgraph.spec.names import check_name, split_names
from symgraph.spec.ops.user_functions import user_op
from symgraph.spec.session import listen


class Declarations(LossDeclarations):
    """Declarations of a spec; see ``Model``."""

    __slots__ = ()

    def feature(self, name: str, *, domain: Pair | None = None) -> Any:
        """Declare one feature (a column of X) and return its symbol.

        Args:
            name: an identifier; the column of that name is read from data files.
            domain: (low, high), the range of the feature; formulas may rely on it, and verification draws its points there.

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
            domain: (low, high), the range of the weight: formulas may rely on it, and checks draw their points there.
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
        one_each = isinstance(init, Iterable) and not isinstance(init, str | Mapping)
        laws: list[Any] = [*init] if one_each else [init] * len(split)  # type: ignore[misc]  # mypy forgets the test
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
            value: its value, unless ``with_constants`` of the generated module gives another.
            domain: (low, high), its range: formulas may rely on it, and checks draw their points there.

        Raises:
            SpecError: the name is taken, reserved or no identifier, the value is no finite number or outside the domain, or
                the model is frozen.
        """
        where = f"model {self.name}: constant {name!r}"
        if not is_finite_number(value):
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
        self._check_open(where, str(weight))
        entry = self._inputs.get(str(weight))
        if entry is None or entry.kind != "weight" or entry.symbol != weight:
            kind = "text" if isinstance(weight, str) else "node" if str(weight) in self._nodes else entry and entry.kind
            what = f"a {kind}, " if kind else ""
            raise SpecError(f"{where}: it is {what}no weight; tie one that model.weight returned, and each once")
        if entry.bounds or entry.fixed:
            raise SpecError(f"{where}: a weight with bounds or fixed=True stays in w; drop these, or do not tie it")
        checked = check_expression(expr, where, self._symbols)
        before = self._ancestors(symbols_of(checked))
        if weight in before:
            raise SpecError(
                f"{where}: {expr} depends on {weight} itself, so the two would go in a circle; tie one of them only"
            )
        self._check_tied(weight, before, where)
        del self._inputs[entry.name]
        earlier = {name: node for name, node in self._nodes.items() if node.symbol in before}
        self._nodes = {**earlier, entry.name: NamedNode(entry.name, weight, checked), **self._nodes}
        return weight

    def _check_tied(self, weight: Any, before: Container[Any], where: str) -> None:
        """Refuse a tie that brings the target into an output, or what differs by row into a penalty or a constraint."""
        target = next((i for i in self._targets if i.symbol in before), None)
        kept = [(f"constraint {one.name!r}", one.expr, self._first_of_rows(before)) for one in self.constraints]
        kept += [("penalty", self._penalty, self._first_of_rows(before))] if self._penalty is not None else []
        for what, expr, brought in [*kept, *((f"output {one.name!r}", one.symbol, target) for one in self.output_nodes)]:
            if brought is not None and weight in self._ancestors(symbols_of(expr)):
                thing = f"the {brought.kind} {brought.name!r}"
                raise SpecError(f"{where}: the {what} uses {weight}, and must not depend on {thing}; leave {thing} out")

    def function(self, name: str, path: str, *, partials: Sequence[str | None]) -> Any:
        """Declare a function computed by Python code of the user, and return it for use in formulas.

        Its callables take one number, or array (n,), for each partial, and return a number, or an array (n,).
        Generated modules import them. A build assumes that the values are right; it checks the
        partials by finite differences, and that calls with arrays and with numbers agree.

        Args:
            name: an identifier, by which SymPy prints it.
            path: where it is imported from, "package.module:callable".
            partials: the path of the partial by each argument, a function of all arguments; None if there is none, in which
                case this argument must not depend on a weight.

        Raises:
            SpecError: the name cannot be used, a callable cannot be imported or does not take as many arguments, its package
                has the name of the model, or the model is frozen.
        """
        self._new_symbol(name, "function")
        where = f"model {self.name}: function {name!r}"
        op = user_op(path, partials, where)
        if any(one.module.partition(".")[0] == self.name for one in op.every):
            raise SpecError(f"{where}: the model's own module would hide the package {self.name}; give the model another name")
        self._functions[name] = self._symbols[name] = made = op.named(name)
        return made

    def target(self, name: str = "y", *, domain: Pair | None = None, values: Iterable[float] | None = None) -> Any:
        """Declare the target (the column y that the loss compares with) and return its symbol.

        Args:
            name: an identifier.
            domain: (low, high), its range: formulas may rely on it, and checks draw their points there.
            values: the only values that it has, such as the classes (0, 1, 2); checks draw these.

        Raises:
            SpecError: there is a target already, the name is taken, reserved or no identifier, the values are not two or more
                different numbers in the domain, or the model is frozen.
        """
        return self.targets([name], domain=domain, values=values)[0]

    def targets(
        self, names: str | Sequence[str], *, domain: Pair | None = None, values: Iterable[float] | None = None
    ) -> tuple[Any, ...]:
        """Declare several targets, the columns of y, as ``sympy.symbols`` reads names (``"a b"``), and return a tuple.

        Args:
            names: the names.
            domain, values: of each, as for ``target``.

        Raises:
            SpecError: there is a target already, there are no names, or as for ``target``.
        """
        split = split_names(names, f"model {self.name}: target")
        self._check_first("target", split, [entry.name for entry in self._targets])
        where = f"model {self.name}: target {', '.join(map(repr, split))}"
        kept = checked_values(values, checked_range(domain, "domain", where), where)
        return tuple(self._declare(name, "target", domain, values=kept) for name in split)

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
        """Name the node that gives the predictions and return its symbol; ``outputs`` declares several.

        Raises:
            SpecError: there is an output already, or as for ``node``.
        """
        return self.outputs([name], expr)[0]

    def outputs(self, names: str | Sequence[str], *exprs: Any) -> tuple[Any, ...]:
        """Name the nodes that give the predictions, each a column of them, and return a tuple of their symbols.

        Args:
            names: as ``sympy.symbols`` reads them (``"re im"``), or a list.
            exprs: an expression for each name, in order, or a list of them.

        Raises:
            SpecError: there is an output already, there are not as many expressions as names, or as for ``node``.
        """
        split = split_names(names, f"model {self.name}: output")
        if len(exprs) == 1 and len(split) > 1 and isinstance(exprs[0], list | tuple | sympy.MatrixBase):
            exprs = tuple(exprs[0])
        self._check_first("output", split, self._outputs)
        if len(split) != len(exprs):
            raise SpecError(
                f"model {self.name}: outputs have {len(split)} names ({', '.join(split)}) and {len(exprs)} expressions; "
                "give an expression for each name"
            )
        symbols = tuple(self._name_node(name, expr, "output") for name, expr in zip(split, exprs, strict=True))
        self._outputs = tuple(split)
        return symbols

    def complex_output(self, name: str, expr: Any) -> tuple[Any, Any]:
        """Declare the outputs ``<name>_re`` and ``<name>_im``, the parts of a complex expression, and return their symbols.

        Args:
            name: an identifier, the beginning of both names.
            expr: a SymPy expression over the model's symbols, all of which are real, and ``sympy.I``. A symbol is taken for
                positive where its domain begins at 0 or above, so that the angle of ``(I*omega)**n`` is known.

        Raises:
            SpecError: the expression has a function whose parts are not known, or as for ``outputs``.
        """
        where = f"model {self.name}: complex_output {name!r}"
        real, imaginary = complex_parts(expr, self.inputs, self.nodes, where)
        symbols = self.outputs([f"{name}_re", f"{name}_im"], real, imaginary)
        return symbols[0], symbols[1]

    def constraint(self, name: str, expr: Any, lower: float | None = None, upper: float | None = None) -> None:
        """Declare a function of the weights that a fit keeps within a range; training ignores it.

        Args:
            name: an identifier, other than those of inputs and nodes.
            expr: a SymPy expression over weights, constants and nodes that depend on these alone.
            lower: the least value that is allowed, or None.
            upper: the largest one, the same as ``lower`` for an equation, or None.

        Raises:
            SpecError: the name or the expression cannot be used, the expression depends on a feature, the target or no weight,
                the range is none, or the model is frozen.
        """
        where = f"model {self.name}: constraint {name!r}"
        symbol = self._new_symbol(name, "constraint")
        if isinstance(expr, sympy.core.relational.Relational):
            raise SpecError(f"{where}: {expr} is a comparison; give the expression and its ends, as in (name, a - b, upper=0)")
        checked = check_expression(expr, where, self._symbols)
        limits = checked_limits(lower, upper, where)
        self._check_of_weights(checked, where)
        self._constraints[name] = Constraint(name, symbol, checked, limits)

    def _check_first(self, kind: str, names: Sequence[str], known: Sequence[str]) -> None:
        """Refuse targets or outputs after others, and none at all."""
        if not names:
            raise SpecError(f"model {self.name}: {kind}s need a name each, such as 'a b'")
        if known:
            raise SpecError(
                f"model {self.name}: {kind} {', '.join(map(repr, names))}: the model has the {kind} "
                f"{', '.join(map(repr, known))} already; declare several at once with model.{kind}s"
            )

    def _new_symbol(self, name: str, kind: str) -> Any:
        where = f"model {self.name}: {kind} {name!r}"
        check_name(name, kind, self.name)
        self._check_open(where, name)
        known = self._inputs.get(name)
        others: Mapping[str, Container[str]] = {
            "node": self._nodes,
            "constraint": self._constraints,
            "function": self._functions,
        }
        owner = known.kind if known else next((other for other, names in others.items() if name in names), None)
        if owner is not None:
            raise SpecError(f"{where}: the name is taken by a {owner}; choose another")
        listen()  # there will be a symbol that a user may give to np.exp
        role = "node" if kind in ("output", "constraint", "function") else kind
        return declared(name, role, len(self._symbols) + len(self._constraints))

    def _declare(self, name: str, kind: str, domain: object, **others: Any) -> Any:
        symbol, where = self._new_symbol(name, kind), f"model {self.name}: {kind} {name!r}"
        entry = Input(name, kind, symbol, checked_range(domain, "domain", where), **others)
        self._inputs[name] = checked_weight(entry, where)
        if kind == "target":
            self._targets = (*self._targets, entry)
        self._symbols[name] = symbol
        return symbol

    def _helper(self, name: str, expr: Any) -> Any:
        """Name a value on the way to what a user asked for; results of a fit leave it out."""
        symbol = self.node(name, expr)
        self._helpers.add(name)
        return symbol

    def _name_node(self, name: str, expr: Any, kind: str) -> Any:
        symbol = self._new_symbol(name, kind)
        checked = check_expression(expr, f"model {self.name}: {kind} {name!r}", self._symbols)
        before = self._ancestors(symbols_of(checked)) if kind == "output" and self._targets else ()
        known = next((target for target in self._targets if target.symbol in before), None)
        if known is not None:
            text = f"depends on the target {known.name!r}, which predictions do not have; leave it out"
            raise SpecError(f"model {self.name}: output {name!r} {text}")
        self._nodes[name] = NamedNode(name, symbol, checked)
        self._symbols[name] = symbol
        return symbol
