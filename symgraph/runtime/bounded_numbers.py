"""Straight lines over values with bounds of their errors: a module's own lines, run with these in the place of arrays."""

from collections.abc import Callable, Mapping
from enum import IntEnum
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from symgraph.runtime.bounds import (
    Bounded,
    Jump,
    add_bound,
    and_bound,
    constant_bound,
    div_bound,
    eq_bound,
    exactly,
    ge_bound,
    gt_bound,
    le_bound,
    lt_bound,
    mul_bound,
    ne_bound,
    neg_bound,
    not_bound,
    or_bound,
    select_bound,
    sub_bound,
)
from symgraph.runtime.facts import Array, Facts, Inputs
from symgraph.runtime.other_numbers import names_of_lines, run_with
from symgraph.runtime.recording import Entries

BoundOf = Callable[..., Bounded]

OPERATORS_ON_BOUNDS: Mapping[np.ufunc, BoundOf] = {
    np.add: add_bound, np.subtract: sub_bound, np.multiply: mul_bound, np.true_divide: div_bound, np.negative: neg_bound,
    np.less: lt_bound, np.less_equal: le_bound, np.greater: gt_bound, np.greater_equal: ge_bound,
    np.equal: eq_bound, np.not_equal: ne_bound, np.bitwise_and: and_bound, np.bitwise_or: or_bound, np.invert: not_bound,
}  # fmt: skip
"""Functions that bound what operators of Python compute, which NumPy calls by these."""


class Origin(IntEnum):
    """Inputs that a value follows from; a result has the highest of its operands."""

    DATA = 0
    WEIGHTS = 1
    DERIVATIVES = 2


class BoundedNumber(NDArrayOperatorsMixin):
    """A value of every row or of all, with a bound of its error."""

    __slots__ = ("arithmetic", "bound", "origin")

    def __init__(self, arithmetic: "BoundedArithmetic", bound: Bounded, origin: Origin) -> None:
        self.arithmetic = arithmetic
        self.bound = bound
        self.origin = origin

    def __array_ufunc__(self, function: np.ufunc, method: str, *operands: Any) -> "BoundedNumber":
        return self.arithmetic.applied(OPERATORS_ON_BOUNDS[function], *operands)


class BoundedArithmetic:
    """Runs the lines of one module over values of one dtype with bounds of their errors.

    Args:
        functions: for each function that the lines call by name, such as "np.exp", the function that bounds its error.
        radii: for constants that may not be exact, by their size, a bound of how far off they are.
        dtype: of the values.
    """

    def __init__(self, functions: Mapping[str, BoundOf], radii: Mapping[float, float], dtype: "np.dtype[Any]") -> None:
        self.radii = radii
        self.dtype = dtype
        self.constants = SimpleNamespace(type=self.number)  # in the place of a dtype, which makes constants
        named = {name: self._lifted(function) for name, function in functions.items()}
        named |= {"select": self._lifted(select_bound), "every_row": lambda value, column: value}
        largest = BoundedNumber(self, exactly(dtype.type(np.finfo(dtype).max)), Origin.DATA)
        self.names = names_of_lines(named, largest)

    target = BoundedNumber
    """The kind of number that a target is."""

    def arguments(self, facts: Facts, inputs: Inputs) -> tuple[Any, Any, Any]:
        """Give checked inputs as arguments of lines: w, in which constants follow the weights, X and y; None as it is."""
        count = len(facts.weights)
        w, constants = self._entries(inputs.w[:count], Origin.WEIGHTS), self._entries(inputs.w[count:])
        X = None if inputs.X is None else Entries(self._entries(inputs.X.T), self.constants)
        y: Any = None
        if inputs.y is not None:
            columns = [self.target(self, exactly(one), Origin.DATA) for one in (inputs.y.T if facts.targets else [inputs.y])]
            y = Entries(columns, self.constants) if facts.targets else columns[0]
        return Entries([*w, *constants], self.constants), X, y

    def _entries(self, columns: Any, origin: Origin = Origin.DATA) -> list[BoundedNumber]:
        return [self.given(one, origin) for one in columns]

    def _lifted(self, function: BoundOf) -> Callable[..., BoundedNumber]:
        return lambda *operands: self.applied(function, *operands)

    def over(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Give a function of lines that computes with bounds."""
        return run_with(self.names, function)

    def applied(self, function: BoundOf, *operands: Any) -> BoundedNumber:
        """Apply a function that bounds an operation; at a jump of what weights move there is no derivative."""
        numbers = [self.number(one) for one in operands]
        origin = max(one.origin for one in numbers)
        chosen = function.open if isinstance(function, Jump) and origin == Origin.WEIGHTS else function
        return BoundedNumber(self, chosen(*(one.bound for one in numbers)), origin)

    def number(self, value: Any) -> BoundedNumber:
        """Give a constant as one of these numbers; what is one already is left as it is."""
        if isinstance(value, BoundedNumber):
            return value
        return BoundedNumber(self, constant_bound(self.dtype, value, self.radii.get(abs(value), 0.0)), Origin.DATA)

    def given(self, values: Array, origin: Origin = Origin.DATA) -> BoundedNumber:
        """Give what is exact."""
        return BoundedNumber(self, exactly(values), origin)
