"""The founding model in every library of the table: symgraph, formulas by hand, and what differentiates programs for people.

Each peer is written as its own documentation would have it, in float64. A row of PEERS makes one, or raises ImportError where
the library is missing. What goes in and comes out are NumPy arrays, so a library pays for converting them, as its users do.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

import libraries
import notebook
import numpy as np
from formulas import FOUNDING
from libraries import Batch, Setting

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


def _mean_by(library: Callable[..., Batch]) -> Mean:
    """The mean in a library, for arrays that are put into its form at each call."""
    prepare = library(FOUNDING, Setting()).prepare
    return lambda *given: libraries.as_arrays(prepare(*given)())


def _mean_of(losses: Any, partials: Any) -> tuple[float, Any]:
    return float(np.mean(losses)), np.mean(partials, axis=0)


def _symgraph_numpy() -> Peer:
    module = symgraph.load("nine_weights", backend="numpy")

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
    function = FOUNDING.derived()

    def rows(W: Any, X: Any, y: Any) -> tuple[Any, Any]:
        losses, *partials = function(W.T, X.T, y)
        return losses, np.stack(np.broadcast_arrays(*partials), axis=-1)

    return Peer(f"SymPy {version('sympy')}", rows, _mean_by(libraries.lambdify))


def _autograd() -> Peer:
    import autograd
    import autograd.numpy as anp

    loss = FOUNDING.loss("autograd")

    def losses(w: Any, X: Any, y: Any) -> Any:
        return loss(w.T, X.T, y)

    partials = autograd.grad(lambda *point: anp.sum(losses(*point)))
    return Peer(version("autograd"), lambda *point: (losses(*point), partials(*point)), _mean_by(libraries.autograd))


def _jax() -> Peer:
    import jax

    mean = _mean_by(libraries.jax_jit)
    each = jax.jit(jax.vmap(jax.value_and_grad(FOUNDING.loss("jax"))))
    return Peer(version("jax"), lambda *point: tuple(map(np.asarray, each(*point))), mean)


def _torch() -> Peer:
    import torch

    mean, loss = _mean_by(libraries.torch_eager), FOUNDING.loss("torch")

    def rows(W: Any, X: Any, y: Any) -> tuple[Any, Any]:
        # copies: torch warns of arrays that cannot be written to
        weights = torch.tensor(W, requires_grad=True)
        values = loss(weights.unbind(-1), torch.tensor(X).unbind(-1), torch.tensor(y))
        return values.detach().numpy(), torch.autograd.grad(values.sum(), weights)[0].numpy()

    return Peer(version("torch"), rows, mean)


def _casadi() -> Peer:
    import casadi

    w, x, y = casadi.SX.sym("w", 9), casadi.SX.sym("x", 5), casadi.SX.sym("y")
    loss = FOUNDING.loss("casadi")(casadi.vertsplit(w), casadi.vertsplit(x), y)
    mapped = cache(casadi.Function("row", [w, x, y], [loss, casadi.gradient(loss, w)]).map)

    def rows(W: Any, X: Any, y: Any) -> tuple[Any, Any]:
        losses, partials = mapped(len(y))(W.T, X.T, y[None, :])
        return np.asarray(losses)[0], np.asarray(partials).T

    return Peer(version("casadi"), rows, _mean_by(libraries.casadi_vm))


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
