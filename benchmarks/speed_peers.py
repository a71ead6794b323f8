"""Functions that ``speed.py`` times: each group has our way first and its peers, each written as its own manual advises.

A group is a function of the names that are wanted; it gives the tasks, ours first. A peer that is not installed raises
ImportError, and one that cannot do what is asked UnfitError; both are listed. All results are compared with ours before time
counts. JAX, torch and CasADi hold their arrays then, as a loop of training would; ours takes NumPy arrays and checks them.
"""

import ctypes
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import libraries
import numpy as np
import sympy
import tuned
from formulas import FOUNDING, FUNCTIONS, row_output
from libraries import Setting, UnfitError
from timing import Task

import symgraph
from examples.nine_weights.model import model
from symgraph import Model
from symgraph.data.reading import read_data
from symgraph.project.native.compiler import compiled_library, find_compiler
from symgraph.use.training import adam, momentum, sgd, train

NATIVE = "symgraph"
GRADIENT = "symgraph, value_and_grad"
"""A measure of other functions, which computes something else."""
DATA = Path(__file__).parent.parent / "data" / "nine_weights.csv"
OPTIMIZERS = MappingProxyType({"sgd": sgd(0.1), "momentum": momentum(0.1), "adam": adam(0.001)})
"""With the learning rates of the founding notebook."""
EPOCHS = 30
"""Of a call: the runs of the founding notebook end after 27 to 62."""

Made = Callable[[], Task]
"""Makes the call that is timed."""
Found = tuple[dict[str, Task], dict[str, str]]
"""The tasks, ours first, and why others are missing."""


def _made(makers: Mapping[str, Made], wanted: Sequence[str] | None, exactly: float) -> Found:
    """Make the tasks that are wanted, and hold their results against those of the first.

    Args:
        makers: by name, ours first.
        wanted: names of peers; None for all. Those that start with our name are always wanted.
        exactly: by how much a result may differ, relative to the largest number in it.
    """
    tasks: dict[str, Task] = {}
    missing: dict[str, str] = {}
    for name, make in makers.items():
        if wanted is None or name in wanted or name.startswith(NATIVE):
            try:
                tasks[name] = make()
            except (ImportError, UnfitError) as error:
                missing[name] = str(error)
    results = {name: _numbers(task()) for name, task in tasks.items() if name != GRADIENT}
    first = next(iter(results.values()))
    for name, found in results.items():
        apart = np.abs(found - first).max() / np.abs(first).max()
        assert apart <= exactly, f"{name} is apart from symgraph by {apart}"
    return tasks, missing


def _numbers(result: Any) -> Any:
    parts = result if isinstance(result, tuple | list) else (result,)
    return np.concatenate([np.asarray(part, np.float64).reshape(-1) for part in parts])


def _numba(setting: Setting) -> libraries.Batch:
    """The notebook's formulas in a loop over rows, with the options that numba's performance tips name."""
    import numba
    import numba_rows

    numba.set_num_threads(setting.threads)
    call = numba.njit(fastmath=True, error_model="numpy", parallel=setting.threads > 1)(numba_rows.mean)
    return libraries.Batch(numba.__version__, lambda *given: partial(call, *given))


PEERS = MappingProxyType(
    {
        "JAX jit": partial(libraries.jax_jit, FOUNDING),
        "torch.compile": partial(libraries.torch_compiled, FOUNDING),
        "numba, notebook's formulas": _numba,
        "PyTensor": partial(libraries.pytensor_function, FOUNDING),
        "CasADi VM": partial(libraries.casadi_vm, FOUNDING),
    }
)
"""Libraries that compute the mean loss and gradient of the founding model."""


def batch(wanted: Sequence[str] | None, rows: int, threads: int = 1, dtype: str = "float64") -> Found:
    """The founding model's mean loss and its gradient."""
    random, setting = np.random.RandomState(rows % 1000), Setting(dtype, threads)
    drawn = random.normal(size=9), random.normal(size=(rows, 5)), random.normal(size=rows)
    given = tuple(array.astype(dtype) for array in drawn)
    native, numpy = (symgraph.compile(model, backend=backend).value_and_grad for backend in ("native", "numpy"))

    def library(make: Callable[[Setting], libraries.Batch]) -> Task:
        made = make(setting)
        if made.most_rows is not None and rows > made.most_rows:
            raise UnfitError("a call would take seconds")
        return made.prepare(*given)

    makers: dict[str, Made] = {NATIVE: lambda: partial(native, *given, **({"threads": threads} if threads > 1 else {}))}
    if threads > 1:
        makers["symgraph, one thread"] = lambda: partial(native, *given)
    if dtype != "float64":
        makers["symgraph, float64"] = lambda: partial(native, *drawn)
    if (threads, dtype) == (1, "float64"):
        makers["symgraph, backend numpy"] = lambda: partial(numpy, *given)
        makers["tuned C"] = lambda: partial(tuned.mean(), *given)
    makers |= {name: partial(library, make) for name, make in PEERS.items()}
    with np.errstate(all="ignore"):  # the plain formulas of peers overflow at random points
        return _made(makers, wanted, 1e-9 if dtype == "float64" else 1e-3)


