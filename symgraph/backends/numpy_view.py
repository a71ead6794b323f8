"""The view of the numpy backend's module."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from symgraph.backends.accurate_writer import AccurateView, AccurateWriter
from symgraph.backends.bindings import JACOBIAN, RESIDUAL
from symgraph.backends.blocks import BlockView, block_view, has_batches
from symgraph.backends.bound_view import BoundView, bound_view
from symgraph.backends.dots import TEXTS, dots
from symgraph.backends.error_bound import ErrorBoundView, error_bound_view
from symgraph.backends.expression import OpTexts, call
from symgraph.backends.functions import own_functions
from symgraph.backends.layout import sequence_layout
from symgraph.backends.module_writer import ModuleWriter
from symgraph.backends.signatures import signatures
from symgraph.backends.source import Source, initial_weight_parts
from symgraph.backends.view import Header, describe, header
from symgraph.derive.schedule import Kernel, count, schedule
from symgraph.ir.graph import Graph
from symgraph.options import ACCURATE, DOUBLE
from symgraph.passes import many_rows

WRITERS: Mapping[str, type[ModuleWriter]] = {DOUBLE: ModuleWriter, ACCURATE: AccurateWriter}
"""What writes the statements of a module, by precision; the backend has the precisions that stand here."""

BOUND_TEXTS: OpTexts = {
    **{name: call(name) for name in ("gauss", "erf", "erfc", "erfcx", "ierfcx", "rowsum")},
    "select": call("select", 3),
    "rowdot": call("rowsum", 2),
}
"""How straight lines call the runtime."""

_MOST_FIELDS = 1_000
"""A tape of more has a constructor of its own: the one that ``dataclass`` writes takes a second to make for 10,000 fields, and
half a minute for 100,000."""

_VALUES_AT_ONCE = 20_000_000
"""What the tape of some rows of a model without blocks may hold: 160 MB of float64."""

_LEAST_ROWS, _MOST_ROWS = 500, 10_000
"""Fewer rows take as long, for NumPy's calls; more are more than a dot product takes at a time."""


@dataclass(frozen=True, slots=True)
class NumpyView:
    """Everything the numpy templates print; tuples of text are finished lines."""

    head: Header
    counts: tuple[str, ...]
    abc_imports: str
    exports: str
    features: int
    weights: int
    has_target: bool
    has_rows: bool
    has_output: bool
    has_loss: bool
    has_residual: bool
    needs_target: bool
    loss_needs_target: bool
    output: str
    output_varies: bool
    prediction: str
    uses_select: bool
    spreads: bool
    spread_from: str
    spread_type: str
    row_shape: str
    weighted_shape: str
    jacobian_shape: str
    jacobian_note: str
    x_type: str
    is_batch: str
    shapes: str
    x_doc: str
    y_doc: str
    signatures: Mapping[str, str]
    fields: tuple[str, ...]
    long_tape: bool
    forward: tuple[str, ...]
    without_target: str
    forward_target: tuple[str, ...]
    with_target: str
    backward: tuple[str, ...]
    backward_result: str
    jacobian: tuple[str, ...]
    jacobian_result: str
    residual: tuple[str, ...]
    residual_result: str
    residual_jacobian: tuple[str, ...]
    residual_jacobian_result: str
    initial: str
    random: bool
    functions: tuple[str, ...]
    bound: ErrorBoundView | None
    accurate: AccurateView | None
    block: BlockView | None
    at_once: int
    labels: str
    abi: int = 1


def printed_graph(graph: Graph, precision: str) -> Graph:
    """The graph that batches and single rows are printed from; sums of products are written as dot products."""
    return many_rows(graph) if precision == DOUBLE else graph


