"""Commands on a module whose spec has changed: it is built anew and said to be, or refused; never used in silence."""

import json
import os
import shutil
from pathlib import Path

import pytest
from command_line import ROWS, SPEC, Outcome, Project, Run, snapshot

from symgraph.io.native import NativeWarning

TRAIN = ("train", "decay", "--data", "rows.csv", "--epochs", "1")
DOUBLED = SPEC.replace("top * exp(", "2 * top * exp(")


@pytest.fixture
def copy(built: Project, tmp_path: Path) -> Project:
    """A built and trained project that a test may change; it is the current folder of the fixture ``command``."""
    shutil.copytree(built.root, tmp_path, dirs_exist_ok=True)
    return Project(tmp_path)


def write(project: Project, name: str, text: str) -> None:
    project.path(name).write_text(text, encoding="utf-8")


def module(project: Project, name: str = "decay.py") -> str:
    return project.path(f"generated/{name}").read_text(encoding="utf-8")


def renewals(done: Outcome) -> list[str]:
    return [line for line in done.err.splitlines() if "built anew" in line]


@pytest.mark.parametrize(
    "arguments",
    [
        TRAIN,
        ("predict", "decay", "--data", "rows.csv", "--weights", "weights.json"),
        ("gradcheck", "decay", "--points", "1"),
        ("truth", "decay", "--points", "2"),
        ("truth", "generated/decay.py", "--points", "2"),
        ("gradcheck", "generated/decay.py", "--points", "1"),
    ],
    ids=" ".join,
)
def test_a_command_builds_a_module_anew_whose_spec_was_edited_and_says_so_once(
    command: Run, copy: Project, arguments: tuple[str, ...]
) -> None:
    write(copy, "models.py", DOUBLED)
    done = command(*arguments)
    assert done.code in (0, 1), done.err
    assert renewals(done) == ["models.py has changed since decay.py was built: generated/decay.py was built anew"]
    assert "2.0 * top" in module(copy) or "2 * top" in module(copy)
    assert command("build", "models.py", "--check").code == 0
    again = command(*arguments)
    assert renewals(again) == []


def test_predictions_of_an_edited_spec_are_those_of_the_new_formula(command: Run, copy: Project) -> None:
    arguments = ("predict", "decay", "--data", "rows.csv", "--weights", "weights.json", "--json")
    before = json.loads(command(*arguments).out)["y_hat"]
    write(copy, "models.py", DOUBLED)
    after = json.loads(command(*arguments).out)["y_hat"]
    assert after == [2.0 * value for value in before]  # doubling is exact


