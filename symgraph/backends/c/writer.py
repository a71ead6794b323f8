"""Statements of a C file: a loop over rows that writes terms, and the code that runs once with their sums."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from types import MappingProxyType

from symgraph.backends.c.functions import LOOP, named
from symgraph.backends.c.loops import split
from symgraph.backends.c.names import ON_REQUEST, ascii_name, ascii_names, taken
from symgraph.backends.names import JACOBIAN, Names, Numbering, identifiers
from symgraph.backends.section import Line, SectionWriter, statements
from symgraph.backends.source import Source
from symgraph.derive.schedule import operations, roots_of
from symgraph.ir.graph import Graph, reachable
from symgraph.ir.optext import OpTexts, Text
from symgraph.options import HVP

_DECLARED = len("const double ")
_VECTORS = {"w": "w[{}]", "feature": "x[{} * stride + row]"}


@dataclass(slots=True)
class StatementWriter(SectionWriter):
    """Writer of operations as C.

    Attributes:
        targets: the place that the argument of a sum over rows is written to.
        kept: positions whose values are kept in an array of a place for each row, since later loops read them.
    """

    targets: Mapping[int, str] = field(default_factory=dict)
    kept: frozenset[int] = frozenset()

    def _branches(self, order: Sequence[int]) -> set[int]:
        return set()  # nothing raises in C

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
class CFunction:
    """Function of the C file.

    Attributes:
        once: the statements before its loops over rows.
        arrays: the declarations of arrays that later loops read.
        loops: the statements of each loop; all of the function in one where there is no loop.
        results: the text of each result, after the last statement.
        unused: the parameters that nothing reads.
        careful: whether it calls a function that needs the C library for some arguments.
    """

    once: tuple[str, ...]
    arrays: tuple[str, ...]
    loops: tuple[tuple[str, ...], ...]
    results: tuple[str, ...]
    unused: tuple[str, ...]
    careful: bool

    @property
    def texts(self) -> tuple[str, ...]:
        """Return every piece of text."""
        return tuple(chain(self.once, *self.loops, self.results))


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

    def sums(self, prefix: str) -> tuple[int, ...]:
        """Return the sums over rows that results need, from number 1 on: number 0 is that of the losses."""
        return _sums(self.graph, prefix)

    def terms(self, prefix: str = "grad") -> CFunction:
        """Write the function for the terms of every sum; its results are the loss, and partials without a sum over rows."""
        sums = self.sums(prefix)
        places = {position: f"terms[{index} * stride + row]" for index, position in enumerate(sums, start=1)}
        targets = {position: place for position, place in places.items() if self.graph.nodes[position].op == "rowsum"}
        arguments = [self.graph.nodes[position].args[0] for position in targets]
        results = (self.graph.roots["loss"], *(position for position in sums if position not in targets))
        return self._over_rows((*arguments, *results), results, self.labels, targets, (*_direction(prefix), "cotangent"))

    def root(self, name: str) -> CFunction:
        """Write the function for the output, the residual, or the loss of each row."""
        position = self.graph.roots[name]
        return self._over_rows((position,), (position,), self.labels)

    def partials(self, prefix: str, suffix: str) -> CFunction:
        """Write the function for the derivatives of the output or the residual; see ``adjoint`` for prefix and suffix."""
        results = roots_of(self.graph, prefix)
        return self._over_rows(results, results, self.names.cotangents(suffix)[0] | self.names.nodes())

    def both(self) -> CFunction:
        """Write the function for the output and its derivatives by the weights."""
        results = (self.graph.roots["output"], *roots_of(self.graph, "jacobian"))
        return self._over_rows(results, results, self.names.cotangents(JACOBIAN)[0] | self.names.nodes())

    def gradient(self, prefix: str = "grad") -> CFunction:
        """Write the code that runs once with the sums: the statements, and the partials."""
        results = roots_of(self.graph, prefix)
        bound = self._bound() | {position: f"sums[{index}]" for index, position in enumerate(self.sums(prefix), start=1)}
        found = self._operations([position for position in results if position not in bound], known=set(bound))
        writer = self._writer(bound, self.labels)
        body = (*self._leaves("w", found, results), *writer.write(found, results))
        values = [writer.operand(position).text for position in results]
        return self._function((), (), [body], values, ("w", *_direction(prefix), "sums"), 4)

    def _over_rows(
        self,
        needed: Sequence[int],
        results: Sequence[int],
        labels: Mapping[int, str],
        targets: Mapping[int, str] = MappingProxyType({}),
        parameters: Sequence[str] = (),
    ) -> CFunction:
        """Write a function over rows; ``parameters`` are those that it has beside weights, columns and the rows' distance."""
        found = self._operations(needed, known=set())
        uniform = tuple(position for position in found if not self.graph.nodes[position].varying)
        varying = tuple(position for position in found if self.graph.nodes[position].varying)
        parts = split(self.graph, (*varying, *targets), results)
        writer = self._writer(self._bound(), labels)
        read = {arg for position in varying for arg in self.graph.nodes[position].args} | {*needed}
        once = writer.write(uniform, read & set(uniform))
        writer.texts = {**self.texts, **named(LOOP, self.name)}
        writer.indent, writer.targets, writer.kept = 8 + _DECLARED, targets, parts.kept
        loops = []
        for number, order in enumerate(parts.loops, start=1):
            body = writer.write(order, (*results, *targets, *parts.kept))
            last = needed if number == len(parts.loops) else ()
            loops.append((*self._leaves("feature", order, last), *body))
        once = (*self._leaves("w", (*found, *targets), needed), *once)
        arrays = [self._array(position, writer) for position in sorted(parts.kept)]
        values = [writer.operand(position).text for position in results]
        return self._function(once, arrays, loops, values, ("w", "x", "y", *parameters, "stride"))

    def _function(
        self,
        once: Sequence[Line],
        arrays: Sequence[str],
        loops: Sequence[Sequence[Line]],
        results: Sequence[str],
        parameters: Sequence[str],
        indent: int = 8,
    ) -> CFunction:
        text = "\n".join(chain((line.text for line in chain(once, *loops)), results))
        return CFunction(
            statements(once, self.notes, 4, sign="//"),
            tuple(arrays),
            tuple(statements(lines, self.notes, indent, sign="//") for lines in loops),
            tuple(results),
            tuple(name for name in parameters if not re.search(rf"\b{name}\b", text)),
            "careful" in text,
        )

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
        along = {entry.name: f"direction[{index}]" for index, entry in enumerate(self.source.model.weight_inputs)}
        directions = {p: along[str(node.data)] for p, node in enumerate(self.graph.nodes) if node.op == "direction"}
        return self.names.leaves(others) | directions

    def _writer(self, bound: dict[int, str], labels: Mapping[int, str]) -> StatementWriter:
        numbering = Numbering(self.names.identifier.values())
        return StatementWriter(self.graph, self.texts, bound, numbering, labels, self.literals, indent=4 + _DECLARED)

    def _leaves(self, kind: str, order: Sequence[int], also: Sequence[int]) -> tuple[Line, ...]:
        """Return the statements that name the weights or features that the given operations read."""
        names = enumerate(self.names.inputs(kind, order, also))
        return tuple(Line(f"const double {name} = {_VECTORS[kind].format(index)};", "", -1) for index, name in names if name)


def _direction(prefix: str) -> tuple[str, ...]:
    """Return the parameter for the direction along which the results are, if they are along one."""
    return ("direction",) if prefix == HVP else ()


def _sums(graph: Graph, prefix: str) -> tuple[int, ...]:
    """Return the nodes that are summed over rows for some results: these in their order, then other sums.

    Where a model has neither features nor target, its graph has no sum: the partials are those of the only row.
    """
    partials = roots_of(graph, prefix)
    sums = [position for position in sorted(reachable(graph.nodes, partials)) if graph.nodes[position].op == "rowsum"]
    if not sums:
        return tuple(dict.fromkeys(position for position in partials if graph.nodes[position].data is None))
    return tuple(dict.fromkeys((*(position for position in partials if position in set(sums)), *sums)))
