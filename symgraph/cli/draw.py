"""``symgraph draw``: draw a model's graph, with the numbers of a row."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from symgraph.cli import shared
from symgraph.cli.current import models_of
from symgraph.cli.points import facts_of
from symgraph.cli.rows import read_rows, reading_of
from symgraph.cli.shared import option
from symgraph.cli.terminal import check_writable, file_of, note, note_next
from symgraph.cli.weights import read_weights
from symgraph.errors import OptionError

if TYPE_CHECKING:
    from symgraph.io.data import Dataset, Reading
    from symgraph.spec.model import Model


def draw(
    model: shared.ModelOrSpec,
    out: Annotated[
        Path | None, option("FILE", "Picture: .svg, .png, .dot, .gv or .mmd. [SVG to stdout]", "--out", "-o")
    ] = None,
    weights: Annotated[
        Path | None, option("FILE|A=1,B=2", "Show values and gradients at these weights, of a row of --data.")
    ] = None,
    data: shared.DataFile = None,
    row: Annotated[int | None, option("N", "The row of --data, counted from 0. [0]")] = None,
    ops: Annotated[bool, typer.Option("--ops", help="Draw every operation, not only named nodes.")] = False,
    delimiter: shared.Delimiter = None,
    decimal: shared.Decimal = None,
    thousands: shared.Thousands = None,
    config: shared.ConfigFile = None,
    quiet: shared.Quiet = False,
) -> None:
    """Draw the graph of a model from its inputs to its loss: what uses what, with values and gradients if weights are given."""
    from symgraph.drawing.drawing import Drawing, format_of
    from symgraph.views.picture import pictured

    if out is not None:
        format_of(out)
        check_writable("--out", out, data, weights)
    models = models_of(model, config)
    if weights is None and (data is not None or row is not None):
        raise OptionError(
            f"{'--row' if data is None else '--data'}: numbers need weights; give --weights FILE, or leave it out"
        )
    if weights is not None and len(models) > 1:
        names = ", ".join(one.name for one in models)
        raise OptionError(f"--weights: {model} has several models ({names}); build them, and name the one that is meant")
    for one in models:
        point, words = None, ""
        if weights is not None:
            point, words = _numbers(one, weights, data, row or 0, reading_of(True, delimiter, decimal, thousands))
        drawing = Drawing(pictured(one, point, ops=ops, row=words))
        if out is None:
            sys.stdout.write(drawing._repr_svg_())
        else:
            path = file_of(out, one.name, [each.name for each in models])
            drawing.save(path)
            note(f"picture of {one.name} written to {path}", quiet=quiet)
        if drawing.picture.note:
            note(drawing.picture.note, quiet=quiet)
    numbers = () if weights is None else ("--weights", weights)
    note_next(
        "report", model, *(() if data is None else ("--data", data)), *numbers, "-o", f"{models[0].name}.html", quiet=quiet
    )


def _numbers(model: "Model", weights: Path, data: Path | None, row: int, reading: "Reading") -> tuple[dict[str, float], str]:
    """Return the value of every input, and words for the row."""
    from symgraph.views.model import cells_of, point_of

    facts = facts_of(model)
    w, rows = read_weights(weights, facts), read_rows(facts, data, reading=reading)
    at = "at the weights given" if "=" in weights.name else f"at the weights of {weights.name}"  # boxes have the numbers
    if rows is None or data is None:
        return point_of(model, w, None), at
    cells = cells_of(rows.X, rows.y, _place(rows, data, row))
    return point_of(model, w, cells), f"row {row} of {data.name}, {at}"


def _place(rows: "Dataset", data: Path, row: int) -> int:
    """Return the place of a row of the file among those that were read; rows with a missing cell were not."""
    total = len(rows) if rows.kept is None else len(rows.kept)
    if not 0 <= row < total:
        raise OptionError(f"--row: there is no row {row} in {data}, whose rows are 0 to {total - 1}")
    if rows.kept is None:
        return row
    if not rows.kept[row]:
        raise OptionError(f"--row: a cell of row {row} of {data} is missing; choose another row")
    return int(rows.kept[:row].sum())
