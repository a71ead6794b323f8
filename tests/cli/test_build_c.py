"""``symgraph build --backend c``: both files in the manifest and the check, verified by being run, compiled on request."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from c_code import compiler
from command_line import Project, Run, environment, make_project

from symgraph.build import build as building
from symgraph.build import modules
from symgraph.errors import VerificationError
from symgraph.generate import Artifact, generate
from symgraph.io.compiled import load
from symgraph.io.manifest import NOT_RUN

FILES = ["decay.c", "decay.h", "symgraph.lock.json", "valley.c", "valley.h"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project, with gcc and a cache folder of its own."""
    monkeypatch.setenv("CC", compiler("gcc"))
    monkeypatch.setenv("SYMGRAPH_CACHE", str(tmp_path / "cache"))
    return make_project(tmp_path)


def test_a_build_writes_verifies_and_checks_the_file_and_its_header(project: Project, command: Run) -> None:
    done = command("build", "models.py", "--backend", "c")
    assert (done.code, done.err.splitlines()[-1]) == (0, "verifying valley")
    assert "decay: 2 of 2 weights verified" in done.out
    made = project.path("generated")
    assert sorted(path.name for path in made.iterdir()) == FILES
    assert not project.path("cache").exists()  # what verification compiles is not kept
    manifest = json.loads((made / "symgraph.lock.json").read_text(encoding="utf-8"))["outputs"]
    assert {name: facts["backend"] for name, facts in manifest.items()} == dict.fromkeys(
        ("decay.c", "decay.h", "valley.c", "valley.h"), "c"
    )
    assert command("build", "models.py", "--backend", "c", "--check").code == 0
    header = made / "decay.h"
    header.write_text(header.read_text(encoding="utf-8") + "// mine\n", encoding="utf-8")
    found = command("build", "models.py", "--backend", "c", "--check")
    assert found.code == 1
    assert "edited by hand generated/decay.h" in found.out
    refused = command("build", "models.py", "--backend", "c")
    assert refused.code == 2
    assert "decay.h was edited by hand" in refused.err
    assert command("build", "models.py", "--backend", "c", "--force").code == 0
    header.unlink()
    assert "missing    generated/decay.h" in command("build", "models.py", "--backend", "c", "--check").out


def test_files_in_single_precision_are_verified_noted_in_the_manifest_and_checked(project: Project, command: Run) -> None:
    done = command("build", "models.py", "--backend", "c", "--float")
    assert done.code == 0
    assert "decay: 2 of 2 weights verified" in done.out
    made = project.path("generated")
    text = (made / "decay.c").read_text(encoding="utf-8")
    assert "float decay_row(const float *w" in text
    assert "// Numbers are floats, and so is all arithmetic." in (made / "decay.h").read_text(encoding="utf-8")
    manifest = json.loads((made / "symgraph.lock.json").read_text(encoding="utf-8"))["outputs"]
    assert manifest["decay.c"]["extras"] == "float"
    assert command("build", "models.py", "--backend", "c", "--float", "--check").code == 0
    assert "options changed generated/decay.c" in command("build", "models.py", "--backend", "c", "--check").out
    settings = project.path("pyproject.toml")
    settings.write_text('[tool.symgraph]\nmodels = ["models.py"]\nbackends = ["c"]\nfloat = true\n', encoding="utf-8")
    assert command("build", "--check").code == 0
    module = load(made / "decay.c")
    assert module.predict([1.0, 0.5], [2.0]).dtype == np.float32
    refused = command("build", "models.py", "--backend", "numpy", "--float")
    assert refused.code == 2
    assert "the extra 'float' is of c; the backends chosen are numpy" in refused.err


