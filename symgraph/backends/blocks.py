"""The view of the blocked kernels of the numpy backend."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from types import MappingProxyType
from typing import Any

from symgraph.backends.bindings import JACOBIAN, RESIDUAL, cotangent_labels, leaf_bindings, leaves_read, node_labels
from symgraph.backends.block_writer import LOSSES, BlockWriter, State
from symgraph.backends.buffers import last_reads
from symgraph.backends.expression import OpTexts
from symgraph.backends.functions import OWN_FUNCTIONS
from symgraph.backends.layout import number, sequence_layout, unpacked
from symgraph.backends.section import SectionWriter
from symgraph.backends.source import Source
from symgraph.backends.steps import steps
from symgraph.backends.view import statements
from symgraph.derive.schedule import Kernel, roots_of
from symgraph.ir.graph import SUMS, Graph, Node, reachable

MOST_OPERATIONS = 4000
"""A kernel of more operations is not written a second time for blocks: batches go through the plain functions as a whole."""

_COLUMNS: Mapping[str, str] = MappingProxyType({"jacobian": JACOBIAN, "residual": RESIDUAL, "residual_jacobian": RESIDUAL})
"""What functions give of each row, with the suffix of their cotangents' names."""

_ROWS_OF_FUNCTIONS: Mapping[str, int] = MappingProxyType({"gauss": 4, "erf": 6, "erfc": 6, "erfcx": 6, "ierfcx": 9})
"""Rows of scratch memory that the functions of templates/numpy/functions_in_place.py.jinja work in."""


@dataclass(frozen=True, slots=True)
class BlockView:
    """What the templates print of the blocked kernels; tuples of text are finished lines.

    Attributes:
        rows, masks, seeds: how many rows of each kind a workspace has.
        sums: how many sums over rows a gradient takes.
        fixed: the values of the rows of constants.
        constants: the statement that lists constants.
        scalars: statements that compute what is the same in every row.
        scalar_items: the statement that returns it.
        nodes, loss, gradient, jacobian, residual, residual_jacobian: the statements of the functions that work on a block.
        gradient_result: the statement that returns the sums over rows.
        finish: those that make the cotangents of the weights of sums over rows.
        output: where the output stands after ``nodes``, as an expression over the block.
        jacobian_result, residual_result, residual_jacobian_result: the statements that return columns.
        uses_pick: whether a kernel selects.
        uses_put: whether it sums what may be one number for all rows.
        own: the functions of the module itself that a kernel calls.
    """

    rows: int
    masks: int
    seeds: int
    sums: int
    fixed: str
    constants: str
    scalars: tuple[str, ...]
    scalar_items: str
    nodes: tuple[str, ...]
    loss: tuple[str, ...]
    gradient: tuple[str, ...]
    gradient_result: str
    jacobian: tuple[str, ...]
    finish: tuple[str, ...]
    output: tuple[str, ...]
    jacobian_result: str
    residual: tuple[str, ...]
    residual_result: str
    residual_jacobian: tuple[str, ...]
    residual_jacobian_result: str
    uses_pick: bool
    uses_put: bool
    own: tuple[str, ...]

    @property
    def own_rows(self) -> int:
        """How many rows of float64 the functions of the module want; 0 without any."""
        return max((_ROWS_OF_FUNCTIONS[name] for name in self.own), default=0)


def block_view(source: Source, kernel: Kernel, texts: OpTexts, literals: Mapping[str, str]) -> BlockView | None:
    """Write the blocked kernels of a model that has rows and is not too large; else None."""
    if not has_batches(source) or _operations(kernel) > MOST_OPERATIONS:
        return None
    return _written(replace(source, graph=steps(source.graph)), kernel, texts, literals)


