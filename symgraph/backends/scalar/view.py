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
    """Values that the scalar template prints; tuples of text are finished lines, none of a function that it lacks."""

    head: Header
    counts: str
    exports: str
    output: str
    several_outputs: bool
    targets: int
    weights: int
    has_constants: bool
    row: tuple[str, ...]
    predict: tuple[str, ...]
    penalty: tuple[str, ...]
    functions: str
    uses_math: bool
    modules: tuple[str, ...]


def scalar_view(source: Source, texts: OpTexts, literals: Mapping[str, str]) -> ScalarView:
    """Write the row functions."""
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

    def with_gradient(names: Names) -> tuple[str, ...]:
        """Return the statements of a function that returns a loss and writes its partials; none without a loss."""
        if "loss" not in names.graph.roots:
            return ()
        lines, (loss, *partials) = function((names.graph.roots["loss"], *roots_of(names.graph, "grad")), names)
        return (*lines, *(f"    grad[{index}] = {text}" for index, text in enumerate(partials)), f"    return {loss}")

    row = with_gradient(names)
    predict, predicted = function(roots_of(graph, "output"))
    if predicted:
        result = filled("return (", predicted, ")", 4) if len(predicted) > 1 else f"return {predicted[0]}"
        predict = (*predict, f"    {result}")
    penalty: tuple[str, ...] = ()
    if source.penalty is not None:
        part = source.penalty.part
        own = identifiers(part, ("w", "grad", "penalty", "constants"))
        penalty = with_gradient(Names(part, source.penalty.graph, own, "penalty"))
    lines = (*row, *predict, *penalty)
    functions = functions_called(lines)
    exported = [name for name, there in (("penalty", penalty), ("predict_row", predict), ("row", row)) if there]
    counted = operations(graph, reachable(graph.nodes, (roots["loss"], *roots_of(graph, "grad")))) if row else ()
    head = header(source, {node.name: names.identifier[node.name] for node in source.model.nodes})
    return ScalarView(
        head=head,
        counts=describe(count(graph, counted)) if row else "",
        exports=sequence_layout("__all__ = [", [f'"{name}"' for name in (*head.facts, *exported)], "]"),
        output=", ".join(node.name for node in source.model.output_nodes),
        several_outputs=len(predicted) > 1,
        targets=targets,
        weights=len(source.model.weight_inputs),
        has_constants=bool(source.model.constant_inputs),
        row=row,
        predict=predict,
        penalty=penalty,
        functions=functions,
        uses_math=bool(functions) or any("math." in line for line in lines),
        modules=tuple(modules_called(source, lines)),
    )


def _named_entries(names: Sequence[str], vector: str) -> list[str]:
    """Write the statements that name a vector's entries: one if it fits a line, else one each."""
    lines = unpacked(names, vector, 4)
    return lines if len(lines) == 1 else [f"{name} = {vector}[{index}]" for index, name in enumerate(names) if name]
