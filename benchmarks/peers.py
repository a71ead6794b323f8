"""The founding model in every library of the table: symgraph, formulas by hand, and what differentiates programs for people.

Each peer is written as its own documentation would have it, in float64. A row of PEERS makes one, or raises ImportError where
the library is missing. What goes in and comes out are NumPy arrays, so a library pays for converting them, as its users do.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

import notebook
import numpy as np
import sympy

import symgraph

Rows = Callable[[Any, Any, Any], tuple[Any, Any]]
"""f(W, X, y) -> (n,) losses and (n, 9) partials, where row i has weights W[i] of its own."""

Mean = Callable[[Any, Any, Any], tuple[float, Any]]
"""f(w, X, y) -> the mean loss over the rows and its gradient, (9,)."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One way to evaluate the model.

    Attributes:
        version: of the library.
        rows: for points that have nothing in common.
        mean: what training calls; this is what is timed.
    """

    version: str
    rows: Rows
    mean: Mean


@dataclass(frozen=True, slots=True)
class Functions:
    """The functions of a library by which it writes the model."""

    exp: Callable[[Any], Any]
    sin: Callable[[Any], Any]
    tanh: Callable[[Any], Any]
    sigmoid: Callable[[Any], Any]


def row_loss(f: Functions, w: Sequence[Any], x: Sequence[Any], y: Any) -> Any:
    """The loss of the founding model.

    Args:
        f: the library's functions.
        w: the nine weights.
        x: the five features.
        y: the target.
    """
    tanh = f.tanh(f.exp((w[0] * x[0] + w[1] * x[1]) ** 2 + w[5]) + w[6])
    sigmoid = f.sigmoid(f.sin(w[2] * x[2]) * (w[3] * x[3] + w[4] * x[4]) + w[7])
    return (y - (tanh + w[8] * sigmoid)) ** 2


def by_definition(exp: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The sigmoid as a person writes it where the library has none."""
    return lambda z: 1 / (1 + exp(-z))


def _mean_of(losses: Any, partials: Any) -> tuple[float, Any]:
    return float(np.mean(losses)), np.mean(partials, axis=0)


def _symgraph_numpy() -> Peer:
    module = symgraph.load("nine_weights")

    def rows(W: Any, X: Any, y: Any) -> tuple[Any, Any]:
        found = [module.value_and_grad(*point) for point in zip(W, X, y, strict=True)]
        return np.array([loss for loss, _ in found]), np.array([gradient for _, gradient in found])

    return Peer(version("symgraph-codegen"), rows, module.value_and_grad)


def _symgraph_scalar() -> Peer:
    module: Any = symgraph.load("nine_weights_scalar")

    def one(w: list[float], x: list[float], y: float) -> tuple[float, list[float]]:
        partials = [0.0] * 9
        try:
            return module.row(w, x, y, partials), partials
        except (ArithmeticError, ValueError):
            return math.nan, [math.nan] * 9

    def rows(W: Any, X: Any, y: Any) -> tuple[Any, Any]:
        found = [one(*point) for point in zip(W.tolist(), X.tolist(), y.tolist(), strict=True)]
        return np.array([loss for loss, _ in found]), np.array([partials for _, partials in found])

    return Peer(version("symgraph-codegen"), rows, lambda w, X, y: _mean_of(*rows(np.broadcast_to(w, (len(y), 9)), X, y)))


def _notebook() -> Peer:
    return Peer(f"NumPy {version('numpy')}", notebook.row_losses_and_partials, notebook.mean_and_gradient)


def _lambdify() -> Peer:
    w, x, y = sympy.symbols("w1:10"), sympy.symbols("f1:6"), sympy.Symbol("y")
    loss = row_loss(Functions(sympy.exp, sympy.sin, sympy.tanh, by_definition(sympy.exp)), w, x, y)
    function = sympy.lambdify((*w, *x, y), [loss, *(loss.diff(weight) for weight in w)], modules="numpy", cse=True)

    def rows(W: Any, X: Any, y: Any) -> tuple[Any, Any]:
        losses, *partials = function(*np.moveaxis(W, -1, 0), *X.T, y)
        return losses, np.stack(np.broadcast_arrays(*partials), axis=-1)

    return Peer(f"SymPy {version('sympy')}", rows, lambda w, X, y: _mean_of(*rows(w, X, y)))


