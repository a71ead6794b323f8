"""An optimizer's rule as statements of C: the rule is called once with stand-ins for its numbers that write down what it does.

Statements that are the same for all weights stand apart, to be run once a row. What the rule writes as a quotient by such a
value is a product with its inverse there, and powers of the step are multiplied up, so the C agrees with the rule to rounding.
Numbers of the rule are arguments of the C code: optimizers that differ in their parameters alone share one library.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from symgraph.errors import SymgraphError
from symgraph.training.optimizers import Optimizer

_LONGEST = 1000
"""Most operations of a rule."""


class NotRecordedError(SymgraphError):
    """A rule that is more than the operators and the square root it is given; says why."""


class RuleInC(NamedTuple):
    """A rule as C code, in the names that ``epoch.c`` has for its numbers.

    Attributes:
        uniform: the statements that are the same for all weights.
        each: the statements for weight j; they store the new weight and slots.
        powers: the base of each power of the step.
        numbers: the constants of the rule.
        slots: the running quantities that it keeps for each weight.
    """

    uniform: tuple[str, ...]
    each: tuple[str, ...]
    powers: tuple[str, ...]
    numbers: tuple[float, ...]
    slots: int


def recorded(optimizer: Optimizer) -> RuleInC:
    """Write an optimizer's rule as C.

    Args:
        optimizer: its rule is called once.

    Raises:
        NotRecordedError: the rule uses more than operators and the square root it is given.
    """
    tape, name = _Tape(), optimizer.name
    old = tuple(_Number(tape, f"slot[{k} * PADDED + j]", uniform=False) for k in range(optimizer.slots))
    w, g = (_Number(tape, f"{vector}[j]", uniform=False) for vector in "wg")
    step, rate = _Step(tape, "step", uniform=True), _Number(tape, "rate", uniform=True)
    try:
        moved, slots = optimizer.rule(tape.sqrt)(w, g, old, step, rate)  # type: ignore[arg-type]  # stand-ins for numbers
        new = [tape.number(value) for value in (moved, *slots)]
    except NotRecordedError as error:
        raise NotRecordedError(f"the rule of {name} {error}") from error
    except Exception as error:  # a rule for arrays alone may raise anything here; the message gives the cause
        raise NotRecordedError(f"the rule of {name} is not made of operators alone: {error}") from error
    if len(new) != 1 + optimizer.slots:
        raise NotRecordedError(f"the rule of {name} returns {len(new) - 1} slots and not {optimizer.slots}")
    places = (w.text, *(slot.text for slot in old))
    values = [f"const double new{i} = {value.text};" for i, value in enumerate(new)]  # all are read before one is stored
    stores = [f"{place} = new{i};" for i, place in enumerate(places)]
    return RuleInC(tuple(tape.uniform), (*tape.each, *values, *stores), tuple(tape.powers), tuple(tape.numbers), len(old))


class _Tape:
    """The statements written so far."""

    def __init__(self) -> None:
        self.uniform: list[str] = []
        self.each: list[str] = []
        self.powers: list[str] = []
        self.numbers: list[float] = []

    def value(self, text: str, *operands: "_Number") -> "_Number":
        """Write a statement that names the value of an expression."""
        uniform = all(operand.uniform for operand in operands)
        name = f"value{len(self.uniform) + len(self.each)}"
        if len(self.uniform) + len(self.each) == _LONGEST:
            raise NotRecordedError(f"has more than {_LONGEST} operations")
        (self.uniform if uniform else self.each).append(f"const double {name} = {text};")
        return _Number(self, name, uniform=uniform)

    def number(self, value: Any) -> "_Number":
        """Return a value as a stand-in; a plain number becomes an argument of the code."""
        if isinstance(value, _Number):
            return value
        number = float(value)
        if not math.isfinite(number):
            raise NotRecordedError(f"uses the constant {number}")
        self.numbers.append(number)
        return _Number(self, f"numbers[{len(self.numbers) - 1}]", uniform=True)

    def sqrt(self, value: Any) -> Any:
        return self.value(f"sqrt({value.text})", value) if isinstance(value, _Number) else math.sqrt(value)

    def binary(self, sign: str, left: Any, right: Any) -> "_Number":
        a, b = self.number(left), self.number(right)
        if sign == "/" and b.uniform and not a.uniform:
            sign, b = "*", self.value(f"1.0 / {b.text}", b)
        return self.value(f"{a.text} {sign} {b.text}", a, b)

    def power(self, base: Any, exponent: Any) -> "_Number":
        """Write a power that is real and the same for floats as for arrays: with a whole exponent, or of a constant."""
        if isinstance(exponent, _Step) and isinstance(base, float) and base >= 0.0:
            self.powers.append(self.number(base).text)
            return _Number(self, f"power{len(self.powers) - 1}", uniform=True)
        whole = isinstance(exponent, int) and not isinstance(exponent, bool)
        if not whole and not (isinstance(base, float) and base >= 0.0):
            raise NotRecordedError("takes a power that is neither a whole one nor one of a constant")
        a, b = self.number(base), self.number(exponent)
        return self.binary("*", a, a) if exponent == 2 and whole else self.value(f"pow({a.text}, {b.text})", a, b)


def _operator(sign: str, *, swapped: bool = False) -> Callable[["_Number", Any], "_Number"]:
    def apply(self: "_Number", other: Any) -> "_Number":
        left, right = (other, self) if swapped else (self, other)
        return self.tape.power(left, right) if sign == "**" else self.tape.binary(sign, left, right)

    return apply


class _Number:
    """Stand-in for a number while a rule is called. Operations that it lacks, such as comparisons, cannot be recorded."""

    __slots__ = ("tape", "text", "uniform")
    __array_ufunc__ = None  # NumPy leaves its operators to the ones below
    __hash__ = None  # type: ignore[assignment]  # it has no value yet

    def __init__(self, tape: _Tape, text: str, *, uniform: bool) -> None:
        self.tape = tape
        self.text = text
        self.uniform = uniform

    __add__, __radd__ = _operator("+"), _operator("+", swapped=True)
    __sub__, __rsub__ = _operator("-"), _operator("-", swapped=True)
    __mul__, __rmul__ = _operator("*"), _operator("*", swapped=True)
    __truediv__, __rtruediv__ = _operator("/"), _operator("/", swapped=True)
    __pow__, __rpow__ = _operator("**"), _operator("**", swapped=True)

    def __neg__(self) -> "_Number":
        return self.tape.value(f"-{self.text}", self)

    def __pos__(self) -> "_Number":
        return self

    def __abs__(self) -> "_Number":
        return self.tape.value(f"fabs({self.text})", self)

    def __eq__(self, other: object) -> bool:
        raise NotRecordedError("compares numbers")

    def __bool__(self) -> bool:
        raise NotRecordedError("branches on a number")


class _Step(_Number):
    """Stand-in for the number of the update, of which powers are multiplied up."""

    __slots__ = ()
