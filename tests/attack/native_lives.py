"""What happens around native calls: threads, forks, signals, pickles, deletions, short memory, many calls."""

import gc
import itertools
import pickle
import random
import resource
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from cases import MIB, Case
from native_arrays import SAME
from native_calls import Given, agree, calls, results, same_bits
from native_specs import NAMES, data, module, place

Body = Callable[[Any, Any, Given], object]
"""What a case does with the native module, the numpy module and the data."""


def cases(rng: random.Random) -> Iterator[Case]:
    """Everything about calls that is not in their arguments alone."""
    yield from _sizes()
    yield from _mixtures(rng)
    yield from _aliases()
    yield from _surrounded()
    yield from _endless()
    yield from _short_of_memory()


def _case(title: str, name: str, kind: str, body: Body, rows: int = 200, **more: Any) -> Case:
    def call(folder: Path) -> None:
        body(module(name, kind), module(name, "numpy"), data(name, rows))

    def prepare(folder: Path) -> None:
        module(name, "numpy"), module(name, kind)

    environment = {"SYMGRAPH_CACHE": str(place() / "cache")} | more.pop("environment", {})
    return Case(f"{title}: {name} {kind}", call=call, prepare=prepare, codes=(0,), environment=environment, **more)


def _sizes() -> Iterator[Case]:
    """Numbers of rows about the sizes of blocks and pieces, and threads."""
    for i, rows in enumerate((1, 2, 63, 64, 65, 127, 128, 129, 2048, 16383, 16384, 16385, 40_000)):
        name, kind = (("decay", "extension"), ("waves", "extension"), ("ridge", "ctypes"), ("counts", "extension"))[i % 4]
        yield _case(f"{rows} rows", name, kind, _as_numpy, rows)
        yield _case(f"{rows} rows, one after another", "ridge" if i % 2 else "decay", "extension", _each_row, rows)
    for threads in (0, 1, 2, 3, 64, 10**9, -1, True, 2.0, "2", None):
        for kind in ("extension", "ctypes"):
            yield _case(f"threads={threads!r}", "decay", kind, _with_threads(threads), 70_000)
    for vectors in (1, 2, 50):
        for name in ("decay", "waves", "ridge", "kinds")[: 4 if vectors == 1 else 3]:
            yield _case(f"{vectors} vectors of weights", name, "extension", _vectors(vectors), 130)
    for scale in (1e153, 1e-160, 1e-310):
        yield _case(f"rows of size {scale}", "decay", "extension", _of_size(scale), 300)


def _as_numpy(native: Any, numpy: Any, given: Given) -> None:
    agree("", results(native, given), results(numpy, given))


