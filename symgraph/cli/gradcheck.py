"""``symgraph gradcheck``: hold a module's derivatives against differences of its values."""

from pathlib import Path
from typing import Annotated

import typer

from symgraph.cli.terminal import DataFile, Json, ModelName, inputs_of, print_json, read_rows


def gradcheck(
    model: ModelName,
    data: DataFile = None,
    weights: Annotated[Path | None, typer.Option(metavar="FILE", help="Check at these weights; else at random ones.")] = None,
    points: Annotated[int, typer.Option(help="Weight vectors to check at.")] = 4,
    rows: Annotated[int, typer.Option(help="Rows to check at each.")] = 8,
    seed: Annotated[int, typer.Option(help="Seed of all that is drawn.")] = 0,
    json: Json = False,
) -> None:
    """Check the derivatives of a built model against differences; exit 1 if one is wrong."""
    from symgraph.gradcheck import gradcheck as run
    from symgraph.module import load
    from symgraph.weights import load_weights

    module = load(model)
    X, y = (None, None) if data is None else inputs_of(read_rows(module, data, need_target=module.METADATA["has_loss"]))
    w = None if weights is None else load_weights(weights, module)
    report = run(module, X, y, w=w, points=points, rows=rows, seed=seed)
    if json:
        print_json(report.to_dict())
    else:
        print(report)
    if not report.ok:
        raise typer.Exit(1)
