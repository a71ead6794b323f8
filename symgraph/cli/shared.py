"""Options that several commands share."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from symgraph.cli import completion


def option(metavar: str, text: str, *names: str, completes: Callable[[str], list[str]] | Iterable[str] | None = None) -> Any:
    """Declare an option that has a value.

    Args:
        metavar: the word that stands for the value in the help.
        text: of the help.
        names: where they are not the parameter's.
        completes: names that the shell completes, or their table's place, see `completion.of_several`; or a function that does.
    """
    complete = completes if callable(completes) or completes is None else completion.of_several(completes)
    return typer.Option(*names, metavar=metavar, help=text, autocompletion=complete)


Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes on stderr.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
BUILT = typer.Argument(
    metavar="MODEL", help="A built model's name, or the path of its module.", autocompletion=completion.built_models
)
ModelName = Annotated[str, BUILT]
ModelOrSpec = Annotated[
    str,
    typer.Argument(
        metavar="MODEL", help="A model's name, its module, or a spec file or dotted module.", autocompletion=completion.models
    ),
]
Backend = Annotated[
    str,
    option(
        "NAME",
        "Backend that computes: native (the compiled C file beside the module), numpy, or auto.",
        completes=("auto", "native", "numpy"),
    ),
]
ConfigFile = Annotated[Path | None, option("FILE", "The project's settings; else the nearest pyproject.toml.")]
Locked = Annotated[bool, typer.Option("--locked", help="Refuse a module older than its spec; else it is rebuilt.")]
DataFile = Annotated[Path | None, option("FILE", "Rows: .csv, .tsv, .parquet, .arrow, .npy, .pkl, or - for stdin.")]
DropMissing = Annotated[
    bool, typer.Option("--drop-missing", help="Leave out rows with a missing cell, and print their number.")
]
Delimiter = Annotated[str | None, option("SIGN", "Delimiter of text: , ; | tab space. [found in its first line]")]
Decimal = Annotated[str | None, option("SIGN", "Decimal sign of text: . or , [found in its first rows]")]
Thousands = Annotated[str | None, option("SIGN", "Sign between groups of digits of text. [none]")]
Streamed = Annotated[bool, typer.Option("--stream", help="Read the rows in blocks, as for files above 1 GiB.")]
Row = Annotated[int | None, option("N", "The row of --data whose numbers are shown, from 0. [0]")]
WeightsFile = Annotated[
    Path | None, option("FILE|A=1,B=2", "Weights for the numbers: a file of `train --save`, or themselves.")
]
