"""Rows in which recorded lines may lose digits or leave the normal range, told by operations that join the recording."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from symgraph.runtime.recording import Kind, Recorder, Traced

ORDINARY_LOSS, LOSING = 2.0**-4, 2.0**-8
"""A row is in doubt where its watched values are smaller by more than the second factor, all of them together, the first left
out for each: what they are made of has errors of its own."""

STEP_LOSS, LOSING_IN_TURN = 2.0**-1, 2.0**-11
"""It is, too, where a value and those of which it is made in turn are: a chain of small losses is a large one."""

ALL_BITS = 2000.0
"""Bits that count as lost where a number leaves the normal range."""

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
    together, in_turn = list[Any](), dict[int, Any]()
    below = watched_below(recorder.nodes, {one.position for one, *_ in recorder.watched})
    for position, ratio in _ratios(results, kinds, recorder):
        together.append(np.fmin(ratio / ORDINARY_LOSS, 1.0))
        parts = [in_turn[place] for place in sorted(below[position]) if place in in_turn]
        own: Any = np.fmin(ratio / STEP_LOSS, 1.0)
        chain = own * reduce(np.minimum, parts) if parts else own
        in_turn[position] = np.minimum(chain, in_turn[position]) if position in in_turn else chain
    if not together:
        return 0.0
    is_losing = reduce(lambda one, other: one * other, together) < LOSING
    return np.where(is_losing | (reduce(np.minimum, in_turn.values()) < LOSING_IN_TURN), 1.0, 0.0)


def may_be_in_doubt(results: Sequence[Any], kinds: Sequence[Kind], recorder: Recorder) -> Any:
    """Record the same with less work: 1.0 in all rows in doubt, and in some in which many values are a little small."""
    losses: list[Any] = [np.fmin(ratio * (1 / STEP_LOSS), 1.0) for _, ratio in _ratios(results, kinds, recorder)]
    return np.where(reduce(lambda one, other: one * other, losses) < LOSING_IN_TURN, 1.0, 0.0) if losses else 0.0


def _ratios(results: Sequence[Any], kinds: Sequence[Kind], recorder: Recorder) -> Iterator[tuple[int, Any]]:
    """Record how small watched values are beside what stands by them, 1 where they are not used; yield their places too."""
    uses = recorded_uses(results, recorder)
    for one, beside, end in sorted(recorder.watched, key=lambda watched: watched[0].position):
        if one.position in uses and one.node.kind in kinds:
            ratio: Any = np.abs((one - end if end else one) / beside)
            used: list[Any] = [value_at(recorder, place, chosen) for place, chosen in sorted(uses[one.position])]
            yield one.position, np.where(all_of(used), ratio, 1.0) if used else ratio


def watched_below(nodes: Sequence[Any], watched: Collection[int]) -> Mapping[int, frozenset[int]]:
    """Give for each watched value the nearest watched ones of which it is made.

    Args:
        nodes: operations, recorded or of a graph, that name their operands' positions by ``args``.
        watched: the positions of the values.
    """
    nearest: list[frozenset[int]] = []  # of each value, itself if it is watched
    found = {}
    for position, node in enumerate(nodes):
        below = frozenset[int]().union(*(nearest[arg] for arg in node.args))
        found[position] = below
        nearest.append(frozenset((position,)) if position in watched else below)
    return {position: found[position] for position in watched}


def out_of_range(results: Sequence[Any], recorder: Recorder) -> Any:
    """Record where a value on the way to results leaves the range of normal numbers, unlike its operands: 1.0 there."""
    found, tiny = list[Any](), float(np.finfo(recorder.dtype).tiny)
    for position in sorted(recorded_uses(results, recorder)):
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


def uses_of(nodes: Sequence[Any], results: Iterable[int], chooses: Callable[[Any], bool]) -> Mapping[int, Conditions]:
    """Give the values from which results follow, each with conditions and their truths that hold wherever it is used.

    Args:
        nodes: operations, as for ``watched_below``.
        results: positions.
        chooses: tells if an operation chooses between its second and its third operand by the first.
    """
    uses: dict[int, Conditions] = dict.fromkeys(results, frozenset())
    for position in reversed(range(len(nodes))):
        if position in uses:
            node = nodes[position]
            for place, arg in enumerate(node.args):
                chosen = {(node.args[0], place == 1)} if place and chooses(node) else set()
                more = uses[position] | chosen
                uses[arg] = uses[arg] & more if arg in uses else more
    return uses


def recorded_uses(results: Sequence[Any], recorder: Recorder) -> Mapping[int, Conditions]:
    """Give the uses of recorded values by results that follow from them."""
    traced = (one.position for one in results if isinstance(one, Traced))
    return uses_of(recorder.nodes, traced, lambda node: node.function is np.where)
