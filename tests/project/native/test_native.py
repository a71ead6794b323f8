"""The module loading: functions of the extension, and what is passed on to the binding, which states the contract."""

import gc
import os
import pickle
import subprocess
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from built import sample
from native_models import Three, flat, outcome, three

from symgraph.project.native.loading import Floats, NativeWarning, compiled_model, native_module
from symgraph.runtime import compiled_binding

pytestmark = pytest.mark.usefixtures("quick_gcc")

CORPUS = ["nine_weights", "line", "location", "rosenbrock", "uniform_nodes", "curve", "energy", "pieces"]
REDUCED = ("value_and_grad", "loss", "grad")
OF_TARGETS = ("per_sample_grad", "residual", "residual_jacobian")
OF_INPUTS = ("predict", "jacobian")
DTYPES = ("float64", "float32")


def arrays(name: str, rows: int, dtype: str) -> list[Any]:
    """Weights, rows and targets of a model, row by row."""
    return [None if part is None else np.ascontiguousarray(part, dtype) for part in sample(name, rows=rows)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CORPUS)
def test_results_have_the_bits_types_and_shapes_of_those_through_ctypes(name: str, dtype: str) -> None:
    models = three(name)
    ctypes = models.ctypes_in(dtype)
    w, X, y = arrays(name, 200, dtype)
    s = None if y is None else np.linspace(0.25, 3.0, 200)
    batches = [[None if part is None else part[:n] for part in (X, y)] for n in (1, 2, 63, 200)]
    one = [None if part is None else part[0] for part in (X, y)]
    for x, target in [*batches, one, [one[0], None if one[1] is None else float(one[1])]]:
        calls = [(f, (w, x, target), o) for f in REDUCED for o in ({}, {"reduction": "sum"}, {"threads": 2})]
        if s is not None and np.ndim(target):
            weights = [{"sample_weight": s[: len(target)]}, {"sample_weight": s[: len(target)].astype(np.float32)}]
            calls += [(f, (w, x, target), o | how) for f in REDUCED for o in weights for how in ({}, {"reduction": "sum"})]
        calls += [(f, (w, x, target), {}) for f in (*OF_TARGETS, "jacobian")] + [(f, (w, x), {}) for f in OF_INPUTS]
        for function, args, options in calls:
            known = hasattr(models.numpy, function)
            assert hasattr(models.native, function) is hasattr(ctypes, function) is known
            if known:
                found = flat(getattr(models.native, function)(*args, **options))
                assert found == flat(getattr(ctypes, function)(*args, **options)), (function, options)


