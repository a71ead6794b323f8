"""``symgraph bench``: its table, its JSON, what is missing, what is refused. No time is asserted."""

import json
import re
from pathlib import Path

import pytest
from command_line import LINE, Project, Run

pytestmark = pytest.mark.slow

TIME = r"[\d.]+(e\+\d+)? (ns|us|ms|s) \([\d.]+\)"


def test_a_built_model_is_timed_beside_sympy(built: Project) -> None:
    done = built.run("bench", "decay", "--quick", "--peers", "lambdify")
    assert done.code == 0, done.err
    title, head, *lines = done.out.splitlines()
    assert title.startswith("decay: mean loss with its gradient")
    assert head.split("  ")[0] == ""
    assert re.findall(r"[\d,]+ rows?", head) == ["1 row", "1,000 rows"]
    names = [line.split("  ")[0] for line in lines if not line.startswith("missing: ")]
    assert [name for name in names if name != "symgraph c"] == ["symgraph numpy", "symgraph scalar", "lambdify"]
    assert all(len(re.findall(TIME, line)) == 2 for line in lines if not line.startswith("missing: "))


def test_a_model_without_rows_is_timed_and_told_as_json(built: Project) -> None:
    done = built.run("bench", "valley", "--quick", "--peers", "lambdify", "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert (report["model"], report["rows"]) == ("valley", [1])
    found = {line["name"]: line for line in report["lines"]}
    assert found["symgraph numpy"]["apart"] == 0.0
    assert found["lambdify"]["apart"] < 1e-13
    assert all(one["timings"][0]["seconds"] > 0 for one in found.values())
    assert report["machine"]["Python"]


def test_a_spec_is_timed_by_the_modules_that_a_build_would_write(command: Run) -> None:
    Path("line.py").write_text(LINE + 'model.target("y")\nmodel.loss("squared_error")\n', encoding="utf-8")
    done = command("bench", "line.py", "--rows", "2", "--quick", "--peers", "lambdify")
    assert done.code == 0, done.err
    assert "timing the numpy module that a build of line would write now" in done.err
    assert "2 rows" in done.out


def test_libraries_that_are_not_installed_are_listed_as_missing(command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "autograd", None)  # as if it were not installed
    Path("line.py").write_text(LINE + 'model.target("y")\nmodel.loss("squared_error")\n', encoding="utf-8")
    done = command("bench", "line.py", "--rows", "1", "--quick", "--quiet", "--peers", "lambdify,autograd")
    assert done.code == 0
    assert "missing: autograd: not installed (" in done.out


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (("decay", "--peers", "fortran"), "the peer 'fortran' is unknown; known are lambdify"),
        (("decay", "--rows", "many"), "--rows must be numbers separated by commas, such as 1,1000, not 'many'"),
        (("decay", "--rows", "0"), "rows must be positive numbers, not 0"),
        (("models.py",), "models.py defines 2 models (decay, valley); build them and give the name of one"),
    ],
)
def test_what_cannot_be_timed_is_refused(built: Project, line: tuple[str, ...], message: str) -> None:
    done = built.run("bench", *line)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
