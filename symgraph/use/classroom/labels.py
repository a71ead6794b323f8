"""The values that a target takes where it is a label: a class, a count, one of a few numbers.

A right program may take a label for granted: an index, a key, a case of two. So it must never be called with another number.
Labels are declared, or follow from the likelihood, or from what the loss compares the target with.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from symgraph.errors import OptionError
from symgraph.spec.inputs import Pair
from symgraph.spec.model import Model
from symgraph.use.classroom.told_apart import ToldApart

_MOST = 10
"""Whole numbers that are drawn of a long range."""
_COUNTS = 6
"""The largest count that is drawn where there is no limit."""
_PAIRS = ((0.0, 1.0), (-1.0, 1.0))
"""The usual labels of two classes."""


class Labels(NamedTuple):
    """The values that targets have, one or several together, or a count and the feature that is its largest value.

    Attributes:
        names: of these inputs, the targets first.
        cases: the values that are drawn, in order, a number for each name.
        limit: of a count, what its largest value is: "" where there is no limit; None for what is no count, and drawn in full.
    """

    names: tuple[str, ...]
    cases: tuple[tuple[float, ...], ...]
    limit: str | None = None

    @property
    def said(self) -> str:
        """Return the values in words, which follow the names of the targets and "which is"."""
        if self.limit is not None:
            return f"a whole number from {min(self.cases)[0]:g} {f'to {self.limit}' if self.limit else 'on'}"
        *most, last = (f"{case[0]:g}" for case in self.cases)
        return f"{', '.join(most)} or {last}" if len(self.names) == 1 else "0 or 1, and 1 for one of them"

    def of(self, point: Mapping[str, float]) -> tuple[float, ...]:
        """Return the case of a point."""
        return tuple(point[name] for name in self.names)

    def shown(self, case: tuple[float, ...]) -> tuple[object, ...]:
        """Return what of a case is worth seeing: its values, or of a count whether it is 0, 1 or more."""
        return (self.names, *(case if self.limit is None else (min(case[0], 2.0),)))


def labels_of(model: Model) -> tuple[Labels, ...]:
    """Return the labels of the targets that have some.

    Raises:
        OptionError: a target is compared by == with something else than a number, so that its values are not known.
    """
    declared = {one.name: _single(one.name, one.values) for one in model.target_inputs if one.values}
    if model.loss_expr is None or (model.likelihood_declared is not None and declared):
        found = [*declared.values()]
    elif model.likelihood_declared is not None:
        found = _of_likelihood(model)
    else:
        told = [ToldApart(model, one) for one in model.target_inputs]
        found = _one_hot(told) or [declared.get(one.target.name) or _of_target(one) for one in told]
    return tuple(labels for labels in found if labels.cases)


def _single(name: str, values: Sequence[float], limit: str | None = None) -> Labels:
    return Labels((name,), tuple((value,) for value in values), limit)


def _one_hot(told: Sequence[ToldApart]) -> list[Labels]:
    """Return the labels of several targets of which one is 1 and the others are 0; none where they are others."""
    shares = (one.target.domain in (None, _PAIRS[0]) and not one.target.values and not one.comparisons for one in told)
    if len(told) < 2 or not all(shares) or not all(one.is_one_hot() for one in told):
        return []
    names = tuple(one.target.name for one in told)
    return [Labels(names, tuple(tuple(float(name == other) for name in names) for other in names))]


def _of_likelihood(model: Model) -> list[Labels]:
    """Return the labels of the target of a likelihood, with those of the feature that limits it."""
    (target,), (kind, limit) = model.target_inputs, model.likelihood_declared.labels  # type: ignore[union-attr]
    if kind == "class" and isinstance(limit, int):
        return [_single(target.name, tuple(map(float, range(limit))))]
    if kind != "count":
        return []
    low, high = _common(target.domain, (0.0, math.inf))
    if not isinstance(limit, str):
        counts = _wholes((low, high if limit is None else min(high, limit)))
        return [_single(target.name, counts, None if limit == 1 else "" if limit is None else str(limit))]
    feature = next(one for one in model.feature_inputs if one.name == limit)
    limits = _wholes(_common(feature.domain, (1.0, math.inf)))
    return [Labels((target.name, limit), tuple((y, most) for most in limits for y in _wholes((low, min(high, most)))), limit)]


def _common(domain: Pair | None, other: Pair) -> Pair:
    low, high = domain or other
    return max(low, other[0]), min(high, other[1])


def _wholes(ends: Pair) -> tuple[float, ...]:
    """Return whole numbers between two ends, all or some from the first to the last one; a few where there is no last one."""
    low = math.ceil(ends[0])
    high = math.floor(ends[1]) if math.isfinite(ends[1]) else low + _COUNTS
    step = max(1.0, (high - low) / (_MOST - 1))
    return tuple(sorted({float(round(low + place * step)) for place in range(int((high - low) / step + 1e-9) + 1)}))


def _of_target(told: ToldApart) -> Labels:
    """Return the labels of a target by what the loss does with it; without cases where it is any number."""
    target, where = told.target, f"{told.model.name}: the target {told.target.name!r}"
    declare = f"declare them, such as model.target({target.name!r}, values=(0, 1, 2))"
    unclear = [*told.unclear, *([] if _is_whole(target.domain) else told.unsolved)]
    if unclear:
        other = "which is no comparison with a number, so its values are not known"
        raise OptionError(f"{where} is compared by {unclear[0]}, {other}; {declare}")
    if told.equal or told.unsolved or (told.thresholds and not told.is_number):
        values = _told(told, target.domain)
        if len(values) < 2:
            raise OptionError(f"{where} has no two values in its domain that the loss tells apart; {declare}")
        above = _above(told, values)
        if above is not None:
            raise OptionError(f"{where} may be {values[0]:g} or {above:g} in the case of all others; {declare}")
        low, high = target.domain or (0.0, 0.0)
        return _single(target.name, values, f"{high:g}" if _is_whole(target.domain) and high - low >= _MOST else None)
    two: Pair | tuple[()] = ()
    if told.is_linear():
        two = next((ends for ends in ([target.domain] if target.domain else _PAIRS) if told.is_whole(ends)), ())
        two = _PAIRS[0] if target.domain == _PAIRS[0] else two
    elif target.domain in (None, _PAIRS[1]) and told.is_factor:
        two = _PAIRS[1]
    return _single(target.name, two)


def _above(told: ToldApart, values: Sequence[float]) -> float | None:
    """Return the label above all others that may as well be meant as the lowest one, which no comparison names.

    Of the labels 1, 2 and one more, that is 0 or 3; of 1 and one more it is 0, as usual.
    """
    lowest, other = values[0], values[-1] + 1.0
    domain = told.target.domain or (-math.inf, math.inf)
    named = len(told.equal) < 2 or lowest >= min(told.equal) or lowest < 0.0 or _is_whole(told.target.domain)
    if named or not domain[0] <= other <= domain[1] or told.signature(lowest) != told.signature(other):
        return None
    return other


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
        known += [value for value in told.defined((max(known) + 1.0, max(known) + 2.0)) if low <= value <= high]
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
