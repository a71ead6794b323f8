"""Models with several outputs, targets or residuals, for tests of all that takes columns."""

from collections.abc import Callable, Mapping

import sympy as sp
from written import declared

from symgraph import Model


def impedance(loss: str = "linear", name: str = "impedance") -> Model:
    """R + 1/(1/R2 + i*omega*C) with a target for each part, and an uncertainty for each."""
    model = Model(name)
    omega, sigma = model.feature("omega", domain=(0.1, 100.0)), model.feature("sigma", domain=(0.5, 2.0))
    R, R2, C = model.weights("R R2 C", domain=(0.1, 10.0), init=1.0)
    re, im = model.targets("re im")
    z_re, z_im = model.complex_output("z", R + 1 / (1 / R2 + sp.I * omega * C))
    model.residual((z_re - re) / sigma, (z_im - im) / (2 * sigma), loss=loss)
    return model


@declared
def pair(model: Model) -> None:
    """Two outputs, of which each has weights that the other lacks, and a loss by name."""
    (x, u), (a, b, c) = model.features("x u"), model.weights("a b c", init=[0.5, 0.25, 2.0])
    model.targets("p q")
    model.outputs("left right", sp.tanh(a * x + b * u), c * sp.sin(b * x))
    model.loss("squared_error")


@declared
def featureless(model: Model) -> None:
    """Two outputs that are the same in every row: y alone says how many rows there are."""
    (a, b), (p, q) = model.weights("a b"), model.targets("p q")
    left, right = model.outputs("left right", a * b, a + sp.sin(b))
    model.residual(left - p, right - q)


@declared
def outputs_alone(model: Model) -> None:
    """Three outputs without a loss, one of them the same in every row, and an input that a later output repeats."""
    x, (a, b) = model.feature("x"), model.weights("a b")
    model.outputs(["first", "second", "third"], a * x, sp.exp(b * x), a)


@declared
def residuals_alone(model: Model) -> None:
    """One output and one target, with residuals of which two do not depend on a row."""
    x, y = model.feature("x"), model.target()
    a, b = model.weights("a b")
    model.residual(model.output("y_hat", a * sp.exp(-b * x)) - y, a / 10, b - 1)


@declared
def targets_alone(model: Model) -> None:
    """Two targets without an output, one of them under a second name."""
    x, (a, b) = model.feature("x"), model.weights("a b")
    p, q = model.targets("p q")
    model.loss((a * x - model.node("again", p)) ** 2 + sp.Abs(q - b))


@declared
def uniform_loss(model: Model) -> None:
    """A loss that is the same in every row, whose number y alone tells."""
    a, b = model.weights("a b")
    model.targets("p q")
    model.outputs("left right", a, a * b)
    model.loss(a**2 + b**2)


SEVERAL: Mapping[str, Callable[[], Model]] = {
    make.__name__: make for make in (impedance, pair, featureless, outputs_alone, residuals_alone, targets_alone, uniform_loss)
} | {"robust": lambda: impedance("soft_l1", "robust")}
