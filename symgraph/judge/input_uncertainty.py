"""The part of a result's uncertainty that lies in the inputs: the spec itself, with its inputs moved by rounding errors."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from flint import arb, ctx

from symgraph.judge.balls import UNKNOWN, ZERO, Value
from symgraph.judge.form import value_of
from symgraph.judge.program import Program
from symgraph.judge.reference import Point, Reference, Truth
from symgraph.judge.rounding import INPUT_ULP, decided

_STEP = -60
"""Differences are taken at sqrt(2) * 2**_STEP of an input: their error is of that size, relative to kappa. No multiple of it is
a period of a function, as one of 2**_STEP or pi * 2**_STEP may be."""
_MOST_STEPS = 200_000
"""Differences by every input take as many steps, a microsecond or two each."""
_MORE = 128
"""Bits beyond those of the truth, for differences."""
_BITS = 2400
"""The precision in which wide inputs are followed: all that is wide is theirs."""
_UNDECIDED = 2 * INPUT_ULP
"""By how many ulp inputs move where it is asked what they leave open: twice as much as no method is asked to see through."""


def is_cheap(known: Reference) -> bool:
    """Tell whether the conditions of partials take no more than some tenths of a second at a point."""
    return len(known.program.steps) * len(known.program.leaves) <= _MOST_STEPS


def kappa_of_value(truth: Truth, root: str, point: Point) -> float:
    """The condition of a value ("loss" or "output") by its inputs: sum of |x dG/dx| / |G|; inf where that is unknown."""
    value = truth.values[root]
    total = ZERO
    for name, partial in truth.partials[root].items():
        if point[name]:
            if not isinstance(partial, arb):
                return math.inf
            total = total + abs(partial * arb(point[name]))
    return _ratio(total, value)


def kappas_of_partials(known: Reference, point: Point, root: str, bits: int) -> Mapping[str, float]:
    """The condition of the partial of a root by each input, by the inputs: from differences of the spec's own gradient.

    It is inf where the partial has no value next to the point; ``bits`` is the precision that the truth needed there.
    """
    program, index = known.program, known.roots[root]
    with ctx.workprec(bits + _MORE):
        step = arb(2).sqrt() * arb((1, _STEP))
        exact: list[Value] = [arb(point[name]) for name in program.leaves]
        at = program.partials(program.forward(exact), index)
        totals: dict[str, Value] = dict.fromkeys(program.leaves, ZERO)
        for place, name in enumerate(program.leaves):
            if point[name]:
                moved = [*exact[:place], arb(point[name]) * (1 + step), *exact[place + 1 :]]
                for leaf, beside in program.partials(program.forward(moved), index).items():
                    before, total = at[leaf], totals[leaf]
                    if isinstance(beside, arb) and isinstance(before, arb) and isinstance(total, arb):
                        totals[leaf] = total + abs(beside - before)
                    else:
                        totals[leaf] = UNKNOWN
        return {leaf: _ratio(total / step, at[leaf]) if isinstance(total, arb) else math.inf for leaf, total in totals.items()}


def _ratio(total: arb, value: Value) -> float:
    if not isinstance(value, arb) or value.contains(0):
        return math.inf
    ratio = float(total / abs(value))
    return ratio if math.isfinite(ratio) else math.inf


def left_open(known: Reference, point: Point, dtype: str) -> Mapping[str, bool]:
    """Tell of each result, by its name in ``Truth.named``, whether the last bits of the inputs leave open what it is.

    That is a branch, a domain, a saturated value. The spec is computed with every input as wide as its rounding errors. Where
    that leaves a step open although the point itself does not, the step's operands are enclosed once more by the mean value
    theorem, since a value may hang on inputs by several ways that cancel: a - sin(a) at a = 1e-9 is certain to be above 0.
    """
    program, limits = known.program, np.finfo(dtype)
    unit = _UNDECIDED * float(limits.eps)
    weights = [entry.name for entry in known.model.weight_inputs]
    with ctx.workprec(_BITS):
        exact = program.forward([arb(point[name]) for name in program.leaves])
        moves = [arb(0, abs(point[name]) * unit) for name in program.leaves]
        values = _wide_values(program, exact, moves, limits)
        truth = Truth(
            {},
            {root: values[index] for root, index in known.roots.items()},
            {root: program.partials(values, index) for root, index in known.roots.items()},
            _BITS,
        )
    return {name: value is UNKNOWN for name, value in truth.named(weights).items()}


def _wide_values(program: Program, exact: list[Value], moves: list[arb], limits: Any) -> list[Value]:
    """The value of every step over all inputs that the moves allow; unknown where they leave it open."""
    narrowed: set[int] = set()

    def in_doubt(index: int, value: Value, values: list[Value]) -> Value:
        step = program.steps[index]
        value = decided(step.name, value, [values[arg] for arg in step.args], limits)
        if value is not UNKNOWN or step.form is None:
            return value
        for arg in {*step.args} - narrowed:
            narrowed.add(arg)
            values[arg] = _narrowed(program, arg, exact[arg], values, moves)
        operands = [values[arg] for arg in step.args]
        return decided(step.name, value_of(step.form, operands), operands, limits)

    wide: list[Value] = [x + move if isinstance(x, arb) else x for x, move in zip(exact, moves, strict=False)]
    return program.forward(wide, in_doubt)


def _narrowed(program: Program, step: int, exact: Value, values: list[Value], moves: list[arb]) -> Value:
    """A step's enclosure by the mean value theorem: its value at the point and, for each input, slope times move."""
    value, around = values[step], exact
    if not isinstance(value, arb) or not isinstance(around, arb) or program.steps[step].leaf:
        return value
    slopes = program.backward(values, step)
    for place, move in enumerate(moves):
        slope = slopes.get(place, ZERO)
        if not isinstance(slope, arb):
            return value
        around = around + slope * move
    return value.intersection(around) if around.is_finite() and value.overlaps(around) else value
