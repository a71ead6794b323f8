"""The founding model's mean loss and gradient over many rows: symgraph, and what works on NumPy arrays or is compiled by hand.

A row of PEERS makes one, or raises ImportError where its library is missing and UnfitError where it cannot do what is asked.
Each is written as its manual advises.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

import cost
import libraries
import notebook_rows
import numpy as np
import tuned
from formulas import FOUNDING
from libraries import Batch, Setting, UnfitError

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
    return _threaded(symgraph.load("nine_weights", backend="numpy").value_and_grad, version("symgraph-codegen"), setting)


def _symgraph_alone(setting: Setting) -> Batch:
    """With one thread, beside the same with two."""
    if "threads" not in inspect.signature(symgraph.load("nine_weights", backend="numpy").value_and_grad).parameters:
        raise UnfitError("one thread only")
    return _by_value_and_grad(symgraph.load("nine_weights", backend="numpy").value_and_grad, version("symgraph-codegen"))


def _symgraph_native(setting: Setting) -> Batch:
    tuned.compiler()
    setting.double()
    return _threaded(symgraph.load("nine_weights", backend="native").value_and_grad, version("symgraph-codegen"), setting)


@cache
def _plain_module() -> Any:
    return cost.both()[1]


def _symgraph_plain(setting: Setting) -> Batch:
    """Generated from the textbook's derivatives, which lose digits: what torch and the others evaluate."""
    return _threaded(_plain_module().value_and_grad, version("symgraph-codegen"), setting)


def _symgraph_scalar(setting: Setting) -> Batch:
    setting.double()
    setting.alone()
    module: Any = symgraph.load("nine_weights_scalar")
    return Batch(version("symgraph-codegen"), partial(libraries.over_rows, module.row), most_rows=10_000)


@cache
def _c_module() -> Any:
    return symgraph.compile(model, backend="c")


def _symgraph_c(setting: Setting) -> Batch:
    if "c" not in BACKENDS:
        raise UnfitError("there is no backend c")
    tuned.compiler()
    setting.double()
    return _threaded(_c_module().value_and_grad, version("symgraph-codegen"), setting)


def _tuned(kernel: str) -> Callable[[Setting], Batch]:
    def make(setting: Setting) -> Batch:
        setting.double()
        setting.alone()
        function = tuned.mean(kernel)
        return _by_value_and_grad(function, tuned.version())

    return make


def _notebook(setting: Setting) -> Batch:
    """Row by row, as the notebook goes through its data."""
    setting.alone()

    def prepare(w: Any, X: Any, y: Any) -> Callable[[], Any]:
        def mean() -> tuple[Any, Any]:
            found = [notebook_rows.value_and_grad(w, *row) for row in zip(X, y, strict=True)]
            return np.mean([loss for loss, _ in found]), np.mean([gradient for _, gradient in found], axis=0)

        return (lambda: notebook_rows.value_and_grad(w, X[0], y[0])) if len(y) == 1 else mean

    return Batch(f"NumPy {version('numpy')}", prepare, most_rows=10_000)


def _numba(setting: Setting) -> Batch:
    """The notebook's formulas in a loop over rows, with the options that numba's performance tips name."""
    import numba
    import numba_rows

    if setting.threads > 1:
        numba.set_num_threads(setting.threads)
    call = numba.njit(fastmath=True, error_model="numpy", parallel=setting.threads > 1)(numba_rows.mean)
    return _by_value_and_grad(call, version("numba"))


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
        "symgraph native": _symgraph_native,
        "symgraph c": _symgraph_c,
        "symgraph scalar": _symgraph_scalar,
        "tuned C, stable": _tuned("stable"),
        "tuned C, as emitted": _tuned("emitted"),
        "tuned C, plain": _tuned("plain"),
        "torch.compile": partial(libraries.torch_compiled, FOUNDING),
        "torch eager": partial(libraries.torch_eager, FOUNDING),
        "JAX jit": partial(libraries.jax_jit, FOUNDING),
        "numba, notebook's formulas": _numba,
        "autograd": partial(libraries.autograd, FOUNDING),
        "lambdify, cse": partial(libraries.lambdify, FOUNDING),
        "numexpr": _numexpr,
        "PyTensor": partial(libraries.pytensor_function, FOUNDING),
        "CasADi VM": partial(libraries.casadi_vm, FOUNDING),
        "CasADi generated C": partial(libraries.casadi_c, FOUNDING),
        "notebook, row by row": _notebook,
    }
)
"""Every line of the table, in order."""
