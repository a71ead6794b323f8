"""Commands as processes, beside a script that fits the same rows by SciPy's curve_fit: seconds from start to end, and ratios.

    python benchmarks/commands.py
    python benchmarks/commands.py --rounds 5 --commands 'fit, kept;--help'

Each round runs every command once, forwards and backwards in turn; a ratio is the median of the rounds' ratios, so that a
machine that is slow for a while is slow for both. The folder of compiled code is one of this run: "kept" finds its formula
there, "not kept" only the compiled library, "nothing compiled" an empty folder. Each command has run once before that.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any, NamedTuple

import machine
import numpy as np
from tables import names_of, number, report

FORMULA = "y ~ a*exp(-b*x) + c"
PEER = "curve_fit"
ROUNDS = 11

SCRIPT = """
import numpy as np
from scipy.optimize import curve_fit

x, y = np.loadtxt("rows.csv", delimiter=",", skiprows=1).T
w, covariance = curve_fit(lambda x, a, b, c: a * np.exp(-b * x) + c, x, y)
print(w, np.sqrt(np.diag(covariance)))
"""

SPEC = """
from sympy import exp

from symgraph import Model

model = Model("decay")
x, y = model.feature("x"), model.target("y")
a, b, c = model.weights("a b c", init=[1, 1, 1])
model.output("y_hat", a * exp(-b * x) + c)
model.loss("squared_error")
"""

SYMGRAPH = (sys.executable, "-m", "symgraph")
FIT = (*SYMGRAPH, "fit", FORMULA, "--data", "rows.csv")


class Command(NamedTuple):
    """A command, with the files of the folder of compiled code that are deleted before it runs."""

    words: tuple[str, ...]
    forgets: str = ""


COMMANDS: Mapping[str, Command] = {
    PEER: Command((sys.executable, "by_scipy.py")),
    "fit, kept": Command(FIT),
    "fit, not kept": Command(FIT, "*.formula*"),
    "fit, nothing compiled": Command(FIT, "*"),
    "fit a built model": Command((*SYMGRAPH, "fit", "decay", "--data", "rows.csv")),
    "predict": Command((*SYMGRAPH, "predict", "decay", "--data", "rows.csv", "--weights", "a=2.5,b=1.3,c=0.5")),
    "train, 10 epochs": Command((*SYMGRAPH, "train", "decay", "--data", "rows.csv", "--epochs", "10", "--save", "w.json")),
    "--help": Command((*SYMGRAPH, "--help")),
}
"""The commands by what they are called here; ratios are to the first."""

MOST: Mapping[str, float] = {
    "fit, kept": 1.6, "fit, nothing compiled": 8.0, "predict": 1.0, "train, 10 epochs": 1.0, "--help": 0.3,
}  # fmt: skip
"""Ratios that are promised."""


def main() -> None:
    """Run all commands in turns in a folder of their own, and print what they took."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"how often each command runs; {ROUNDS} if left out")
    parser.add_argument("--commands", help="names separated by semicolons; all if left out")
    parser.add_argument("--out", type=Path, help="write commands.json into this folder")
    options = parser.parse_args()
    names = [PEER, *(name for name in names_of(options.commands) or COMMANDS if name != PEER)]
    with tempfile.TemporaryDirectory() as folder:
        result = measured(Path(folder), names, options.rounds)
    head = ("command", "ms", "from", "to", f"of {PEER}", "at most")
    remarks = [f"{heading}: {text}" for heading, text in result["machine"].items()]
    remarks.append(", ".join(f"{name} {version}" for name, version in result["versions"].items()))
    title = f"Processes, {options.rounds} rounds, quartiles"
    report("commands", result, [(title, head, lines_of(result["seconds"]))], remarks, options.out)


def measured(folder: Path, names: Sequence[str], rounds: int) -> dict[str, Any]:
    """Time commands in a folder in which all that they need is made first."""
    env = os.environ | {"SYMGRAPH_CACHE": str(folder / "cache"), "PYTHONPATH": str(Path(__file__).parent.parent)}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # installed packages have their bytecode, too
    x = np.linspace(0.0, 5.0, 60)
    y = 2.5 * np.exp(-1.3 * x) + 0.5 + 0.02 * np.random.default_rng(1).normal(size=len(x))
    np.savetxt(folder / "rows.csv", np.column_stack([x, y]), "%.6f", delimiter=",", header="x,y", comments="")
    (folder / "by_scipy.py").write_text(SCRIPT, encoding="utf-8")
    (folder / "decay.py").write_text(SPEC, encoding="utf-8")
    run((*SYMGRAPH, "build", "decay.py"), folder, env)
    for name in names:
        run(COMMANDS[name].words, folder, env)
    spent: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds):
        for name in reversed(names) if turn % 2 else names:
            spent[name].append(timed(COMMANDS[name], folder, env))
    return {"machine": machine.describe(), "versions": machine.versions(("numpy", "scipy", "sympy")), "seconds": spent}


def timed(command: Command, folder: Path, env: Mapping[str, str]) -> float:
    """The seconds of one run, from the start of its process to its end."""
    cache, aside = folder / "cache" / "c", folder / "aside"
    if command.forgets:
        shutil.copytree(cache, aside)
        for path in cache.glob(command.forgets):
            path.unlink()
    begun = time.perf_counter()
    run(command.words, folder, env)
    spent = time.perf_counter() - begun
    if command.forgets:  # the others find all that was there
        shutil.rmtree(cache)
        aside.rename(cache)
    return spent


def run(words: Sequence[str], folder: Path, env: Mapping[str, str]) -> None:
    """Run a command and refuse one that fails."""
    done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} failed:\n{done.stderr}")


def lines_of(spent: Mapping[str, Sequence[float]]) -> list[list[str]]:
    """The lines of the table."""
    lines = []
    for name, seconds in spent.items():
        low, middle, high = quantiles(seconds, n=4) if len(seconds) > 1 else [*seconds] * 3
        ratio = median(one / peer for one, peer in zip(seconds, spent[PEER], strict=True))
        times = (f"{1e3 * value:.0f}" for value in (middle, low, high))
        lines.append([name, *times, number(ratio), number(MOST.get(name), 2)])
    return lines


if __name__ == "__main__":
    main()
