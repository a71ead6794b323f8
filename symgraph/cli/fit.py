"""``symgraph fit``: fit a built model, or a formula, to the rows of a file."""

import re
import sys
import warnings
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from symgraph.cli.current import load_model
from symgraph.cli.rows import (
    DataFile,
    Decimal,
    Delimiter,
    DropMissing,
    Streamed,
    Thousands,
    given_rows,
    reading_of,
)
from symgraph.cli.terminal import (
    Backend,
    ConfigFile,
    Json,
    Locked,
    Quiet,
    check_writable,
    note,
    print_json,
)


def fit(
    model: Annotated[
        str, typer.Argument(metavar="MODEL|SPEC|FORMULA", help="A built model, a spec, or a formula such as 'y ~ a*exp(-k*x)'.")
    ],
    data: DataFile = None,
    start: Annotated[str, typer.Option(metavar="A=1,B=2", help="Where the search starts; other weights are drawn.")] = "",
    fix: Annotated[str, typer.Option(metavar="A,B=2", help="Weights that stay at their start, or at a value.")] = "",
    bounds: Annotated[str, typer.Option(metavar="A=0:,B=1:2", help="Ranges of weights, in place of the spec's.")] = "",
    sigma: Annotated[str, typer.Option(metavar="COLUMN|NUMBER", help="Standard deviations of the observations.")] = "",
    sigma_x: Annotated[
        str, typer.Option("--sigma-x", metavar="COLUMN|NUMBER|X=...", help="Those of the features, beside --sigma.")
    ] = "",
    absolute_sigma: Annotated[
        bool, typer.Option("--absolute-sigma", help="Errors follow from --sigma, and not from the scatter.")
    ] = False,
    method: Annotated[str, typer.Option(metavar="NAME", help="The optimizer, as SciPy names it.")] = "auto",
    starts: Annotated[int, typer.Option(metavar="N", help="From how many starts to search.")] = 1,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of what is drawn.")] = 0,
    save: Annotated[Path | None, typer.Option(metavar="FILE", help="Save the weights as JSON.")] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the fit (.svg, .png, .pdf).")] = None,
    stream: Streamed = False,
    drop_missing: DropMissing = False,
    delimiter: Delimiter = None,
    decimal: Decimal = None,
    thousands: Thousands = None,
    backend: Backend = "auto",
    config: ConfigFile = None,
    locked: Locked = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Find the weights and their standard errors; exit 1 if the search did not converge.

    Of a formula, names that are columns of the file are features, and other names are weights, which start at 1.

    Example: symgraph fit "y ~ b1*(1 - exp(-b2*x))" --data misra1a.csv --start b1=500,b2=1e-4 --plot fit.svg
    """
    from symgraph.fitting import FitWarning
    from symgraph.fitting import fit as fitted
    from symgraph.io.weights import save_weights

    for option, path in (("--save", save), ("--plot", plot)):
        if path is not None:
            check_writable(option, path, data, plot if option == "--save" else None)
    if plot is not None:
        from symgraph.training.plots import check_plot_path

        check_plot_path(plot)
    begin, extras = _numbers("--start", start), ("feature-jacobian",) if sigma_x else ()
    reading, found = reading_of(drop_missing, delimiter, decimal, thousands), None
    if "~" in model:
        found, module = _of_formula(model, data, reading, begin, quiet, extras)
    elif _is_spec(Path(model)):
        module = _of_spec(model, extras)
    else:
        module = load_model(model, config=config, locked=locked, quiet=quiet, backend=backend)
    deviation, deviations_x = _sigma("--sigma", sigma, data), _sigma_x(sigma_x, data)
    columns = _columns(deviation, deviations_x)
    against = "a column of standard deviations is for rows in memory" if columns else ""
    against = "--sigma-x is for rows in memory" if sigma_x else "--plot draws all rows" if plot is not None else against
    rows = given_rows(module, data, reading, stream=stream, against=against, others=columns, found=found, quiet=quiet)
    with rows as given, warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)  # the report has them
        search: Any = partial(fitted, *given.inputs)
        result = search(
            start=begin or None,
            sigma=_values(deviation, given.others, columns),
            sigma_x=_values(deviations_x, given.others, columns),
            absolute_sigma=absolute_sigma,
            bounds=_ranges(bounds) if bounds else None,
            fixed=_fixed(fix),
            method=method,
            starts=starts,
            seed=seed,
        )
    if save is not None:
        save_weights(save, module, result.w)
    if plot is not None:
        from symgraph.fitting.plots import save_fit

        save_fit(result, plot)
    _show(result, json)
    for what, path in (("weights", save), ("plot", plot)):
        if path is not None:
            note(f"{what} written to {path}", quiet=quiet)
    if not result.success:
        raise typer.Exit(1)


def _show(result: Any, json: bool) -> None:
    """Print a fit: as JSON, with a ruled table on a terminal, else as plain text."""
    if json:
        print_json(result.to_dict())
    elif sys.stdout.isatty():
        from rich.console import Console

        Console().print(result)
    else:
        print(result.report())


def _of_formula(
    formula: str, data: Path | None, reading: Any, start: Mapping[str, float], quiet: bool, extras: tuple[str, ...]
) -> tuple[Any, Any]:
    """Return the file whose columns are the features, and the module of the formula."""
    from symgraph import Model, compile  # noqa: A004  the public name
    from symgraph.errors import OptionError
    from symgraph.io.data import column_names, known_file

    if data is None:
        raise OptionError("--data is missing; a formula's features are columns of a file")
    found = known_file(data)
    made = Model.from_formula(formula, column_names(found, reading), start)
    note(f"{formula}: weights {', '.join(one.name for one in made.weight_inputs)}", quiet=quiet)
    return found, compile(made, extras=extras)


def _is_spec(path: Path) -> bool:
    """Tell a spec from a generated module, which says its ABI."""
    if path.suffix != ".py" or not path.is_file():
        return False
    return re.search(rb"^ABI\b", path.read_bytes(), re.MULTILINE) is None


def _of_spec(path: str, extras: tuple[str, ...]) -> Any:
    """Compile the model of a spec in memory."""
    from symgraph import compile  # noqa: A004  the public name
    from symgraph.build.specs import read_spec
    from symgraph.errors import OptionError

    models = read_spec(path, Path.cwd()).models
    if len(models) > 1:
        names = ", ".join(model.name for model in models)
        raise OptionError(f"{path} defines {names}; build it, and give the name of one")
    return compile(models[0], extras=extras)


def _items(option: str, text: str) -> list[tuple[str, str | None]]:
    """Return names with what stands after their "=", None where there is none."""
    from symgraph.errors import OptionError

    items: dict[str, str | None] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not name or (equals and not value) or name in items:
            raise OptionError(f"{option}: {part!r} is not NAME=VALUE, or names a weight again")
        items[name] = value if equals else None
    return list(items.items())


def _number(option: str, name: str, text: str | None) -> float:
    from symgraph.errors import OptionError

    try:
        return float(text if text is not None else "")
    except ValueError:
        shown = "nothing" if text is None else repr(text)
        raise OptionError(f"{option}: {name} is {shown}, not a number; write {name}=1.5") from None


def _numbers(option: str, text: str) -> dict[str, float]:
    return {name: _number(option, name, value) for name, value in _items(option, text)}


def _fixed(text: str) -> dict[str, float | None] | None:
    return {name: None if value is None else _number("--fix", name, value) for name, value in _items("--fix", text)} or None


def _ranges(text: str) -> dict[str, tuple[float | None, float | None]]:
    from symgraph.errors import OptionError

    found: dict[str, tuple[float | None, float | None]] = {}
    for name, value in _items("--bounds", text):
        low, colon, high = (value or "").partition(":")
        if not colon:
            raise OptionError(f"--bounds: {name} needs LOW:HIGH, one of which may be left out, such as {name}=0:")
        found[name] = (
            _number("--bounds", name, low) if low.strip() else None,
            _number("--bounds", name, high) if high.strip() else None,
        )
    return found


def _sigma(option: str, text: str, data: Path | None) -> float | str | None:
    """Return the standard deviations: a number, or the name of a column of the file."""
    from symgraph.errors import OptionError

    try:
        return float(text) if text else None
    except ValueError:
        if data is None:
            raise OptionError(f"{option}: {text!r} is no number, and there is no file with such a column") from None
        return text


def _sigma_x(text: str, data: Path | None) -> Any:
    """Return the standard deviations of the features: of all, or of some by name; numbers or names of columns."""
    if "=" not in text:
        return _sigma("--sigma-x", text, data)
    return {name: _sigma("--sigma-x", value or "", data) for name, value in _items("--sigma-x", text)}


def _columns(*deviations: Any) -> tuple[str, ...]:
    """Return the names of the columns among standard deviations."""
    each = [one for some in deviations for one in (some.values() if isinstance(some, dict) else [some])]
    return tuple(dict.fromkeys(one for one in each if isinstance(one, str)))


def _values(deviation: Any, others: Any, columns: tuple[str, ...]) -> Any:
    """Return standard deviations with the values of columns in the place of their names."""
    if isinstance(deviation, dict):
        return {name: _values(one, others, columns) for name, one in deviation.items()}
    return others[:, columns.index(deviation)] if isinstance(deviation, str) else deviation
