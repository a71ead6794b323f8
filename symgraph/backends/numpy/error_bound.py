"""The lines of ``error_bound``: every operation of loss and gradient once more, on pairs of a value and a bound of its error.

Running error analysis: Higham, Accuracy and Stability of Numerical Algorithms (2nd ed., 2002), section 3.3. The function of
an operation stands in ``runtime/bounds.py`` or ``runtime/bounds_of_functions.py``; it computes the value as the module does, so
that the bits are the same, and bounds its error from those of the operands and the op's figure in the op table.
"""

from dataclasses import replace

from symgraph.backends.bindings import (
    bases,
    cotangent_labels,
    identifiers,
    leaf_bindings,
    leaves_read,
    node_labels,
    unpack_leaves,
)
from symgraph.backends.layout import filled, number
from symgraph.backends.names import Numbering
from symgraph.backends.numpy.lines import ARGUMENTS
from symgraph.backends.section import SectionWriter
from symgraph.backends.source import Source
from symgraph.backends.view import annotated
from symgraph.derive.schedule import operations, roots_of
from symgraph.ir.graph import Graph, Node, reachable
from symgraph.ir.ops import OPS, texts_of
from symgraph.ir.optext import OpTexts, call

_BOUNDS = texts_of("bound")

COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")
EDGED = (*COMPARISONS, "sign", "heaviside")
"""Ops with a jump. Where the operand is data, exactly on the jump, the spec says what holds there, and so does the truth. Where
it depends on a weight there is no derivative; such an op gets the suffix ``_open``."""

HALF_ANGLE = {"mul": "double_sine", "sub": "double_cosine"}
"""Stand-ins for the last operation of the sine and cosine of 2*x that a batch computes from tan(x). A bound that goes
through the tangent would be infinite near its poles."""


def bounds_lines(source: Source) -> tuple[tuple[str, ...], str]:
    """The statements of ``_bounds``, and the one that returns its results.

    Args:
        source: a model with a loss.
    """
    graph = _by_row(_with_half_angles(_with_edges(source.graph)))
    results = (graph.roots["loss"], *roots_of(graph, "grad"))
    order = operations(graph, reachable(graph.nodes, results))
    lines, values = _lines(source, graph, order, results)
    return lines, filled(f"return {values[0]}, (", values[1:], ")", 4)


def _with_edges(graph: Graph) -> Graph:
    """The graph with ``_open`` behind each op that has a jump and a primal operand which a weight influences."""
    primal = reachable(graph.nodes, [at for root, at in graph.roots.items() if not root.startswith(("grad ", "jacobian "))])
    weighted: list[bool] = []
    nodes: list[Node] = []
    for position, node in enumerate(graph.nodes):
        weighted.append(node.op == "weight" or any(weighted[arg] for arg in node.args))
        opens = node.op in EDGED and weighted[position] and all(arg in primal for arg in node.args if weighted[arg])
        nodes.append(node._replace(op=f"{node.op}_open") if opens else node)
    return Graph(graph.name, tuple(nodes), graph.roots, graph.names, graph.domains)


def _with_half_angles(graph: Graph) -> Graph:
    """The graph in which what ``passes/half_angle.py`` writes for a sine or a cosine is one operation on half the angle."""
    nodes = []
    for node in graph.nodes:
        angle = None
        if node.op == "sub" and graph.nodes[node.args[1]].data == 1.0:
            angle = _angle_of(graph, node.args[0])
        elif node.op == "mul":
            angle = _angle_of(graph, node.args[1])
            t = graph.nodes[node.args[0]]
            angle = angle if t.op == "tan" and t.args == (angle,) else None
        found = None if angle is None else node._replace(op=HALF_ANGLE[node.op], args=(angle,))
        nodes.append(node if found is None else found)
    return Graph(graph.name, tuple(nodes), graph.roots, graph.names, graph.domains)


def _angle_of(graph: Graph, position: int) -> int | None:
    """The angle x of a node 2/(t*t + 1) with t = tan(x)."""
    nodes, node = graph.nodes, graph.nodes[position]
    if node.op != "div" or nodes[node.args[0]].data != 2.0 or nodes[node.args[1]].op != "add":
        return None
    square, one = (nodes[arg] for arg in nodes[node.args[1]].args)
    if square.op != "mul" or one.data != 1.0 or square.args[0] != square.args[1] or nodes[square.args[0]].op != "tan":
        return None
    return nodes[square.args[0]].args[0]


def _by_row(graph: Graph) -> Graph:
    """The graph whose results are those of single rows: what a sum over rows adds up in its place."""

    def summed(position: int) -> int:
        node = graph.nodes[position]
        return node.args[0] if node.op == "rowsum" else position

    roots, names = ({name: summed(at) for name, at in table.items()} for table in (graph.roots, graph.names))
    return replace(graph, roots=roots, names=names)


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
    """A call of the op's function for each op; the sum over rows is left out, because bounds are those of single rows."""
    return {op: _BOUNDS.get(op) or call(f"{op}_bound", _arity(op)) for op in {node.op for node in graph.nodes}}


def _arity(op: str) -> int:
    """The number of operands of a stand-in for an op."""
    row = OPS.get(op.removesuffix("_open"))
    return 1 if row is None else row.arity


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
