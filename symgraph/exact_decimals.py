"""Exact programs on decimals: what is done a hundred thousand times, sums and products of finite numbers, without detours."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from math import prod
from typing import Any

import mpmath
import sympy

from symgraph.exact import NAN, Noise, Program, Step, Values
from symgraph.exact_numbers import DECIMAL, decimal_operation, to_mpf

_DECIMALS = {Decimal}
_ZERO = Decimal(0)
_ORDINARY = 308
"""Decimals of this exponent or more may be beyond the range of doubles."""


@dataclass(frozen=True, slots=True)
class DecimalProgram(Program):
    """A program without a Piecewise, whose values are decimals."""

    _plain: list[tuple[bool, bool, bool]] = field(default_factory=list, compare=False, repr=False)

    def __post_init__(self) -> None:
        # whether each step is a sum, is a sum or product, and is blurred by noise: asked for a hundred thousand times
        self._plain.extend(
            (step.kind is sympy.Add, step.kind is sympy.Add or step.kind is sympy.Mul, step.noisy) for step in self.steps
        )

    def complete(
        self, order: Sequence[int], leaves: Mapping[str, Any], values: Values, noise: Noise | None, centre: Values | None
    ) -> None:
        """Evaluate the given steps: sums and products of ordinary numbers here, the rest as other programs do."""
        steps, plain = self.steps, self._plain
        for index in order:
            if values[index] is not None:
                continue
            step = steps[index]
            adds, simple, noisy = plain[index]
            if simple:
                operands = [values[arg] for arg in step.args]
                if noise is not None and (centre is not None or step.adds):
                    _blur(operands, step, noise[index], centre)
                if set(map(type, operands)) == _DECIMALS:
                    value = sum(operands, _ZERO) if adds else prod(operands)
                    if value.adjusted() < _ORDINARY:
                        values[index] = value * noise[index][0] if noisy and noise is not None else value
                        continue
            elif step.leaf and type(value := leaves[step.leaf]) is Decimal:
                values[index] = value * noise[index][0] if noisy and noise is not None else value
                continue
            values[index] = self.computed(index, leaves, values, noise, centre)


def _blur(operands: Values, step: Step, factors: Sequence[Any], centre: Values | None) -> None:
    """Do to the operands of a sum or product what ``noisy_operands`` does."""
    for place, arg in enumerate(step.args):
        value = operands[place]
        if centre is not None:
            start = centre[arg]
            if start is not value and type(start) is Decimal and type(value) is Decimal:
                value = start + (value - start) * factors[place + 1]
        operands[place] = value * factors[place + 1] if step.adds and type(value) is Decimal else value


def in_decimals(program: Program) -> DecimalProgram:
    """The same program on decimals instead of numbers of mpmath, at the current precision; it must have no Piecewise."""
    steps = tuple(_in_decimals(step) for step in program.steps)
    return DecimalProgram(steps, program.roots, program.leaves, program.branching, DECIMAL)


def _in_decimals(step: Step) -> Step:
    constant, compute, singular = step.constant, step.compute, step.singular
    if step.leaf:
        return step
    if isinstance(constant, mpmath.mpf) and constant is not NAN:
        constant = DECIMAL.number(constant)
    if compute is not None:
        compute = decimal_operation(step.kind, compute, whole_power=step.whole_power)
    if singular is not None and step.kind is sympy.Pow:
        singular = partial(_of_mpfs, singular)
    if constant is step.constant and compute is step.compute and singular is step.singular:
        return step
    return step._replace(constant=constant, compute=compute, singular=singular)


def _of_mpfs(function: Callable[..., bool], *args: Any) -> bool:
    return function(*map(to_mpf, args))
