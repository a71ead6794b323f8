"""Every input a user can get wrong besides specs and data: exit code 2, one line that says what and where, nothing written."""

import sys
from pathlib import Path

import pytest
from command_line import LINE, ROWS, SPEC, Project, Run, refused, snapshot

from symgraph.cli import main


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ("nowhere.py", ("nowhere.py", "symgraph new")),
        ("nowhere", ("'nowhere'", ".py")),
        ("./folder", ("./folder", "is a folder")),
        ("models.py --backend nosuch", ("'nosuch'", "numpy, scalar")),
        ("models.py --backend ,", ("--backend", "numpy, scalar")),
        ("models.py --out rows.csv", ("rows.csv", "is a file", "--out")),
        ("models.py --out rows.csv/below", ("rows.csv/below", "rows.csv is a file", "--out")),
        ("models.py other.py", ("decay.py", "models.py", "other.py", "rename one")),
        ("models.py --with no-such-extra", ("'no-such-extra' is unknown; known are error-bound",)),
        ("models.py --precision no-such-kind", ("'no-such-kind' is unknown; known are double, accurate",)),
        ("models.py --with error-bound --backend scalar", ("'error-bound' is of numpy; the backends chosen are scalar",)),
        ("models.py --backend numpy --float", ("the extra 'float' is of c; the backends chosen are numpy",)),
        ("models.py --backend numpy --compile", ("--compile is for the backend c; the backends chosen are numpy",)),
        ("--config none.toml", ("none.toml cannot be read: No such file",)),
        ("", ("symgraph new NAME", "[tool.symgraph]")),
    ],
)
def test_a_build_that_cannot_be(command: Run, fresh: Project, options: str, parts: tuple[str, ...]) -> None:
    fresh.path("folder").mkdir()
    fresh.write("other.py", SPEC.replace('"valley"', '"other"'))
    before = snapshot(fresh.root)
    done = command(f"build {options}")
    refused(done, *parts)
    assert "--out" not in options or done.err.count("\n") == 1  # before the work
    assert snapshot(fresh.root) == before


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


@pytest.mark.parametrize("name", ["train", "gradcheck", "predict"])
def test_data_that_is_not_there(command: Run, built: Project, name: str) -> None:
    line = f"{name} {built.module}" + (f" --weights {built.weights}" if name == "predict" else "")
    refused(command(f"{line} --data gone.csv"), "gone.csv", "No such file")
    refused(command(f"{line} --data ."), ".")
    if name != "gradcheck":  # which draws rows of its own
        refused(command(line), "--data is missing", "time")
    assert snapshot(Path()) == {}


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
        refused(command(f"{line.format(built.module, 'gone.json')} --data {built.rows}"), "gone.json", "No such file")
    assert snapshot(Path()) == before


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ABI = 1\n", ("odd.py", "version 1", "follows 2", "build it again")),
        ("import os\nos.mkdir('pwned')\n", ("odd.py", "no generated module", "ABI = 2")),
        ("ABI = 2\nraise ValueError('no')\n", ("odd.py", "ValueError: no", "build it again")),
        ("ABI = 2\n", ("odd.py", "lacks MODEL", "build it again")),
        ("def (\n", ("odd.py", "not Python")),
    ],
)
def test_a_module_that_is_none(command: Run, text: str, parts: tuple[str, ...]) -> None:
    Path("odd.py").write_text(text, encoding="utf-8")
    Path("rows.csv").write_text(ROWS, encoding="utf-8")
    before = snapshot(Path())
    for name in ("train", "gradcheck"):
        refused(command(f"{name} odd.py --data rows.csv"), *parts)
    assert snapshot(Path()) == before


def test_a_misspelt_name_lists_the_modules_there_are(command: Run, built: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(built.root)
    for name in ("train", "gradcheck", "show"):
        refused(command(f"{name} dekay"), "dekay", "decay", "valley", "nine_weights", "symgraph build")


def test_commands_on_a_module_that_they_cannot_take(command: Run, built: Project) -> None:
    for name in ("train", "gradcheck", f"predict --weights {built.weights}"):
        refused(command(f"{name} {built.path('generated/decay_scalar.py')}"), "scalar backend", "numpy", "decay")
    for option in ("--points 0", "--rows 0", "--rows -2", "--seed -1"):
        refused(command(f"gradcheck {built.module} {option}"), *option.split())
    Path("line.py").write_text(LINE, encoding="utf-8")
    assert command("build line.py").code == 0
    Path("rows.csv").write_text("x\n1\n", encoding="utf-8")
    refused(command("train line --data rows.csv"), "line has no loss", "model.loss")


def test_files_that_cannot_be_written(command: Run, built: Project) -> None:
    Path("file").touch()
    before = snapshot(Path())
    for option in ("--save", "--plot"):
        refused(command(f"train {built.module} --data {built.rows} {option} file/out.svg"), option, "file")
    line = f"predict {built.module} --data {built.rows} --weights {built.weights} --out"
    refused(command(f"{line} file/y.csv"), "--out", "file")
    refused(command(f"{line} ."), "--out", "folder")
    assert snapshot(Path()) == before


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
