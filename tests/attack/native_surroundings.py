"""What goes on while a native call runs, or before it: other threads, signals, forks, deletions, pickles, odd modes."""

import ctypes
import gc
import os
import pickle
import re
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import copy, deepcopy
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from native_calls import Given, agree, calls, result, results, same_bits
from native_tricks import calls_back, ends_inside, far_pointers, fickle, liar
from victim import ROOT

Body = Callable[[Any, Any, Given], object]


def _together(count: int, work: Callable[[], object], during: Callable[[], object] = lambda: None) -> None:
    """Run the same work in several threads at once; what fails in one of them fails here."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for one in threads:
        one.start()
    while any(one.is_alive() for one in threads):
        during()
        time.sleep(0.001)
    if failures:
        raise failures[0]


def threads_share(native: Any, numpy: Any, given: Given) -> None:
    right = results(native, given)
    _together(6, lambda: [same_bits(results(native, given), right) for _ in range(5)])


def threads_apart(native: Any, numpy: Any, given: Given) -> None:
    def work() -> None:
        own = {key: value * 0.75 for key, value in given.items()}
        first = results(native, own)
        for _ in range(4):
            same_bits(results(native, own), first)

    _together(6, work)


def changed_meanwhile(native: Any, numpy: Any, given: Given) -> None:
    """A thread writes into the arrays: numbers may be old or new, and the next call is right."""
    right, kept = results(native, given), {key: value.copy() for key, value in given.items()}

    def write() -> None:
        for key in "Xys":
            given[key][::3] = 0.5 if key == "s" else np.nan
            given[key][...] = kept[key]

    _together(2, lambda: [call() for _ in range(5) for _, call in calls(native, given)], write)
    for key, value in kept.items():
        given[key][...] = value
    same_bits(results(native, given), right)


def held_by_the_call_alone(native: Any, numpy: Any, given: Given) -> None:
    right = native.grad(given["w"], given["X"], given["y"])

    def work() -> None:
        for _ in range(40):
            found = native.grad(given["w"].copy(), given["X"].copy(), given["y"].copy(), sample_weight=np.ones(len(given["y"])))
            assert np.allclose(found, right, rtol=1e-12)

    _together(3, work, lambda: (gc.collect(), np.full(30_000, np.nan)))


@contextmanager
def _timer(handler: Callable[..., object], seconds: float, again: float) -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, seconds, again)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def signals_that_call(native: Any, numpy: Any, given: Given) -> None:
    right, small = results(native, given), {key: value[:3] if key in "Xys" else value for key, value in given.items()}
    small_right, times = results(native, small), []

    def handler(*_: object) -> None:
        times.append(1)
        if len(times) < 40:
            same_bits(results(native, small), small_right)

    with _timer(handler, 0.001, 0.001):
        for _ in range(8):
            same_bits(results(native, given), right)


class _Stopped(BaseException):
    pass


def _stop(*_: object) -> None:
    raise _Stopped


def signals_that_raise(native: Any, numpy: Any, given: Given) -> None:
    right = results(native, given)
    for i in range(30):
        try:
            with _timer(_stop, 0.0003 * (i + 1), 0):
                for _ in range(3):
                    for _, call in calls(native, given):
                        call()
        except _Stopped:
            continue
    signal.setitimer(signal.ITIMER_REAL, 0)
    same_bits(results(native, given), right)


def interrupted(native: Any, numpy: Any, given: Given) -> None:
    """Ctrl-C ends a long call after the current piece."""
    w, x, y = given["w"], given["X"], given["y"]
    ctypes.CDLL(None).mallopt(-3, 65_536)  # memory that is freed is gone at once, so that who still writes there is found out
    for function in (native.value_and_grad, native.per_sample_grad):
        right = function(w, x, y)
        for i in range(24):
            begun = time.thread_time()
            function(w, x, y)
            whole, begun, threads = time.thread_time() - begun, time.thread_time(), 1 + (i > 2)
            try:
                with _timer(_stop, 0.0007 * (i % 6 + 1), 0):
                    while True:
                        found = function(w, x, y, threads=threads)
                        assert np.array_equal(found[-1], right[-1])
            except _Stopped:
                took = time.thread_time() - begun
            assert threads == 2 or took < 0.7 * whole + 0.02, (
                f"{took:.3f} s until it ends, where a whole call takes {whole:.3f} s"
            )
        assert np.array_equal(function(w, x, y)[-1], right[-1])


def forked(native: Any, numpy: Any, given: Given) -> None:
    """Children call the module, while threads of the parent call it too."""
    right = results(native, given)

    def child() -> None:
        pid = os.fork()
        if pid == 0:
            signal.alarm(20)
            try:
                same_bits(results(native, given), right)
                same_bits(
                    {"a": ("value", native.grad(given["w"], given["X"], given["y"], threads=2))},
                    {"a": ("value", right["grad"][1][0])},
                )
            except BaseException:
                os._exit(1)
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0, "a child has failed"

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child()
        _together(2, lambda: [same_bits(results(native, given), right) for _ in range(12)], child)


def _again(value: Any, protocol: int | None = None) -> Any:
    """Return what comes of a pickle of it."""
    return pickle.loads(pickle.dumps(value, protocol))  # noqa: S301  # it is our own


def pickled(native: Any, numpy: Any, given: Given) -> None:
    import cloudpickle

    right = results(native, given)
    for again in (
        *(_again(native, protocol) for protocol in range(2, 6)),
        cloudpickle.loads(cloudpickle.dumps(native)),
        deepcopy(native),
        copy(native),
    ):
        same_bits(results(again, given), right)
    for label in ("loss", "grad", "predict", "value_and_grad", "hessian", "row", "pack"):
        function = _again(getattr(native, label))
        assert function.__name__ == label
    grad = _again(native.grad)
    assert np.array_equal(grad(given["w"], given["X"], given["y"]), right["grad"][1][0])
    bound = _again(partial(native.grad, given["w"]))
    assert np.array_equal(bound(given["X"], given["y"]), right["grad"][1][0])


_ELSEWHERE = """
import atexit, pickle, sys, threading
module, given, right = pickle.load(open(sys.argv[1], "rb"))
words = [given[key] for key in "wXy"]
assert "native" in repr(module), repr(module)
assert module.grad(*words).tobytes() == right.tobytes()
class AtEnd:
    def __init__(self, f): self.f = f
    def __del__(self): self.f(*words)
