"""A small built project, of which cases have copies."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from symgraph import load
from symgraph.data.weights import save_weights

ROOT = Path(__file__).parents[2]

SPEC = '''"""Exponential decay."""

import sympy as sp

from symgraph import Model

model = Model("decay")
t = model.feature("t", domain=(0, 5))
y = model.target("y")
a, k = model.weights("a k", init=1.0)
model.residual(model.output("level", a * sp.exp(-k * t)) - y)
'''
SETTINGS = '[tool.symgraph]\nmodels = ["decay.py"]\nbackends = ["numpy", "scalar", "c"]\n'
ROWS = "t,y\n" + "".join(f"{t / 4},{2 * 0.7 ** (t / 4):.6f}\n" for t in range(12))


def write_sources(folder: Path) -> None:
    """Write the settings, the spec and the data of the project, of which nothing is built."""
    for name, text in (("pyproject.toml", SETTINGS), ("decay.py", SPEC), ("rows.csv", ROWS)):
        (folder / name).write_text(text)


@cache
def built() -> Path:
    """Return the project: decay.py, rows.csv, weights.json, and generated/ with decay.py, decay_scalar.py and decay.c."""
    folder = Path(mkdtemp(prefix="attacked-"))
    write_sources(folder)
    command = [sys.executable, "-m", "symgraph", "build", "--quiet"]
    subprocess.run(command, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, check=True)
    save_weights(folder / "weights.json", load(folder / "generated" / "decay.py"), [2.0, 0.4])
    return folder


def copied(folder: Path) -> None:
    """Copy the project into an empty folder."""
    shutil.copytree(built(), folder, dirs_exist_ok=True)
