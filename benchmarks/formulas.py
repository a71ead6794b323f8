"""The founding model's formulas as libraries take them, and the form of any model's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import sympy

Loss = Callable[..., Any]
"""loss(w, columns, y), without columns or y where the model has none: the losses of rows; w and columns unpack into values."""


@dataclass(frozen=True, slots=True)
class Formulas:
    """A model as libraries take it.

    Attributes:
        loss: gives the rows' loss in the functions of a library, by its name.
        derived: gives a function of the same arguments that returns the losses and all partials, as SymPy derives them.
        sizes: the number of weights; that of features, and None for the target, where the model has these.
    """

    loss: Callable[[str], Loss]
    derived: Callable[[], Callable[..., Sequence[Any]]]
    sizes: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Functions:
    """The functions of a library by which it writes the founding model."""

    exp: Callable[[Any], Any]
    sin: Callable[[Any], Any]
    tanh: Callable[[Any], Any]
    sigmoid: Callable[[Any], Any]


def row_output(f: Functions, w: Sequence[Any], x: Sequence[Any]) -> Any:
    """Compute the output of the founding model.

    Args:
        f: the library's functions.
        w: the nine weights.
        x: the five features.
    """
    tanh = f.tanh(f.exp((w[0] * x[0] + w[1] * x[1]) ** 2 + w[5]) + w[6])
    sigmoid = f.sigmoid(f.sin(w[2] * x[2]) * (w[3] * x[3] + w[4] * x[4]) + w[7])
    return tanh + w[8] * sigmoid


def row_loss(f: Functions, w: Sequence[Any], x: Sequence[Any], y: Any) -> Any:
    """Compute the loss of the founding model; y is the target, and other arguments are as for ``row_output``."""
    return (y - row_output(f, w, x)) ** 2


def _of(library: Any, sigmoid: Callable[[Any], Any] | None = None) -> Functions:
    """Return a library's functions; without a sigmoid of its own, that is written as a person would."""
    return Functions(library.exp, library.sin, library.tanh, sigmoid or (lambda z: 1 / (1 + library.exp(-z))))


def _autograd() -> Functions:
    import autograd.numpy

    return _of(autograd.numpy)


def _jax() -> Functions:
    import jax

    return _of(jax.numpy, jax.nn.sigmoid)


def _torch() -> Functions:
    import torch

    return _of(torch, torch.sigmoid)


def _casadi() -> Functions:
    import casadi

    return _of(casadi)


def _pytensor() -> Functions:
    from pytensor import tensor

    return _of(tensor, tensor.sigmoid)


FUNCTIONS: Mapping[str, Callable[[], Functions]] = MappingProxyType(
    {"autograd": _autograd, "jax": _jax, "torch": _torch, "casadi": _casadi, "pytensor": _pytensor}
)
"""The functions of each library, imported when they are asked for."""


def _derived() -> Callable[..., Sequence[Any]]:
    w, x, y = sympy.symbols("w1:10"), sympy.symbols("f1:6"), sympy.Symbol("y")
    loss = row_loss(_of(sympy), w, x, y)
    expressions = [loss, *(loss.diff(weight) for weight in w)]
    function: Callable[..., Sequence[Any]] = sympy.lambdify((w, x, y), expressions, modules="numpy", cse=True)
    return function


FOUNDING = Formulas(lambda library: partial(row_loss, FUNCTIONS[library]()), _derived, (9, 5, None))
"""The founding model, written for each library as its documentation would have it."""
