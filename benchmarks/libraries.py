"""Libraries that compute any model's mean loss and its gradient: each function makes of formulas the call that is timed.

Data are put into the library's form before time counts (JAX and torch hold their own arrays, CasADi its matrices), as a loop of
training would do once. Each raises ImportError where the library is missing, and UnfitError where it cannot do what is asked.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np
from formulas import Formulas
from timing import Task

Prepare = Callable[..., Task]
"""prepare(w, X, y), arrays of the setting's dtype, without X or y where the model has none: () -> (mean loss, gradient)."""


class UnfitError(Exception):
    """A peer cannot do what is asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Task that a peer is made for.

    Attributes:
        dtype: "float64" or "float32".
        threads: how many it may use.
    """

    dtype: str = "float64"
    threads: int = 1

    def alone(self) -> None:
        """Refuse several threads, for a peer that has none."""
        if self.threads != 1:
            raise UnfitError("one thread only")

    def double(self) -> None:
        """Refuse float32, for a peer that computes in float64."""
        if self.dtype != "float64":
            raise UnfitError("float64 only")


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
    """Return the result of a call as a float and an array (k,)."""
    loss, gradient = result
    return float(np.asarray(loss).reshape(())), np.asarray(gradient, np.float64).reshape(-1)


def _columns(given: Sequence[Any]) -> list[Any]:
    """Return arguments in the form that a loss takes: X by columns."""
    return [array.T if array.ndim == 2 else array for array in given]


def over_rows(row: Callable[..., float], w: Any, X: Any = None, y: Any = None) -> Task:
    """Make a call of a scalar module's ``row`` over all rows; for one row, of the public function itself."""
    rows = [[]] * (1 if y is None else len(y)) if X is None else X.tolist()
    weights, targets = w.tolist(), [0.0] * len(rows) if y is None else y.tolist()
    partials = [0.0] * len(weights)

    def one() -> tuple[float, list[float]]:
        return row(weights, rows[0], targets[0], partials), partials

    def many() -> tuple[float, Any]:
        losses, gradient = 0.0, np.zeros(len(weights))
        for x, target in zip(rows, targets, strict=True):
            losses += row(weights, x, target, partials)
            gradient += partials
        return losses / len(rows), gradient / len(rows)

    return one if len(rows) == 1 else many


def lambdify(formulas: Formulas, setting: Setting) -> Batch:
    """Evaluate SymPy's derivatives in NumPy, common subexpressions taken out."""
    setting.alone()
    function = formulas.derived()

    def prepare(*given: Any) -> Task:
        def mean() -> tuple[Any, Any]:
            loss, *partials = function(*_columns(given))
            return np.mean(loss), np.array([np.mean(partial) for partial in partials])

        return mean

    return Batch(f"SymPy {version('sympy')}", prepare)


def autograd(formulas: Formulas, setting: Setting) -> Batch:
    """Run autograd's value_and_grad."""
    import autograd
    import autograd.numpy as anp

    setting.alone()
    loss = formulas.loss("autograd")
    mean = autograd.value_and_grad(lambda *given: anp.mean(loss(*_columns(given))))
    return Batch(version("autograd"), lambda *given: lambda: mean(*given))


def jax_jit(formulas: Formulas, setting: Setting) -> Batch:
    """Run jit of value_and_grad over arrays that JAX holds; the call ends when the result is there."""
    import jax

    del setting  # JAX takes the cores that the process may use, and the dtype of the data
    jax.config.update("jax_enable_x64", True)
    loss = formulas.loss("jax")
    whole = jax.jit(jax.value_and_grad(lambda *given: jax.numpy.mean(loss(*_columns(given)))))

    def prepare(*given: Any) -> Task:
        held = [jax.numpy.asarray(array) for array in given]
        return lambda: jax.block_until_ready(whole(*held))

    return Batch(version("jax"), prepare)


