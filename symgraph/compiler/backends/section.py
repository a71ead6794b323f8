"""Statements of one function: operations become lines, those used once are written inside their consumer."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import chain
from types import MappingProxyType
from typing import NamedTuple

from symgraph.compiler.backends.layout import WIDTH, columns, number
from symgraph.compiler.backends.names import LONGEST, Names, Numbering
from symgraph.compiler.derive.schedule import operations
from symgraph.compiler.ir.graph import Graph, Node, made, reachable
from symgraph.compiler.numerics.overflow import FAST
from symgraph.spec.ops.optext import Level, OpTexts, Text

_LONGEST_PART = 60
"""An expression longer than this is given a name before it is used in another."""

_FITS = WIDTH - LONGEST - len("d_ = ")
"""An expression of so many columns and the indentation has room behind every name."""


PYTHON = "{name} = {value}"
"""The statement that gives a value its name, in Python."""


@dataclass(frozen=True, slots=True)
class Line:
    """One assignment.

    Attributes:
        text: the statement, laid out over several physical lines where it must be.
        origin: the named node and rule that the line comes from.
        node: the position of the node that is assigned.
    """

    text: str
    origin: str
    node: int


WRITERS: ContextVar[list["SectionWriter"] | None] = ContextVar("writers", default=None)
"""List of the writers of a text, if somebody has set one to ask them where its lines come from."""


@dataclass(slots=True)
class SectionWriter:
    """Writes the operations of one function.

    Attributes:
        graph: the scheduled graph.
        texts: the backend's op texts.
        bound: identifiers of the nodes that are known where the section starts; grows as lines are written.
        numbering: hands out names for unnamed values.
        labels: the names that nodes of the section must have.
        literals: the text of constants that have no decimal form, by repr.
        constant: the text of a constant of the dtype that the section computes in, with the place {value}; "" if there is only
            one.
        indent: columns before each statement.
        bases: what the names of unnamed values begin with, by position; "" numbers them through.
        form: the statement that gives a value its name.
    """

    graph: Graph
    texts: OpTexts
    bound: dict[int, str]
    numbering: Numbering
    labels: Mapping[int, str] = field(default_factory=dict)
    literals: Mapping[str, str] = field(default_factory=dict)
    constant: str = ""
    indent: int = 4
    bases: Mapping[int, str] | Sequence[str] = field(default_factory=dict)
    form: str = PYTHON
    lines: list[Line] = field(default_factory=list)
    _pending: dict[int, Text] = field(default_factory=dict)
    _constants: dict[int, Text] = field(default_factory=dict)
    _lazy: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        writers = WRITERS.get()
        if writers is not None:
            writers.append(self)

    def write(self, order: Sequence[int], kept: Iterable[int]) -> tuple[Line, ...]:
        """Write the given operations.

        Args:
            order: positions in the order of computation.
            kept: positions that must have a name afterwards.
        """
        uses = self._uses(order)
        named = {*kept, *self.labels}
        start = len(self.lines)
        self._lazy |= self._branches(order)
        for position in order:
            text = self._expression(position)
            if position in named or uses[position] != 1 or (_is_long(text.text) and position not in self._lazy):
                self._assign(position, text)
            else:
                self._pending[position] = text
        return tuple(self.lines[start:])

    def _uses(self, order: Sequence[int]) -> Counter[int]:
        """Count the uses of each node in some operations' texts."""
        nodes = self.graph.nodes
        arities = {nodes[position].op: len(nodes[position].args) for position in order}
        times = {op: [self.texts[op].occurrences(index) for index in range(arity)] for op, arity in arities.items()}
        once = {op for op, several in times.items() if set(several) == {1}}
        uses = Counter(chain.from_iterable([nodes[position].args for position in order if nodes[position].op in once]))
        for position in order:
            node = nodes[position]
            if node.op not in once:
                for arg, several in zip(node.args, times[node.op], strict=True):
                    uses[arg] += several
        return uses

    def _branches(self, order: Sequence[int]) -> set[int]:
        """Exponentials that stand in the branch of a conditional expression, outside of which they would raise."""
        if "select" not in self.texts or self.texts["select"].level is not Level.TERNARY:
            return set()
        chosen = {self.graph.nodes[position].args[1] for position in order if self.graph.nodes[position].op == "select"}
        return {position for position in chosen if self.graph.nodes[position].op in FAST}

    def operand(self, position: int) -> Text:
        """The text by which another expression refers to a node."""
        if position in self.bound:
            return made(Text, (self.bound[position], Level.ATOM))
        found = self._pending.get(position) or self._constants.get(position)
        if found is None:
            data = self.graph.nodes[position].data
            if not isinstance(data, float):
                raise KeyError(f"the text of %{position} is not known")
            text = self.literals.get(repr(data)) or number(data)
            found = self._constants[position] = Text(text, Level.UNARY if text.startswith("-") else Level.ATOM)
        return found

    def _expression(self, position: int) -> Text:
        """The text of an operation; operands are named first where the line would become too long."""
        node = self.graph.nodes[position]
        text = self.texts[node.op].render(self._operands(node))
        if not _is_long(text.text, _FITS - self.indent):
            return text
        room = WIDTH - self.indent - columns(self.labels.get(position) or f"{self._base(position) or 'v'}_0000") - len(" = ")
        while True:
            inline = [arg for arg in node.args if arg in self._pending and arg not in self._lazy]
            if columns(text.text) <= room or not inline:
                return text
            longest = max(inline, key=lambda arg: columns(self._pending[arg].text))
            self._assign(longest, self._pending[longest])
            text = self.texts[node.op].render(self._operands(node))

    def _operands(self, node: Node) -> list[Text]:
        """The texts of the operands; where all are constants, the first is given the dtype, which no other operand has."""
        pending, bound, nodes = self._pending, self.bound, self.graph.nodes
        texts = []
        for arg in node.args:
            text = pending.get(arg)
            if text is None:
                name = bound.get(arg)
                text = self.operand(arg) if name is None else made(Text, (name, Level.ATOM))
            texts.append(text)
        if not self.constant or nodes[node.args[-1]].op != "const":  # where there are numbers, the last operand is one
            return texts
        numbers = [index for index, arg in enumerate(node.args) if not nodes[arg].boolean]
        if all(nodes[node.args[index]].op == "const" for index in numbers):
            texts[numbers[0]] = Text(self.constant.format(value=texts[numbers[0]].text), Level.ATOM)
        return texts

    def _base(self, position: int) -> str:
        return self.bases[position] if self.bases else ""

    def _assign(self, position: int, text: Text) -> None:
        self._pending.pop(position, None)
        name = self.labels.get(position) or self.numbering.fresh(self._base(position))
        self.bound[position] = name
        statement = self.form.format(name=name, value=text.text)
        if self.form == PYTHON and self.indent + columns(statement) > WIDTH:
            statement = self._wrapped(name, position, text)
        self.lines.append(Line(statement, self.graph.nodes[position].origin, position))

    def _wrapped(self, name: str, position: int, text: Text) -> str:
        """The layout of ruff format for a statement whose names alone are too long for a line."""
        outer, inner = " " * self.indent, " " * (self.indent + 4)
        if text.level is Level.ATOM and text.text.endswith(")"):
            function, operands = text.text[:-1].split("(", 1)
            if len(inner) + columns(operands) > WIDTH:
                operands = _BETWEEN_OPERANDS.sub(f",\n{inner}", operands) + ","
            return f"{name} = {function}(\n{inner}{operands}\n{outer})"
        body = text.text
        if len(inner) + columns(body) > WIDTH and text.level is Level.TERNARY:
            lines = body.replace(" if ", "\nif ").replace(" else ", "\nelse ").split("\n")
            body = f"\n{inner}".join(part for line in lines for part in _compared(line, WIDTH - len(inner)))
        elif len(inner) + columns(body) > WIDTH and len(self.graph.nodes[position].args) == 2:
            left, right = (self.operand(arg).text for arg in self.graph.nodes[position].args)
            operator = body[len(left) :].split(" ", 2)[1]
            body = f"{left}\n{inner}{operator} {right}"
        return f"{name} = (\n{inner}{body}\n{outer})"


