"""Values that targets may have: those that a spec declares, and those to which a likelihood gives a probability.

They are stated once, here, for data that enter, for the functions of modules and for compiled code in front of them. Functions
refuse labels alone, which tell cases apart: another one would be taken for the last of them, without a sign of it. Counts and
positive numbers they take as they are, since formulas hold between counts too, and the loss is NaN out of range.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

import numpy as np

from symgraph.runtime.facts import Array
from symgraph.runtime.labels import unmasked

ROWS_AT_ONCE = 10_000
"""Rows that are looked at together, so that what this takes of memory does not grow with their number."""

_WORDS = {
    "count": ("a count: 0, 1, 2, ...", "leave such rows out"),
    "class": ("a class: a whole number from 0 to {}", "leave such rows out, or number the classes from 0"),
    "positive": ("a number above 0", "leave such rows out"),
}
"""By the kind of labels, what a likelihood needs, and what to do about other numbers."""


class DeclaredValues(NamedTuple):
    """The only values of a target, as its spec declares them.

    Attributes:
        model: its name.
        name: of the target.
        place: of the target among several, or None where it is the only one.
        cases: these values, in order.
    """

    model: str
    name: str
    place: int | None
    cases: tuple[float, ...]

    def allows(self, X: Any, target: Any, xp: Any = np) -> Any:
        """Tell for each row if a target, of any library, has a value that it may have."""
        return reduce(or_, (target == value for value in self.cases))

    def wanted(self, x: Any) -> tuple[str, str]:
        """Say what the target of a row may be, and what to do."""
        listed = ", ".join(map(shortest, self.cases))
        return f"{self.model} declares the values {listed} of it", "leave such rows out, or declare that value too"


class LikelyValues(NamedTuple):
    """Numbers to which the likelihood of a model gives a probability.

    Attributes:
        model: its name.
        name: of the target.
        likelihood: its name.
        kind: "count", "class" or "positive".
        most: the largest count or class; None where there is none, or a feature says it.
        limit: the name of the feature that has the largest count, or "".
        column: its place.
    """

    model: str
    name: str
    likelihood: str
    kind: str
    most: int | None
    limit: str = ""
    column: int = -1

    @property
    def place(self) -> None:
        """The only target has no place among several."""
        return None

    def allows(self, X: Any, target: Any, xp: Any = np) -> Any:
        """Tell for each row if a target, of any library, has a value that it may have."""
        if self.kind == "positive":
            return xp.isfinite(target) & (target > 0.0)
        good = (target >= 0.0) & (xp.floor(target) == target)
        if self.limit:
            most = X[..., self.column]
            return good & (target <= most) & (xp.floor(most) == most)
        return good & (xp.isfinite(target) if self.most is None else target <= self.most)

    def wanted(self, x: Any) -> tuple[str, str]:
        """Say what the target of a row may be, and what to do."""
        needs, remedy = _WORDS[self.kind]
        needs = needs.format(self.most)
        if self.limit:
            most = x[self.column]
            needs += f", of {self.limit} = {most:g} at most" + (f", and a whole number as {self.limit}" if most % 1 else "")
        elif self.kind == "count" and self.most is not None:
            needs += f", {self.most} at most"
        return f"the likelihood {self.likelihood} of {self.model} needs {needs}", remedy

    @property
    def cases(self) -> tuple[float, ...]:
        """The classes; none of a count or a positive number."""
        return tuple(map(float, range(self.most + 1))) if self.kind == "class" and self.most is not None else ()


TargetRule = DeclaredValues | LikelyValues


def target_rules(
    model: str, metadata: Mapping[str, Any], features: Sequence[str], targets: Sequence[str]
) -> tuple[TargetRule, ...]:
    """Give the rules for the targets of a model, of which most have none.

    Args:
        model: its name.
        metadata: that of its module.
        features: their names.
        targets: their names, the columns of y.
    """
    rules: list[TargetRule] = [
        DeclaredValues(model, name, targets.index(name) if len(targets) > 1 else None, tuple(values))
        for name, values in metadata.get("values", {}).items()
    ]
    kind, limit = metadata.get("labels", ("number", None))
    if kind in _WORDS:
        by_feature = isinstance(limit, str)
        most = None if by_feature or limit is None else limit - (kind == "class")
        feature = (limit, features.index(limit)) if by_feature else ()
        rules.append(LikelyValues(model, targets[0], metadata["likelihood"], kind, most, *feature))
    return tuple(rules)


def label_rules(
    model: str, metadata: Mapping[str, Any], features: Sequence[str], targets: Sequence[str]
) -> tuple[TargetRule, ...]:
    """Give the rules that functions of a module keep: one for each target that is a label.

    Declared values are among the classes of a likelihood. Arguments are those of ``target_rules``.
    """
    found: dict[int | None, TargetRule] = {}
    for rule in target_rules(model, metadata, features, targets):
        if rule.cases:
            found.setdefault(rule.place, rule)
    return tuple(found.values())


def target_of(rule: TargetRule, y: Any) -> Any:
    """Give the target that a rule is about, in an array of any library."""
    return y if rule.place is None else y[..., rule.place]


def refuse_other_values(rules: Sequence[TargetRule], X: Any, y: Any, sample_weight: Any = None) -> None:
    """Refuse a target with another value than it may have, in a row whose weight is not 0.

    Args:
        rules: of the model.
        X: (n, d) or (d,) for one row, or None.
        y: (n,) or a number for one row, of several targets (n, p) or (p,); None without a target.
        sample_weight: (n,) weights of the rows, or None.

    Raises:
        ValueError: there is such a row; the message names the first one.
    """
    if y is not None:
        left_out = None if sample_weight is None else unmasked(sample_weight, "sample_weight") == 0
        text = other_value(rules, X, y, left_out=left_out)
        if text:
            raise ValueError(text)


def other_value(
    rules: Sequence[TargetRule], X: Any, y: Any, origin: str = "y", *, numbers: Any = None, left_out: Any = None
) -> str:
    """Name the first row whose target has another value than it may have; "" where there is none.

    Args:
        rules, X, y: as for ``refuse_other_values``.
        origin: the data, for the message.
        numbers: (n,) the numbers of the rows in the data, where they are not all.
        left_out: (n,) True for rows that are not looked at, or None.
    """
    for rule in rules:
        target = target_of(rule, y)
        if not np.ndim(target):
            if not rule.allows(X, target):
                return f"{rule.name} is {shortest(target)}; {'; '.join(rule.wanted(X))}"
            continue
        row, count = _first_other(rule, X, target, left_out)
        if count:
            (why, remedy), number = rule.wanted(None if X is None else X[row]), row if numbers is None else numbers[row]
            why += f"; {count - 1} more such row{' follows' if count == 2 else 's follow'}" if count > 1 else ""
            return f"{origin}: row {number} (counted from 0) has {rule.name} = {shortest(target[row])}; {why}; {remedy}"
    return ""


def _first_other(rule: TargetRule, X: Any, target: Array, left_out: Any) -> tuple[int, int]:
    """Give the first row with another value, and the number of such rows."""
    first, count = -1, 0
    for start in range(0, len(target), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        good = rule.allows(None if X is None else X[rows], target[rows])
        if left_out is not None:
            good = good | np.broadcast_to(left_out, target.shape)[rows]
        if not good.all():
            first = start + int(np.argmin(good)) if first < 0 else first
            count += int(np.count_nonzero(~good))
    return first, count


def label_table(rules: Sequence[TargetRule], targets: int) -> Array:
    """Give labels as numbers, for compiled code that tells rows apart, and leaves the words to ``refuse_other_values``.

    Returns:
        (2, targets, labels): those in float64 and in float32, of one target after the other, NaN behind them; NaN alone for a
        target that may be any number.
    """
    table = np.full((2, targets, max([len(rule.cases) for rule in rules], default=0)), np.nan)
    for rule in rules:
        for own, dtype in zip(table, (np.float64, np.float32), strict=True):
            own[rule.place or 0, : len(rule.cases)] = np.array(rule.cases, dtype)
    return table


def shortest(value: Any) -> str:
    """Write a number as shortly as it can be told from others."""
    number = np.asarray(value)[()]
    text = f"{number:g}"
    return text if number.dtype.type(text) == number or np.isnan(number) else repr(float(number))
