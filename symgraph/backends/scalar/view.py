"""View of the scalar backend's module: one straight line of statements for a row."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from symgraph.backends.bindings import cotangent_labels, identifiers, leaf_bindings, leaves_read, node_labels
from symgraph.backends.layout import number, sequence_layout, unpacked
from symgraph.backends.names import Numbering
from symgraph.backends.scalar.functions import functions_called
from symgraph.backends.section import SectionWriter
from symgraph.backends.source import Source
from symgraph.backends.view import Header, describe, header, statements
from symgraph.derive.schedule import count, operations, roots_of
from symgraph.ir.graph import Graph, reachable
from symgraph.ir.optext import OpTexts
from symgraph.passes import single_row


@dataclass(frozen=True, slots=True)
class ScalarView:
    """Values that the scalar template prints; tuples of text are finished lines."""

    head: Header
    counts: tuple[str, ...]
    exports: str
    has_loss: bool
    has_output: bool
    output: str
    weights: int
    row: tuple[str, ...]
    loss: str
    gradient: tuple[str, ...]
    predict: tuple[str, ...]
    prediction: str
    functions: str
    uses_math: bool


def printed_graph(graph: Graph, _precision: str) -> Graph:
    """Return the graph that the row functions are printed from."""
    return single_row(graph)


def scalar_view(source: Source, texts: OpTexts, literals: Mapping[str, str]) -> ScalarView:
    """Write the two row functions."""
    graph = printed_graph(source.graph, source.options.precision)
    writer = _RowWriter(source, graph, texts, literals)
    roots = graph.roots
    results = (roots["loss"], *roots_of(graph, "grad")) if "loss" in roots else ()
    row, values = writer.function(results)
    predict, predicted = writer.function((roots["output"],) if "output" in roots else ())
    lines = (*row, *predict, *values, *predicted)
    own = functions_called(lines)
    exported = [*(["predict_row"] if predicted else []), *(["row"] if values else [])]
    constants = ["ABI", "FEATURES", "METADATA", "MODEL", "NODES", "OUTPUTS", "TARGET", "WEIGHTS"]
    return ScalarView(
        head=header(source, {node.name: writer.identifier[node.name] for node in source.model.nodes}),
        counts=(describe(count(graph, operations(graph, reachable(graph.nodes, results)))),) if values else (),
        exports=sequence_layout("__all__ = [", [f'"{name}"' for name in (*constants, *exported)], "]"),
        has_loss=bool(values),
        has_output=bool(predicted),
        output=source.model.output_node.name if source.model.output_node else "",
        weights=len(source.model.weight_inputs),
        row=row,
        loss=values[0] if values else "",
        gradient=tuple(f"grad[{index}] = {text}" for index, text in enumerate(values[1:])),
        predict=predict,
        prediction=predicted[0] if predicted else "",
        functions=own,
        uses_math=bool(own) or any("math." in line for line in lines),
    )


def _named_entries(names: Sequence[str], vector: str) -> list[str]:
    """Write the statements that name a vector's entries: one if it fits a line, else one each, since numba unpacks slowly."""
    lines = unpacked(names, vector, 4) if any(names) else []
    return lines if len(lines) == 1 else [f"{name} = {vector}[{index}]" for index, name in enumerate(names) if name]


class _RowWriter:
    """Writer of functions of one row over the same graph."""

    def __init__(self, source: Source, graph: Graph, texts: OpTexts, literals: Mapping[str, str]) -> None:
        self.source = source
        self.graph = graph
        self.texts = texts
        self.literals = literals
        self.identifier = identifiers(source.model, ("w", "x", "y", "grad", "loss"))

    def function(self, results: tuple[int, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the statements that compute the given nodes, and the expression for each."""
        if not results:
            return (), ()
        graph, model = self.graph, self.source.model
        order = operations(graph, reachable(graph.nodes, results))
        lines: list[str] = []
        for kind, entries, vector in (("weight", model.weight_inputs, "w"), ("feature", model.feature_inputs, "x")):
            used = leaves_read(graph, kind, order, results)
            names = [self.identifier[entry.name] if entry.name in used else "" for entry in entries]
            lines += [f"    {line}" for line in _named_entries(names, vector)]
        labels, notes = cotangent_labels(graph, self.identifier, "")
        labels |= node_labels(graph, self.identifier)
        bound = leaf_bindings(graph, self.identifier, {"target": "y", "largest": number(sys.float_info.max)})
        writer = SectionWriter(graph, self.texts, bound, Numbering(self.identifier.values()), labels, self.literals)
        body = writer.write(order, results)
        values = tuple(writer.operand(position).text for position in results)
        return (*lines, *statements(body, notes)), values
