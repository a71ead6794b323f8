"""Help, version, wrong usage, and what the commands import."""

import re
import shlex
import subprocess
import sys
from importlib.metadata import version
from typing import get_type_hints

import pytest
from command_line import SPEC, Project, Run, environment

from symgraph.cli import COMMANDS
from symgraph.cli.train_options import TrainOptions
from symgraph.use.training import OPTIMIZERS, SCHEDULES

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


def printed(project: Project, code: str, **env: str) -> list[str]:
    """Words that a Python of its own prints in a project."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=project.root, env=environment(**env), capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_help_loads_no_heavy_module_and_commands_on_built_modules_load_numpy_alone(built: Project) -> None:
    lines = "--help", "--version", *(f"{name} --help" for name in COMMANDS)
    assert printed(built, PROBE.format(lines=lines)) == []
    lines = (
        "train decay --data rows.csv --epochs 1",
        "predict decay --data rows.csv --weights weights.json",
    )
    assert printed(built, PROBE.format(lines=lines)) == ["numpy"]


def test_help_names_every_command_and_version_is_that_of_the_distribution(command: Run) -> None:
    done = command("--help")
    assert (done.code, done.err) == (0, "")
    assert all(f"\n  {name} " in done.out for name in COMMANDS)
    assert "--install-completion" in done.out
    assert command("--version").out.strip() == version("symgraph-codegen")
    done = command()
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("Usage: ")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_80_columns_and_names_values_in_capitals(command: Run, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = command(f"{name} --help")
    assert done.code == 0
    assert f"symgraph {name} " in done.out
    assert max(map(len, done.out.splitlines())) <= 80
    assert "-q, --quiet" in done.out
    assert not re.search(r"<(int|float|list)|\{[a-z]", done.out), done.out  # types of Python
    assert name != "grade" or "no sandbox" in " ".join(done.out.split())


def test_the_help_of_every_command_ends_with_an_example_that_runs(command: Run, copy: Project) -> None:
    copy.write("decay.py", SPEC.partition("valley = ")[0])
    assert command("worksheet decay.py -o week2 --solution student.py").code == 0
    for name in COMMANDS:
        *_, head, example = command(name, "--help").out.splitlines()
        assert head.strip() == "Example:"
        program, *words = shlex.split(example)
        assert (program, words[0]) == ("symgraph", name)
        done = command(*words)
        assert done.code == 0, f"{example}: {done.err}"
    assert command("--help").out.endswith("  Example:\n    symgraph new peak\n")


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
    words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
    code = "import sys; sys.argv[0] = 'symgraph'; from symgraph.cli import main; main()"
    assert printed(built, code, _SYMGRAPH_COMPLETE="complete_bash", **words) == names


def test_help_of_train_states_the_default_rates_and_names_every_optimizer_and_schedule(command: Run) -> None:
    shown = " ".join(command("train --help").out.split())
    assert "[0.001 for adam and adamw, else 0.01]" in shown
    rates = {name: 0.001 if name in ("adam", "adamw") else 0.01 for name in OPTIMIZERS}
    assert {name: optimizer.rate_at(0) for name, optimizer in OPTIMIZERS.items()} == rates
    assert set(re.findall(r"\w+", shown)) >= {*OPTIMIZERS, *SCHEDULES}
    parameters = {p.name for one in OPTIMIZERS.values() for p in one.parameters}
    assert all(f"--{name.replace('_', '-')} " in shown for name in parameters)
    told = {name: hint.__metadata__[0].help for name, hint in get_type_hints(TrainOptions, include_extras=True).items()}
    for parameter in parameters:  # "rmsprop, adam: ..." names all that have it
        having = [name for name, one in OPTIMIZERS.items() if parameter in {p.name for p in one.parameters}]
        assert told[parameter].startswith(f"{', '.join(having)}: ")
