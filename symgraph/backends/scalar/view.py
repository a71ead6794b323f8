"""View of the scalar backend's module: one straight line of statements for a row."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from symgraph.backends.layout import filled, number, sequence_layout, unpacked
from symgraph.backends.names import Names, identifiers, several_targets
from symgraph.backends.scalar.functions import functions_called
from symgraph.backends.section import PENALTY_TITLES, statements, straight
from symgraph.backends.source import Header, Source, describe, header, modules_called
from symgraph.derive.schedule import count, operations, roots_of
from symgraph.ir.graph import reachable
from symgraph.ir.optext import OpTexts

_LEAVES = {"target": "y", "largest": number(sys.float_info.max)}


@dataclass(frozen=True, slots=True)
class ScalarView:
    """Values that the scalar template prints; tuples of text are finished lines."""

    head: Header
    counts: tuple[str, ...]
    exports: str
    has_loss: bool
    has_output: bool
    output: str
    several_outputs: bool
    targets: int
    weights: int
    has_constants: bool
    row: tuple[str, ...]
    loss: str
    gradient: tuple[str, ...]
    predict: tuple[str, ...]
    prediction: str
    penalty: tuple[str, ...]
    added: str
    penalty_gradient: tuple[str, ...]
    functions: str
    uses_math: bool
    modules: tuple[str, ...]


def scalar_view(source: Source, texts: OpTexts, literals: Mapping[str, str]) -> ScalarView:
    """Write the two row functions."""
    graph, roots, targets = source.graph, source.graph.roots, len(several_targets(source.model))
    names = Names(source.model, graph, identifiers(source.model, ("w", "x", "y", "grad", "loss", "constants")))

    def function(results: tuple[int, ...], names: Names = names) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the statements that compute some nodes of a graph, and the expression for each."""
        body = straight(names, results, texts, literals, _LEAVES)
        opening = [
            f"    {line}"
            for kind, vector in (("weight", "w"), ("feature", "x"), *([("target", "y")] if targets else []))
            for line in _named_entries(names.inputs(kind, body.order, results), vector)
        ]
        constants = zip(names.model.constant_inputs, names.inputs("constant", body.order, results), strict=True)
        opening += [f'    {name} = constants["{entry.name}"]' for entry, name in constants if name]
        titles = {} if names.graph is graph else PENALTY_TITLES
        return (*opening, *statements(body.lines, body.notes, titles=titles)), body.values

    results = (roots["loss"], *roots_of(graph, "grad")) if "loss" in roots else ()
    row, values = function(results)
    predict, predicted = function(roots_of(graph, "output"))
    penalty, added = tuple[str, ...](), tuple[str, ...]()
    if source.penalty is not None:
        part, own_graph = source.penalty.part, source.penalty.graph
        own_names = Names(part, own_graph, identifiers(part, ("w", "grad", "penalty", "constants")), "penalty")
        penalty, added = function((own_graph.roots["loss"], *roots_of(own_graph, "grad")), own_names)
    lines = (*row, *predict, *penalty, *values, *predicted, *added)
    own = functions_called(lines)
    exported = [*(["penalty"] if added else []), *(["predict_row"] if predicted else []), *(["row"] if values else [])]
    return ScalarView(
        head=header(source, {node.name: names.identifier[node.name] for node in source.model.nodes}),
        counts=(describe(count(graph, operations(graph, reachable(graph.nodes, results)))),) if values else (),
        exports=sequence_layout("__all__ = [", [f'"{name}"' for name in (*_facts(source), *exported)], "]"),
        has_loss=bool(values),
        has_output=bool(predicted),
        output=", ".join(node.name for node in source.model.output_nodes),
        several_outputs=len(predicted) > 1,
        targets=targets,
        weights=len(source.model.weight_inputs),
        has_constants=bool(source.model.constant_inputs),
        row=row,
        loss=values[0] if values else "",
        gradient=tuple(f"grad[{index}] = {text}" for index, text in enumerate(values[1:])),
        predict=predict,
        prediction=filled("return (", predicted, ")", 4) if len(predicted) > 1 else f"return {''.join(predicted)}",
        penalty=penalty,
        added=added[0] if added else "",
        penalty_gradient=tuple(f"grad[{index}] = {text}" for index, text in enumerate(added[1:])),
        functions=own,
        uses_math=bool(own) or any("math." in line for line in lines),
        modules=tuple(modules_called(source, lines)),
    )


def _facts(source: Source) -> list[str]:
    """Return the names of the constants with which the module describes its model."""
    facts = ["ABI", *(["CONSTANTS"] if source.model.constant_inputs else []), "FEATURES", "METADATA", "MODEL", "NODES"]
    return [*facts, "OUTPUTS", "TARGET", *(["TARGETS"] if several_targets(source.model) else []), "WEIGHTS"]


def _named_entries(names: Sequence[str], vector: str) -> list[str]:
    """Write the statements that name a vector's entries: one if it fits a line, else one each."""
    lines = unpacked(names, vector, 4)
    return lines if len(lines) == 1 else [f"{name} = {vector}[{index}]" for index, name in enumerate(names) if name]
