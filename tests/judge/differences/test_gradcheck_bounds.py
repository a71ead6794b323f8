"""gradcheck of modules that bound their own rounding: no false alarm, and no fault unseen that is seen without the bounds."""

from functools import cache

import pytest
from built import MODELS

from symgraph.compiler.generate import generate
from symgraph.judge.differences import gradcheck
from symgraph.options import PLAIN, Options
from symgraph.project.native.module import from_source


@cache
def text(name: str, *, bounds: bool) -> str:
    (artifact,) = generate(MODELS[name](), options=Options(error_bound=True) if bounds else PLAIN)
    return artifact.text


WITH_LOSS = [name for name in MODELS if name != "sawtooth" and MODELS[name]().loss_expr is not None]
"""Models of a loss; the error bound has no form for the remainder in sawtooth."""


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_LOSS)
def test_a_sound_module_is_judged_as_it_is_without_bounds(name: str) -> None:
    found = [gradcheck(from_source(text(name, bounds=bounds), name, "<sound>"), points=2) for bounds in (False, True)]
    verdicts = [[weight.verdict for weight in report.weights] for report in found]
    assert "failed" not in verdicts[1], found[1]
    assert verdicts[0] == verdicts[1]


@pytest.mark.parametrize("weight", [f"w{index}" for index in range(1, 10)])
def test_a_factor_of_1_001_in_one_weight_is_found_and_blamed_on_it(weight: str) -> None:
    source = text("nine_weights", bounds=True)
    line = f"    d_{weight} = rowsum("
    assert source.count(line) == 1
    report = gradcheck(from_source(source.replace(line, f"{line}1.001 * "), "nine_weights", "<faulty>"))
    assert [found.weight for found in report.weights if found.verdict == "failed"] == [weight]
