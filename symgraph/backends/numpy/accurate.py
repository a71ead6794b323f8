"""The lines of a module in double-double arithmetic: every real value is a pair, the tape's public fields are rounded."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from symgraph.backends.layout import number, unpacked
from symgraph.backends.names import Names, several_targets
from symgraph.backends.numpy.lines import ARGUMENTS, LinesWriter
from symgraph.backends.source import Source
from symgraph.derive.schedule import Kernel
from symgraph.ir.ops import texts_of
from symgraph.ir.optext import OpTexts, call

TEXTS: OpTexts = MappingProxyType(
    {**texts_of("accurate"), "mul_floats": call("dd_mul_floats", 2), "mul_power": call("dd_mul_power", 2)}
)
"""Texts of operations on pairs. ``mul_floats`` is the product of two numbers without a low part, ``mul_power`` that
with a power of two."""

_CALLED = {text.format.lstrip("~").partition("(")[0] for text in TEXTS.values()}
_TAKEN = frozenset(
    {"Pair", "pair_of", "pairs_of", "rounded_pair", "w_pairs", "x_pairs", "y_pair", "y_pairs", *_CALLED, *ARGUMENTS}
)


class AccurateWriter(LinesWriter):
    """Writes the functions of one module; locals are pairs of floats, truth values are arrays."""

    number = "Pair"
    row_sum = "Callable[[Pair], Pair]"
    taken = _TAKEN
    inner = 4
    leaves = MappingProxyType({"target": "y_pair", "cotangent": "cotangent", "largest": "largest"})
    constant = "{value}"
    largest = "pair_of(np.finfo(np.float64).max)"
    target = "y_pair = pair_of({value})"
    binders = ("bind_accurate", "bind_accurate")
    lines_type = "AccurateLines"
    # whose sums are of plain floats
    lacks = frozenset({"normal_equations", "penalty_residual", "penalty_jacobian", "class_probabilities"})

    def __init__(self, source: Source, kernel: Kernel, literals: Mapping[str, str]) -> None:
        super().__init__(source, kernel, TEXTS, _pair_literals(source, literals))
        self.plain = literals
        self.pairs = self._positions_of_pairs()
        self.fields_of_pairs = self._names_of_pairs()

    def of_weights(
        self, names: Names, results: Sequence[int], *, seconds: bool = False, bases: Sequence[str] = ()
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The statements that compute some nodes of a graph without rows from w, and the expression for each."""
        self.literals = {**self.literals, **_pair_literals(replace(self.source, graph=names.graph), self.plain)}
        return super().of_weights(names, results, seconds=seconds, bases=bases)

    def body(self) -> tuple[str, ...]:
        """The statements of _forward; without y the tape is returned before what needs it."""
        before, after = self.forward()
        short, full = (self.tape_call(with_target=with_target) for with_target in (False, True))
        early = ("    if y is None:", f"        {short}") if self.absent_without_y.intersection(self._on_tape()) else ()
        return (*before, *early, *after, f"    {full}")

    def _uniform_loss(self) -> str:
        """None: the pair of a loss has a field of its own."""
        return ""

    def _on_tape(self) -> list[int]:
        return [position for position, _ in self.tape_values()]

    def fields(self) -> tuple[str, ...]:
        """The fields of the tape: rounded nodes and loss, and the pairs that other functions read."""
        nodes = self.graph.nodes
        every = [(position, name, "Array") for position, name in self._rounded_fields()]
        every += [(p, name, "Array" if nodes[p].boolean else "Pair") for p, name in self._pair_fields()]
        kinds = {name: kind for _, name, kind in every}
        ordered = self._without_target_first([(position, name) for position, name, _ in every])
        return tuple(self._field_line(position, name, kinds[name]) for position, name in ordered)

    def tape_values(self) -> list[tuple[int, str]]:
        """Position and text of everything that the tape holds after w, X and y."""
        rounded = [(position, self._rounded(position, name)) for position, name in self._rounded_fields()]
        return self._without_target_first(rounded + [(position, self._primal(position)) for position, _ in self._pair_fields()])

    def loss(self) -> str:
        """The statement that returns the pair of each row's loss from the tape."""
        position = self.graph.roots["loss"]
        field = f"tape.{self._field(position)}"
        return f"return known({field})" if position in self.absent_without_y else f"return {field}"

    def _positions_of_pairs(self) -> tuple[int, ...]:
        """Named operations whose pairs other functions read, the loss among them; unnamed ones are on the tape anyway."""
        roots, kernel = self.graph.roots, self.kernel
        loss = {roots["loss"]} if "loss" in roots else set()
        return tuple(sorted((self.kernel.read & {*kernel.forward, *kernel.forward_target} - self.taped) | loss))

    def _names_of_pairs(self) -> dict[int, str]:
        """The field of each of these pairs, after the node or the loss."""
        taken, result = set(self.identifier.values()), {}
        for position in self.pairs:
            name = f"{self.identifier[self.named[position][0]] if position in self.named else 'loss'}_pair"
            while name in taken:
                name += "_"
            result[position] = name
        return result

    def _rounded_fields(self) -> list[tuple[int, str]]:
        return [(position, name) for position, name in self._stored() if position not in self.taped]

    def _pair_fields(self) -> list[tuple[int, str]]:
        return [*self.fields_of_pairs.items(), *((position, self.bound[position]) for position in self.kernel.tape)]

    def _field(self, position: int) -> str:
        return self.fields_of_pairs.get(position) or self.bound[position]

    def _rounded(self, position: int, name: str) -> str:
        """The text of a public field's value."""
        if self.graph.nodes[position].op == "target":
            targets = several_targets(self.source.model)
            return f"y.T[{[one.name for one in targets].index(str(self.graph.nodes[position].data))}]" if targets else "y"
        text = f"rounded_pair({self._primal(position)}, w.dtype)"
        return self._by_row(position, text) if name == "loss" else text

    def _read_aliases(self) -> set[int]:
        """None: the tape takes these from y itself."""
        return set()

    def _aliases(self, *, needs_target: bool) -> tuple[str, ...]:
        """No assignments: further names of a node exist on the tape alone."""
        return ()

    def _unpacked(self, kind: str, names: Sequence[str], vector: str) -> list[str]:
        lines = unpacked(names, f"pairs_of({vector})", 4)
        if len(lines) < 2:
            return lines
        pairs = {"w": "w_pairs", "feature": "x_pairs", "target": "y_pairs"}[kind]
        return [f"{pairs} = pairs_of({vector})", *unpacked(names, pairs, 4)]


def _pair_literals(source: Source, literals: Mapping[str, str]) -> Mapping[str, str]:
    """The text of every constant of a graph, by repr."""
    result = {}
    for constant in {repr(node.data): node.data for node in source.graph.nodes if isinstance(node.data, float)}.values():
        key, rest = repr(constant), source.rests.get(constant, 0.0)
        nearest = constant + rest  # folding may have rounded more than once
        rest = (constant - nearest) + rest if rest else 0.0
        text = literals.get(key, number(nearest))
        result[key] = f"pair_of({text}, {number(rest)})" if rest else f"pair_of({text})"
    return result
