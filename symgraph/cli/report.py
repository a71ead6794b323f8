"""``symgraph report``: one page about a model on its data."""

from pathlib import Path
from typing import Annotated

import typer

from symgraph.cli.current import one_model, spec_of
from symgraph.cli.points import facts_of
from symgraph.cli.rows import DataFile, Decimal, Delimiter, DropMissing, Thousands, inputs_of, read_rows, reading_of
from symgraph.cli.terminal import (
    ConfigFile,
    ModelOrSpec,
    Quiet,
    check_writable,
    note,
    note_next,
    progress,
    write_out,
)
from symgraph.cli.train_options import batch_size_of
from symgraph.cli.weights import read_weights
from symgraph.errors import unknown_name


def report(
    model: ModelOrSpec,
    data: DataFile = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The page.")] = Path("report.html"),
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Show these weights; else those of the fit, or of the best run.")
    ] = None,
    rows: Annotated[int, typer.Option(metavar="N", help="Rows whose numbers the graph can show.")] = 10,
    optimizer: Annotated[str, typer.Option(metavar="LIST", help="Optimizers to compare.")] = "vanilla,momentum,adam",
    epochs: Annotated[int, typer.Option(metavar="N", help="Epochs of each run.")] = 100,
    batch_size: Annotated[str, typer.Option(metavar="N|all", help="Rows an update.")] = "1",
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of initial weights and shuffling.")] = 0,
    drop_missing: DropMissing = False,
    delimiter: Delimiter = None,
    decimal: Decimal = None,
    thousands: Thousands = None,
    config: ConfigFile = None,
    quiet: Quiet = False,
) -> None:
    """Write one HTML page about a model on its data, which loads nothing and can be sent as it is.

    It has the graph with its numbers, row by row, to step through forward and backward; the derivation; what was verified, and
    how accurate the module is; runs of several optimizers side by side; the fit; predictions and residuals.
    """
    from symgraph.report.contents import Choices, Data, gather
    from symgraph.report.page import page
    from symgraph.training import OPTIMIZERS
    from symgraph.training.options import count

    check_writable("--out", out, data, weights)
    count("--rows", rows)
    count("--epochs", epochs)
    count("--seed", seed, at_least=0)
    names = [name.strip() for name in optimizer.split(",")]
    for name in names:
        if name not in OPTIMIZERS:
            raise unknown_name("--optimizer:", name, OPTIMIZERS)
    one = one_model(model, config)
    facts = facts_of(one)
    reading = reading_of(drop_missing, delimiter, decimal, thousands)
    given = read_rows(facts, data, reading=reading, quiet=quiet)
    X, y = inputs_of(given)
    w = None if weights is None else read_weights(weights, facts)
    size = batch_size_of(batch_size, 1 if given is None else len(given))
    choices = Choices(w, f"weights of {weights}", {name: OPTIMIZERS[name] for name in names}, epochs, size, seed, rows)
    with progress(5 + len(names), one.name, quiet=quiet) as advance:
        text = page(gather(one, Data(X, y, "" if data is None else data.name), choices, advance))
    write_out(out, [text])
    note(f"report written to {out}; open it in a browser", quiet=quiet)
    spec = spec_of(model, config)
    note_next(*(("new", "NAME") if spec is None else ("build", spec, "--check")), quiet=quiet)
