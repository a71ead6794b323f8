"""Help, version, wrong usage, and what the commands import."""

import re
import subprocess
import sys
from importlib.metadata import version

import pytest
from command_line import Project, Run, environment

from symgraph.cli import COMMANDS
from symgraph.training import OPTIMIZERS

# Runs command lines in one process and prints which heavy modules it has loaded in the end.
PROBE = """
import contextlib, io, sys
from symgraph.cli import main
for line in {lines!r}:
    sys.argv = ["symgraph", *line.split()]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            main()
        except SystemExit as end:
            assert not end.code, line
print(*sorted({{"numpy", "sympy", "mpmath", "jinja2", "matplotlib"}} & set(sys.modules)))
"""


def loaded(project: Project, *lines: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(lines=lines)],
        cwd=project.root,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_help_loads_no_heavy_module(built: Project) -> None:
    assert loaded(built, "--help", "--version", *(f"{name} --help" for name in COMMANDS)) == ""


def test_commands_on_built_modules_load_no_sympy_and_no_jinja(built: Project) -> None:
    lines = (
        "train decay --data rows.csv --epochs 1",
        "gradcheck decay --points 1",
        "predict decay --data rows.csv --weights weights.json",
    )
    assert loaded(built, *lines) == "numpy"


def test_help_names_every_command(command: Run) -> None:
    done = command("--help")
    assert done.code == 0
    assert all(f"\n  {name} " in done.out for name in COMMANDS)
    assert done.err == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_fits_80_columns(command: Run, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = command(name, "--help")
    assert done.code == 0
    assert f"symgraph {name} " in done.out
    assert max(map(len, done.out.splitlines())) <= 80


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_names_values_in_capitals_and_not_by_types_of_python(command: Run, name: str) -> None:
    shown = command(name, "--help").out
    assert not re.search(r"<(int|float|list)|\{[a-z]", shown), shown


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_told_to_be_quiet(command: Run, name: str) -> None:
    assert "-q, --quiet" in command(name, "--help").out


def test_help_of_train_states_the_default_rates_that_training_has(command: Run) -> None:
    assert "[0.001 for adam and adamw, else 0.01]" in " ".join(command("train", "--help").out.split())
    assert {name: optimizer.rate_at(0) for name, optimizer in OPTIMIZERS.items()} == {
        "vanilla": 0.01,
        "sgd": 0.01,
        "momentum": 0.01,
        "nesterov": 0.01,
        "rmsprop": 0.01,
        "adam": 0.001,
        "adamw": 0.001,
    }


def test_version_is_that_of_the_distribution(command: Run) -> None:
    assert command("--version").out.strip() == version("symgraph-codegen")


def test_no_command_shows_help_on_stderr_and_fails(command: Run) -> None:
    done = command()
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("Usage: ")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("frobnicate", "'frobnicate'"),
        ("train decay --learning-rate 1", "--learning-rate"),
        ("train", "'MODEL'"),
        ("train decay rows.csv", "rows.csv"),
        ("train decay --epochs 1.5", "--epochs"),
        ("train decay --lr fast", "--lr"),
        ("train decay --lr", "--lr"),
        ("predict decay --data rows.csv", "--weights"),
        ("show decay --format pdf", "'pdf'"),
        ("gradcheck decay --points many", "--points"),
    ],
)
def test_wrong_usage_is_one_line_that_points_to_help(command: Run, line: str, fault: str) -> None:
    done = command(*line.split())
    assert (done.code, done.out) == (2, "")
    (message,) = done.err.splitlines()
    assert message.startswith("error: ")
    assert fault in message
    assert message.endswith("--help`")