def compilers(wanted: Sequence[str] | None, rows: int) -> Found:
    """The same on one machine by two compilers."""
    random = np.random.RandomState(rows % 1000)
    given = random.normal(size=9), random.normal(size=(rows, 5)), random.normal(size=rows)

    def by(command: str) -> Task:
        before = os.environ.get("CC")
        os.environ["CC"] = command
        try:
            return partial(symgraph.load("nine_weights", backend="native").value_and_grad, *given)
        finally:
            os.environ.pop("CC") if before is None else os.environ.update(CC=before)

    def zig() -> Task:
        __import__("ziglang")
        return by(f"{sys.executable} -m ziglang cc")

    return _made({"symgraph, by ziglang": zig, "symgraph, by gcc": lambda: by(tuned.compiler())}, wanted, 1e-12)


def training(wanted: Sequence[str] | None, rule: str) -> Found:
    """Training on the founding data, one update a row; ours and the JAX scan give the mean loss after each epoch."""
    table = read_data(DATA, [f"f{j}" for j in range(1, 6)], "y")
    data = np.ascontiguousarray(table.X, np.float64), np.ascontiguousarray(table.y, np.float64)
    w, optimizer = 0.1 * np.random.RandomState(42).normal(size=9), OPTIMIZERS[rule]
    rate = optimizer.rate_at(0)

    def ours() -> Task:
        module = symgraph.load("nine_weights", backend="native")
        return lambda: train(module, *data, optimizer=optimizer, epochs=EPOCHS, w0=w, shuffle=False, backend="c").weights

    makers: dict[str, Made] = {
        NATIVE: ours,
        "tuned C": lambda: lambda: tuned.train(rule, data, EPOCHS, rate, w)[0],
        "JAX scan": lambda: _jax_scan(rule, data, rate, w, after=True),
        "JAX scan, losses on the way": lambda: _jax_scan(rule, data, rate, w, after=False),
    }
    return _made(makers, wanted, 1e-9)


