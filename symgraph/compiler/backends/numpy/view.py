"""The view of the numpy backend's module: facts, the tape, straight lines, and what binds them to the runtime."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from symgraph.columns import PREFIXES
from symgraph.compiler.backends.layout import WIDTH, call_layout, columns, filled, number, sequence_layout
from symgraph.compiler.backends.names import FEATURES, JACOBIAN, RESIDUAL, Names, identifiers, partial_names, several_targets
from symgraph.compiler.backends.numpy.accurate import AccurateWriter, CarefulWriter
from symgraph.compiler.backends.numpy.called import functions_called
from symgraph.compiler.backends.numpy.lines import ARGUMENTS, LinesWriter
from symgraph.compiler.backends.numpy.runtime_source import exported, runtime_library
from symgraph.compiler.backends.source import Header, Source, describe, header, laws_of, modules_called
from symgraph.compiler.derive.schedule import Kernel, count, roots_of, schedule
from symgraph.compiler.ir.graph import Graph, values_of
from symgraph.module_functions import DERIVATIVES, FEATURE_JACOBIAN, HESSIAN, HVP, JVP, names_about
from symgraph.options import ACCURATE, AUTO, DOUBLE
from symgraph.spec.laws import Law, Normal, Uniform
from symgraph.spec.model import Model
from symgraph.spec.ops.op import SCIPY
from symgraph.spec.ops.optext import OpTexts

_CALLED = re.compile(r"(?<![.\w])(\w+)\(")
_TYPE = re.compile(r"[A-Z]\w+")
_NAME = re.compile(r"\w+")
_OF_CONSTRAINTS = ("constraints", "constraints_jacobian", "nonlinear_constraint")
_NOT_OF_THE_RUNTIME = frozenset({"Tape", "Callable", "Sequence", "np", "rowsum"})
"""The module's own class, types of the standard library, NumPy, and an argument."""
_WRITERS = {DOUBLE: LinesWriter, AUTO: CarefulWriter, ACCURATE: AccurateWriter}


class Function(NamedTuple):
    """A function that reads the tape.

    Attributes:
        head: its ``def``.
        doc: its docstring.
        lines: its statements.
        result: the statement that returns the result.
    """

    head: str
    doc: str
    lines: tuple[str, ...]
    result: str


@dataclass(frozen=True, slots=True)
class NumpyView:
    """Everything the template prints; tuples of text are finished lines."""

    head: Header
    shapes: str
    counts: tuple[str, ...]
    abc_imports: str
    imports: tuple[str, ...]
    needs_scipy: bool
    modules: str
    exports: str
    x_type: str
    fields: tuple[str, ...]
    forward: tuple[str, ...]
    functions: tuple[Function, ...]
    binding: tuple[str, ...]


def numpy_view(source: Source, texts: OpTexts, literals: Mapping[str, str]) -> NumpyView:
    """Write every statement of the module and collect what the template lays out."""
    return view_of(_WRITERS[source.options.precision](source, schedule(source.graph), texts, literals))


def view_of(writer: LinesWriter) -> NumpyView:
    """Collect what the template lays out around the statements of a writer."""
    source, kernel, model = writer.source, writer.kernel, writer.source.model
    forward = writer.body()
    functions = (
        *_functions(source, kernel, writer),
        *_of_weights(source, writer),
    )
    fields = writer.fields()
    binding = _binding(writer, [function.head for function in functions])
    names = _names_used([*forward, *binding], fields, functions)
    names.update(_NAME.findall(" ".join(writer.functions().values())) if isinstance(writer, AccurateWriter) else ())
    names.update(functions_called([source.graph], "bound").values() if source.has_error_bound else ())
    modules = modules_called(source, chain(forward, *((*one.lines, one.result) for one in functions)))
    head = header(source, {node.name: writer.names.identifier[node.name] for node in model.nodes})
    public = (*head.facts, "Tape", *sorted([*_public(writer), *_extras(source)]))
    return NumpyView(
        head=head,
        shapes=_shapes(source),
        counts=_counts(kernel),
        abc_imports=", ".join(sorted({"Mapping", *(names & {"Callable", "Sequence"})})),
        imports=_imports(names, modules),
        needs_scipy=SCIPY in names,
        modules=", ".join(modules),
        exports=filled("__all__ = [", [f'"{name}"' for name in public], "]"),
        x_type="Array" if model.feature_inputs else "None",
        fields=fields,
        forward=forward,
        functions=functions,
        binding=binding,
    )


