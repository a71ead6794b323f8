"""Verification where exponentials are large and results are normal numbers."""

from collections.abc import Callable
from typing import Any

import pytest
from sympy import asinh, exp, sqrt

import symgraph
from symgraph import Model
from symgraph.build.modules import load_verified
from symgraph.check.far_points import FarBatches, far_batches
from symgraph.check.reference import Reference, number
from symgraph.check.verification_points import Sampler
from symgraph.check.verification_report import VerificationReport
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


def unknown_beyond(R: Any, x: Any) -> Any:
    """It grows as x does, and no rule knows it."""
    return R * asinh(exp(x))


def report_of(model: Model, *backends: str) -> VerificationReport:
    return load_verified(model, generate(model, ("numpy", *backends)))[1]


def test_what_is_wrong_where_an_exponential_overflows_is_told_with_the_exponential() -> None:
    report = report_of(curve(unknown_beyond))
    assert report.far == ""
    assert report.beyond.startswith(
        "exp(theta/T) of node c overflows (beyond 709.8): forward, node c, row 0 is inf, the spec gives"
    )
    assert (
        str(report)
        .splitlines()[1]
        .startswith("curve: not right where exp(theta/T) of node c overflows (beyond 709.8): forward")
    )
    assert "w = [" in str(report)
    assert str(report).endswith("; write the formula so that none leaves the range, or declare narrower domains")


def test_what_is_wrong_where_an_exponential_is_0_is_told() -> None:
    """A root of it is none: 1e-200 at exp(-921)."""
    report = report_of(curve(lambda R, x: R**2 * sqrt(asinh(exp(-x)))))
    assert report.beyond.startswith("exp(-theta/T) of node c is 0: forward, node c, row 0 is 0.0, the spec gives")


@pytest.mark.parametrize("domain", [(0.01, 300), (-300, 300)])
def test_a_declared_domain_says_that_nothing_overflows(domain: tuple[float, float]) -> None:
    assert report_of(curve(unknown_beyond, domain)).beyond == ""


def test_points_are_far_out_and_the_same_each_time() -> None:
    model = curve(einstein)
    reference = Reference(model)
    near = Sampler(reference, 0, None, 3).several(4)
    found = far_batches(reference, near, 4)
    assert [len(some) for some in found] == [4, 4]
    assert all(200 < batch.weights["theta"] / batch.rows[0]["T"] < 700 for batch in found.within)
    assert all(batch.weights["theta"] / batch.rows[0]["T"] > 745 for batch in found.beyond)
    assert found == far_batches(reference, near, 4)
    line = curve(lambda R, x: R * x)
    assert far_batches(Reference(line), Sampler(Reference(line), 0, None, 3).several(4), 4) == FarBatches([], [])


def test_all_results_are_normal_numbers_or_0_where_exponentials_overflow() -> None:
    reference = Reference(curve(lambda R, x: R * exp(x) / (1 + exp(x)), domain=(-2000, 2000)))
    found = far_batches(reference, Sampler(reference, 0, None, 3).several(4), 4).beyond
    truths = [reference.truth(batch.points[0]).named(["R", "theta"]).values() for batch in found]
    assert all(number(value) == 0.0 or 1e-250 < abs(number(value)) < 1e250 for truth in truths for value in truth)
    signs = {batch.weights["theta"] > 0 for batch in found}
    assert signs == {True, False}


@pytest.mark.parametrize("sign", [1, -1])
def test_a_named_exponential_is_a_normal_number_too(sign: int) -> None:
    """A weight that is the logarithm of a scale leads nowhere where the scale itself is 0 or infinite."""
    model = Model("scale")
    T, log_s = model.feature("T", domain=(0.5, 2)), model.weight("log_s", init=1)
    s = model.node("s", exp(sign * log_s))
    model.output("c", T + asinh(s) / s)
    reference = Reference(model)
    found = far_batches(reference, Sampler(reference, 0, None, 3).several(4), 4)
    assert found.within
    assert found.beyond == []


@pytest.mark.parametrize("write", [einstein, lambda R, x: R * exp(x) / (1 + exp(x))])
def test_what_is_right_far_out_is_not_spoken_of(write: Callable[[Any, Any], Any]) -> None:
    report = report_of(curve(write), "scalar")
    assert report.far == report.beyond == ""
    assert "exponentials" not in str(report)
