"""``symgraph predict``: compute predictions of a built model for the rows of a file."""

from pathlib import Path
from typing import Annotated, Any

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
    check_writable,
    json_text,
    note,
    read_rows,
    read_weights,
)


def predict(
    model: ModelName,
    weights: Annotated[Path, typer.Option(metavar="FILE", help="Weights that `symgraph train --save` wrote.")],
    data: DataFile = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write to this file instead of to stdout.")] = None,
    backend: Backend = "auto",
    config: ConfigFile = None,
    locked: Locked = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Compute the output for each row and print it, as CSV if not as JSON; a column for each of several outputs."""
    import numpy as np

    from symgraph.errors import OptionError

    module = load_model(model, config=config, locked=locked, quiet=quiet, backend=backend)
    if not module.OUTPUTS:
        raise OptionError(f"{module.MODEL} has no output to predict; give its spec a model.output(...)")
    if out is not None:
        check_writable("--out", out, data, weights)
    w = read_weights(weights, module)
    rows = read_rows(module, data, need_target=False)
    outputs, predicted = module.OUTPUTS, module.predict(w, rows.X if rows is not None else None)
    table: list[list[Any]] = np.reshape(predicted, (-1, len(outputs))).tolist()
    if json:
        text = json_text({"model": module.MODEL, **dict(zip(outputs, map(list, zip(*table, strict=True)), strict=True))})
    else:
        text = "\n".join([",".join(outputs), *(",".join(map(repr, row)) for row in table)])
    if out is None:
        print(text)
    else:
        _write(out, f"{text}\n")
        note(f"predictions written to {out}", quiet=quiet)


def _write(path: Path, text: str) -> None:
    from symgraph.errors import OptionError
    from symgraph.io.files import write_file

    try:
        write_file(path, text)
    except OSError as error:
        raise OptionError(f"--out: {path} cannot be written: {error.strerror}") from error
