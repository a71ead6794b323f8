"""The residual of a loss c * r**2: found where the loss is one, and the same thing in every function and backend."""

from collections.abc import Callable
from contextlib import suppress
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import sympy as sp

import symgraph as sg
from symgraph import Model
from symgraph.compiler.generate import generate
from symgraph.errors import BuildError
from symgraph.options import options_of
from symgraph.project.build.modules import load_artifact
from symgraph.project.native.compiled import module_of
from symgraph.spec.residuals import residual_of

Loss = Callable[..., Any]


def fitted(loss: Loss) -> Model:
    """An output a*exp(-f*f) + b, a measured sigma s, and the given loss."""
    model = Model("fitted")
    f, s = model.feature("f"), model.feature("s", domain=(0.5, 2.0))
    a, b, y = model.weight("a"), model.weight("b", domain=(0.5, 2.0)), model.target(domain=(0.5, 3.0))
    model.loss(loss(y, model.output("y_hat", a * sp.exp(-f * f) + b), s, b, model))
    return model


def rows(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    return np.array([0.7, 0.9]), rng.uniform(0.5, 2.0, (n, 2)), rng.uniform(0.6, 2.0, n)


SQUARES: dict[str, tuple[Loss, Loss, float]] = {
    "plain": (lambda y, z, s, b, m: (y - z) ** 2, lambda y, z, s, b: z - y, 1.0),
    "a half": (lambda y, z, s, b, m: 0.5 * (z - y) ** 2, lambda y, z, s, b: z - y, 0.5),
    "a fixed scale": (lambda y, z, s, b, m: ((y - z) / 3) ** 2, lambda y, z, s, b: (z - y) / 3, 1.0),
    "a float exponent": (lambda y, z, s, b, m: (y - z) ** 2.0, lambda y, z, s, b: z - y, 1.0),
    "a measured scale": (lambda y, z, s, b, m: ((y - z) / s) ** 2, lambda y, z, s, b: (z - y) / s, 1.0),
    "a variance": (lambda y, z, s, b, m: (y - z) ** 2 / s, lambda y, z, s, b: (z - y) / sp.sqrt(s), 1.0),
    "a fitted scale": (lambda y, z, s, b, m: ((y - z) / b) ** 2, lambda y, z, s, b: (z - y) / b, 1.0),
    "a positive factor": (lambda y, z, s, b, m: (y - z) ** 2 * sp.exp(-b), lambda y, z, s, b: (z - y) * sp.exp(-b / 2), 1.0),
    "a transformed target": (lambda y, z, s, b, m: (sp.log(y) - z) ** 2, lambda y, z, s, b: z - sp.log(y), 1.0),
    "a transformed output": (lambda y, z, s, b, m: sp.log(y / z) ** 2, lambda y, z, s, b: -sp.log(y / z), 1.0),
    "relative": (lambda y, z, s, b, m: 3 * (z / y - 1) ** 2, lambda y, z, s, b: z / y - 1, 3.0),
    "the output alone": (lambda y, z, s, b, m: (z * s) ** 2, lambda y, z, s, b: z * s, 1.0),
}


@pytest.mark.parametrize("name", SQUARES)
def test_a_loss_that_is_a_constant_times_a_square_has_its_root_as_residual(name: str) -> None:
    loss, wanted, factor = SQUARES[name]
    model = fitted(loss)
    symbols = {one.name: one.symbol for one in (*model.inputs, *model.nodes)}
    y, z, s, b = (symbols[name] for name in ("y", "y_hat", "s", "b"))
    found = residual_of(model)
    (expr,) = found.exprs
    assert (sp.simplify(expr - wanted(y, z, s, b)), (found.factor, found.reason)) == (0, (factor, ""))


NODES: dict[str, Loss] = {
    "a difference": lambda y, z, s, b, m: m.node("r", y - z) ** 2,
    "a square of a difference": lambda y, z, s, b, m: m.node("square", m.node("r", y - z) ** 2) / 2,
    "an alias": lambda y, z, s, b, m: m.node("other", m.node("r", (y - z) / s)) ** 2,
    "a positive one beside the square": lambda y, z, s, b, m: (y - z) ** 2 / m.node("v", sp.exp(b) + s),
    "one called residual": lambda y, z, s, b, m: m.node("residual", y - z) ** 2,
}
NONE: dict[str, tuple[Loss, str]] = {
    "an absolute value": (lambda y, z, s, b, m: sp.Abs(y - z), "not written as a constant times a square"),
    "a fourth power": (lambda y, z, s, b, m: (y - z) ** 4, "not written as a constant times a square"),
    "a fourth power by a node": (lambda y, z, s, b, m: m.node("q", (y - z) ** 2) ** 2, "not written as a constant"),
    "multiplied out": (lambda y, z, s, b, m: y**2 - 2 * y * z + z**2, "not written as a constant times a square"),
    "a square beside the target": (lambda y, z, s, b, m: y * z**2, "not written as a constant times a square"),
    "a factor of any sign": (lambda y, z, s, b, m: (y - z) ** 2 * m.node("g", sp.sin(s)), "the factor g may be negative"),
    "a negative constant": (lambda y, z, s, b, m: -((y - z) ** 2), "the constant before the square is not positive"),
    "a cross entropy": (lambda y, z, s, b, m: y * sg.softplus(-z) + (1 - y) * sg.softplus(z), "not written as a constant"),
}


@pytest.mark.parametrize("name", NONE)
def test_other_losses_have_none_and_the_module_says_why(name: str) -> None:
    loss, reason = NONE[name]
    model = fitted(loss)
    assert not residual_of(model).exprs
    module = load_artifact(generate(model)[0])
    assert reason in module.METADATA["no_residual"]
    assert "residual_factor" not in module.METADATA
    for function in ("residual", "residual_jacobian"):
        assert not hasattr(module, function)
        with pytest.raises(AttributeError, match=reason):
            getattr(module, function)
    with pytest.raises(AttributeError, match=r"no attribute 'resid'$"):
        module.resid  # noqa: B018


def backends(model: Model) -> dict[str, ModuleType]:
    accurate = generate(model, options=options_of((), "accurate"))[0]
    numpy, *c = generate(model, ("numpy", "c"))
    modules = {"numpy": load_artifact(numpy), "accurate": load_artifact(accurate)}
    with suppress(BuildError):  # there is no compiler
        modules["c"] = module_of(f"{model.name}.c", {artifact.name: artifact.text for artifact in c})
    return modules


@pytest.mark.parametrize("name", ["a half", "a measured scale", "a positive factor", "relative", *NODES])
def test_residual_and_its_partials_are_those_of_the_loss_in_every_backend(name: str) -> None:
    model = fitted(SQUARES[name][0] if name in SQUARES else NODES[name])
    for backend, module in backends(model).items():
        factor = module.METADATA["residual_factor"]
        for n in (1, 7, 300 if backend == "accurate" else 10_003):
            w, X, y = rows(n)
            r, slopes = module.residual(w, X, y), module.residual_jacobian(w, X, y)
            assert (r.shape, slopes.shape) == ((n,), (n, 2))
            losses = np.array([module.loss(w, X[i], y[i]) for i in range(min(n, 7))])
            # a square root and a square, and partials in another order of multiplication: some units in the last place
            np.testing.assert_allclose(factor * r[:7] ** 2, losses, rtol=1e-13)
            grads = module.per_sample_grad(w, X, y)
            np.testing.assert_allclose(2 * factor * r[:, None] * slopes, grads, rtol=1e-12, atol=1e-14)
            for i in range(min(n, 7)):
                assert (np.shape(module.residual(w, X[i], y[i])), module.residual(w, X[i], y[i])) == ((), r[i])
                np.testing.assert_array_equal(module.residual_jacobian(w, X[i], y[i]), slopes[i], strict=True)
            if backend != "c":
                single = [part.astype(np.float32) for part in (w, X, y)]
                assert module.residual(*single).dtype == module.residual_jacobian(*single).dtype == np.float32
                np.testing.assert_allclose(module.residual(*single), r, rtol=0, atol=1e-5)  # numbers of size 1


def test_a_residual_needs_the_target_where_it_has_it_and_no_output() -> None:
    module = load_artifact(generate(fitted(SQUARES["plain"][0]))[0])
    w, X, _ = rows(5)
    for call in (module.residual, module.residual_jacobian):
        with pytest.raises(ValueError, match="y is missing"):
            call(w, X, None)
    model = Model("bare")
    f, a, y = model.feature("f"), model.weight("a"), model.target()
    model.loss((y - a * f) ** 2)
    module = load_artifact(generate(model)[0])
    np.testing.assert_array_equal(module.residual([2.0], [1.0, 3.0], [0.5, 7.0]), [1.5, -1.0])
    np.testing.assert_array_equal(module.residual_jacobian([2.0], [1.0, 3.0], [0.5, 7.0]), [[1.0], [3.0]])
    model = Model("valley")
    a, b = model.weights("a b")
    model.loss((a - b * b) ** 2)
    module = load_artifact(generate(model)[0])
    assert module.residual([5.0, 2.0]) == 1.0
    np.testing.assert_array_equal(module.residual_jacobian([5.0, 2.0]), [1.0, -4.0])