def _torch_mean(formulas: Formulas, setting: Setting) -> Callable[..., Any]:
    import torch

    torch.set_num_threads(setting.threads)
    loss = formulas.loss("torch")

    def mean(w: Any, *rest: Any) -> Any:
        return torch.mean(loss(w.unbind(), *(array.unbind(1) if array.ndim == 2 else array for array in rest)))

    return mean


def torch_eager(formulas: Formulas, setting: Setting) -> Batch:
    """Run the loss and its backward pass in torch, operation by operation."""
    import torch

    mean = _torch_mean(formulas, setting)

    def prepare(w: Any, *rest: Any) -> Task:
        weights, held = torch.tensor(w, requires_grad=True), [torch.tensor(array) for array in rest]

        def call() -> tuple[Any, Any]:
            loss = mean(weights, *held)
            return loss.detach(), torch.autograd.grad(loss, weights)[0]

        return call

    return Batch(version("torch"), prepare)


def torch_compiled(formulas: Formulas, setting: Setting) -> Batch:
    """Run torch.compile of value and gradient in one function, compiled again for each shape."""
    import torch

    compiled = torch.compile(torch.func.grad_and_value(_torch_mean(formulas, setting)), dynamic=False)

    def prepare(*given: Any) -> Task:
        held = [torch.tensor(array) for array in given]

        def call() -> tuple[Any, Any]:
            gradient, loss = compiled(*held)
            return loss, gradient

        return call

    return Batch(version("torch"), prepare)


def pytensor_function(formulas: Formulas, setting: Setting) -> Batch:
    """Compile a function of loss and gradient, which trusts that its inputs are arrays of the right kind."""
    import pytensor
    from pytensor import tensor as pt

    setting.alone()
    k, *rest = formulas.sizes
    w = pt.vector("w", dtype=setting.dtype)
    inputs = [(pt.vector if size is None else pt.matrix)(f"a{place}", dtype=setting.dtype) for place, size in enumerate(rest)]
    columns = [one if size is None else [one[:, j] for j in range(size)] for one, size in zip(inputs, rest, strict=True)]
    loss = formulas.loss("pytensor")([w[j] for j in range(k or 0)], *columns).mean()
    call = pytensor.function([w, *inputs], [loss, pytensor.grad(loss, w)], trust_input=True)
    return Batch(version("pytensor"), lambda *given: lambda: call(*given))


def _casadi_mean(formulas: Formulas, threads: int) -> Callable[[int], Any]:
    """Make a map over n rows that share w and whose results are added up, for any n."""
    import casadi

    lengths = [size or 1 for size in formulas.sizes]
    leaves = [casadi.SX.sym(f"a{place}", length) for place, length in enumerate(lengths)]
    split = [leaf if size is None else casadi.vertsplit(leaf) for leaf, size in zip(leaves, formulas.sizes, strict=True)]
    loss = formulas.loss("casadi")(*split)
    row = casadi.Function("row", leaves, [loss, casadi.gradient(loss, leaves[0])])

    @cache
    def mean(n: int) -> Any:
        mapped = row.map(n) if threads == 1 else row.map(n, "thread", threads)
        inputs = [casadi.MX.sym(f"a{place}", length, n if place else 1) for place, length in enumerate(lengths)]
        losses, partials = mapped(casadi.repmat(inputs[0], 1, n), *inputs[1:])
        return casadi.Function("mean", inputs, [casadi.sum2(losses) / n, casadi.sum2(partials) / n])

    return mean


def _casadi(function: Callable[[int], Any]) -> Batch:
    import casadi

    def prepare(w: Any, *rest: Any) -> Task:
        held = [casadi.DM(w), *(casadi.DM(np.atleast_2d(array.T)) for array in rest)]  # a row of the data is a column there
        call = function(held[-1].shape[1])
        return lambda: call(*held)

    return Batch(version("casadi"), prepare, 100_000)


def casadi_vm(formulas: Formulas, setting: Setting) -> Batch:
    """Map a function of one row over rows in CasADi's virtual machine."""
    setting.double()
    return _casadi(_casadi_mean(formulas, setting.threads))