def _jax_scan(rule: str, data: tuple[Any, Any], rate: float, w: Any, after: bool) -> Task:
    """One jitted function: a scan over epochs of a scan over rows.

    Args:
        rule: the optimizer's name.
        data: X (n, 5) and y (n,).
        rate: the learning rate.
        w: (9,) initial weights.
        after: give the mean loss after each epoch, as ``train`` does, and not only that of the rows on the way. Those are asked
            for in both cases: without them XLA's code takes four times as long.
    """
    import jax

    jax.config.update("jax_enable_x64", True)
    np_ = jax.numpy
    loss = FOUNDING.loss("jax")
    one, of_rows = jax.value_and_grad(loss), jax.vmap(loss, (None, 0, 0))

    def update(w: Any, g: Any, slots: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
        if rule == "sgd":
            return w - rate * g, slots
        if rule == "momentum":
            v = 0.9 * slots[0] + rate * g
            return w - v, (v,)
        m, v, power1, power2 = slots
        m, v, power1, power2 = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g, 0.9 * power1, 0.999 * power2
        return w - rate * (m / (1 - power1)) / (np_.sqrt(v / (1 - power2)) + 1e-8), (m, v, power1, power2)

    def run(X: Any, y: Any, w: Any) -> Any:
        def step(carry: Any, row: Any) -> Any:
            w, slots = carry
            before, g = one(w, *row)
            return update(w, g, slots), before

        def epoch(carry: Any, _: None) -> Any:
            carry, losses = jax.lax.scan(step, carry, (X, y))
            return carry, (losses.mean(), of_rows(carry[0], X, y).mean()) if after else losses.mean()

        zeros, number = np_.zeros(9), np_.ones(())
        slots = {"sgd": (), "momentum": (zeros,), "adam": (zeros, zeros, number, number)}[rule]
        (w, _), losses = jax.lax.scan(epoch, (w, slots), None, length=EPOCHS)
        return w, losses

    compiled, held = jax.jit(run), [np_.asarray(array) for array in (*data, w)]
    return lambda: jax.block_until_ready(compiled(*held))[0]


def _given(rows: int = 1_000_000) -> tuple[Any, Any, Any]:
    random = np.random.RandomState(0)
    return random.normal(size=9), random.normal(size=(rows, 5)), random.normal(size=rows)


def normal_equations(wanted: Sequence[str] | None, backend: str) -> Found:
    """J'WJ, J'Wr and the loss of least squares, beside the gradient by the same backend."""
    module, given = symgraph.compile(model, backend=backend), _given()
    makers: dict[str, Made] = {
        NATIVE: lambda: partial(module.normal_equations, *given),
        GRADIENT: lambda: partial(module.value_and_grad, *given),
    }
    return _made(makers, wanted, 0.0)


def hessian(wanted: Sequence[str] | None) -> Found:
    """The second derivatives of the mean loss."""
    module, given = symgraph.compile(model, backend="native", extras=("hessian",)), _given()

    def by_jax() -> Task:
        import jax

        jax.config.update("jax_enable_x64", True)
        loss, held = FOUNDING.loss("jax"), [jax.numpy.asarray(array) for array in given]
        compiled = jax.jit(jax.hessian(lambda w, X, y: loss(w, X.T, y).mean()))
        return lambda: jax.block_until_ready(compiled(*held))

    makers: dict[str, Made] = {
        NATIVE: lambda: partial(module.hessian, *given),
        GRADIENT: lambda: partial(module.value_and_grad, *given),
        "JAX jit, hessian": by_jax,
    }
    return _made(makers, wanted, 1e-9)


LOOP = """
#include <stddef.h>
void rows(const double *w, const double *X, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++, X += 5, out += 10) {
        %s
    }
}
"""
"""What calls a C function for each row."""


def jacobian_rows(wanted: Sequence[str] | None) -> Found:
    """The output and its derivatives of 1,000 rows, each by a call of a C function, by the same compiler and flags."""
    w, X, _ = _given(1000)

    def called(texts: Mapping[str, str], source: str, call: str) -> Task:
        compiler = find_compiler()
        texts = {**texts, source: texts[source] + LOOP % call}
        function = ctypes.CDLL(str(compiled_library(source, texts, compiler))).rows
        out = np.empty((len(X), 10))
        arguments = *(ctypes.c_void_p(array.ctypes.data) for array in (w, X)), ctypes.c_size_t(len(X))

        def task() -> Any:
            function(*arguments, ctypes.c_void_p(out.ctypes.data))
            return out

        return task

    def ours() -> Task:
        texts = symgraph.compile(model, backend="c", extras=("jacobian-row",)).C_FILES
        return called(texts, "nine_weights.c", "out[0] = nine_weights_predict_jacobian_row(w, X, out + 1);")

    def by_casadi() -> Task:
        import casadi

        leaves = casadi.SX.sym("w", 9), casadi.SX.sym("x", 5)
        split = [casadi.vertsplit(leaf) for leaf in leaves]
        output = row_output(FUNCTIONS["casadi"](), *split)
        row = casadi.Function("row", leaves, [output, casadi.gradient(output, leaves[0])])
        code = casadi.CodeGenerator("casadi_row")
        code.add(row)
        call = "const double *arg[] = {w, X}; double *res[] = {out, out + 1}; row(arg, res, NULL, NULL, 0);"
        return called({"casadi_row.c": code.dump()}, "casadi_row.c", call)

    return _made({NATIVE: ours, "CasADi, C code": by_casadi}, wanted, 1e-9)


PEAKS = 6


def _gaussians() -> Model:
    peaks = Model("six_gaussians", doc="Six peaks.")
    x, _ = peaks.feature("x"), peaks.target("y")
    weights = [peaks.weights(f"height{i} center{i} width{i}") for i in range(PEAKS)]
    peaks.output("curve", sum(h * sympy.exp(-(((x - c) / s) ** 2) / 2) for h, c, s in weights))
    peaks.loss("squared_error")
    return peaks


def fit(wanted: Sequence[str] | None) -> Found:
    """A fit of six Gaussians to 500 points by SciPy's least_squares, with residuals and their Jacobian by each peer."""
    from scipy.optimize import least_squares

    random, x = np.random.RandomState(0), np.linspace(0.0, 12.0, 500)
    truth = np.ravel([(1.0 + 0.2 * i, 1.0 + 2.0 * i, 0.5 + 0.05 * i) for i in range(PEAKS)])
    y = sum(h * np.exp(-(((x - c) / s) ** 2) / 2) for h, c, s in truth.reshape(-1, 3)) + 0.02 * random.normal(size=500)
    start = truth * (1.0 + 0.1 * random.uniform(-1.0, 1.0, size=truth.size))

    def ours() -> Task:
        module = symgraph.compile(_gaussians(), backend="native")
        return lambda: least_squares(module.residual, start, module.residual_jacobian, method="lm", args=(x, y)).x

    def by_jax() -> Task:
        import jax

        jax.config.update("jax_enable_x64", True)
        np_ = jax.numpy

        def residual(w: Any, x: Any, y: Any) -> Any:
            h, c, s = w.reshape(-1, 3).T
            return (h * np_.exp(-(((x[:, None] - c) / s) ** 2) / 2)).sum(axis=1) - y

        # forward mode, as JAX's manual advises where there are more residuals than weights
        value, slopes, held = jax.jit(residual), jax.jit(jax.jacfwd(residual)), (np_.asarray(x), np_.asarray(y))
        return lambda: (
            least_squares(lambda w: np.asarray(value(w, *held)), start, lambda w: np.asarray(slopes(w, *held)), method="lm").x
        )

    return _made({NATIVE: ours, "JAX jit, jacfwd": by_jax}, wanted, 1e-6)