def _functions(source: Source, kernel: Kernel, writer: LinesWriter) -> list[Function]:
    """The functions that read the tape, as far as the model has them."""
    names = [writer.names.identifier[node.name] for node in source.model.output_nodes]
    outputs = f"output{'s' * (len(names) > 1)} {', '.join(names)}"
    residuals = "residuals" if len(values_of(source.graph, "residual")) > 1 else "residual"
    plain = source.residual_is_difference
    sums = ["tape: Tape", "cotangent: Array", "rowsum: RowSum"]
    along = [f"{writer.direction}: Sequence[Array]"]
    wanted = {
        "grad": (sums, "", "Cotangents of the weights; rowsum adds up products of rows, or leaves them apart."),
        "jacobian": (sums[:1], JACOBIAN, _partials_of(outputs)),
        "residual": (sums[:1], RESIDUAL, f"The {residuals} of each row."),
        PREFIXES["residual"]: (sums[:1], RESIDUAL, _partials_of(residuals)),
        HESSIAN: (sums, "", "Second derivatives, as d_w1_w2: the upper triangle of the Hessian, row by row."),
        HVP: ([*sums[:1], *along, *sums[1:]], "", f"The Hessian times {writer.direction}, an entry of it by each weight."),
        FEATURE_JACOBIAN: (sums[:1], FEATURES, f"Partials of the {outputs} by each feature."),
        JVP: ([*sums[:1], *along], JACOBIAN, f"The derivative of the {outputs} along {writer.direction}."),
    }
    functions: list[Function] = []
    for prefix in kernel.beyond:
        if prefix == "residual" and plain:
            continue  # the runtime subtracts the target
        parameters, suffix, doc = wanted[prefix]
        name = "_backward" if prefix == "grad" else f"_{prefix}"
        head = call_layout(f"def {name}(", parameters, ") -> Sequence[Array]:")
        functions.append(Function(head, doc, *writer.reverse(prefix, suffix)))
    return functions


def _partials_of(values: str) -> str:
    """The docstring of a function that gives the partials of some values."""
    several = values.startswith(("outputs", "residuals"))
    return f"Partials of the {values} by each weight{', of one after the other' if several else ''}."


def _of_weights(source: Source, writer: LinesWriter) -> Iterator[Function]:
    """The functions that take the weights: that of the constraints, and those of the penalty."""
    constraints, penalty, entries = source.constraints, source.penalty, "Mapping[tuple[int, int], Array]"
    if constraints is not None:
        own = identifiers(constraints.model, writer.taken - ARGUMENTS | {"w"})
        own |= partial_names(constraints.names, constraints.model, own)
        names, roots = Names(constraints.model, constraints.graph, own), constraints.graph.roots
        results = (*(roots[f"node {name}"] for name in constraints.names), *roots_of(constraints.graph, "jacobian"))
        lines, values = writer.of_weights(names, results, bases=names.bases())
        doc = "The constraints, then the partials of each by each weight."
        yield Function("def _constraints(w: Array) -> Sequence[Any]:", doc, lines, filled("return (", values, ")", 4))
    if penalty is None:
        return
    names, roots = _names_of_penalty(writer, penalty.part, penalty.graph), penalty.graph.roots
    lines, values = writer.of_weights(names, (roots["loss"], *roots_of(penalty.graph, "grad")))
    doc = "The penalty, which counts once a data set, and then its partials by each weight."
    yield Function("def _penalty(w: Array) -> Sequence[Array]:", doc, lines, filled("return (", values, ")", 4))
    if _has_second(source):
        lines, values = writer.of_weights(names, [*penalty.seconds.values()], seconds=True)
        head, doc = (
            f"def _penalty_hessian(w: Array) -> {entries}:",
            "The second derivatives of the penalty that are not 0, i <= j.",
        )
        yield Function(head, doc, lines, _by_pair("return {", penalty.seconds, values))
    rows = penalty.rows
    if rows is not None and "penalty_residual" not in writer.lacks:
        names, roots = _names_of_penalty(writer, rows.part, penalty.rows_graph), penalty.rows_graph.roots
        lines, values = writer.of_weights(names, [roots[f"node {name}"] for name in (*rows.rows, *rows.slopes.values())])
        doc, count = "The rows of least squares that the penalty is, and their partials by (row, weight).", len(rows.rows)
        lines = (*lines, f"    {filled('rows = (', values[:count], ')', 4)}")
        head = f"def _penalty_rows(w: Array) -> tuple[Sequence[Array], {entries}]:"
        yield Function(head, doc, lines, _by_pair("return rows, {", rows.slopes, values[count:]))


