"""The first ten minutes of a newcomer: what the README says, as typed, with a wheel in an environment of its own."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from documents import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands() -> list[str]:
    """Return the lines of the README's first commands in order: the installation, a fit, and a model of one's own."""
    first = re.findall(r"^```(\w*)\n(.*?)^```$", README.split("\n## The command line")[0], re.MULTILINE | re.DOTALL)
    return [line for language, block in first if language == "" for line in block.splitlines()]


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A folder with the clone in it, and the variables of a shell in which a new environment is active."""
    folder = tmp_path_factory.mktemp("newcomer")
    subprocess.run([sys.executable, "-m", "venv", folder / "env"], check=True)
    made = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder / "dist", ROOT]
    subprocess.run(made, cwd=folder, check=True, capture_output=True)
    (folder / "symgraph").symlink_to(ROOT)
    # PYTHONPATH would let the installed command find the checkout instead of the wheel
    inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    path = os.pathsep.join([str(folder / "env" / "bin"), inherited["PATH"]])
    return folder, inherited | {"PATH": path, "MPLBACKEND": "agg", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def typed(line: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a line as a shell does."""
    done = subprocess.run(
        line, shell=True, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.mark.slow
def test_what_the_readme_says_works_as_typed_and_each_command_names_the_next(newcomer: tuple[Path, dict[str, str]]) -> None:
    install, formula, *own = commands()
    folder, environment = newcomer
    (wheel,) = (folder / "dist").glob("*.whl")
    assert "./symgraph[" in install
    typed(install.replace("./symgraph", str(wheel)) + " --quiet", folder, environment)  # the same files, without a copy
    assert "standard error" in typed(formula, folder, environment).stdout
    assert (folder / "fit.svg").is_file()
    assert [shlex.split(line)[1] for line in own] == ["new", "build", "fit", "draw", "report", "build"]
    for line, following in zip(own, [*own[1:], None], strict=True):
        last = typed(line, folder, environment).stderr.splitlines()[-1]
        assert following is None or last == f"next: {following}"
        if line.startswith("symgraph new"):  # as the README says, the formula is changed
            spec = folder / "growth.py"
            text = spec.read_text(encoding="utf-8")
            assert "1 - exp(-speed * dose)" in text
            spec.write_text(text.replace("1 - exp(-speed * dose)", "1 - exp(-speed * dose) ** 2"), encoding="utf-8")
    made = {"growth.py", "growth.csv", "weights.json", "growth.svg", "growth.html", "fit.svg", "generated"}
    assert {path.name for path in folder.iterdir()} == made | {"env", "dist", "symgraph"}
    # what the README does not begin with: checks, predictions, and the founding model, which comes with the package
    assert "passed" in typed("symgraph gradcheck growth --data growth.csv", folder, environment).stdout
    predicted = typed("symgraph predict growth --weights weights.json --data growth.csv", folder, environment)
    assert predicted.stdout.splitlines()[0] == "y_hat"
    assert len(predicted.stdout.splitlines()) == len((folder / "growth.csv").read_text(encoding="utf-8").splitlines())
    trained = typed("symgraph train nine_weights --data symgraph/data/nine_weights.csv --epochs 5", folder, environment)
    assert predicted.stderr.splitlines()[-1].startswith("next: ")
    assert "not converged" in trained.stderr.splitlines()[-1]  # with what to try
    assert "d loss / d w9" in typed("symgraph show nine_weights", folder, environment).stdout
