"""``symgraph new``: a spec to start from."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from symgraph.cli import shared
from symgraph.cli.shared import option
from symgraph.cli.terminal import note, note_next
from symgraph.cli.weights import note_names, numbers
from symgraph.data.files import is_taken, write_new
from symgraph.errors import BuildError, OptionError

Kind = Literal["curve", "likelihood", "classifier", "control"]
"""The kinds of specs that there are to start from, each a file of ``templates/specs``."""


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the model; the file is NAME.py.")],
    kind: Annotated[Kind | None, option("KIND", "curve (without a formula), likelihood, classifier or control.")] = None,
    formula: Annotated[str, option("FORMULA", "Write the spec of a formula, as for fit.")] = "",
    data: Annotated[
        Path | None, option("FILE", "Data of the formula: its columns are features, not only x, t, x1, time.")
    ] = None,
    start: Annotated[str, option("A=1,B=2", "Start values of fits; others start at 1.")] = "",
    folder: Annotated[Path, option("DIR", "Folder for the spec.", "--dir")] = Path(),
    quiet: shared.Quiet = False,
) -> None:
    """Write a small commented spec that is ready to build.

    Also write NAME.csv with a few invented rows, unless this file exists or the spec is that of a --formula.
    """
    from types import SimpleNamespace

    from symgraph.compiler.backends.rendering import render
    from symgraph.spec.names import check_model_name

    check_model_name(name)
    if formula:
        if kind is not None:
            raise OptionError("--kind and --formula are two things to start from; give one")
        text = render("specs/formula.py.jinja", _of_formula(name, formula, data, start, quiet))
    elif data is not None or start:
        raise OptionError(f"{'--data' if data is not None else '--start'} is of a formula; give it by --formula")
    else:
        text = render(f"specs/{kind or 'curve'}.py.jinja", SimpleNamespace(name=name))
    path, rows = folder / f"{name}.py", folder / f"{name}.csv"
    there = BuildError(f"{path} exists already; choose another name, or delete it first")
    if is_taken(path):
        raise there
    # the spec comes last: who is stopped between the two may begin again
    written = [rows] if not formula and write_new(rows, render(f"specs/{kind or 'curve'}.csv", None)) else []
    if not write_new(path, text):
        raise there
    print(*map(str, [path, *written]), sep="\n")
    note_next("build", path, quiet=quiet)


def _of_formula(name: str, formula: str, data: Path | None, start: str, quiet: bool) -> Any:
    """Return what the spec of a formula says, and say on stderr which names are what."""
    from symgraph.data.reading import column_names
    from symgraph.spec.formula_code import code_of_formula, usual_columns
    from symgraph.spec.formula_text import names_of_columns

    init = numbers("--start", start)
    columns = usual_columns(formula, init) if data is None else column_names(data)
    code = code_of_formula(formula, columns, init, name)
    note_names(code.model, quiet=quiet)
    for column, own in names_of_columns(columns).items():
        if own != column and own in code.variables:
            note(f"call the column {column!r} {own} in data for {name}.py, whose columns are names of Python", quiet=quiet)
    return code
