"""Timing side by side, by a clock that the tasks move: what is counted, and how ratios are made."""

import os
from collections.abc import Callable
from typing import Any

import pytest
import timing
from timing import Effort, pinned, side_by_side


class Clock:
    """Time that passes only in tasks."""

    def __init__(self) -> None:
        self.now, self.calls = 0.0, dict[str, int]()

    def task(self, name: str, *seconds: float) -> Callable[[], None]:
        """A task that takes the given times in turn, the last one from then on."""

        def work() -> None:
            count = self.calls[name] = self.calls.get(name, 0) + 1
            self.now += seconds[min(count, len(seconds)) - 1]

        return work


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(timing.time, "perf_counter", lambda: made.now)
    return made


@pytest.mark.parametrize(
    ("ours", "peer", "longest", "wanted"),
    [
        ((2.0**-6,), (100.0, 2.0**-4), 200.0, (2.0**-6, 4.0)),  # the first call, which compiles, does not count
        ((1.0, 1.0, 1.0, 50.0, 1.0), (2.0,), 100.0, (1.0, 2.0)),  # medians forget a round that was disturbed
        # a machine that slows down between the two of the second round slows both of the third
        ((1.0,) * 4 + (10.0,), (2.0,) * 6 + (20.0,), 100.0, (10.0, 2.0)),
    ],
)
def test_ratios_are_to_the_reference(clock: Clock, ours: Any, peer: Any, longest: float, wanted: tuple[float, float]) -> None:
    tasks = {"ours": clock.task("ours", *ours), "peer": clock.task("peer", *peer)}
    found = side_by_side(tasks, "ours", Effort(rounds=3, slice=0.0, longest=longest))
    assert (found["ours"].seconds, found["peer"].ratio) == wanted


def test_a_slice_is_filled_with_calls_and_a_task_that_takes_too_long_is_timed_by_one(clock: Clock) -> None:
    tasks = {"ours": clock.task("ours", 1.0), "slow": clock.task("slow", 64.0)}
    found = side_by_side(tasks, "ours", Effort(rounds=4, slice=0.0, longest=10.0))
    assert clock.calls == {"ours": 2 + 4 * 2, "slow": 2}
    assert (found["slow"].seconds, found["slow"].ratio) == (64.0, 64.0)
    clock.calls.clear()
    tasks = {"short": clock.task("short", 0.125), "long": clock.task("long", 1.0)}
    found = side_by_side(tasks, None, Effort(rounds=5, slice=0.5, longest=10.0))
    assert (found["short"].calls, found["long"].calls) == (4, 1)
    assert clock.calls == {"short": 2 + 5 * (1 + 4), "long": 2 + 5 * (1 + 1)}  # the first of each slice does not count
    assert found["short"].ratio != found["short"].ratio  # NaN without a reference


def test_work_that_a_call_leaves_to_its_threads_is_not_charged_to_its_neighbour(clock: Clock) -> None:
    left, ours, lazy = [0.0], clock.task("ours", 1.0), clock.task("lazy", 1.0)

    def beside() -> None:
        clock.now += left.pop()
        left.append(0.0)
        ours()

    def leaves() -> None:
        lazy()
        left[:] = [8.0]

    found = side_by_side({"ours": beside, "lazy": leaves}, "ours", Effort(rounds=3, slice=0.0, longest=10.0))
    assert (found["ours"].seconds, found["lazy"].ratio) == (1.0, 1.0)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not pin processes")
def test_a_process_may_run_where_it_could_before_once_it_is_no_longer_pinned() -> None:
    before = os.sched_getaffinity(0)
    with pinned(1):
        assert os.sched_getaffinity(0) == {max(before)}
    assert os.sched_getaffinity(0) == before
