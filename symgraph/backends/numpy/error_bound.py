"""The lines of ``error_bound``: every operation of loss and gradient once more, on pairs of a value and a bound of its error.

Running error analysis: Higham, Accuracy and Stability of Numerical Algorithms (2nd ed., 2002), section 3.3. The function of
an operation stands in ``runtime/bounds.py`` or ``runtime/bounds_of_functions.py``; it computes the value as the module does, so
that the bits are the same, and bounds its error from those of the operands and the op's figure in the op table.
"""

from symgraph.backends.bindings import (
    bases,
    cotangent_labels,
    identifiers,
    leaf_bindings,
    leaves_read,
    node_labels,
    unpack_leaves,
)
from symgraph.backends.expression import OpTexts, call
from symgraph.backends.layout import filled, number
from symgraph.backends.names import Numbering
from symgraph.backends.numpy.lines import ARGUMENTS
from symgraph.backends.section import SectionWriter
from symgraph.backends.source import Source
from symgraph.backends.view import annotated
from symgraph.derive.schedule import operations, roots_of
from symgraph.ir.graph import Graph, reachable
from symgraph.ir.special import arity_of


def bounds_lines(source: Source, graph: Graph) -> tuple[tuple[str, ...], str]:
    """Write the statements of ``_bounds``, and the one that returns its results.

    Args:
        source: a model with a loss.
        graph: the graph of one row, jumps told apart.
    """
    results = (graph.roots["loss"], *roots_of(graph, "grad"))
    order = operations(graph, reachable(graph.nodes, results))
    lines, values = _lines(source, graph, order, results)
    return lines, filled(f"return {values[0]}, (", values[1:], ")", 4)


def _lines(
    source: Source, graph: Graph, order: tuple[int, ...], results: tuple[int, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The statements, and the text of each result."""
    model, texts = source.model, _texts(graph)
    called = {text.format.partition("(")[0] for text in texts.values()}
    identifier = identifiers(model, {*called, "constant_bound", "largest_bound", *ARGUMENTS})
    opening: list[str] = []
    for kind, entries, vector in (("weight", model.weight_inputs, "w"), ("feature", model.feature_inputs, "X")):
        used = leaves_read(graph, kind, order, results)
        opening += unpack_leaves([entry.name for entry in entries], identifier, used, vector)
    labels, notes = cotangent_labels(graph, identifier, "")
    own = set(order)
    labels = {position: label for position, label in (labels | node_labels(graph, identifier)).items() if position in own}
    others = {"target": "y", "cotangent": "constant_bound(w, 1.0)", "largest": "largest_bound(w)"}
    bound = leaf_bindings(graph, identifier, others)
    numbering = Numbering({*identifier.values(), *labels.values()})
    writer = SectionWriter(graph, texts, bound, numbering, labels, _literals(source, graph), bases=bases(graph, identifier))
    lines = tuple(annotated(f"    {line.text}", notes.get(line.node, "")) for line in writer.write(order, results))
    values = tuple(writer.operand(position).text for position in results)
    return (*(f"    {line}" for line in opening), *lines), values


def _texts(graph: Graph) -> OpTexts:
    """A call of the op's function for each op."""
    return {op: call(f"{op}_bound", arity_of(op)) for op in {node.op for node in graph.nodes if node.data is None}}


def _literals(source: Source, graph: Graph) -> dict[str, str]:
    """The text of every constant, with the radius of what it stands for where it is not exact."""
    literals = {}
    for node in graph.nodes:
        if isinstance(node.data, float):
            value = {"inf": "np.inf", "-inf": "-np.inf", "nan": "np.nan"}.get(repr(node.data), number(node.data))
            radius = source.radii.get(node.data, 0.0)
            shown = number(float(f"{1.06 * radius:.2g}"))  # two digits, rounded up
            literals[repr(node.data)] = f"constant_bound(w, {value}, {shown})" if radius else f"constant_bound(w, {value})"
    return literals