_BETWEEN_OPERANDS = re.compile(r", (?![^()]*\))")
"""A comma that is not inside of a call among the operands."""


def _is_long(text: str, most: int = _LONGEST_PART) -> bool:
    """Tell whether a text exceeds some columns; signs take two at most."""
    return len(text) > most or (2 * len(text) > most and not text.isascii() and columns(text) > most)


def _compared(line: str, room: int) -> list[str]:
    """A line; two where it compares and is too long for one."""
    return [line] if columns(line) <= room else re.split(" (?=[<>]=? )", line, maxsplit=1)


class Straight(NamedTuple):
    """Straight line of statements.

    Attributes:
        order: the operations in it.
        lines: the statements.
        notes: remarks on statements, by node.
        values: the text of each result.
    """

    order: tuple[int, ...]
    lines: tuple[Line, ...]
    notes: Mapping[int, str]
    values: tuple[str, ...]


def straight(
    names: Names,
    results: Sequence[int],
    texts: OpTexts,
    literals: Mapping[str, str],
    leaves: Mapping[str, str],
    bases: Sequence[str] = (),
    form: str = PYTHON,
    *,
    seconds: bool = False,
) -> Straight:
    """Write everything that some nodes depend on as one function's statements, named nodes and cotangents under their names.

    Args:
        names: the names of a graph's values.
        results: the nodes.
        texts: the text of each op.
        literals: the text of constants that have no decimal form, by repr.
        leaves: the text of leaves other than features and weights, by kind.
        bases: for each node what the name of a value without one begins with; numbered through by default.
        form: the statement that gives a value its name, with the places {name} and {value}; only Python's is broken where it is
            too long.
        seconds: whether second derivatives have their names, and not cotangents.
    """
    graph = names.graph
    order = operations(graph, reachable(graph.nodes, results))
    own = set(order)
    labels, notes = names.seconds() if seconds else names.cotangents()
    labels = {position: label for position, label in (labels | names.nodes()).items() if position in own}
    numbering = Numbering({*names.identifier.values(), *labels.values()})
    writer = SectionWriter(graph, texts, names.leaves(leaves), numbering, labels, literals, bases=bases, form=form)
    lines = writer.write(order, results)
    return Straight(order, lines, notes, tuple(writer.operand(position).text for position in results))


