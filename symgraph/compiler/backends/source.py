"""Input of the backends: a model with its graphs, and the facts that every backend's module states about itself."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import combinations_with_replacement
from math import isfinite
from typing import Any
from weakref import WeakKeyDictionary

from symgraph.compiler.backends.formula import formulas, of_weights
from symgraph.compiler.backends.layout import number, parenthesized, quoted, sequence_layout
from symgraph.compiler.derive.schedule import Counts, roots_of
from symgraph.compiler.ir.graph import OPPOSITE, Graph, values_of
from symgraph.compiler.numerics.linear import linear_weights
from symgraph.module_functions import DERIVATIVES, HESSIAN
from symgraph.options import DOUBLE, ERROR_BOUND, PLAIN, Options
from symgraph.spec.inputs import DEFAULT_LAW, Input
from symgraph.spec.laws import Constant, Law, Normal, Uniform
from symgraph.spec.model import Model
from symgraph.spec.ops.user_functions import UserOp
from symgraph.spec.penalty import Rows, penalty_rows
from symgraph.spec.residuals import residual_of
from symgraph.spec.target_slope import target_slope

ABI = 2
"""Version of the module contract that generated modules follow."""

_HASHES: WeakKeyDictionary[Model, str] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class ConstraintSource:
    """The constraints of a model on their way to text.

    Attributes:
        model: their own model, without rows; each is a node of it.
        lowered: its forward graph without guards, for formulas.
        graph: its graph with the partials of the constraints, as it is printed.
        names: of the constraints.
    """

    model: Model
    lowered: Graph
    graph: Graph
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Penalty:
    """Penalty of a model on its way to text.

    Attributes:
        part: the model whose loss it is, which has no rows.
        lowered: its forward graph, for formulas.
        graph: the differentiated graph of that.
        rows: the rows of least squares that it is; None where it is no sum of squares.
        rows_graph: the graph of these.
    """

    part: Model
    lowered: Graph
    graph: Graph
    rows: Rows | None
    rows_graph: Graph

    @property
    def seconds(self) -> dict[tuple[int, int], int]:
        """Return where the graph has the second derivatives that are not 0, by the numbers of two weights, i <= j."""
        pairs = combinations_with_replacement(range(len(self.part.weight_inputs)), 2)
        entries = zip(pairs, roots_of(self.graph, HESSIAN), strict=False)  # there are none where nobody asked for them
        return {pair: position for pair, position in entries if self.graph.nodes[position].data != 0.0}


@dataclass(frozen=True, slots=True)
class Source:
    """Model on its way to text.

    Attributes:
        model: the frozen spec.
        spec: the path of the spec, as the header gives it.
        lowered: the forward graph without guards, for formulas.
        graph: the differentiated graph that the module is printed from.
        options: the options of the module that its backend has.
        constraints: the constraints, or None where there are none, or the module has no functions for them.
        radii: bounds of the errors of those constants of the graph that are not exact.
        rests: rounding remainders of these constants, for arithmetic with more digits than a float has.
        penalty: the graphs of the penalty; None without one.
    """

    model: Model
    spec: str
    lowered: Graph
    graph: Graph
    options: Options = PLAIN
    constraints: ConstraintSource | None = None
    radii: Mapping[float, float] = field(default_factory=dict)
    rests: Mapping[float, float] = field(default_factory=dict)
    penalty: "Penalty | None" = None

    @property
    def functions(self) -> tuple[UserOp, ...]:
        """Return the functions that the user brings, and partials of them, as far as the module needs them."""
        graphs = [self.graph, *([self.penalty.graph, self.penalty.rows_graph] if self.penalty else [])]
        graphs += [self.constraints.graph] if self.constraints else []
        return functions_in(graphs)

    @property
    def has_error_bound(self) -> bool:
        """Tell if the module has the function ``error_bound``."""
        return self.options.error_bound and "loss" in self.graph.roots

    @property
    def has_residual(self) -> bool:
        """Tell if the loss is a constant times the square of a residual, or those of several."""
        return bool(values_of(self.graph, "residual"))

    @property
    def residual_is_difference(self) -> bool:
        """Tell if the residual is the output less the target."""
        return residual_of(self.model).is_difference(self.model)


def model_hash(model: Model) -> str:
    """Return the digest of the canonical model: equal for equal specs on every machine, different after any change of meaning.

    It is computed once for a model, which it freezes.
    """
    found = _HASHES.get(model)
    if found is None:
        found = _HASHES[model] = _model_hash(model)
    return found


def _model_hash(model: Model) -> str:
    digest = model.digests()
    lines = [f"model {model.name}"]
    draws = {id(i.init): _draw(i.init, 1) if i.init else None for i in {id(i.init): i for i in model.inputs}.values()}
    lines += [f"{i.kind} {i.name} {i.domain} {draws[id(i.init)]}{_limits(i)}" for i in model.inputs]
    lines += [f"node {node.name} {digest[node.expr]}" for node in model.nodes]
    lines += [f"natural {weight} {name} {transform}" for weight, (name, transform) in model.natural.items()]
    lines += [f"function {name} {op}" for name, op in model.functions.items()]
    lines += [f"output {node.name}" for node in model.output_nodes] or ["output None"]
    lines += [f"residual {digest[expr]} {model.robust}" for expr in model.residual_exprs]
    lines += [f"constraint {one.name} {digest[one.expr]} {one.limits}" for one in model.constraints]
    lines += [f"likelihood {model.likelihood_declared}"] if model.likelihood_declared else []
    lines += [f"penalty {digest[model.penalty_expr]}"] if model.penalty_expr is not None else []
    lines.append(f"loss {None if model.loss_expr is None else digest[model.loss_expr]}")
    return f"sha256:{sha256(chr(10).join(lines).encode()).hexdigest()}"


def _limits(entry: Input) -> str:
    values = f" values {entry.values}" if entry.values else ""
    return values + (f" bounds {entry.bounds} fixed {entry.fixed}" if entry.bounds or entry.fixed else "")


def metadata(source: Source, fields: Mapping[str, str]) -> dict[str, Any]:
    """Return the entries of METADATA.

    Args:
        source: the model.
        fields: the identifier of each node on the tape; those that differ from the node's name are listed.

    Returns:
        The entries in order; ``residual_factor``, or ``no_residual`` with the reason; ``residuals``, the number of several;
        ``residual_by_target``, the derivative, where it is not 1 or -1;
        the only ``values`` of targets, ``bounds`` and ``fixed`` of weights, names and transforms of their ``natural`` values,
        those in which residuals are ``linear``, nodes ``of_weights`` alone and the ``helpers`` among them, ``functions`` of the
        user, ``constraints``, ``extras`` and ``precision`` only where there are some, and they are not those of a plain module.
    """
    model, there = source.model, {root.partition(" ")[0] for root in source.graph.roots}
    known = of_weights(source.lowered, [i.name for i in model.weight_inputs])
    derivatives = [name for name, function in DERIVATIVES.items() if function in there]
    optional = {
        "values": {i.name: i.values for i in model.target_inputs if i.values},
        "bounds": {i.name: i.bounds for i in model.weight_inputs if i.bounds},
        "fixed": tuple(i.name for i in model.weight_inputs if i.fixed),
        "natural": dict(model.natural),
        "linear": _linear(source),
        "of_weights": known,
        "helpers": tuple(name for name in known if name in model.helpers),
        "functions": {name: (op.path, *(one and one.path for one in op.partials)) for name, op in model.functions.items()},
        "constraints": {one.name: one.limits for one in model.constraints} if source.constraints else {},
        "extras": (*([ERROR_BOUND] if source.has_error_bound else []), *derivatives),
        "precision": source.options.precision if source.options.precision != DOUBLE else "",
    }
    return {
        "spec": source.spec,
        "doc": model.doc,
        "model_hash": model_hash(model),
        "has_loss": model.loss_expr is not None,
        **_of_loss(model),
        "fields": {name: field for name, field in fields.items() if name != field},
        "domains": {i.name: i.domain for i in model.inputs if i.domain},
        **{key: value for key, value in optional.items() if value},
    }


def _linear(source: Source) -> tuple[str, ...]:
    """Return the weights in which the residuals, and the rows of least squares of a penalty, are jointly linear."""
    graph, penalty = source.lowered, source.penalty
    residuals = [*values_of(graph, "residual"), *([OPPOSITE] if OPPOSITE in graph.roots else [])]
    if not residuals or (penalty is not None and penalty.rows is None):
        return ()
    found = linear_weights(graph, [graph.roots[root] for root in residuals])
    if penalty is None or penalty.rows is None:
        return found
    rows = penalty.rows_graph
    in_penalty = linear_weights(rows, [rows.roots[f"node {name}"] for name in penalty.rows.rows])
    of_penalty = {str(node.data) for node in rows.nodes if node.op == "weight"}
    return tuple(name for name in found if name in in_penalty or name not in of_penalty)


def _of_loss(model: Model) -> dict[str, Any]:
    """Return what the loss is: the c of c * r**2, 0.0 for a robust loss, which follows; a likelihood with the values that its
    target may have; and if there is a penalty, the number of rows of least squares that it is, which are no data."""
    residual, robust, declared = residual_of(model), model.robust, model.likelihood_declared
    entries: dict[str, Any] = (
        {"no_residual": residual.reason} if residual.reason else {"residual_factor": float(residual.factor)}
    )
    if not residual.reason:
        entries |= {"residuals": len(residual.exprs)} if len(residual.exprs) > 1 else {}
        entries |= {"robust": (robust.name, float(robust.f_scale))} if robust is not None else {}
        slope = "" if robust is not None else target_slope(model)
        entries |= {"residual_by_target": slope} if slope else {}
    entries |= {"likelihood": declared.name, "labels": declared.labels} if declared is not None else {}
    return entries | ({"has_penalty": True, "penalty_rows": len(penalty_rows(model))} if model.penalty_expr is not None else {})


def _written(value: Any, head: str = "", tail: str = "", indent: int = 4) -> str:
    """Write a value of METADATA in Python, a dict one entry a line, between a head and a tail."""
    match value:
        case tuple():
            return sequence_layout(f"{head}(", [_written(one) for one in value], f"){tail}", indent)
        case dict():
            entries = [f"        {_written(one, f'{quoted(name)}: ', ',', 8)}" for name, one in value.items()]
            text = "\n".join(["{", *entries, "    }"]) if entries else "{}"
        case str():
            text = quoted(value)
        case float():
            text = number(value) if isfinite(value) else f'float("{value}")'
        case _:
            text = repr(value)
    return f"{head}{text}{tail}"


def laws_of(weights: tuple[Input, ...]) -> list[tuple[Law, int]]:
    """Return the laws of initial weights, each with the number of successive weights that have it."""
    parts: list[tuple[Law, int]] = []
    for entry in weights:
        law = entry.init or DEFAULT_LAW
        if parts and (parts[-1][0] is law or parts[-1][0] == law):
            parts[-1] = (law, parts[-1][1] + 1)
        else:
            parts.append((law, 1))
    return parts


def _draw(law: Law, count: int) -> str:
    if isinstance(law, Normal):
        return f"rng.normal({number(law.mean)}, {number(law.std)}, {count})"
    if isinstance(law, Uniform):
        return f"rng.uniform({number(law.low)}, {number(law.high)}, {count})"
    return f"np.full({count}, {number(law.value)})"


@dataclass(frozen=True, slots=True)
class Header:
    """A module's description of itself.

    Attributes:
        doc: its line of documentation.
        formulas: the lines of ``formula_lines``.
        constants: the assignments ABI to OUTPUTS.
        metadata: the entries of METADATA.
    """

    doc: str
    formulas: tuple[str, ...]
    constants: tuple[str, ...]
    metadata: tuple[str, ...]

    @property
    def facts(self) -> list[str]:
        """Return the names of the constants, in the order of the alphabet."""
        return sorted(["METADATA", *(line.partition(" ")[0] for line in self.constants)])


def header(source: Source, fields: Mapping[str, str]) -> Header:
    """Collect what a module states about itself.

    Args:
        source: the model.
        fields: the identifier of each node in the module.
    """
    model = source.model
    target, targets = model.target_input, [i.name for i in model.target_inputs]
    constants = (
        f"ABI = {ABI}",
        parenthesized("MODEL = ", quoted(model.name), "", 0),
        _tuple("FEATURES", [i.name for i in model.feature_inputs]),
        parenthesized("TARGET = ", quoted(target.name) if target else "None", "", 0),
        *([_tuple("TARGETS", targets)] if len(targets) > 1 else []),
        _tuple("WEIGHTS", [i.name for i in model.weight_inputs]),
        *_constants(model),
        _tuple("NODES", [node.name for node in model.nodes]),
        _tuple("OUTPUTS", [node.name for node in model.output_nodes]),
    )
    doc = _docstring_safe(model.doc or f"The model {model.name}.")
    entries = tuple(f"    {_written(value, f'{quoted(key)}: ', ',')}" for key, value in metadata(source, fields).items())
    return Header(doc, tuple(formula_lines(source)), constants, entries)


def formula_lines(source: Source) -> Iterator[str]:
    """Yield the lines "name = formula" for each node and the loss, then, below titles, those for constraints and the penalty.

    These depend on weights alone and are computed once; they have the nodes with them that nothing else needs.
    """
    yield from (f"    {name} = {formula}" for name, formula in formulas(source.lowered).items())
    graphs = {} if source.constraints is None else {"Constraints": (source.constraints.lowered, "")}
    graphs |= {} if source.penalty is None else {"Penalty, once a data set": (source.penalty.lowered, "penalty")}
    known = {node.name for node in source.model.nodes}
    for title, (graph, loss) in graphs.items():
        yield from ("", f"{title}:")
        lines = {loss if name == "loss" else name: text for name, text in formulas(graph).items() if name not in known}
        yield from (f"    {name} = {text}" for name, text in lines.items())


def functions_in(graphs: Iterable[Graph]) -> tuple[UserOp, ...]:
    """Return the functions of the user that some graphs call, and the partials of such, in order."""
    return tuple(sorted({node.op for graph in graphs for node in graph.nodes if isinstance(node.op, UserOp)}))


def modules_called(source: Source, lines: Iterable[str]) -> list[str]:
    """Return the modules of users' functions that some lines call."""
    text = "\n".join(lines)
    return sorted({op.module for op in source.functions if f"({op.called}" in text})


def describe(counts: Counts) -> str:
    """Return operation counts in words."""
    parts = [f"{counts.arithmetic} arithmetic", f"{counts.transcendental} transcendental"]
    if counts.sums:
        parts.append(f"{counts.sums} sums over rows")
    if counts.uniform:
        parts.append(f"{counts.uniform} once a call")
    return ", ".join(parts)


def _constants(model: Model) -> list[str]:
    """Return the statement of the constants that are given at the call, if there are some."""
    values = [f"{quoted(i.name)}: {number(i.init.value)}" for i in model.constant_inputs if isinstance(i.init, Constant)]
    return [sequence_layout("CONSTANTS = {", values, "}")] if values else []


def _tuple(name: str, items: Sequence[str]) -> str:
    return sequence_layout(f"{name} = (", [quoted(item) for item in items], ")")


def _docstring_safe(text: str) -> str:
    safe = text.replace("\\", "\\\\").replace('"""', "'''")
    return f" {safe}" if safe.startswith('"') else safe
