"""Verification, the judge and the gradient check see each output and each residual by itself."""

import re
from typing import Any

import pytest
from several import SEVERAL, impedance, outputs_alone, pair

from symgraph import Model
from symgraph.compiler.generate import generate
from symgraph.errors import VerificationError
from symgraph.judge.differences import gradcheck
from symgraph.judge.judged_points import points
from symgraph.judge.judging import judge
from symgraph.judge.reference import Reference
from symgraph.judge.verify import verify
from symgraph.project.native.module import from_source


def module_of(model: Model, backend: str = "numpy", fault: tuple[str, str] = ("", "")) -> Any:
    """The module of a model, in whose text a fault may be planted."""
    text = generate(model, [backend])[0].text
    assert fault[0] in text
    return from_source(text.replace(*fault, 1), model.name, f"<{model.name}>")


@pytest.mark.parametrize(("fault", "where"), [
    (("d_C_z_im = (2.0", "d_C_z_im = (2.002"), "jacobian, jacobian z_im without y, row 2, by C"),
    (("d_R2_z_re, d_C_z_re, tape.w.dtype.type(0.0), d_R2_z_im", "d_R2_z_im, d_C_z_re, tape.w.dtype.type(0.0), d_R2_z_re"),
     "jacobian, jacobian z_re"),
    (("residual_2_1 = -0.5", "residual_2_1 = 0.5"), "residual, residual 2, row 0"),
    (("d_C_r2 = (2.0", "d_C_r2 = (2.002"), "residual_jacobian, residual_jacobian 2, row 2, by C"),
    (("return (loss_1, residual_2_1)", "return (residual_2_1, loss_1)"), "residual, residual 1, row 1"),
    (("re, im = y.T", "im, re = y.T"), "forward, the value"),
    (('OUTPUTS = ("z_re", "z_im")', 'OUTPUTS = ("z_im", "z_re")'),
     "OUTPUTS is ('z_im', 'z_re'), the spec says ('z_re', 'z_im')"),
])  # fmt: skip
def test_verification_names_the_column_that_is_wrong(fault: tuple[str, str], where: str) -> None:
    model = impedance()
    with pytest.raises(VerificationError, match=re.escape(where)):
        verify(model, module_of(model, fault=fault))


@pytest.mark.parametrize("backend", ["numpy", "scalar", "array_api"])
@pytest.mark.parametrize("name", SEVERAL)
def test_judge_and_gradient_check_find_no_fault_in_right_modules(name: str, backend: str) -> None:
    model = SEVERAL[name]()
    report = judge(model, module_of(model, backend), points(model, ("normal", "domain", "whole"), n=24))
    assert report.ok, str(report)
    outputs = {f"output {node.name}" for node in model.output_nodes} if len(model.output_nodes) > 1 else set()
    assert outputs <= {one.result for one in report.results}
    assert report.judged >= 24 // 2
    if backend == "numpy":
        check = gradcheck(module_of(model), points=2)
        assert check.verdict == "passed", str(check)


def test_the_judge_tells_which_output_is_wrong() -> None:
    model = pair()
    faulty = module_of(model, fault=("right = c * right_3", "right = 1.001 * c * right_3"))
    report = judge(model, faulty, points(model, ("normal",), n=24))
    wrong = {one.result for one in report.results if one.counts["above_bound"]}
    assert "output right" in wrong  # and what follows from it: the loss and its gradient
    assert not wrong & {"output left", "jacobian left a", "jacobian right b"}
    assert "; y = [" in str(report)  # the place, with all targets


def test_the_reference_has_each_output_and_each_residual_with_its_partials() -> None:
    truth = Reference(impedance()).truth({"omega": 2.0, "sigma": 0.5, "re": 1.0, "im": 0.0, "R": 1.0, "R2": 2.0, "C": 0.25})
    assert set(truth.values) == {"loss", "output z_re", "output z_im", "residual 1", "residual 2"}
    named = {name: float(value) for name, value in truth.named(["R", "C"]).items()}
    # R2/(1 + (omega*C*R2)**2) is 1
    assert [named[name] for name in ("output z_re", "residual 1", "residual 2")] == [2.0, 2.0, -1.0]
    assert [named[f"jacobian {output} R"] for output in ("z_re", "z_im")] == [1.0, 0.0]
    assert [named[f"residual_jacobian {place} R"] for place in (1, 2)] == [2.0, 0.0]


@pytest.mark.parametrize(("fault", "weight"), [
    (("x, tape.w.dtype.type(0.0), tape", "1.01 * x, tape.w.dtype.type(0.0), tape"), "a"),
    (("d_b_second = ", "d_b_second = 1.01 * "), "b"),
    (("tape.w.dtype.type(1.0)", "tape.w.dtype.type(1.01)"), "a"),
])  # fmt: skip
def test_the_gradient_check_sees_a_wrong_partial_of_any_output(fault: tuple[str, str], weight: str) -> None:
    report = gradcheck(module_of(outputs_alone(), fault=fault), points=2)
    assert report.verdict == "failed"
    assert [one.weight for one in report.weights if one.verdict == "failed"] == [weight]
