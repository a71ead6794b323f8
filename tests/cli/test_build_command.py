"""``symgraph build``: what it writes and prints, what a check says, and when it refuses."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import LINE, SPEC, Project, Run, environment, make_project, names_in, refused, run_command, snapshot

from symgraph.compiler.passes import STEPS

ENDS = (".c", ".h", ".py", "_scalar.py")
FILES = [*(f"decay{end}" for end in ENDS), "symgraph.lock.json", *(f"valley{end}" for end in ENDS)]


def states(out: str) -> dict[str, str]:
    """File -> state from the lines of a report; other lines are left out."""
    pairs = (line.rsplit(maxsplit=1) for line in out.splitlines())
    return {pair[1]: pair[0].strip() for pair in pairs if len(pair) == 2 and pair[1].startswith("generated/")}


def test_a_build_writes_every_backend_of_every_model_in_a_file_and_says_what_was_verified(fresh: Project) -> None:
    done = fresh.run("build models.py --profile")
    assert done.code == 0
    assert names_in(fresh.path("generated")) == FILES
    assert states(done.out) == {f"generated/{name}": "written" for name in FILES}
    assert all(f"{name}: 2 of 2 weights verified" in done.out for name in ("decay", "valley"))
    acts = ["reading models.py", "generating decay", "generating valley", "verifying decay", "verifying valley"]
    assert done.notes.splitlines() == acts
    assert names_in(fresh.root) == ["generated", "models.py", "rows.csv"]  # no bytecode, nothing beside the spec
    head, *rows = done.out[done.out.index("model ") :].splitlines()
    assert head.split() == ["model", "stage", "seconds", "nodes", "MiB", "more"]
    assert rows[0].split()[:2] == ["read", "models.py"]
    own = [row.split()[1] for row in rows if row.startswith("decay ")]
    assert own[: len(STEPS) + 1] == ["lower", *(step.__name__ for step in STEPS)]
    assert sum(" verify " in row for row in rows) == 2  # one a model


def test_a_second_build_and_a_check_change_no_byte_and_no_time(command: Run, copy: Project) -> None:
    before = snapshot(copy.root)
    for options in ("", "--check --quiet"):
        done = command(f"build models.py {options}")
        assert (done.code, states(done.out)) == (0, {f"generated/{name}": "unchanged" for name in FILES})
        assert (done.err == "") == bool(options)
        assert snapshot(copy.root) == before


def test_json_is_all_that_is_on_stdout_though_the_spec_prints(copy: Project) -> None:
    copy.write("models.py", 'print("hello from the spec")\n' + SPEC)
    done = copy.run("build models.py --json")
    assert (done.code, "hello from the spec" in done.err) == (0, True)
    report = json.loads(done.out)
    assert report["ok"] is True
    assert [entry["path"] for entry in report["files"]] == [
        *(f"generated/{model}{end}" for model in ("decay", "valley") for end in (".py", "_scalar.py", ".c", ".h")),
        "generated/symgraph.lock.json",
    ]
    assert (report["verification"]["decay"]["unverified"], report["verification"]["decay"]["weights"]) == ([], 2)


def test_a_check_tells_what_changed_a_file_and_what_is_missing_or_left_over(command: Run, copy: Project) -> None:
    copy.write("models.py", SPEC.replace("top * exp(", "2 * top * exp(").replace('Model("valley")', 'Model("banana")'))
    copy.write("generated/decay_scalar.py", copy.text("generated/decay_scalar.py") + "# mine\n")
    before = snapshot(copy.root)
    done = command("build models.py --check")
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
    copy.write("models.py", SPEC[: SPEC.index("valley =")])
    done = command("build models.py --no-verify")
    assert (done.code, states(done.out)["generated/valley.py"]) == (0, "orphan")
    for end in ENDS:
        copy.path(f"generated/valley{end}").unlink()
    assert [command(f"build models.py {options}").code for options in ("--check", "--no-verify", "--check")] == [1, 0, 0]


@pytest.mark.parametrize("content", [b"# notes of mine\n", b"\xff\xfe\x00 not even text"])
def test_a_file_that_is_not_ours_is_overwritten_by_force_alone(command: Run, copy: Project, content: bytes) -> None:
    original = copy.module.read_bytes()
    copy.module.write_bytes(content)
    before = snapshot(copy.root)
    refused(command("build models.py"), "generated/decay.py was edited by hand or is not a generated file", "--force")
    assert snapshot(copy.root) == before
    assert command("build models.py --force").code == 0
    assert copy.module.read_bytes() == original


def test_the_project_says_what_is_built_from_wherever_the_command_runs(tmp_path: Path) -> None:
    project = Project(tmp_path)
    for folder in ("curves", "notebooks"):
        project.path(folder).mkdir()
    project.write("curves/__init__.py", "")
    project.write("curves/shapes.py", "from sympy import exp\n\n\ndef fall(t, rate):\n    return exp(-rate * t)\n")
    spec = SPEC.replace("from sympy import exp", "from .shapes import fall").replace("exp(-rate * time)", "fall(time, rate)")
    project.write("curves/dotted.py", spec)
    project.write("line.py", LINE)
    table = '[tool.symgraph]\nmodels = ["curves.dotted", "line.py"]\nout = "src/made"\nbackends = ["numpy"]\n'
    project.write("pyproject.toml", table)
    inner = tmp_path / "notebooks"
    done = run_command(inner, "build")
    assert done.code == 0, done.err
    assert names_in(tmp_path / "src" / "made") == ["decay.py", "line.py", "symgraph.lock.json", "valley.py"]
    assert list(inner.iterdir()) == []
    assert project.text("src/made/decay.py").splitlines()[0] == "# @generated by symgraph from curves/dotted.py; do not edit"
    # the same module by its path, and by its name in a check: one label for both
    assert run_command(inner, "build curves/dotted.py --check").code == 0
    assert run_command(tmp_path, "build --check").code == 0
    # a model without a loss is loaded by name too
    assert run_command(inner, "gradcheck line --points 1").code == 0


def test_a_module_is_the_same_bytes_wherever_the_project_lies(built: Project, tmp_path: Path) -> None:
    elsewhere = tmp_path / "some where" / "else"
    elsewhere.mkdir(parents=True)
    project = make_project(elsewhere)
    assert project.run("build models.py", env=environment(PYTHONHASHSEED="12345")).code == 0
    for name in FILES:
        assert project.path(f"generated/{name}").read_bytes() == built.path(f"generated/{name}").read_bytes()


def test_a_backend_that_lacks_some_of_what_was_asked_for_is_told_of_once(command: Run, fresh: Project) -> None:
    done = command("build models.py --with hessian --precision accurate")
    assert done.code == 0, done.err
    assert [line for line in done.err.splitlines() if "lacks" in line] == [
        "the backend scalar lacks hessian, hvp, accurate; its files are written without",
        "the backend c lacks accurate; its files are written without",
    ]
    done = command("build models.py --precision auto")
    assert "the backend scalar lacks auto; its files are written without\n" in done.err
    assert "C tells in which rows digits may be lost; only with the numpy module are these computed over pairs\n" in done.err


def test_a_function_that_scipy_alone_has_is_built_for_numpy_unless_others_are_named(command: Run, fresh: Project) -> None:
    fresh.write("models.py", SPEC.replace("exp(", "besselj(0, ").replace("import exp", "import besselj"))
    done = command("build models.py")
    assert done.code == 0, done.err
    for name in ("scalar", "c"):
        said = f"model decay: y_hat needs bessel_j0, which the backend {name} lacks"
        assert f"decay gets no file of the backend {name}: {said}" in done.err
    assert not fresh.path("generated/decay_scalar.py").exists()
    assert command("build models.py --check").code == 0
    lacking = "which the backend scalar lacks; it is in plain modules of numpy"
    refused(command("build models.py --backend numpy,scalar"), lacking)


def test_an_error_bound_is_built_and_checked_where_it_is_asked_for(command: Run, fresh: Project) -> None:
    done = command("build models.py --with error-bound")
    assert done.code == 0, done.err
    assert "the backend scalar lacks error-bound; its files are written without\n" in done.err
    assert "\nerror_bound = _errors.error_bound\n" in fresh.text("generated/decay.py")
    manifest = json.loads(fresh.text("generated/symgraph.lock.json"))
    assert manifest["outputs"]["decay.py"]["extras"] == "error-bound"
    assert "extras" not in manifest["outputs"]["decay_scalar.py"]
    assert command("build models.py --with error-bound --check").code == 0
    assert command("build models.py --check").code == 1
    fresh.write("pyproject.toml", '[tool.symgraph]\nmodels = ["models.py"]\nwith = ["error-bound"]\n')
    assert command("build --check").code == 0


def test_a_build_beyond_the_project_says_that_changes_of_the_spec_go_unnoticed(command: Run, fresh: Project) -> None:
    beyond, said = fresh.root.parent / "beyond", "the folder of the spec's project: later changes of the spec go unnoticed"
    assert said in command(f"build models.py --backend numpy --out {beyond}").err
    assert said not in command("build models.py --backend numpy").err


def test_a_profile_in_json_has_an_entry_for_each_stage(command: Run, copy: Project) -> None:
    done = command("build models.py --check --profile --json --quiet")
    assert done.code == 0
    stages = json.loads(done.out)["profile"]
    assert {tuple(stage) for stage in stages} == {("model", "name", "seconds", "nodes", "memory")}
    lowered = next(stage for stage in stages if stage["name"] == "lower")
    assert lowered["model"] == "decay"
    assert lowered["nodes"] > 0
    assert "verify" not in {stage["name"] for stage in stages}  # a check verifies nothing
    assert "profile" not in json.loads(command("build models.py --check --json").out)


def test_a_pipe_that_is_closed_early_leaves_no_traceback(built: Project) -> None:
    command = [sys.executable, "-m", "symgraph", "build", "models.py", "--check", "--quiet"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=built.root, env=environment(), **pipes) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 1


CLOSE = '''"""Two numbers that are close to each other."""
from symgraph import Model

model = Model("close")
a, b = model.weight("a", domain=(1, 2)), model.weight("b", domain=(1, 2))
model.loss(a * (model.node("beside", b + 1e6 * a) - 1e6 * a) ** 2)
'''


@pytest.mark.slow  # three builds, 0.4 s each
def test_a_build_may_require_digits_which_plain_doubles_lack_and_pairs_have(command: Run, fresh: Project) -> None:
    fresh.write("close.py", CLOSE)
    before = snapshot(fresh.root)
    done = command("build close.py --backend numpy --require 1e-12 --precision double")
    assert done.code == 1
    assert "close does not keep --require 1e-12: " in done.err
    assert "w = [" in done.err  # the point
    assert snapshot(fresh.root) == before
    # 1e6 beside 1 costs six digits of 16, of which 1e-8 asks for eight
    assert command("build close.py --backend numpy --require 1e-8 --precision double").code == 0
    assert command("build close.py --backend numpy --require 1e-12 --precision accurate").code == 0
    assert command("build close.py --backend numpy --require 1e-12").code == 0  # for which the build chooses pairs


@pytest.mark.parametrize("options", ["--require 0", "--require 1", "--require 1e-9 --check", "--require 1e-9 --no-verify"])
def test_digits_can_be_required_of_a_build_that_verifies_alone(command: Run, options: str) -> None:
    assert "--require needs a number between 0 and 1" in refused(command(f"build models.py {options}"))
