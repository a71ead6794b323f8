"""Batches under way: calls within calls, interrupts, threads, forks, and what is kept in memory."""

import os
import subprocess
import sys
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from built import MODELS, numpy_module
from built import sample as draw
from compared import assert_same_bits
from within_calls import between, calls_of

import symgraph.runtime
from symgraph.runtime import replay

module: Any = numpy_module("nine_weights")


def sample(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.RandomState(seed)
    return rng.normal(size=9), rng.normal(size=(rows, 5)), rng.normal(size=rows)


BATCHES = [name for name in MODELS if MODELS[name]().feature_inputs and MODELS[name]().loss_expr is not None]
LONG = pytest.param("every_op", marks=pytest.mark.slow)


@pytest.mark.parametrize("name", [LONG, *(name for name in BATCHES if name != "every_op")])
def test_a_call_within_a_call_leaves_the_bits_of_both(name: str) -> None:
    """A signal's handler or a profiler may come between any two operations of a batch."""
    own = numpy_module(name)
    outer, inner = calls_of(own, *draw(name, rows=40)), calls_of(own, *draw(name, rows=23, seed=5))
    alone, within = {call: outer[call]() for call in outer}, {call: inner[call]() for call in inner}
    every = 13 if len(own.WEIGHTS) < 20 else 101  # a big model has more lines
    for call, wanted in alone.items():
        for other in inner:
            found: list[Any] = []
            with between(lambda other=other, found=found: found.append(inner[other]()), every, own.__file__):
                assert_same_bits(outer[call](), wanted)
            assert found
            for nested in found:
                assert_same_bits(nested, within[other])


def test_a_call_may_come_while_the_lines_are_recorded_and_an_interrupt_spoils_no_later_call() -> None:
    w, X, y = sample(9)
    wanted = module.value_and_grad(w, X, y)
    again = symgraph.runtime.bind(
        module._model.facts, symgraph.runtime.Lines(module._forward, module._backward, module._jacobian), ()
    )
    found: list[Any] = []
    with between(lambda: found.append(again.value_and_grad(w, X, y)), every=500):
        assert_same_bits(again.value_and_grad(w, X, y), wanted)
    assert found
    for result in found:
        assert_same_bits(result, wanted)
    w, X, y = sample(500)
    alone = module.value_and_grad(w, X, y)

    def interrupt() -> None:
        raise KeyboardInterrupt

    for every in range(3, 90, 2):
        with pytest.raises(KeyboardInterrupt), between(interrupt, every=every):
            module.value_and_grad(w + 1.0, X, y)
        assert_same_bits(module.value_and_grad(w, X, y), alone)


def peak(call: Any) -> int:
    """Bytes that a call holds at most beyond what there is before it."""
    call()  # what is kept between calls is there now
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def test_scratch_memory_is_kept_after_calls_within_calls_and_does_not_grow_with_the_rows() -> None:
    arguments = sample(500)
    with between(lambda: module.grad(*arguments), every=40):
        module.grad(*arguments)
    # a table of a thousand rows, eleven values wide, would be 88,000 bytes
    assert peak(lambda: module.grad(*arguments)) < 32_768
    few, many = (peak(partial(module.value_and_grad, *sample(rows))) for rows in (20_000, 400_000))
    # a column of sums for each block; one row of a block would be 80,000 bytes
    assert many - few <= 38 * 8 * 10 + 4096
    assert many < 65_536


def test_plans_are_bounded_in_number_and_results_are_neither_scratch_memory_nor_arguments() -> None:
    w, X, y = sample(60)
    wanted = [module.value_and_grad(w, X[:rows], y[:rows]) for rows in range(2, 60)]
    assert len(module._model._replay.idle.workspace.plans) <= replay.MOST_PLANS
    for rows, value in zip(range(2, 60), wanted, strict=True):
        assert_same_bits(module.value_and_grad(w, X[:rows], y[:rows]), value)
    w, X, y = sample(10_005)
    for call in calls_of(module, w, X, y).values():
        first = call()
        parts = [part for part in (first if isinstance(first, tuple) else (first,)) if isinstance(part, np.ndarray)]
        kept = [part.copy() for part in parts]
        for given in (w, X, y):
            assert not any(np.shares_memory(part, given) for part in parts)
        module.value_and_grad(w + 1.0, X + 1.0, y)
        module.per_sample_grad(w + 1.0, X + 1.0, y)
        assert_same_bits(tuple(parts), tuple(kept))


def test_a_cotangent_that_is_not_summed_and_a_module_of_another_form_are_refused() -> None:
    lines = symgraph.runtime.Lines(module._forward, lambda tape, cotangent, rowsum: [cotangent * tape.t] * 9)
    careless = symgraph.runtime.bind(module._model.facts, lines, ())
    with pytest.raises(TypeError, match="a cotangent of the weights varies by row; the lines must sum it"):
        careless.grad(*sample(5))
    facts = symgraph.runtime.Facts("some.module", 3, "m", ("f",), "y", ("a",), ("o",), {})
    with pytest.raises(ImportError, match=r"some\.module has ABI 3, its runtime binds ABI 2; build it again"):
        symgraph.runtime.bind(facts, lines, ())


def test_threads_may_call_one_module_at_once() -> None:
    w, X, y = sample(30_011)
    wanted = [module.grad(w * k, X, y) for k in range(1, 5)]

    def work(k: int) -> bool:
        return all(np.array_equal(module.grad(w * k, X, y), wanted[k - 1]) for _ in range(10))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(1, 5)))


