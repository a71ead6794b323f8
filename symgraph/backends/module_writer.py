"""The statements of the numpy backend's module, function by function."""

from collections.abc import Mapping
from itertools import chain

from symgraph.backends.bindings import (
    cotangent_labels,
    identifiers,
    leaf_bindings,
    leaves_read,
    node_labels,
    primal_names,
    unpack_leaves,
)
from symgraph.backends.expression import OpTexts
from symgraph.backends.layout import call_layout, number, parenthesized, sequence_layout
from symgraph.backends.names import Numbering
from symgraph.backends.section import SectionWriter
from symgraph.backends.source import Source
from symgraph.backends.view import statements
from symgraph.backends.width import WIDTH, columns
from symgraph.derive.schedule import Kernel, roots_of

_INPUTS = {"target": "y", "cotangent": "cotangent", "largest": "_largest"}


class ModuleWriter:
    """Writes the functions of one module, which share the names of unnamed primals.

    ``forward`` is called first: the other functions refer to what it named.
    """

    def __init__(self, source: Source, kernel: Kernel, texts: OpTexts, literals: Mapping[str, str]) -> None:
        self.source = source
        self.kernel = kernel
        self.graph = source.graph
        self.texts = texts
        self.literals = literals
        self.identifier = identifiers(source.model)
        self.numbering = Numbering()
        self.named = primal_names(self.graph)
        # what a tape made without y does not have
        self.absent_without_y = {p for p, node in enumerate(self.graph.nodes) if node.op == "target"} | set(
            kernel.forward_target
        )
        self.bound = leaf_bindings(self.graph, self.identifier, _INPUTS)
        self.remarks: dict[int, str] = {}

    def forward(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The statements of _forward, before and after the target is needed."""
        kernel, graph = self.kernel, self.graph
        labels = node_labels(graph, self.identifier)
        writer = self._section(self.bound, labels, "w")
        crossing = {arg for position in kernel.forward_target for arg in graph.nodes[position].args} & set(kernel.forward)
        before = writer.write(kernel.forward, {*kernel.tape, *labels, *crossing})
        after = writer.write(kernel.forward_target, {*kernel.tape, *labels})
        for line in (*before, *after):
            self.remarks[line.node] = line.text.split(" = ", 1)[1] if "\n" not in line.text else ""
        results = (*self.named, *([graph.roots["loss"]] if "loss" in graph.roots else []))
        opening = self._openings((*kernel.forward, *kernel.forward_target), results, "w", "X")
        return (
            (*opening, *statements(before, {}), *self._aliases(needs_target=False)),
            (*statements(after, {}), *self._aliases(needs_target=True)),
        )

    def fields(self) -> tuple[str, ...]:
        """The fields of the tape after w, X and y, as annotated names."""
        lines, taped = [], set(self.kernel.tape)
        for position, name in self._stored():
            optional = " | None" if position in self.absent_without_y else ""
            remark = self.remarks.get(position, "") if position in taped else ""
            line = f"{name}: Array{optional}"
            fits = remark and columns(f"    {line}  # {remark}") <= WIDTH
            lines.append(f"{line}  # {remark}" if fits else line)
        return tuple(lines)

    def tape_call(self, *, with_target: bool) -> str:
        """The statement that returns the tape; without the target, what depends on it is None."""
        values = ["w", "X", "y" if with_target else "None"]
        for position, name in self._stored():
            absent = position in self.absent_without_y and not with_target
            values.append("None" if absent else self._loss_value() if name == "loss" else name)
        return call_layout("return Tape(", values, ")", 4 if with_target else 8)

    def reverse(self, prefix: str, order: tuple[int, ...], suffix: str) -> tuple[tuple[str, ...], str]:
        """The statements of a function that reads the tape, and the one that returns its results; see ``roots_of``."""
        graph = self.graph
        results = roots_of(graph, prefix)
        if not results:
            return (), ""
        bound, opening = self._tape_bindings(order, results)
        labels, notes = cotangent_labels(graph, self.identifier, suffix)
        own = set(order)
        labels = {position: label for position, label in labels.items() if position in own}
        writer = self._section(bound, labels, "tape.w")
        lines = writer.write(order, {*results, *labels})
        items = [writer.operand(position).text for position in results]
        return (*opening, *statements(lines, notes)), sequence_layout("return (", items, ")", 4)

    def _section(self, bound: dict[int, str], labels: dict[int, str], w: str) -> SectionWriter:
        return SectionWriter(self.graph, self.texts, bound, self.numbering, labels, self.literals, f"{w}.dtype.type")

    def _aliases(self, *, needs_target: bool) -> tuple[str, ...]:
        """Assignments for names that share a node with another name, an input or a constant."""
        lines: list[str] = []
        for position, names in self.named.items():
            if (position in self.absent_without_y) is needs_target:
                text = self._primal(position)
                others = [self.identifier[name] for name in names if self.identifier[name] != text]
                lines += [f"    {parenthesized(f'{other} = ', text, '', 4)}" for other in others]
        return tuple(lines)

    def _primal(self, position: int) -> str:
        data = self.graph.nodes[position].data
        if isinstance(data, float):
            return f"w.dtype.type({self.literals.get(repr(data), number(data))})"
        return self.bound[position]

    def _openings(self, order: tuple[int, ...], also: tuple[int, ...], w: str, X: str) -> list[str]:
        """Statements that give the weights and columns which a function reads their names."""
        model, graph = self.source.model, self.graph
        lines: list[str] = []
        operands = set(chain.from_iterable([graph.nodes[position].args for position in order]))
        read = {position for position in operands.union(also) if graph.nodes[position].data is not None}
        for kind, entries, vector in (("weight", model.weight_inputs, w), ("feature", model.feature_inputs, f"{X}.T")):
            used = leaves_read(graph, kind, (), read)
            lines += unpack_leaves([entry.name for entry in entries], self.identifier, used, vector)
        if leaves_read(graph, "largest", (), read & operands):
            lines.append(f"_largest = np.finfo({w}.dtype).max")
        return [f"    {line}" for line in lines]

    def _stored(self) -> list[tuple[int, str]]:
        """Position and identifier of everything that the tape holds after w, X and y."""
        roots = self.graph.roots
        nodes = [(roots[f"node {node.name}"], self.identifier[node.name]) for node in self.source.model.nodes]
        loss = [(roots["loss"], "loss")] if "loss" in roots else []
        return nodes + loss + [(position, self.bound[position]) for position in self.kernel.tape]

    def _loss_value(self) -> str:
        position = self.graph.roots["loss"]
        text = self._primal(position)
        model = self.source.model
        has_rows = bool(model.feature_inputs) or model.target_input is not None
        if not has_rows or self.graph.nodes[position].varying:
            return text
        return f"_every_row({text}, {'X' if model.feature_inputs else 'y'})"

    def _tape_bindings(self, order: tuple[int, ...], results: tuple[int, ...]) -> tuple[dict[int, str], list[str]]:
        """Identifiers of the primals that a reverse function reads from the tape, and the statements that open it."""
        graph, kernel = self.graph, self.kernel
        bound = leaf_bindings(graph, self.identifier, _INPUTS)
        read = {arg for position in order for arg in graph.nodes[position].args} | set(results)
        opening = self._openings(order, results, "tape.w", "tape.X")
        if any(graph.nodes[position].op == "target" for position in read):
            opening.append("    y = _known(tape.y)")
        for position in (*kernel.forward, *kernel.forward_target):
            if position not in read:
                continue
            name = self.bound[position]
            bound[position] = f"tape.{name}"
            if position in self.absent_without_y:
                opening.append(f"    {call_layout(f'{name} = _known(', [f'tape.{name}'], ')', 4)}")
                bound[position] = name
        return bound, opening
