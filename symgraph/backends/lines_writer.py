"""The straight lines of the numpy backend's module, function by function."""

from collections.abc import Mapping, Sequence
from functools import cached_property

from symgraph.backends.bindings import bases, cotangent_labels, leaf_bindings, node_labels
from symgraph.backends.layout import call_layout, filled
from symgraph.backends.module_writer import ModuleWriter
from symgraph.backends.names import Numbering
from symgraph.backends.notes import form_notes
from symgraph.backends.section import Line, SectionWriter
from symgraph.backends.view import annotated
from symgraph.backends.width import WIDTH, columns
from symgraph.derive.schedule import roots_of

_INPUTS = {"target": "y", "cotangent": "cotangent", "largest": "largest"}


class LinesWriter(ModuleWriter):
    """Writes the functions of one module; what has no name is named after the node that it belongs to."""

    def forward(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The statements of _forward, before and after the target is needed."""
        kernel, graph = self.kernel, self.graph
        labels = node_labels(graph, self.identifier)
        self.numbering = self._fresh_numbering()
        writer = self._section(self.bound, labels, "w")
        crossing = {arg for position in kernel.forward_target for arg in graph.nodes[position].args} & set(kernel.forward)
        before = writer.write(kernel.forward, {*kernel.tape, *labels, *crossing})
        writer.indent = 8
        after = writer.write(kernel.forward_target, {*kernel.tape, *labels})
        for line in (*before, *after):
            self.remarks[line.node] = line.text.split(" = ", 1)[1] if "\n" not in line.text else ""
        results = (*self.named, *([graph.roots["loss"]] if "loss" in graph.roots else []))
        every = (*kernel.forward, *kernel.forward_target)
        opening = self._openings(every, results, "w", "X")
        return (
            (*opening, *self._text(kernel.forward, before, {}), *self._aliases(needs_target=False)),
            (
                *self._text(kernel.forward_target, after, {}, 8),
                *(f"    {line}" for line in self._aliases(needs_target=True)),
            ),
        )

    def fields(self) -> tuple[str, ...]:
        """The fields of the tape after w, X and y, as annotated names; those that need y come last and may be left out."""
        lines, taped = [], set(self.kernel.tape)
        for position, name in self._stored():
            kind = "Array | None = None" if position in self.absent_without_y else "Array"
            remark = self.remarks.get(position, "") if position in taped else ""
            line = f"{name}: {kind}"
            fits = remark and columns(f"    {line}  # {remark}") <= WIDTH
            lines.append(f"{line}  # {remark}" if fits else line)
        return tuple(lines)

    def tape_call(self, *, with_target: bool = True) -> str:
        """The statement that returns the tape."""
        values = [self._loss_value() if name == "loss" else name for _, name in self._stored()]
        return filled("return Tape(", ["w", "X", "y", *values], ")", 4)

    def absent(self) -> str:
        """What stands on the tape in the place of all that needs y, where there is none; "" if nothing does."""
        names = [name for position, name in self._stored() if position in self.absent_without_y]
        line = " = ".join([*names, "None"])
        return line if not names or len(line) < 80 else "\n    ".join(f"{name} = None" for name in names)

    def reverse(self, prefix: str, order: tuple[int, ...], suffix: str) -> tuple[tuple[str, ...], str]:
        """The statements of a function that reads the tape, and the one that returns its results; see ``roots_of``."""
        graph, own = self.graph, set(order)
        results = roots_of(graph, prefix)
        if not results:
            return (), ""
        self.numbering = self._fresh_numbering()
        bound, opening = self._tape_bindings(order, results)
        labels, aliases = cotangent_labels(graph, self.identifier, suffix)
        labels = {position: label for position, label in labels.items() if position in own}
        writer = self._section(bound, labels, "tape.w")
        lines = writer.write(order, {*results, *labels})
        items = [writer.operand(position).text for position in results]
        return (*opening, *self._text(order, lines, aliases)), filled("return (", items, ")", 4)

    @cached_property
    def _notes(self) -> dict[int, str]:
        """The comments on forms, by node."""
        kernel = self.kernel
        every = (*kernel.forward, *kernel.forward_target, *kernel.backward, *kernel.jacobian, *kernel.residual_jacobian)
        return form_notes(self.source.lowered, self.graph, every)

    @cached_property
    def _bases(self) -> list[str]:
        return bases(self.graph, self.identifier)

    def _fresh_numbering(self) -> Numbering:
        return Numbering({*self.identifier.values(), "loss", *self.bound.values()})

    def _section(self, bound: dict[int, str], labels: dict[int, str], w: str) -> SectionWriter:
        section = super()._section(bound, labels, w)
        section.bases = self._bases if w == "tape.w" else [base.removeprefix("d_") for base in self._bases]
        return section

    def _openings(self, order: tuple[int, ...], also: tuple[int, ...], w: str, X: str) -> list[str]:
        return [line.replace("_largest = ", "largest = ") for line in super()._openings(order, also, w, X)]

    def _stored(self) -> list[tuple[int, str]]:
        """Position and identifier of everything that the tape holds after w, X and y; what needs y comes last."""
        return sorted(super()._stored(), key=lambda entry: entry[0] in self.absent_without_y)

    def _loss_value(self) -> str:
        position, model = self.graph.roots["loss"], self.source.model
        text = self._primal(position)
        has_rows = bool(model.feature_inputs) or model.target_input is not None
        if not has_rows or self.graph.nodes[position].varying:
            return text
        return f"every_row({text}, {'X.T[0]' if model.feature_inputs else 'y'})"

    def _tape_bindings(self, order: tuple[int, ...], results: tuple[int, ...]) -> tuple[dict[int, str], list[str]]:
        """Identifiers of the primals that a reverse function reads from the tape, and the statements that open it."""
        graph, kernel = self.graph, self.kernel
        bound = leaf_bindings(graph, self.identifier, _INPUTS)
        read = {arg for position in order for arg in graph.nodes[position].args} | set(results)
        opening = self._openings(order, results, "tape.w", "tape.X")
        if any(graph.nodes[position].op == "target" for position in read):
            opening.append("    y = known(tape.y)")
        for position in (*kernel.forward, *kernel.forward_target):
            if position not in read:
                continue
            name = self.bound[position]
            bound[position] = f"tape.{name}"
            if position in self.absent_without_y:
                opening.append(f"    {call_layout(f'{name} = known(', [f'tape.{name}'], ')', 4)}")
                bound[position] = name
        return bound, opening

    def _text(
        self, order: Sequence[int], lines: Sequence[Line], aliases: Mapping[int, str], indent: int = 4
    ) -> tuple[str, ...]:
        """Lines as text, a comment above those in which a form stands that needs one."""
        nodes, own = self.graph.nodes, {line.node for line in lines}
        readers = {arg: position for position in reversed(order) for arg in nodes[position].args}
        above: dict[int, str] = {}
        for position in [position for position in self._notes if position in own or position in readers]:
            note, line_of = self._notes.pop(position), position  # a form that two functions have is explained in the first
            while line_of not in own and line_of in readers:
                line_of = readers[line_of]
            above.setdefault(line_of, note)
        result: list[str] = []
        for line in lines:
            result += [f"{' ' * indent}# {above[line.node]}"] if line.node in above else []
            result.append(annotated(f"{' ' * indent}{line.text}", aliases.get(line.node, "")))
        return tuple(result)