def _written(source: Source, kernel: Kernel, texts: OpTexts, literals: Mapping[str, str]) -> BlockView:
    """The kernels, and what is to be known of them."""
    writer = BlockWriter(source, kernel, texts)
    graph, roots = source.graph, source.graph.roots
    wanted = {part: roots_of(graph, part) for part in _COLUMNS}
    nodes, loss, gradient, orders = _orders(kernel, wanted)
    ordered, results = tuple(chain(*orders.values())), tuple(chain(*wanted.values()))
    ends = [roots[root] for root in ("output", "loss") if root in roots]
    finishing = (*sorted(writer.after_sums & reachable(graph.nodes, roots_of(graph, "grad"))), *roots_of(graph, "grad"))
    writer.note_scalars((*nodes, *loss, *gradient, *ordered, *results, *ends, *finishing))
    labels = node_labels(graph, writer.identifier)
    later = {arg for position in (*loss, *gradient, *ordered) for arg in graph.nodes[position].args}
    state = State()
    node_lines = writer.section(nodes, labels, state, last_reads(graph, nodes, {*later, *ends, *results}), ())
    output = _output_lines(writer, state, nodes, roots.get("output"))
    columns, returned, states = _column_lines(writer, state, nodes, orders, wanted)
    reads = last_reads(graph, (*loss, *gradient), ())
    loss_lines = writer.section(loss, labels, state, reads, nodes, copies=_loss_copies(writer, (*nodes, *loss)))
    own, _ = cotangent_labels(graph, writer.identifier, "")
    gradient_lines = writer.section(gradient, own, state, reads, (*nodes, *loss), also=writer.sums)
    constants, scalars, items = _scalar_lines(source, writer, texts, literals)
    bodies = "".join((*node_lines, *loss_lines, *gradient_lines, *chain(*columns.values())))
    return BlockView(
        rows=max(one.floats.count for one in (state, *states)),
        masks=max(one.masks.count for one in (state, *states)),
        seeds=len(writer.seed_rows),
        sums=len(writer.sums),
        fixed=_fixed_line(writer, literals),
        constants=constants,
        scalars=scalars,
        scalar_items=items,
        nodes=node_lines,
        loss=loss_lines,
        gradient=gradient_lines,
        gradient_result=sequence_layout("return [", [writer.names[p] for p in writer.sums], "]", 4),
        finish=_finish_lines(source, kernel, writer, texts, literals),
        output=output,
        **columns,
        **returned,
        uses_pick="_pick(" in bodies,
        uses_put="_put(" in bodies,
        own=tuple(name for name in OWN_FUNCTIONS if f"_{name}_into(" in bodies),
    )


def _orders(
    kernel: Kernel, wanted: Mapping[str, Sequence[int]]
) -> tuple[Sequence[int], Sequence[int], Sequence[int], Mapping[str, Sequence[int]]]:
    """The operations of a block: of the nodes, of the loss, of the gradient, and of each function that gives columns.

    The latter go on from the nodes, and compute what they need of the target's doing for themselves.
    """
    graph = kernel.graph
    needed = reachable(graph.nodes, [p for root, p in graph.roots.items() if not root.startswith("node ")])
    nodes, loss, gradient, *apart = (
        tuple(p for p in order if p in needed and (graph.nodes[p].varying or graph.nodes[p].op in SUMS))
        for order in (kernel.forward, kernel.forward_target, kernel.backward, *(getattr(kernel, part) for part in _COLUMNS))
    )
    of_target = {part: reachable(graph.nodes, positions) for part, positions in wanted.items()}
    orders = {part: (*(p for p in loss if p in of_target[part]), *order) for part, order in zip(_COLUMNS, apart, strict=True)}
    return nodes, loss, _summed_early(graph, gradient), orders


def _column_lines(
    writer: BlockWriter,
    state: State,
    nodes: Sequence[int],
    orders: Mapping[str, Sequence[int]],
    wanted: Mapping[str, Sequence[int]],
) -> tuple[dict[str, Any], dict[str, Any], list[State]]:
    """The statements of the functions that give columns of each row, those that return them, and which rows hold what then."""
    graph, states = writer.graph, []
    lines: dict[str, Any] = {}
    results: dict[str, Any] = {}
    labels = node_labels(graph, writer.identifier)
    for part, order in orders.items():
        own, _ = cotangent_labels(graph, writer.identifier, _COLUMNS[part])
        states.append(state.copy())
        reads = last_reads(graph, order, wanted[part])
        lines[part] = writer.section(order, labels | own, states[-1], reads, nodes, also=wanted[part])
        items = [writer.operand(position) for position in wanted[part]]
        results[f"{part}_result"] = sequence_layout("return (", items, ")", 4) if items else ""
    return lines, results, states


def _operations(kernel: Kernel) -> int:
    orders = (kernel.forward, kernel.forward_target, kernel.backward, kernel.jacobian)
    return sum(map(len, (*orders, kernel.residual, kernel.residual_jacobian)))


def has_batches(source: Source) -> bool:
    """Whether a model has rows; a gradient that is not summed is a fault left to verification."""
    model = source.model
    has_rows = bool(model.feature_inputs or model.target_input)
    return has_rows and not any(source.graph.nodes[p].varying for p in roots_of(source.graph, "grad"))


def _output_lines(writer: BlockWriter, state: State, nodes: Sequence[int], root: int | None) -> tuple[str, ...]:
    """The statements that give the output of a block after its nodes."""
    if root is None:
        return ()
    return (*writer.section((), {}, state.copy(), {}, nodes, also=[root]), f"    return [{writer.operand(root)}]")


