"""Options of ``symgraph fit``, and what they say of a search: start values, names of weights, ranges, deviations."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any

import typer

from symgraph.cli import completion, shared
from symgraph.cli.data_sets import Deviation, Deviations
from symgraph.cli.shared import option
from symgraph.cli.weights import number, numbers, pairs, real
from symgraph.errors import OptionError, SpecError, did_you_mean


@dataclass(frozen=True)
class FitOptions:
    """The command's arguments and options, each a field of its name."""

    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL|SPEC|FORMULA",
            help="A built model, a spec, or a formula such as 'y ~ a*exp(-k*x)'.",
            autocompletion=completion.models,
        ),
    ]
    data: Annotated[
        list[Path] | None,
        option("FILE", "Rows: .csv, .tsv, .parquet, .arrow, .npy, .pkl, - for stdin; again for more data sets."),
    ] = None
    group_by: Annotated[str, option("COLUMN", "The column that says to which data set a row belongs.")] = ""
    share: Annotated[str | None, option("A,B", "Weights that are the same in all data sets; '' for none.")] = None
    start: Annotated[str, option("A=1,B=2", "Start values; other weights start as in the spec, or at 1 in a formula.")] = ""
    fix: Annotated[str, option("A,B=2", "Weights that stay at their start, or at a value.")] = ""
    bounds: Annotated[str, option("A=0:,B=1:2", "Ranges of weights, in place of the spec's.")] = ""
    sigma: Annotated[
        str | None, option("COLUMN|NUMBER|FORMULA", "Standard deviations of the observations, such as 0.05*v.")
    ] = None
    sigma_x: Annotated[
        str | None, option("COLUMN|NUMBER|X=...", "Standard deviations of the features, in addition to --sigma.")
    ] = None
    absolute_sigma: Annotated[
        bool, typer.Option("--absolute-sigma", help="Standard errors follow from --sigma alone, not from the scatter.")
    ] = False
    method: Annotated[str, option("NAME", "The optimizer, as SciPy names it.")] = "auto"
    starts: Annotated[int | None, option("N", "From how many starts to search; 1 for one search.")] = None
    seed: Annotated[int, option("N", "Seed of what is drawn.")] = 0
    save: Annotated[Path | None, option("FILE", "Save the weights as JSON; -LABEL is added for several data sets.")] = None
    plot: Annotated[Path | None, option("FILE", "Draw the fit (.svg, .png, .pdf).")] = None
    stream: shared.Streamed = False
    drop_missing: shared.DropMissing = False
    delimiter: shared.Delimiter = None
    decimal: shared.Decimal = None
    thousands: shared.Thousands = None
    backend: shared.Backend = "auto"
    config: shared.ConfigFile = None
    locked: shared.Locked = False
    quiet: shared.Quiet = False
    json: shared.Json = False


_FORMULA = re.compile(r"[-+*/(`]")
"""Mark of a formula, which hardly a name has: an operator, or a call."""


def names_of(option: str, text: str) -> list[str]:
    """Return names without numbers."""
    given = pairs(option, text)
    for name, value in given:
        if value is not None:
            raise OptionError(f"{option}: {name}={value} is no name of a weight")
    return [name for name, _ in given]


def fixed_weights(text: str) -> dict[str, float | None] | None:
    """Return the weights of --fix with their values, None for that at the start."""
    return {name: None if value is None else number("--fix", name, value) for name, value in pairs("--fix", text)} or None


def ranges_of(text: str) -> dict[str, tuple[float | None, float | None]]:
    """Return the ranges of --bounds by name, None where they have no end."""
    found: dict[str, tuple[float | None, float | None]] = {}
    for name, value in pairs("--bounds", text):
        low, colon, high = (value or "").partition(":")
        if not colon:
            raise OptionError(f"--bounds: {name} needs LOW:HIGH, one of which may be left out, such as {name}=0:")
        found[name] = (
            number("--bounds", name, low) if low.strip() else None,
            number("--bounds", name, high) if high.strip() else None,
        )
    return found