def test_strips_of_threads_are_not_shared_again_within_themselves() -> None:
    """Handing work to a pool holds a lock that a handler in the same thread would wait for without end."""
    w, X, y = sample(130_000)
    alone, found, threads = module.value_and_grad(w, X, y), [], []

    def interrupted() -> None:
        sys.setprofile(None)
        found.append(module.value_and_grad(w, X, y, threads=2))
        replay.shared(lambda _: threads.append(threading.current_thread()), range(2), 2)

    sys.setprofile(lambda frame, event, _: interrupted() if frame.f_code.co_name == "submit" and event == "call" else None)
    try:
        assert_same_bits(module.value_and_grad(w, X, y, threads=2), alone)
    finally:
        sys.setprofile(None)
    assert_same_bits(found[0], alone)
    assert threads == [threading.current_thread()] * 2


GENERATED = Path(__file__).parents[2] / "generated"

FORK = """
import os, pickle, threading, warnings
import numpy as np
import nine_weights as module
from symgraph.runtime import replay

replay.STRIP = 10_000
rows = np.random.RandomState(1).normal(size=(40_000, 6))
wanted = [module.grad(np.full(9, 0.3), rows[:, :5], rows[:, 5], threads=2) for _ in range(3)][0]
assert threading.active_count() == 3, threading.enumerate()
assert pickle.loads(pickle.dumps(module.value_and_grad)) == module.value_and_grad
warnings.simplefilter("ignore")  # a fork of several threads is what is tried out
child = os.fork()
if not child:
    again = module.grad(np.full(9, 0.3), rows[:, :5], rows[:, 5], threads=2)
    os._exit(0 if np.array_equal(again, wanted) else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


IMPORTING = """
import os, signal, sys, threading, time, warnings
from symgraph.runtime.replay import shared

class Slow:
    def find_spec(self, name, *_):
        if name == "queue":  # which concurrent.futures.thread imports
            begun.set()
            time.sleep(0.05)

begun = threading.Event()
sys.modules.pop("queue", None)
sys.meta_path.insert(0, Slow())
thread = threading.Thread(target=shared, args=(abs, range(4), 2))
thread.start()
begun.wait()
warnings.simplefilter("ignore")  # as above
child = os.fork()
if child == 0:
    signal.alarm(5)
    os._exit(shared(abs, range(4), 2) != [0, 1, 2, 3])
thread.join()
print(os.waitpid(child, 0)[1])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_fork_during_the_first_call_of_another_thread_does_not_wait_for_ever() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTING], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_threads_are_kept_between_calls_and_are_new_in_a_fork() -> None:
    subprocess.run([sys.executable, "-c", FORK], cwd=GENERATED, check=True, timeout=60)
