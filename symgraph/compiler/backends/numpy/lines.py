"""The straight lines of the numpy backend's module, function by function."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain
from types import MappingProxyType

from symgraph.compiler.backends.layout import WIDTH, call_layout, columns, filled, number, parenthesized, unpacked
from symgraph.compiler.backends.names import Names, Numbering, apart, identifiers, several_targets
from symgraph.compiler.backends.notes import form_notes
from symgraph.compiler.backends.section import PENALTY_TITLES, Line, SectionWriter, annotated, statements, straight
from symgraph.compiler.backends.source import Source
from symgraph.compiler.derive.doubtful import Doubtful
from symgraph.compiler.derive.schedule import Kernel, roots_of
from symgraph.module_functions import HESSIAN
from symgraph.spec.ops.optext import OpTexts

ARGUMENTS = frozenset({"w", "X", "y", "tape", "cotangent", "loss"})
"""Names that the functions of a module need for themselves."""

_LEAVES = MappingProxyType({"target": "y", "cotangent": "cotangent", "largest": "largest"})
"""The text of leaves other than features and weights."""

_INNER = 8
"""Columns before the statements that need y."""

_MOST_DEFAULTS = 1_000
"""A tape of more fields has no defaults: ``NamedTuple`` looks for each default among all fields."""


class LinesWriter:
    """Writes the functions of one module; what has no name is named after the node that it belongs to.

    ``forward`` is called first: the other functions refer to what it named.

    Attributes:
        taken: further names that the functions need for themselves.
        constant: the text of a constant that stands for a value of the dtype of w.
        largest: the text of the largest number of that dtype.
        transposed: the text of the columns of X, one after the other.
        first_column: the text of the first of them.
        first_target: the text of the first column of y, of several targets.
        every_row: the text of a value that is the same in every row, once for each entry of a column.
        binders: the functions of the runtime that bind the lines, of a model with features and a target, and of others.
        on_request: the end of the names of the binders of modules with derivatives on request.
        of_constraints: the text of what computes the constraints from the weights.
        lacks: the functions that its binding does not have.
        besides: functions that it has besides those of others.
        long_tape: whether the fields of the tape have no defaults.
    """

    taken: frozenset[str] = ARGUMENTS
    constant = "{w}.dtype.type({value})"
    largest = "np.finfo({w}.dtype).max"
    transposed = "{X}.T"
    first_column = "X.T[0]"
    first_target = "y if y is None else y.T[0]"
    every_row = "every_row({value}, {column})"
    binders = ("bind", "bind_loosely")
    of_constraints = "_constraints"
    lacks: frozenset[str] = frozenset()
    besides: tuple[str, ...] = ()
    on_request = "_with_derivatives"

    def __init__(self, source: Source, kernel: Kernel, texts: OpTexts, literals: Mapping[str, str]) -> None:
        self.source = source
        self.kernel = kernel
        self.graph = source.graph
        self.texts = texts
        self.literals = literals
        self.names = Names(source.model, self.graph, identifiers(source.model, self.taken))
        self.identifier = self.names.identifier
        self.numbering = Numbering()
        self.named = self.names.primals()
        # what a tape made without y does not have
        self.absent_without_y = {p for p, node in enumerate(self.graph.nodes) if node.op == "target"} | set(
            kernel.forward_target
        )
        self.bound = self.names.leaves(_LEAVES)
        (self.direction,) = apart(["v"], self.identifier.values())
        self.directions = {str(i.name): v for i, v in zip(source.model.weight_inputs, self.names.directions(), strict=True)}
        self.taped = frozenset(kernel.tape)
        self.uniform_loss = self._uniform_loss()
        self.long_tape = len(self.taped) + len(source.model.nodes) > _MOST_DEFAULTS
        self.remarks: dict[int, str] = {}
        self.watched: Sequence[Doubtful] = ()  # see ``losing``

    def body(self) -> tuple[str, ...]:
        """The statements of _forward."""
        before, after = self.forward()
        names = [name for position, name in self._stored() if position in self.absent_without_y]
        if not names:
            return (*before, *after, f"    {self.tape_call(with_target=True)}")
        one = " = ".join([*names, "None"])
        absent = [one] if 4 + columns(one) <= WIDTH else [f"{name} = None" for name in names]
        opening = (*(f"    {line}" for line in absent), "    if y is not None:")
        return (*before, *opening, *after, f"    {self.tape_call(with_target=True)}")

    def forward(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The statements of _forward, before and after the target is needed."""
        kernel, graph = self.kernel, self.graph
        labels = self.names.nodes()
        self.numbering = self._fresh_numbering()
        writer = self._section(self.bound, labels, "w")
        crossing = {arg for position in kernel.forward_target for arg in graph.nodes[position].args} & set(kernel.forward)
        before = writer.write(kernel.forward, {*kernel.tape, *labels, *crossing, *self._named_to_watch(kernel.forward)})
        writer.indent = _INNER
        after = writer.write(kernel.forward_target, {*kernel.tape, *labels, *self._named_to_watch(kernel.forward_target)})
        for line in (*before, *after):
            self.remarks[line.node] = line.text.split(" = ", 1)[1] if "\n" not in line.text else ""
        results = (*self.named, *([graph.roots["loss"]] if "loss" in graph.roots else []))
        every = (*kernel.forward, *kernel.forward_target)
        opening, deeper = self._openings(every, results, "w", "X"), " " * (_INNER - 4)
        read = {arg for position in kernel.forward_target for arg in graph.nodes[position].args}
        targets = [line for line in self._targets(read | self._read_aliases(), "y") if line != "y = y"]
        return (
            (
                *opening,
                *self._text(kernel.forward, before, {}),
                *self._watching(writer, kernel.forward),
                *self._aliases(needs_target=False),
            ),
            (
                *(f"{' ' * _INNER}{line}" for line in targets),
                *self._text(kernel.forward_target, after, {}, _INNER),
                *self._watching(writer, kernel.forward_target, _INNER),
                *(f"{deeper}{line}" for line in self._aliases(needs_target=True)),
            ),
        )

    def fields(self) -> tuple[str, ...]:
        """The fields of the tape after w, X and y, as annotated names; those that need y come last and may be left out."""
        return tuple(self._field_line(position, name, "Array") for position, name in self._stored())

    def tape_call(self, *, with_target: bool) -> str:
        """The statement that returns the tape; without the target, what depends on it has its default, None."""
        absent = () if with_target else self.absent_without_y
        stored = [text if p not in absent else "None" for p, text in self.tape_values() if p not in absent or self.long_tape]
        return filled("return Tape(", ["w", "X", "y", *stored], ")", 4 if with_target else 8)

    def tape_values(self) -> list[tuple[int, str]]:
        """Position and text of everything that the tape holds after w, X and y."""
        values = {"loss": lambda p: self._by_row(p, self._primal(p)), self.uniform_loss: self._primal}
        return [(p, values[name](p) if name in values else name) for p, name in self._stored()]

    def _read_aliases(self) -> set[int]:
        """The nodes that the statements after those of _forward read, for names that are aliases."""
        return set(self.named)

    def _targets(self, read: Iterable[int], y: str) -> list[str]:
        """Statements that name the targets among some nodes, given the text of y."""
        nodes = self.graph.nodes
        targets = {position for position in read if nodes[position].op == "target"}
        if not targets or not several_targets(self.source.model):
            return [f"y = {y}"] if targets else []
        return self._unpacked("target", self.names.inputs("target", (), targets), self.transposed.format(X=y))

    def reverse(self, prefix: str, suffix: str = "") -> tuple[tuple[str, ...], str]:
        """The statements of a function that reads the tape, and the one that returns its results; see ``roots_of``."""
        order, results = self.kernel.beyond[prefix], roots_of(self.graph, prefix)
        own = set(order)
        labels, aliases = self.names.cotangents(suffix)
        if prefix == HESSIAN:
            seconds, remarks = self.names.seconds()
            used = {*seconds.values()}
            labels = {position: label for position, label in labels.items() if label not in used} | seconds
            aliases = {position: remark for position, remark in aliases.items() if position in labels} | remarks
        labels = {position: label for position, label in labels.items() if position in own}
        self.numbering = self._fresh_numbering(labels.values())
        bound, opening = self._tape_bindings(order, results)
        writer = self._section(bound, labels, "tape.w")
        lines = writer.write(order, {*results, *labels, *self._named_to_watch(order)})
        items = [self._result(writer, position) for position in results]
        text = (*opening, *self._text(order, lines, aliases), *self._watching(writer, order))
        return text, filled("return (", items, ")", 4)

    def _named_to_watch(self, order: Sequence[int]) -> set[int]:
        """The operations that need a name since they are watched, or are what those are small beside."""
        own = set(order)
        watched = [one for one in self.watched if one.position in own]
        return {one.position for one in watched} | {one.beside for one in watched if one.beside is not None} & own

    def _watching(self, writer: SectionWriter, order: Sequence[int], indent: int = 4) -> list[str]:
        """The statement that watches the operations of a function that may lose digits, if there are any."""
        own = set(order)
        watched = [
            f"({writer.operand(one.position).text}, {_beside(writer, one)})" for one in self.watched if one.position in own
        ]
        return [f"{' ' * indent}{filled('watch(', watched, ')', indent)}"] if watched else []

    def of_weights(
        self, names: Names, results: Sequence[int], *, seconds: bool = False, bases: Sequence[str] = ()
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The statements that compute some nodes of a graph without rows from w, and the expression for each.

        Args:
            names: the names of the graph's values.
            results: the nodes.
            seconds, bases: as for ``straight``; without bases comments tell parts of the statements apart.
        """
        graph = names.graph
        body = straight(names, results, self.texts, self.literals, {"largest": "largest"}, bases, seconds=seconds)
        opening = self._unpacked("w", names.inputs("w", body.order, results), "w")
        if any(graph.nodes[arg].op == "largest" for position in body.order for arg in graph.nodes[position].args):
            opening.append(f"largest = {self.largest.format(w='w')}")
        plain = (annotated(f"    {line.text}", body.notes.get(line.node, "")) for line in body.lines)
        lines = plain if bases else statements(body.lines, body.notes, titles=PENALTY_TITLES)
        return (*(f"    {line}" for line in opening), *lines), body.values

    @cached_property
    def _notes(self) -> dict[int, str]:
        """The comments on forms that are not written yet, by node."""
        kernel = self.kernel
        every = chain(kernel.forward, kernel.forward_target, *kernel.beyond.values())
        return form_notes(self.source.lowered, self.graph, every)

    def _result(self, writer: SectionWriter, position: int) -> str:
        text = writer.operand(position).text
        return self.constant.format(w="tape.w", value=text) if self.graph.nodes[position].op == "const" else text

    @cached_property
    def _bases(self) -> list[str]:
        return self.names.bases()

    def _fresh_numbering(self, labels: Iterable[str] = ()) -> Numbering:
        return Numbering({*self.identifier.values(), "loss", *self.bound.values(), *labels})

    def _section(self, bound: dict[int, str], labels: dict[int, str], w: str) -> SectionWriter:
        begins = self._bases if w == "tape.w" else [base.removeprefix("d_") for base in self._bases]
        constant = self.constant.format(w=w, value="{value}")
        return SectionWriter(self.graph, self.texts, bound, self.numbering, labels, self.literals, constant, bases=begins)

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
            return self.constant.format(w="w", value=self.literals.get(repr(data)) or number(data))
        return self.bound[position]

    def _openings(self, order: tuple[int, ...], also: tuple[int, ...], w: str, X: str) -> list[str]:
        """Statements that give the weights and columns which a function reads their names."""
        nodes = self.graph.nodes
        operands = set(chain.from_iterable([nodes[position].args for position in order]))
        read = [position for position in operands.union(also) if nodes[position].data is not None]
        lines = [
            line
            for kind, vector in (("w", w), ("feature", self.transposed.format(X=X)))
            for line in self._unpacked(kind, self.names.inputs(kind, (), read), vector)
        ]
        if any(nodes[position].op == "largest" for position in operands):
            lines.append(f"largest = {self.largest.format(w=w)}")
        return [f"    {line}" for line in lines]

    def _unpacked(self, kind: str, names: Sequence[str], vector: str) -> list[str]:
        """Statements that read the used weights or columns, ``names`` being all of them, "" for those that are not used."""
        return unpacked(names, vector, 4)

    def _stored(self) -> list[tuple[int, str]]:
        """Position and identifier of everything that the tape holds after w, X and y; what needs y comes last."""
        roots = self.graph.roots
        nodes = [(roots[f"node {node.name}"], self.identifier[node.name]) for node in self.source.model.nodes]
        loss = [(roots["loss"], "loss")] if "loss" in roots else []
        kept = [(position, self.bound[position]) for position in self.kernel.tape]
        once = [(roots["loss"], self.uniform_loss)] if self.uniform_loss else []
        return self._without_target_first(nodes + loss + once + kept)

    def _uniform_loss(self) -> str:
        """The field of a loss that is the same in every row, where derivatives read it; the field "loss" has it once a row."""
        position = self.graph.roots.get("loss")
        if position is None or position in self.named or self._by_row(position, "") == "":
            return ""
        return apart(["loss_once"], self.identifier.values())[0] if position in self.kernel.read else ""

    def _without_target_first(self, fields: list[tuple[int, str]]) -> list[tuple[int, str]]:
        return sorted(fields, key=lambda entry: entry[0] in self.absent_without_y)

    def _field_line(self, position: int, name: str, kind: str) -> str:
        optional = " | None" if self.long_tape else " | None = None"
        line = f"{name}: {kind}{optional if position in self.absent_without_y else ''}"
        remark = self.remarks.get(position, "") if position in self.taped else ""
        fits = remark and columns(f"    {line}  # {remark}") <= WIDTH
        return f"{line}  # {remark}" if fits else line

    def _by_row(self, position: int, loss: str) -> str:
        """The text of the loss, which a tape has once for each row."""
        model = self.source.model
        if not (model.feature_inputs or model.target_inputs) or self.graph.nodes[position].varying:
            return loss
        y = self.first_target if several_targets(model) else "y"
        return self.every_row.format(value=loss, column=self.first_column if model.feature_inputs else y)

    def _tape_bindings(self, order: tuple[int, ...], results: tuple[int, ...]) -> tuple[dict[int, str], list[str]]:
        """Identifiers of the primals that a reverse function reads from the tape, and the statements that open it."""
        graph, kernel = self.graph, self.kernel
        bound = self.names.leaves(_LEAVES)
        read = {arg for position in order for arg in graph.nodes[position].args} | set(results)
        bound |= {p: self.directions[str(node.data)] for p, node in enumerate(graph.nodes) if node.op == "direction"}
        opening = self._openings(order, results, "tape.w", "tape.X")
        opening += [f"    {line}" for line in self._targets(read, "known(tape.y)")]
        if any(graph.nodes[position].op == "direction" for position in read):
            opening += [f"    {line}" for line in unpacked([*self.directions.values()], self.direction, 4)]
        for position in (*kernel.forward, *kernel.forward_target):
            if position not in read:
                continue
            name, field = self.bound[position], self._field(position)
            bound[position] = f"tape.{field}"
            if position in self.absent_without_y:
                opening.append(f"    {call_layout(f'{name} = known(', [f'tape.{field}'], ')', 4)}")
                bound[position] = name
        return bound, opening

    def _field(self, position: int) -> str:
        """The field of the tape from which other functions read an operation."""
        return self.uniform_loss if self.uniform_loss and position == self.graph.roots["loss"] else self.bound[position]

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


def _beside(writer: SectionWriter, one: Doubtful) -> str:
    """Write what a watched value is small beside, or a number that it is near, after 1.0 or that number."""
    if one.end:
        return f"{abs(one.end)!r}, {one.end!r}"
    return "1.0" if one.beside is None else writer.operand(one.beside).text
