"""Timing side by side: peers take turns in one process, each round times every one of them, and medians over rounds count.

Ratios are medians of the rounds' ratios: what slows the machine down for a while slows down both numbers of a round.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

Task = Callable[[], Any]
"""One piece of work, complete when it returns."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a task takes beside others.

    Attributes:
        seconds: a call, the median over rounds.
        low: the lower quartile over rounds.
        high: the upper quartile.
        ratio: to the task that all are compared with, the median over rounds; NaN without one.
        calls: in each round.
    """

    seconds: float
    low: float
    high: float
    ratio: float
    calls: int


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured.

    Attributes:
        rounds: of all tasks.
        slice: seconds of calls that a task gets in a round, as far as one call does not take longer.
        longest: a task whose single call takes longer (in seconds) is timed by that call alone.
    """

    rounds: int
    slice: float
    longest: float


QUICK = Effort(rounds=3, slice=0.005, longest=2.0)
FULL = Effort(rounds=31, slice=0.02, longest=10.0)


def pin(cores: int) -> list[int]:
    """Let this process run on the last cores of those it may use; returns which.

    The last: interrupts and other processes are found on the first more often.

    Args:
        cores: how many.
    """
    if not hasattr(os, "sched_setaffinity"):  # not on this system: the scheduler decides
        return []
    chosen = sorted(os.sched_getaffinity(0))[-cores:]
    os.sched_setaffinity(0, chosen)
    return chosen


@contextmanager
def pinned(cores: int) -> Iterator[None]:
    """Pin this process for a while."""
    before = os.sched_getaffinity(0) if hasattr(os, "sched_setaffinity") else set()
    pin(cores)
    try:
        yield
    finally:
        if before:
            os.sched_setaffinity(0, before)


def side_by_side(tasks: Mapping[str, Task], reference: str | None, effort: Effort) -> dict[str, Timing]:
    """Time tasks in turn.

    Args:
        tasks: by name; each is called twice before anything counts.
        reference: the task whose time is 1 in the ratios; None for no ratios.
        effort: how much to measure.
    """
    calls, once = {}, {}
    for name, task in tasks.items():
        calls[name], once[name] = _calls(task, effort)
    names = [name for name in tasks if once[name] <= effort.longest]
    spent: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(effort.rounds):
        for name in names if turn % 2 else reversed(names):
            spent[name].append(_timed(tasks[name], calls[name]))
    spent |= {name: [once[name]] for name in tasks if name not in spent}
    base = None if reference is None else spent.get(reference)
    return {name: _timing(spent[name], base, calls[name]) for name in tasks}


def _calls(task: Task, effort: Effort) -> tuple[int, float]:
    """How many calls fill a slice, and how long the second call takes."""
    task()  # a just-in-time compiler does its work here
    seconds = _timed(task, 1)
    return max(1, int(effort.slice / max(seconds, 1e-7))), seconds


def _timed(task: Task, calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        task()
    return (time.perf_counter() - start) / calls


def _timing(spent: Sequence[float], base: Sequence[float] | None, calls: int) -> Timing:
    low, middle, high = np.quantile(spent, [0.25, 0.5, 0.75])
    if base is None:
        ratio = np.nan
    elif len(base) == len(spent):
        ratio = np.median(np.asarray(spent) / np.asarray(base))
    else:
        ratio = middle / np.median(base)
    return Timing(float(middle), float(low), float(high), float(ratio), calls)