def numpy_view(source: Source, texts: OpTexts, literals: Mapping[str, str]) -> "NumpyView | BoundView":
    """Write every statement of the module and collect what the templates lay out."""
    source = replace(source, graph=printed_graph(source.graph, source.options.precision))
    if source.options.precision == DOUBLE and not source.has_error_bound:
        return bound_view(source, {**texts, **BOUND_TEXTS}, literals)
    bound = error_bound_view(source, texts) if source.has_error_bound else None
    if source.options.precision == DOUBLE:
        source, texts = replace(source, graph=dots(source.graph)), {**texts, **TEXTS}
    kernel = schedule(source.graph)
    writer = WRITERS[source.options.precision](source, kernel, texts, literals)
    forward, forward_target = writer.forward()
    backward, backward_result = writer.reverse("grad", kernel.backward, "")
    jacobian, jacobian_result = writer.reverse("jacobian", kernel.jacobian, JACOBIAN)
    residual, residual_result = writer.reverse("residual", kernel.residual, RESIDUAL)
    slopes, slopes_result = writer.reverse("residual_jacobian", kernel.residual_jacobian, RESIDUAL)
    statements: dict[str, Any] = {
        "forward": forward,
        "without_target": writer.tape_call(with_target=False),
        "forward_target": forward_target,
        "with_target": writer.tape_call(with_target=True),
        "backward": backward,
        "backward_result": backward_result,
        "jacobian": jacobian,
        "jacobian_result": jacobian_result,
        "residual": residual,
        "residual_result": residual_result,
        "residual_jacobian": slopes,
        "residual_jacobian_result": slopes_result,
        "fields": (fields := writer.fields()),
        "long_tape": len(fields) > _MOST_FIELDS,
        "functions": own_functions(source.graph, texts),
        "bound": bound,
        "block": block_view(source, kernel, texts, literals) if source.options.precision == DOUBLE else None,
        "at_once": _at_once(source, len(fields)),
        "labels": _labels_text(),
        "accurate": writer.view() if isinstance(writer, AccurateWriter) else None,
    }
    return NumpyView(
        head=header(source, {node.name: writer.identifier[node.name] for node in source.model.nodes}),
        counts=_count_lines(kernel),
        **_facts(source, writer),
        **statements,
    )


@cache
def _labels_text() -> str:
    """The functions that read arguments with names or masks, as they stand in the runtime."""
    text = (Path(__file__).parent.parent / "io" / "labels.py").read_text(encoding="utf-8")
    part = text.partition("# ---- part of generated modules\n")[2]
    return part.partition("\n\n\n# ---- end of the part")[0]


