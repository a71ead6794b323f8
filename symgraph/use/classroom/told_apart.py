"""Comparisons by which a loss tells the values of a target apart, and what differs by them."""

import random
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
import sympy
from sympy.core.relational import Relational

from symgraph.judge.differences.drawing import SCALES, inside
from symgraph.spec.canonical import postorder, replaced, symbols_of
from symgraph.spec.inputs import Input
from symgraph.spec.model import Model
from symgraph.spec.ops.sympy_classes import SpecFunction
from symgraph.use.classroom.formula_values import Array, column

_ROWS = 24
"""Random points at which losses of labels are compared."""
_KNOWN = 3
"""Points at which they must be known."""
_EXACT = (sympy.Eq, sympy.Ne)
_MARGINS = (sympy.Max, sympy.Min, sympy.exp, sympy.log, sympy.Piecewise, SpecFunction)
"""Functions in which a label of -1 or 1 is a factor: those of hinges and of logistic losses."""


class ToldApart:
    """The comparisons of one target in a model.

    Args:
        model: the spec, frozen.
        target: the target.

    Attributes:
        equal: the numbers that the target is compared with by == or !=, in order.
        thresholds: all numbers that it is compared with, in order.
        comparisons: the comparisons that depend on the target alone, over its symbol.
        unclear: comparisons by == or != with what depends on something else.
        unsolved: those by == or != that depend on the target alone, and hold or not at values that are not known.
    """

    def __init__(self, model: Model, target: Input) -> None:
        self.model, self.target = model, target
        self._exprs = [*(node.expr for node in model.nodes), *([] if model.loss_expr is None else [model.loss_expr])]
        self._depending = {target.symbol}
        self._alone: dict[Any, Any] = {one.symbol: exact(one.init.value) for one in model.constant_inputs}  # type: ignore[union-attr]
        for node in model.nodes:
            symbols = symbols_of(node.expr)
            if symbols & self._depending:
                self._depending.add(node.symbol)
            if symbols <= {target.symbol, *self._alone}:
                self._alone[node.symbol] = replaced(node.expr, self._alone)
        every = [part for part in postorder(self._exprs) if isinstance(part, Relational) and self._depends(part)]
        alone = [part for part in every if symbols_of(part) <= {target.symbol, *self._alone}]
        exactly = [part for part in every if isinstance(part, _EXACT)]
        numbers = {part: self._numbers(part) for part in alone}
        self.comparisons = [replaced(part, self._alone) for part in alone]
        self.unclear = [part for part in exactly if part not in numbers and not self._is_guard(part)]
        self.unsolved = [part for part in exactly if part in numbers and numbers[part] is None]
        self.equal = tuple(sorted({one for part in exactly for one in numbers.get(part) or ()}))
        self.thresholds = tuple(sorted({one for found in numbers.values() for one in found or ()}))

    def _depends(self, expr: Any) -> bool:
        return not self._depending.isdisjoint(symbols_of(expr))

    def _numbers(self, comparison: Any) -> list[float] | None:
        """Return the values of the target at which both sides of a comparison are equal; None where that is not known."""
        gap = replaced(comparison.lhs - comparison.rhs, self._alone)
        if gap.has(Relational):  # those inside are looked at themselves
            return []
        y = sympy.Dummy("y", real=True)
        try:
            found = sympy.solveset(gap.xreplace({self.target.symbol: y}), y, sympy.S.Reals)
        except (NotImplementedError, ValueError):
            return None
        known = found is sympy.S.EmptySet or isinstance(found, sympy.FiniteSet)
        return [float(one) for one in found] if known and all(one.is_number for one in found) else None

    def _is_guard(self, comparison: Any) -> bool:
        """Tell if the loss is the same beside the place where both sides of an equality are equal, as sin(r)/r is at r = 0."""
        gap, holds = comparison.lhs - comparison.rhs, sympy.true if isinstance(comparison, sympy.Eq) else sympy.false
        with np.errstate(all="ignore"):
            name, loss = self.target.name, self.model.loss_expr
            start, end = (self._evaluated(gap, {name: np.full(_ROWS, at)}) for at in (0.0, 1.0))
            equal = start / (start - end)  # where the target enters linearly
            there, beside = (
                self._evaluated(loss, {name: equal}, {comparison: holds}),
                self._evaluated(loss, {name: equal + 1e-6}),
            )
            known = np.isfinite(beside)
            return bool(known.any() and np.all(np.abs(there - beside)[known] <= 1e-4 * (1.0 + np.abs(beside[known]))))

    # What differs between values.

    @cached_property
    def is_number(self) -> bool:
        """Tells if the target is used otherwise than in comparisons."""
        return any(self._is_bare(expr) for expr in self._exprs)

    def _is_bare(self, expr: Any) -> bool:
        if isinstance(expr, Relational):
            return False
        return bool(expr == self.target.symbol) or any(self._is_bare(arg) for arg in expr.args)

    def signature(self, value: float) -> tuple[bool, ...]:
        """Return which comparisons hold at a value of the target."""
        return tuple(replaced(one, {self.target.symbol: exact(value)}) == sympy.true for one in self.comparisons)

    def effects(self, value: float) -> set[Any]:
        """Return what a value of the target brings about: the branches that are taken, and numbers that it chooses, but 0."""
        place = {self.target.symbol: exact(value)}
        table = {**place, **{symbol: replaced(expr, place) for symbol, expr in self._alone.items()}}
        return {effect for expr in self._exprs for effect in self._effects(expr, table)}

    def _effects(self, expr: Any, table: dict[Any, Any]) -> Iterator[Any]:
        symbols = symbols_of(expr)
        if symbols.isdisjoint(self._depending):
            return
        if symbols <= {*table} and not self._is_bare(replaced(expr, self._alone)):
            number = replaced(expr, table)
            if number not in (0, sympy.nan):
                yield expr, number
        elif isinstance(expr, sympy.Piecewise):
            for branch, condition in expr.args:
                holds = replaced(condition, table)
                if holds != sympy.false:
                    if not branch.is_number:
                        yield expr, branch
                    yield from self._effects(branch, table)
                if holds == sympy.true:
                    return
        elif not isinstance(expr, sympy.logic.boolalg.Boolean):
            for arg in expr.args:
                yield from self._effects(arg, table)

    # What the loss is, at random points.

    @cached_property
    def _columns(self) -> dict[str, Array]:
        draw, law = random.Random(1), SCALES["ordinary"]
        entries = [one for one in self.model.inputs if one.kind != "constant"]
        drawn = {one.name: np.array([inside(law, draw, one, ends=False) for _ in range(_ROWS)]) for one in entries}
        return drawn | {str(one.name): np.full(_ROWS, float(value)) for one, value in self._alone.items() if value.is_number}

    def _evaluated(self, expr: Any, targets: Mapping[str, Array], table: Mapping[Any, Any] = MappingProxyType({})) -> Array:
        """Evaluate an expression at the random points and values (n,) of targets, with some parts replaced."""
        values = {**self._columns, **targets}
        for node in self.model.nodes:
            values[node.name] = column(replaced(node.expr, table), values, _ROWS)
        return np.asarray(column(replaced(expr, table), values, _ROWS), np.float64)

    def losses(self, value: float) -> Array:
        """Return the losses (n,) of a value of the target at random points; NaN where there is none."""
        return self._losses({self.target.name: value})

    def _losses(self, case: Mapping[str, float]) -> Array:
        return self._evaluated(self.model.loss_expr, {name: np.full(_ROWS, value) for name, value in case.items()})

    def defined(self, values: Sequence[float]) -> tuple[float, ...]:
        """Return those values of the target for which the loss has a value somewhere; all if it has none for any."""
        found = tuple(value for value in values if not np.isnan(self.losses(value)).all())
        return found or tuple(values)

    def is_whole(self, values: Sequence[float]) -> bool:
        """Tell if exp(-loss) is a probability that has a sum of 1 over some values of the target."""
        return self._is_whole([{self.target.name: value} for value in values])

    def _is_whole(self, cases: Sequence[Mapping[str, float]]) -> bool:
        with np.errstate(all="ignore"):
            total = np.sum([np.exp(-self._losses(case)) for case in cases], axis=0)
        known = total[np.isfinite(total)]
        return len(known) >= _KNOWN and bool(np.all(np.abs(known - 1.0) < 1e-8))

    def is_one_hot(self) -> bool:
        """Tell if one of several targets is 1 and the others are 0.

        So it is if the probabilities of these cases have a sum of 1, or where this target, between 0 and 1, is a weight of a
        term of the loss, and nothing is left without such terms.
        """
        names = [one.name for one in self.model.target_inputs]
        if self._is_whole([{name: float(name == one) for name in names} for one in names]):
            return True
        nothing = self._losses(dict.fromkeys(names, 0.0))
        left = not np.isfinite(nothing).any() or bool(np.nan_to_num(nothing).any())
        return self.target.domain == (0.0, 1.0) and self.is_linear() and not left

    def is_linear(self) -> bool:
        """Tell if the loss depends on the target, and linearly so: in its domain, or between -1 and 1."""
        low, high = self.target.domain or (-1.0, 1.0)
        if not np.isfinite(high - low):
            return False
        places = (low, high, low + 0.3 * (high - low), low + 0.65 * (high - low))
        losses = np.array([self.losses(place) for place in places])
        start, end, *between = losses[:, np.isfinite(losses).all(axis=0)]
        off = [np.abs(one - start - share * (end - start)) for one, share in zip(between, (0.3, 0.65), strict=True)]
        close = np.max(off, axis=0) <= 1e-9 * (np.abs(start) + np.abs(end))
        return len(start) >= _KNOWN and bool(close.all() and np.any(start != end))

    @cached_property
    def is_factor(self) -> bool:
        """Tells if the target is only a factor of what depends on weights, in a hinge or a logistic loss."""
        opened = self.model.loss_expr
        for node in reversed(self.model.nodes):
            if node.symbol in self._depending and opened is not None:
                opened = replaced(opened, {node.symbol: node.expr})
        return opened is not None and self._depends(opened) and self._is_margin(opened, False)

    def _is_margin(self, expr: Any, within: bool) -> bool:
        if not self._depends(expr):
            return True
        if expr == self.target.symbol:
            return False
        if expr.is_Mul and self.target.symbol in expr.args:
            rest = sympy.Mul(*(arg for arg in expr.args if arg != self.target.symbol))
            weights = {one.symbol for one in self.model.weight_inputs}
            leading = [node.expr for node in self.model.leading_to(rest)]
            return within and not self._depends(rest) and any(symbols_of(one) & weights for one in (rest, *leading))
        return all(self._is_margin(arg, within or isinstance(expr, _MARGINS)) for arg in expr.args)


def exact(value: float) -> Any:
    """Return a double as the number that it is."""
    return sympy.Rational(value)