kept = AtEnd(module.grad)
cycle = [AtEnd(module.value_and_grad)]; cycle.append(cycle)
atexit.register(module.grad, *words)
def busy():
    while True: module.value_and_grad(*words, threads=2)
for _ in range(3): threading.Thread(target=busy, daemon=True).start()
print("done", flush=True)
"""


def elsewhere(native: Any, numpy: Any, given: Given) -> None:
    """Another interpreter unpickles the module, and ends while threads, exit functions and destructors call it."""
    Path("pickled").write_bytes(pickle.dumps((native, given, native.grad(given["w"], given["X"], given["y"]))))
    command = [sys.executable, "-c", _ELSEWHERE, "pickled"]
    for _ in range(2):
        ended = subprocess.run(
            command, check=False, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60
        )
        assert (ended.returncode, ended.stdout) == (0, "done\n"), (
            f"{ended.returncode}: {ended.stdout[-200:]} {ended.stderr[-500:]}"
        )
        assert not re.search("Fatal|Error", ended.stderr), ended.stderr[-500:]


def _fresh(native: ModuleType) -> Any:
    return _again(native)


def deleted(native: Any, numpy: Any, given: Given) -> None:
    """A module goes while its functions live, and while threads call them."""
    right = results(native, given)
    again = _fresh(native)
    functions = {label: getattr(again, label) for label in ("loss", "grad", "per_sample_grad")}
    del again
    gc.collect()
    words = [given[key] for key in "wXy"]
    for label, function in functions.items():
        assert np.array_equal(function(*words), right[label][1][0]), label
    again = _fresh(native)
    grads = [again.grad]

    def lose() -> None:
        vars(again).clear()
        gc.collect()

    _together(3, lambda: [result(lambda: grads[0](*words)) for _ in range(200)], lose)
    for name in list(vars(again)):
        delattr(again, name)
    for name in [one for one in sys.modules if one.split(".")[0] == "symgraph"]:
        del sys.modules[name]
    gc.collect()
    same_bits(results(native, given), right)


def loaded_often(native: Any, numpy: Any, given: Given) -> None:
    """Two hundred copies, used and forgotten: memory does not grow by much."""
    from native_lives import resident

    words, right = [given[key] for key in "wXy"], native.grad(given["w"], given["X"], given["y"])
    sizes = []
    for count in (30, 100):
        for _ in range(count):
            assert np.array_equal(_again(native).grad(*words), right)
        gc.collect()
        sizes.append(resident())
    assert sizes[1] - sizes[0] < 3 * 2**20, f"{(sizes[1] - sizes[0]) // 1024} KiB more for 100 loads"


def strict_numpy(native: Any, numpy: Any, given: Given) -> None:
    """NumPy raises at every odd result, warnings are errors: a call is as quiet as ever."""
    odd = {**given, "w": given["w"] * 400, "X": -given["X"] * 1e3}
    kept = {label: call for label, call in calls(native, odd) if label.split()[0] not in ("forward", "backward")}
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        mine = {label: result(call) for label, call in kept.items()}
        assert 1.0 / np.float64(3.0) < 1
        theirs = {label: result(call) for label, call in calls(numpy, odd) if label in kept}
    agree("", mine, theirs)


def watched(native: Any, numpy: Any, given: Given) -> None:
    """With a tracer, a profiler and a collector that runs at each chance."""
    right, threshold = results(native, given), gc.get_threshold()
    sys.settrace(lambda *_: None)
    sys.setprofile(lambda *_: None)
    gc.set_threshold(1)
    try:
        mine = results(native, given)
    finally:
        sys.settrace(None)
        sys.setprofile(None)
        gc.set_threshold(*threshold)
    same_bits(mine, right)


def deep(native: Any, numpy: Any, given: Given) -> None:
    """Calls at the end of Python's stack."""
    right = results(native, given)
    odd = {**given, "X": given["X"].tolist()}

    def fall() -> None:
        for words in (given, odd):
            for label in ("grad", "grad weighted", "predict", "normal_equations", "loss"):
                try:
                    dict(calls(native, words))[label]()
                except (RecursionError, ctypes.ArgumentError):  # what ctypes makes of a RecursionError
                    continue
        fall()

    limit = sys.getrecursionlimit()
    for lower in range(150, 290, 9):
        sys.setrecursionlimit(lower)
        try:
            fall()
        except RecursionError:
            sys.setrecursionlimit(limit)
    same_bits(results(native, given), right)