def _at_once(source: Source, fields: int) -> int:
    """How many rows a model without blocks works on side by side; 0 where that is left to the caller."""
    if source.options.precision != DOUBLE or not has_batches(source):
        return 0
    return min(max(_VALUES_AT_ONCE // max(1, fields), _LEAST_ROWS), _MOST_ROWS)


def _facts(source: Source, writer: ModuleWriter) -> dict[str, Any]:
    """What the templates ask about the model: which parts it has, and the texts that follow from that."""
    model, graph = source.model, source.graph
    output, target, features = model.output_node, model.target_input, len(model.feature_inputs)
    parts = {"has_loss": model.loss_expr is not None, "has_output": output is not None, "has_residual": source.has_residual}
    output_varies = output is not None and graph.nodes[graph.roots["output"]].varying
    loss_uniform = parts["has_loss"] and not graph.nodes[graph.roots["loss"]].varying
    has_rows = bool(features) or target is not None
    from_x = "X.shape[:-1]" if features else "() if y is None else np.shape(y)"
    passes_functions = (
        parts["has_loss"]
        or source.options.precision == DOUBLE
        or (isinstance(writer, AccurateWriter) and writer.passes_functions)
    )
    abc = ["Callable", "Mapping", "Sequence"] if passes_functions else ["Mapping", "Sequence"]
    draws = initial_weight_parts(model.weight_inputs)
    return {
        **parts,
        "abc_imports": ", ".join(abc),
        "exports": sequence_layout("__all__ = [", [f'"{name}"' for name in _exports(parts, source)], "]"),
        "features": features,
        "weights": len(model.weight_inputs),
        "has_target": target is not None,
        "has_rows": has_rows,
        "needs_target": any(graph.nodes[position].op != "target" for position in writer.absent_without_y),
        "loss_needs_target": parts["has_loss"] and graph.roots["loss"] in writer.absent_without_y,
        "output": writer.identifier[output.name] if output else "",
        "prediction": _prediction(source, writer),
        "output_varies": output_varies or not has_rows,
        "uses_select": source.options.precision == DOUBLE and any(node.op == "select" for node in graph.nodes),
        "spreads": has_rows and (loss_uniform or (output is not None and not output_varies)),
        "spread_from": "X" if features else "y",
        "spread_type": "Array" if features else "Array | None",
        "row_shape": from_x if has_rows else "()",
        "weighted_shape": "rows.shape[:-1]" if features else ("np.shape(target)" if target else "()"),
        "jacobian_shape": "tape.X.shape[:-1]" if features else "() if tape.y is None else np.shape(tape.y)" if target else "()",
        "jacobian_note": "y is not used; it lets jacobian take the arguments of forward."
        if features or target is None
        else "y says how many rows there are; without it there is one.",
        "x_type": "Array" if features else "None",
        "is_batch": "inputs[1].ndim == 2" if features else "inputs[2] is not None and inputs[2].ndim",
        "shapes": _shapes(features, len(model.weight_inputs), target is not None),
        "x_doc": _x_doc(features),
        "y_doc": "(n,) target, or a scalar for one row." if target else "None; the model has no target.",
        "signatures": signatures(features > 0, target is not None),
        "initial": _initial(draws),
        "random": any("rng." in draw for draw in draws),
    }


def _prediction(source: Source, writer: ModuleWriter) -> str:
    """The output of a forward pass, copied where it is a column of the caller's X."""
    output, graph = source.model.output_node, source.graph
    if output is None:
        return ""
    text = f"tape.{writer.identifier[output.name]}"
    return f"np.array({text})[()]" if graph.nodes[graph.roots["output"]].op == "feature" else text


def _initial(draws: list[str]) -> str:
    if len(draws) == 1:
        return f"return {draws[0]}"
    return sequence_layout("parts = [", draws, "]", 4) + "\n    return np.concatenate(parts)"


def _shapes(features: int, weights: int, has_target: bool) -> str:
    parts = [f"w ({weights},)"]
    parts += [f"X (n, {features})"] if features else []
    parts += ["y (n,)"] if has_target else []
    return ", ".join([*parts, "nodes (n,)"] if features or has_target else [*parts, "nodes ()"])


def _x_doc(features: int) -> str:
    if features == 0:
        return "None; the model has no features."
    if features == 1:
        return "(n,) or (n, 1) rows, or a scalar for one row."
    return f"(n, {features}) rows, columns in the order of FEATURES; ({features},) is one row."


def _exports(parts: Mapping[str, bool], source: Source) -> list[str]:
    constants = ["ABI", "FEATURES", "METADATA", "MODEL", "NODES", "OUTPUTS", "TARGET", "WEIGHTS", "Tape"]
    functions = ["forward", "initial_weights", "pack", "unpack"]
    if parts["has_loss"]:
        functions += ["backward", "grad", "loss", "per_sample_grad", "value_and_grad"]
    if parts["has_output"]:
        functions += ["jacobian", "predict"]
    if parts["has_residual"]:
        functions += ["residual", "residual_jacobian"]
    if source.has_error_bound:
        functions.append("error_bound")
    return constants + sorted(functions)


def _count_lines(kernel: Kernel) -> tuple[str, ...]:
    graph = kernel.graph
    lines = [f"forward: {describe(count(graph, (*kernel.forward, *kernel.forward_target)))}"]
    if kernel.backward:
        lines.append(f"backward: {describe(count(graph, kernel.backward))}")
    if kernel.jacobian:
        lines.append(f"jacobian, after forward: {describe(count(graph, kernel.jacobian))}")
    if kernel.residual_jacobian:
        lines.append(f"residual_jacobian, after forward: {describe(count(graph, kernel.residual_jacobian))}")
    return tuple(lines)
