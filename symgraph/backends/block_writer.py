"""Statements of the functions that work on a block of rows: one NumPy call an operation, each into a row of the workspace."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from symgraph.backends.bindings import identifiers, node_labels
from symgraph.backends.buffers import Buffers
from symgraph.backends.dots import of_the_cotangent
from symgraph.backends.expression import OpTexts
from symgraph.backends.formula import formulas
from symgraph.backends.layout import call_layout, unpacked
from symgraph.backends.names import Numbering
from symgraph.backends.section import Line
from symgraph.backends.source import Source
from symgraph.backends.view import statements
from symgraph.derive.schedule import Kernel
from symgraph.ir.graph import SUMS, Node

ROWS, MASKS, SEEDS, FIXED, LOSSES = "_r", "_m", "_q", "_k", "_l"
"""How the text calls rows of floats, of truth values, of what depends on the cotangent alone, of constants, and of losses."""

_A_LINE = 8
"""How many rows are named in a line."""
_SOURCES = {ROWS: "_b.rows", MASKS: "_b.masks", SEEDS: "_b.seeds", FIXED: "_b.fixed"}
_EXTREMES = frozenset({"max", "min"})
"""Of these NumPy has deprecated the positional out, and is twice as fast with a row of a constant as with the constant."""
_UFUNCS = {
    "add": "np.add", "sub": "np.subtract", "mul": "np.multiply", "div": "np.divide", "neg": "np.negative", "lt": "np.less",
    "le": "np.less_equal", "gt": "np.greater", "ge": "np.greater_equal", "eq": "np.equal", "ne": "np.not_equal",
    "and": "np.logical_and", "or": "np.logical_or", "not": "np.logical_not",
}  # fmt: skip
"""NumPy's functions for what the plain text writes with operators."""


@dataclass(slots=True)
class State:
    """Which rows hold what, at a point of a program."""

    floats: Buffers = field(default_factory=Buffers)
    masks: Buffers = field(default_factory=Buffers)

    def copy(self) -> "State":
        """The same state, to go on from apart."""
        return State(self.floats.copy(), self.masks.copy())


