"""The text of ``error_bound``: every operation of loss and gradient once more, on pairs of a value and a bound of its error.

Running error analysis: Higham, Accuracy and Stability of Numerical Algorithms (2nd ed., 2002), section 3.3. The helper of an
operation stands in ``templates/numpy/error_bounds.py.jinja``; it computes the value as the module does, so that the bits are
the same, and bounds its error from those of the operands and the op's figure in the op table.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from symgraph.backends.bindings import cotangent_labels, identifiers, leaf_bindings, leaves_read, node_labels, unpack_leaves
from symgraph.backends.expression import ARITHMETIC, Level, OpText, OpTexts, Text, call
from symgraph.backends.layout import number, sequence_layout
from symgraph.backends.names import Numbering
from symgraph.backends.section import SectionWriter
from symgraph.backends.source import Source
from symgraph.backends.view import statements
from symgraph.derive.schedule import operations, roots_of
from symgraph.ir.graph import BOOLEAN_OPS, Graph, Node, reachable
from symgraph.ir.ops import OPS

COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")
EDGED = (*COMPARISONS, "sign", "heaviside")
"""Ops with a jump. Where the operand is data, exactly on the jump, the spec says what holds there, and so does the truth. Where
it depends on a weight there is no derivative; such an op gets the suffix ``_open``."""

FUNCTIONS = (
    "add", "sub", "mul", "div", "neg", "sqrt", "cbrt", "hypot", "pow", "exp", "expm1", "log", "log1p", "sin", "cos", "tan",
    "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "abs", "sign", "heaviside", "max",
    "min", "erf", "erfc", "erfcx", "ierfcx", "gauss", "select", "and", "or", "not", *COMPARISONS,
)  # fmt: skip
"""The ops that have a helper in the template."""

HALF_ANGLE = {"mul": "double_sine", "sub": "double_cosine"}
"""What stands for the last operation of the sine and the cosine of 2*x that a batch computes from tan(x). A bound that goes
through the tangent would be infinite near its poles."""

_NEEDS = {
    "asin": ("_steep",), "acos": ("_steep",), "max": ("_far", "_apart"), "min": ("_far", "_apart"),
    "add": ("_far", "_half_unit"), "sub": ("_far", "_half_unit"), "mul": ("_far", "_least"), "div": ("_far", "_least"),
    "exp": ("_far",), "sinh": ("_far",), "cosh": ("_far",), "sqrt": ("_half_unit",),
    **dict.fromkeys(COMPARISONS, ("_far", "_apart", "_decided")),
}  # fmt: skip
"""What else of the template an op's helper uses."""

_TWO = {"add", "sub", "mul", "div", "hypot", "pow", "atan2", "heaviside", "max", "min", "and", "or", *COMPARISONS}
_UNROUNDED = {"add", "sub", "sqrt", "neg", "abs", "sign", "heaviside", "max", "min", "select", *BOOLEAN_OPS}


@dataclass(frozen=True, slots=True)
class ErrorBoundView:
    """What the templates of ``error_bound`` print.

    Attributes:
        ops: the ops whose helpers are needed, with the suffix ``_open`` or without.
        parts: the names of further functions that these use.
        values: the text of each op's value, in terms of its operands a, b and c.
        units: of each op that rounds, its figures in units in the last place: float64, float32.
        rounds: whether any op has figures.
        constants: whether there are constants.
        largest: whether the largest number of the dtype is read.
        needs_target: whether the target is read.
        reads_target: whether it is, or else says how many rows there are.
        statements: the lines that compute loss and gradient.
        result: the line that returns them.
    """

    ops: frozenset[str]
    parts: frozenset[str]
    values: Mapping[str, str]
    units: Mapping[str, str]
    rounds: bool
    constants: bool
    largest: bool
    needs_target: bool
    reads_target: bool
    statements: tuple[str, ...]
    result: str


