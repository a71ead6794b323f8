"""The founding model's mean loss and gradient over many rows: symgraph, and what works on NumPy arrays or is compiled by hand.

A row of PEERS makes one, or raises ImportError where its library is missing and UnfitError where it cannot do what is asked.
Each is written as its manual advises; data are put into the form that it wants before time counts (JAX and torch hold their own
arrays, CasADi its matrices), as a loop of training would do once.
"""

import inspect
import math
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

import compilers
import cost
import notebook_rows
import numpy as np
import sympy
import tuned
from compilers import Batch, Setting, UnfitError
from peers import Functions, by_definition, row_loss

import symgraph
from examples.nine_weights.model import model
from symgraph.backends import BACKENDS


def _by_value_and_grad(function: Callable[..., Any], release: str, **options: Any) -> Batch:
    return Batch(release, lambda w, X, y: lambda: function(w, X, y, **options))


def _threaded(function: Callable[..., Any], release: str, setting: Setting) -> Batch:
    """A function of symgraph with as many threads as asked for."""
    if setting.threads == 1:
        return _by_value_and_grad(function, release)
    if "threads" not in inspect.signature(function).parameters:
        raise UnfitError("one thread only")
    return _by_value_and_grad(function, release, threads=setting.threads)


def _symgraph(setting: Setting) -> Batch:
    return _threaded(symgraph.load("nine_weights").value_and_grad, version("symgraph-codegen"), setting)


def _symgraph_alone(setting: Setting) -> Batch:
    """With one thread, beside the same with two."""
    if "threads" not in inspect.signature(symgraph.load("nine_weights").value_and_grad).parameters:
        raise UnfitError("one thread only")
    return _by_value_and_grad(symgraph.load("nine_weights").value_and_grad, version("symgraph-codegen"))


@cache
def _plain_module() -> Any:
    return cost.both()[1]


def _symgraph_plain(setting: Setting) -> Batch:
    """Generated from the textbook's derivatives, which lose digits: what torch and the others evaluate."""
    return _threaded(_plain_module().value_and_grad, version("symgraph-codegen"), setting)


def _symgraph_scalar(setting: Setting) -> Batch:
    _double_and_alone(setting)
    module: Any = symgraph.load("nine_weights_scalar")
    row = module.row

    def prepare(w: Any, X: Any, y: Any) -> Callable[[], Any]:
        weights, rows, targets = w.tolist(), X.tolist(), y.tolist()

        def one() -> tuple[float, list[float]]:
            partials = [0.0] * 9
            return row(weights, rows[0], targets[0], partials), partials

        def many() -> tuple[float, Any]:
            losses, partials = zip(*(_of_row(row, weights, *each) for each in zip(rows, targets, strict=True)), strict=True)
            return math.fsum(losses) / len(losses), np.mean(partials, axis=0)

        return one if len(targets) == 1 else many

    return Batch(version("symgraph-codegen"), prepare, most_rows=10_000)


def _of_row(row: Callable[..., float], w: Any, x: Any, y: Any) -> tuple[float, list[float]]:
    partials = [0.0] * 9
    return row(w, x, y, partials), partials


@cache
def _c_module() -> Any:
    return symgraph.compile(model, backend="c")


def _symgraph_c(setting: Setting) -> Batch:
    if "c" not in BACKENDS:
        raise UnfitError("there is no backend c")
    tuned.compiler()
    if setting.dtype != "float64":
        raise UnfitError("float64 only")
    return _threaded(_c_module().value_and_grad, version("symgraph-codegen"), setting)


def _double_and_alone(setting: Setting) -> None:
    if setting.dtype != "float64":
        raise UnfitError("float64 only")
    if setting.threads != 1:
        raise UnfitError("one thread only")


def _tuned(kernel: str) -> Callable[[Setting], Batch]:
    def make(setting: Setting) -> Batch:
        _double_and_alone(setting)
        function = tuned.mean(kernel)
        return _by_value_and_grad(function, tuned.version())

    return make


def _notebook(setting: Setting) -> Batch:
    """Row by row, as the notebook goes through its data."""
    if setting.threads != 1:
        raise UnfitError("one thread only")

    def prepare(w: Any, X: Any, y: Any) -> Callable[[], Any]:
        def mean() -> tuple[Any, Any]:
            found = [notebook_rows.value_and_grad(w, *row) for row in zip(X, y, strict=True)]
            return np.mean([loss for loss, _ in found]), np.mean([gradient for _, gradient in found], axis=0)

        return (lambda: notebook_rows.value_and_grad(w, X[0], y[0])) if len(y) == 1 else mean

    return Batch(f"NumPy {version('numpy')}", prepare, most_rows=10_000)