def _names_of_penalty(writer: LinesWriter, part: Model, graph: Graph) -> Names:
    return Names(part, graph, identifiers(part, writer.taken | {"penalty", "rows"}), "penalty")


def _by_pair(head: str, pairs: Iterable[tuple[int, int]], values: Sequence[str]) -> str:
    """The statement that returns a dict by pairs of numbers."""
    return filled(head, [f"{pair}: {text}" for pair, text in zip(pairs, values, strict=True)], "}", 4)


def _has_second(source: Source) -> bool:
    """Tell if the module has second derivatives of a penalty."""
    return source.penalty is not None and bool(roots_of(source.penalty.graph, HESSIAN))


def _shapes(source: Source) -> str:
    features, weights = len(source.model.feature_inputs), len(source.model.weight_inputs)
    targets = len(source.model.target_inputs)
    y = f"y (n, {targets})" if targets > 1 else "y (n,)"
    parts = [f"w ({weights},)", *([f"X (n, {features})"] if features else []), *([y] if targets else [])]
    return ", ".join([*parts, "nodes (n,)" if features or targets else "nodes ()"])


def _counts(kernel: Kernel) -> tuple[str, ...]:
    graph = kernel.graph
    parts = {
        "forward": (*kernel.forward, *kernel.forward_target),
        "backward": kernel.beyond.get("grad", ()),
        **{f"{name}, after forward": part for name, part in kernel.beyond.items() if name not in ("grad", "residual")},
    }
    return tuple(f"{name}: {describe(count(graph, part))}" for name, part in parts.items() if part or name == "forward")


def _public(writer: LinesWriter) -> list[str]:
    """The functions that the module has, in the order in which they are used."""
    source = writer.source
    has_loss, has_output = source.model.loss_expr is not None, bool(source.model.output_nodes)
    names = ["forward", *(["backward"] if has_loss else []), *(["predict"] if has_output else [])]
    names += ["value_and_grad", "loss", "grad", "per_sample_grad"] if has_loss else []
    names += ["jacobian"] if has_output else []
    names += [*names_about("residual")] if source.has_residual else []
    names += [name for name in DERIVATIVES.values() if name in writer.kernel.beyond]
    names += ["penalty"] if source.penalty else []
    names += ["penalty_hessian"] if _has_second(source) else []
    names += ["penalty_residual", "penalty_jacobian"] if source.penalty and source.penalty.rows else []
    return [name for name in (*names, "pack", "unpack", "initial_weights", *writer.besides) if name not in writer.lacks]


def _extras(source: Source) -> list[str]:
    """The functions that are not those of the binding."""
    return [
        *(["error_bound"] if source.has_error_bound else []),
        *(["hessian_error_bound"] if source.has_error_bound and roots_of(source.graph, HESSIAN) else []),
        *(_OF_CONSTRAINTS if source.constraints else []),
        *(["with_constants"] if source.model.constant_inputs else []),
    ]


def _names_used(code: Iterable[str], fields: Iterable[str], functions: Iterable[Function]) -> set[str]:
    """The types and the functions that the module takes from elsewhere, ``np`` among them, and others."""
    names = {"Array"}
    names.update(*(_TYPE.findall(function.head) for function in functions))
    lines = [*code, *(line for function in functions for line in (*function.lines, function.result))]
    names.update(*(_CALLED.findall(line) for line in lines))
    names.update([SCIPY] if any(f"{SCIPY}." in line for line in lines) else [])
    names.update(["np"] if any("np." in line for line in lines) else [])
    return names


