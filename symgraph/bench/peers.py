"""Libraries that ``symgraph bench`` knows: each computes the mean loss and its gradient of a spec by itself.

A row of PEERS makes one, or raises ImportError where the library is missing. Data are put into the library's form before
the timing starts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

import numpy as np

from symgraph.bench.dialects import autograd_names, casadi_names, jax_names, printer, torch_names
from symgraph.bench.programs import gradient_program, loss_program
from symgraph.bench.timing import Task
from symgraph.spec.model import Model

Prepare = Callable[..., Task]
"""prepare(w, X, y), without X or y where the model has none, gives the call that is timed: () -> (mean loss, gradient)."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Version of a model written for one library.

    Attributes:
        version: the version of the library.
        prepare: takes NumPy arrays w (k,), X (n, d), y (n,) and gives the call.
    """

    version: str
    prepare: Prepare


def _columns(given: tuple[Any, ...], features: bool) -> tuple[Any, ...]:
    """Return w, X, y in the form that a program takes: X by columns."""
    return tuple(array.T if features and place == 1 else array for place, array in enumerate(given))


def _has_features(model: Model) -> bool:
    return bool(model.feature_inputs)


def _lambdify(model: Model) -> Peer:
    """Evaluate SymPy's derivatives in NumPy, common subexpressions taken out."""
    function, features = gradient_program(model).function(), _has_features(model)

    def prepare(*given: Any) -> Task:
        arguments = _columns(given, features)

        def mean() -> tuple[Any, Any]:
            loss, *partials = function(*arguments)
            return np.mean(loss), np.array([np.mean(partial) for partial in partials])

        return mean

    return Peer(f"SymPy {version('sympy')}", prepare)


def _autograd(model: Model) -> Peer:
    import autograd
    import autograd.numpy as anp

    function = loss_program(model).function([autograd_names()], printer())
    features = _has_features(model)
    mean = autograd.value_and_grad(lambda *given: anp.mean(function(*_columns(given, features))[0]))
    return Peer(version("autograd"), lambda *given: lambda: mean(*given))


def _jax(model: Model) -> Peer:
    """Run jit of value_and_grad over arrays that JAX holds; the call ends when the result is there."""
    import jax

    jax.config.update("jax_enable_x64", True)
    function, features = loss_program(model).function([jax_names()], printer()), _has_features(model)
    mean = jax.jit(jax.value_and_grad(lambda *given: jax.numpy.mean(function(*_columns(given, features))[0])))

    def prepare(*given: Any) -> Task:
        held = [jax.numpy.asarray(array) for array in given]
        return lambda: jax.block_until_ready(mean(*held))

    return Peer(version("jax"), prepare)


def _torch_mean(model: Model) -> Callable[..., Any]:
    import torch

    torch.set_num_threads(1)
    function, features = loss_program(model).function([torch_names()], printer()), _has_features(model)
    return lambda *given: torch.mean(function(*_columns(given, features))[0])


def _torch(model: Model) -> Peer:
    """Run torch operation by operation."""
    import torch

    mean = _torch_mean(model)

    def prepare(w: Any, *rest: Any) -> Task:
        weights, held = torch.tensor(w, requires_grad=True), [torch.tensor(array) for array in rest]

        def call() -> tuple[Any, Any]:
            loss = mean(weights, *held)
            return loss.detach(), torch.autograd.grad(loss, weights)[0]

        return call

    return Peer(version("torch"), prepare)


def _torch_compile(model: Model) -> Peer:
    """Run torch.compile of value and gradient in one function, compiled again for each shape."""
    import torch

    compiled = torch.compile(torch.func.grad_and_value(_torch_mean(model)), dynamic=False)

    def prepare(*given: Any) -> Task:
        held = [torch.tensor(array) for array in given]

        def call() -> tuple[Any, Any]:
            gradient, loss = compiled(*held)
            return loss, gradient

        return call

    return Peer(version("torch"), prepare)


def _casadi(model: Model) -> Peer:
    """Map a function of one row over rows that share the weights."""
    import casadi

    program = loss_program(model)
    sizes = [len(argument) if isinstance(argument, list) else 1 for argument in program.arguments]
    leaves = [casadi.SX.sym(f"a{place}", size) for place, size in enumerate(sizes)]
    split = [
        casadi.vertsplit(leaf) if isinstance(one, list) else leaf for leaf, one in zip(leaves, program.arguments, strict=True)
    ]
    (loss,) = program.function([casadi_names()], printer())(*split)
    row = casadi.Function("row", leaves, [loss, casadi.gradient(loss, leaves[0])])

    @cache
    def mean(n: int) -> Any:
        inputs = [casadi.MX.sym(f"a{place}", size, n if place else 1) for place, size in enumerate(sizes)]
        losses, partials = row.map(n)(casadi.repmat(inputs[0], 1, n), *inputs[1:])
        return casadi.Function("mean", inputs, [casadi.sum2(losses) / n, casadi.sum2(partials) / n])

    def prepare(w: Any, *rest: Any) -> Task:
        # np.atleast_2d: a column of the table is a row of the map
        held = [casadi.DM(w), *(casadi.DM(np.atleast_2d(array.T)) for array in rest)]
        call = mean(held[-1].shape[1])
        return lambda: call(*held)

    return Peer(version("casadi"), prepare)


PEERS: Mapping[str, Callable[[Model], Peer]] = MappingProxyType(
    {
        "lambdify": _lambdify,
        "autograd": _autograd,
        "jax": _jax,
        "torch": _torch,
        "torch.compile": _torch_compile,
        "casadi": _casadi,
    }
)
"""Functions that make the peers, by name."""
