"""``symgraph build --backend c``: both files in the manifest and the check, verified by being run, compiled on request."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from c_code import compiler
from command_line import SPEC, Project, Run, environment, make_project, names_in, refused

from symgraph.compiler.generate import Artifact, generate
from symgraph.project.build import build as building
from symgraph.project.build import modules
from symgraph.project.native.compiled import load
from symgraph.project.settings.manifest import NOT_RUN

C_FILES = "decay.c, decay.h, valley.c, valley.h"
LOCK = "generated/symgraph.lock.json"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project, with gcc and a cache folder of its own."""
    monkeypatch.setenv("CC", compiler("gcc"))
    monkeypatch.setenv("SYMGRAPH_CACHE", str(tmp_path / "cache"))
    return make_project(tmp_path)


def forge(monkeypatch: pytest.MonkeyPatch, old: str, new: str) -> None:
    """Have C generated in which a text stands in the place of another."""

    def forged(*arguments: object, **more: object) -> tuple[Artifact, ...]:
        return tuple(
            replace(one, text=one.text.replace(old, new)) if one.backend == "c" else one for one in generate(*arguments, **more)
        )

    monkeypatch.setattr(modules, "generate", forged)


def test_a_build_writes_verifies_and_checks_the_file_and_its_header(project: Project, command: Run) -> None:
    line = "build models.py --backend c"
    done = command(line)
    assert (done.code, done.err.splitlines()[-1]) == (0, "verifying valley")
    assert "decay: 2 of 2 weights verified" in done.out
    assert names_in(project.path("generated")) == ["decay.c", "decay.h", "symgraph.lock.json", "valley.c", "valley.h"]
    assert not project.path("cache").exists()  # what verification compiles is not kept
    manifest = json.loads(project.text(LOCK))["outputs"]
    assert {name: facts["backend"] for name, facts in manifest.items()} == dict.fromkeys(C_FILES.split(", "), "c")
    assert command(f"{line} --check").code == 0
    project.write("generated/decay.h", project.text("generated/decay.h") + "// mine\n")
    found = command(f"{line} --check")
    assert (found.code, "edited by hand generated/decay.h" in found.out) == (1, True)
    refused(command(line), "decay.h was edited by hand")
    assert command(f"{line} --force").code == 0
    project.path("generated/decay.h").unlink()
    assert "missing    generated/decay.h" in command(f"{line} --check").out


def test_files_in_single_precision_are_verified_noted_in_the_manifest_and_checked(project: Project, command: Run) -> None:
    done = command("build models.py --backend c --float")
    assert (done.code, "decay: 2 of 2 weights verified" in done.out) == (0, True)
    assert "float decay_row(const float *w" in project.text("generated/decay.c")
    assert "// Numbers are floats, and so is all arithmetic." in project.text("generated/decay.h")
    assert json.loads(project.text(LOCK))["outputs"]["decay.c"]["extras"] == "float"
    assert "options changed generated/decay.c" in command("build models.py --backend c --check").out
    project.write("pyproject.toml", '[tool.symgraph]\nmodels = ["models.py"]\nbackends = ["c"]\nfloat = true\n')
    assert command("build --check").code == 0
    assert load(project.path("generated/decay.c")).predict([1.0, 0.5], [2.0]).dtype == np.float32


def test_compile_keeps_the_libraries_from_which_modules_load(project: Project, command: Run) -> None:
    report = json.loads(command("build models.py --backend numpy,c --compile --json").out)
    libraries = [Path(path) for path in report["libraries"]]
    assert [path.name.split("-")[0] for path in libraries] == ["decay", "valley"]
    assert {path.parent for path in libraries} == {project.path("cache") / "c"}
    times = {path: path.stat().st_mtime_ns for path in libraries}
    module = load("decay")
    assert module.__file__ == str(libraries[0])
    assert module.predict([2.0, 0.0], [1.0]) == [2.0]
    assert {path: path.stat().st_mtime_ns for path in libraries} == times
    assert f"compiled   {libraries[0]}" in command("build models.py --backend c --compile").out.splitlines()


