"""The statements of a module in double-double arithmetic: every real value is a pair, the tape's public fields are rounded."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from symgraph.backends.accurate_functions import TEXTS, Constants, library
from symgraph.backends.bindings import identifiers, leaf_bindings, leaves_read, unpack_leaves
from symgraph.backends.expression import OpTexts
from symgraph.backends.layout import call_layout, number
from symgraph.backends.module_writer import ModuleWriter
from symgraph.backends.section import SectionWriter
from symgraph.backends.source import Source
from symgraph.backends.width import WIDTH, columns
from symgraph.derive.schedule import Kernel
from symgraph.ir.graph import Graph, Node

_INPUTS = {"target": "_y", "cotangent": "cotangent", "largest": "_largest"}
_TAKEN = ("Pair", "Table")
_EXACT = frozenset({"feature", "weight", "target"})


@dataclass(frozen=True, slots=True)
class AccurateView:
    """What the templates of an accurate module print.

    Attributes:
        functions: names of the double-double functions that it needs.
        constants: what they read.
    """

    functions: frozenset[str]
    constants: Constants


class AccurateWriter(ModuleWriter):
    """Writes the functions of one module; locals are pairs of floats, truth values are arrays."""

    def __init__(self, source: Source, kernel: Kernel, texts: OpTexts, literals: Mapping[str, str]) -> None:
        graph = with_cheap_products(source.graph)
        super().__init__(replace(source, graph=graph), kernel, TEXTS, _pair_literals(source, literals))
        self.identifier = identifiers(source.model, _TAKEN)
        self.bound = leaf_bindings(graph, self.identifier, _INPUTS)
        self.pairs = self._positions_of_pairs()

    def view(self) -> AccurateView:
        """What the templates need beyond the statements."""
        also = {"_dd_rowsum", "_dd_mul", "_dd_div"} if "loss" in self.graph.roots else set()
        needed = library(self.graph, also)
        return AccurateView(needed.functions, needed.constants)

    @property
    def passes_functions(self) -> bool:
        """Whether a function of the module takes another one."""
        return "_settled" in self.view().functions

    def forward(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The statements of _forward, before and after the target is needed."""
        before, after = super().forward()
        reads = leaves_read(self.graph, "target", self.kernel.forward_target)
        return before, (*(("    _y = _pair(y)",) if reads else ()), *after)

    def fields(self) -> tuple[str, ...]:
        """The fields of the tape after w, X and y: rounded nodes and loss, then the pairs that other functions read."""
        lines = [f"{name}: Array{self._optional(position)}" for position, name in self._public_fields()]
        for position, name in self._pair_fields():
            kind = "Array" if self.graph.nodes[position].boolean else "Pair"
            remark = self.remarks.get(position, "") if position in self.kernel.tape else ""
            line = f"{name}: {kind}{self._optional(position)}"
            fits = remark and columns(f"    {line}  # {remark}") <= WIDTH
            lines.append(f"{line}  # {remark}" if fits else line)
        return tuple(lines)

    def tape_call(self, *, with_target: bool) -> str:
        """The statement that returns the tape; without the target, what depends on it is None."""
        values = ["w", "X", "y" if with_target else "None"]
        public = [(position, self._rounded(position, name)) for position, name in self._public_fields()]
        pairs = [(position, self._primal(position)) for position, _ in self._pair_fields()]
        for position, text in public + pairs:
            values.append("None" if position in self.absent_without_y and not with_target else text)
        return call_layout("return Tape(", values, ")", 4 if with_target else 8)

    def _positions_of_pairs(self) -> tuple[int, ...]:
        """Named operations whose pairs other functions read; unnamed ones are on the tape anyway."""
        graph, kernel = self.graph, self.kernel
        after = (*kernel.backward, *kernel.jacobian, *kernel.residual, *kernel.residual_jacobian)
        read = {arg for position in after for arg in graph.nodes[position].args}
        read |= {p for root, p in graph.roots.items() if root.startswith(("grad ", "jacobian ", "residual"))}
        own = {*kernel.forward, *kernel.forward_target} - set(kernel.tape)
        return tuple(sorted(read & own))

    def _public_fields(self) -> list[tuple[int, str]]:
        return [entry for entry in self._stored() if entry[0] not in self.kernel.tape]

    def _pair_fields(self) -> list[tuple[int, str]]:
        """Position and field of every pair on the tape."""
        loss = self.graph.roots.get("loss")
        named = [(position, self._field(position)) for position in self.pairs if position != loss]
        return [
            *([] if loss is None else [(loss, "_loss")]),
            *named,
            *((position, self._field(position)) for position in self.kernel.tape),
        ]

    def _field(self, position: int) -> str:
        """The field of the tape that holds an operation's pair."""
        if position == self.graph.roots.get("loss"):
            return "_loss"
        name = self.bound[position]
        return name if position in self.kernel.tape else f"_{name}"

    def _optional(self, position: int) -> str:
        return " | None" if position in self.absent_without_y else ""

    def _rounded(self, position: int, name: str) -> str:
        """The text of a public field's value."""
        node = self.graph.nodes[position]
        text = "y" if node.op == "target" else f"_rounded({self._primal(position)}, w.dtype)"
        model = self.source.model
        has_rows = bool(model.feature_inputs) or model.target_input is not None
        if name != "loss" or not has_rows or node.varying:
            return text
        return f"_every_row({text}, {'X' if model.feature_inputs else 'y'})"

    def _section(self, bound: dict[int, str], labels: dict[int, str], w: str) -> SectionWriter:
        return SectionWriter(self.graph, self.texts, bound, self.numbering, labels, self.literals)

    def _aliases(self, *, needs_target: bool) -> tuple[str, ...]:
        """No assignments: further names of a node exist on the tape alone."""
        return ()

    def _primal(self, position: int) -> str:
        data = self.graph.nodes[position].data
        return self.literals[repr(data)] if isinstance(data, float) else self.bound[position]

    def _openings(self, order: tuple[int, ...], also: tuple[int, ...], w: str, X: str) -> list[str]:
        """Statements that give the weights and columns which a function reads their names."""
        model, graph = self.source.model, self.graph
        lines: list[str] = []
        for kind, entries, name, source in (
            ("weight", model.weight_inputs, "_w", w),
            ("feature", model.feature_inputs, "_x", f"{X}.T"),
        ):
            used = leaves_read(graph, kind, order, also)
            if used:
                lines.append(f"{name} = _pairs({source})")
                lines += unpack_leaves([entry.name for entry in entries], self.identifier, used, name)
        if leaves_read(graph, "largest", order):
            lines.append("_largest = _pair(np.finfo(np.float64).max)")
        return [f"    {line}" for line in lines]

    def _tape_bindings(self, order: tuple[int, ...], results: tuple[int, ...]) -> tuple[dict[int, str], list[str]]:
        """Identifiers of the primals that a reverse function reads from the tape, and the statements that open it."""
        graph, kernel = self.graph, self.kernel
        bound = leaf_bindings(graph, self.identifier, _INPUTS)
        read = {arg for position in order for arg in graph.nodes[position].args} | set(results)
        opening = self._openings(order, results, "tape.w", "tape.X")
        if any(graph.nodes[position].op == "target" for position in read):
            opening.append("    _y = _pair(_known(tape.y))")
        for position in (*kernel.forward, *kernel.forward_target):
            if position in read:
                field = self._field(position)
                bound[position] = f"tape.{field}"
                if position in self.absent_without_y:
                    name = bound[position] = self.bound[position]
                    opening.append(f"    {call_layout(f'{name} = _known(', [f'tape.{field}'], ')', 4)}")
        return bound, opening


def with_cheap_products(graph: Graph) -> Graph:
    """The graph with products told apart that are exact as pairs: those of two inputs, and those with a power of two."""

    def renamed(node: Node) -> Node:
        if node.op != "mul":
            return node
        factors = [graph.nodes[arg] for arg in node.args]
        if isinstance(factors[0].data, float) and abs(math.frexp(factors[0].data)[0]) == 0.5:
            return node._replace(op="mul_power")
        return node._replace(op="mul_floats") if all(factor.op in _EXACT for factor in factors) else node

    return replace(graph, nodes=tuple(renamed(node) for node in graph.nodes))


def _pair_literals(source: Source, literals: Mapping[str, str]) -> Mapping[str, str]:
    """The text of every constant of a graph, by repr."""
    result = {}
    for constant in {repr(node.data): node.data for node in source.graph.nodes if isinstance(node.data, float)}.values():
        key, rest = repr(constant), source.rests.get(constant, 0.0)
        nearest = constant + rest  # folding may have rounded more than once
        rest = (constant - nearest) + rest if rest else 0.0
        text = literals.get(key, number(nearest))
        result[key] = f"_pair({text}, {number(rest)})" if rest else f"_pair({text})"
    return result
