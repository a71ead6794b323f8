"""``symgraph wheel``: a distribution of models that needs NumPy alone."""

from pathlib import Path
from typing import Annotated

import typer

from symgraph.cli import completion, shared
from symgraph.cli.shared import option
from symgraph.cli.terminal import nearer, note


def wheel(
    spec: Annotated[
        str, typer.Argument(metavar="SPEC", help="A spec file, or a dotted module.", autocompletion=completion.models)
    ],
    out: Annotated[Path, option("DIR", "Folder for the wheel.", "--out", "-o")] = Path("dist"),
    name: Annotated[str | None, option("NAME", "Name of the distribution. [the first model's]")] = None,
    version: Annotated[str, option("X.Y", "Version of the distribution.")] = "1.0",
    config: shared.ConfigFile = None,
    quiet: shared.Quiet = False,
) -> None:
    """Write a wheel of the models of a spec, verified, which runs where only NumPy is installed.

    It has the standalone module of each model, such as decay, and beside it decay_native, the same functions by compiled C for
    this kind of machine, if a C compiler and Python's headers are there.
    """
    from symgraph.project.build.wheel import wheel_of
    from symgraph.project.settings.config import read_config

    def tell(line: str) -> None:
        note(line, quiet=quiet)

    path = wheel_of(spec, read_config(file=config).root, out, version, tell, name)
    print(nearer(path))
    tell(f"next: pip install {nearer(path)}")
