"""``symgraph draw``: draw a model's graph, with the numbers of a row."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from symgraph.cli import shared
from symgraph.cli.current import models_of, one_model
from symgraph.cli.outputs import PICTURE, check_writable, file_of
from symgraph.cli.points import point_of
from symgraph.cli.rows import reading_of
from symgraph.cli.shared import option
from symgraph.cli.terminal import note, note_next


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
    """Draw the graph of a model from its inputs to its loss, with values and gradients if weights are given."""
    from symgraph.show.drawing.drawing import Drawing, format_of
    from symgraph.show.views.picture import pictured

    if out is not None:
        format_of(out)
    models = models_of(model, config) if weights is None else [one_model(model, config)]
    paths = {} if out is None else {one.name: file_of(out, one.name, [each.name for each in models]) for one in models}
    for path in paths.values():
        check_writable("--out", path, PICTURE, data, weights)
    reading = reading_of(True, delimiter, decimal, thousands)
    for one in models:
        point, words = point_of(one, weights, data, row, reading)
        drawing = Drawing(pictured(one, point, ops=ops, row=words))
        if out is None:
            sys.stdout.write(drawing._repr_svg_())
        else:
            drawing.save(paths[one.name])
            note(f"picture of {one.name} written to {paths[one.name]}", quiet=quiet)
        if drawing.picture.note:
            note(drawing.picture.note, quiet=quiet)
    note_next("report", model, data=data, weights=weights, o=f"{models[0].name}.html", quiet=quiet)