def _autograd() -> Peer:
    import autograd
    import autograd.numpy as anp

    functions = Functions(anp.exp, anp.sin, anp.tanh, by_definition(anp.exp))

    def losses(w: Any, X: Any, y: Any) -> Any:
        return row_loss(functions, w.T, X.T, y)

    partials = autograd.grad(lambda *point: anp.sum(losses(*point)))
    mean = autograd.value_and_grad(lambda *point: anp.mean(losses(*point)))
    return Peer(version("autograd"), lambda *point: (losses(*point), partials(*point)), mean)


def _jax() -> Peer:
    import jax

    jax.config.update("jax_enable_x64", True)
    functions = Functions(jax.numpy.exp, jax.numpy.sin, jax.numpy.tanh, jax.nn.sigmoid)
    one = jax.value_and_grad(lambda w, x, y: row_loss(functions, w, x, y))
    each = jax.jit(jax.vmap(one))
    whole = jax.jit(jax.value_and_grad(lambda w, X, y: jax.numpy.mean(row_loss(functions, w, X.T, y))))

    def mean(w: Any, X: Any, y: Any) -> tuple[float, Any]:
        loss, gradient = whole(w, X, y)
        return float(loss), np.asarray(gradient)

    return Peer(version("jax"), lambda *point: tuple(map(np.asarray, each(*point))), mean)


def _torch() -> Peer:
    import torch

    torch.set_num_threads(1)  # some thousand rows are too few to share; threads that wait for each other cost more
    functions = Functions(torch.exp, torch.sin, torch.tanh, torch.sigmoid)

    def losses(w: Any, X: Any, y: Any) -> tuple[Any, Any]:
        # copies: torch warns of arrays that cannot be written to
        weights = torch.tensor(w, requires_grad=True)
        return weights, row_loss(functions, weights.unbind(-1), torch.tensor(X).unbind(-1), torch.tensor(y))

    def rows(W: Any, X: Any, y: Any) -> tuple[Any, Any]:
        weights, values = losses(W, X, y)
        return values.detach().numpy(), torch.autograd.grad(values.sum(), weights)[0].numpy()

    def mean(w: Any, X: Any, y: Any) -> tuple[float, Any]:
        weights, values = losses(w, X, y)
        value = values.mean()
        return value.item(), torch.autograd.grad(value, weights)[0].numpy()

    return Peer(version("torch"), rows, mean)


def _casadi() -> Peer:
    import casadi

    w, x, y = casadi.SX.sym("w", 9), casadi.SX.sym("x", 5), casadi.SX.sym("y")
    functions = Functions(casadi.exp, casadi.sin, casadi.tanh, by_definition(casadi.exp))
    loss = row_loss(functions, casadi.vertsplit(w), casadi.vertsplit(x), y)
    one = casadi.Function("row", [w, x, y], [loss, casadi.gradient(loss, w)])

    @cache
    def mapped(n: int) -> Any:
        return one.map(n)

    @cache
    def mean_of(n: int) -> Any:
        v, X, y = casadi.MX.sym("w", 9), casadi.MX.sym("X", 5, n), casadi.MX.sym("y", 1, n)
        losses, partials = mapped(n)(casadi.repmat(v, 1, n), X, y)
        return casadi.Function("mean", [v, X, y], [casadi.sum2(losses) / n, casadi.sum2(partials) / n])

    def rows(W: Any, X: Any, y: Any) -> tuple[Any, Any]:
        losses, partials = mapped(len(y))(W.T, X.T, y[None, :])
        return np.asarray(losses)[0], np.asarray(partials).T

    def mean(w: Any, X: Any, y: Any) -> tuple[float, Any]:
        loss, gradient = mean_of(len(y))(w, X.T, y[None, :])
        return float(loss), np.asarray(gradient)[:, 0]

    return Peer(version("casadi"), rows, mean)


PEERS: Mapping[str, Callable[[], Peer]] = MappingProxyType(
    {
        "symgraph numpy": _symgraph_numpy,
        "symgraph scalar": _symgraph_scalar,
        "notebook": _notebook,
        "lambdify, cse": _lambdify,
        "autograd": _autograd,
        "JAX": _jax,
        "PyTorch": _torch,
        "CasADi": _casadi,
    }
)
"""Every row of the table, in order."""


def present() -> tuple[dict[str, Peer], list[str]]:
    """Make every peer whose library is installed; the names of the others."""
    found: dict[str, Peer] = {}
    missing = []
    for name, make in PEERS.items():
        try:
            found[name] = make()
        except ImportError:
            missing.append(name)
    return found, missing
