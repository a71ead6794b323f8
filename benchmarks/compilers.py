"""What compiles the founding model's mean loss and gradient: JAX, torch, numba, PyTensor, CasADi; see batch_peers.py."""

import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import tuned
from peers import Functions, by_definition, row_loss

Prepare = Callable[[Any, Any, Any], Callable[[], Any]]
"""prepare(w, X, y), NumPy arrays of the setting's dtype, gives the call that is timed: () -> (mean loss, gradient)."""


class UnfitError(Exception):
    """A peer cannot do what is asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a peer is made for.

    Attributes:
        dtype: "float64" or "float32".
        threads: how many it may use.
    """

    dtype: str
    threads: int


@dataclass(frozen=True, slots=True)
class Batch:
    """A way to evaluate the mean loss and its gradient.

    Attributes:
        version: of the library.
        prepare: takes the data and gives the call.
        most_rows: from where on it is not asked, since a call would last minutes.
    """

    version: str
    prepare: Prepare
    most_rows: int | None = None


def as_arrays(result: tuple[Any, Any]) -> tuple[float, Any]:
    """What a call gave, as a float and an array (9,)."""
    loss, gradient = result
    return float(np.asarray(loss).reshape(())), np.asarray(gradient, np.float64).reshape(-1)


def jax_jit(setting: Setting) -> Batch:
    """jit of value_and_grad over arrays that JAX holds; the call ends when the result is there."""
    import jax

    jax.config.update("jax_enable_x64", True)
    functions = Functions(jax.numpy.exp, jax.numpy.sin, jax.numpy.tanh, jax.nn.sigmoid)
    whole = jax.jit(jax.value_and_grad(lambda w, X, y: jax.numpy.mean(row_loss(functions, w, X.T, y))))

    def prepare(w: Any, X: Any, y: Any) -> Callable[[], Any]:
        held = [jax.numpy.asarray(array) for array in (w, X, y)]
        return lambda: jax.block_until_ready(whole(*held))

    return Batch(version("jax"), prepare)


def _torch(setting: Setting) -> Any:
    import torch

    torch.set_num_threads(setting.threads)
    return torch, Functions(torch.exp, torch.sin, torch.tanh, torch.sigmoid)


def torch_eager(setting: Setting) -> Batch:
    """The loss and its backward pass, operation by operation."""
    torch, functions = _torch(setting)

    def prepare(w: Any, X: Any, y: Any) -> Callable[[], Any]:
        weights = torch.tensor(w, requires_grad=True)
        rows, targets = torch.tensor(X), torch.tensor(y)

        def mean() -> tuple[Any, Any]:
            loss = row_loss(functions, weights.unbind(), rows.unbind(1), targets).mean()
            return loss.detach(), torch.autograd.grad(loss, weights)[0]

        return mean

    return Batch(version("torch"), prepare)


def torch_compiled(setting: Setting) -> Batch:
    """torch.compile of value and gradient in one function, for each shape anew."""
    torch, functions = _torch(setting)

    def mean(w: Any, X: Any, y: Any) -> Any:
        return row_loss(functions, w.unbind(), X.unbind(1), y).mean()

    compiled = torch.compile(torch.func.grad_and_value(mean), dynamic=False)

    def prepare(w: Any, X: Any, y: Any) -> Callable[[], Any]:
        held = [torch.tensor(array) for array in (w, X, y)]

        def call() -> tuple[Any, Any]:
            gradient, loss = compiled(*held)
            return loss, gradient

        return call

    return Batch(version("torch"), prepare)


def numba_loop(setting: Setting) -> Batch:
    """The notebook's formulas in a loop over rows, with the options that numba's performance tips name."""
    import numba
    import numba_rows

    if setting.threads > 1:
        numba.set_num_threads(setting.threads)
    call = numba.njit(fastmath=True, error_model="numpy", parallel=setting.threads > 1)(numba_rows.mean)

    def prepare(w: Any, X: Any, y: Any) -> Callable[[], Any]:
        return lambda: call(w, X, y)

    return Batch(version("numba"), prepare)


def pytensor_function(setting: Setting) -> Batch:
    """A compiled function of loss and gradient, which trusts that its inputs are arrays of the right kind."""
    import pytensor
    from pytensor import tensor as pt

    if setting.threads != 1:
        raise UnfitError("one thread only")
    w, X, y = pt.vector("w", dtype=setting.dtype), pt.matrix("X", dtype=setting.dtype), pt.vector("y", dtype=setting.dtype)
    functions = Functions(pt.exp, pt.sin, pt.tanh, pt.sigmoid)
    loss = row_loss(functions, [w[j] for j in range(9)], [X[:, j] for j in range(5)], y).mean()
    call = pytensor.function([w, X, y], [loss, pytensor.grad(loss, w)], trust_input=True)
    return Batch(version("pytensor"), lambda w, X, y: lambda: call(w, X, y))


@cache
def _casadi_row() -> Any:
    import casadi

    w, x, y = casadi.SX.sym("w", 9), casadi.SX.sym("x", 5), casadi.SX.sym("y")
    functions = Functions(casadi.exp, casadi.sin, casadi.tanh, by_definition(casadi.exp))
    loss = row_loss(functions, casadi.vertsplit(w), casadi.vertsplit(x), y)
    return casadi.Function("row", [w, x, y], [loss, casadi.gradient(loss, w)], ["w", "x", "y"], ["loss", "grad"])


def _casadi_mean(n: int, threads: int) -> Any:
    """A map over n rows that share w and whose results are added up."""
    import casadi

    row = _casadi_row()
    kind = "serial" if threads == 1 else "thread"
    mapped = row.map(n) if threads == 1 else row.map(n, kind, threads)
    w, X, y = casadi.MX.sym("w", 9), casadi.MX.sym("X", 5, n), casadi.MX.sym("y", 1, n)
    losses, partials = mapped(casadi.repmat(w, 1, n), X, y)
    return casadi.Function("mean", [w, X, y], [casadi.sum2(losses) / n, casadi.sum2(partials) / n])


def _casadi(setting: Setting, function: Callable[[int], Any], most_rows: int | None) -> Batch:
    import casadi

    if setting.dtype != "float64":
        raise UnfitError("float64 only")

    def prepare(w: Any, X: Any, y: Any) -> Callable[[], Any]:
        call = function(len(y))
        held = [casadi.DM(array) for array in (w, X.T, y[None, :])]
        return lambda: call(*held)

    return Batch(version("casadi"), prepare, most_rows)


def casadi_vm(setting: Setting) -> Batch:
    """CasADi's virtual machine, mapped over rows."""
    return _casadi(setting, cache(lambda n: _casadi_mean(n, setting.threads)), 1_000_000)


def casadi_c(setting: Setting) -> Batch:
    """The C that CasADi generates of the same function, compiled and loaded back."""
    if setting.threads != 1:
        raise UnfitError("one thread only")
    compiler = tuned.compiler()
    folder = tempfile.TemporaryDirectory(prefix="casadi_")

    @cache
    def compiled(n: int) -> Any:
        import casadi

        source = Path(folder.name) / f"mean_{n}.c"
        generator = casadi.CodeGenerator(source.name)
        generator.add(_casadi_mean(n, 1))
        generator.generate(f"{folder.name}/")
        target = source.with_suffix(".so")
        subprocess.run(
            [compiler, "-O3", "-march=native", "-shared", "-fPIC", str(source), "-o", str(target), "-lm"], check=True
        )
        return casadi.external("mean", str(target))

    return _casadi(setting, compiled, 1_000_000)
