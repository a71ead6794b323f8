"""Timing side by side: peers take turns in one process, each round times every one of them, and medians over rounds count.

Ratios are medians of the rounds' ratios: a slowdown of the machine for a while slows down both numbers of a round.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

Task = Callable[[], Any]
"""Work of one call, complete when it returns."""
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Timing:
    """Times of a task beside others.

    Attributes:
        seconds: the time of a call, the median over rounds.
        low: the lower quartile over rounds.
        high: the upper quartile.
        ratio: the ratio to the task that all are compared with, the median over rounds; NaN without one.
        calls: the number of calls in each round.
    """

    seconds: float
    low: float
    high: float
    ratio: float
    calls: int


@dataclass(frozen=True, slots=True)
class Effort:
    """Extent of a measurement.

    Attributes:
        rounds: the number of rounds over all tasks.
        slice: seconds of calls that a task gets in a round, unless one call takes longer.
        longest: a task whose single call takes longer (in seconds) is timed by that call alone.
    """

    rounds: int
    slice: float
    longest: float


QUICK = Effort(rounds=3, slice=0.005, longest=2.0)
FULL = Effort(rounds=31, slice=0.02, longest=10.0)


def pin(cores: int) -> list[int]:
    """Restrict this process to the last cores of those it may use; return their numbers.

    The last cores are chosen since interrupts and other processes use the first more often.

    Args:
        cores: the number of cores.
    """
    if not hasattr(os, "sched_setaffinity"):  # not on this system: the scheduler decides
        return []
    chosen = sorted(os.sched_getaffinity(0))[-cores:]
    os.sched_setaffinity(0, chosen)
    return chosen


@contextmanager
def pinned(cores: int) -> Iterator[None]:
    """Restrict this process to the last cores while the block runs."""
    before = os.sched_getaffinity(0) if hasattr(os, "sched_setaffinity") else set()
    pin(cores)
    try:
        yield
    finally:
        if before:
            os.sched_setaffinity(0, before)


def side_by_side(
    tasks: Mapping[str, Task], reference: str | None, effort: Effort, clock: Clock | None = None
) -> dict[str, Timing]:
    """Time tasks in turn.

    Args:
        tasks: the tasks by name; each is called before anything counts, and again at the beginning of each round.
        reference: the task whose time is 1 in the ratios; None for no ratios.
        effort: the extent of the measurement.
        clock: gives the seconds, `time.process_time` where others use the machine too; None is the wall clock.
    """
    calls, once = {}, {}
    for name, task in tasks.items():
        calls[name], once[name] = _calls(task, effort, clock or time.perf_counter)
    names = [name for name in tasks if once[name] <= effort.longest]
    spent: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(effort.rounds):
        for name in names if turn % 2 else reversed(names):
            spent[name].append(_timed(tasks[name], calls[name], clock or time.perf_counter))
    spent |= {name: [once[name]] for name in tasks if name not in spent}
    base = None if reference is None else spent.get(reference)
    return {name: _timing(spent[name], base, calls[name]) for name in tasks}


def _calls(task: Task, effort: Effort, clock: Clock) -> tuple[int, float]:
    """Return the number of calls that fill a slice, and the time of the second call."""
    seconds = _timed(task, 1, clock)
    return max(1, int(effort.slice / max(seconds, 1e-7))), seconds


def _timed(task: Task, calls: int, clock: Clock) -> float:
    task()  # not counted: here a just-in-time compiler does its work, and what the task before left to its threads ends
    start = clock()
    for _ in range(calls):
        task()
    return (clock() - start) / calls


def _timing(spent: Sequence[float], base: Sequence[float] | None, calls: int) -> Timing:
    low, middle, high = np.quantile(spent, [0.25, 0.5, 0.75])
    if base is None:
        ratio = np.nan
    elif len(base) == len(spent):
        ratio = np.median(np.asarray(spent) / np.asarray(base))
    else:
        ratio = middle / np.median(base)
    return Timing(float(middle), float(low), float(high), float(ratio), calls)
