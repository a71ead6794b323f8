"""Statements of a C file: a loop over rows that writes terms, and the code that runs once with their sums."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, compress, pairwise
from typing import NamedTuple

from symgraph.compiler.backends.c.library import LOOP, named
from symgraph.compiler.backends.c.loops import LONGEST_LOOP, split
from symgraph.compiler.backends.c.names import ON_REQUEST, ascii_name, ascii_names, taken
from symgraph.compiler.backends.c.parts import Body, CFunction, Part
from symgraph.compiler.backends.names import Names, Numbering, identifiers, several_targets
from symgraph.compiler.backends.section import Line, SectionWriter, statements
from symgraph.compiler.backends.source import Source
from symgraph.compiler.derive.schedule import operations, roots_of
from symgraph.compiler.ir.graph import Graph, reachable
from symgraph.module_functions import HVP, JVP
from symgraph.spec.ops.optext import OpTexts, Text

_DECLARED = len("const double ")
_VECTORS = {"w": "w[{}]", "feature": "x[{} * stride + row]"}
_OF_PART = "x[(stride == 1 ? {} : {} * stride) + row]"
"""A feature where a block has the columns of those that a part reads, and a row alone has all."""
MOST_FEATURES = 256
"""Most features whose columns all stand in memory at once."""
WITH_SLOPES = "with_slopes"
"""Flag that tells a function whether the derivatives of a value are wanted."""
_SHORTEST_COPY = 64
"""Fewest partials in a row that are copied at once; a copy keeps sums in memory, which costs 20 ns where a row is alone."""


class Result(NamedTuple):
    """Result of a loop: its node, the factor before it, the condition for it, and the place that it is written to."""

    position: int
    factor: str = ""
    wanted: str = ""
    column: str = ""


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


class FunctionWriter:
    """Writer of the functions of one C file over the same graph."""

    def __init__(self, source: Source, texts: OpTexts, literals: Mapping[str, str]) -> None:
        self.source = source
        self.graph: Graph = source.graph
        self.name = ascii_name(source.model.name)
        self.texts = named(texts, self.name)
        self.literals = literals
        blocked = taken(source.model, self.name) | (ON_REQUEST if source.options.derivatives else frozenset())
        self.names = Names(source.model, self.graph, ascii_names(identifiers(source.model, blocked), blocked))
        labels, notes = self.names.cotangents()
        seconds, remarks = self.names.seconds()
        self.labels = labels | self.names.nodes()
        sums = {p: label for p, label in (seconds | self.labels).items() if self.graph.nodes[p].op == "rowsum"}
        notes |= {p: remark for p, remark in remarks.items() if p in sums}
        self.notes = sums | {
            position: f"{sums[position]}, {note}" if position in sums else note for position, note in notes.items()
        }
        self.by_part = len(source.model.feature_inputs) > MOST_FEATURES
        """Mark of files in which each part has columns of those features alone that it reads."""
        self.shared_slots: Mapping[int, int] = {}
        """Places of the kept values of the shared parts."""
        self.shared_from: Mapping[int, int] = {}
        """Number of the part, before all of a function's own, of each operation of the shared parts."""
        self.shared = self._share()

    def _share(self) -> tuple[Part, ...]:
        """Write what computes the output, if that is long, as parts that all functions begin with, and keep what these read."""
        nodes, roots = self.graph.nodes, self.graph.roots
        found = self._operations(roots_of(self.graph, "output"), known=set())
        chunks = split(self.graph, sorted(found, key=lambda position: nodes[position].varying))
        if len(chunks) < 2:
            return ()
        where = {position: number for number, chunk in enumerate(chunks) for position in chunk}
        inside = len(chunks)
        readers = ((where.get(reader, inside), arg) for reader, node in enumerate(nodes) for arg in node.args)
        read = {*roots.values(), *(arg for number, arg in readers if where.get(arg, number) < number)} & {*where}
        self.shared_slots = {position: slot for slot, position in enumerate(sorted(read))}
        parts = self._parts(Body("values", (), ()), chunks, where, self.shared_slots, self.labels)
        self.shared_from = dict.fromkeys(where, -1)
        return tuple(replace(part, apart=True) for part in parts)

    def sums(self, prefix: str = "grad") -> tuple[int, ...]:
        """Return the sums over rows that results need, from number 1 on: number 0 is that of the losses."""
        return _sums(self.graph, prefix)

    def gradient(self, terms: CFunction, prefix: str = "grad", array: str = "grad", entries: Sequence[int] = ()) -> Body:
        """Write the code that makes partials of the sums, once.

        Args:
            terms: the function that writes the terms of the sums.
            prefix: that of the results.
            array: the name of the array that they are written to.
            entries: the place of each there; in their order by default.
        """
        results = roots_of(self.graph, prefix)
        numbers = {place: number for number, place in enumerate(terms.places)}
        places = {position: numbers[index] for index, position in enumerate(self.sums(prefix), start=1)}
        bound = self._bound() | {position: f"sums[{number}]" for position, number in places.items()}
        found = self._operations([position for position in results if position not in bound], known=set(bound))
        writer = self._writer(bound, self.labels)
        lines = (*self._leaves("w", found, results), *writer.write(found, results))
        into = [*zip(entries or range(len(results)), results, strict=True)]
        stores: list[str] = []
        # compilers take long for many stores of single numbers, so neighbours are copied at once
        offsets = [(entry - places[node], 0) if node in places else (entry, 1) for entry, node in into]
        starts = [
            at for at in range(len(into)) if not at or offsets[at] != offsets[at - 1] or into[at][0] != into[at - 1][0] + 1
        ]
        for start, stop in pairwise((*starts, len(into))):
            entry, node = into[start]
            if stop - start < _SHORTEST_COPY or node not in places:
                stores += [f"    {array}[{entry}] = {writer.operand(node).text};" for entry, node in into[start:stop]]
            else:
                source, size = f"sums + {places[node]}", f"{stop - start} * sizeof(double)"
                stores.append(f"    memcpy({array}{f' + {entry}' if entry else ''}, {source}, {size});")
        once = *statements(lines, self.notes, 4, sign="//"), *stores
        return Body("gradient", once, (), _unread(("w", *direction_of(prefix), "sums"), once))

    def _chunks(self, results: Sequence[int]) -> tuple[Sequence[Sequence[int]], Mapping[int, int], Sequence[int]]:
        """Distribute what a function over rows computes over loops.

        Returns:
            The operations of each loop; the number of the loop of each operation, below 0 in shared parts; and the number of
            the loop that writes each result.
        """
        values = [self._value(position) for position in results]
        found = self._operations(values, known={*self.shared_from})
        chunks = split(self.graph, sorted(found, key=lambda position: self.graph.nodes[position].varying))
        where = {**self.shared_from, **{position: number for number, chunk in enumerate(chunks) for position in chunk}}
        number_of = [where.get(value, -1) for value in values]
        # results that no loop computes are written by the last ones, so many by each
        loose = [index for index, number in enumerate(number_of) if number < 0]
        chunks = (*chunks, *[()] * ((len(loose) - 1) // LONGEST_LOOP))
        for count, index in enumerate(reversed(loose)):
            number_of[index] = len(chunks) - 1 - count // LONGEST_LOOP
        return chunks, where, number_of

    def _over_rows(
        self,
        what: str,
        arrays: Mapping[str, Sequence[Result]],
        labels: Mapping[int, str],
        parameters: Sequence[str] = (),
        flags: tuple[str, ...] = (),
        *,
        seed: bool = False,
        noted: Sequence[Result] = (),
    ) -> CFunction:
        """Write a function over rows.

        Args:
            what: its name.
            arrays: the names of the arrays that results are written to, a column each, and these.
            labels: the names that nodes must have.
            parameters: those of the function that it has beside weights, columns, the rows' distance, and arrays for results.
            flags: those that tell which results are wanted.
            seed: whether the cotangent has a name, which is 1 where no slopes are wanted.
            noted: what is below 0 for rows in doubt, which are noted.
        """
        results = [(array, one) for array, some in arrays.items() for one in some]
        chunks, where, number_of = self._chunks([one.position for one in (*(one for _, one in results), *noted)])
        own = [[index for index, number in enumerate(number_of[: len(results)]) if number == one] for one in range(len(chunks))]
        slots, kept = self._slots(chunks, where)
        written: list[list[Result]] = []
        for indices in own:
            counts = dict.fromkeys(arrays, 0)
            written.append([])
            for array, one in (results[index] for index in indices):
                place = counts[array]
                written[-1].append(one._replace(column=f"{array}[{f'{place} * stride + ' if place else ''}row]"))
                counts[array] += 1
        for one, number in zip(noted, number_of[len(results) :], strict=True):
            written[number].append(one)
        outer = Body(what, (), (), parameters=tuple(parameters), flags=flags, arrays=tuple(arrays))
        parts = self._parts(outer, chunks, where, slots, labels, written, seed=seed)
        several = len(self.shared) + len(parts) > 1
        parts = tuple(replace(part, apart=several) for part in parts)
        return CFunction(self.shared, parts, max(kept, 1) if several else 0, tuple(chain.from_iterable(own)))

    def _value(self, position: int) -> int:
        """Return the node of a row's result: the term of a sum over rows, or the result itself."""
        node = self.graph.nodes[position]
        return node.args[0] if node.op == "rowsum" else position

    def _parts(
        self,
        outer: Body,
        chunks: Sequence[Sequence[int]],
        where: Mapping[int, int],
        slots: Mapping[int, int],
        labels: Mapping[int, str],
        results: Sequence[Sequence[Result]] = (),
        *,
        seed: bool = False,
    ) -> tuple[Part, ...]:
        """Write parts of a function.

        Args:
            outer: the function without statements.
            chunks: the operations of each part.
            where: the number of the part of each operation, below 0 in shared ones.
            slots: the places of values that later parts read.
            labels: the names that nodes must have.
            results: for each part its results.
            seed: whether the cotangent has a name.
        """
        nodes, parts, first = self.graph.nodes, list[Part](), 0
        bound = self._bound()
        seeds = {position: "seed" for position, node in enumerate(nodes) if node.op == "cotangent" and seed}
        writer = self._writer(bound | seeds, labels)
        seeding = [Line(f"const double seed = {WITH_SLOPES} ? cotangent[row] : 1.0;", "", -1)] if seed else []
        loop_texts = {**self.texts, **named(LOOP, self.name)}
        for number, chunk in enumerate(chunks):
            own = results[number] if results else ()
            uniform = [position for position in chunk if not nodes[position].varying]
            targets = {one.position: f"{one.wanted}{one.column}" for one in own if nodes[one.position].op == "rowsum"}
            varying = [*(position for position in chunk if nodes[position].varying), *targets]
            others = [one for one in own if one.position not in targets]
            keeps = [position for position in chunk if position in slots]
            last = [one.position for one in others]
            used = {arg for position in (*chunk, *targets) for arg in nodes[position].args}.union(last)
            taken = [position for position in sorted(used) if where.get(position, number) < number]
            for position in taken:
                if position not in writer.bound:
                    writer.bound[position] = labels.get(position) or writer.numbering.fresh()
            read = {arg for position in varying for arg in nodes[position].args}.union(last, keeps)
            writer.texts, writer.indent, writer.targets = self.texts, 4 + _DECLARED, {}
            once = writer.write(uniform, read & {*uniform})
            writer.texts, writer.indent, writer.targets = loop_texts, 8 + _DECLARED, targets
            loop = writer.write(varying, (*last, *targets, *keeps))
            places = {**self.shared_slots, **slots}
            once_taken, loop_taken = (
                [self._taken(position, places[position], writer) for position in taken if nodes[position].varying == varies]
                for varies in (False, True)
            )
            weights, features = self._leaves("w", (*chunk, *targets), last), self._leaves("feature", varying, last)
            names = self.names.inputs("feature", varying, last) if self.by_part else ()
            read_there = tuple(index for index, name in enumerate(names) if name)
            stores = [f"        {one.wanted}{self._store(one, writer.operand(one.position).text)};" for one in others]
            for position in keeps:
                value = f"{'(double)' if nodes[position].boolean else ''}{writer.bound[position]}"
                pad, row = ("        ", " + row") if nodes[position].varying else ("    ", "")
                stores.append(f"{pad}keep[{slots[position]} * stride{row}] = {value};")
            name = f"{outer.name}_{number + 1}" if len(chunks) > 1 else outer.name
            lines = (*weights, *once_taken, *once), (*seeding, *features, *loop_taken, *loop)
            body = self._body(name, *lines, stores, outer.parameters, outer.flags, outer.arrays)
            count = sum(bool(one.column) for one in own)
            body = body if count == len(own) else replace(body, notes=True)
            parts.append(Part(name, body, first, count, "".join(outer.arrays[:1]), outer.arrays, features=read_there))
            first += count
        return tuple(parts)

    def _store(self, one: Result, value: str) -> str:
        """Return the statement that writes a result, or notes whether the row is in doubt."""
        return f"{one.column} = {one.factor}{value}" if one.column else f"doubt |= {self.name}_bits_({value})"

    def _slots(self, chunks: Sequence[Sequence[int]], where: Mapping[int, int]) -> tuple[dict[int, int], int]:
        """Give a place to each value that a later part reads, until the last one has read it; and tell how many there are."""
        last: dict[int, int] = {}
        for number, chunk in enumerate(chunks):
            for position in chunk:
                last.update((arg, number) for arg in self.graph.nodes[position].args if 0 <= where.get(arg, number) < number)
        slots: dict[int, int] = {}
        free: list[int] = []
        count = len(self.shared_slots)
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

    def _body(
        self,
        name: str,
        once: Sequence[Line],
        loop: Sequence[Line],
        stores: Sequence[str],
        parameters: tuple[str, ...],
        flags: tuple[str, ...] = (),
        arrays: tuple[str, ...] = (),
    ) -> Body:
        for_each = [line.startswith("        ") for line in stores]
        before = *statements(once, self.notes, 4, sign="//"), *(line for line in stores if not line.startswith("        "))
        inside = *statements(loop, self.notes, 8, sign="//"), *compress(stores, for_each)
        text = [*(line.text for line in (*once, *loop)), *stores]
        between = [word for word in ("kept", "keep") if word not in _unread([word], text)]
        known = ("w", "x", *parameters, "stride", "careful", *arrays, *(() if inside else ("rows",)))
        return Body(name, before, inside, _unread(known, text), (*parameters, *between), flags, arrays)

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
        columns = [entry.name for entry in several_targets(self.source.model)]
        targets = {
            position: f"y[{len(columns)} * row + {columns.index(str(node.data))}]"
            for position, node in enumerate(self.graph.nodes)
            if node.op == "target" and columns
        }
        along = {entry.name: f"direction[{index}]" for index, entry in enumerate(self.source.model.weight_inputs)}
        directions = {p: along[str(node.data)] for p, node in enumerate(self.graph.nodes) if node.op == "direction"}
        return self.names.leaves(others) | targets | directions

    def _writer(self, bound: dict[int, str], labels: Mapping[int, str]) -> StatementWriter:
        numbering = Numbering(self.names.identifier.values())
        return StatementWriter(self.graph, self.texts, bound, numbering, labels, self.literals, indent=4 + _DECLARED)

    def _leaves(self, kind: str, order: Sequence[int], also: Sequence[int]) -> tuple[Line, ...]:
        """Return the statements that name the weights or features that the given operations read."""
        there = [(index, name) for index, name in enumerate(self.names.inputs(kind, order, also)) if name]
        form = _OF_PART if kind == "feature" and self.by_part else _VECTORS[kind]
        lines = (f"const double {name} = {form.format(index, number)};" for number, (index, name) in enumerate(there))
        return tuple(Line(line, "", -1) for line in lines)


def _unread(words: Iterable[str], lines: Iterable[str]) -> tuple[str, ...]:
    """Return the words that are in none of some lines of code."""
    text = "\n".join(lines)
    return tuple(word for word in words if not re.search(rf"\b{word}\b", text))


def direction_of(prefix: str) -> tuple[str, ...]:
    """Return the parameter for the direction along which the results are, if they are along one."""
    return ("direction",) if prefix in (HVP, JVP) else ()


def _sums(graph: Graph, prefix: str) -> tuple[int, ...]:
    """Return the nodes that are summed over rows for some results: these in their order, then other sums.

    Where a model has neither features nor target, its graph has no sum: the partials are those of the only row.
    """
    partials = roots_of(graph, prefix)
    sums = [position for position in sorted(reachable(graph.nodes, partials)) if graph.nodes[position].op == "rowsum"]
    if not sums:  # a partial of 1 is the cotangent itself, which the only row has
        own = {position: graph.nodes[position] for position in partials}
        return tuple(position for position, node in own.items() if node.data is None or node.op == "cotangent")
    return tuple(dict.fromkeys((*(position for position in partials if position in set(sums)), *sums)))