def _loss_copies(writer: BlockWriter, computed: Iterable[int]) -> dict[int, str]:
    """The loss, where no operation writes it into its own row: an input or a scalar."""
    loss = writer.loss
    return {} if loss is None or loss in set(computed) else {loss: LOSSES}


def _summed_early(graph: Graph, order: Sequence[int]) -> tuple[int, ...]:
    """The order in which each sum over rows is taken as soon as its terms are there, while they are in the cache."""
    places = {position: place for place, position in enumerate(order)}

    def ready(position: int) -> int:
        if graph.nodes[position].op not in SUMS:
            return places[position]
        return max((places.get(arg, -1) for arg in graph.nodes[position].args), default=-1)

    return tuple(sorted(order, key=lambda position: (ready(position), places[position])))


def _scalar_lines(
    source: Source, writer: BlockWriter, texts: OpTexts, literals: Mapping[str, str]
) -> tuple[str, tuple[str, ...], str]:
    """The constants, and the statements of the function that computes and returns what is the same in every row."""
    graph = source.graph
    computed = [p for p in writer.scalars if graph.nodes[p].data is None]
    order = [p for p in sorted(reachable(graph.nodes, computed)) if graph.nodes[p].data is None]
    bound = leaf_bindings(graph, writer.identifier, {"largest": "_largest"})
    labels = {position: writer.scalars[position] for position in computed}
    section = SectionWriter(graph, texts, bound, writer.numbering, labels, literals, "w.dtype.type")
    lines = section.write(order, labels)
    weights = [entry.name for entry in source.model.weight_inputs]
    used = leaves_read(graph, "weight", order)
    opening = unpacked([writer.identifier[name] if name in used else "" for name in weights], "w", 4) if used else []
    if leaves_read(graph, "largest", order):
        opening.append("_largest = np.finfo(w.dtype).max")
    constants, items = [], []
    for position, name in writer.scalars.items():
        node = graph.nodes[position]
        if isinstance(node.data, float) or node.op == "largest":
            constants.append(_constant_text(node, literals))
        else:
            items.append(f"w[{weights.index(str(node.data))}, ...]" if node.op == "weight" else f"np.asarray({name})")
    returned = sequence_layout("return [", [*items, "*_constants(w.dtype)"], "]", 4)
    opening_lines = tuple(f"    {line}" for line in opening)
    return (
        sequence_layout("values: tuple[float, ...] = (", constants, ")", 4),
        (*opening_lines, *statements(lines, {})),
        returned,
    )


def _fixed_line(writer: BlockWriter, literals: Mapping[str, str]) -> str:
    """The statement that lists the values of rows of constants."""
    values = [_constant_text(writer.graph.nodes[position], literals) for position in writer.fixed]
    return sequence_layout("fixed: tuple[float, ...] = (", values, ")", 4)


def _constant_text(node: Node, literals: Mapping[str, str]) -> str:
    """A constant, or the largest number, where the dtype is at hand."""
    if isinstance(node.data, float):
        return literals.get(repr(node.data), number(node.data))
    return "np.finfo(dtype).max"


def _finish_lines(
    source: Source, kernel: Kernel, writer: BlockWriter, texts: OpTexts, literals: Mapping[str, str]
) -> tuple[str, ...]:
    """The statements of the function that makes the cotangents of the weights of sums over rows."""
    graph, results = source.graph, roots_of(source.graph, "grad")
    if not results:
        return ()
    order = [p for p in kernel.backward if p in writer.after_sums and graph.nodes[p].op not in SUMS]
    labels, _ = cotangent_labels(graph, writer.identifier, "")
    bound = {p: writer.names[p] for p in writer.sums}
    names = list(bound.values())
    read = {arg for position in order for arg in graph.nodes[position].args} | set(results)
    scalars = {p: name for p, name in writer.scalars.items() if p in read and not isinstance(graph.nodes[p].data, float)}
    bound |= scalars
    section = SectionWriter(graph, texts, bound, writer.numbering, {p: labels[p] for p in order if p in labels}, literals)
    lines = section.write(order, set(results))
    if not order and list(results) == writer.sums:
        return ("    del _u  # they are the sums", "    return sums")
    opening = unpacked(names, "sums", 4) if names else []
    if scalars:
        opening = unpacked([name if p in scalars else "" for p, name in writer.scalars.items()], "_u", 4) + opening
    returned = sequence_layout("return (", [section.operand(position).text for position in results], ")", 4)
    return (*(f"    {line}" for line in opening), *statements(lines, {}), f"    {returned}")
