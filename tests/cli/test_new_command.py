"""``symgraph new``: the spec it writes is a start that works."""

from pathlib import Path

import pytest
from command_line import Project, Run, run_command, snapshot


def test_a_new_spec_builds_checks_and_explains_itself_at_once(tmp_path: Path) -> None:
    done = run_command(tmp_path, "new", "growth")
    assert (done.code, done.out) == (0, "growth.py\ngrowth.csv\n")
    assert "symgraph build growth.py" in done.err
    text = (tmp_path / "growth.py").read_text(encoding="utf-8")
    assert text.count("\n# ") >= 5  # a comment for each kind of declaration
    built = run_command(tmp_path, "build", "growth.py")
    assert built.code == 0, built.err
    assert "3 of 3 weights verified" in built.out
    checked = run_command(tmp_path, "gradcheck", "growth")
    assert checked.code == 0
    assert "passed (3 of 3 weights judged" in checked.out


@pytest.mark.parametrize("kind", ["curve", "likelihood", "classifier", "control"])
def test_a_spec_of_every_kind_builds_at_once(command: Run, tmp_path: Path, kind: str) -> None:
    assert command("new", "started", "--kind", kind).code == 0
    text = (tmp_path / "started.py").read_text(encoding="utf-8")
    assert text.count("\n# ") >= 5  # a comment for each kind of declaration
    built = command("build", "started.py")
    assert built.code == 0, built.err
    assert "weights verified" in built.out
    line = "train" if kind == "classifier" else "fit"
    assert built.err.splitlines()[-1] == f"next: symgraph {line} started --data started.csv --save weights.json"


def test_a_kind_that_there_is_not_is_refused(command: Run, tmp_path: Path) -> None:
    done = command("new", "growth", "--kind", "tree")
    assert done.code == 2
    assert "'curve', 'likelihood', 'classifier', 'control'" in done.err
    assert snapshot(tmp_path) == {}


def test_a_new_spec_goes_into_the_folder_that_is_named(command: Run, tmp_path: Path) -> None:
    done = command("new", "growth", "--dir", "specs/first")
    assert done.code == 0
    assert (tmp_path / "specs" / "first" / "growth.py").is_file()
    assert "symgraph build specs/first/growth.py" in done.err


def test_a_file_that_exists_is_kept(command: Run, tmp_path: Path) -> None:
    (tmp_path / "growth.py").write_text("mine", encoding="utf-8")
    before = snapshot(tmp_path)
    done = command("new", "growth")
    assert done.code == 2
    assert done.err == "error: growth.py exists already; choose another name, or delete it first\n"
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("name", ["2x", "class", "a-b", "a/b", "a.py", ""])
def test_a_name_that_no_module_can_have_is_refused(command: Run, tmp_path: Path, name: str) -> None:
    done = command("new", name)
    assert done.code == 2
    assert repr(name) in done.err
    assert snapshot(tmp_path) == {}


@pytest.mark.parametrize("name", ["numpy", "symgraph", "random"])
def test_a_name_that_would_hide_a_module_is_refused(command: Run, tmp_path: Path, name: str) -> None:
    done = command("new", name)
    assert done.code == 2
    assert f"{name}.py would hide the module" in done.err
    assert snapshot(tmp_path) == {}


def test_rows_of_the_user_are_kept(command: Run, tmp_path: Path) -> None:
    (tmp_path / "growth.csv").write_text("dose,y\n1,2\n", encoding="utf-8")
    assert command("new", "growth").out == "growth.py\n"
    assert (tmp_path / "growth.csv").read_text(encoding="utf-8") == "dose,y\n1,2\n"


def test_quiet_leaves_out_the_next_step(command: Run) -> None:
    done = command("new", "growth", "--quiet")
    assert (done.code, done.out, done.err) == (0, "growth.py\ngrowth.csv\n", "")


def test_a_folder_that_cannot_be_made_is_an_error(command: Run, fresh: Project) -> None:
    before = snapshot(fresh.root)
    done = command("new", "growth", "--dir", "rows.csv/specs")
    assert done.code == 2
    assert done.err.startswith("error: rows.csv/specs/growth.py cannot be written")
    assert snapshot(fresh.root) == before
