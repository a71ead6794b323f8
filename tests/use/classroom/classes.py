"""Models and files of students for the tests of classes."""

import ast
import textwrap
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from symgraph.project.build.specs import read_spec
from symgraph.spec.model import Model
from symgraph.use.classroom.conventions import function_of
from symgraph.use.classroom.exercise import Exercise
from symgraph.use.classroom.grading import Grade, grade
from symgraph.use.classroom.process import Limits
from symgraph.use.classroom.role_judges import judges_of
from symgraph.use.classroom.verdicts import Verdict
from symgraph.use.classroom.worksheet import write_worksheet

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SPECS: Mapping[str, Path] = {
    "nine_weights": ROOT / "examples" / "nine_weights" / "model.py",
    "logistic": HERE / "specs" / "logistic.py",
    "perceptron": HERE / "specs" / "perceptron.py",
}
LOGISTIC = """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def forward_propagation(x, y, W):
    z = np.dot(W[:3], x) + W[3]
    p = sigmoid(z)
    return {"z": z, "p": p, "loss": -y * np.log(p) - (1 - y) * np.log(1 - p), "x": x, "y": y}
"""
"""A student's first functions of the logistic model."""
PATIENT = Limits(seconds=60.0)
"""Time enough on a machine that does other things too."""


def sections(file: str) -> dict[str, str]:
    """The texts of a file by their titles, of lines that begin with ===."""
    parts = [part.partition("\n") for part in (HERE / file).read_text(encoding="utf-8").split("=== ")[1:]]
    return {title: text for title, _, text in parts}


@cache
def model_of(name: str) -> Model:
    return read_spec(str(SPECS[name]), ROOT).models[0]


@cache
def solution_of(model: Model) -> str:
    """The teacher's solution of a model's worksheet."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "solution.py"
        write_worksheet(model, SPECS["logistic"], Path(folder) / "week", solution=file)
        return file.read_text(encoding="utf-8")


def written(file: Path, model: Model) -> list[str]:
    """The functions of a model that a file has."""
    try:
        tree = ast.parse(file.read_bytes())
    except SyntaxError:
        return []
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    return [role for role in judges_of(Exercise(model)) if function_of(role, names)]


def graded(folder: Path, text: str, model: str = "nine_weights", *functions: str, limits: Limits = PATIENT) -> Grade:
    """Grade the functions of a student's text: those of the given names, or else those that it has."""
    file = folder / "student.py"
    file.write_text(textwrap.dedent(text), encoding="utf-8")
    return grade(file, model_of(model), functions or written(file, model_of(model)), limits=limits)


def wrong(found: Grade) -> list[Verdict]:
    return [test for test in found.tests if not test.ok]


def marked(mark: str) -> list[str]:
    """The processes with a mark in their environment that are left a moment after their class has ended; Linux tells them."""
    for _ in range(20):
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if mark.encode() in (process / "environ").read_bytes():
                    found.append((process / "cmdline").read_text(errors="replace"))
            except OSError:
                continue
        if not found:
            break
        time.sleep(0.1)
    return found
