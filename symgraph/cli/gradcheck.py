"""``symgraph gradcheck``: check a module's derivatives against differences of its values."""

from pathlib import Path
from typing import Annotated

import typer

from symgraph.cli.current import load_model
from symgraph.cli.terminal import (
    Backend,
    ConfigFile,
    DataFile,
    Json,
    Locked,
    ModelName,
    Quiet,
    inputs_of,
    note,
    print_json,
    read_rows,
    read_weights,
)


def gradcheck(
    model: ModelName,
    data: DataFile = None,
    weights: Annotated[Path | None, typer.Option(metavar="FILE", help="Check at these weights; else at random ones.")] = None,
    points: Annotated[int, typer.Option(metavar="N", help="Weight vectors to check at.")] = 4,
    rows: Annotated[int, typer.Option(metavar="N", help="Rows to check at each.")] = 8,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of all that is drawn.")] = 0,
    backend: Backend = "auto",
    config: ConfigFile = None,
    locked: Locked = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Check the derivatives of a built model against differences; exit 1 if one is wrong or none could be judged."""
    from symgraph.gradcheck import gradcheck as run
    from symgraph.training.options import count

    module = load_model(model, config=config, locked=locked, quiet=quiet, backend=backend)
    count("--points", points)
    count("--rows", rows)
    count("--seed", seed, at_least=0)
    X, y = (None, None) if data is None else inputs_of(read_rows(module, data, need_target=module.METADATA["has_loss"]))
    w = None if weights is None else read_weights(weights, module)
    report = run(module, X, y, w=w, points=points, rows=rows, seed=seed)
    if json:
        print_json(report.to_dict())
    else:
        print(report)
    if report.unjudged:
        note("a fault in the weights not judged would have gone unseen; try other --weights, --data or --seed", quiet=quiet)
    if report.verdict in ("failed", "nothing judged"):
        raise typer.Exit(1)