def test_compile_keeps_the_libraries_from_which_modules_load(
    project: Project, command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = command("build", "models.py", "--backend", "numpy,c", "--compile", "--json")
    report = json.loads(done.out)
    libraries = [Path(path) for path in report["libraries"]]
    assert [path.name.split("-")[0] for path in libraries] == ["decay", "valley"]
    assert {path.parent for path in libraries} == {project.path("cache") / "c"}
    times = {path: path.stat().st_mtime_ns for path in libraries}
    module = load("decay")
    assert module.__file__ == str(libraries[0])
    assert module.predict([2.0, 0.0], [1.0]) == [2.0]
    assert {path: path.stat().st_mtime_ns for path in libraries} == times
    text = command("build", "models.py", "--backend", "c", "--compile").out
    assert f"compiled   {libraries[0]}" in text.splitlines()


def test_without_a_compiler_the_files_are_written_and_it_is_said_that_they_were_not_run(project: Project) -> None:
    # the package ziglang as if it were not installed
    (project.root / "sitecustomize.py").write_text('import sys\nsys.modules["ziglang"] = None\n', encoding="utf-8")
    found = os.pathsep.join([str(project.root), os.getcwd()])  # noqa: PTH109
    nothing = environment(PATH=str(project.root), CC="", PYTHONPATH=found)
    silent = project.run("build", "models.py", env=nothing)  # C that nobody named is told of in one line
    assert (silent.code, silent.notes.splitlines()[5:]) == (
        0,
        [f"{', '.join(sorted(FILES[:2] + FILES[3:]))} are not verified: {NOT_RUN}"],
    )
    done = project.run("build", "models.py", "--backend", "c", env=nothing)
    assert done.code == 0, done.err
    assert "C files are written without having been run, since there is no C compiler" in done.err
    assert "the graph that they are written from is verified" in done.err
    assert "decay: 2 of 2 weights verified" in done.out
    refused = project.run("build", "models.py", "--backend", "c", "--compile", env=nothing)
    assert refused.code == 2
    assert "there is no C compiler: none of cc, gcc, clang is there" in refused.err


def test_a_model_that_c_refuses_gets_no_c_file_unless_c_is_named(project: Project, command: Run) -> None:
    spec = project.path("models.py")
    spec.write_text(spec.read_text(encoding="utf-8").replace('Model("valley")', 'Model("stdio")'), encoding="utf-8")
    done = command("build", "models.py")
    why = "model name 'stdio': stdio.h would hide a header of C; choose another"
    assert (done.code, f"stdio gets no file of the backend c: {why}" in done.err.splitlines()) == (0, True)
    made = {path.name for path in project.path("generated").iterdir()}
    assert made == {"decay.c", "decay.h", "decay.py", "decay_scalar.py", "stdio.py", "stdio_scalar.py", "symgraph.lock.json"}
    assert command("build", "models.py", "--check").code == 0
    refused = command("build", "models.py", "--backend", "numpy,c")
    assert (refused.code, refused.err.splitlines()[-1]) == (2, f"error: models.py:13: {why}")


def test_a_long_c_file_is_run_only_where_c_is_named(project: Project, command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "LONGEST", 1000)
    done = command("build", "models.py")
    assert done.code == 0
    assert "characters, and is compiled only if the backend c is named" in done.err
    assert done.notes.splitlines()[-1] == f"decay.c, decay.h, valley.c, valley.h are not verified: {NOT_RUN}"
    named = command("build", "models.py", "--backend", "numpy,scalar,c")
    assert (named.code, "not verified" in named.err) == (0, False)


def test_a_compiler_that_fails_stops_a_build_only_where_c_is_named(
    project: Project, command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = project.path("cc")  # answers what it is asked, and makes nothing
    broken.write_text(f'#!/bin/sh\ncase "$*" in *-dM*) exec {compiler("gcc")} "$@";; esac\nexit 1\n', encoding="utf-8")
    broken.chmod(0o755)
    monkeypatch.setenv("CC", str(broken))
    done = command("build", "models.py")
    assert (done.code, "decay.c was not run: " in done.err) == (0, True)
    assert done.notes.splitlines()[-1] == f"decay.c, decay.h, valley.c, valley.h are not verified: {NOT_RUN}"
    assert command("build", "models.py", "--backend", "c").code == 2


@pytest.mark.parametrize("options", [(), ("--no-verify",)], ids=["verified", "not verified"])
@pytest.mark.parametrize("longest", [1000, 500_000], ids=["long", "short"])
def test_a_c_text_that_does_not_compile_is_never_written(
    project: Project, command: Run, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], longest: int
) -> None:
    """A build that names no backend writes C that it does not run, and still has the compiler read it."""

    def forged(*arguments: object, **more: object) -> tuple[Artifact, ...]:
        made = generate(*arguments, **more)
        broken = {one.name: one.text.replace("return", "return nothing +") for one in made if one.backend == "c"}
        return tuple(Artifact(one.name, broken.get(one.name, one.text), one.backend) for one in made)

    monkeypatch.setattr(modules, "generate", forged)
    monkeypatch.setattr(building, "LONGEST", longest)
    done = command("build", "models.py", *options)
    assert done.code == 2
    assert "cannot compile decay.c: " in done.err
    assert not project.path("generated").exists()


def test_compile_is_refused_without_the_backend(command: Run, project: Project) -> None:
    done = command("build", "models.py", "--backend", "numpy", "--compile")
    assert done.code == 2
    assert "--compile is for the backend c; the backends chosen are numpy" in done.err


def test_a_wrong_text_is_not_written(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def forged(*arguments: object, **options: object) -> tuple[Artifact, ...]:
        made = generate(*arguments, **options)
        return tuple(Artifact(one.name, one.text.replace("decay_exp_(-", "0.999 * decay_exp_(-"), one.backend) for one in made)

    monkeypatch.setattr(modules, "generate", forged)
    plan = building.Plan([str(project.path("models.py"))], project.root, project.path("made"), ("c",))
    with pytest.raises(VerificationError, match="model decay, c module"):
        building.build(plan)
    assert not project.path("made").exists()