PENALTY_TITLES: Mapping[str, str] = MappingProxyType({"loss": "penalty", "back through loss": "back through the penalty"})
"""Comments in the statements of a penalty, which is the loss of a graph of its own."""


def statements(
    lines: Sequence[Line],
    notes: Mapping[int, str],
    indent: int = 4,
    titles: Mapping[str, str] = MappingProxyType({}),
    sign: str = "#",
) -> tuple[str, ...]:
    """Return lines as text, with a comment before each run of two or more that belong to one named node.

    Args:
        lines: what a section writer wrote.
        notes: remarks that follow a line, by its node.
        indent: columns before each statement.
        titles: what the comment says instead of a node's name, where that fits.
        sign: what starts a comment.
    """
    pad = " " * indent
    result: list[str] = []
    for group, run in _runs(lines):
        if len(run) > 1 and group:
            title = f"{pad}{sign} {titles.get(group, group)}"
            result.append(title if columns(title) <= WIDTH else f"{pad}{sign} {group}")
        result += [annotated(f"{pad}{line.text}", notes.get(line.node, ""), sign) for line in run]
    return tuple(result)


def annotated(line: str, note: str, sign: str = "#") -> str:
    """Return a statement with a remark: at its end, or in a line before it where that is too long."""
    if not note:
        return line
    if "\n" not in line and columns(f"{line}  {sign} {note}") <= WIDTH:
        return f"{line}  {sign} {note}"
    head, found, _ = line.lstrip().partition(" = ")
    head = re.sub(r"^(?:const )?double ", "", head.rpartition(") ")[2])  # in C, a condition or a type may stand before it
    name = head if found and "(" not in head else "this"
    return f"{line[: len(line) - len(line.lstrip())]}{sign} {name} is {note}\n{line}"


def _runs(lines: Iterable[Line]) -> list[tuple[str, list[Line]]]:
    runs: list[tuple[str, list[Line]]] = []
    for line in lines:
        group = _group(line.origin)
        if runs and runs[-1][0] == group:
            runs[-1][1].append(line)
        else:
            runs.append((group, [line]))
    return runs


def _group(origin: str) -> str:
    if origin == "adjoint of weight":
        return "weights"
    _, found, node = origin.partition(" in ")
    return f"back through {node}" if found else ("" if origin.startswith("adjoint of") else origin)
