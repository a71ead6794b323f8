"""Verification where exponentials are large and results are normal numbers."""

from collections.abc import Callable
from typing import Any

import pytest
from sympy import asinh, cosh, exp, sqrt
from written import written

import symgraph
from symgraph import Model
from symgraph.compiler.generate import generate
from symgraph.errors import VerificationError
from symgraph.judge.far_points import FarBatches, far_batches
from symgraph.judge.reference import Reference, number
from symgraph.judge.verification_points import Sampler
from symgraph.judge.verification_report import VerificationReport
from symgraph.project.build.modules import load_verified


def curve(write: Callable[[Any, Any], Any], domain: tuple[float, float] | None = (0.01, 2000)) -> Model:
    return written(lambda T, R, theta: write(R, theta / T), features="T", T=(0.5, 2), theta=domain)


def logistic(R: Any, x: Any) -> Any:
    return R * exp(x) / (1 + exp(x))


def einstein(R: Any, x: Any) -> Any:
    return R * x**2 * exp(x) / (exp(x) - 1) ** 2


def unknown(R: Any, x: Any) -> Any:
    """An exponential over a root of larger ones, which no rule knows."""
    return R * exp(x) / sqrt(1 + exp(2 * x) * cosh(x))


def test_a_value_that_is_0_and_should_not_be_fails_the_build() -> None:
    said = "model written: predict, row 0 is 0.0, the spec gives(.|\n)*where exponentials are large:\nw = "
    with pytest.raises(VerificationError, match=rf"{said}(.|\n)*declare domain=\(low, high\)"):
        symgraph.compile(curve(unknown), backend="numpy")
    symgraph.compile(curve(unknown, domain=(0.01, 20)), backend="numpy")  # that says that exponentials stay small


def test_a_partial_that_vanishes_early_is_told_with_its_point() -> None:
    def saha(m: Model, T: Any, R: Any, E: Any) -> Any:
        return 2 / (1 + sqrt(1 + 4 / m.node("s", R * exp(-E / T))))

    report = report_of(written(saha, features="T", T=(0.5, 2), R=(0.1, 10), E=(0, 2000)))
    assert "jacobian" in report.far
    assert "written: not right where exponentials are large: jacobian, row 0, by" in str(report)
    assert "w = [" in str(report).splitlines()[-1]


def unknown_beyond(R: Any, x: Any) -> Any:
    """It grows as x does, and no rule knows it."""
    return R * asinh(exp(x))


def report_of(model: Model, *backends: str) -> VerificationReport:
    return load_verified(model, generate(model, ("numpy", *backends)))[1]


def test_what_is_wrong_where_an_exponential_overflows_is_told_with_the_exponential() -> None:
    report = report_of(curve(unknown_beyond))
    assert report.far == ""
    what = "exp(theta/T) of node out overflows (beyond 709.8): forward, node out, row 0 is inf, the spec gives"
    assert report.beyond.startswith(what)
    assert str(report).splitlines()[1].startswith(f"written: not right where {what[:60]}")
    assert "w = [" in str(report)
    assert str(report).endswith("; write the formula so that none leaves the range, or declare narrower domains")
    # a root of an exponential that is 0 is none: 1e-200 at exp(-921)
    vanishing = report_of(curve(lambda R, x: R**2 * sqrt(asinh(exp(-x)))))
    assert vanishing.beyond.startswith("exp(-theta/T) of node out is 0: forward, node out, row 0 is 0.0, the spec gives")


@pytest.mark.parametrize("domain", [(0.01, 300), (-300, 300)])
def test_a_declared_domain_says_that_nothing_overflows(domain: tuple[float, float]) -> None:
    assert report_of(curve(unknown_beyond, domain)).beyond == ""


def test_a_penalty_that_is_enormous_there_is_no_fault_of_the_rows() -> None:
    model = curve(logistic)
    model.loss((model.output_nodes[0].symbol - model.target("y")) ** 2)
    model.penalty(exp(2 * model.weight_inputs[1].symbol))  # beyond the doubles from theta = 355 on
    report = report_of(model, "scalar")
    assert report.far == report.beyond == ""


def far_points_of(model: Model, count: int = 4) -> FarBatches:
    reference = Reference(model)
    return far_batches(reference, Sampler(reference, 0, None, 3).several(count), count)


def test_points_are_far_out_and_the_same_each_time() -> None:
    found = far_points_of(curve(einstein))
    assert [len(some) for some in found] == [4, 4]
    assert all(200 < batch.weights["theta"] / batch.rows[0]["T"] < 700 for batch in found.within)
    assert all(batch.weights["theta"] / batch.rows[0]["T"] > 745 for batch in found.beyond)
    assert found == far_points_of(curve(einstein))
    assert far_points_of(curve(lambda R, x: R * x)) == FarBatches([], [])


def test_all_results_are_normal_numbers_or_0_where_exponentials_overflow() -> None:
    model = curve(logistic, domain=(-2000, 2000))
    found = far_points_of(model, 12).beyond
    truths = [Reference(model).truth(batch.points[0]).named(["R", "theta"]).values() for batch in found]
    assert all(number(value) == 0.0 or 1e-250 < abs(number(value)) < 1e250 for truth in truths for value in truth)
    assert {batch.weights["theta"] > 0 for batch in found} == {True, False}


@pytest.mark.parametrize("sign", [1, -1])
def test_a_named_exponential_is_a_normal_number_too(sign: int) -> None:
    """A weight that is the logarithm of a scale leads nowhere where the scale itself is 0 or infinite."""

    def scaled(m: Model, T: Any, log_s: Any) -> Any:
        s = m.node("s", exp(sign * log_s))
        return T + asinh(s) / s

    found = far_points_of(written(scaled, features="T", T=(0.5, 2)))
    assert found.within
    assert found.beyond == []


@pytest.mark.parametrize("write", [einstein, logistic])
def test_what_is_right_far_out_is_not_spoken_of(write: Callable[[Any, Any], Any]) -> None:
    report = report_of(curve(write), "scalar")
    assert report.far == report.beyond == ""
    assert "exponentials" not in str(report)
