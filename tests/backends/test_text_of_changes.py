"""A small change of a spec is a small change of its module."""

import difflib
from pathlib import Path

import pytest

from symgraph.build.specs import read_spec
from symgraph.generate import generate

SPEC = (Path(__file__).parent.parent.parent / "examples" / "nine_weights" / "model.py").read_text(encoding="utf-8")

CHANGES = {
    "a sign": ("w1 * f1 + w2 * f2", "w1 * f1 - w2 * f2", 25),
    "t**3 for t**2": ("exp(t**2 + w6)", "exp(t**3 + w6)", 45),
    "a product for a sum": ("exp(t**2 + w6)", "exp(t**2 * w6)", 45),
    "sin for tanh": ("tanh(e + w7)", "sin(e + w7)", 45),
}
"""What is written, what stands there instead, and how many lines may differ, those that are gone and those that are new."""


def text_of(spec: str, folder: Path) -> list[str]:
    (folder / "model.py").write_text(spec, encoding="utf-8")
    (model,) = read_spec(str(folder / "model.py"), folder).models
    return generate(model)[0].text.splitlines()


@pytest.mark.parametrize("change", CHANGES)
def test_a_small_change_of_the_spec_is_a_small_change_of_the_text(change: str, tmp_path: Path) -> None:
    old, new, most = CHANGES[change]
    assert SPEC.count(old) == 1
    before, after = text_of(SPEC, tmp_path), text_of(SPEC.replace(old, new), tmp_path)
    lines = [
        line for line in difflib.unified_diff(before, after, n=0, lineterm="") if not line.startswith(("---", "+++", "@@"))
    ]
    assert 4 <= len(lines) <= most  # the digests of model and text differ at least


def test_the_founding_module_is_the_mathematics_once(tmp_path: Path) -> None:
    text = "\n".join(text_of(SPEC, tmp_path))
    assert text.count("\n") < 200
    forward = text[text.index("def _forward") : text.index("def _backward")]
    backward = text[text.index("def _backward") : text.index("def _jacobian")]
    assert forward.count("np.tanh(") == forward.count("np.tan(") == 1
    assert backward.count("= rowsum(") == 9  # one for each weight
    assert "forward: 27 arithmetic, 4 transcendental, 1 once a call" in text
    assert "backward: 19 arithmetic, 2 transcendental, 9 sums over rows" in text
