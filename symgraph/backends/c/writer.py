"""Statements of a C file: a loop over rows that writes terms, and the code that runs once with their sums."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from types import MappingProxyType

from symgraph.backends.c.functions import LOOP, named
from symgraph.backends.c.loops import split
from symgraph.backends.c.names import ascii_name, ascii_names, taken
from symgraph.backends.names import Names, Numbering, identifiers
from symgraph.backends.section import Line, SectionWriter, statements
from symgraph.backends.source import Source
from symgraph.derive.schedule import operations, roots_of
from symgraph.ir.graph import Graph
from symgraph.ir.optext import OpTexts, Text

_DECLARED = len("const double ")
_VECTORS = {"weight": "w[{}]", "feature": "x[{} * stride + row]"}


@dataclass(slots=True)
class StatementWriter(SectionWriter):
    """Writer of operations as C.

    Attributes:
        targets: the place that the argument of a sum over rows is written to.
    """

    targets: Mapping[int, str] = field(default_factory=dict)

    def _branches(self, order: Sequence[int]) -> set[int]:
        return set()  # nothing raises in C

    def _assign(self, position: int, text: Text) -> None:
        self._pending.pop(position, None)
        node = self.graph.nodes[position]
        if position in self.targets:
            statement = f"{self.targets[position]} = {text.text};"
        else:
            name = self.bound[position] = self.labels.get(position) or self.numbering.fresh()
            statement = f"const {'int' if node.boolean else 'double'} {name} = {text.text};"
        self.lines.append(Line(statement, node.origin, position))


@dataclass(frozen=True, slots=True)
class Part:
    """Piece of a function of the C file: a loop over rows, a function of its own where there are several.

    Attributes:
        once: the statements before the loop.
        loop: the statements of the loop; none where there is no loop.
        first: the number of its first result.
        results: the number of its results.
        unused: the parameters that nothing reads.
    """

    once: tuple[str, ...]
    loop: tuple[str, ...]
    first: int
    results: int
    unused: tuple[str, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """Return every line."""
        return self.once + self.loop

    @property
    def careful(self) -> bool:
        """Tell if it calls a function that needs the C library for some arguments."""
        return any("careful" in line for line in self.loop)


@dataclass(frozen=True, slots=True)
class CFunction:
    """Function of the C file over rows.

    Attributes:
        parts: its loops.
        kept: the most values of a row that later parts read and that are kept at a time.
        places: what each result is, as an index among those that were asked for.
    """

    parts: tuple[Part, ...]
    kept: int
    places: tuple[int, ...]

    @property
    def scattered(self) -> bool:
        """Tell if results are not in the order in which they were asked for."""
        return self.places != tuple(range(len(self.places)))

    @property
    def most(self) -> int:
        """Return the most results of a part."""
        return max(part.results for part in self.parts)

    @property
    def texts(self) -> tuple[str, ...]:
        """Return every piece of text."""
        return tuple(chain.from_iterable(part.texts for part in self.parts))


class FunctionWriter:
    """Writer of the functions of one C file over the same graph."""

    def __init__(self, source: Source, texts: OpTexts, literals: Mapping[str, str]) -> None:
        self.source = source
        self.graph: Graph = source.graph
        self.name = ascii_name(source.model.name)
        self.texts = named(texts, self.name)
        self.literals = literals
        blocked = taken(source.model, self.name)
        self.names = Names(source.model, self.graph, ascii_names(identifiers(source.model, blocked), blocked))
        labels, notes = self.names.cotangents()
        self.labels = labels | self.names.nodes()
        self.sums = _sums(self.graph)
        """Sums over rows, from number 1 on: number 0 is that of the losses."""
        sums = {position: self.labels[position] for position in self.sums if position in self.labels}
        self.notes = sums | {
            position: f"{sums[position]}, {note}" if position in sums else note for position, note in notes.items()
        }

    def terms(self) -> CFunction:
        """Write the function for the terms of every sum: the loss's, times the cotangent, and those of the partials."""
        return self._over_rows("terms", (self.graph.roots["loss"], *self.sums), self.labels, ("cotangent",), "cotangent[row] * ")

    def root(self, name: str, array: str) -> CFunction:
        """Write the function for the output, the residual, or the loss of each row, which go to the array of a name."""
        return self._over_rows(array, (self.graph.roots[name],), self.labels)

    def partials(self, prefix: str, suffix: str) -> CFunction:
        """Write the function for the derivatives of the output or the residual; see ``adjoint`` for prefix and suffix."""
        return self._over_rows("partials", roots_of(self.graph, prefix), self.names.cotangents(suffix)[0] | self.names.nodes())

    def gradient(self, terms: CFunction) -> Part:
        """Write the code that makes partials of the sums, once."""
        results = roots_of(self.graph, "grad")
        numbers = {place: number for number, place in enumerate(terms.places)}
        sums = {position: f"sums[{numbers[index]}]" for index, position in enumerate(self.sums, start=1)}
        bound = self._bound() | sums
        found = self._operations([position for position in results if position not in bound], known=set(bound))
        writer = self._writer(bound, self.labels)
        lines = (*self._leaves("weight", found, results), *writer.write(found, results))
        stores = [f"    grad[{index}] = {writer.operand(position).text};" for index, position in enumerate(results)]
        return self._part(lines, (), (), stores, 0, 0, ("w", "sums"))

    def _over_rows(
        self,
        array: str,
        results: Sequence[int],
        labels: Mapping[int, str],
        parameters: Sequence[str] = (),
        factor: str = "",
    ) -> CFunction:
        """Write a function over rows.

        Args:
            array: the name of the array that results are written to, a column each.
            results: the nodes; of a sum over rows, its terms.
            labels: the names that nodes must have.
            parameters: those of the function that it has beside weights, columns and the rows' distance.
            factor: what the first result is multiplied by.
        """
        nodes = self.graph.nodes
        values = [nodes[position].args[0] if nodes[position].op == "rowsum" else position for position in results]
        found = self._operations(values, known=set())
        chunks = split(self.graph, sorted(found, key=lambda position: nodes[position].varying))
        where = {position: number for number, chunk in enumerate(chunks) for position in chunk}
        # what is no operation is written last
        own = [[index for index, value in enumerate(values) if where.get(value, len(chunks) - 1) == number] for number in
               range(len(chunks))]  # fmt: skip
        slots, kept = self._slots(chunks, where)
        writer = self._writer(self._bound(), labels)
        loop_texts = {**self.texts, **named(LOOP, self.name)}
        parts, first = [], 0
        for number, (chunk, indices) in enumerate(zip(chunks, own, strict=True)):
            uniform = [position for position in chunk if not nodes[position].varying]
            varying = [position for position in chunk if nodes[position].varying]
            columns = {index: f"{array}[{f'{place} * stride + ' if place else ''}row]" for place, index in enumerate(indices)}
            targets = {results[index]: column for index, column in columns.items() if nodes[results[index]].op == "rowsum"}
            others = [index for index in indices if results[index] not in targets]
            read = {arg for position in (*varying, *targets) for arg in nodes[position].args} | {values[index] for index in indices}
            keeps = [position for position in chunk if position in slots]
            writer.texts, writer.indent, writer.targets = self.texts, 4 + _DECLARED, {}
            once = writer.write(uniform, (read | {*keeps}) & {*uniform})
            writer.texts, writer.indent, writer.targets = loop_texts, 8 + _DECLARED, targets
            loop = writer.write((*varying, *targets), (*(values[index] for index in others), *targets, *keeps))
            taken = [(position, slots[position]) for position in sorted(
                {arg for position in (*chunk, *targets) for arg in nodes[position].args} | {values[index] for index in others}
            ) if where.get(position, number) < number]  # fmt: skip
            before = [[self._taken(position, slot, writer) for position, slot in taken if nodes[position].varying == varies]
                      for varies in (False, True)]  # fmt: skip
            weights = self._leaves("weight", (*chunk, *targets), [values[index] for index in others])
            features = self._leaves("feature", (*varying, *targets), [values[index] for index in others])
            stores = [f"        {columns[index]} = {'' if index else factor}{writer.operand(values[index]).text};" for index in others]
            for position in keeps:
                name = f"{'(double)' if nodes[position].boolean else ''}{writer.bound[position]}"
                row, pad = (" + row", "        ") if nodes[position].varying else ("", "    ")
                stores.append(f"{pad}keep[{slots[position]} * stride{row}] = {name};")
            parts.append(
                self._part((*weights, *before[0], *once), (*features, *before[1], *loop), indices, stores, number, first,
                           ("w", "x", "y", *parameters, "kept", "keep", "stride"))
            )  # fmt: skip
            first += len(indices)
        return CFunction(tuple(parts), kept, tuple(chain.from_iterable(own)))

    def _slots(self, chunks: Sequence[Sequence[int]], where: Mapping[int, int]) -> tuple[dict[int, int], int]:
        """Give a place to each value that a later part reads, until the last one has read it; and tell how many there are."""
        last: dict[int, int] = {}
        for number, chunk in enumerate(chunks):
            for position in chunk:
                last.update((arg, number) for arg in self.graph.nodes[position].args if where.get(arg, number) < number)
        slots: dict[int, int] = {}
        free: list[int] = []
        count = 0
        for number, chunk in enumerate(chunks):
            for position in chunk:
                if position in last:
                    slots[position] = free.pop() if free else count
                    count = max(count, slots[position] + 1)
            # a part reads one array and writes the other, so what it reads is free behind it
            free += sorted((slots[position] for position, reader in last.items() if reader == number), reverse=True)
        return slots, count

    def _taken(self, position: int, slot: int, writer: StatementWriter) -> Line:
        """Return the statement that names a value of an earlier part."""
        node = self.graph.nodes[position]
        kind, differs = ("int", " != 0.0") if node.boolean else ("double", "")
        row = " + row" if node.varying else ""
        return Line(f"const {kind} {writer.bound[position]} = kept[{slot} * stride{row}]{differs};", "", -1)

    def _part(
        self,
        once: Sequence[Line],
        loop: Sequence[Line],
        indices: Sequence[int],
        stores: Sequence[str],
        number: int,
        first: int,
        parameters: Sequence[str],
    ) -> Part:
        text = "\n".join(chain((line.text for line in chain(once, loop)), stores))
        in_loop = [line for line in stores if line.startswith("        ")]
        return Part(
            (*statements(once, self.notes, 4, sign="//"), *(line for line in stores if line not in in_loop)),
            (*statements(loop, self.notes, 8, sign="//"), *in_loop),
            first,
            len(indices),
            tuple(name for name in parameters if not re.search(rf"\b{name}\b", text)),
        )

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
        return self.names.leaves(others)

    def _writer(self, bound: dict[int, str], labels: Mapping[int, str]) -> StatementWriter:
        numbering = Numbering(self.names.identifier.values())
        return StatementWriter(self.graph, self.texts, bound, numbering, labels, self.literals, indent=4 + _DECLARED)

    def _leaves(self, kind: str, order: Sequence[int], also: Sequence[int]) -> tuple[Line, ...]:
        """Return the statements that name the weights or features that the given operations read."""
        names = enumerate(self.names.inputs(kind, order, also))
        return tuple(Line(f"const double {name} = {_VECTORS[kind].format(index)};", "", -1) for index, name in names if name)


def _sums(graph: Graph) -> tuple[int, ...]:
    """Return the nodes that are summed over rows: the partials in the order of the weights, then other sums.

    Where a model has neither features nor target, its graph has no sum: the partials are those of the only row.
    """
    partials = roots_of(graph, "grad")
    sums = [position for position, node in enumerate(graph.nodes) if node.op == "rowsum"]
    if not sums:
        return tuple(dict.fromkeys(position for position in partials if graph.nodes[position].data is None))
    return tuple(dict.fromkeys((*(position for position in partials if position in set(sums)), *sums)))
