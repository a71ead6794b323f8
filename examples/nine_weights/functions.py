"""The notebook's functions and graders, each a few lines over the generated module."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from examples.nine_weights import notebook
from symgraph.project.native.loading import load
from symgraph.runtime.generated_module import GeneratedModule

Array = NDArray[np.float64]


@cache
def founding_module() -> GeneratedModule:
    """Load the generated module of the founding model, once."""
    return load("nine_weights", backend="numpy")


def sigmoid(z: float, *, module: GeneratedModule | None = None) -> float:
    """Compute the logistic function by the module's own node.

    Args:
        z: the argument.
        module: the module of the founding model; the one that `load` finds by default.
    """
    module = module or founding_module()
    alone = module.pack({**dict.fromkeys(module.WEIGHTS, 0.0), "w8": z})  # of the node's argument only w8 is left
    return float(module.forward(alone, np.zeros(len(module.FEATURES))).sigmoid)


def forward_propagation(x: Any, y: float, w: Any, *, module: GeneratedModule | None = None) -> dict[str, Any]:
    """Compute the nodes at one row.

    Args:
        x: (5,) the features.
        y: the target.
        w: (9,) the weights.
        module: the module of the founding model; the one that `load` finds by default.

    Returns:
        The notebook's dictionary: dl (the derivative of the loss by the prediction), loss, exp, tanh, sigmoid, and the row x.
    """
    tape = (module or founding_module()).forward(w, x, y)
    nodes = {name: float(getattr(tape, name)) for name in ("loss", "exp", "tanh", "sigmoid")}
    return {"dl": -2.0 * float(tape.y - tape.y_hat), **nodes, "x": np.asarray(x)}


def backward_propagation(
    L: float,
    W: Any,
    dicts: Mapping[str, Any],
    *,
    module: GeneratedModule | None = None,
) -> dict[str, float]:
    """Compute the partial derivatives of the loss at one row.

    Args:
        L: the loss; not used, the notebook passes it.
        W: (9,) the weights.
        dicts: what `forward_propagation` returned at them.
        module: the module of the founding model; the one that `load` finds by default.

    Returns:
        The partials, dw1 to dw9.
    """
    module = module or founding_module()
    return _named(module, dicts["dl"] * module.jacobian(W, dicts["x"]))


def gradient_checking(
    data_point: Any, W: Any, *, aliased: bool = True, module: GeneratedModule | None = None
) -> dict[str, float]:
    """Compare the partials with central differences as the notebook does; `symgraph.gradcheck` is the check to rely on.

    The notebook moves the weights in one array and does not put them back: each stays moved by -DELTA after its turn.

    Args:
        data_point: (6,) five features and the target.
        W: (9,) the weights; the array itself is left alone.
        aliased: leave weights moved, as the notebook does; else each is put back.
        module: the module of the founding model; the one that `load` finds by default.

    Returns:
        (analytic - numeric) / (analytic + numeric) for dw1 to dw9.
    """
    module = module or founding_module()
    *x, y = np.asarray(data_point, np.float64)
    analytic = module.grad(W, np.array(x), y)
    w, numeric = np.array(W, np.float64), np.empty_like(analytic)
    for j, before in enumerate(w.copy()):
        w[j] = before + notebook.DELTA
        above = module.loss(w, np.array(x), y)
        w[j] = before - notebook.DELTA
        numeric[j] = (above - module.loss(w, np.array(x), y)) / (2.0 * notebook.DELTA)
        w[j] = w[j] if aliased else before
    return _named(module, (analytic - numeric) / (analytic + numeric))


def grader_sigmoid(z: float, *, module: GeneratedModule | None = None) -> bool:
    """Return True if sigmoid(z) is the asserted figure to the last bit; z is 2 in the notebook.

    Raises:
        AssertionError: it is another number.
    """
    return _grade({"sigmoid": sigmoid(z, module=module)}, {"sigmoid": notebook.SIGMOID_OF_2}, None)


def grader_forwardprop(data: Mapping[str, Any]) -> bool:
    """Return True if what `forward_propagation` gives at the first row, with all weights 0.1, rounds to the asserted figures.

    Raises:
        AssertionError: a figure differs.
    """
    return _grade(data, notebook.FORWARD, notebook.FORWARD_DIGITS)


def grader_backprop(data: Mapping[str, Any]) -> bool:
    """Return True if what `backward_propagation` gives at the first row, with all weights 0.1, rounds to the asserted figures.

    Raises:
        AssertionError: a figure differs.
    """
    return _grade(data, notebook.BACKWARD, notebook.BACKWARD_DIGITS)


def _grade(data: Mapping[str, Any], figures: Mapping[str, float], digits: int | None) -> bool:
    for name, figure in figures.items():
        value = float(data[name])
        if (value if digits is None else round(value, digits)) != figure:
            raise AssertionError(f"{name} is {value!r}, the notebook asserts {figure!r}")
    return True


def _named(module: GeneratedModule, values: Array) -> dict[str, float]:
    return {f"d{name}": float(value) for name, value in zip(module.WEIGHTS, values, strict=True)}