@pytest.mark.parametrize("arguments", [TRAIN, ("gradcheck", "decay"), ("truth", "decay")])
def test_locked_refuses_an_old_module_in_one_line_and_writes_nothing(
    command: Run, copy: Project, arguments: tuple[str, ...]
) -> None:
    write(copy, "models.py", DOUBLED)
    before = snapshot(copy.root)
    done = command(*arguments, "--locked")
    assert (done.code, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert line.startswith("error: ")
    assert "decay.py is older than its spec; `symgraph build models.py`" in line
    assert snapshot(copy.root) == before


def test_an_edit_that_changes_no_model_builds_nothing_also_where_it_is_locked(command: Run, copy: Project) -> None:
    write(copy, "models.py", "# a remark\n" + SPEC)
    before = snapshot(copy.root)
    for options in ((), ("--locked",)):
        done = command(*TRAIN, *options)
        assert done.code == 0
        assert renewals(done) == []
    assert snapshot(copy.root) == before
    # what a build would write is not there: the manifest knows another text of the spec
    assert command("build", "models.py", "--check").code == 1
    assert command("build", "models.py").code == 0
    assert command("build", "models.py", "--check").code == 0


def test_what_a_spec_imports_and_the_tables_that_it_reads_are_parts_of_it(command: Run, tmp_path: Path) -> None:
    project = Project(tmp_path)
    write(project, "rows.csv", ROWS)
    write(project, "shape.py", "def bend(t, rate):\n    return rate * t\n")
    write(project, "factors.json", "[3]")
    read = "import json\nfrom pathlib import Path\nfrom shape import bend\n\n"
    read += '(F,) = json.loads(Path("factors.json").read_text())\n'
    write(project, "models.py", read + SPEC.replace("-rate * time", "-F * bend(time, rate)"))
    assert command("build", "models.py").code == 0
    assert renewals(command(*TRAIN)) == []
    write(project, "shape.py", "def bend(t, rate):\n    return rate + t\n")
    expected = "{}, which models.py reads, has changed since decay.py was built: generated/decay.py was built anew"
    assert renewals(command(*TRAIN)) == [expected.format("shape.py")]
    write(project, "factors.json", "[5]")
    assert renewals(command(*TRAIN)) == [expected.format("factors.json")]
    assert renewals(command(*TRAIN)) == []
    project.path("factors.json").unlink()
    done = command(*TRAIN)
    assert done.code == 2
    assert done.err.splitlines()[-1].startswith("error: models.py:5: FileNotFoundError")


def test_a_module_edited_by_hand_is_not_built_over(command: Run, copy: Project) -> None:
    write(copy, "models.py", DOUBLED)
    edited = module(copy) + "# mine\n"
    write(copy, "generated/decay.py", edited)
    done = command(*TRAIN)
    assert done.code == 2
    assert "decay.py was edited by hand" in done.err
    assert module(copy) == edited


def test_a_module_edited_by_hand_is_used_as_long_as_its_spec_is_what_it_was(command: Run, copy: Project) -> None:
    write(copy, "generated/decay.py", module(copy) + "# mine\n")
    with pytest.warns(NativeWarning, match=r"decay\.py was edited by hand"):
        done = command(*TRAIN)
    assert (done.code, renewals(done)) == (0, [])


def test_a_module_put_back_from_an_earlier_version_is_built_anew(command: Run, copy: Project) -> None:
    old = module(copy)
    write(copy, "models.py", DOUBLED)
    assert command("build", "models.py").code == 0
    write(copy, "generated/decay.py", old)
    expected = "decay.py is not of the version of models.py that symgraph.lock.json states: generated/decay.py was built anew"
    assert renewals(command(*TRAIN)) == [expected]


def test_a_module_is_built_anew_with_the_backends_and_options_that_it_had(command: Run, copy: Project) -> None:
    shutil.rmtree(copy.path("generated"))
    assert command("build", "models.py", "--backend", "numpy", "--with", "error-bound").code == 0
    write(copy, "models.py", DOUBLED)
    assert len(renewals(command(*TRAIN))) == 1
    assert sorted(path.name for path in copy.path("generated").iterdir()) == ["decay.py", "symgraph.lock.json", "valley.py"]
    assert "error_bound = " in module(copy)


def test_a_module_whose_model_is_gone_from_its_spec_is_refused(command: Run, copy: Project) -> None:
    write(copy, "models.py", SPEC.replace('Model("decay"', 'Model("fall"'))
    done = command(*TRAIN)
    assert done.code == 2
    assert "decay.py is left over: models.py defines no model decay any more; delete it" in done.err


def test_a_spec_that_is_being_edited_is_an_error_that_names_its_line(command: Run, copy: Project) -> None:
    write(copy, "models.py", "from sympy import (\n")
    done = command(*TRAIN)
    assert done.code == 2
    assert done.err.splitlines()[-1].startswith("error: models.py:1: SyntaxError")


def test_without_a_manifest_the_spec_that_the_module_names_is_asked(command: Run, copy: Project) -> None:
    copy.path("generated/symgraph.lock.json").unlink()
    assert command(*TRAIN).code == 0
    write(copy, "models.py", DOUBLED)
    done = command(*TRAIN)
    assert done.code == 2
    assert "decay.py is older than its spec; `symgraph build models.py`" in done.err


def test_a_module_alone_is_used_as_it_is(command: Run, built: Project, tmp_path: Path) -> None:
    for name in ("generated/decay.py", "rows.csv"):
        shutil.copy(built.path(name), tmp_path)
    done = command("train", "decay.py", "--data", "rows.csv", "--epochs", "1", "--locked")
    assert (done.code, renewals(done)) == (0, [])


def test_a_manifest_that_is_none_of_ours_stops_the_command(command: Run, copy: Project) -> None:
    write(copy, "generated/symgraph.lock.json", "<<<<<<< HEAD\n")
    done = command(*TRAIN)
    assert done.code == 2
    assert "symgraph.lock.json is no manifest of symgraph" in done.err


def test_quiet_builds_anew_without_a_word(command: Run, copy: Project) -> None:
    write(copy, "models.py", DOUBLED)
    done = command(*TRAIN, "--quiet")
    assert (done.code, done.err) == (0, "")
    assert command("build", "models.py", "--check").code == 0


def test_a_spec_outside_the_project_is_found_by_the_settings_that_list_it(command: Run, tmp_path: Path) -> None:
    project = Project(tmp_path)
    for folder in ("specs", "project"):
        project.path(folder).mkdir()
    write(project, "specs/models.py", SPEC)
    write(project, "project/own.toml", '[tool.symgraph]\nmodels = ["../specs/models.py"]\n')
    config = ("--config", "project/own.toml")
    assert command("build", *config).code == 0
    assert renewals(command("gradcheck", "decay", "--points", "1", *config)) == []
    write(project, "specs/models.py", DOUBLED)
    done = command("gradcheck", "decay", "--points", "1", *config)
    assert (done.code, len(renewals(done))) == (0, 1)
    assert "2 * top" in project.path("project/generated/decay.py").read_text(encoding="utf-8")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_the_spec_of_another_user_is_not_run_to_build_a_module_anew(command: Run, copy: Project) -> None:
    write(copy, "models.py", f"raise SystemExit('it ran')\n{SPEC}")
    os.chown(copy.path("models.py"), 54321, -1)
    done = command(*TRAIN)
    assert done.code == 2
    assert "models.py belongs to user 54321, not to you: it would run as code" in done.err.splitlines()[-1]
    assert command("show", "decay").code == 2
    assert "models.py belongs to user 54321" in command("show", "models").err  # models.py, for want of such a module
    write(copy, "pyproject.toml", "[tool.symgraph]\n")  # settings of one's own vouch for the project
    assert "models.py:1: SystemExit: it ran" in command(*TRAIN).err
