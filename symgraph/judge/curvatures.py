"""Second derivatives of a program: one sweep a weight, with the second partials of the operations.

The sweep carries each step's slope by the weight forward, and its change of the cotangents back (forward over reverse:
Griewank and Walther, Evaluating Derivatives, 2nd ed. 2008, section 3.3). The partials of an operation are SymPy's own, each a
program over the operands; the partials of that are the second ones.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache, reduce
from operator import mul
from typing import Any

import sympy

from symgraph.judge.balls import ONE, UNKNOWN, Missing, Value
from symgraph.judge.form import slope_of
from symgraph.judge.forms import STRAIGHT
from symgraph.judge.program import Program, Slopes, Step, plus, times
from symgraph.judge.special_forms import sinc_derivative
from symgraph.spec.ops.ops import OPS
from symgraph.spec.ops.user_functions import UserOp

_SLOPES: Mapping[str, Callable[..., Any]] = {
    "pow": lambda x, n: (n * x ** (n - 1), x**n * sympy.log(x)),
    "lambertw": lambda x: (sympy.exp(-sympy.LambertW(x)) / (1 + sympy.LambertW(x)),),
    "si": lambda x: (sympy.sinc(x),),
}
"""Partials of operations for which SymPy has none, or one that is 0/0 at 0."""
_AT_0: Mapping[str, Callable[[Any, int], Value]] = {"sinc": sinc_derivative}
"""Derivatives of an order of functions of one operand whose formulas are 0/0 at 0."""


class SecondSweep:
    """Second derivatives of one step of a program, the root, by its inputs, where all its steps have some values."""

    def __init__(self, program: Program, values: Sequence[Value], root: int) -> None:
        self.program, self.values = program, values
        self.slopes: Slopes = {}
        self.cotangents = program.backward(values, root, self.slopes)
        self.curved = {index: self._curvatures(program.steps[index], values[index]) for index in self.slopes}

    def by(self, leaf: int) -> dict[int, Value]:
        """Differentiate the partials by every input, by whose steps they come, once more by one; what is not there is 0."""
        return self.along({leaf: ONE})

    def along(self, direction: Mapping[int, Value]) -> dict[int, Value]:
        """Differentiate the partials by every input once more along a direction, its entries by the steps of inputs."""
        dots = dict(direction)
        for index in sorted(self.slopes):
            terms = [times(dots[arg], slope) for arg, slope in self.slopes[index] if arg in dots]
            if terms:
                dots[index] = reduce(plus, terms)
        changes: dict[int, Value] = {}
        for index in sorted(self.slopes, reverse=True):
            if index in changes:
                for arg, slope in self.slopes[index]:
                    _add(changes, arg, times(changes[index], slope))
            for arg, other, curvature in self.curved[index]:
                if other in dots:
                    _add(changes, arg, times(times(self.cotangents[index], curvature), dots[other]))
        return changes

    def _curvatures(self, step: Step, value: Value) -> Sequence[tuple[int, int, Value]]:
        """The second partials of a step as (operand, other operand, value), those that are 0 left out."""
        if step.form is None or not step.form.slopes:
            return ()
        varying = [place for place, arg in enumerate(step.args) if self.program.steps[arg].varies]
        operands = [self.values[arg] for arg in step.args]
        if any(isinstance(one, Missing) for one in (*operands, value)):
            return [(step.args[place], step.args[place], UNKNOWN) for place in varying]
        found = second_partials(step, value, operands, varying)
        mirrored = {(j, i): curvature for (i, j), curvature in found.items()}
        return [(step.args[i], step.args[j], curvature) for (i, j), curvature in {**found, **mirrored}.items()]


def second_partials(step: Step, value: Any, operands: Sequence[Any], places: Sequence[int]) -> Mapping[tuple[int, int], Value]:
    """Compute the second partials of an operation of numbers by pairs of some operands.

    They come by places (i, j) with j <= i; those that are not there are 0.
    """
    pairs = [(i, j) for i in places for j in places if j <= i]
    if isinstance(step.name, UserOp):
        return dict.fromkeys(pairs, UNKNOWN)
    if step.name in STRAIGHT:
        assert step.form is not None
        slopes = {(place, place): slope_of(step.form, place, value, operands) for place in places}
        return {pair: slope for pair, slope in slopes.items() if isinstance(slope, Missing)}
    if step.name == "mul":
        others = {pair: [x for place, x in enumerate(operands) if place not in pair] for pair in pairs if pair[0] != pair[1]}
        return {pair: reduce(mul, factors, ONE) for pair, factors in others.items()}
    if step.name in _AT_0:
        return {(0, 0): _AT_0[step.name](operands[0], 2)}
    found: dict[tuple[int, int], Value] = {}
    for place in places:
        program = _slope_program(step.name, place)
        values = program.forward([*operands])
        partials = program.partials(values, program.roots["slope"])
        found |= {(i, j): partials[f"x{i}"] for i, j in pairs if j == place}
    return found


@cache
def _slope_program(name: str, place: int) -> Program:
    """The partial of an operation by one operand, over operands x0, x1."""
    row = OPS[name]
    symbols = sympy.symbols(f"x:{row.arity}", real=True)
    if name in _SLOPES:
        slope = _SLOPES[name](*symbols)[place]
    else:
        function, *order = row.function if isinstance(row.function, tuple) else (row.function,)
        slope = function(*order, *symbols).fdiff(len(order) + place + 1)
    return Program({symbol.name: symbol for symbol in symbols}, [("slope", None, slope)], name)


def _add(changes: dict[int, Value], arg: int, share: Value) -> None:
    changes[arg] = plus(changes[arg], share) if arg in changes else share