@cache
def _lambdified() -> Callable[..., Any]:
    w, x, y = sympy.symbols("w1:10"), sympy.symbols("f1:6"), sympy.Symbol("y")
    loss = row_loss(Functions(sympy.exp, sympy.sin, sympy.tanh, by_definition(sympy.exp)), w, x, y)
    expressions = [loss, *(loss.diff(weight) for weight in w)]
    function: Callable[..., Any] = sympy.lambdify((*w, *x, y), expressions, modules="numpy", cse=True)
    return function


def _lambdify(setting: Setting) -> Batch:
    if setting.threads != 1:
        raise UnfitError("one thread only")
    function = _lambdified()

    def prepare(w: Any, X: Any, y: Any) -> Callable[[], Any]:
        def mean() -> tuple[Any, Any]:
            loss, *partials = function(*w, *X.T, y)
            return loss.mean(), np.array([partial.mean() for partial in partials])

        return mean

    return Batch(f"SymPy {version('sympy')}", prepare)


def _autograd(setting: Setting) -> Batch:
    import autograd
    import autograd.numpy as anp

    if setting.threads != 1:
        raise UnfitError("one thread only")
    functions = Functions(anp.exp, anp.sin, anp.tanh, by_definition(anp.exp))
    mean = autograd.value_and_grad(lambda w, X, y: anp.mean(row_loss(functions, w, X.T, y)))
    return _by_value_and_grad(mean, version("autograd"))


_NUMEXPR_NODES = (
    ("t", "w1*f1 + w2*f2"),
    ("e", "exp(t*t + w6)"),
    ("th", "tanh(e + w7)"),
    ("sine", "sin(w3*f3)"),
    ("line", "w4*f4 + w5*f5"),
    ("s", "1/(1 + exp(-(sine*line + w8)))"),
    ("dl", "-2*(y - (th + w9*s))"),
    ("ds", "dl*w9*s*(1 - s)"),
    ("de", "dl*(1 - th*th)*e"),
)
_NUMEXPR_SUMS = (
    "dl*dl/4", "2*de*t*f1", "2*de*t*f2", "ds*line*cos(w3*f3)*f3", "ds*sine*f4", "ds*sine*f5", "de", "dl*(1 - th*th)", "ds",
    "dl*s",
)  # fmt: skip


def _numexpr(setting: Setting) -> Batch:
    """The notebook's formulas, one expression a node and one a sum: an expression gives one array."""
    import numexpr

    numexpr.set_num_threads(setting.threads)
    literal = np.dtype(setting.dtype).type

    def prepare(w: Any, X: Any, y: Any) -> Callable[[], Any]:
        given: dict[str, Any] = {f"w{j + 1}": w[j] for j in range(9)} | {f"f{j + 1}": X[:, j] for j in range(5)} | {"y": y}

        def mean() -> tuple[Any, Any]:
            known = dict(given)
            for name, text in _NUMEXPR_NODES:
                known[name] = numexpr.evaluate(text, known)
            sums = [numexpr.evaluate(f"sum({text})", known) / literal(len(y)) for text in _NUMEXPR_SUMS]
            return sums[0], np.array(sums[1:])

        return mean

    return Batch(version("numexpr"), prepare)


PEERS: Mapping[str, Callable[[Setting], Batch]] = MappingProxyType(
    {
        "symgraph numpy": _symgraph,
        "symgraph numpy, one thread": _symgraph_alone,
        "symgraph numpy, plain graph": _symgraph_plain,
        "symgraph c": _symgraph_c,
        "symgraph scalar": _symgraph_scalar,
        "tuned C, stable": _tuned("stable"),
        "tuned C, as emitted": _tuned("emitted"),
        "tuned C, plain": _tuned("plain"),
        "torch.compile": compilers.torch_compiled,
        "torch eager": compilers.torch_eager,
        "JAX jit": compilers.jax_jit,
        "numba, notebook's formulas": compilers.numba_loop,
        "autograd": _autograd,
        "lambdify, cse": _lambdify,
        "numexpr": _numexpr,
        "PyTensor": compilers.pytensor_function,
        "CasADi VM": compilers.casadi_vm,
        "CasADi generated C": compilers.casadi_c,
        "notebook, row by row": _notebook,
    }
)
"""Every line of the table, in order."""