def _each_row(native: Any, numpy: Any, given: Given) -> None:
    """A row gives the same bits alone and in a batch."""
    functions = [native.predict, native.per_sample_grad, native.residual]
    n = len(given["X"])
    for row in {0, n // 2, n - 1, *range(0, n, n // 5 + 1)}:
        for function in functions:
            words = [given[key] for key in ("wX" if function is native.predict else "wXy")]
            batch = np.asarray(function(*words))[row]
            alone = np.asarray(function(words[0], *(one[row : row + 1] for one in words[1:])))[0]
            assert np.array_equal(batch, alone), f"{function.__name__}: row {row} gives {alone} alone and {batch} in the batch"


def _with_threads(threads: Any) -> Body:
    def body(native: Any, numpy: Any, given: Given) -> None:
        w, x, y = given["w"], given["X"], given["y"]
        for function, words in (("value_and_grad", (w, x, y)), ("predict", (w, x)), ("hessian", (w, x, y))):
            ends = []
            for owner in (native, numpy):
                try:
                    ends.append(getattr(owner, function)(*words, threads=threads))
                except (TypeError, ValueError) as error:
                    ends.append((type(error), str(error)))
            mine, theirs = ends
            if isinstance(theirs, tuple) and isinstance(theirs[0], type):
                assert mine == theirs, f"{function}: {mine} against {theirs}"
            else:
                alone = getattr(native, function)(*words)
                assert all(np.array_equal(a, b) for a, b in zip(mine, alone, strict=True)), (
                    f"{function}: other bits than one thread"
                )
                assert all(np.allclose(a, b, rtol=1e-11) for a, b in zip(mine, theirs, strict=True)), function

    return body


def _vectors(count: int) -> Body:
    def body(native: Any, numpy: Any, given: Given) -> None:
        w = given["w"] * np.linspace(0.5, 1.5, count)[:, None]
        for function in ("loss", "grad", "value_and_grad", "predict", "residual")[: 3 if count == 1 else 5]:
            if hasattr(native, function):
                words = [given[key] for key in ("X" if function == "predict" else "Xy")]
                many, theirs = getattr(native, function)(w, *words), getattr(numpy, function)(w, *words)
                single = [getattr(native, function)(one, *words) for one in w]
                several = (
                    [np.array([one[i] for one in single]) for i in range(2)] if isinstance(many, tuple) else [np.array(single)]
                )
                for mine, one, other in zip(
                    many if isinstance(many, tuple) else (many,),
                    several,
                    theirs if isinstance(theirs, tuple) else (theirs,),
                    strict=True,
                ):
                    assert np.array_equal(mine, one), f"{function}: other bits than separate calls"
                    assert np.allclose(mine, other, rtol=1e-11), function

    return body


def _of_size(scale: float) -> Body:
    def body(native: Any, numpy: Any, given: Given) -> None:
        changed = {**given, "w": given["w"] * [scale, 1], "y": given["y"] * scale}
        mine, theirs = results(native, changed), results(numpy, changed)
        assert np.isfinite([mine["loss"][1][0], theirs["loss"][1][0]]).all(), "the mean is finite"
        agree("", mine, theirs)

    return body


def _mixtures(rng: random.Random) -> Iterator[Case]:
    """Each argument in a way of its own, all at once."""
    for i in range(24):
        name, kind = (
            ("decay", "extension"),
            ("waves", "extension"),
            ("ridge", "extension"),
            ("ridge", "ctypes"),
            ("waves", "c"),
        )[i % 5]
        ways = {key: rng.choice(list(SAME)) for key in "wXysv"}
        title = f"mixture {i} of " + ", ".join(f"{key} {way}" for key, way in ways.items())

        def body(native: Any, numpy: Any, given: Given, ways: dict[str, str] = ways, kind: str = kind) -> None:
            changed = {key: SAME[ways[key]](value.copy()) for key, value in given.items()}
            mine = results(native, changed)
            agree(kind, mine, results(numpy, changed))
            same_bits(mine, results(native, {key: np.array(value, np.float64, order="C") for key, value in changed.items()}))

        yield _case(title, name, kind, body, rng.choice((5, 64, 200)))


def _aliases() -> Iterator[Case]:
    """Arguments that are the same memory."""

    def all_one(native: Any, numpy: Any, given: Given) -> None:
        memory = np.linspace(0.5, 1.5, 2)
        shared = {"w": memory, "X": memory, "y": memory, "s": memory, "v": memory}
        same_bits(results(native, shared), results(native, {key: value.copy() for key, value in shared.items()}))

    def within(native: Any, numpy: Any, given: Given) -> None:
        memory = np.linspace(0.5, 1.5, 40)
        shared = {"w": memory[1:3], "X": memory[:30], "y": memory[5:35], "s": memory[9:39], "v": memory[2:4]}
        same_bits(results(native, shared), results(native, {key: value.copy() for key, value in shared.items()}))

    def kept(native: Any, numpy: Any, given: Given) -> None:
        """A result stays as it is, whatever is called and written later."""
        found = {
            label: call() for label, call in calls(native, given) if label.split()[0] not in ("pack", "unpack", "backward")
        }
        copies = pickle.dumps(found)
        for _ in range(20):
            for _, call in calls(native, {**given, "w": given["w"] * 0.9}):
                for one in call() if isinstance(result := call(), tuple) else [result]:
                    if isinstance(one, np.ndarray):
                        one[...] = -1.0
        assert pickle.dumps(found) == copies, "an earlier result has been changed"

    for kind in ("extension", "ctypes", "c"):
        for title, body in (("one array for all", all_one), ("overlapping arguments", within), ("results that are kept", kept)):
            yield _case(title, "decay", kind, body)


def _surrounded() -> Iterator[Case]:
    from native_surroundings import BODIES

    for title, (body, rows, more) in BODIES.items():
        for name, kind in (("decay", "extension"), ("waves", "extension"), ("decay", "ctypes"), ("ridge", "c")):
            if name != "waves" or more.get("twice"):
                words = {key: value for key, value in more.items() if key != "twice"}
                if kind not in words.pop("kinds", ("extension", "ctypes", "c")):
                    continue
                yield _case(title, name, kind, body, rows, **words)


def resident() -> int:
    """Return the bytes of memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _endless() -> Iterator[Case]:
    """Calls by the hundred thousand: memory does not grow."""
    for name, kind in itertools.product(("decay", "ridge"), ("extension", "ctypes", "c")):
        times = 6000 if kind != "extension" else 20_000 if name == "ridge" else 100_000
        for label in ("loss", "value_and_grad weighted", "predict", "per_sample_grad", "normal_equations", "hessian"):
            count = times // 4 if label == "hessian" else times
            yield _case(f"{count} calls of {label}", name, kind, _repeated(label, count), 2)
        yield _case(f"{times} calls of row", name, kind, _rows(times), 2)
        yield _case(
            f"{times // 5} calls with lists", name, kind, _repeated("value_and_grad", times // 5, lambda a: a.tolist()), 2
        )
        yield _case(f"{times // 5} unaligned calls", name, kind, _repeated("grad", times // 5, SAME["unaligned by 1"]), 2)
        yield _case(f"{times // 5} byte-swapped calls", name, kind, _repeated("grad", times // 5, SAME["byte-swapped"]), 2)
        yield _case(f"{times // 5} wrong shapes", name, kind, _repeated("grad", times // 5, lambda a: np.zeros(7)), 2)
        yield _case(f"{times // 5} wrong types", name, kind, _repeated("grad", times // 5, lambda a: "x"), 2)
    yield _case(
        "20000 calls in float32", "decay", "extension", _repeated("value_and_grad", 20_000, lambda a: a.astype("f4")), 2
    )
    yield _case("3000 calls with a new number of rows", "decay", "extension", _growing, 3000)
    yield _case("2000 modules with other constants", "ridge", "extension", _constants, 3)
    for name in NAMES:
        yield _case("references", name, "extension", _references, 3)


def _repeated(label: str, times: int, change: Callable[[np.ndarray], Any] | None = None) -> Body:
    def body(native: Any, numpy: Any, given: Given) -> None:
        changed = {key: change(value) if change and key != "v" else value for key, value in given.items()}
        call = dict(calls(native, changed))[label]

        def many(count: int) -> None:
            for _ in range(count):
                try:
                    call()
                except (TypeError, ValueError):
                    continue

        _flat_while(many, times)

    return body


def _flat_while(many: Callable[[int], object], times: int) -> None:
    many(max(times // 20, 500))
    gc.collect()
    before = resident()
    many(times)
    gc.collect()
    assert resident() - before < 1.5 * MIB, f"{(resident() - before) / MIB:.1f} MiB more after {times} calls"


def _rows(times: int) -> Body:
    def body(native: Any, numpy: Any, given: Given) -> None:
        w, x, y, grad = given["w"], np.atleast_1d(given["X"][0]), given["y"][0], np.zeros(len(given["w"]))
        _flat_while(
            lambda count: [native.row(w, x, y, grad) for _ in itertools.repeat(None, count)] and None, min(times, 20_000)
        )
        _flat_while(
            lambda count: [native.predict_row(w, x) for _ in itertools.repeat(None, count)] and None, min(times, 20_000)
        )

    return body


def _growing(native: Any, numpy: Any, given: Given) -> None:
    w, x, y = given["w"], given["X"], given["y"]
    _flat_while(lambda count: [native.grad(w, x[: 1 + i % 3000], y[: 1 + i % 3000]) for i in range(count)] and None, 3000)


def _constants(native: Any, numpy: Any, given: Given) -> None:
    words = [given[key] for key in "wXy"]
    for strength in (0.0, 0.25, 7.5):
        mine, theirs = native.with_constants(strength=strength), numpy.with_constants(strength=strength)
        agree("", results(mine, given), results(theirs, given))
    many = lambda count: [native.with_constants(strength=0.1 + i / count).loss(*words) for i in range(count)] and None  # noqa: E731
    many(2000)
    gc.collect()
    before = resident()
    many(2000)
    gc.collect()
    assert resident() - before < 4 * MIB, f"{(resident() - before) / MIB:.1f} MiB more"


def _references(native: Any, numpy: Any, given: Given) -> None:
    """No call keeps or loses a reference to its arguments, to None, or to what an error names."""
    watched = [*given.values(), "sum", "nonsense", native]
    odd = {key: value[:1] for key, value in given.items()}
    before = [sys.getrefcount(one) for one in watched], sys.getrefcount(None)
    for _ in range(1000):
        for words in (given, odd):
            for label, call in calls(native, words):
                if label in ("loss", "grad", "value_and_grad weighted", "per_sample_grad", "predict", "hvp", "penalty"):
                    try:
                        call()
                    except (TypeError, ValueError):
                        continue
    after = [sys.getrefcount(one) for one in watched], sys.getrefcount(None)
    assert all(abs(a - b) < 9 for a, b in zip(before[0], after[0], strict=True)), (
        f"{before[0]} references before, {after[0]} after"
    )
    assert abs(before[1] - after[1]) < 500, f"{before[1]} references to None before, {after[1]} after"


def _short_of_memory() -> Iterator[Case]:
    """Calls where memory ends: a MemoryError or the right result, and the right result afterwards."""
    for name, kind, spare in itertools.product(("decay", "ridge"), ("extension", "ctypes"), (0, 64, 512, 2048, 8192, 30_000)):
        yield _case(f"{spare} KiB of memory left", name, kind, _with_memory(spare * 1024), 120_000)


def _with_memory(spare: int) -> Body:
    def body(native: Any, numpy: Any, given: Given) -> None:
        labels = ("predict", "value_and_grad", "per_sample_grad", "jacobian", "normal_equations", "hessian", "residual")
        table = {label: call for label, call in calls(native, given) if label in labels}
        right = {label: call() for label, call in table.items()}
        strided = {key: np.repeat(value, 2, axis=0)[::2] for key, value in given.items()}
        space = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        limits = resource.getrlimit(resource.RLIMIT_AS)
        ends: dict[str, Any] = {}
        resource.setrlimit(resource.RLIMIT_AS, (space + spare, limits[1]))
        for label, call in (
            *table.items(),
            *((f"{label} strided", call) for label, call in calls(native, strided) if label in labels),
        ):
            try:
                ends[label] = call()
            except (MemoryError, RuntimeError) as error:
                ends[label] = type(error)
        resource.setrlimit(resource.RLIMIT_AS, limits)
        for label, found in ends.items():
            if not isinstance(found, type):
                again = right[label.split(" strided")[0]]
                assert _equal(found, again), f"{label}: other bits when memory is short"
        for label, call in table.items():
            assert _equal(call(), right[label]), f"{label}: other bits afterwards"

    return body


def _equal(a: Any, b: Any) -> bool:
    pairs = zip(a, b, strict=True) if isinstance(a, tuple) else [(a, b)]
    return all(np.array_equal(one, other) for one, other in pairs)
