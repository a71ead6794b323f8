"""Facts that a C file and its header state about a model, as the templates print them."""

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import Any

from symgraph.compiler.backends.c.names import comment, string
from symgraph.compiler.backends.layout import number
from symgraph.compiler.backends.names import several_targets
from symgraph.compiler.backends.source import ABI, Source, describe, formula_lines, model_hash
from symgraph.compiler.derive.schedule import count, operations, roots_of
from symgraph.compiler.ir.graph import reachable
from symgraph.spec.constraints import Constraint
from symgraph.spec.inputs import Input, NamedNode
from symgraph.spec.laws import Constant
from symgraph.spec.model import Model
from symgraph.spec.residuals import residual_of


def facts_of(source: Source) -> dict[str, Any]:
    """Return the attributes of a view that follow from the model alone; see ``CView``."""
    model = source.model
    target, output, residual = model.target_input, model.output_node, residual_of(model)
    return {
        "title": tuple(_title(source)),
        "counts": _counts(source),
        "names": _tables(model),
        "constants": tuple(number(i.init.value) for i in model.constant_inputs if isinstance(i.init, Constant)),
        "target": "NULL" if target is None else string(target.name),
        "output": "NULL" if output is None else string(output.name),
        "targets": len(several_targets(model)),
        "outputs": len(model.output_nodes) if len(model.output_nodes) > 1 else 0,
        "residuals": len(residual.exprs) if len(residual.exprs) > 1 else 0,
        "has_target": bool(model.target_inputs),
        "hash": string(model_hash(model)),
        "abi": ABI,
        "difference": source.residual_is_difference,
        "residual_factor": number(residual.factor),
        "residual_slope": number(2.0 * residual.factor),
        "no_residual": string(residual.reason) if residual.reason else "NULL",
        "limits": {end: tuple(_end(one.limits[at]) for one in model.constraints) for at, end in enumerate(("lower", "upper"))},
        "robust": None if model.robust is None else (string(model.robust.name), number(model.robust.f_scale)),
    }


def _tables(model: Model) -> dict[str, tuple[str, ...]]:
    """Return the public tables of names, those of targets and outputs where there are several."""
    entries: dict[str, Sequence[Input | NamedNode | Constraint]] = {}
    entries |= {"features": model.feature_inputs, "weights": model.weight_inputs}
    entries |= {"constants": model.constant_inputs} if model.constant_inputs else {}
    entries |= {"constraint_names": model.constraints} if model.constraints else {}
    entries |= {"targets": model.target_inputs} if len(model.target_inputs) > 1 else {}
    entries |= {"outputs": model.output_nodes} if len(model.output_nodes) > 1 else {}
    names = {table: tuple(string(entry.name) for entry in some) for table, some in entries.items()}
    return names | {table: tuple(map(string, some)) for table, some in _values_of_targets(model).items()}


def _values_of_targets(model: Model) -> dict[str, Sequence[str]]:
    """Return the tables of values that targets may have, as far as they may not have all."""
    tables, declared = dict[str, Sequence[str]](), model.likelihood_declared
    if declared is not None and declared.labels.kind != "number":
        (kind, limit), name = declared.labels, declared.name
        most = [] if limit is None else ["feature" if isinstance(limit, str) else "number", str(limit)]
        tables["likelihood"] = (name, kind, *most)
    if any(target.values for target in model.target_inputs):
        tables["target_values"] = [" ".join(map(number, target.values or ())) for target in model.target_inputs]
    return tables


def _end(value: float) -> str:
    """Return the C constant of an end of a range."""
    return number(value) if isfinite(value) else f"{'-' * (value < 0)}(double)INFINITY"


def _title(source: Source) -> Iterable[str]:
    yield from comment(source.model.doc or f"The model {source.model.name}.")
    yield ""
    for line in formula_lines(source):
        yield from comment(line) or ("",)


def _counts(source: Source) -> str:
    graph = source.graph
    if "loss" not in graph.roots:
        return ""
    results = (graph.roots["loss"], *roots_of(graph, "grad"))
    return describe(count(graph, operations(graph, reachable(graph.nodes, results))))