@pytest.mark.parametrize("dtype", DTYPES)
def test_ordinary_arrays_never_reach_the_binding(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    native = three("nine_weights").native
    w, X, y = arrays("nine_weights", 7, dtype)
    native.loss(w, X, y)  # compiles the functions of float32
    for function in (*REDUCED, *OF_TARGETS, *OF_INPUTS, "row", "predict_row"):
        monkeypatch.setattr(type(native.loss.__self__.binding), function, None)
    for rows in ((X, y), (X[0].copy(), y[0]), (X[0].copy(), float(y[0])), (X[:1], y[:1])):
        for function in REDUCED:
            getattr(native, function)(w, *rows, sample_weight=None, reduction="sum", threads=2)
            if np.ndim(rows[1]) and len(rows[1]) > 1:
                getattr(native, function)(w, *rows, sample_weight=np.ones(len(rows[1])), threads=3)
            getattr(native, function)(y=rows[1], X=rows[0], w=w)
        for function in OF_TARGETS:
            getattr(native, function)(w, *rows, threads=1)
        assert native.predict(w, rows[0]).shape == native.jacobian(w, rows[0]).shape[:-1]
    if dtype == "float64":
        native.row(w, X[0].copy(), y[0], np.empty(9))
        native.predict_row(w, X[0].copy())
    with pytest.raises(TypeError, match="not callable"):
        native.loss(w.tolist(), X, y)


def test_a_row_of_the_only_feature_and_a_number_as_its_target_is_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    native = three("line").native
    w, x = arrays("line", 1, "float64")[0], np.array([2.0])
    known = {name: getattr(native.numpy, name)(w, x, 1.5) for name in (*REDUCED, *OF_TARGETS)}
    for name in known:
        monkeypatch.setattr(type(native.loss.__self__.binding), name, None)
    for name, value in known.items():
        found = getattr(native, name)(w, x, 1.5)
        for got, want in zip(*((one if isinstance(one, tuple) else (one,)) for one in (found, value)), strict=True):
            assert np.shape(got) == np.shape(want), name
            np.testing.assert_allclose(got, want, rtol=1e-15, atol=1e-15)  # a rounding or two


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["nine_weights", "rosenbrock", "location"])
def test_many_pieces_give_what_they_give_through_ctypes(name: str, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_binding, "SHARE", 1000)
    models = Three(name)
    native, ctypes = models.native, models.ctypes_in(dtype)
    w, X, y = arrays(name, 10_007, dtype)
    for x, target in ((X, y), (None if X is None else X[:3000], None if y is None else y[:3000])):
        weighted = {"sample_weight": np.linspace(0.5, 2.0, len(target))} if target is not None else {}
        calls = [(function, {}, (1, 2, 3, 100)) for function in (*REDUCED, *OF_TARGETS, "jacobian")]
        for function, options, threads in [*calls, *((function, weighted, (2,)) for function in REDUCED)]:
            if hasattr(ctypes, function):
                want = flat(getattr(ctypes, function)(w, x, target, **options))
                assert flat(getattr(ctypes, function)(w, x, target, threads=2, **options)) == want, function
                for number in threads:
                    assert flat(getattr(native, function)(w, x, target, threads=number, **options)) == want, (function, options)
    if name == "nine_weights":  # the rows of others change no bit
        assert native.predict(w, X, threads=2)[7_000:].tobytes() == native.predict(w, X[7_000:]).tobytes()


def test_a_row_gives_the_same_through_both() -> None:
    models, (w, X, y) = three("nine_weights"), sample("nine_weights")
    for grad in (np.full(10, np.nan), [0.0] * 10):
        other = grad.copy()
        assert models.native.row(w, X[0], y[0], grad) == models.ctypes.row(w, X[0], y[0], other)
        assert list(map(repr, grad)) == list(map(repr, other))
    assert models.native.predict_row(w, X[0]) == models.ctypes.predict_row(w, X[0]) == models.native.predict(w, X[0])
    into = w.copy()  # what is written may be what is read
    models.native.row(into, X[0], y[0], into)
    assert into.tolist() == models.native.per_sample_grad(w, X[0], y[0]).tolist()


def test_a_row_refuses_what_it_would_take_or_give_a_part_of() -> None:
    models, (w, X, y) = three("nine_weights"), sample("nine_weights")
    for row, predict_row in ((one.row, one.predict_row) for one in (models.native, models.ctypes)):
        for own in (X[0] * 1j, X[0].astype(str)):
            with pytest.raises(TypeError, match=rf"x has dtype {own.dtype}; it needs real numbers"):
                row(w, own, y[0], np.empty(9))
            with pytest.raises(TypeError, match="x has dtype"):
                predict_row(w, own)
        with pytest.raises(TypeError, match="w has dtype complex128"):
            row(w + 0j, X[0], y[0], np.empty(9))
        with pytest.raises(TypeError, match="y has dtype complex128"):
            row(w, X[0], np.complex128(1j), np.empty(9))
        with pytest.raises(TypeError, match="grad has dtype int64, which cannot hold partials; give one of float64"):
            row(w, X[0], y[0], np.empty(9, np.int64))


