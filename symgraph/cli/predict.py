"""``symgraph predict``: predictions of a built model for the rows of a file."""

from pathlib import Path
from typing import Annotated, Any

import typer

from symgraph.cli.terminal import DataFile, Json, ModelName, check_writable, load_model, print_json, read_rows, read_weights


def predict(
    model: ModelName,
    weights: Annotated[Path, typer.Option(metavar="FILE", help="Weights that `symgraph train --save` wrote.")],
    data: DataFile = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write CSV here instead of to stdout.")] = None,
    json: Json = False,
) -> None:
    """Compute the output for each row and print it as CSV."""
    import numpy as np

    from symgraph.errors import OptionError

    module = load_model(model)
    if not module.OUTPUTS:
        raise OptionError(f"{module.MODEL} has no output to predict; give its spec a model.output(...)")
    if out is not None:
        check_writable("--out", out)
    w = read_weights(weights, module)
    rows = read_rows(module, data, need_target=False)
    values: list[Any] = np.atleast_1d(module.predict(w, rows.X if rows is not None else None)).tolist()
    if json:
        print_json({"model": module.MODEL, module.OUTPUTS[0]: values})
        return
    text = "\n".join([module.OUTPUTS[0], *map(repr, values)]) + "\n"
    if out is None:
        print(text, end="")
    else:
        _write(out, text)


def _write(path: Path, text: str) -> None:
    from symgraph.errors import OptionError
    from symgraph.files import replace_text

    try:
        replace_text(path, text)
    except OSError as error:
        raise OptionError(f"--out: {path} cannot be written: {error.strerror}") from error
