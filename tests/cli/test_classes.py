"""`symgraph worksheet` and `symgraph grade` as a teacher and a student type them."""

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from command_line import LINE, SPEC, Run, names_in
from documents import ROOT, blocks, run

from symgraph.use.classroom import grading
from symgraph.use.classroom.grading import Grade
from symgraph.use.classroom.process import StudentFile

SOLVED = """
from math import exp

def forward_propagation(x, y, W):
    y_hat = W[0] * exp(-W[1] * x[0])
    return {"y_hat": y_hat, "loss": (y - y_hat) ** 2, "x": x, "y": y}

def backward_propagation(L, W, d):
    slope = -2 * (d["y"] - d["y_hat"])
    return {"dtop": slope * exp(-W[1] * d["x"][0]), "drate": slope * d["y_hat"] * d["x"][0]}
"""
"""A student's functions of the decay; a sign is missing in drate."""


@pytest.fixture
def decay(tmp_path: Path) -> Path:
    (tmp_path / "decay.py").write_text(SPEC.split("valley")[0], encoding="utf-8")
    (tmp_path / "student.py").write_text(SOLVED, encoding="utf-8")
    return tmp_path


GRADE = "grade student.py --model decay.py --seconds 60"


def test_a_grade_is_a_few_lines_with_the_mistake_or_gradescopes_json(decay: Path, command: Run) -> None:
    done = command(GRADE)
    assert done.code == 1
    first, forward, backward, mistake, *left_out = done.out.splitlines()
    assert first == "student.py, model decay: 3 of 15 points"
    zeros = "gradient_checking: 0 of 2; loss: 0 of 1; gradient: 0 of 2; vanilla: 0 of 1; momentum: 0 of 2; adam: 0 of 3"
    assert ("; ".join(left_out[::2]), left_out[3]) == (zeros, "  there is no function loss(X, y, W)")
    assert (forward, backward) == ("forward_propagation: right", "backward_propagation: 1 of 2")
    assert mistake.startswith("  student.py:10: drate: the sign is wrong: `slope * d['y_hat'] * d['x'][0]` stands where `-(")
    found = json.loads(command(f"{GRADE} --json -q").out)
    assert set(found) == {"score", "output", "output_format", "tests"}
    assert found["score"] == sum(test["score"] for test in found["tests"]) == 3
    assert sum(test["max_score"] for test in found["tests"]) == 15
    (failed, *_) = (test for test in found["tests"] if test["status"] == "failed")
    assert failed["name"] == "backward_propagation: drate"
    assert "; the sign is wrong: `slope" in failed["output"]
    assert failed["extra_data"]["mistake"] == "sign"
    assert {test["status"] for test in found["tests"]} == {"passed", "failed"}


# The fields that Gradescope reads, and their types: https://gradescope-autograders.readthedocs.io/en/latest/specs/
FORMATS, SEEN = {"text", "html", "simple_format", "md", "ansi"}, {"hidden", "after_due_date", "after_published", "visible"}
OF_ALL = {"score": (int, float), "execution_time": (int, float), "output": str, "output_format": FORMATS, "visibility": SEEN}
OF_ALL |= {"test_output_format": FORMATS, "test_name_format": FORMATS, "stdout_visibility": SEEN, "extra_data": dict}
OF_ALL |= {"tests": list, "leaderboard": list}
OF_TEST = {"score": (int, float), "max_score": (int, float), "status": {"passed", "failed"}, "name": str}
OF_TEST |= {"name_format": FORMATS, "number": str, "output": str, "output_format": FORMATS, "tags": list}
OF_TEST |= {"visibility": SEEN, "extra_data": dict}


def fit_the_form(found: dict[str, Any], form: dict[str, Any]) -> bool:
    return all(
        value in form[name] if isinstance(form[name], set) else isinstance(value, form[name]) for name, value in found.items()
    )


@pytest.mark.parametrize(("handed_in", "score"), [("functions.py", 3), ("solution.py", 0)])
def test_the_scripts_of_the_documentation_grade_in_the_folders_of_gradescope(decay: Path, handed_in: str, score: float) -> None:
    root, page = decay / "autograder", (ROOT / "docs" / "classes.md").read_text(encoding="utf-8")
    setup, script = (body.replace("/autograder", str(root)) for kind, body in blocks(page) if kind == "bash")
    for name in ("source", "submission", "results", "venv/bin"):
        (root / name).mkdir(parents=True)
    (decay / "decay.py").rename(root / "source" / "spec.py")
    (decay / "student.py").rename(root / "submission" / handed_in)
    # the commands of setup.sh need root and a network: its program is put where they would install it
    assert subprocess.run(["bash", "-n", "-c", setup], check=False).returncode == 0
    assert f"venv {root}/venv\n" in setup
    program = root / "venv" / "bin" / "symgraph"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m symgraph "$@"\n', encoding="utf-8")
    (root / "run_autograder").write_text(script, encoding="utf-8")
    for file in (program, root / "run_autograder"):
        file.chmod(0o755)
    done = run([str(root / "run_autograder")], root)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    found = json.loads((root / "results" / "results.json").read_text(encoding="utf-8"))
    assert found["score"] == score
    assert fit_the_form(found, OF_ALL)
    assert all(fit_the_form(test, OF_TEST) for test in found.get("tests", ()))
    assert bool(found.get("tests")) == (handed_in == "functions.py")


