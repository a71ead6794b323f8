"""Commands on a module whose spec has changed: it is built anew and said to be, or refused; never used in silence."""

import json
import os
import shutil
from pathlib import Path

import pytest
from command_line import LINE, ROWS, SPEC, Outcome, Project, Run, names_in, refused, snapshot

import symgraph
from symgraph.project.settings.lineage import StaleModuleWarning

TRAIN = "train decay --data rows.csv --epochs 1"
DOUBLED = SPEC.replace("top * exp(", "2 * top * exp(")
PACKAGE = Path(symgraph.__file__).resolve().parent
MODULE, LOCK = "generated/decay.py", "generated/symgraph.lock.json"


def renewals(done: Outcome) -> list[str]:
    return [line for line in done.err.splitlines() if "built anew" in line]


@pytest.mark.parametrize("line", [TRAIN, "gradcheck decay --points 1", "truth generated/decay.py --points 2"])
def test_a_command_builds_a_module_anew_whose_spec_was_edited_and_says_so_once(command: Run, copy: Project, line: str) -> None:
    copy.write("models.py", DOUBLED)
    done = command(line)
    assert done.code in (0, 1), done.err
    assert renewals(done) == ["models.py has changed since decay.py was built: generated/decay.py was built anew"]
    assert command("build models.py --check").code == 0
    assert renewals(command(line)) == []


def test_predictions_of_an_edited_spec_are_those_of_the_new_formula(command: Run, copy: Project) -> None:
    line = "predict decay --data rows.csv --weights weights.json --json"
    before = json.loads(command(line).out)["y_hat"]
    copy.write("models.py", DOUBLED)
    done = command(f"{line} --quiet")
    assert (done.code, done.err.count("\n")) == (0, 1)  # it is built anew without a word
    assert done.err.startswith("warning: weights.json was saved with another version of decay")
    assert json.loads(done.out)["y_hat"] == [2.0 * value for value in before]  # doubling is exact


def test_locked_refuses_an_old_module_in_one_line_and_writes_nothing(command: Run, copy: Project) -> None:
    copy.write("models.py", DOUBLED)
    before = snapshot(copy.root)
    for line in (TRAIN, "gradcheck decay", "truth decay"):
        done = command(f"{line} --locked")
        assert refused(done, "decay.py is older than its spec; `symgraph build models.py`") == done.err[:-1]
        assert snapshot(copy.root) == before


def test_an_edit_that_changes_no_model_builds_nothing_also_where_it_is_locked(command: Run, copy: Project) -> None:
    copy.write("models.py", "# a remark\n" + SPEC)
    before = snapshot(copy.root)
    for options in ("", "--locked"):
        done = command(f"{TRAIN} {options}")
        assert (done.code, renewals(done)) == (0, [])
    assert snapshot(copy.root) == before
    # what a build would write is not there: the manifest knows another text of the spec
    assert [command(f"build models.py {options}").code for options in ("--check", "", "--check")] == [1, 0, 0]