def error_bound_view(source: Source, texts: OpTexts) -> ErrorBoundView:
    """Write the statements of ``error_bound``.

    Args:
        source: a model with a loss.
        texts: how the module writes its own operations.
    """
    graph = _with_half_angles(_with_edges(source.graph))
    results = (graph.roots["loss"], *roots_of(graph, "grad"))
    order = operations(graph, reachable(graph.nodes, results))
    lines, texts_of_results = _lines(source, graph, order, results)
    ops = frozenset(graph.nodes[position].op for position in order) - {"rowsum"}
    plain = {op.removesuffix("_open") for op in ops.difference(HALF_ANGLE.values())}
    read = {arg for position in order for arg in graph.nodes[position].args} | set(results)
    leaves = {graph.nodes[position].op for position in read}
    units = {op: f"{OPS[op].ulp!r}, {OPS[op].ulp32!r}" for op in plain - _UNROUNDED}
    return ErrorBoundView(
        ops=ops,
        parts=frozenset(part for op in plain for part in _NEEDS.get(op, ())),
        values={op: texts[op].render([Text(name, Level.ATOM) for name in "abc"][: OPS[op].arity]).text for op in plain},
        units=units,
        rounds=bool(units) or not ops.isdisjoint(HALF_ANGLE.values()),
        constants=bool(leaves & {"const", "cotangent"}),
        largest="largest" in leaves,
        needs_target="target" in leaves,
        reads_target="target" in leaves or (source.model.target_input is not None and not source.model.feature_inputs),
        statements=lines,
        result=sequence_layout(f"return {texts_of_results[0]}, (", texts_of_results[1:], ")", 4),
    )


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


def _lines(
    source: Source, graph: Graph, order: tuple[int, ...], results: tuple[int, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The statements, and the text of each result."""
    model = source.model
    identifier = identifiers(model)
    opening: list[str] = []
    for kind, entries, vector in (("weight", model.weight_inputs, "w"), ("feature", model.feature_inputs, "X")):
        used = leaves_read(graph, kind, order, results)
        opening += unpack_leaves([entry.name for entry in entries], identifier, used, vector)
    labels, notes = cotangent_labels(graph, identifier, "")
    own = set(order)
    labels = {position: label for position, label in (labels | node_labels(graph, identifier)).items() if position in own}
    others = {"target": "y", "cotangent": "_constant(w, 1.0)", "largest": "_largest(w)"}
    bound = leaf_bindings(graph, identifier, others)
    writer = SectionWriter(graph, _texts(graph), bound, Numbering(), labels, _literals(source, graph))
    body = writer.write(order, results)
    values = tuple(writer.operand(position).text for position in results)
    return (*(f"    {line}" for line in opening), *statements(body, notes)), values


def _texts(graph: Graph) -> OpTexts:
    """A call of the op's helper for each op; the sum over rows is left out, because bounds are those of single rows."""
    texts = {op: call(f"_{op}_bound", _arity(op)) for op in {node.op for node in graph.nodes}}
    return texts | {"rowsum": OpText("{0}", ARITHMETIC["add"].level)}


def _arity(op: str) -> int:
    if op in HALF_ANGLE.values():
        return 1
    row = OPS.get(op.removesuffix("_open"))
    return 0 if row is None else row.arity


def _literals(source: Source, graph: Graph) -> dict[str, str]:
    """The text of every constant, with the radius of what it stands for where it is not exact."""
    literals = {}
    for node in graph.nodes:
        if isinstance(node.data, float):
            value = {"inf": "np.inf", "-inf": "-np.inf", "nan": "np.nan"}.get(repr(node.data), number(node.data))
            radius = source.radii.get(node.data, 0.0)
            shown = number(float(f"{1.06 * radius:.2g}"))  # two digits, rounded up
            literals[repr(node.data)] = f"_constant(w, {value}, {shown})" if radius else f"_constant(w, {value})"
    return literals