def test_several_files_are_judged_and_a_table_of_their_points_ends_the_text_or_is_all_of_it(decay: Path, command: Run) -> None:
    (decay / "other").mkdir()
    (decay / "other" / "student.py").write_text("def forward_propagation(:\n", encoding="utf-8")
    both = "grade student.py other/student.py --model decay.py --seconds 60 -q"
    done = command(both)
    assert done.code == 1
    assert [line.split() for line in done.out.splitlines()[-3:]] == [
        ["file", "points", "of"], ["student.py", "3", "15"], ["other/student.py", "0", "15"]
    ]  # fmt: skip
    assert done.out.count("drate: the sign is wrong") == 1
    assert [one["score"] for one in json.loads(command(f"{both} --json").out)] == [3, 0]
    done = command(f"{both} --csv")
    assert done.out.splitlines() == [
        "file,points,forward_propagation,backward_propagation,gradient_checking,loss,gradient,vanilla,momentum,adam",
        "maximum,15,2,2,2,1,2,1,2,3",
        "student.py,3,2,1,0,0,0,0,0,0",
        "other/student.py,0,0,0,0,0,0,0,0,0",
    ]
    assert (done.code, done.err) == (1, "")


def test_what_is_forbidden_gets_no_points(decay: Path, command: Run) -> None:
    text = SOLVED.replace("slope * d", "-slope * d") + "\ntry:\n    import jax\nexcept ImportError:\n    pass\n"
    (decay / "student.py").write_text(text, encoding="utf-8")
    for forbidden, points in (("differences", 2), ("differences,autodiff", 0)):
        done = command(f"{GRADE} --function backward_propagation -q --forbid {forbidden}")
        assert done.out.splitlines()[0] == f"student.py, model decay: {points} of 2 points"


def test_a_fault_of_the_grader_costs_no_other_file_its_result(
    decay: Path, command: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    judge = grading.grade

    def failing(file: StudentFile, *some: Any, **named: Any) -> Grade:
        if file.path.name == "other.py":
            raise RuntimeError("a fault of ours")
        return judge(file, *some, **named)

    monkeypatch.setattr(grading, "grade", failing)
    (decay / "other.py").write_text(SOLVED, encoding="utf-8")
    with pytest.raises(RuntimeError, match="a fault of ours"):
        command("grade other.py student.py --model decay.py --seconds 60 --function backward_propagation")
    out = capsys.readouterr().out
    assert "other.py, model decay: 0 of 2 points\n  could not be judged, by a fault of symgraph's: RuntimeError" in out
    assert "student.py, model decay: 1 of 2 points" in out


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names of files are text")
def test_a_file_whose_name_is_no_text_is_judged_and_named(decay: Path, command: Run) -> None:
    (decay / "student.py").rename(decay / "half\udcff.py")
    line = "grade half\udcff.py --model decay.py --function forward_propagation --seconds 60 -q"
    done = command(line)
    assert (done.code, done.out.splitlines()[0]) == (0, "half\\udcff.py, model decay: 2 of 2 points")
    assert "half\\udcff.py,2,2" in command(f"{line} --csv").out


def test_a_worksheet_is_written_and_then_left_alone(decay: Path, command: Run) -> None:
    done = command("worksheet decay.py -o week --solution solution.py")
    names = ["functions.py", "test_functions.py", "README.md", "spec.py", "data.csv"]
    assert (done.code, done.out.split()) == (0, [*(f"week/{name}" for name in names), "solution.py"])
    assert done.err == "next: symgraph grade week/functions.py --model week/spec.py\n"
    again = command("worksheet decay.py -o week")
    assert (again.code, again.out) == (0, "")
    assert "week/functions.py is left as it is; delete it to have it written anew" in again.err
    assert command("grade solution.py --model week/spec.py --seconds 60").code == 0


def test_several_models_have_a_folder_each_and_an_output_without_a_loss_a_worksheet(decay: Path, command: Run) -> None:
    (decay / "models.py").write_text(SPEC, encoding="utf-8")
    assert command("worksheet models.py -o week -q").code == 0
    assert names_in(decay / "week") == ["decay", "valley"]
    (decay / "line.py").write_text(LINE, encoding="utf-8")
    assert command("worksheet line.py -o line --solution solution.py").code == 0
    assert command("grade solution.py --model line.py --seconds 60").out.startswith("solution.py, model line: 9 of 9 points\n")
