"""A small project of its own, and its commands, where symgraph is installed with its plugins."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]

SPEC = """
from sympy import exp

from symgraph import Model

model = Model("decay")
t = model.feature("t", domain=(0, 5))
y = model.target("y")
a, k = model.weights("a k", init=1.0)
model.output("level", a * exp(-k * t))
model.loss("squared_error")
"""

SETTINGS = """
[build-system]
requires = ["hatchling", "symgraph-codegen"]
build-backend = "hatchling.build"

[project]
name = "decaying"
version = "1.0"

[tool.hatch.build.hooks.symgraph]

[tool.symgraph]
models = ["decaying/spec.py"]
out = "decaying/generated"
backends = ["numpy", "scalar"]
"""

TEST = """
import symgraph
from symgraph.testing import assert_gradients


def test_the_gradients_are_right():
    assert_gradients(symgraph.load("decay"))
"""


@dataclass(frozen=True)
class Project:
    """A folder, and commands run in it."""

    folder: Path
    installed: Path

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command, with Python's own programs and those of symgraph at hand."""
        path = os.pathsep.join([str(self.installed / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
        environment = os.environ | {"PYTHONPATH": str(self.installed), "PATH": path, "NO_COLOR": "1"} | variables
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300, check=False
        )

    def python(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, *words)

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text(encoding="utf-8")
        assert old in text
        (self.folder / name).write_text(text.replace(old, new), encoding="utf-8")


def new_project(installed: Path, folder: Path) -> Project:
    """Write a project with a spec and a test, of which nothing has been built."""
    for name, text in (("pyproject.toml", SETTINGS), ("decaying/spec.py", SPEC), ("tests/test_decay.py", TEST)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "decaying" / "__init__.py").touch()
    return Project(folder, installed)
