"""The view of a module whose plumbing is the runtime's: facts, the tape, straight lines, and what binds them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from symgraph.backends.bindings import JACOBIAN, RESIDUAL
from symgraph.backends.dots import dots
from symgraph.backends.expression import OpTexts
from symgraph.backends.layout import call_layout, filled, number, sequence_layout
from symgraph.backends.lines_writer import LinesWriter
from symgraph.backends.source import Source, laws_of
from symgraph.backends.view import Header, describe, header
from symgraph.backends.width import WIDTH, columns
from symgraph.derive.schedule import Kernel, count, schedule
from symgraph.spec.laws import Law, Normal, Uniform
from symgraph.spec.residuals import residual_of

_MOST_FIELDS = 1_000
"""A tape of more is written out: the class that ``NamedTuple`` makes takes half a second for 10,000 fields, and half a minute
for 100,000."""

_FUNCTIONS = ("erf", "erfc", "erfcx", "gauss", "ierfcx", "select")
"""The functions of the runtime that straight lines call."""


@dataclass(frozen=True, slots=True)
class BoundView:
    """Everything the template prints; tuples of text are finished lines."""

    abi: int
    head: Header
    shapes: str
    counts: tuple[str, ...]
    abc_imports: str
    runtime_imports: str
    exports: str
    x_type: str
    fields: tuple[str, ...]
    long_tape: bool
    forward: tuple[str, ...]
    absent: str
    forward_target: tuple[str, ...]
    tape: str
    output: str
    functions: tuple[tuple[str, str, tuple[str, ...], str], ...]
    """Of each function that reads the tape: its parameters, its docstring, its statements, what it returns."""
    binding: str
    public: tuple[str, ...]


def bound_view(source: Source, texts: OpTexts, literals: Mapping[str, str]) -> BoundView:
    """Write every statement of the module and collect what the template lays out."""
    source = replace(source, graph=dots(source.graph))
    model, kernel = source.model, schedule(source.graph)
    writer = LinesWriter(source, kernel, texts, literals)
    forward, forward_target = writer.forward()
    tape, absent = writer.tape_call(), writer.absent()
    output = writer.identifier[model.output_node.name] if model.output_node else ""
    functions = _functions(source, kernel, writer, output)
    named = [name for name, *_ in functions]
    loose = not model.feature_inputs or model.target_input is None
    fields = writer.fields()
    body = "\n".join([*forward, *forward_target, tape, *(line for _, _, lines, end in functions for line in (*lines, end))])
    return BoundView(
        abi=2,
        head=header(source, {node.name: writer.identifier[node.name] for node in model.nodes}),
        shapes=_shapes(source),
        counts=_counts(kernel),
        abc_imports="Mapping, Sequence" if functions else "Mapping",
        runtime_imports=_imports(source, body, loose=loose, sums="_backward" in "".join(named)),
        exports=filled("__all__ = [", [f'"{name}"' for name in _exports(source)], "]"),
        x_type="Array" if model.feature_inputs else "None",
        fields=fields,
        long_tape=len(fields) > _MOST_FIELDS,
        forward=forward,
        absent="" if absent == "None" else absent,
        forward_target=forward_target,
        tape=tape,
        output=output,
        functions=functions,
        binding=_binding(source, named, loose=loose),
        public=tuple(f"{name} = _model.{name}" for name in _public(source)),
    )


def _functions(
    source: Source, kernel: Kernel, writer: LinesWriter, output: str
) -> tuple[tuple[str, str, tuple[str, ...], str], ...]:
    """The functions that read the tape, as far as the model has them."""
    plain = _is_difference(source)
    sums = "tape: Tape, cotangent: Array, rowsum: RowSum"
    found = [
        (f"_backward({sums})", "Cotangents of the weights; rowsum adds up products of rows, or leaves them apart.",
         writer.reverse("grad", kernel.backward, "")),
        ("_jacobian(tape: Tape)", f"Partials of the output {output} by each weight.",
         writer.reverse("jacobian", kernel.jacobian, JACOBIAN)),
        ("_residual(tape: Tape)", "The residual of each row.",
         ((), "") if plain else writer.reverse("residual", kernel.residual, RESIDUAL)),
        ("_residual_jacobian(tape: Tape)", "Partials of the residual by each weight.",
         writer.reverse("residual_jacobian", kernel.residual_jacobian, RESIDUAL)),
    ]  # fmt: skip
    return tuple((head, doc, lines, end) for head, doc, (lines, end) in found if end)


def _is_difference(source: Source) -> bool:
    """Whether the residual is the output less the target, which the runtime computes."""
    output, target = source.model.output_node, source.model.target_input
    return output is not None and target is not None and residual_of(source.model).expr == output.symbol - target.symbol


def _shapes(source: Source) -> str:
    features, weights = len(source.model.feature_inputs), len(source.model.weight_inputs)
    target = source.model.target_input is not None
    parts = [f"w ({weights},)", *([f"X (n, {features})"] if features else []), *(["y (n,)"] if target else [])]
    return ", ".join([*parts, "nodes (n,)" if features or target else "nodes ()"])


def _counts(kernel: Kernel) -> tuple[str, ...]:
    graph = kernel.graph
    parts = {
        "forward": (*kernel.forward, *kernel.forward_target),
        "backward": kernel.backward,
        "jacobian, after forward": kernel.jacobian,
        "residual_jacobian, after forward": kernel.residual_jacobian,
    }
    return tuple(f"{name}: {describe(count(graph, part))}" for name, part in parts.items() if part or name == "forward")


def _public(source: Source) -> list[str]:
    """The functions that the module has, in the order in which they are used."""
    has_loss, has_output = source.model.loss_expr is not None, source.model.output_node is not None
    names = ["forward", *(["backward"] if has_loss else []), *(["predict"] if has_output else [])]
    names += ["value_and_grad", "loss", "grad", "per_sample_grad"] if has_loss else []
    names += ["jacobian"] if has_output else []
    names += ["residual", "residual_jacobian"] if source.has_residual else []
    return [*names, "pack", "unpack", "initial_weights"]


def _exports(source: Source) -> list[str]:
    constants = ["ABI", "FEATURES", "METADATA", "MODEL", "NODES", "OUTPUTS", "TARGET", "WEIGHTS", "Tape"]
    return constants + sorted(_public(source))


def _imports(source: Source, body: str, *, loose: bool, sums: bool) -> str:
    """The names of the runtime that the module uses."""
    laws = {type(law).__name__ for law, _ in laws_of(source.model.weight_inputs)}
    called = {name for name in (*_FUNCTIONS, "every_row", "known") if f"{name}(" in body}
    names = {"Array", "Facts", "Lines", "bind_loosely" if loose else "bind", *laws, *called, *(["RowSum"] if sums else [])}
    ordered = sorted(names, key=lambda name: (name[0].islower(), name))
    one = f"from symgraph.runtime import {', '.join(ordered)}"
    return one if columns(one) <= WIDTH else sequence_layout("from symgraph.runtime import (", ordered, ")")


def _binding(source: Source, named: list[str], *, loose: bool) -> str:
    """The statement that makes the public functions."""
    lines = [name.partition("(")[0] for name in named]
    parts = ("_backward", "_jacobian", "_residual", "_residual_jacobian")
    given = ["_forward", *(f"{part[1:]}={part}" for part in parts if part in lines)]
    facts = "Facts(__name__, ABI, MODEL, FEATURES, TARGET, WEIGHTS, OUTPUTS, METADATA)"
    laws = [_law(law, times) for law, times in laws_of(source.model.weight_inputs)]
    return "\n".join([
        f"_model = {'bind_loosely' if loose else 'bind'}(",
        f"    {facts},",
        f"    {call_layout('Lines(', given, '),', 4)}",
        f"    {filled('[', laws, '],', 4)}",
        ")",
    ])  # fmt: skip


def _law(law: Law, times: int) -> str:
    if isinstance(law, Normal):
        return f"Normal({number(law.mean)}, {number(law.std)}, {times})"
    if isinstance(law, Uniform):
        return f"Uniform({number(law.low)}, {number(law.high)}, {times})"
    return f"Constant({number(law.value)}, {times})"
