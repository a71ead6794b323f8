"""Operations of an optimizer's rule, found by calling it once with stand-ins for its numbers.

The rule is written once, as a Python function. To run it weight by weight without calls, a loop over rows needs its operations;
`trace` records them in the order in which the rule does them, so that a loop made of them rounds as the rule does.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from symgraph.training.optimizers import OPTIMIZERS, Optimizer, Parameter, Update

LONGEST = 200
"""Most instructions of a rule that is put into a loop: a longer one gains nothing from that."""

PER_WEIGHT = ("weight", "gradient", "slot")
"""Leaves that differ from weight to weight."""

_BECOMES_INFINITE = ("add", "sub", "mul", "neg", "abs", "sqrt")  # with any operand that is not finite


class NotInlined(Exception):  # noqa: N818  no error: it says why a run takes the slower of two ways
    """Reason why code cannot be put into a loop over rows; training catches it and goes on without that loop."""


class Instruction(NamedTuple):
    """Operation of a rule.

    Attributes:
        op: "add", "sub", "mul", "div", "pow", "neg", "abs", "sqrt"; or a leaf: "weight", "gradient", "slot", "step", "rate",
            "constant", "whole".
        args: the positions of its operands; for the leaves slot and constant their index, for whole the number itself.
    """

    op: str
    args: tuple[int, ...] = ()

    @property
    def operands(self) -> tuple[int, ...]:
        """Return the positions it reads."""
        return () if self.op in ("slot", "constant", "whole") else self.args


class Program(NamedTuple):
    """Rule as straight-line code. Two rules that differ in their constants alone have equal programs.

    Attributes:
        instructions: in order; operands come before their users.
        weight: the position of the new weight.
        slots: the positions of the new slots.
    """

    instructions: tuple[Instruction, ...]
    weight: int
    slots: tuple[int, ...]

    def users(self) -> dict[int, list[int]]:
        """Return for each position the positions that read it."""
        users: dict[int, list[int]] = {position: [] for position in range(len(self.instructions))}
        for position, instruction in enumerate(self.instructions):
            for operand in instruction.operands:
                users[operand].append(position)
        return users

    def uses(self, op: str) -> bool:
        """Tell if an operation is among its instructions."""
        return any(instruction.op == op for instruction in self.instructions)

    def reading(self, *leaves: str) -> set[int]:
        """Return the positions whose value depends on one of the leaves."""
        found: set[int] = set()
        for position, (op, _) in enumerate(self.instructions):
            if op in leaves or not found.isdisjoint(self.instructions[position].operands):
                found.add(position)
        return found

    def once_a_row(self) -> tuple[list[int], list[int]]:
        """Return the operations that are the same for all weights: those that do not depend on the step, and those that do."""
        varying, stepping = self.reading(*PER_WEIGHT), self.reading("step")
        same = [p for p, instruction in enumerate(self.instructions) if instruction.operands and p not in varying]
        return [p for p in same if p not in stepping], [p for p in same if p in stepping]

    @lru_cache(maxsize=64)  # noqa: B019  programs are small and few
    def shows_infinities(self) -> bool:
        """Tell if weights and slots after an epoch are sure to show that a gradient or a weight in it was not finite.

        They do if inf or nan passes through the operations from the gradient to the new weight, or to a slot that
        keeps it, and from each weight to the next.
        """
        kept = [self._infinite_with("slot", k)[position] for k, position in enumerate(self.slots)]
        gradient = self._infinite_with("gradient")
        seen = gradient[self.weight] or any(gradient[p] and stays for p, stays in zip(self.slots, kept, strict=True))
        return seen and self._infinite_with("weight")[self.weight]

    def _infinite_with(self, leaf: str, index: int | None = None) -> list[bool]:
        """Tell for each position if it is sure not to be finite where the leaf is not."""
        sure: list[bool] = []
        for op, args in self.instructions:
            if op == leaf:
                sure.append(index is None or args == (index,))
            elif op == "div":
                sure.append(sure[args[0]])  # x / inf is 0
            else:
                sure.append(op in _BECOMES_INFINITE and any(sure[operand] for operand in args))
        return sure


class Traced(NamedTuple):
    """Program and the values of its constants."""

    program: Program
    constants: tuple[float, ...]


def trace(optimizer: Optimizer) -> Traced:
    """Find the operations of an optimizer's rule.

    Args:
        optimizer: its rule is called once; one of this package's not at all if it was traced before.

    Raises:
        NotInlined: the rule uses more than operators and the square root it is given.
    """
    find = _known_operations if optimizer.definition in _PURE else _operations
    return find(optimizer.name, optimizer.definition, optimizer.slots, optimizer.parameters)


def _operations(name: str, definition: Callable[..., Update], slots: int, parameters: tuple[Parameter, ...]) -> Traced:
    tape = _Tape()
    w, g, old = tape.leaf("weight"), tape.leaf("gradient"), tuple(tape.leaf("slot", k) for k in range(slots))
    try:
        update: Any = definition(tape.sqrt, **{parameter.name: parameter.value for parameter in parameters})
        moved, changed = update(w, g, old, tape.leaf("step"), tape.leaf("rate"))
        weight, kept = tape.position(moved), tuple(tape.position(slot) for slot in changed)
    except NotInlined as error:
        raise NotInlined(f"the rule of {name} {error}") from error
    except Exception as error:  # a rule for arrays alone may raise anything here; the message gives the cause
        raise NotInlined(f"the rule of {name} is not made of operators alone: {error}") from error
    if len(kept) != slots:
        raise NotInlined(f"the rule of {name} returns {len(kept)} slots and not {slots}")
    return Traced(Program(tuple(tape.instructions), weight, kept), tuple(tape.constants))


_PURE = frozenset(optimizer.definition for optimizer in OPTIMIZERS.values())
"""Rules that do the same at every call; a user's rule may depend on more than its parameters."""

