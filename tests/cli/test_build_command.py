"""``symgraph build``: what it writes and prints, what a check says, and when it refuses."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import LINE, SPEC, Project, Run, environment, make_project, run_command, snapshot

from symgraph.passes import STEPS

ENDS = (".c", ".h", ".py", "_scalar.py")
FILES = [*(f"decay{end}" for end in ENDS), "symgraph.lock.json", *(f"valley{end}" for end in ENDS)]


@pytest.fixture
def copy(built: Project, tmp_path: Path) -> Project:
    """A built project that a test may change."""
    shutil.copytree(built.root, tmp_path, dirs_exist_ok=True)
    return Project(tmp_path)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def states(out: str) -> dict[str, str]:
    """File -> state from the lines of a report; other lines are left out."""
    pairs = (line.rsplit(maxsplit=1) for line in out.splitlines())
    return {pair[1]: pair[0].strip() for pair in pairs if len(pair) == 2 and pair[1].startswith("generated/")}


def test_a_build_writes_every_backend_of_every_model_in_a_file_and_says_what_was_verified(fresh: Project) -> None:
    done = fresh.run("build", "models.py")
    assert done.code == 0
    assert names(fresh.path("generated")) == FILES
    assert states(done.out) == {f"generated/{name}": "written" for name in FILES}
    assert "decay: 2 of 2 weights verified" in done.out
    assert "valley: 2 of 2 weights verified" in done.out
    assert done.notes.splitlines() == [
        "reading models.py",
        "generating decay",
        "generating valley",
        "verifying decay",
        "verifying valley",
    ]
    assert names(fresh.root) == ["generated", "models.py", "rows.csv"]  # no bytecode, nothing beside the spec


def test_a_second_build_changes_no_byte_and_no_time(copy: Project) -> None:
    before = snapshot(copy.root)
    done = copy.run("build", "models.py")
    assert done.code == 0
    assert set(states(done.out).values()) == {"unchanged"}
    assert snapshot(copy.root) == before


def test_quiet_silences_stderr_alone(command: Run, copy: Project) -> None:
    done = command("build", "models.py", "--quiet", "--check")
    assert (done.code, done.err) == (0, "")
    assert states(done.out) == {f"generated/{name}": "unchanged" for name in FILES}


def test_json_is_all_that_is_on_stdout_though_the_spec_prints(copy: Project) -> None:
    spec = copy.path("models.py")
    spec.write_text('print("hello from the spec")\n' + spec.read_text(encoding="utf-8"), encoding="utf-8")
    done = copy.run("build", "models.py", "--json")
    assert done.code == 0
    report = json.loads(done.out)
    assert report["ok"] is True
    assert [entry["path"] for entry in report["files"]] == [
        *(f"generated/{model}{end}" for model in ("decay", "valley") for end in (".py", "_scalar.py", ".c", ".h")),
        "generated/symgraph.lock.json",
    ]
    assert report["verification"]["decay"]["unverified"] == []
    assert report["verification"]["decay"]["weights"] == 2
    assert "hello from the spec" in done.err


def test_a_check_after_a_build_is_fine_and_writes_nothing(command: Run, copy: Project) -> None:
    before = snapshot(copy.root)
    done = command("build", "models.py", "--check")
    assert done.code == 0
    assert set(states(done.out).values()) == {"unchanged"}
    assert snapshot(copy.root) == before


def test_a_check_tells_what_changed_a_file_and_what_is_missing_or_left_over(command: Run, copy: Project) -> None:
    spec = copy.path("models.py")
    changed = SPEC.replace("top * exp(", "2 * top * exp(").replace('Model("valley")', 'Model("banana")')
    spec.write_text(changed, encoding="utf-8")
    with (copy.path("generated") / "decay_scalar.py").open("a", encoding="utf-8") as file:
        file.write("# mine\n")
    before = snapshot(copy.root)
    done = command("build", "models.py", "--check")
    assert done.code == 1
    assert states(done.out) == {
        **{f"generated/decay{end}": "spec changed" for end in ENDS},
        "generated/decay_scalar.py": "edited by hand",
        **{f"generated/banana{end}": "missing" for end in ENDS},
        "generated/symgraph.lock.json": "stale",
        **{f"generated/valley{end}": "orphan" for end in ENDS},
    }
    assert "generated/valley.py is left over from a model that is gone; delete it" in done.err
    assert "--force" in done.err
    assert snapshot(copy.root) == before


def test_a_left_over_file_is_reported_until_it_is_deleted(command: Run, copy: Project) -> None:
    spec = copy.path("models.py")
    spec.write_text(SPEC[: SPEC.index("valley =")], encoding="utf-8")
    done = command("build", "models.py")
    assert done.code == 0
    assert states(done.out)["generated/valley.py"] == "orphan"
    assert command("build", "models.py", "--check").code == 1
    for end in ENDS:
        (copy.path("generated") / f"valley{end}").unlink()
    assert command("build", "models.py").code == 0
    assert command("build", "models.py", "--check").code == 0


@pytest.mark.parametrize("content", [b"# notes of mine\n", b"\xff\xfe\x00 not even text"])
def test_a_file_that_is_not_ours_is_overwritten_by_force_alone(command: Run, copy: Project, content: bytes) -> None:
    module = copy.path("generated") / "decay.py"
    original = module.read_bytes()
    module.write_bytes(content)
    before = snapshot(copy.root)
    done = command("build", "models.py")
    assert done.code == 2
    assert done.err.splitlines()[-1].startswith("error: generated/decay.py was edited by hand or is not a generated file")
    assert "--force" in done.err
    assert snapshot(copy.root) == before
    assert command("build", "models.py", "--force").code == 0
    assert module.read_bytes() == original


def test_force_does_not_overwrite_a_spec_by_its_module(command: Run, tmp_path: Path) -> None:
    (tmp_path / "decay.py").write_text(SPEC, encoding="utf-8")
    before = snapshot(tmp_path)
    done = command("build", "decay.py", "--out", ".", "--force")
    assert done.code == 2
    assert done.err.splitlines()[-1] == "error: decay.py would overwrite the spec of that name in .; choose another with --out"
    assert snapshot(tmp_path) == before


def test_backend_and_out_choose_what_is_written_where(fresh: Project) -> None:
    done = fresh.run("build", "models.py", "--backend", "scalar", "--out", "src/made")
    assert done.code == 0
    assert names(fresh.path("src/made")) == ["decay_scalar.py", "symgraph.lock.json", "valley_scalar.py"]
    assert not fresh.path("generated").exists()
    manifest = json.loads(fresh.path("src/made/symgraph.lock.json").read_text(encoding="utf-8"))
    assert {entry["spec"] for entry in manifest["outputs"].values()} == {"models.py"}


def test_the_project_says_what_is_built_from_wherever_the_command_runs(tmp_path: Path) -> None:
    package = tmp_path / "curves"
    package.mkdir()
    (package / "__init__.py").touch()
    shapes = "from sympy import exp\n\n\ndef fall(t, rate):\n    return exp(-rate * t)\n"
    (package / "shapes.py").write_text(shapes, encoding="utf-8")
    spec = SPEC.replace("from sympy import exp", "from .shapes import fall").replace("exp(-rate * time)", "fall(time, rate)")
    (package / "dotted.py").write_text(spec, encoding="utf-8")
    (tmp_path / "line.py").write_text(LINE, encoding="utf-8")
    table = '[tool.symgraph]\nmodels = ["curves.dotted", "line.py"]\nout = "src/made"\nbackends = ["numpy"]\n'
    (tmp_path / "pyproject.toml").write_text(table, encoding="utf-8")
    inner = tmp_path / "notebooks"
    inner.mkdir()
    done = run_command(inner, "build")
    assert done.code == 0, done.err
    assert names(tmp_path / "src" / "made") == ["decay.py", "line.py", "symgraph.lock.json", "valley.py"]
    assert list(inner.iterdir()) == []
    header = (tmp_path / "src" / "made" / "decay.py").read_text(encoding="utf-8").splitlines()[0]
    assert header == "# @generated by symgraph from curves/dotted.py; do not edit"
    # the same module by its path, and by its name in a check: one label for both
    assert run_command(inner, "build", "curves/dotted.py", "--check").code == 0
    assert run_command(tmp_path, "build", "--check").code == 0
    # a model without a loss is loaded by name too
    assert run_command(inner, "gradcheck", "line", "--points", "1").code == 0


def test_a_module_is_the_same_bytes_wherever_the_project_lies(built: Project, tmp_path: Path) -> None:
    elsewhere = tmp_path / "some where" / "else"
    elsewhere.mkdir(parents=True)
    project = make_project(elsewhere)
    done = project.run("build", "models.py", env=environment(PYTHONHASHSEED="12345"))
    assert done.code == 0
    for name in FILES:
        assert (project.path("generated") / name).read_bytes() == (built.path("generated") / name).read_bytes()


def test_a_backend_that_lacks_some_of_what_was_asked_for_is_told_of_once(fresh: Project) -> None:
    done = fresh.run("build", "models.py", "--with", "hessian", "--precision", "accurate")
    assert done.code == 0, done.err
    said = [line for line in done.err.splitlines() if "lacks" in line]
    assert said == [
        "the backend scalar lacks hessian, hvp, accurate; its files are written without",
        "the backend c lacks accurate; its files are written without",
    ]


def test_a_function_that_scipy_alone_has_is_built_for_numpy_unless_others_are_named(fresh: Project) -> None:
    spec = fresh.path("models.py")
    spec.write_text(spec.read_text(encoding="utf-8").replace("exp(", "besselj(0, ").replace("import exp", "import besselj"))
    done = fresh.run("build", "models.py")
    assert done.code == 0, done.err
    for name in ("scalar", "c"):
        said = f"model decay: y_hat needs bessel_j0, which the backend {name} lacks"
        assert f"decay gets no file of the backend {name}: {said}" in done.err
    assert not fresh.path("generated/decay_scalar.py").exists()
    assert fresh.run("build", "models.py", "--check").code == 0
    refused = fresh.run("build", "models.py", "--backend", "numpy,scalar")
    assert refused.code == 2
    assert "which the backend scalar lacks; it is in plain modules of numpy" in refused.err


def test_an_error_bound_is_built_and_checked_where_it_is_asked_for(fresh: Project) -> None:
    done = fresh.run("build", "models.py", "--with", "error-bound")
    assert done.code == 0, done.err
    assert "the backend scalar lacks error-bound; its files are written without\n" in done.err
    assert "\nerror_bound = _errors.error_bound\n" in fresh.path("generated/decay.py").read_text(encoding="utf-8")
    manifest = json.loads(fresh.path("generated/symgraph.lock.json").read_text(encoding="utf-8"))
    assert manifest["outputs"]["decay.py"]["extras"] == "error-bound"
    assert "extras" not in manifest["outputs"]["decay_scalar.py"]
    assert fresh.run("build", "models.py", "--with", "error-bound", "--check").code == 0
    assert fresh.run("build", "models.py", "--check").code == 1
    fresh.path("pyproject.toml").write_text('[tool.symgraph]\nmodels = ["models.py"]\nwith = ["error-bound"]\n')
    assert fresh.run("build", "--check").code == 0


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (("--with", "no-such-extra"), "'no-such-extra' is unknown; known are error-bound"),
        (("--precision", "no-such-kind"), "'no-such-kind' is unknown; known are double, accurate"),
        (("--with", "error-bound", "--backend", "scalar"), "'error-bound' is of numpy; the backends chosen are scalar"),
    ],
)
def test_an_option_that_no_module_can_have_is_refused(fresh: Project, option: tuple[str, ...], words: str) -> None:
    done = fresh.run("build", "models.py", *option)
    assert done.code == 2
    assert words in " ".join(done.err.split())
    assert not fresh.path("generated").exists()


def test_a_profile_lists_the_stages_with_their_nodes(fresh: Project) -> None:
    done = fresh.run("build", "models.py", "--profile")
    assert done.code == 0
    head, *rows = done.out[done.out.index("model ") :].splitlines()
    assert head.split() == ["model", "stage", "seconds", "nodes", "MiB", "more"]
    assert rows[0].split()[:2] == ["read", "models.py"]
    own = [row.split()[1] for row in rows if row.startswith("decay ")]
    assert own[: len(STEPS) + 1] == ["lower", *(step.__name__ for step in STEPS)]
    assert sum(" verify " in row for row in rows) == 2  # one a model


def test_a_profile_in_json_has_an_entry_for_each_stage(fresh: Project) -> None:
    fresh.run("build", "models.py")
    done = fresh.run("build", "models.py", "--check", "--profile", "--json", "--quiet")
    assert done.code == 0
    stages = json.loads(done.out)["profile"]
    assert {tuple(stage) for stage in stages} == {("model", "name", "seconds", "nodes", "memory")}
    lowered = next(stage for stage in stages if stage["name"] == "lower")
    assert lowered["model"] == "decay"
    assert lowered["nodes"] > 0
    assert "verify" not in {stage["name"] for stage in stages}  # a check verifies nothing
    assert "profile" not in json.loads(fresh.run("build", "models.py", "--check", "--json").out)


def test_without_a_spec_and_without_a_project_the_message_says_both_ways(command: Run, tmp_path: Path) -> None:
    done = command("build")
    assert done.code == 2
    assert "symgraph new NAME" in done.err
    assert "[tool.symgraph]" in done.err
    assert snapshot(tmp_path) == {}


def test_a_pipe_that_is_closed_early_leaves_no_traceback(built: Project) -> None:
    command = [sys.executable, "-m", "symgraph", "build", "models.py", "--check", "--quiet"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=built.root, env=environment(), **pipes) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 1
