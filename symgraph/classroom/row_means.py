"""The ways of making one number of those of some rows: the mean with the penalty, and what is written for it by mistake."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from symgraph.classroom.formula_values import Array

_Share = Array | float


class Variant(NamedTuple):
    """One way of making a result of the numbers of rows, right or wrong."""

    rank: float
    kind: str
    text: str
    reduce: Callable[[str, Array], Array]


ALONE = (Variant(0.0, "", "", lambda _, value: value),)
"""The variants where each result is of one row."""


class _Shares(NamedTuple):
    """What the sum over the rows, the penalty, and the first and last row by themselves are multiplied by."""

    rank: float
    kind: str
    text: str
    total: _Share
    penalty: _Share
    first: _Share = 0.0
    last: _Share = 0.0


_SUMS = "the sum over the rows is not divided by their number"
_ONE = {
    "first": "only the first row counts, divided by the number of rows: does the loop return too early?",
    "last": "only the last row counts, divided by the number of rows: is = written for +=?",
}
"""Said of a sum that has one row alone in it."""


def reductions(
    counts: Sequence[int], penalty: Mapping[str, Array] = MappingProxyType({}), others: Mapping[str, int] = MappingProxyType({})
) -> list[Variant]:
    """Return the ways of making one number of those of some rows, the right one first.

    Args:
        counts: the number of rows of each result, more than one of some.
        penalty: (results,) what the penalty adds to each result; empty without one.
        others: numbers that are taken for that of the rows, by the names of what they count.
    """
    sizes = np.asarray(counts)
    n, ends = sizes.astype(np.float64), np.cumsum(sizes)
    begins = ends - sizes

    def variant(shares: _Shares) -> Variant:
        def reduce(name: str, values: Array) -> Array:
            found = shares.total * np.add.reduceat(values, begins)
            found = found + shares.first * values[begins] + shares.last * values[ends - 1]
            return np.asarray(found + shares.penalty * penalty.get(name, np.zeros(len(counts))), np.float64)

        return Variant(shares.rank, shares.kind, shares.text, reduce)

    right = _Shares(0.0, "", "", 1.0 / n, 1.0 / n)
    return [variant(one) for one in (right, *_of_rows(n), *_divided(n, others), *(_penalized(n) if penalty else ()))]


def _of_rows(n: Array) -> Iterator[_Shares]:
    mean, none = 1.0 / n, 0.0 * n
    for place in ("first", "last"):
        left = f"the {place} row is left out"
        for rank, text, total, row in (
            (2.0, f"it is of the {place} row alone", none, 1.0 + none),
            (2.1, _ONE[place], none, mean),
            (2.2, left, mean, -mean),
            (2.3, f"{left}, and not counted", 1.0 / (n - 1.0), -1.0 / (n - 1.0)),
        ):
            first, last = (row, none) if place == "first" else (none, row)
            yield _Shares(rank, "rows", text, total, mean, first, last)


def _divided(n: Array, others: Mapping[str, int]) -> Iterator[_Shares]:
    """The sum divided by something else than the number of rows, with the penalty in the sum or beside it."""
    wrong = [
        (0.1, _SUMS, 1.0 + 0.0 * n),
        (3.0, "it is divided by the number of rows twice", n**2),
        (2.5, "it is divided by twice the number of rows", 2.0 * n),
        (2.6, "it is divided by the number of rows less 1", n - 1.0),
    ]
    for counted, count in others.items():
        text = f"it is divided by the number of {counted} instead of the rows: is it the wrong axis?"
        wrong.append((2.7, text, float(count) + 0.0 * n))
    for rank, text, divisor in wrong:
        yield _Shares(rank, "mean", text, 1.0 / divisor, 1.0 / divisor)
        yield _Shares(rank + 0.05, "mean", text, 1.0 / divisor, 1.0 / n)


def _penalized(n: Array) -> Iterator[_Shares]:
    mean = 1.0 / n
    yield _Shares(0.1, "penalty", "the penalty is forgotten", mean, 0.0)
    yield _Shares(0.2, "penalty", f"{_SUMS}, and the penalty is forgotten", 1.0, 0.0)
    yield _Shares(0.3, "penalty", "the penalty is not divided by the number of rows", mean, 1.0)
    yield _Shares(0.5, "penalty", "the penalty has the wrong sign", mean, -mean)
    yield _Shares(0.6, "penalty", "the penalty counts half: is a factor 2 forgotten?", mean, 0.5 * mean)
    yield _Shares(0.7, "penalty", "the penalty counts twice", mean, 2.0 * mean)