def search_of(options: FitOptions) -> dict[str, Any]:
    """Return the options of `symgraph.use.fitting.fit` that do not depend on the data."""
    return {
        "start": numbers("--start", options.start) or None,
        "absolute_sigma": options.absolute_sigma,
        "bounds": ranges_of(options.bounds) if options.bounds else None,
        "fixed": fixed_weights(options.fix),
        "method": options.method,
        "starts": options.starts,
        "seed": options.seed,
    }


def deviations_of(sigma: str | None, sigma_x: str | None, header: Callable[[], Sequence[str]] | None) -> Deviations:
    """Return the standard deviations of --sigma and --sigma-x: numbers, names of columns, and for --sigma a formula of some.

    Args:
        sigma: the text of --sigma, or None.
        sigma_x: that of --sigma-x, or None.
        header: reads the names of the columns of the file; None where there is no file.
    """

    def one(option: str, text: str | None) -> Deviation:
        if text is None:
            return Deviation((), lambda _: None)
        if not text.strip():
            raise OptionError(f"{option}: {text!r} is no number and names no column; leave the option out for none")
        try:
            value = real(text)
        except ValueError:
            if header is None:
                raise OptionError(f"{option}: {text!r} is no number, and there is no file with such a column") from None
            is_formula = option == "--sigma" and _FORMULA.search(text) is not None and text not in header()
            return _of_columns(text, header()) if is_formula else Deviation((text,), itemgetter(text))
        return Deviation((), lambda _: value)

    by_name = [] if sigma_x is None else pairs("--sigma-x", sigma_x) if "=" in sigma_x else [("", sigma_x)]
    return Deviations(one("--sigma", sigma), {name: one("--sigma-x", text or "") for name, text in by_name})


def _of_columns(text: str, header: Sequence[str]) -> Deviation:
    """Return the standard deviation that a formula of columns says, such as "0.05*v".

    Raises:
        SpecError: it cannot be read, or a name in it is no column; the message says where.
    """
    from symgraph.data.arithmetic import arithmetic

    plain = arithmetic(text, header)
    if plain is None:
        return _by_sympy(text, header)
    names, function = plain

    def at(columns: Mapping[str, Any]) -> Any:
        import numpy as np

        values = function(columns)
        if not np.isfinite(values).all():  # where SymPy may know better, that x/x is 1, or what is wrong
            return _by_sympy(text, header).at(columns)
        return _of_every_row(values, [columns[name] for name in names])

    return Deviation(names, at)


def _of_every_row(values: Any, cells: Sequence[Any]) -> Any:
    """Return an array of the values in all rows, which may be a number, beside the cells that they are of."""
    import numpy as np

    return np.array(np.broadcast_to(values, next(map(np.shape, cells), ())), np.float64)


def _by_sympy(text: str, header: Sequence[str]) -> Deviation:
    """Return the standard deviation of any formula; see ``_of_columns``."""
    from sympy import Symbol, lambdify

    from symgraph.spec.formula import Reader

    reader = Reader(text, lambda name: Symbol(name, real=True), what="--sigma", own=header)
    expr = reader.read()
    for name, place in reader.names.items():
        if name not in header:
            known = f"there are {', '.join(header)}{did_you_mean(name, header)}"
            raise SpecError(f"--sigma, column {place + 1}: {name} is no column of the data; {known}")
    names = tuple(reader.names)

    def at(columns: Mapping[str, Any]) -> Any:
        cells = [columns[name] for name in names]
        try:
            values = lambdify([Symbol(name, real=True) for name in names], expr, "numpy")(*cells)
        except (NameError, TypeError) as error:  # SymPy writes the name of another module's function, or one of single numbers
            raise OptionError(f"--sigma: {text} calls a function that NumPy lacks; write a column of it") from error
        return _of_every_row(values, cells)

    return Deviation(names, at)
