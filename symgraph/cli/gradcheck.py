"""``symgraph gradcheck``: check a module's derivatives against differences of its values."""

from pathlib import Path
from typing import Annotated

import typer

from symgraph.cli import shared
from symgraph.cli.beside_spec import beside_spec
from symgraph.cli.current import load_model
from symgraph.cli.rows import Source, inputs_of, reading_of
from symgraph.cli.shared import option
from symgraph.cli.terminal import note, note_next, print_json
from symgraph.cli.weights import read_weights


def gradcheck(
    model: shared.ModelName,
    data: shared.DataFile = None,
    weights: Annotated[Path | None, option("FILE|A=1,B=2", "Check at these weights; else at random ones.")] = None,
    points: Annotated[int, option("N", "Weight vectors to check at.")] = 4,
    rows: Annotated[int, option("N", "Rows to check at each.")] = 8,
    seed: Annotated[int, option("N", "Seed of all random numbers.")] = 0,
    backend: shared.Backend = "auto",
    drop_missing: shared.DropMissing = False,
    delimiter: shared.Delimiter = None,
    decimal: shared.Decimal = None,
    thousands: shared.Thousands = None,
    config: shared.ConfigFile = None,
    locked: shared.Locked = False,
    quiet: shared.Quiet = False,
    json: shared.Json = False,
) -> None:
    """Check the derivatives of a built model against differences; exit 1 if one is wrong or none could be judged.

    Differences know nothing of the formula and see no small faults. So where the spec is at hand, values and derivatives are
    also held against its exact values, as by `symgraph truth`, at 30 ordinary points and at the first rows of the data; exit 1
    as well if one is wrong.
    """
    from symgraph.data.options import MOST, count
    from symgraph.judge.differences import gradcheck as run

    module = load_model(model, config=config, locked=locked, quiet=quiet, backend=backend)
    count("--points", points, at_most=MOST)
    count("--rows", rows, at_most=MOST)
    count("--seed", seed, at_least=0)
    reading = reading_of(drop_missing, delimiter, decimal, thousands)
    has_loss = bool(module.METADATA["has_loss"])
    given = None if data is None else Source(module, data, reading, quiet).read(need_target=has_loss)
    X, y = inputs_of(given)
    w = None if weights is None else read_weights(weights, module)
    report = run(module, X, y, w=w, points=points, rows=rows, seed=seed)
    judged, lacking = None, ""
    if report.verdict != "failed":
        judged, lacking = beside_spec(model, module, report.points, (X, y), seed, config)
    if json:
        print_json(report.to_dict() | {"spec": None if judged is None else judged.to_dict()})
    else:
        print(report)
        if judged is not None:
            print(f"exact values of the spec: {judged.verdict().partition(': ')[2]}")
            for line in judged.points_to_paste() if judged.faults else ():
                print(line)
    if lacking:
        note(f"values were not held against the spec: {lacking}", quiet=quiet)
    if report.unjudged:
        note("a fault in the weights not judged would have gone unseen; try other --weights, --data or --seed", quiet=quiet)
    if report.verdict in ("failed", "nothing judged") or (judged is not None and judged.faults):
        note_next("truth", model, quiet=quiet or json)  # which says if the values are wrong, or the derivatives
        raise typer.Exit(1)
    if has_loss:
        note_next("train", model, data=data, save="weights.json", quiet=quiet or json)
    else:
        note_next("show", model, quiet=quiet or json)