def unaligned(array: Any) -> Any:
    """A copy one byte behind where its numbers may lie."""
    copy = np.zeros(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
    copy[:] = array
    return copy


def odd_arrays(rows: int, dtype: str) -> dict[str, tuple[Any, Any, Any]]:
    """Arguments that hold what C cannot read as it stands, or hold what does not fit."""
    w, X, y = arrays("nine_weights", rows, dtype)
    X, y = np.round(X * 8), np.round(y * 8)  # numbers that every kind holds
    read_only = X.copy()
    read_only.flags.writeable = False
    own = type("Own", (np.ndarray,), {})
    others = {
        "rows of float32": (w, X.astype(np.float32), y),
        "whole numbers": (w, X.astype(int), y.astype(int)),
        "lists": (w.tolist(), X.tolist(), y.tolist()),
    }
    return {
        "as they should be": (w, X, y),
        "read-only": (w, read_only, y),
        "strided": (w, np.repeat(X, 2, axis=0)[::2], y),
        "backwards": (w[::-1].copy()[::-1], X[::-1].copy()[::-1], y[::-1].copy()[::-1]),
        "column by column": (w, np.asfortranarray(X), y),
        "unaligned": (unaligned(w), unaligned(X), unaligned(y)),
        "of the other byte order": (w, X.astype(X.dtype.newbyteorder()), y),
        "targets of the other kind": (w, X, y.astype(np.float32 if dtype == "float64" else np.float64)),
        **(others if dtype == "float64" else {}),
        "masked where nothing is hidden": (w, np.ma.masked_array(X), y),
        "masked": (w, np.ma.masked_array(X, np.arange(X.size).reshape(X.shape) == 3), y),
        "of a class of its own": (w, X.view(own), y),
        "bool": (w, X > 0, y),
        "complex": (w, X + 0j, y),
        "text": (w, X, np.full(rows, "a")),
        "empty": (w, X[:0], y[:0]),
        "too few weights": (w[:8], X, y),
        "too few columns": (w, X[:, :4].copy(), y),
        "too few targets": (w, X, y[:-1]),
        "too many dimensions": (w, X[None], y),
        "a column of targets": (w, X, y[:, None]),
        "no target": (w, X, None),
        "one target": (w, X, 1.0),
        "no rows": (w, None, y),
        "no array": (w, 3.0, y),
    }


@pytest.mark.parametrize(("dtype", "case"), [(dtype, case) for dtype in DTYPES for case in odd_arrays(7, dtype)])
def test_arrays_that_c_cannot_read_are_treated_as_numpy_does(dtype: str, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = compiled_binding.address_of

    def address_of(array: Any) -> int:
        assert array.flags.aligned
        return found(array)

    monkeypatch.setattr(compiled_binding, "address_of", address_of)
    models, args = three("nine_weights"), odd_arrays(7, dtype)[case]
    for function in (*REDUCED, *OF_TARGETS):
        ours, numpys = (outcome(getattr(module, function), *args) for module in (models.native, models.numpy))
        if isinstance(numpys[0], list):  # a result: the same bits as of ordinary arrays
            assert ours == outcome(getattr(models.native, function), *odd_arrays(7, dtype)["as they should be"])
        else:
            assert ours == numpys
    weights = [np.full(7, value) for value in (-1.0, 0.0, np.nan, np.inf, -np.inf)]
    weights += [np.ones(6), np.ones((7, 1)), np.arange(7.0) - 1, np.ma.masked_array(np.ones(7), np.arange(7) == 2)]
    odd = [{"sample_weight": s.astype(kind), "reduction": how} for s in weights for kind in DTYPES for how in ("mean", "sum")]
    for options in ({"threads": 0}, {"threads": True}, {"reduction": "median"}, {"speed": 1}, *odd):
        ours, numpys = (outcome(module.value_and_grad, *args, **options) for module in (models.native, models.numpy))
        assert isinstance(numpys[0], list) or ours == numpys


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_may_be_weighted_and_a_weight_of_0_hides_a_row(dtype: str) -> None:
    models, (w, X, y) = three("nine_weights"), arrays("nine_weights", 9, dtype)
    hiding, ordinary = np.arange(9.0), np.arange(1.0, 10.0)
    far = [np.ldexp(ordinary, power) for power in (-1060, -300, -130, 3, 125, 900, 1019)]
    for s in (hiding, ordinary, *far, [1] * 9, ordinary[::-1], 2 * ordinary.astype(int), ordinary.astype(np.float32)):
        X[0] = np.nan if s is hiding else 0.5
        for function in REDUCED:
            for reduction in ("mean", "sum"):
                options = {"sample_weight": s, "reduction": reduction}
                found = outcome(getattr(models.native, function), w, X, y, **options)
                assert found == outcome(getattr(models.ctypes_in(dtype), function), w, X, y, **options)


def test_float32_results_are_near_those_of_float64_and_a_mean_is_finite_where_its_sum_overflows() -> None:
    models, (w, X, y) = three("nine_weights"), arrays("nine_weights", 300, "float32")
    double = [part.astype(np.float64) for part in (w, X, y)]
    for function in (*OF_TARGETS, "jacobian", "grad"):
        found, numpys = (getattr(module, function)(w, X, y) for module in (models.native, models.numpy))
        want = getattr(models.native, function)(*double)
        assert found.dtype == numpys.dtype == np.float32
        # some dozens of roundings of values of the size of the largest
        assert np.abs(found - want).max() <= 64 * 2.0**-24 * np.abs(want).max()
    assert type(models.native.loss(w, X, y)) is float
    assert type(models.native.predict(w, X[0])) is np.float32
    assert models.native.loss(w, X, y) == pytest.approx(models.native.loss(*double), rel=64 * 2.0**-24, abs=0.0)
    models = three("line")
    x, y = np.zeros(4), np.full(4, 1e154)
    value, gradient = models.native.value_and_grad(np.zeros(2), x, y)
    assert (value, gradient.tolist()) == (1e308, [0.0, -2e154])
    assert np.isinf(models.native.loss(np.zeros(2), x, y, reduction="sum"))


def test_float32_falls_back_to_numpy_with_one_warning_where_its_text_does_not_compile() -> None:
    models, args = three("line"), arrays("line", 5, "float32")
    texts = {name: text.replace("float line_row(", "flaot line_row(") for name, text in models.single.C_FILES.items()}
    made = compiled_model("line", models.files, "native", None)
    assert made is not None
    native: Any = native_module(models.numpy, made, models.files, Floats(made, lambda: texts))
    with pytest.warns(NativeWarning, match="line in float32 runs on NumPy: .* cannot compile line.c"):
        found = flat(native.value_and_grad(*args))
    assert found == flat(models.numpy.value_and_grad(*args)) == flat(native.value_and_grad(*args))
    without: Any = native_module(models.numpy, made, models.files, Floats(made, dict))
    assert flat(without.value_and_grad(*args)) == found


def test_tapes_and_packing_are_those_of_the_numpy_module_and_threads_call_one_function_at_once() -> None:
    models, (w, X, y) = three("nine_weights"), sample("nine_weights")
    tape = models.native.forward(w, X, y)
    assert models.native.backward(tape).tolist() == models.numpy.backward(models.numpy.forward(w, X, y)).tolist()
    assert models.native.unpack(models.native.pack(models.native.unpack(w))) == models.numpy.unpack(w)
    assert models.native.initial_weights(3).tolist() == models.numpy.initial_weights(3).tolist()
    native, (w, X, y) = three("nine_weights").native, sample("nine_weights", rows=3000)
    want = flat(native.value_and_grad(w, X, y))
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: flat(native.value_and_grad(w, X, y)), range(200))) == [want] * 200


