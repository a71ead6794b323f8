"""Rows in which recorded lines may lose digits or leave the normal range, told by operations that join the recording."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from symgraph.runtime.recording import Kind, Recorder, Traced

ORDINARY_LOSS = 2.0**-4
"""A sum may be smaller than its terms by this factor without a doubt."""
LOSING = 2.0**-8
"""Rows are in doubt whose watched values are smaller by more than this, beyond that factor, all of them together."""

LEAVING = frozenset({np.multiply, np.true_divide, np.exp, np.expm1, np.power, np.sinh, np.cosh, np.log})
"""Functions of normal numbers that may give larger or smaller ones."""

Conditions = frozenset[tuple[int, bool]]


def in_doubt(results: Sequence[Any], kinds: Sequence[Kind], recorder: Recorder) -> Any:
    """Record where something watched is small beside what stands by it: 1.0 there, else 0.0.

    Args:
        results: what the lines compute; what these do not follow from, or do not where it is small, raises no doubt.
        kinds: those of the values that count.
        recorder: has the operations.
    """
    kept, uses = list[Any](), uses_of(results, recorder)
    for one, beside in recorder.watched:
        if one.position in uses and one.node.kind in kinds:
            ratio: Any = np.abs(one / (beside * ORDINARY_LOSS))
            used: list[Any] = [value_at(recorder, place, chosen) for place, chosen in sorted(uses[one.position])]
            kept.append(np.fmin(np.where(all_of(used), ratio, 1.0) if used else ratio, 1.0))
    return np.where(reduce(lambda one, other: one * other, kept) < LOSING, 1.0, 0.0) if kept else 0.0


def out_of_range(results: Sequence[Any], recorder: Recorder) -> Any:
    """Record where a value on the way to results leaves the range of normal numbers, unlike its operands: 1.0 there."""
    found, tiny = list[Any](), float(np.finfo(recorder.dtype).tiny)
    for position in sorted(uses_of(results, recorder)):
        node = recorder.nodes[position]
        if node.function in LEAVING and node.kind is not Kind.TOTAL:
            operands: list[Any] = [Traced(recorder, arg) for arg in node.args]
            size: Any = np.abs(value_at(recorder, position))
            lost = (size < tiny) & all_of([one != 0.0 for one in operands])
            found.append((lost | (size == np.inf)) & all_of([np.abs(one) < np.inf for one in operands]))
    return np.where(reduce(lambda one, other: one | other, found), 1.0, 0.0) if found else 0.0


def value_at(recorder: Recorder, position: int, is_true: bool = True) -> Any:
    """Give a value, or a condition's truth negated."""
    return Traced(recorder, position) if is_true else ~Traced(recorder, position)


def all_of(conditions: Sequence[Any]) -> Any:
    """Record whether all conditions hold."""
    return reduce(lambda one, other: one & other, conditions)


def uses_of(results: Sequence[Any], recorder: Recorder) -> Mapping[int, Conditions]:
    """Give the values from which results follow, each with conditions and their truths that hold wherever it is used."""
    uses: dict[int, Conditions] = {one.position: frozenset() for one in results if isinstance(one, Traced)}
    for position in reversed(range(len(recorder.nodes))):
        if position in uses:
            node = recorder.nodes[position]
            for place, arg in enumerate(node.args):
                chosen = {(node.args[0], place == 1)} if node.function is np.where and place else set()
                more = uses[position] | chosen
                uses[arg] = uses[arg] & more if arg in uses else more
    return uses