class BlockWriter:
    """Writes the functions of one module that work on blocks, which share rows and the names of values.

    Attributes:
        sums: the sums over rows, in the order in which functions hand them on.
        scalars: the names of what is the same in every row, in the order in which functions get them.
        seed_rows: the row of each value that depends on the cotangent alone.
        fixed: the row of each constant that extremes are taken with.
    """

    def __init__(self, source: Source, kernel: Kernel, texts: OpTexts) -> None:
        self.source, self.graph, self.texts = source, source.graph, texts
        nodes = self.graph.nodes
        self.identifier = identifiers(source.model)
        self.numbering = Numbering()
        self.loss = self.graph.roots.get("loss")
        self.sums = [p for p in kernel.backward if nodes[p].op in SUMS]
        self.seeds = {p for p in of_the_cotangent(self.graph) if nodes[p].data is None}
        self.after_sums = _after_sums(source)
        self.seed_rows: dict[int, int] = {}
        self.fixed: dict[int, int] = {}
        self.names = {p: self._leaf(p) for p, node in enumerate(nodes) if node.op in ("feature", "target", "cotangent")}
        self.scalars: dict[int, str] = {}
        self.titles = {self.identifier.get(name, name): f"{name} = {text}" for name, text in formulas(source.lowered).items()}

    def _leaf(self, position: int) -> str:
        node = self.graph.nodes[position]
        return self.identifier[str(node.data)] if node.op == "feature" else {"target": "y"}.get(node.op, node.op)

    def note_scalars(self, positions: Collection[int]) -> None:
        """Name the values among the given ones, or among their operands, that are the same in every row: constants last.

        Constants that extremes are taken with get a row instead.
        """
        nodes, labels = self.graph.nodes, node_labels(self.graph, self.identifier)
        constants_of_extremes = dict.fromkeys(arg for position in positions for arg in self._fixed(position))
        self.fixed = {constant: index for index, constant in enumerate(constants_of_extremes)}
        found = dict.fromkeys(part for position in positions for part in (position, *self._named(position)))
        own = [p for p in found if not nodes[p].varying and p not in self.after_sums]
        weights = sorted(p for p in own if nodes[p].op == "weight")
        computed = [p for p in own if nodes[p].data is None]
        constants = [p for p in own if isinstance(nodes[p].data, float)]
        self.scalars = {p: self.identifier[str(nodes[p].data)] for p in weights}
        self.scalars |= {p: labels.get(p) or self.numbering.fresh() for p in computed}
        self.scalars |= {p: f"_c{index}" for index, p in enumerate(constants)}
        self.scalars |= {p: "_largest" for p in own if nodes[p].op == "largest"}

    def section(
        self,
        order: Sequence[int],
        labels: Mapping[int, str],
        state: State,
        reads: Mapping[int, set[int]],
        before: Sequence[int],
        *,
        copies: Mapping[int, str] | None = None,
        also: Sequence[int] = (),
    ) -> tuple[str, ...]:
        """The statements of one function, with those that open it.

        Args:
            order: its operations, which vary by row, and sums over rows.
            labels: names that operations must have.
            state: the rows; it is changed to what holds at the end.
            reads: the values that each operation reads last.
            before: the operations of the functions that are called before.
            copies: values to be copied at the end, with the row that takes them.
            also: values that the function reads besides.
        """
        lines: list[Line] = []
        notes: dict[int, str] = {}
        earlier = {position: self.place(position, state) for position in before}
        taken: set[str] = set()
        used = {arg for position in order for arg in self._named(position)} | {*(copies or ()), *also}
        for position in order:
            self.names[position] = labels.get(position) or self.numbering.fresh()
            row = self._destination(position, state, reads[position])
            taken.add(row)
            taken |= {f"{FIXED}{self.fixed[constant]}" for constant in self._fixed(position)}
            lines.append(Line(self._statement(position, row, used), self.graph.nodes[position].origin, position))
            if position not in used:
                notes[position] = labels.get(position, "")
        body = list(statements(lines, notes, titles=self.titles))
        for position, row in (copies or {}).items():
            taken.add(row)
            body.append(f"    np.copyto({row}, {self.operand(position)})")
        summing = {self.graph.nodes[position].op for position in order} & SUMS
        opening = [*self._opening(used - set(order), earlier, taken), *(["_dot = _b.dot"] if summing else [])]
        opening += ["_ones = _b.ones"] if "rowsum" in summing else []
        return (*(f"    {line}" for line in opening), *body)

    def place(self, position: int, state: State) -> str:
        """The row in which a value stands, or "" where it has none any more."""
        if position == self.loss:
            return LOSSES
        if position in self.seeds:
            return f"{SEEDS}{self.seed_rows.setdefault(position, len(self.seed_rows))}"
        kind, buffers = (MASKS, state.masks) if self.graph.nodes[position].boolean else (ROWS, state.floats)
        return f"{kind}{buffers.at[position]}" if position in buffers.at else ""

    def _named(self, position: int) -> list[int]:
        """The operands that go by a name of their own."""
        fixed = self._fixed(position)
        return [arg for arg in self.graph.nodes[position].args if arg not in fixed]

    def _fixed(self, position: int) -> list[int]:
        """The constants of an extreme of what varies."""
        node = self.graph.nodes[position]
        parts = [(arg, self.graph.nodes[arg]) for arg in node.args] if node.varying and node.op in _EXTREMES else []
        return [arg for arg, part in parts if part.op == "largest" or isinstance(part.data, float)]

    def operand(self, position: int) -> str:
        """The name of a value."""
        return self.names[position] if self.graph.nodes[position].varying else self.scalars[position]

    def _destination(self, position: int, state: State, dying: set[int]) -> str:
        node = self.graph.nodes[position]
        own, other = (state.masks, state.floats) if node.boolean else (state.floats, state.masks)
        if node.op in SUMS:
            row = self._spread(node, own)
            own.release(dying)
            return row
        if position == self.loss or position in self.seeds:
            own.release(dying)
        else:
            # of a selection the condition and what is chosen are read after the other branch has been written
            own.place(position, node.args, dying, node.args[:2] if node.op == "select" else ())
        other.release(dying)
        return self.place(position, state)

    def _spread(self, node: Node, floats: Buffers) -> str:
        """A free row for a summand that may be one number for all rows; "" for others."""
        if self.graph.nodes[node.args[0]].op != "cotangent" and node.args[0] not in self.seeds:
            return ""
        row = floats.place(-1, (), ())
        floats.release([-1])
        return f"{ROWS}{row}"

    def _statement(self, position: int, row: str, used: set[int]) -> str:
        """The call that computes a value; where its function does not read it, it is not named."""
        node = self.graph.nodes[position]
        name = f"{self.names[position]} = " if position in used else ""
        fixed = self._fixed(position)
        operands = [f"{FIXED}{self.fixed[arg]}" if arg in fixed else self.operand(arg) for arg in node.args]
        if node.op in SUMS:
            first = f"_put({operands[0]}, {row})" if row else operands[0]
            return call_layout(f"{self.names[position]} = _dot(", [first, *(operands[1:] or ["_ones"])], ")", 4)
        if node.op == "select":
            return call_layout(f"{name}_pick(", [*operands, row, "_b.bits"], ")", 4)
        function = _UFUNCS.get(node.op) or self.texts[node.op].format.partition("(")[0]
        if function.startswith("_"):  # of the module's own
            return call_layout(f"{name}{function}_into(", [*operands, row, "_b.own"], ")", 4)
        return call_layout(f"{name}{function}(", [*operands, f"out={row}" if node.op in _EXTREMES else row], ")", 4)

    def _opening(self, read: set[int], earlier: Mapping[int, str], used: set[str]) -> list[str]:
        """Statements that give scalars, columns, rows, and the values of earlier functions their names."""
        nodes = self.graph.nodes
        names = {self.scalars[position] for position in read if not nodes[position].varying}
        lines = unpacked([name if name in names else "" for name in self.scalars.values()], "_u", 4) if names else []
        varying = sorted(position for position in read if nodes[position].varying)
        columns = {str(nodes[position].data) for position in varying if nodes[position].op == "feature"}
        if columns:
            entries = self.source.model.feature_inputs
            lines += unpacked([self.identifier[e.name] if e.name in columns else "" for e in entries], "_b.columns", 4)
        lines += [f"{self.names[p]} = _b.{nodes[p].op}" for p in varying if nodes[p].op in ("target", "cotangent")]
        aliases = [(self.names[p], earlier[p]) for p in varying if p in earlier]
        rows = used | {row for _, row in aliases}
        lines += ["_l = _b.losses"] if LOSSES in rows else []
        for kind, source in _SOURCES.items():
            lines += _unpacked_rows(sorted(int(row[2:]) for row in rows if row.startswith(kind)), kind, source)
        return [*lines, *(f"{name} = {row}" for name, row in aliases)]


def _unpacked_rows(indices: Sequence[int], kind: str, source: str) -> list[str]:
    """Statements that give rows their names; a few that are not used are named along where that takes fewer lines."""
    if not indices:
        return []
    count = indices[-1] + 1
    if 2 * len(indices) < count or count == 1:
        return [f"{kind}{index} = {source}[{index}]" for index in indices]
    chunks = [range(start, min(start + _A_LINE, count)) for start in range(0, count, _A_LINE)]
    return [
        f"{', '.join(f'{kind}{i}' for i in chunk)} = {source}[{chunk.start}:{chunk.stop}]" for chunk in chunks if len(chunk) > 1
    ] + [f"{kind}{chunk.start} = {source}[{chunk.start}]" for chunk in chunks if len(chunk) == 1]


def _after_sums(source: Source) -> frozenset[int]:
    """Sums over rows, and what depends on them."""
    found: set[int] = set()
    for position, node in enumerate(source.graph.nodes):
        if node.op in SUMS or any(arg in found for arg in node.args):
            found.add(position)
    return frozenset(found)
