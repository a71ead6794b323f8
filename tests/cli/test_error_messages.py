"""Wrong settings and wrong weights: exit code 2, one line that says what and where, nothing written; and what is no error."""

import sys
from pathlib import Path

import pytest
from command_line import LINE, SPEC, Project, Run, refused, snapshot

from symgraph.cli import main


@pytest.mark.parametrize(
    ("table", "parts"),
    [
        ("[tool.symgraph]\nmodel = []", ("pyproject.toml", "'model'", "models, out, backends")),
        ('[tool.symgraph]\nmodels = "models.py"', ("pyproject.toml", "models", "list")),
        ("[tool.symgraph", ("pyproject.toml", "TOML")),
        ('[tool.symgraph]\nmodels = ["gone.py"]', ("gone.py",)),
        ('[tool.symgraph]\nmodels = ["models.py"]\nbackends = ["cuda"]', ("'cuda'", "numpy, scalar")),
    ],
)
def test_a_wrong_project(command: Run, fresh: Project, table: str, parts: tuple[str, ...]) -> None:
    fresh.write("pyproject.toml", table + "\n")
    before = snapshot(fresh.root)
    refused(command("build"), *parts)
    assert snapshot(fresh.root) == before


# Wrong weights: what to change in the file, and what the message must name.
WEIGHTS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "another model's": ('"model": "decay"', '"model": "growth"', ("'growth'", "'decay'")),
    "of other names": ('"top": ', '"peak": ', ("lacks top", "has peak")),
    "too many": ('"top": ', '"bottom": 1.0, "top": ', ("has bottom",)),
    "doubled": ('"top": ', '"top": 1.0, "top": ', ("'top' stands there twice",)),
    "no number": ('"top": ', '"top": "high", "was": ', ("has was",)),
    "not finite": ('"top": ', '"top": NaN, "was": ', ("NaN",)),
    "another format": ("symgraph weights 1", "weights", ("'symgraph weights 1'",)),
    "broken": ("}", "", ("no weights file",)),
}


@pytest.mark.parametrize("case", WEIGHTS)
def test_wrong_weights(command: Run, built: Project, case: str) -> None:
    old, new, parts = WEIGHTS[case]
    text = built.text("weights.json")
    assert old in text
    Path("w.json").write_text(text.replace(old, new), encoding="utf-8")
    before = snapshot(Path())
    for line in ("train {} --init {} --save new.json", "predict {} --weights {} --out y.csv"):
        refused(command(f"{line.format(built.module, 'w.json')} --data {built.rows}"), "w.json", *parts)
    assert snapshot(Path()) == before


def test_a_model_without_a_loss_cannot_be_trained(command: Run) -> None:
    Path("line.py").write_text(LINE, encoding="utf-8")
    assert command("build line.py --backend numpy").code == 0
    Path("rows.csv").write_text("x\n1\n", encoding="utf-8")
    refused(command("train line --data rows.csv"), "line has no loss", "model.loss")


def test_a_real_process_ends_the_same_way(fresh: Project) -> None:
    fresh.write("models.py", SPEC.replace("exp(", "airyai("))
    before = snapshot(fresh.root)
    refused(fresh.run("build models.py"), "models.py:10: NameError: name 'airyai'")
    refused(fresh.run("train dekay --data rows.csv"), "dekay")
    assert snapshot(fresh.root) == before


def test_a_bug_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_reference: str, _config: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("symgraph.io.module.find", broken)
    monkeypatch.setattr(sys, "argv", ["symgraph", "train", "decay"])
    # what leaves main unhandled is printed with its traceback by Python, which then exits with 1
    with pytest.raises(ZeroDivisionError, match="a bug"):
        main()
