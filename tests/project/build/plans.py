"""Plans for builds of lines, and what became of their files."""

from collections.abc import Callable
from pathlib import Path

from symgraph.project.build.outputs import BuildReport

SPEC = """
from symgraph import Model

{name} = Model("{name}", doc="{doc}")
x = {name}.feature("x")
a, b = {name}.weights("a b")
y = {name}.target("y")
{name}.loss((y - {name}.output("y_hat", {output})) ** 2)
"""

Write = Callable[..., None]


def spec_of(*names: str, output: str = "a * x + b", doc: str = "A line.") -> str:
    """The text of a spec of some models."""
    return "".join(SPEC.format(name=name, output=output, doc=doc) for name in names)


def states(report: BuildReport) -> dict[str, str]:
    """What became of each file, by its name."""
    return {output.path.name: output.state for output in report.outputs}


def contents(folder: Path) -> dict[str, bytes]:
    """The bytes of each file of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}