def test_what_a_spec_imports_and_the_tables_that_it_reads_are_parts_of_it(command: Run, tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("rows.csv", ROWS)
    project.write("shape.py", "def bend(t, rate):\n    return rate * t\n")
    project.write("factors.json", "[3]")
    read = "import json\nfrom pathlib import Path\nfrom shape import bend\n\n"
    read += '(F,) = json.loads(Path("factors.json").read_text())\n'
    project.write("models.py", read + SPEC.replace("-rate * time", "-F * bend(time, rate)"))
    assert command("build models.py").code == 0
    assert renewals(command(TRAIN)) == []
    project.write("shape.py", "def bend(t, rate):\n    return rate + t\n")
    expected = "{}, which models.py reads, has changed since decay.py was built: generated/decay.py was built anew"
    assert renewals(command(TRAIN)) == [expected.format("shape.py")]
    project.write("factors.json", "[5]")
    assert renewals(command(TRAIN)) == [expected.format("factors.json")]
    assert renewals(command(TRAIN)) == []
    project.path("factors.json").unlink()
    refused(command(TRAIN), "error: models.py:5: FileNotFoundError")


@pytest.mark.parametrize(
    ("spec", "edit", "said"),
    [
        (DOUBLED, "# mine\n", "decay.py was edited by hand"),
        (SPEC.replace('Model("decay"', 'Model("fall"'), "", "decay.py is left over: models.py defines no model decay any more"),
        ("from sympy import (\n", "", "models.py:1: SyntaxError"),
    ],
)
def test_what_cannot_be_built_anew_is_left_as_it_is(command: Run, copy: Project, spec: str, edit: str, said: str) -> None:
    copy.write("models.py", spec)
    copy.write(MODULE, copy.text(MODULE) + edit)
    before = snapshot(copy.root)
    refused(command(TRAIN), said)
    assert snapshot(copy.root) == before


def test_a_module_edited_by_hand_is_used_as_long_as_its_spec_is_what_it_was(command: Run, copy: Project) -> None:
    copy.write(MODULE, copy.text(MODULE) + "# mine\n")
    for options in ("", "--backend numpy -q --locked"):
        with pytest.warns(
            StaleModuleWarning, match=r"^decay\.py was edited by hand .*; `symgraph build --force` writes it anew$"
        ):
            done = command(f"{TRAIN} {options}")
        assert (done.code, renewals(done)) == (0, [])


def test_no_row_is_trained_by_an_edited_module_of_another_backend(command: Run, copy: Project) -> None:
    other = "generated/decay_scalar.py"
    copy.write(other, copy.text(other) + "# mine\n")
    refused(command(f"{TRAIN} --backend scalar"), "decay_scalar.py was edited by hand, and not the files beside it")


def test_a_module_put_back_from_an_earlier_version_is_built_anew(command: Run, copy: Project) -> None:
    old = copy.text(MODULE)
    copy.write("models.py", DOUBLED)
    assert command("build models.py").code == 0
    copy.write(MODULE, old)
    expected = "decay.py is not of the version of models.py that symgraph.lock.json states: generated/decay.py was built anew"
    assert renewals(command(TRAIN)) == [expected]


def test_a_module_is_built_anew_with_the_backends_and_options_that_it_had(command: Run, copy: Project) -> None:
    shutil.rmtree(copy.path("generated"))
    assert command("build models.py --backend numpy --with error-bound").code == 0
    copy.write("models.py", DOUBLED)
    assert len(renewals(command(TRAIN))) == 1
    assert names_in(copy.path("generated")) == ["decay.py", "symgraph.lock.json", "valley.py"]
    assert "error_bound = " in copy.text(MODULE)


def test_a_manifest_of_others_stops_commands_and_without_one_the_named_spec_is_asked(command: Run, copy: Project) -> None:
    copy.write(LOCK, "<<<<<<< HEAD\n")
    before = snapshot(copy.root)
    for line in (TRAIN, "build models.py"):
        refused(command(line), "symgraph.lock.json is no manifest of symgraph", "delete it")
    assert snapshot(copy.root) == before
    copy.path(LOCK).unlink()
    assert command(TRAIN).code == 0
    copy.write("models.py", DOUBLED)
    refused(command(TRAIN), "decay.py is older than its spec; `symgraph build models.py`")


def test_a_module_alone_is_used_as_it_is(command: Run, built: Project, tmp_path: Path) -> None:
    for path in (built.module, built.rows):
        shutil.copy(path, tmp_path)
    done = command("train decay.py --data rows.csv --epochs 1 --locked")
    assert (done.code, renewals(done)) == (0, [])


def test_a_spec_that_was_renamed_is_missed(command: Run, copy: Project) -> None:
    line = "predict decay --data rows.csv --weights weights.json"
    before = command(line)
    copy.path("models.py").rename(copy.path("renamed.py"))
    done = command(f"{line} --locked")
    said = "models.py, which generated/decay.py was built from, is not there; changes of it are not noticed\n"
    assert (done.code, done.out, done.err) == (0, before.out, said + before.err)
    assert said not in command(f"{line} --quiet").err


def test_a_spec_outside_the_project_is_found_by_the_settings_that_list_it(command: Run, tmp_path: Path) -> None:
    project = Project(tmp_path)
    for folder in ("specs", "project"):
        project.path(folder).mkdir()
    project.write("specs/models.py", SPEC)
    project.write("project/own.toml", '[tool.symgraph]\nmodels = ["../specs/models.py"]\nbackends = ["numpy"]\n')
    line = "gradcheck decay --points 1 --config project/own.toml"
    assert command("build --config project/own.toml").code == 0
    assert renewals(command(line)) == []
    project.write("specs/models.py", DOUBLED)
    done = command(line)
    assert (done.code, len(renewals(done))) == (0, 1)
    assert "2 * top" in project.text("project/generated/decay.py")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_the_spec_of_another_user_is_not_run_to_build_a_module_anew(command: Run, copy: Project) -> None:
    copy.write("models.py", f"raise SystemExit('it ran')\n{SPEC}")
    os.chown(copy.path("models.py"), 54321, -1)
    refused(command(TRAIN), "models.py belongs to user 54321, not to you: it would run as code")
    assert command("show decay").code == 2
    assert "models.py belongs to user 54321" in command("show models").err  # models.py, for want of such a module
    copy.write("pyproject.toml", "[tool.symgraph]\n")  # settings of one's own vouch for the specs that they list
    refused(command(TRAIN), "models.py belongs to user 54321")
    for listed in ("models.py", "models"):
        copy.write("pyproject.toml", f'[tool.symgraph]\nmodels = ["{listed}"]\n')
        assert "models.py:1: SystemExit: it ran" in command(TRAIN).err


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("way", ["a name above", "a root above", "a link", "a header"])
def test_a_manifest_or_a_header_cannot_have_a_spec_of_another_user_run(command: Run, copy: Project, way: str) -> None:
    copy.path("theirs").mkdir()
    copy.write("theirs/models.py", f"raise SystemExit('it ran')\n{SPEC}")
    os.chown(copy.path("theirs/models.py"), 54321, -1)
    copy.write("pyproject.toml", "[tool.symgraph]\n")
    lock, said = json.loads(copy.text(LOCK)), "models.py belongs to user 54321"
    package = os.path.relpath(copy.path("theirs/models.py"), PACKAGE)
    name = {"a name above": f"{PACKAGE}/{package}", "a link": "link/models.py"}.get(way, "models.py")
    copy.path("link").symlink_to("theirs")
    for entry in lock["outputs"].values():
        entry["spec"] = name
    lock["specs"] = {name: {"root": "../theirs" if way == "a root above" else "..", "sources": {"models.py": "sha256:0"}}}
    if way == "a header":
        text = copy.text("generated/decay.c").replace("models.py", f"{PACKAGE}/{package}", 1)
        copy.write("decay.c", text)
        refused(command("explain decay.c:60"), said)
        return
    copy.write(LOCK, json.dumps(lock))
    if way == "a name above":
        said = f"symgraph.lock.json is no manifest of symgraph ('{name[:80]}' is not below"
    refused(command(TRAIN), said)


def test_a_manifest_by_which_nothing_would_be_built_anew_is_refused(command: Run, copy: Project) -> None:
    copy.write("models.py", DOUBLED)
    copy.path("link").symlink_to(".")
    copy.write(LOCK, copy.text(LOCK).replace('"models.py"', '"link/models.py"'))
    before = snapshot(copy.root)
    refused(command(TRAIN), "decay.py is older than its spec; `symgraph build models.py` brings it up to date")
    assert snapshot(copy.root) == before


def test_a_rebuild_has_the_backends_of_its_own_spec(command: Run, copy: Project) -> None:
    shutil.rmtree(copy.path("generated"))
    copy.write("line.py", LINE)
    for line in ("build models.py --backend numpy", "build line.py --backend scalar"):
        assert command(line).code == 0
    copy.write("models.py", DOUBLED)
    assert len(renewals(command(TRAIN))) == 1
    assert names_in(copy.path("generated")) == ["decay.py", "line_scalar.py", "symgraph.lock.json", "valley.py"]
