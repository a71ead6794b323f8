"""``symgraph report``: one page about a model on its data."""

from pathlib import Path
from typing import Annotated

from symgraph.cli import shared
from symgraph.cli.current import one_model, spec_of
from symgraph.cli.outputs import PAGE, check_writable, write_out
from symgraph.cli.points import facts_of
from symgraph.cli.rows import Source, inputs_of, reading_of
from symgraph.cli.shared import option
from symgraph.cli.terminal import note, note_next, progress
from symgraph.cli.train_options import batch_size_of
from symgraph.cli.weights import read_weights
from symgraph.errors import OptionError, unknown_name


def report(
    model: shared.ModelOrSpec,
    data: shared.DataFile = None,
    out: Annotated[Path, option("FILE", "The page.", "--out", "-o")] = Path("report.html"),
    weights: Annotated[Path | None, option("FILE", "Show these weights; else those of the fit, or of the best run.")] = None,
    rows: Annotated[int, option("N", "Rows whose numbers the graph can show.")] = 10,
    optimizer: Annotated[str, option("LIST", "Train too, by these optimizers side by side: vanilla,adam.")] = "",
    epochs: Annotated[int | None, option("N", "Epochs of each run of --optimizer. [100]")] = None,
    batch_size: Annotated[str | None, option("N|all", "Rows an update of --optimizer. [1]")] = None,
    seed: Annotated[int, option("N", "Seed of initial weights and shuffling.")] = 0,
    drop_missing: shared.DropMissing = False,
    delimiter: shared.Delimiter = None,
    decimal: shared.Decimal = None,
    thousands: shared.Thousands = None,
    config: shared.ConfigFile = None,
    quiet: shared.Quiet = False,
) -> None:
    """Write one HTML page about a model on its data, which loads nothing and can be sent as it is.

    It has the graph with its numbers, row by row, to step through forward and backward; the derivation; what was verified, and
    how accurate the module is; the fit, predictions and residuals; with --optimizer runs of training side by side.
    """
    from symgraph.data.options import count
    from symgraph.use.report.contents import Choices, Data, gather
    from symgraph.use.report.page import page
    from symgraph.use.training import OPTIMIZERS

    check_writable("--out", out, PAGE, data, weights)
    count("--rows", rows)
    count("--epochs", 100 if epochs is None else epochs)
    count("--seed", seed, at_least=0)
    names = [name.strip() for name in optimizer.split(",")] if optimizer else []
    for value, what in ((epochs, "--epochs"), (batch_size, "--batch-size")):
        if value is not None and not names:
            raise OptionError(f"{what} is of training, which a report leaves out; --optimizer adam asks for it")
    for name in names:
        if name not in OPTIMIZERS:
            raise unknown_name("--optimizer:", name, OPTIMIZERS)
    one = one_model(model, config)
    facts = facts_of(one)
    reading = reading_of(drop_missing, delimiter, decimal, thousands)
    given = Source(facts, data, reading, quiet).read()
    X, y = inputs_of(given)
    w = None if weights is None else read_weights(weights, facts)
    size = batch_size_of(batch_size or "1", 1 if given is None else len(given))
    origin = f"the weights {'' if '=' in str(weights) else 'of '}{weights}"
    choices = Choices(w, origin, {name: OPTIMIZERS[name] for name in names}, epochs or 100, size, seed, rows)
    with progress(5 + len(names), one.name, quiet=quiet) as advance:
        text = page(gather(one, Data(X, y, "" if data is None else data.name), choices, advance))
    write_out(out, [text])
    note(f"report written to {out}; open it in a browser", quiet=quiet)
    spec = spec_of(model, config)
    note_next(*(("new", "NAME") if spec is None else ("build", spec, "--check")), quiet=quiet)
