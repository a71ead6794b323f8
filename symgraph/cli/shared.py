"""Options that several commands share."""

from collections.abc import Callable, Iterable
from dataclasses import MISSING, fields
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, get_type_hints

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


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """Make a command of a function that takes a frozen dataclass as ``options``, whose fields are the command's parameters.

    One that has a parameter ``context`` is given typer's, which says what was typed.
    """
    taken = signature(command).parameters
    kind: Any = taken["options"].annotation

    def run(context: typer.Context, **given: Any) -> None:
        command(*([context] if "context" in taken else []), kind(**given))

    hints = {"context": typer.Context, **get_type_hints(kind, include_extras=True)}
    defaults = {one.name: one.default for one in fields(kind) if one.default is not MISSING}
    parameters = [Parameter(name, Parameter.KEYWORD_ONLY, annotation=hint) for name, hint in hints.items()]
    made: Any = run  # typer reads what a function says of itself
    made.__signature__ = Signature([one.replace(default=defaults.get(one.name, one.default)) for one in parameters])
    made.__annotations__ = hints
    run.__name__, run.__doc__, run.__module__ = command.__name__, command.__doc__, command.__module__
    return run


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
