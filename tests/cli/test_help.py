"""Help, version, wrong usage, and what the commands import."""

import re
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from command_line import SPEC, Project, Run, environment

from symgraph.cli import COMMANDS
from symgraph.training import OPTIMIZERS, SCHEDULES

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


def test_the_help_of_every_command_ends_with_an_example_that_runs(
    command: Run, built: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(built.root, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    Path("decay.py").write_text(SPEC.partition("valley = ")[0], encoding="utf-8")
    assert command("worksheet", "decay.py", "-o", "week2", "--solution", "student.py").code == 0
    for name in COMMANDS:
        *_, head, example = command(name, "--help").out.splitlines()
        assert head.strip() == "Example:"
        program, *words = shlex.split(example)
        assert (program, words[0]) == ("symgraph", name)
        done = command(*words)
        assert done.code == 0, f"{example}: {done.err}"
    assert command("--help").out.endswith("  Example:\n    symgraph new peak\n")


def completed(project: Project, line: str) -> list[str]:
    """Words that bash is told at the end of a line."""
    words = line.split(" ")
    asked = {"_SYMGRAPH_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv[0] = 'symgraph'; from symgraph.cli import main; main()"],
        cwd=project.root,
        env=environment(**asked),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("symgraph gradcheck de", ["decay", "decay_scalar"]),
        ("symgraph show mo", ["models.py"]),
        ("symgraph train decay --optimizer adam,ve", []),
        ("symgraph train decay --optimizer adam,mo", ["adam,momentum"]),
        ("symgraph train decay --schedule co", ["constant", "cosine"]),
        ("symgraph pre", ["predict"]),
    ],
)
def test_a_shell_completes_commands_models_and_names_of_options(built: Project, line: str, names: list[str]) -> None:
    assert completed(built, line) == names


def test_help_says_how_to_install_completion(command: Run) -> None:
    assert "--install-completion" in command("--help").out


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("trian decay", "train"),
        ("train decay --epoch 3", "--epochs"),
        ("show decay --format text2", "text"),
        ("train decai --data rows.csv", "decay"),
        ("train decay --data rows.csv --optimizer adma", "adam"),
        ("train decay --data rows.csv --schedule cosin", "cosine"),
        ("train decay --data rows.csv --backend scaler", "scalar"),
        ("truth decay --kinds norml", "normal"),
        ("build models.py --with hesian", "hessian"),
        ("build models.py --backend nunpy", "numpy"),
        ("fit decay --data rows.csv --fix ratee", "rate"),
        ("fit decay --data rows.csv --method lesat_squares", None),
        ("predict decay --data short.csv --weights weights.json", "tim"),
    ],
)
def test_an_unknown_name_is_answered_with_the_one_that_was_meant(
    command: Run, built: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str, meant: str | None
) -> None:
    for name in ("models.py", "rows.csv", "weights.json", "generated"):
        (tmp_path / name).symlink_to(built.path(name))
    (tmp_path / "short.csv").write_text("tim\n1\n", encoding="utf-8")
    done = command(*line.split())
    assert done.code == 2
    assert (f"did you mean {meant}?" if meant else "did you mean") in done.err or meant is None


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


def test_help_of_train_names_every_optimizer_and_schedule(command: Run) -> None:
    words = set(re.findall(r"\w+", command("train", "--help").out))
    assert words >= {*OPTIMIZERS, *SCHEDULES}


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
