"""Batches in blocks: the same bits as the plain functions, memory that does not grow, nothing shared between results."""

import os
import re
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from built import MODELS, artifacts, modules_of, numpy_module, sample, texts_of

from symgraph import Model

BLOCK = 10_000
WITH_ROWS = [name for name in MODELS if MODELS[name]().feature_inputs or MODELS[name]().target_input]


def plain(module: ModuleType, inputs: Any, s: Any) -> tuple[float, np.ndarray]:
    """The sums of s*loss and of its gradient by the functions that know no blocks."""
    with np.errstate(all="ignore"):
        tape = module._forward(*inputs)
        gradient = np.array(module._backward(tape, module._seed(tape, s), module._rowsum), np.float64)
        return module._reduced(tape, s, 1.0), gradient.astype(tape.w.dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", WITH_ROWS)
def test_batches_have_the_bits_of_the_plain_functions(name: str, dtype: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """Around the size of a block, with and without weights, C- and Fortran-ordered, in one thread and in three."""
    module = numpy_module(name)
    monkeypatch.setattr(module, "_STRIP", 3 * BLOCK)  # threads share what is twice as large
    for rows in (1, 2, 33, BLOCK, BLOCK + 1, 12 * BLOCK + 7):
        w, X, y = (None if part is None else part.astype(dtype) for part in sample(name, rows=rows))
        inputs = module._inputs(w, X, y)
        if hasattr(module, "value_and_grad"):
            weights = np.linspace(0.5, 2.0, rows)
            for s, option in ((np.ones((), dtype), None), (weights.astype(dtype), weights)):
                value, gradient = plain(module, inputs, s)
                for threads in (1, 3):
                    got = module.value_and_grad(w, X, y, sample_weight=option, reduction="sum", threads=threads)
                    np.testing.assert_array_equal(got[0], value)
                    np.testing.assert_array_equal(got[1], gradient, strict=True)
                np.testing.assert_array_equal(module.loss(w, X, y, sample_weight=option, reduction="sum"), value)
            with np.errstate(all="ignore"):
                tape = module._forward(*inputs)
                columns = module._backward(tape, module._seed(tape, 1.0), module._unsummed)
                wanted = module._columns(columns, np.shape(tape.loss), tape.w.dtype)
            np.testing.assert_array_equal(module.per_sample_grad(w, X, y, threads=2), wanted, strict=True)
        if hasattr(module, "predict") and X is not None:
            F = np.asfortranarray(X)
            wanted = np.broadcast_to(getattr(module.forward(w, X), module.OUTPUTS[0]), rows)
            for given in (X, F):
                np.testing.assert_array_equal(module.predict(w, given, threads=2), wanted, strict=True)
            with np.errstate(all="ignore"):
                columns = module._columns(
                    module._jacobian(module._forward(*module._inputs(w, X, None))), (rows,), inputs[0].dtype
                )
            np.testing.assert_array_equal(module.jacobian(w, X), columns, strict=True)


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


@pytest.mark.parametrize("name", WITH_ROWS)
def test_memory_does_not_grow_with_the_rows(name: str) -> None:
    module = numpy_module(name)
    if not hasattr(module, "value_and_grad"):
        pytest.skip("the model has no loss; predict and jacobian return arrays of n rows")
    small, large = sample(name, rows=2 * BLOCK), sample(name, rows=40 * BLOCK)
    few, many = (peak(lambda args=args: module.value_and_grad(*args)) for args in (small, large))
    # a block's column of sums and a few views; one array of a block would be 65,536 bytes
    assert many - few <= 38 * 8 * (len(module.WEIGHTS) + 1) + 4096
    assert many < 65_536


def test_residuals_of_many_rows_need_no_tape() -> None:
    module, (w, X, y) = numpy_module("nine_weights"), sample("nine_weights", rows=20 * BLOCK)
    # predictions, and what is left of them
    assert peak(lambda: module.residual(w, X, y)) <= 2 * y.nbytes + 65_536
    np.testing.assert_array_equal(module.residual(w, X, y)[:7], [module.residual(w, X[i], y[i]) for i in range(7)])


def test_results_are_not_the_scratch_memory() -> None:
    module, (w, X, y) = numpy_module("nine_weights"), sample("nine_weights", rows=BLOCK + 5)
    calls = {
        "predict": lambda: module.predict(w, X),
        "jacobian": lambda: module.jacobian(w, X),
        "per_sample_grad": lambda: module.per_sample_grad(w, X, y),
        "grad": lambda: module.grad(w, X, y),
    }
    for call in calls.values():
        first = call()
        kept = first.copy()
        module.value_and_grad(w + 1.0, X + 1.0, y)
        np.testing.assert_array_equal(first, kept)


def test_threads_may_call_one_module_at_once() -> None:
    module, (w, X, y) = numpy_module("nine_weights"), sample("nine_weights", rows=3 * BLOCK + 11)
    wanted = [module.grad(w * k, X, y) for k in range(1, 5)]
    wrong: list[int] = []

    def work(k: int) -> None:
        wrong.extend(k for _ in range(20) if not np.array_equal(module.grad(w * k, X, y), wanted[k - 1]))

    workers = [threading.Thread(target=work, args=(k,)) for k in range(1, 5)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert wrong == []


FORK = """
import os, threading, warnings
import numpy as np
import nine_weights as module

module._STRIP = module._BLOCK
rows = np.random.RandomState(1).normal(size=(4 * module._BLOCK, 6))
wanted = [module.grad(np.full(9, 0.3), rows[:, :5], rows[:, 5], threads=2) for _ in range(3)][0]
assert threading.active_count() == 3, threading.enumerate()
warnings.simplefilter("ignore")  # a fork of several threads is what is tried out
child = os.fork()
if not child:
    again = module.grad(np.full(9, 0.3), rows[:, :5], rows[:, 5], threads=2)
    os._exit(0 if np.array_equal(again, wanted) else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_threads_are_kept_between_calls_and_are_new_in_a_fork(tmp_path: Path) -> None:
    (tmp_path / "nine_weights.py").write_text(artifacts("nine_weights")[0].text, encoding="utf-8")
    subprocess.run([sys.executable, "-c", FORK], cwd=tmp_path, check=True, timeout=60)


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "2", None])
def test_threads_must_be_a_whole_number(threads: Any) -> None:
    module, (w, X, y) = numpy_module("nine_weights"), sample("nine_weights")
    for call in (module.value_and_grad, module.loss, module.grad, module.per_sample_grad):
        with pytest.raises(ValueError, match="threads must be a whole number, 1 or more"):
            call(w, X, y, threads=threads)
    for call in (module.predict, module.jacobian):
        with pytest.raises(ValueError, match="threads must be a whole number, 1 or more"):
            call(w, X, threads=threads)


def test_every_operation_is_one_pass_over_a_row_of_scratch_memory() -> None:
    """The founding model: what a block costs, counted."""
    text = artifacts("nine_weights")[0].text
    body = text[text.index("def _block_nodes") : text.index("def _finish")].partition("def _block_jacobian")
    kernel = body[0] + body[2][body[2].index("def _block_loss") :]
    calls = re.findall(r"(?:np\.(?!errstate)\w+|_pick)\(", kernel)
    rows = re.search(r"rows=list\(rows\((\d+)\)\)", text)
    assert rows is not None
    assert int(rows[1]) <= 11
    assert len(calls) <= 61
    assert kernel.count("_dot(") == 9  # a sum over rows is one pass over its factors, and writes nothing


def test_what_the_loss_does_not_need_is_not_computed_in_blocks() -> None:
    model = Model("aside")
    x, a, y = model.feature("x"), model.weight("a"), model.target("y")
    model.output("out", a * x)
    model.node("aside", (y - a) ** 3)
    model.loss(a * a * x)
    text = texts_of(model)[0].text
    assert "aside = " in text[text.index("def _forward") :]
    assert "aside" not in text[text.index("def _block_nodes") : text.index("def _totals")]
    rows = np.arange(5.0)
    assert modules_of(model)[0].loss([2.0], rows, rows) == 8.0
