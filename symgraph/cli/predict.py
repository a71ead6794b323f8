"""``symgraph predict``: compute predictions of a built model for the rows of a file."""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

from symgraph.cli import shared
from symgraph.cli.current import load_model
from symgraph.cli.outputs import check_writable, predictions, write_out
from symgraph.cli.rows import Source, reading_of
from symgraph.cli.shared import option
from symgraph.cli.terminal import json_text, note, note_next
from symgraph.cli.weights import read_weights
from symgraph.errors import OptionError


def predict(
    model: shared.ModelName,
    weights: Annotated[Path, option("FILE|A=1,B=2", "Weights: a file of `train --save`, or themselves.")],
    data: shared.DataFile = None,
    out: Annotated[Path | None, option("FILE", "Write to this file instead of to stdout.")] = None,
    stream: shared.Streamed = False,
    drop_missing: shared.DropMissing = False,
    delimiter: shared.Delimiter = None,
    decimal: shared.Decimal = None,
    thousands: shared.Thousands = None,
    backend: shared.Backend = "auto",
    config: shared.ConfigFile = None,
    locked: shared.Locked = False,
    quiet: shared.Quiet = False,
    json: shared.Json = False,
) -> None:
    """Compute the output of each row and print it as CSV or JSON, with a column for each of several outputs.

    Of a likelihood of classes without an output it is the probability of each class.

    A row that --drop-missing leaves out has an empty output, or null in JSON: outputs stand beside the rows of the file.
    """
    module = load_model(model, config=config, locked=locked, quiet=quiet, backend=backend)
    columns = _columns(module)
    if not columns:
        raise OptionError(f"{module.MODEL} has no output to predict; give its spec a model.output(...)")
    check_writable("--out", out, predictions(_header(columns)), data, weights)
    w = read_weights(weights, module)
    reading = reading_of(drop_missing, delimiter, decimal, thousands)
    source = Source(module, data, reading, quiet)
    if source.in_blocks(stream, "--json has all outputs at once" if json else ""):
        with source.streamed(need_target=False) as rows:
            parts = rows.predictions(w)
            write_out(out, chain([_header(columns)], (text for part in parts for text in _lines(*part, len(columns)))))
    else:
        found = source.read(need_target=False)
        predicted = module.predict(w, found.X if found is not None else None)
        kept = None if found is None else found.kept
        if json:
            values = zip(*_placed(predicted, kept, len(columns)), strict=True)
            text = json_text({"model": module.MODEL, **dict(zip(columns, map(list, values), strict=True))})
            write_out(out, [f"{text}\n"])
        else:
            write_out(out, [_header(columns), *_lines(predicted, kept, len(columns))])
    if out is not None:
        note(f"predictions written to {out}", quiet=quiet)
    again = None if str(data) == "-" else data
    note_next("report", model, weights=weights, data=again, o=f"{module.MODEL}.html", quiet=quiet or json)


def _columns(module: Any) -> tuple[str, ...]:
    """Return the names of the outputs; of a likelihood of classes without one those of the classes."""
    kind, limit = module.METADATA.get("labels", ("number", None))
    classes = limit if kind == "class" and hasattr(module, "predict") else 0
    return tuple(module.OUTPUTS) or tuple(f"class_{number}" for number in range(classes))


def _header(columns: Sequence[str]) -> str:
    return f"{','.join(columns)}\n"


def _placed(predicted: Any, kept: Any, width: int) -> list[list[float | None]]:
    """Return the outputs of all rows, None in those that were left out."""
    table: list[list[float | None]] = predicted.reshape(-1, width).tolist()
    if kept is None:
        return table
    rows = iter(table)
    return [next(rows) if one else [None] * width for one in kept.tolist()]


def _lines(predicted: Any, kept: Any, width: int) -> Iterator[str]:
    rows = _placed(predicted, kept, width)
    return (",".join("" if one is None else repr(one) for one in row) + "\n" for row in rows)
