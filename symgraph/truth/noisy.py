"""A run of the spec's own program in noisy arithmetic: what two such runs have in common is true.

Vignes, "A stochastic arithmetic for reliable scientific computation", Mathematics and Computers in Simulation 35 (1993): each
result that rounds is moved by some units in its last place, up or down at random. Two runs at different precisions then differ
wherever rounding matters, also where both would lose the same term: log(1 + exp(-650)) is 0 at 40 digits and at 60, but noisy
it is 1e-40 and 1e-60, which nobody takes for agreement. What is exact stays exact.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath
import sympy

from symgraph.exact import NAN, Program, Step, Values, compile_exactly
from symgraph.functions import log1p, relu
from symgraph.ir.ops import FUNCTIONS
from symgraph.model import Model
from symgraph.truth.edges import BORDERS
from symgraph.truth.slopes import Slope, slopes_of
from symgraph.truth.wide import KINK, UNKNOWN, WIDE, computed, is_number

_NOISE = 12
"""Digits of the noise: enough that what cancels does not cancel by chance, twice, and few beside the digits asked for."""
_SUM, _PRODUCT, _POWER, _SELECTION, _OTHER = range(5)
_LOGARITHMS = (sympy.log, log1p)
_NAMES = {**FUNCTIONS, sympy.Pow: "pow"}
_SELECTIONS = (sympy.Abs, sympy.sign, sympy.Max, sympy.Min, sympy.Heaviside, relu)
_LOGIC = (sympy.And, sympy.Or, sympy.ITE)
"""What may be decided although an operand is undefined."""
_ZERO = mpmath.mpf(0)
_LARGE = 60
"""Values and slopes above 2**_LARGE may be quotients by nothing but a rounding error."""

Steep = dict[tuple[int, int], int]
"""Binary exponents of large values and small distances (with -1), and of slopes (with the operand's place), by the step."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One step of the program, prepared for a run.

    Attributes:
        step: the step.
        rounding: how to tell whether its result is exact.
        compute: what computes it; None for leaves, constants and Piecewise.
        slopes: the partial by each operand, None for those that do not vary; empty for sums, products and truth values.
        borders: of the domain of its first operand.
    """

    step: Step
    rounding: int
    compute: Any
    slopes: tuple[Slope | None, ...]
    borders: tuple[int, ...] = ()


class NoisyProgram:
    """A model's program at one precision.

    Args:
        model: the spec.
        bits: the working precision.
    """

    def __init__(self, model: Model, bits: int) -> None:
        self.bits = bits
        with mpmath.workprec(bits):
            self.program: Program = compile_exactly(model, int(bits * 0.30103) + 2)
        steps = self.program.steps
        self._lines = [_line(step, steps) for step in steps]
        self._bit = random.Random(0).getrandbits

    def values(self, leaves: Mapping[str, Any], *, noise: bool = True) -> Values:
        """Evaluate every step, those of branches that are not taken too, at this precision.

        Args:
            leaves: a mpf for every input.
            noise: whether to move what rounds.

        Returns:
            For each step a mpf, a bool, ``NAN`` where it is not a real number, or ``UNKNOWN``.
        """
        self._bit = random.Random(self.bits).getrandbits
        values: Values = []
        with mpmath.workprec(self.bits):
            for line in self._lines:
                values.append(self._value(line, values, leaves, noise))
        return values

    def steep(self, values: Values, root: int) -> Steep:
        """The binary exponents of large values up to a step, and of distances from borders that numbers have crossed.

        And of arguments of logarithms, small ones too: log(1 - p) may be that of a rounding error, and (1 + p)**n with a
        huge n is the exponential of one.
        """
        found: Steep = {}
        for index, value in enumerate(values[: root + 1]):
            if value is NAN:
                size = self._crossed(index, values)
                if size < -_LARGE:
                    found[index, -1] = size
            elif (size := _size(value)) > _LARGE:
                found[index, -1] = size
            step = self._lines[index].step
            if step.kind in _LOGARITHMS and is_number(argument := values[step.args[0]]):
                size = _size(argument if step.kind is sympy.log else 1 + argument)
                if abs(size) > _LARGE:
                    found[index, -2] = size
            elif step.kind is sympy.Pow and (size := self._logarithm(step, values)) > _LARGE:
                found[index, -2] = size
        return found

    def _logarithm(self, step: Step, values: Values) -> int:
        """The binary exponent of the logarithm of a power."""
        base, exponent = (values[arg] for arg in step.args)
        if not is_number(base) or not is_number(exponent) or not base:
            return 0
        with mpmath.workprec(self.bits):
            return _size(exponent * mpmath.log(abs(base)))

    def cotangents(self, values: Values, root: int, steep: Steep) -> dict[str, Any]:
        """Give the partial derivative of a step by every input: one reverse sweep.

        Args:
            values: what ``values`` gave.
            root: the step.
            steep: completed by the binary exponents of large slopes on the way.

        Returns:
            A mpf for every input; ``NAN``, ``KINK`` or ``UNKNOWN`` where there is no derivative to be had.
        """
        lines = self._lines
        found: dict[str, Any] = dict.fromkeys(self.program.leaves, _ZERO)
        pending: list[Any] = [None] * (root + 1)
        pending[root] = mpmath.mpf(1)
        with mpmath.workprec(self.bits):
            for index in range(root, -1, -1):
                cotangent = pending[index]
                if cotangent is None:
                    continue
                step = lines[index].step
                if step.leaf:
                    found[step.leaf] = cotangent
                elif step.branches:
                    self._through_branches(step, values, cotangent, pending)
                elif step.varies and not isinstance(values[index], bool):
                    self._through(lines[index], (index, cotangent), values, pending, steep)
        return found

    def _value(self, line: _Line, values: Values, leaves: Mapping[str, Any], noise: bool) -> Any:
        step = line.step
        if step.leaf:
            return leaves[step.leaf]
        if step.branches:
            return _taken(step, values)
        if line.compute is None:
            return step.constant
        operands = [values[arg] for arg in step.args]
        value = line.compute(*operands) if step.kind in _LOGIC else computed(line.compute, operands)
        return value if isinstance(value, bool) or not noise else self._moved(value, line.rounding, operands)

    def _crossed(self, index: int, values: Values) -> int:
        """The binary exponent of the distance by which an operand is outside the domain of a step; 0 for other steps."""
        step, borders = self._lines[index].step, self._lines[index].borders
        if not borders or not all(is_number(values[arg]) for arg in step.args):
            return 0
        with mpmath.workprec(self.bits):
            return min(_size(values[step.args[0]] - border) for border in borders)

    def _moved(self, value: Any, rounding: int, operands: Sequence[Any]) -> Any:
        """The value, moved by up to 2**_NOISE units in its last place unless it is exact."""
        sign, man, exponent, bits = value._mpf_
        if not man or rounding == _SELECTION or self._is_exact(rounding, operands):
            return value
        shift = max(0, self.bits - bits)
        man, exponent = man << shift, exponent - shift
        man += 2 * self._bit(_NOISE) - 2**_NOISE + (man + 1) % 2  # a mantissa must be odd
        return mpmath.mp.make_mpf((sign, man, exponent, man.bit_length()))

    def _is_exact(self, rounding: int, operands: Sequence[Any]) -> bool:
        parts = [operand._mpf_ for operand in operands]
        if rounding == _PRODUCT:
            return bool(sum(part[3] for part in parts) <= self.bits)
        if rounding == _POWER:
            return bool(operands[1] > 0 and parts[0][3] * operands[1] <= self.bits)
        parts = [part for part in parts if part[1]]
        if rounding == _SUM and parts:
            top, bottom = max(part[2] + part[3] for part in parts), min(part[2] for part in parts)
            return bool(top - bottom + len(parts) <= self.bits)
        return not parts  # exp(0), cos(0)

    def _through(self, line: _Line, at: tuple[int, Any], values: Values, pending: list[Any], steep: Steep) -> None:
        """Hand a cotangent, given with its position, to the operands of one step."""
        step, (index, cotangent) = line.step, at
        for place, arg in enumerate(step.args):
            if not self._lines[arg].step.varies:
                continue
            if line.rounding == _SUM:
                self._add(pending, arg, cotangent)
                continue
            operands = [values[other] for other in step.args]
            if line.rounding == _PRODUCT:
                slope = self._product(operands[:place] + operands[place + 1 :])
            else:
                function = line.slopes[place]
                slope = NAN if function is None else computed(function, [values[index], *operands])
            if (size := _size(slope)) > _LARGE:
                steep[index, place] = size
            self._add(pending, arg, self._times(cotangent, slope))

    def _through_branches(self, step: Step, values: Values, cotangent: Any, pending: list[Any]) -> None:
        """Hand a cotangent to the branch taken; on the border between two, nobody has a derivative."""
        chosen = step.chosen(values)
        border = any(self._has_tie(condition, values) for condition in step.args[1::2])
        for place, arg in enumerate(step.args[::2]):
            if border and (self._lines[arg].step.varies or step.varies):
                self._add(pending, arg, KINK)
            elif place == chosen and self._lines[arg].step.varies:
                self._add(pending, arg, cotangent)
        if border:
            for leaf in self._below(step.args[1::2]):
                self._add(pending, leaf, KINK)

    def _has_tie(self, condition: int, values: Values) -> bool:
        """Whether a comparison in a condition compares equal numbers that vary."""
        for index in self._below((condition,), leaves=False):
            step = self._lines[index].step
            if step.kind is not None and issubclass(step.kind, sympy.core.relational.Relational) and step.varies:
                left, right = (values[arg] for arg in step.args)
                if is_number(left) and left == right:
                    return True
        return False

    def _below(self, roots: Sequence[int], *, leaves: bool = True) -> list[int]:
        """The inputs, or all steps, that some steps depend on."""
        found: set[int] = set()
        todo = list(roots)
        while todo:
            index = todo.pop()
            if index not in found:
                found.add(index)
                todo.extend(self._lines[index].step.args)
        return sorted(index for index in found if self._lines[index].step.leaf or not leaves)

    def _product(self, factors: Sequence[Any]) -> Any:
        result = factors[0]
        for factor in factors[1:]:
            result = self._times(result, factor)
        return result

    def _times(self, a: Any, b: Any) -> Any:
        if not is_number(a) or not is_number(b):
            # a bounded slope times 0 is 0; what is not bounded may grow faster than the other vanishes
            if (a is KINK and is_number(b) and b == 0) or (b is KINK and is_number(a) and a == 0):
                return _ZERO
            return b if is_number(a) else a
        product = a * b
        return self._moved(product, _PRODUCT, (a, b)) if product == product else UNKNOWN

    def _add(self, pending: list[Any], arg: int, cotangent: Any) -> None:
        known = pending[arg]
        if known is None:
            pending[arg] = cotangent
        elif is_number(known):
            pending[arg] = self._sum(known, cotangent) if is_number(cotangent) else cotangent

    def _sum(self, a: Any, b: Any) -> Any:
        total = a + b
        return self._moved(total, _SUM, (a, b)) if total == total else UNKNOWN


def alike(one: Steep, other: Steep) -> bool:
    """Whether what is large, or crosses a border, in one of two runs does so as far in the other, roughly.

    A quotient by a rounding error is as large as the precision makes it: 2**133 in the one run and 2**200 in the other.
    """
    return all(abs(one.get(key, 0) - other.get(key, 0)) * 8 <= abs(one.get(key, 0)) for key in {**one, **other})


def _size(value: Any) -> int:
    """The binary exponent of a number; 0 for 0, truth values, infinity and what is no number."""
    if isinstance(value, bool) or not value._mpf_[1]:
        return 0
    return int(value._mpf_[2] + value._mpf_[3])


def _taken(step: Step, values: Values) -> Any:
    """The value of the first branch whose condition is not false; NaN if that one is not true either."""
    for branch, condition in zip(step.args[::2], step.args[1::2], strict=True):
        if values[condition] is not False:
            return values[branch] if values[condition] is True else NAN
    return NAN


def _rounding(step: Step, steps: Sequence[Step]) -> int:
    if step.kind is sympy.Pow:
        exponent = steps[step.args[1]].constant
        return _POWER if exponent is not None and mpmath.isint(exponent) else _OTHER
    if step.kind in _SELECTIONS:
        return _SELECTION
    return _SUM if step.kind is sympy.Add else _PRODUCT if step.kind is sympy.Mul else _OTHER


def _line(step: Step, steps: Sequence[Step]) -> _Line:
    if step.kind is None or step.compute is None:
        return _Line(step, _OTHER, None, ())
    rounding = _rounding(step, steps)
    if rounding in (_SUM, _PRODUCT) or not issubclass(step.kind, sympy.Expr):
        return _Line(step, rounding, step.compute, ())
    name = _NAMES.get(step.kind, "")
    compute = WIDE[name] if name in WIDE and rounding != _POWER else step.compute
    if name in ("max", "min"):
        return _Line(step, rounding, compute, tuple(_chosen(place) for place in range(len(step.args))))
    slopes = slopes_of(name, len(step.args), compute)
    varying = [slope if steps[arg].varies else None for slope, arg in zip(slopes, step.args, strict=True)]
    place, borders = BORDERS.get(name, (0, ()))
    return _Line(step, rounding, compute, tuple(varying), borders if place == 0 else ())


def _chosen(place: int) -> Slope:
    """Of Max and Min of any number of operands: 1 for the one that is the value, if no other is."""

    def slope(v: Any, *operands: Any) -> Any:
        if operands[place] != v:
            return _ZERO
        return KINK if sum(operand == v for operand in operands) > 1 else mpmath.mpf(1)

    return slope
