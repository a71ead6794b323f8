"""``symgraph new``: a spec to start from."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

import typer

from symgraph.cli.terminal import Quiet, note_next

Kind = Literal["curve", "likelihood", "classifier", "control"]
"""The kinds of specs that there are to start from, each a file of ``templates/specs``."""


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the model; the file is NAME.py.")],
    kind: Annotated[Kind, typer.Option(metavar="KIND", help="curve, likelihood, classifier or control.")] = "curve",
    folder: Annotated[Path, typer.Option("--dir", metavar="DIR", help="Folder for the spec.")] = Path(),
    quiet: Quiet = False,
) -> None:
    """Write a small commented spec that builds at once, and a few rows of made-up data for it, unless NAME.csv is there."""
    from types import SimpleNamespace

    from symgraph.backends.rendering import render
    from symgraph.errors import BuildError
    from symgraph.spec.names import check_model_name

    check_model_name(name)
    text = render(f"specs/{kind}.py.jinja", SimpleNamespace(name=name))
    path = folder / f"{name}.py"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise BuildError(f"{path} exists already; choose another name, or delete it first") from None
    except OSError as error:
        raise BuildError(f"{path} cannot be written: {error.strerror}") from error
    print(path)
    with suppress(FileExistsError), path.with_suffix(".csv").open("x", encoding="utf-8", newline="\n") as file:
        file.write(render(f"specs/{kind}.csv", None))
        print(file.name)
    note_next("build", path, quiet=quiet)
