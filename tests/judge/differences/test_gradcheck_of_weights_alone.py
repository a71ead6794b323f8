"""The gradient check of what rows have no share in, constraints, and of the matrices of normal equations."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import sympy as sp

import symgraph as sg
from symgraph.errors import VerificationError
from symgraph.judge.differences import gradcheck
from symgraph.judge.verify import verify


def fitted(loss: str) -> sg.Model:
    """A model of one residual, whose loss is its square, or of two with a robust loss."""
    m = sg.Model("fitted")
    x, y = m.feature("x"), m.target("y")
    a, b, c = m.weights("a b c")
    out = m.output("out", a * sp.exp(b * x / 4) + c)
    if loss == "square":
        m.loss("squared_error")
    else:
        m.residual((out - y) / 2, out * x - y, loss=loss, f_scale=0.7)
    return m


def failures(module: Any, **functions: Any) -> set[str]:
    """The functions of a module that fail where some are replaced."""
    report = gradcheck(SimpleNamespace(**{**vars(module), **functions}), points=2)
    return {one.function for one in report.functions if one.verdict == "failed"}


def test_constraints_and_their_partials_are_held_against_differences() -> None:
    m = sg.Model("limited")
    a, b = m.weights("a b", domain=(0.5, 2.0))
    m.output("y_hat", a * m.feature("x") + b)
    m.constraint("size", sp.sqrt(a**2 + b**2), upper=3.0)
    m.constraint("product", a * sp.exp(b), 0.25)
    module = sg.compile(m, backend="numpy")
    report = gradcheck(module, points=2)
    assert report.ok
    judged = {one.function for one in report.functions if one.verdict == "ok"}
    assert {"constraints_jacobian size", "constraints_jacobian product"} <= judged
    failed = failures(module, constraints_jacobian=lambda w: np.diag([1.0, 1.002]) @ module.constraints_jacobian(w))
    assert "constraints_jacobian product" in failed
    assert "constraints_jacobian size" not in failed


@pytest.mark.parametrize("loss", ["square", "huber", "soft_l1", "cauchy"])
@pytest.mark.parametrize("backend", ["numpy", "native"])
def test_a_wrong_matrix_of_normal_equations_is_found_by_verification_and_gradcheck(loss: str, backend: str) -> None:
    model = fitted(loss)
    module = sg.compile(model, backend=backend)  # verified
    report = gradcheck(module, points=2)
    assert report.ok
    assert "normal_equations(), the matrix" in {one.function for one in report.functions}

    def slightly_wrong(*args: Any, **options: Any) -> Any:
        matrix, gradient, value = module.normal_equations(*args, **options)
        return matrix * (1.0 + 0.002 * (np.arange(9).reshape(3, 3) == 1)), gradient, value

    failed = failures(module, normal_equations=slightly_wrong)
    assert failed
    assert all(name.startswith("normal_equations") and name.endswith("the matrix") for name in failed)
    with pytest.raises(VerificationError, match=r"normal_equations\(.*\).*, the matrix, by a, by b is"):
        verify(model, SimpleNamespace(**{**vars(module), "normal_equations": slightly_wrong}))