def test_without_a_compiler_the_files_are_written_and_it_is_said_that_they_were_not_run(project: Project) -> None:
    # the package ziglang as if it were not installed
    project.write("sitecustomize.py", 'import sys\nsys.modules["ziglang"] = None\n')
    found = os.pathsep.join([str(project.root), os.getcwd()])  # noqa: PTH109
    nothing = environment(PATH=str(project.root), CC="", PYTHONPATH=found)
    silent = project.run("build models.py", env=nothing)  # C that nobody named is told of in one line
    assert (silent.code, silent.notes.splitlines()[5:]) == (0, [f"{C_FILES} are not verified: {NOT_RUN}"])
    done = project.run("build models.py --backend c", env=nothing)
    assert done.code == 0, done.err
    assert "C files are written without having been run, since there is no C compiler" in done.err
    assert "the graph that they are written from is verified" in done.err
    assert "decay: 2 of 2 weights verified" in done.out
    stopped = project.run("build models.py --backend c --compile", env=nothing)
    assert (stopped.code, "there is no C compiler: none of cc, gcc, clang is there" in stopped.err) == (2, True)


def test_a_model_that_c_refuses_gets_no_c_file_unless_c_is_named(project: Project, command: Run) -> None:
    project.write("models.py", SPEC.replace('Model("valley")', 'Model("stdio")'))
    done = command("build models.py")
    why = "model name 'stdio': stdio.h would hide a header of C; choose another"
    assert (done.code, f"stdio gets no file of the backend c: {why}" in done.err.splitlines()) == (0, True)
    made = ["decay.c", "decay.h", "decay.py", "decay_scalar.py", "stdio.py", "stdio_scalar.py", "symgraph.lock.json"]
    assert names_in(project.path("generated")) == made
    assert command("build models.py --check").code == 0
    assert refused(command("build models.py --backend numpy,c")) == f"error: models.py:13: {why}"


def test_a_long_c_file_is_run_only_where_c_is_named(project: Project, command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "LONGEST", 1000)
    done = command("build models.py")
    assert (done.code, "characters, and is compiled only if the backend c is named" in done.err) == (0, True)
    assert done.notes.splitlines()[-1] == f"{C_FILES} are not verified: {NOT_RUN}"
    named = command("build models.py --backend numpy,scalar,c")
    assert (named.code, "not verified" in named.err) == (0, False)


def test_a_compiler_that_fails_stops_a_build_only_where_c_is_named(
    project: Project, command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = project.path("cc")  # answers what it is asked, and makes nothing
    broken.write_text(f'#!/bin/sh\ncase "$*" in *-dM*) exec {compiler("gcc")} "$@";; esac\nexit 1\n', encoding="utf-8")
    broken.chmod(0o755)
    monkeypatch.setenv("CC", str(broken))
    done = command("build models.py")
    assert (done.code, "decay.c was not run: " in done.err) == (0, True)
    assert done.notes.splitlines()[-1] == f"{C_FILES} are not verified: {NOT_RUN}"
    assert command("build models.py --backend c").code == 2


UNREADABLE = ("return", "return nothing +"), (2, "cannot compile decay.c: ")
"""A text that no compiler takes, and how a build of it ends."""


@pytest.mark.parametrize(
    ("options", "longest", "change", "end"),
    [
        *((options, longest, *UNREADABLE) for options in ("", "--no-verify") for longest in (1000, 500_000)),
        ("--backend c", 500_000, ("decay_exp_(-", "0.999 * decay_exp_(-"), (1, "model decay, c module")),
    ],
)
def test_a_c_text_that_does_not_compile_or_is_wrong_is_never_written(
    project: Project, command: Run, monkeypatch: pytest.MonkeyPatch, options: str, longest: int, change: Any, end: Any
) -> None:
    """A build that names no backend writes C that it does not run, and still has the compiler read it."""
    forge(monkeypatch, *change)
    monkeypatch.setattr(building, "LONGEST", longest)
    done = command(f"build models.py {options}")
    assert (done.code, end[1] in done.err) == (end[0], True)
    assert not project.path("generated").exists()
