"""Statements of a C file: a loop over rows that writes terms, and the code that runs once with their sums."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from symgraph.backends.bindings import cotangent_labels, identifiers, leaf_bindings, leaves_read, node_labels
from symgraph.backends.c.functions import LOOP, named
from symgraph.backends.c.loops import split
from symgraph.backends.c.names import ascii_name, ascii_names, taken
from symgraph.backends.names import Numbering
from symgraph.backends.section import Line, SectionWriter
from symgraph.backends.source import Source
from symgraph.derive.schedule import operations, roots_of
from symgraph.ir.falling import falls
from symgraph.ir.graph import Graph
from symgraph.ir.optext import OpTexts, Text

_DECLARED = len("const double ")
_VECTORS = (("weight", "w[{}]"), ("feature", "x[{} * stride + row]"))


@dataclass(slots=True)
class StatementWriter(SectionWriter):
    """Writer of operations as C.

    Attributes:
        targets: the place that the argument of a sum over rows is written to.
        kept: positions whose values are kept in an array of a place for each row, since later loops read them.
        falling: exponentials of numbers that are never above 0, which loops over rows write in their own way.
    """

    targets: Mapping[int, str] = field(default_factory=dict)
    kept: frozenset[int] = frozenset()
    falling: frozenset[int] = frozenset()

    def _branches(self, order: Sequence[int]) -> set[int]:
        return set()  # nothing raises in C

    def _expression(self, position: int) -> Text:
        if position not in self.falling:
            return SectionWriter._expression(self, position)  # a dataclass with slots has no super()
        texts, self.texts = self.texts, {**self.texts, "exp": self.texts["exp_minus"]}
        text = SectionWriter._expression(self, position)
        self.texts = texts
        return text

    def _assign(self, position: int, text: Text) -> None:
        self._pending.pop(position, None)
        node = self.graph.nodes[position]
        if position in self.targets:
            statement = f"{self.targets[position]} = {text.text};"
        else:
            name = self.labels.get(position) or self.numbering.fresh()
            kind = "int" if node.boolean else "double"
            self.bound[position] = f"{name}[row]" if position in self.kept else name
            statement = f"{self.bound[position] if position in self.kept else f'const {kind} {name}'} = {text.text};"
        self.lines.append(Line(statement, node.origin, position))


@dataclass(frozen=True, slots=True)
class Function:
    """Function of the C file.

    Attributes:
        once: the statements before its loops over rows.
        arrays: the declarations of arrays that later loops read.
        loops: the statements of each loop; all of the function in one where there is no loop.
        results: the text of each result, after the last statement.
        over_rows: whether there are loops.
    """

    once: tuple[Line, ...]
    arrays: tuple[str, ...]
    loops: tuple[tuple[Line, ...], ...]
    results: tuple[str, ...]
    over_rows: bool = True

    @property
    def texts(self) -> tuple[str, ...]:
        """Return every piece of text."""
        return (*(line.text for lines in (self.once, *self.loops) for line in lines), *self.results)


class FunctionWriter:
    """Writer of the functions of one C file over the same graph."""

    def __init__(self, source: Source, texts: OpTexts, literals: Mapping[str, str]) -> None:
        self.source = source
        self.graph: Graph = source.graph
        self.name = ascii_name(source.model.name)
        self.texts = named(texts, self.name)
        self.literals = literals
        blocked = taken(source.model, self.name)
        self.identifier = ascii_names(identifiers(source.model, blocked), blocked)
        labels, self.notes = cotangent_labels(self.graph, self.identifier, "")
        self.labels = labels | node_labels(self.graph, self.identifier)
        self.sums = _sums(self.graph)
        """Sums over rows, from number 1 on: number 0 is that of the losses."""

    def terms(self) -> Function:
        """Write the function for the terms of every sum; its results are the loss, and partials without a sum over rows."""
        places = {position: f"terms[{index} * stride + row]" for index, position in enumerate(self.sums, start=1)}
        targets = {position: place for position, place in places.items() if self.graph.nodes[position].op == "rowsum"}
        arguments = [self.graph.nodes[position].args[0] for position in targets]
        results = (self.graph.roots["loss"], *(position for position in self.sums if position not in targets))
        return self._over_rows((*arguments, *results), results, targets)

    def root(self, name: str) -> Function:
        """Write the function for the output, or for the loss of each row."""
        position = self.graph.roots[name]
        return self._over_rows((position,), (position,), {})

    def partials(self, prefix: str, suffix: str) -> Function:
        """Write the function for the derivatives of the output or the residual; see ``adjoint`` for prefix and suffix."""
        labels = cotangent_labels(self.graph, self.identifier, suffix)[0] | node_labels(self.graph, self.identifier)
        results = roots_of(self.graph, prefix)
        of_loss, self.labels = self.labels, labels
        written = self._over_rows(results, results, {})
        self.labels = of_loss
        return written

    def gradient(self) -> Function:
        """Write the code that runs once with the sums: the statements, and the partials."""
        results = roots_of(self.graph, "grad")
        bound = self._bound() | {position: f"sums[{index}]" for index, position in enumerate(self.sums, start=1)}
        found = self._operations([position for position in results if position not in bound], known=set(bound))
        writer = self._writer(bound, 4)
        body = writer.write(found, results)
        values = tuple(writer.operand(position).text for position in results)
        return Function((), (), ((*self._leaves("weight", found, results), *body),), values, over_rows=False)

    def _over_rows(self, needed: Sequence[int], results: Sequence[int], targets: Mapping[int, str]) -> Function:
        found = self._operations(needed, known=set())
        uniform = tuple(position for position in found if not self.graph.nodes[position].varying)
        varying = tuple(position for position in found if self.graph.nodes[position].varying)
        parts = split(self.graph, (*varying, *targets), results)
        writer = self._writer(self._bound(), 4)
        read = {arg for position in varying for arg in self.graph.nodes[position].args} | {*needed}
        once = writer.write(uniform, read & set(uniform))
        writer.texts = {**self.texts, **named(LOOP, self.name)}
        writer.indent, writer.targets, writer.kept = 8 + _DECLARED, targets, parts.kept
        writer.falling = frozenset(position for position in varying if falls(self.graph, position))
        loops = []
        for number, order in enumerate(parts.loops, start=1):
            body = writer.write(order, (*results, *targets, *parts.kept))
            last = needed if number == len(parts.loops) else ()
            loops.append((*self._leaves("feature", order, last), *body))
        once = (*self._leaves("weight", (*found, *targets), needed), *once)
        arrays = tuple(self._array(position, writer) for position in sorted(parts.kept))
        return Function(once, arrays, tuple(loops), tuple(writer.operand(position).text for position in results))

    def _array(self, position: int, writer: StatementWriter) -> str:
        """Return the declaration of an array for the values of a node."""
        kind = "int" if self.graph.nodes[position].boolean else "double"
        return f"{kind} {writer.bound[position].replace('[row]', f'[{self.name.upper()}_ROWS_]')};"

    def _operations(self, results: Sequence[int], known: set[int]) -> tuple[int, ...]:
        """Return the operations that compute the given nodes from known nodes, in the order of the graph."""
        found: set[int] = set()
        todo = list(results)
        while todo:
            position = todo.pop()
            if position not in found and position not in known:
                found.add(position)
                todo.extend(self.graph.nodes[position].args)
        return operations(self.graph, found)

    def _bound(self) -> dict[int, str]:
        alone = not any(node.varying for node in self.graph.nodes if node.op == "cotangent")
        others = {"target": "y[row]", "cotangent": f"cotangent[{0 if alone else 'row'}]", "largest": "DBL_MAX"}
        return leaf_bindings(self.graph, self.identifier, others)

    def _numbering(self) -> Numbering:
        return Numbering(self.identifier.values())

    def _writer(self, bound: dict[int, str], indent: int) -> StatementWriter:
        return StatementWriter(
            self.graph,
            self.texts,
            bound,
            Numbering(self.identifier.values()),
            self.labels,
            self.literals,
            indent=indent + _DECLARED,
        )

    def _leaves(self, kind: str, order: Sequence[int], also: Sequence[int]) -> tuple[Line, ...]:
        """Return the statements that name the weights or features that the given operations read."""
        used = leaves_read(self.graph, kind, order, also)
        model = self.source.model
        entries = model.weight_inputs if kind == "weight" else model.feature_inputs
        place = dict(_VECTORS)[kind]
        return tuple(
            Line(f"const double {self.identifier[entry.name]} = {place.format(index)};", "", -1)
            for index, entry in enumerate(entries)
            if entry.name in used
        )


def _sums(graph: Graph) -> tuple[int, ...]:
    """Return the nodes that are summed over rows: the partials in the order of the weights, then other sums.

    Where a model has neither features nor target, its graph has no sum: the partials are those of the only row.
    """
    partials = roots_of(graph, "grad")
    sums = [position for position, node in enumerate(graph.nodes) if node.op == "rowsum"]
    if not sums:
        return tuple(dict.fromkeys(position for position in partials if graph.nodes[position].data is None))
    return tuple(dict.fromkeys((*(position for position in partials if position in set(sums)), *sums)))
