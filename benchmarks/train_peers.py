"""Training the founding model row by row, by every means: symgraph's train(), the notebook's loop, JAX, numba, torch, C.

A row of PEERS makes a loop for a rule, or raises ImportError or UnfitError. All loops go through the rows in order, with one
update a row, in textbook forms (momentum 0.9; Adam with 0.9, 0.999, 1e-8).
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import notebook_rows
import numpy as np
import tuned
from formulas import FOUNDING
from libraries import UnfitError

import symgraph
from examples.nine_weights.model import model
from symgraph.errors import BuildError
from symgraph.training import Optimizer, adam, momentum, sgd, train
from symgraph.training.history import Backend

Loop = Callable[[tuple[Any, Any], int, float, Any], tuple[Any, Any]]
"""loop((X, y), epochs, rate, w) -> the weights, and the losses of the epochs."""

OPTIMIZERS: Mapping[str, Callable[[float], Optimizer]] = MappingProxyType({"sgd": sgd, "momentum": momentum, "adam": adam})
RATES: Mapping[str, float] = MappingProxyType({"sgd": 0.1, "momentum": 0.1, "adam": 0.001})
"""Learning rates of the founding notebook."""


def _symgraph(backend: Backend) -> Callable[[str], Loop]:
    def make(rule: str) -> Loop:
        module: Any = symgraph.load("nine_weights", backend="numpy")
        if backend == "c":
            try:
                module = symgraph.compile(model, backend="c")
            except BuildError as error:
                raise UnfitError(str(error)) from error

        def loop(data: tuple[Any, Any], epochs: int, rate: float, w: Any) -> tuple[Any, Any]:
            run = train(module, *data, optimizer=OPTIMIZERS[rule](rate), epochs=epochs, w0=w, backend=backend)
            if run.backend != backend:
                raise UnfitError(f"ran on {run.backend}: {run.fallback}")
            return run.weights, run.losses

        return loop

    return make


def _notebook(rule: str) -> Loop:
    return notebook_rows.LOOPS[rule]


def _tuned(formulas: str) -> Callable[[str], Loop]:
    def make(rule: str) -> Loop:
        tuned.library("train")
        return partial(tuned.train, formulas, rule)

    return make


def _numba(rule: str) -> Loop:
    import numba_rows

    def loop(data: tuple[Any, Any], epochs: int, rate: float, w: Any) -> tuple[Any, Any]:
        weights = np.array(w)
        return weights, numba_rows.LOOPS[rule](*data, epochs, rate, weights)

    return loop


def _jax(rule: str) -> Loop:
    """One jitted function: a scan over epochs of a scan over rows."""
    import jax

    jax.config.update("jax_enable_x64", True)
    np_ = jax.numpy
    one = jax.value_and_grad(FOUNDING.loss("jax"))

    def update(w: Any, g: Any, slots: tuple[Any, ...], rate: Any) -> tuple[Any, tuple[Any, ...]]:
        if rule == "sgd":
            return w - rate * g, slots
        if rule == "momentum":
            v = 0.9 * slots[0] + rate * g
            return w - v, (v,)
        m, v, power1, power2 = slots
        m, v, power1, power2 = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g, 0.9 * power1, 0.999 * power2
        return w - rate * (m / (1 - power1)) / (np_.sqrt(v / (1 - power2)) + 1e-8), (m, v, power1, power2)

    def run(X: Any, y: Any, rate: Any, w: Any, epochs: int) -> Any:
        def step(carry: Any, row: Any) -> Any:
            w, slots = carry
            loss, g = one(w, *row)
            return update(w, g, slots, rate), loss

        def epoch(carry: Any, _: None) -> Any:
            carry, losses = jax.lax.scan(step, carry, (X, y))
            return carry, losses.mean()

        zeros, number = np_.zeros(9), np_.ones(())
        slots = {"sgd": (), "momentum": (zeros,), "adam": (zeros, zeros, number, number)}[rule]
        (w, _), losses = jax.lax.scan(epoch, (w, slots), None, length=epochs)
        return w, losses

    compiled = jax.jit(run, static_argnums=4)

    def loop(data: tuple[Any, Any], epochs: int, rate: float, w: Any) -> tuple[Any, Any]:
        found = jax.block_until_ready(compiled(*data, rate, w, epochs))
        return np.asarray(found[0]), np.asarray(found[1])

    return loop


def _torch(rule: str) -> Loop:
    """Eager, with the optimizers of torch.optim."""
    import torch

    torch.set_num_threads(1)
    row_loss = FOUNDING.loss("torch")
    makers = {
        "sgd": torch.optim.SGD,
        "momentum": partial(torch.optim.SGD, momentum=0.9),
        "adam": torch.optim.Adam,
    }

    def loop(data: tuple[Any, Any], epochs: int, rate: float, w: Any) -> tuple[Any, Any]:
        X, y = (torch.tensor(array) for array in data)
        weights = torch.tensor(w, requires_grad=True)
        optimizer = makers[rule]([weights], lr=rate)
        losses = []
        for _ in range(epochs):
            total = 0.0
            for x, target in zip(X, y, strict=True):
                optimizer.zero_grad()
                loss = row_loss(weights, x, target)
                loss.backward()
                optimizer.step()
                total += loss.item()
            losses.append(total / len(y))
        return weights.detach().numpy(), np.array(losses)

    return loop


PEERS: Mapping[str, Callable[[str], Loop]] = MappingProxyType(
    {
        "symgraph train(), Python floats": _symgraph("scalar"),
        "symgraph train(), C": _symgraph("c"),
        "symgraph train(), arrays": _symgraph("numpy"),
        "tuned C": _tuned("tuned"),
        "C, stable formulas": _tuned("stable"),
        "C, plain formulas": _tuned("plain"),
        "numba, notebook's formulas": _numba,
        "JAX scan": _jax,
        "torch eager": _torch,
        "notebook": _notebook,
    }
)
"""Every line of the table, in order."""
