"""An optimizer's rule as statements of C: the rule is called once with stand-ins for its numbers, which record what it does.

Statements that are the same for all weights stand apart, to be run once a row. What the rule writes as a quotient by such a
value is a product with its inverse there, and powers of the step are multiplied up, so the C agrees with the rule to rounding.
Numbers of the rule are arguments of the C code: optimizers that differ in their parameters alone share one library.
"""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from symgraph.errors import SymgraphError
from symgraph.runtime.facts import DOUBLE
from symgraph.runtime.recording import ARGUMENT, NUMBER, Kind, Node, Recorder
from symgraph.use.training.optimizers import OPTIMIZERS, Optimizer, Parameter, Update

_LONGEST = 1000
"""Most operations of a rule."""

_TEXTS = MappingProxyType(
    {
        **{np.add: "{} + {}", np.subtract: "{} - {}", np.multiply: "{} * {}", np.divide: "{} / {}", np.positive: "{}"},
        **{np.negative: "-{}", np.absolute: "fabs({})", np.sqrt: "sqrt({})", np.power: "pow({}, {})"},
    }
)
"""C text of each operation that a rule may be made of."""


class NotRecordedError(SymgraphError):
    """A rule that is more than the operators and the square root it is given; says why."""


class RuleInC(NamedTuple):
    """A rule as C code, in the names that ``epoch.c`` has for its numbers.

    Attributes:
        uniform: the statements that are the same for all weights.
        each: the statements for weight j; they store the new weight and slots.
        powers: the base of each power of the step.
        slots: the running quantities that it keeps for each weight.
    """

    uniform: tuple[str, ...]
    each: tuple[str, ...]
    powers: tuple[str, ...]
    slots: int


def recorded(optimizer: Optimizer) -> tuple[RuleInC, tuple[float, ...]]:
    """Write an optimizer's rule as C.

    Args:
        optimizer: its rule is called once.

    Returns:
        The rule, and its constants, which are arguments of the code.

    Raises:
        NotRecordedError: the rule uses more than operators and the square root it is given.
    """
    find = _known if optimizer.definition in _PURE else _recorded
    return find(optimizer.name, optimizer.definition, optimizer.slots, optimizer.parameters)


def _recorded(
    name: str, definition: Callable[..., Update], slots: int, parameters: tuple[Parameter, ...]
) -> tuple[RuleInC, tuple[float, ...]]:
    recorder = Recorder(DOUBLE)
    places = ("w[j]", *(f"slot[{k} * PADDED + j]" for k in range(slots)))
    w, *old = (recorder.argument(place, 0, Kind.ROW) for place in places)
    g, step, rate = (recorder.argument(given, 0, kind) for given, kind in _GIVEN)
    try:
        update: Any = definition(np.sqrt, **{parameter.name: parameter.value for parameter in parameters})
        moved, kept = update(w, g, tuple(old), step, rate)
        new = [recorder.operand(value, DOUBLE).position for value in (moved, *kept)]
    except Exception as error:  # a rule for floats alone may raise anything here; the message gives the cause
        raise NotRecordedError(f"the rule of {name} is not made of operators alone: {error}") from error
    if len(new) != len(places):
        raise NotRecordedError(f"the rule of {name} returns {len(new) - 1} slots and not {slots}")
    if len(recorder.nodes) > _LONGEST:
        raise NotRecordedError(f"the rule of {name} has more than {_LONGEST} operations")
    writer = _Writer(recorder.nodes, name)
    each = [f"const double new{i} = {writer.names[position]};" for i, position in enumerate(new)]  # all are read before a store
    each += [f"{place} = new{i};" for i, place in enumerate(places)]
    return RuleInC(tuple(writer.uniform), (*writer.each, *each), tuple(writer.powers), slots), tuple(writer.numbers)


_PURE = frozenset(optimizer.definition for optimizer in OPTIMIZERS.values())
"""Rules that do the same at every call; a user's rule may depend on more than its parameters."""

_known = lru_cache(maxsize=64)(_recorded)

_STEP = "step"
_GIVEN = (("g[j]", Kind.ROW), (_STEP, Kind.UNIFORM), ("rate", Kind.UNIFORM))


class _Writer:
    """Writer of the statements of a rule, in the order of its operations; each value has a name."""

    def __init__(self, nodes: Sequence[Node], rule: str) -> None:
        self.nodes = nodes
        self.rule = rule
        self.uniform: list[str] = []
        self.each: list[str] = []
        self.powers: list[str] = []
        self.numbers: list[float] = []
        self.names: list[str] = []
        for node in nodes:
            self.names.append(self._name(node))

    def _name(self, node: Node) -> str:
        """Return the name of a node's value, after writing the statements that compute it."""
        if node.function is ARGUMENT:
            return str(node.data[0])
        if node.function is NUMBER:
            if not math.isfinite(node.data):
                raise NotRecordedError(f"the rule of {self.rule} uses the constant {node.data}")
            self.numbers.append(float(node.data))
            return f"numbers[{len(self.numbers) - 1}]"
        if node.function not in _TEXTS:
            called = getattr(node.function, "__name__", node.function)
            raise NotRecordedError(f"the rule of {self.rule} is not made of operators alone: it uses {called}")
        operands, text = [self.names[position] for position in node.args], _TEXTS[node.function]
        last = self.nodes[node.args[-1]]
        if node.function is np.power:
            return self._power(node, operands)
        if node.function is np.divide and node.kind is Kind.ROW and last.kind is Kind.UNIFORM:
            operands[1], text = self._value(Kind.UNIFORM, f"1.0 / {operands[1]}"), "{} * {}"
        return self._value(node.kind, text.format(*operands))

    def _power(self, node: Node, operands: Sequence[str]) -> str:
        """Write a power that is real, and the same for floats as for arrays: with a whole exponent, or of a constant."""
        base, exponent = (self.nodes[position] for position in node.args)
        constant, whole = base.function is NUMBER and base.data >= 0.0, exponent.function is NUMBER and exponent.data % 1 == 0
        if constant and operands[1] == _STEP:
            self.powers.append(operands[0])
            return f"power{len(self.powers) - 1}"
        if not (constant or whole):
            raise NotRecordedError(f"the rule of {self.rule} takes a power that is neither a whole one nor one of a constant")
        squared = whole and exponent.data == 2
        return self._value(node.kind, f"{operands[0]} * {operands[0]}" if squared else f"pow({operands[0]}, {operands[1]})")

    def _value(self, kind: Kind, text: str) -> str:
        """Write the statement that names the value of an expression."""
        name = f"value{len(self.uniform) + len(self.each)}"
        (self.uniform if kind is Kind.UNIFORM else self.each).append(f"const double {name} = {text};")
        return name
