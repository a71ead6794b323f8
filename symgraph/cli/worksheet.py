"""``symgraph worksheet``: blank functions, data and graders of a model, for a class."""

from pathlib import Path
from typing import Annotated

import typer

from symgraph.cli import completion, shared
from symgraph.cli.shared import option
from symgraph.cli.terminal import nearer, note
from symgraph.errors import OptionError


def worksheet(
    spec: Annotated[
        str, typer.Argument(metavar="SPEC", help="A spec file, or a dotted module.", autocompletion=completion.models)
    ],
    out: Annotated[Path, option("DIR", "The folder for the class.", "--out", "-o")],
    data: Annotated[Path | None, option("FILE", "A CSV file with the model's columns; else rows are drawn.")] = None,
    solution: Annotated[Path | None, option("FILE", "Write the teacher's solution, outside the folder.")] = None,
    config: shared.ConfigFile = None,
    quiet: shared.Quiet = False,
) -> None:
    """Write a folder with blank functions, data and graders of a model; existing files are kept."""
    from symgraph.project.build.specs import read_spec
    from symgraph.project.settings.config import read_config
    from symgraph.use.classroom.worksheet import write_worksheet

    found = read_spec(spec, read_config(file=config).root)
    if len(found.models) > 1 and (data is not None or solution is not None):
        raise OptionError(f"{spec} has several models; --data and --solution need a spec with one")
    for model in found.models:
        folder = out / model.name if len(found.models) > 1 else out
        written, left = write_worksheet(model, found.path, folder, data=data, solution=solution)
        for path in written:
            print(nearer(path))
        for path in left:
            note(f"{nearer(path)} is left as it is; delete it to have it written anew", quiet=quiet)
    note(f"next: symgraph grade {nearer(out)}/functions.py --model {nearer(out)}/spec.py", quiet=quiet)
