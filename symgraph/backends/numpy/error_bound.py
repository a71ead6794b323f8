"""The lines of ``error_bound``: every operation of loss and gradient once more, on pairs of a value and a bound of its error.

Running error analysis: Higham, Accuracy and Stability of Numerical Algorithms (2nd ed., 2002), section 3.3. The function of
an operation stands in ``runtime/bounds.py`` or ``runtime/bounds_of_functions.py``; it computes the value as the module does, so
that the bits are the same, and bounds its error from those of the operands and the op's figure in the op table.
"""

from symgraph.backends.layout import filled, number, unpacked
from symgraph.backends.names import Names, identifiers, several_targets
from symgraph.backends.numpy.lines import ARGUMENTS
from symgraph.backends.section import annotated, straight
from symgraph.backends.source import Source
from symgraph.derive.schedule import roots_of
from symgraph.ir.graph import Graph
from symgraph.ir.optext import call
from symgraph.ir.special import arity_of
from symgraph.options import HESSIAN

_LEAVES = {"target": "y", "cotangent": "constant_bound(w, 1.0)", "largest": "largest_bound(w)"}


def bounds_lines(source: Source, graph: Graph, prefix: str) -> tuple[tuple[str, ...], str]:
    """Write the statements of a function that gives the loss and derivatives with bounds, and the one that returns its results.

    Args:
        source: a model with a loss.
        graph: the graph of one row, jumps told apart.
        prefix: the derivatives, "grad" or "hessian"; see ``roots_of``.
    """
    texts = {op: call(f"{op}_bound", arity_of(op)) for op in {node.op for node in graph.nodes if node.data is None}}
    called = {f"{op}_bound" for op in (*texts, "constant", "largest")}
    names = Names(source.model, graph, identifiers(source.model, {*called, *ARGUMENTS}))
    results, seconds = (graph.roots["loss"], *roots_of(graph, prefix)), prefix == HESSIAN
    body = straight(names, results, texts, _literals(source, graph), _LEAVES, names.bases(), seconds=seconds)
    opening = [
        f"    {line}"
        for kind, vector in (("w", "w"), ("feature", "X"), *([("target", "y")] if several_targets(source.model) else []))
        for line in unpacked(names.inputs(kind, body.order, results), vector, 4)
    ]
    lines = [annotated(f"    {line.text}", body.notes.get(line.node, "")) for line in body.lines]
    return (*opening, *lines), filled(f"return {body.values[0]}, (", body.values[1:], ")", 4)


def _literals(source: Source, graph: Graph) -> dict[str, str]:
    """Return the text of every constant, with the radius of what it stands for where it is not exact."""
    literals = {}
    for node in graph.nodes:
        if isinstance(node.data, float):
            value = {"inf": "np.inf", "-inf": "-np.inf", "nan": "np.nan"}.get(repr(node.data), number(node.data))
            radius = source.radii.get(node.data, 0.0)
            shown = number(float(f"{1.06 * radius:.2g}"))  # two digits, rounded up
            literals[repr(node.data)] = f"constant_bound(w, {value}, {shown})" if radius else f"constant_bound(w, {value})"
    return literals