def small_stack(native: Any, numpy: Any, given: Given) -> None:
    right = results(native, given)
    before = threading.stack_size(320 * 1024)
    _together(2, lambda: same_bits(results(native, given), right))
    threading.stack_size(before)


def other_rounding(native: Any, numpy: Any, given: Given) -> None:
    """The processor rounds upward during a call: the next one is right."""
    right, libm = results(native, given), ctypes.CDLL("libm.so.6")
    for mode in (0x400, 0x800, 0xC00):
        libm.fesetround(mode)
        try:
            results(native, given)
        finally:
            libm.fesetround(0)
    same_bits(results(native, given), right)


def subinterpreter(native: Any, numpy: Any, given: Given) -> None:
    """A subinterpreter is refused, and the main one goes on."""
    try:
        import _xxsubinterpreters as interpreters
    except ImportError:  # later versions have another name for it
        import _interpreters as interpreters
    right = results(native, given)
    Path("pickled").write_bytes(pickle.dumps(native))
    use = "pickle.load(open('pickled', 'rb')).grad([1.0, 2.0], [1.0], [1.0])"
    script = f"import sys; sys.path[:] = {sys.path!r}\nimport pickle\n{use}"
    identity = interpreters.create()
    with suppress(Exception):  # a refusal there is an error here
        interpreters.run_string(identity, script)
    interpreters.destroy(identity)
    same_bits(results(native, given), right)


NATIVE = ("extension", "ctypes")
BODIES: Mapping[str, tuple[Body, int, Mapping[str, Any]]] = {
    "threads that share arrays": (threads_share, 200, {"twice": True}),
    "threads with arrays of their own": (threads_apart, 3000, {"twice": True}),
    "arrays that change": (changed_meanwhile, 20_000, {"twice": True}),
    "arrays that the call alone holds": (held_by_the_call_alone, 20_000, {}),
    "fickle arguments": (fickle, 7, {"twice": True}),
    "lying arguments": (liar, 9, {"twice": True}),
    "arguments that call back": (calls_back, 5, {"twice": True}),
    "arguments that end": (ends_inside, 5, {}),
    "signals that call": (signals_that_call, 5000, {}),
    "signals that raise": (signals_that_raise, 20_000, {"twice": True}),
    "Ctrl-C": (interrupted, 400_000, {}),
    "forks": (forked, 20_000, {}),
    "pickles": (pickled, 130, {"kinds": NATIVE}),
    "another interpreter, and its end": (elsewhere, 30_000, {"kinds": ("extension",)}),
    "deleted": (deleted, 5000, {"kinds": NATIVE}),
    "loaded often": (loaded_often, 5, {"kinds": NATIVE}),
    "strict NumPy": (strict_numpy, 30, {"twice": True}),
    "tracer, profiler, collector": (watched, 130, {}),
    "end of Python's stack": (deep, 130, {}),
    "small stack": (small_stack, 5000, {"twice": True}),
    "other rounding": (other_rounding, 130, {}),
    "subinterpreter": (subinterpreter, 5, {"kinds": ("extension",)}),
    "guarded pages": (far_pointers, 131, {"twice": True}),
}