_known_operations = lru_cache(maxsize=64)(_operations)


class _Tape:
    """Record of the operations done so far."""

    def __init__(self) -> None:
        self.instructions: list[Instruction] = []
        self.constants: list[float] = []

    def leaf(self, op: str, *args: int) -> "_Number":
        return _Number(self, self.record(Instruction(op, args)))

    def record(self, instruction: Instruction) -> int:
        if len(self.instructions) == LONGEST:
            raise NotInlined(f"has more than {LONGEST} operations")
        self.instructions.append(instruction)
        return len(self.instructions) - 1

    def apply(self, op: str, *operands: Any) -> "_Number":
        return _Number(self, self.record(Instruction(op, tuple(self.position(operand) for operand in operands))))

    def position(self, value: Any) -> int:
        """Return the position of a value; a plain number is recorded as a constant."""
        if isinstance(value, _Number):
            return value.position
        if isinstance(value, int) and not isinstance(value, bool):
            return self.record(Instruction("whole", (value,)))
        number = float(value)
        if not math.isfinite(number):
            raise NotInlined(f"uses the constant {number}")
        self.constants.append(number)
        return self.record(Instruction("constant", (len(self.constants) - 1,)))

    def sqrt(self, value: Any) -> Any:
        return self.apply("sqrt", value) if isinstance(value, _Number) else math.sqrt(value)

    def power(self, base: Any, exponent: Any) -> "_Number":
        """Record a power that is real and the same for floats as for arrays: with an integer exponent, or of a constant."""
        whole = isinstance(exponent, int) and not isinstance(exponent, bool)
        if not whole and not (isinstance(base, float) and base >= 0.0):
            raise NotInlined("takes a power that is neither a whole one nor one of a constant")
        return self.apply("pow", base, exponent)


def _operator(op: str, *, swapped: bool = False) -> Callable[["_Number", Any], "_Number"]:
    def apply(self: "_Number", other: Any) -> "_Number":
        left, right = (other, self) if swapped else (self, other)
        return self.tape.power(left, right) if op == "pow" else self.tape.apply(op, left, right)

    return apply


class _Number:
    """Stand-in for a number while a rule is traced. Operations that it lacks, such as comparisons, cannot be in a loop."""

    __slots__ = ("position", "tape")
    __array_ufunc__ = None  # NumPy leaves its operators to the ones below
    __hash__ = None  # type: ignore[assignment]  # it has no value yet

    def __init__(self, tape: _Tape, position: int) -> None:
        self.tape = tape
        self.position = position

    __add__, __radd__ = _operator("add"), _operator("add", swapped=True)
    __sub__, __rsub__ = _operator("sub"), _operator("sub", swapped=True)
    __mul__, __rmul__ = _operator("mul"), _operator("mul", swapped=True)
    __truediv__, __rtruediv__ = _operator("div"), _operator("div", swapped=True)
    __pow__, __rpow__ = _operator("pow"), _operator("pow", swapped=True)

    def __neg__(self) -> "_Number":
        return self.tape.apply("neg", self)

    def __pos__(self) -> "_Number":
        return self

    def __abs__(self) -> "_Number":
        return self.tape.apply("abs", self)

    def __eq__(self, other: object) -> bool:
        raise NotInlined("compares numbers")

    def __bool__(self) -> bool:
        raise NotInlined("branches on a number")
