"""The build hook of hatchling in a small project, found by its entry point."""

import zipfile

from project import Project

BUILD = ("-m", "build", "--no-isolation")


def test_a_wheel_has_the_files_of_a_build_even_if_git_ignores_them(project: Project) -> None:
    (project.folder / ".gitignore").write_text("generated/\n")
    done = project.python(*BUILD)  # an sdist, and from it the wheel
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(next((project.folder / "dist").glob("*.whl"))) as wheel:
        names = wheel.namelist()
        text = wheel.read("decaying/generated/decay.py")
    assert {"decaying/spec.py", "decaying/generated/decay_scalar.py", "decaying/generated/symgraph.lock.json"} <= set(names)
    assert text == (project.folder / "decaying" / "generated" / "decay.py").read_bytes()
    assert project.run("symgraph", "build", "--check", "--quiet").returncode == 0


def test_a_hook_that_checks_writes_nothing_and_refuses_stale_files(project: Project) -> None:
    project.edit("pyproject.toml", "[tool.hatch.build.hooks.symgraph]", "[tool.hatch.build.hooks.symgraph]\ncheck = true")
    done = project.python(*BUILD, "--wheel")
    assert done.returncode != 0
    assert "RuntimeError: symgraph build --check:" in done.stdout + done.stderr
    assert "missing" in done.stdout + done.stderr
    assert not (project.folder / "decaying" / "generated").exists()
    assert not list((project.folder / "dist").glob("*.whl"))
    assert project.run("symgraph", "build", "--quiet").returncode == 0
    assert project.python(*BUILD, "--wheel").returncode == 0


def test_a_spec_that_is_wrong_and_an_option_that_is_stop_the_build(project: Project) -> None:
    project.edit("decaying/spec.py", "exp(-k * t)", "exp(-k * q)")
    done = project.python(*BUILD, "--wheel")
    assert done.returncode != 0
    assert "RuntimeError: symgraph build:\nerror: decaying/spec.py:10: " in done.stdout + done.stderr
    project.edit("pyproject.toml", "[tool.hatch.build.hooks.symgraph]", "[tool.hatch.build.hooks.symgraph]\ncheck = 1")
    done = project.python(*BUILD, "--wheel")
    assert "[tool.hatch.build.hooks.symgraph] check must be true or false, not 1" in done.stdout + done.stderr
