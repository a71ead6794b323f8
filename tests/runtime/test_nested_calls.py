"""A call within a call: a signal's handler or a profiler may come between any two operations of a batch, of every model."""

import sys
import threading
from typing import Any

import numpy as np
import pytest
from built import MODELS, numpy_module, sample
from within_calls import between, calls_of

from symgraph.runtime.replay import shared

BATCHES = [name for name in MODELS if MODELS[name]().feature_inputs and MODELS[name]().loss_expr is not None]


def same(one: Any, other: Any) -> None:
    for a, b in zip(one if isinstance(one, tuple) else (one,), other if isinstance(other, tuple) else (other,), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", BATCHES)
def test_a_call_within_a_call_leaves_the_bits_of_both(name: str) -> None:
    module, (w, X, y) = numpy_module(name), sample(name, rows=40)
    other = sample(name, rows=23, seed=5)
    outer, inner = calls_of(module, w, X, y), calls_of(module, *other)
    alone = {call: outer[call]() for call in outer}, {call: inner[call]() for call in inner}
    every = 13 if len(module.WEIGHTS) < 20 else 101  # a big model has more lines
    for call in outer:
        for within in inner:
            found: list[Any] = []
            with between(lambda within=within, found=found: found.append(inner[within]()), every, module.__file__):
                result = outer[call]()
            assert found
            same(result, alone[0][call])
            for nested in found:
                same(nested, alone[1][within])


def test_work_shared_among_threads_is_not_shared_again_within_itself() -> None:
    """Handing work to a pool holds a lock that a handler in the same thread would wait for without end."""
    threads: list[str] = []

    def nested(_: int) -> None:
        threads.append(threading.current_thread().name)

    def interrupted(*_: object) -> None:
        sys.setprofile(None)
        shared(nested, range(2), 2)

    sys.setprofile(lambda frame, event, _: interrupted() if frame.f_code.co_name == "submit" and event == "call" else None)
    try:
        assert shared(lambda start: start, range(2), 2) == [0, 1]
    finally:
        sys.setprofile(None)
    assert threads == [threading.current_thread().name] * 2
    assert shared(lambda _: threading.current_thread().name, range(2), 2) != threads
