"""The benchmarks of the corpus and of the cost of stability, small: they run, and they would see what is wrong."""

from types import ModuleType

import numpy as np
import pytest
from corpus import examine
from judged import benchmark

from examples.nine_weights.model import model
from symgraph.compiler.derive.op_graphs import fragment
from symgraph.compiler.generate import Artifact, generate
from symgraph.compiler.passes import STEPS
from symgraph.judge.differences.drawing import ORDINARY
from symgraph.judge.judged_points import points
from symgraph.project.build.modules import load_artifact
from symgraph.project.native.module import from_source
from symgraph.spec.ops.ops import OPS


def test_the_corpus_is_printed_a_line_for_each_model_and_setup(capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark("corpus").main(["--points", "13", "--models", "line", "Misra1a"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:3] for line in lines[2:5]] == [
        ["line", "numpy", "float64"], ["line", "scalar", "float64"], ["line", "numpy", "float32"],
    ]  # fmt: skip
    assert len(lines) == 2 + 6 + 1
    assert " 0 wrong" in lines[-1]


def test_a_wrong_module_is_reported_with_a_point(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def edited(artifact: Artifact) -> ModuleType:
        text = artifact.text.replace("a * x", "(1.0 + 2.0**-40) * a * x")  # 4096 ulp
        return from_source(text, artifact.name, "edited") if artifact.backend == "numpy" else load_artifact(artifact)

    corpus = benchmark("corpus")
    monkeypatch.setattr(corpus, "load_artifact", edited)
    assert corpus.main(["--points", "13", "--models", "line"]) == 1
    out = capsys.readouterr().out
    assert "line numpy float64, " in out
    assert "the truth" in out


def test_the_plain_module_has_the_formulas_of_textbooks_and_loses_what_they_lose() -> None:
    cost = benchmark("cost")
    stable, plain = cost.both()
    assert generate(model)[0].text == generate(model)[0].text  # the table is the true one again
    assert fragment("tanh").roots.keys() == {f"{kind} 0 {factor}" for kind in ("partial", "again") for factor in (0, 1)}
    assert OPS["tanh"].aux
    drawn = points(model, ORDINARY, n=80, seed=1)
    assert examine(model, stable, drawn).wrong == ()
    with np.errstate(all="ignore"):
        assert examine(model, plain, drawn).report.faults > 20  # 1 - tanh**2 is 0 where tanh rounds to 1
    given = 0.1 * np.arange(1.0, 10.0), np.full((3, 5), 0.25), np.zeros(3)
    ours, theirs = stable.value_and_grad(*given), plain.value_and_grad(*given)
    # where the model is tame they compute the same: 1 - tanh**2 loses a digit at most
    np.testing.assert_allclose(theirs[0], ours[0], rtol=1e-14)
    np.testing.assert_allclose(theirs[1], ours[1], rtol=1e-13)


def test_costs_are_printed_and_what_is_too_dear_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cost = benchmark("cost")
    stable, plain = cost.seconds(cost.both(), rows=3, rounds=2, seed=0)
    assert min(stable, plain) > 0
    assert {*cost._GUARDS} <= {step.__name__ for step in STEPS}
    for ratio, code in ((1.3, 0), (1.4, 1)):
        monkeypatch.setattr(cost, "seconds", lambda modules, rows, rounds, seed, r=ratio: [r if rows == 506 else 1.0, 1.0])
        assert cost.main([]) == code
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:6]] == ["1", "506", "5000", "20000", "1000000"]
