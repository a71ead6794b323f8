"""An operation on balls: its value, its partials, its domain and its kinks."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from flint import acb, arb

from symgraph.judge import balls
from symgraph.judge.balls import UNDEFINED, UNKNOWN, Missing, Value

Function = Callable[..., Any]
"""Takes balls (for slopes, the operation's value first) and returns a Value."""


class Form(NamedTuple):
    """An operation.

    Attributes:
        value: computes it from the operands.
        slopes: the partial by each operand, computed from the value and the operands; of an operation that takes any number of
            operands one function, of the operand's place and the operands.
        outside: tells whether operands surely lie where there is no real value; None if there always is one.
        side: the side of a kink, or of a change of method, on which operands are, None if that is uncertain; None if there is
            none.
        lazy: whether it may be decided although an operand is missing.
    """

    value: Function
    slopes: tuple[Function, ...] | Callable[[int, Sequence[Any]], Value] = ()
    outside: Callable[..., bool] | None = None
    side: Callable[..., int | None] | None = None
    lazy: bool = False


def value_of(form: Form, operands: Sequence[Any]) -> Value:
    """Enclose an operation of enclosures, or of reasons why there are none; the reason where it has no value.

    A form may take more bits on the way. Its result is rounded to those that are asked for, as a generated function's is.
    """
    if not form.lazy:
        for operand in operands:
            if type(operand) is Missing:
                return operand
    value: Value = form.value(*operands)
    if type(value) is not arb:
        return value
    if value.is_finite():
        return +value
    if form.outside is not None and form.outside(*operands):
        return UNDEFINED
    return value if balls.is_infinite(value) else UNKNOWN


def slope_of(form: Form, place: int, value: Value, operands: Sequence[Any]) -> Value:
    """Enclose the partial of an operation by the operand at a place, from its value and all operands, which are numbers.

    ``UNDEFINED`` stands for an infinite one, ``KINK`` for two sides that differ.
    """
    slopes = form.slopes
    slope: Value = slopes[place](value, *operands) if isinstance(slopes, tuple) else slopes(place, operands)
    if not isinstance(slope, arb):
        return slope
    return +slope if slope.is_finite() else slope if balls.is_infinite(slope) else UNKNOWN


def finite(function: Function) -> Function:
    """The function, unknown where an operand is infinite: its result need not be as large as infinity stands for."""
    return lambda *operands: function(*operands) if all(x.is_finite() for x in operands) else UNKNOWN


def method(name: str) -> Function:
    """The last operand's function that is a method of flint's complex balls, named with its whole arguments: "polygamma 1"."""
    method, *numbers = name.split()
    arguments = [acb(int(number)) for number in numbers]
    return lambda *o: getattr(acb(o[-1]), method)(*arguments).real if o[-1].is_finite() else UNKNOWN


def is_positive(x: arb, *_: arb) -> int:
    return int(x > 0)
