"""The values that a target takes where it is a label: a class, a count, one of a few numbers.

A right program may take a label for granted: an index, a key, a case of two. So it must never be called with another number.
Labels are declared, or follow from the likelihood, or from what the loss compares the target with.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from symgraph.classroom.told_apart import ToldApart
from symgraph.errors import OptionError
from symgraph.spec.inputs import Input, Pair
from symgraph.spec.model import Model

_MOST = 10
"""Whole numbers that are drawn of a long range."""
_COUNTS = 6
"""The largest count that is drawn where there is no limit."""


class Labels(NamedTuple):
    """The values of a target.

    Attributes:
        values: those that are drawn, in order.
        limit: of a count, what its largest value is: "" where there is no limit; None for what is no count.
    """

    values: tuple[float, ...]
    limit: str | None = None

    @property
    def said(self) -> str:
        """Return the values in words."""
        if self.limit is not None:
            return f"a whole number from 0 {f'to {self.limit}' if self.limit else 'on'}"
        *most, last = (f"{value:g}" for value in self.values)
        return f"{', '.join(most)} or {last}" if most else last

    def shown(self, value: float) -> float:
        """Return what of a value is worth seeing: itself, or of a count whether it is 0, 1 or more."""
        return value if self.limit is None else min(value, 2.0)


def labels_of(model: Model) -> Mapping[str, Labels]:
    """Return the labels by the names of the targets that are such, and of a feature that is the largest count of one.

    Raises:
        OptionError: a target is compared by == with something else than a number, so that its values are not known.
    """
    declared = {one.name: Labels(one.values) for one in model.target_inputs if one.values}
    if model.likelihood_declared is not None:
        found = _of_likelihood(model)
    else:
        found = {one.name: _of_target(model, one) for one in model.target_inputs if not one.values}
    return {**{name: labels for name, labels in found.items() if labels is not None and labels.values}, **declared}


def _of_likelihood(model: Model) -> dict[str, Labels | None]:
    """Return the labels of the target of a likelihood, and those of the feature that limits it."""
    (target,), (kind, limit) = model.target_inputs, model.likelihood_declared.labels  # type: ignore[union-attr]
    if kind == "class" and isinstance(limit, int):
        return {target.name: Labels(tuple(map(float, range(limit))))}
    if kind != "count":
        return {}
    if not isinstance(limit, str):
        counts = _wholes(_common(target.domain, (0.0, math.inf if limit is None else float(limit))))
        return {target.name: Labels(counts, None if limit == 1 else "" if limit is None else str(limit))}
    feature = next(one for one in model.feature_inputs if one.name == limit)
    limits = _wholes(_common(feature.domain, (1.0, math.inf)))
    return {target.name: Labels(_wholes(_common(target.domain, (0.0, limits[-1]))), limit), limit: Labels(limits, "")}


def _common(domain: Pair | None, other: Pair) -> Pair:
    low, high = domain or other
    return max(low, other[0]), min(high, other[1])


def _wholes(ends: Pair) -> tuple[float, ...]:
    """Return whole numbers between two ends, all or some from the first to the last one; a few where there is no last one."""
    low = math.ceil(ends[0])
    high = math.floor(ends[1]) if math.isfinite(ends[1]) else low + _COUNTS
    step = max(1.0, (high - low) / (_MOST - 1))
    return tuple(sorted({float(round(low + place * step)) for place in range(int((high - low) / step + 1e-9) + 1)}))


def _of_target(model: Model, target: Input) -> Labels | None:
    """Return the labels of a target by what the loss does with it; None where it is any number."""
    if model.loss_expr is None:
        return None
    told, where = ToldApart(model, target), f"{model.name}: the target {target.name!r}"
    unclear = [*told.unclear, *([] if _is_whole(target.domain) else told.unsolved)]
    if unclear:
        raise OptionError(
            f"{where} is compared by {unclear[0]}, which is no comparison with a number, so its values are not known; "
            f"declare them, such as model.target({target.name!r}, values=(0, 1, 2))"
        )
    if told.equal or told.unsolved or (told.thresholds and not told.is_number):
        values = _told(told, target.domain)
        if len(values) < 2:
            raise OptionError(
                f"{where} has no two values in its domain that the loss tells apart; declare them, such as "
                f"model.target({target.name!r}, values=(0, 1, 2))"
            )
        return Labels(values)
    return _of_two(told) if len(model.target_inputs) == 1 else None


def _of_two(told: ToldApart) -> Labels | None:
    """Return the labels of losses of two classes: 0 and 1, by which terms have their weights, or -1 and 1, which are signs."""
    domain = told.target.domain
    if domain in (None, (0.0, 1.0)) and told.is_linear() and (domain is not None or told.is_whole((0.0, 1.0))):
        return Labels((0.0, 1.0))
    return Labels((-1.0, 1.0)) if domain in (None, (-1.0, 1.0)) and told.is_factor else None


def _is_whole(domain: Pair | None) -> bool:
    """Tell if a domain has whole numbers as its ends."""
    return domain is not None and all(end.is_integer() for end in domain if math.isfinite(end)) and math.isfinite(sum(domain))


def _told(told: ToldApart, domain: Pair | None) -> tuple[float, ...]:
    """Return the labels that a loss tells apart by comparisons."""
    low, high = domain or (-math.inf, math.inf)
    known = [value for value in told.equal if low <= value <= high]
    if _is_whole(domain):
        signs = (low, high) == (-1.0, 1.0) and 0.0 not in known
        values = sorted({*known, *((low, high) if signs else _wholes((low, high)))})
        return told.defined(values)
    possible = told.defined([*known, *_spares(told, known, (low, high))])
    spares = [value for value in possible if value not in known]
    seen: set[object] = set().union(*(told.effects(value) for value in known))
    for spare in spares:
        if known and told.is_whole(known):
            break
        effects = told.effects(spare)
        if len(known) < 2 or effects - seen or told.is_whole([*known, spare]):
            known, seen = [*known, spare], seen | effects
    if len(told.equal) == 1 and told.is_number and not told.is_whole(known):  # 0 is told from all other numbers
        known += [value for value in told.defined((known[-1] + 1.0, known[-1] + 2.0)) if low <= value <= high]
    return tuple(sorted(known))


def _spares(told: ToldApart, known: Sequence[float], domain: Pair) -> list[float]:
    """Return numbers that the comparisons tell apart beside known ones, one of each kind, in order."""
    places = told.thresholds
    first, last = math.floor(places[0]) - 2, math.ceil(places[-1]) + 2
    wholes = range(first, last + 1) if last - first < 1000 else (first, last)
    between = [(one + other) / 2 for one, other in pairwise(places) if math.ceil(one) > math.floor(other)]
    tried: Iterable[float] = (*map(float, wholes), *between)
    kinds: dict[tuple[bool, ...], list[float]] = {}
    for value in tried:
        if value not in known and domain[0] <= value <= domain[1]:
            kinds.setdefault(told.signature(value), []).append(value)
    found = sorted(min(values, key=lambda value: _oddness(value, places)) for values in kinds.values())
    return [-1.0, 1.0] if not known and found == [-1.0, 0.0] else found


def _oddness(value: float, places: Sequence[float]) -> tuple[bool, float, int]:
    """Order numbers by how usual they are as labels beside those that others are told from."""
    low, high = places[0], places[-1]
    if low == high == -1.0:  # the other sign is 1
        return value != 1.0, 0.0, 0
    side = 0 if low > 0.0 and value < low else 1 if low < value < high else 2 if value > high else 3
    return not value.is_integer(), min(abs(value - place) for place in places), side