def test_calls_keep_no_reference_and_no_memory() -> None:
    native = three("nine_weights").native
    w, X, y = map(np.ascontiguousarray, sample("nine_weights"))
    x, target, grad, s = X[0].copy(), y[0], np.empty(9), np.arange(1.0, 8.0)
    single = [part.astype(np.float32) for part in (w, X, y)]
    calls = [
        lambda: native.value_and_grad(w, x, target), lambda: native.loss(w, x, target), lambda: native.predict(w, x),
        lambda: native.jacobian(w, X), lambda: native.residual(w, X, y), lambda: native.row(w, x, target, grad),
        lambda: native.predict_row(w, x), lambda: native.grad(w, X, y, sample_weight=s), lambda: native.loss(*single),
        lambda: native.value_and_grad(*single, sample_weight=s, threads=2), lambda: native.predict(*single[:2]),
        lambda: outcome(native.loss, w[:3], x, target),
    ]  # fmt: skip

    def run(times: int) -> None:
        for call in calls[:-1]:
            for _ in range(times):
                call()
        for _ in range(times // 100):
            calls[-1]()

    run(200)
    things = (w, x, X, y, target, grad, native.loss, s, *single)
    counted = [sys.getrefcount(thing) for thing in things]
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    run(20_000)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 20_000  # a byte for each call of one function
    assert [sys.getrefcount(thing) for thing in things] == counted


def test_a_module_and_its_functions_pickle_and_are_the_same_module_here(tmp_path: Path) -> None:
    models, (w, X, y) = Three("nine_weights"), sample("nine_weights")  # the last that was made of its text
    assert pickle.loads(pickle.dumps(models.native)) is models.native  # noqa: S301  our own
    again = pickle.loads(pickle.dumps(models.native.value_and_grad))  # noqa: S301  our own
    assert again == models.native.value_and_grad
    # in another process, which compiles nothing, since the cache has it
    file = tmp_path / "sent"
    single = [part.astype(np.float32) for part in (w, X, y)]
    file.write_bytes(pickle.dumps((models.native, models.native.value_and_grad, w, X, y, single)))
    script = f"""
import pickle
module, function, w, X, y, single = pickle.loads(open({str(file)!r}, "rb").read())
assert function == module.value_and_grad, function
print(repr(module).replace(" from ", ""), function(w, X, y)[1].tobytes().hex(), function(*single)[1].tobytes().hex())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "native backend" in done.stdout
    assert models.native.grad(w, X, y).tobytes().hex() in done.stdout
    assert models.native.grad(*single).tobytes().hex() in done.stdout


LINE = """
import symgraph
from symgraph import Model
import numpy as np
model = Model("line")
x, (a, b), y = model.feature("x"), model.weights("a b"), model.target("y")
model.loss((y - model.output("y_hat", a * x + b)) ** 2)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_a_fork_goes_on_with_the_same_module() -> None:
    script = f"""{LINE}
import os, sys
module = symgraph.compile(model, "native")
w, X, y = np.ones(2), np.ones((200_000, 1)), np.zeros(200_000)
assert module.loss(w, X, y, threads=2) == 4.0
child = os.fork()
if child == 0:
    os._exit(module.loss(w, X, y, threads=2) != 4.0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert subprocess.run([sys.executable, "-W", "ignore::DeprecationWarning", "-c", script], check=False).returncode == 0


def test_an_interrupt_ends_a_long_call_after_a_piece() -> None:
    script = f"""{LINE}
import signal
from symgraph.runtime import compiled_binding
added, real = [0], compiled_binding.total_of
def total_of(parts):  # the pieces have come to their end
    added.append(len(parts))
    return real(parts)
compiled_binding.SHARE, compiled_binding.total_of = 1, total_of
module = symgraph.compile(model, "native")
X, y = np.ones((5_000_000, 1)), np.zeros(5_000_000)
signal.signal(signal.SIGALRM, signal.default_int_handler)
signal.setitimer(signal.ITIMER_REAL, 0.005)
try:
    module.value_and_grad(np.ones(2), X, y)
except KeyboardInterrupt:
    print("ended", max(added) < 5_000_000)
"""
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "ended True\n"


def test_another_interpreter_of_a_process_is_refused() -> None:
    assert three("line").native.loss.__self__.__class__.__module__ == "symgraph_extension"
    path = str(next(Path(os.environ["SYMGRAPH_CACHE"]).glob("c/extension-*.so")))
    script = f"""
import sys
try:
    import _interpreters as other
    run = lambda one, text: other.exec(one, text)
except ImportError:
    import _xxsubinterpreters as other
    run = lambda one, text: other.run_string(one, text)
text = '''
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_loader
loader = ExtensionFileLoader("symgraph_extension", {path!r})
try:
    loader.exec_module(module_from_spec(spec_from_loader(loader.name, loader)))
except ImportError as error:
    print(error)
'''
run(other.create(), text)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "main interpreter alone" in done.stdout or "does not support loading in subinterpreters" in done.stdout, done.stderr
