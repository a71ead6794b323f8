"""Verification where exponentials are large and results are normal numbers."""

from collections.abc import Callable
from typing import Any

import pytest
from sympy import exp, sqrt

import symgraph
from symgraph import Model
from symgraph.build.modules import load_verified
from symgraph.check.far_points import far_batches
from symgraph.check.reference import Reference
from symgraph.check.verification_points import Sampler
from symgraph.errors import VerificationError
from symgraph.generate import generate


def curve(write: Callable[[Any, Any], Any], domain: tuple[float, float] | None = (0.01, 2000)) -> Model:
    model = Model("curve")
    T = model.feature("T", domain=(0.5, 2))
    R, theta = model.weight("R", init=1), model.weight("theta", init=1, domain=domain)
    model.output("c", write(R, theta / T))
    return model


def einstein(R: Any, x: Any) -> Any:
    return R * x**2 * exp(x) / (exp(x) - 1) ** 2


def unknown(R: Any, x: Any) -> Any:
    """An entropy's slope: a sum over a square, which no rule knows."""
    return R * (exp(x) * (x - 1) + 1) / (exp(x) - 1) ** 2


def test_a_value_that_is_0_and_should_not_be_fails_the_build() -> None:
    with pytest.raises(VerificationError) as failed:
        symgraph.compile(curve(unknown), backend="numpy")
    said = str(failed.value)
    assert "model curve: predict, row 0 is 0.0, the spec gives" in said
    assert "where exponentials are large:\nw = [" in said
    assert "declare domain=(low, high)" in said


def test_a_declared_domain_says_that_exponentials_stay_small() -> None:
    symgraph.compile(curve(unknown, domain=(0.01, 20)), backend="numpy")


def test_a_partial_that_vanishes_early_is_told_with_its_point() -> None:
    model = Model("saha")
    T, R, E = (
        model.feature("T", domain=(0.5, 2)),
        model.weight("R", init=1, domain=(0.1, 10)),
        model.weight("E", domain=(0, 2000)),
    )
    s = model.node("s", R * exp(-E / T))
    model.output("share", 2 / (1 + sqrt(1 + 4 / s)))
    _, report = load_verified(model, generate(model, ("numpy",)))
    assert "jacobian" in report.far
    assert "saha: not right where exponentials are large: jacobian, row 0, by" in str(report)
    assert "w = [" in str(report).splitlines()[-1]


def test_points_are_far_out_and_the_same_each_time() -> None:
    model = curve(einstein)
    reference = Reference(model)
    near = Sampler(reference, 0, None, 3).several(4)
    found = far_batches(reference, near, 4)
    assert len(found) == 4
    assert all(200 < batch.weights["theta"] / batch.rows[0]["T"] < 700 for batch in found)
    assert found == far_batches(reference, near, 4)
    line = curve(lambda R, x: R * x)
    assert far_batches(Reference(line), Sampler(Reference(line), 0, None, 3).several(4), 4) == []


def test_what_is_right_far_out_is_not_spoken_of() -> None:
    _, report = load_verified(curve(einstein), generate(curve(einstein), ("numpy", "scalar")))
    assert report.far == ""
    assert "exponentials" not in str(report)
