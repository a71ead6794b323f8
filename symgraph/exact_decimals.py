"""Exact programs on decimals: what is done a hundred thousand times, sums and products of finite numbers, without detours.

Steps that add or multiply equally many operands and do not need each other are done at once, each operation by one ``map``
over the operands of all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from itertools import groupby
from math import prod
from operator import add, is_not, itemgetter, mul, sub
from typing import Any, NamedTuple

import mpmath
import sympy

from symgraph.exact import NAN, Noise, Program, Step, Values
from symgraph.exact_numbers import DECIMAL, decimal_operation, to_mpf

_DECIMALS = {Decimal}
_ZERO = Decimal(0)
_ORDINARY = 308
"""Decimals of this exponent or more may be beyond the range of doubles."""
_ALIKE = 12
"""So many steps of a kind, or more, are worth doing at once."""


class _Batch(NamedTuple):
    """Steps of a kind that do not need each other: leaves, sums, products, or functions of one operand.

    Attributes:
        steps: their numbers.
        operands: gives, for each place, the operands there of the values of all steps; () for leaves.
        combine: adds or multiplies two operands; of a function, computes the result of one.
        blurred: whether the terms of a sum round.
        noisy: whether the results do.
        names: the inputs that leaves read.
    """

    steps: tuple[int, ...]
    operands: tuple[Callable[[Values], tuple[Any, ...]], ...]
    combine: Callable[..., Any]
    blurred: bool
    noisy: bool
    names: tuple[str, ...]


_Plan = Sequence[_Batch | Sequence[int]]
"""Batches, and steps that are done one by one, in order."""


@dataclass(frozen=True, slots=True)
class DecimalProgram(Program):
    """A program without a Piecewise, whose values are decimals."""

    _plain: list[tuple[bool, bool, bool]] = field(default_factory=list, compare=False, repr=False)
    _kinds: list[object] = field(default_factory=list, compare=False, repr=False)
    _plans: dict[tuple[int, ...], _Plan] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        # whether each step is a sum, is a sum or product, and is blurred by noise: asked for a hundred thousand times
        self._plain.extend(
            (step.kind is sympy.Add, step.kind is sympy.Add or step.kind is sympy.Mul, step.noisy) for step in self.steps
        )
        self._kinds.extend(map(_kind, self.steps))

    def complete(
        self, order: Sequence[int], leaves: Mapping[str, Any], values: Values, noise: Noise | None, centre: Values | None
    ) -> None:
        """Evaluate the given steps: sums and products of ordinary numbers here, the rest as other programs do."""
        key = tuple(order)
        if len(key) <= _ALIKE or itemgetter(*key)(values).count(None) < len(key):
            self.one_by_one(key, leaves, values, noise, centre)
            return
        if key not in self._plans:
            self._plans[key] = _planned(self.steps, self._kinds, key)
        for part in self._plans[key]:
            if not isinstance(part, _Batch):
                self.one_by_one(part, leaves, values, noise, centre)
            elif not _done(part, leaves, values, noise, centre):
                for index in part.steps:
                    values[index] = self.computed(index, leaves, values, noise, centre)

    def one_by_one(
        self, order: Sequence[int], leaves: Mapping[str, Any], values: Values, noise: Noise | None, centre: Values | None
    ) -> None:
        """Evaluate the given steps where they are not known yet."""
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
            elif len(step.args) == 1 and (found := _of_one(step, values, noise and noise[index], centre)) is not None:
                values[index] = found
                continue
            values[index] = self.computed(index, leaves, values, noise, centre)


def _of_one(step: Step, values: Values, factors: Sequence[Any] | None, centre: Values | None) -> Decimal | None:
    """A function of one ordinary number, if that is one; None where it takes another look."""
    (arg,) = step.args
    value = values[arg]
    if type(value) is not Decimal or step.compute is None:
        return None
    if factors is not None and centre is not None:
        start = centre[arg]
        if start is not value and type(start) is Decimal:
            value = start + (value - start) * factors[1]
    try:
        result = step.compute(value)
    except (ValueError, ArithmeticError):
        return None
    if type(result) is not Decimal or result.adjusted() >= _ORDINARY or not result.is_finite():
        return None
    return result * factors[0] if step.noisy and factors is not None else result


def _blur(operands: Values, step: Step, factors: Sequence[Any], centre: Values | None) -> None:
    """Do to the operands of a sum or product what ``noisy_operands`` does."""
    for place, arg in enumerate(step.args):
        value = operands[place]
        if centre is not None:
            start = centre[arg]
            if start is not value and type(start) is Decimal and type(value) is Decimal:
                value = start + (value - start) * factors[place + 1]
        operands[place] = value * factors[place + 1] if step.adds and type(value) is Decimal else value


def _kind(step: Step) -> object:
    """What steps have in common that may be done at once; None for those that never are."""
    if step.leaf:
        return "leaf", step.noisy
    if step.kind is sympy.Add or step.kind is sympy.Mul:
        return step.kind, len(step.args), step.noisy
    return (step.compute, step.noisy) if len(step.args) == 1 else None


def _planned(steps: Sequence[Step], kinds: Sequence[object], order: Sequence[int]) -> _Plan:
    """The steps level by level: what is done one by one of a level, and what waits for it, stands behind its batches."""
    levels = [0] * len(steps)
    for index in order:
        args = steps[index].args
        levels[index] = 1 + max([levels[arg] for arg in args]) if args else 0
    if max(levels) * _ALIKE > len(order):  # a chain, more or less
        return [order]
    found: dict[tuple[int, object], list[int]] = {}
    for index in order:
        found.setdefault((levels[index], kinds[index]), []).append(index)
    plan: list[_Batch | Sequence[int]] = []
    waiting: list[int] = []
    for _, level_groups in groupby(sorted(found, key=itemgetter(0)), itemgetter(0)):
        groups = [(kind, found[level, kind]) for level, kind in level_groups]
        batches = [group for kind, group in groups if kind is not None and len(group) > _ALIKE]
        if batches and waiting:
            plan.append(waiting)
            waiting = []
        plan.extend(_batch(steps, group) for group in batches)
        waiting.extend(index for kind, group in groups if kind is None or len(group) <= _ALIKE for index in group)
    return [*plan, waiting]


def _batch(steps: Sequence[Step], found: Sequence[int]) -> _Batch:
    first = steps[found[0]]
    operands = tuple(itemgetter(*column) for column in zip(*(steps[index].args for index in found), strict=True))
    names = tuple(steps[index].leaf for index in found) if first.leaf else ()
    combine = {sympy.Add: add, sympy.Mul: mul}.get(first.kind, first.compute)
    return _Batch(tuple(found), operands, combine or mul, first.adds, first.noisy, names)


def _done(batch: _Batch, leaves: Mapping[str, Any], values: Values, noise: Noise | None, centre: Values | None) -> bool:
    """Evaluate the steps of a batch, or leave them where an operand or a result is no ordinary number."""
    factors = [noise[index] for index in batch.steps] if noise is not None else ()
    columns: list[Sequence[Any]] = [operands(values) for operands in batch.operands] or [itemgetter(*batch.names)(leaves)]
    try:
        if factors and (centre is not None or batch.blurred):
            for place, operands in enumerate(batch.operands):
                start = None if centre is None else operands(centre)
                columns[place] = _blurred(columns[place], start, [one[place + 1] for one in factors], terms=batch.blurred)
        results = list(map(batch.combine, *columns[:2])) if batch.operands else list(columns[0])
        for column in columns[2:]:
            results = list(map(batch.combine, results, column))
        if max(map(Decimal.adjusted, results)) >= _ORDINARY:
            return False
    except (TypeError, ValueError, ArithmeticError):  # of NaN, which is no decimal; at a pole
        return False
    if factors and batch.noisy:
        results = list(map(mul, results, [one[0] for one in factors]))
    for index, result in zip(batch.steps, results, strict=True):
        values[index] = result
    return True


def _blurred(column: Sequence[Any], start: Sequence[Any] | None, factors: Sequence[Any], *, terms: bool) -> Sequence[Any]:
    """Do to the operands at one place, which are terms that round or not, what ``noisy_operands`` does."""
    if start is not None and any(map(is_not, column, start)):
        column = list(map(add, start, map(mul, map(sub, column, start), factors)))
    return list(map(mul, column, factors)) if terms else column


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