def _imports(names: set[str], packages: Iterable[str]) -> tuple[str, ...]:
    """The statements that import NumPy and modules of users' functions, and those of some names that the runtime defines."""
    homes = exported()
    if names - homes.keys() - _NOT_OF_THE_RUNTIME:
        homes = runtime_library().homes
    modules: dict[str, list[str]] = {}
    for name in sorted(names & homes.keys() - _NOT_OF_THE_RUNTIME, key=lambda name: (name[0].islower(), name)):
        modules.setdefault(homes[name], []).append(name)
    whole = sorted([*(["import numpy as np"] if "np" in names else []), *(f"import {package}" for package in packages)])
    return (*whole, *(_import(module, some) for module, some in sorted(modules.items())))


def _import(module: str, names: list[str]) -> str:
    one = f"from {module} import {', '.join(names)}"
    return one if columns(one) <= WIDTH else sequence_layout(f"from {module} import (", names, ")")


def _binding(writer: LinesWriter, heads: Iterable[str]) -> tuple[str, ...]:
    """The statements that make the public functions."""
    source, model = writer.source, writer.source.model
    bind = writer.binders[not model.feature_inputs or not model.target_inputs]
    names = [head.removeprefix("def ").partition("(")[0] for head in heads]
    given = ["_forward", *(f"{name[1:]}={name}" for name in names if name != "_constraints")]
    laws = [_law(law, times) for law, times in laws_of(model.weight_inputs)]
    facts = ["__name__", "ABI", "MODEL", "FEATURES", "TARGET", "WEIGHTS", "OUTPUTS", "METADATA"]
    facts += ["constants=CONSTANTS"] if model.constant_inputs else []
    facts += ["targets=TARGETS"] if several_targets(model) else []
    bind += writer.on_request if writer.kernel.beyond.keys() & DERIVATIVES.values() else ""
    lines = [
        f"_model = {bind}(",
        f"    {call_layout('Facts(', facts, '),', 4)}",
        f"    {call_layout('Lines(', given, '),', 4)}",
        *(_of_pairs(writer) if isinstance(writer, AccurateWriter) else ()),
        f"    {filled('[', laws, '],', 4)}",
        ")",
        *(f"{name} = _model.{name}" for name in _public(writer)),
    ]
    declared, lacking = model.likelihood_declared, "class_probabilities" in writer.lacks
    if declared is not None and declared.labels.kind == "class" and not model.output_nodes and not lacking:
        lines += ["predict = _model.class_probabilities"]
    lines += ["with_constants = WithConstants(_model).with_constants"] if model.constant_inputs else []
    if source.has_error_bound:
        own = [one for one in given if one.partition("=")[0] in ("_forward", "backward", "hessian")]
        lines += [
            "_errors = ErrorBound(",
            "    _model.facts,",
            f"    {call_layout('Lines(', own, '),', 4)}",
            *_of_bounds(source),
            ")",
        ]
        lines += [f"{name} = _errors.{name}" for name in _extras(source) if name.endswith("error_bound")]
    if source.constraints:
        lines += [
            f"_limits = Constraints(_model.facts, {writer.of_constraints})",
            *(f"{name} = _limits.{name}" for name in _OF_CONSTRAINTS),
        ]
    return tuple(lines)


def _of_pairs(writer: AccurateWriter) -> Iterator[str]:
    """The arguments of a binding that runs lines over pairs: functions by the names that lines call, and rests of constants."""
    yield from _by_name_and_by_size(writer.functions(), writer.rests())


def _of_bounds(source: Source) -> Iterator[str]:
    """The same of one that runs lines over bounds of errors, and radii of constants."""
    radii = {abs(constant): float(f"{1.06 * radius:.2g}") for constant, radius in source.radii.items()}  # rounded up
    yield from _by_name_and_by_size(functions_called([source.graph], "bound"), dict(sorted(radii.items())))


def _by_name_and_by_size(functions: Mapping[str, str], numbers: Mapping[float, float]) -> Iterator[str]:
    by_name = [f'"{called}": {function}' for called, function in functions.items()]
    by_size = [f"{number(one)}: {number(other)}" for one, other in numbers.items()]
    yield from (f"    {sequence_layout('{', items, '},', 4)}" for items in (by_name, by_size))


def _law(law: Law, times: int) -> str:
    if isinstance(law, Normal):
        return f"Normal({number(law.mean)}, {number(law.std)}, {times})"
    if isinstance(law, Uniform):
        return f"Uniform({number(law.low)}, {number(law.high)}, {times})"
    return f"Constant({number(law.value)}, {times})"
