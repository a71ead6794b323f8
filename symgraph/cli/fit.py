"""``symgraph fit``: fit a built model, or a formula, to the rows of a file."""

import re
import unicodedata
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from symgraph.cli.current import load_model
from symgraph.cli.data_sets import DataSet, read_sets
from symgraph.cli.terminal import (
    Backend,
    ConfigFile,
    Json,
    Locked,
    Quiet,
    check_writable,
    file_of,
    note,
    print_json,
)

_ITEM = re.compile(r"([^=[]*(?:\[.*\])?)(?:(=)(.*))?", re.DOTALL)
"""A name, which may end in the name of a data set in brackets, and what stands after its "="."""


def fit(
    model: Annotated[
        str, typer.Argument(metavar="MODEL|SPEC|FORMULA", help="A built model, a spec, or a formula such as 'y ~ a*exp(-k*x)'.")
    ],
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", metavar="FILE", help="Rows: .csv, .tsv (with header), .npy or .pkl; again for more data sets."),
    ] = None,
    group_by: Annotated[str, typer.Option(metavar="COLUMN", help="The column that says to which data set a row belongs.")] = "",
    share: Annotated[
        str | None, typer.Option(metavar="A,B", help="Weights that are the same in all data sets; '' for none.")
    ] = None,
    start: Annotated[str, typer.Option(metavar="A=1,B=2", help="Where the search starts; other weights are drawn.")] = "",
    fix: Annotated[str, typer.Option(metavar="A,B=2", help="Weights that stay at their start, or at a value.")] = "",
    bounds: Annotated[str, typer.Option(metavar="A=0:,B=1:2", help="Ranges of weights, in place of the spec's.")] = "",
    sigma: Annotated[str, typer.Option(metavar="COLUMN|NUMBER", help="Standard deviations of the observations.")] = "",
    absolute_sigma: Annotated[
        bool, typer.Option("--absolute-sigma", help="Errors follow from --sigma, and not from the scatter.")
    ] = False,
    method: Annotated[str, typer.Option(metavar="NAME", help="The optimizer, as SciPy names it.")] = "auto",
    starts: Annotated[int, typer.Option(metavar="N", help="From how many starts to search.")] = 1,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of what is drawn.")] = 0,
    save: Annotated[Path | None, typer.Option(metavar="FILE", help="Save the weights as JSON.")] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the fit (.svg, .png, .pdf).")] = None,
    backend: Backend = "auto",
    config: ConfigFile = None,
    locked: Locked = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Find the weights and their standard errors; exit 1 if the search did not converge.

    Of a formula, names that are columns of the file are features, and other names are weights, which start at 1. Of several
    data sets, a weight K that is not shared is called K[LABEL], by the file's name or the group.

    Example: symgraph fit "y ~ b1*(1 - exp(-b2*x))" --data misra1a.csv --start b1=500,b2=1e-4 --plot fit.svg
    """
    from symgraph.fitting import FitWarning
    from symgraph.io.weights import save_weights

    files = data or []
    if plot is not None:
        from symgraph.training.plots import check_plot_path

        check_writable("--plot", plot, *files)
        check_plot_path(plot)
    if save is not None:
        check_writable("--save", save, *files, plot)
    _check_share(len(files) > 1 or bool(group_by), share)
    begin = _numbers("--start", start)
    load = partial(load_model, config=config, locked=locked, quiet=quiet, backend=backend)
    module, columns = _of_formula(model, files, begin, quiet) if "~" in model else (_of_name(model, load), {})
    options = {
        "absolute_sigma": absolute_sigma,
        "bounds": _ranges(bounds) if bounds else None,
        "fixed": _fixed(fix),
        "method": method,
        "starts": starts,
        "seed": seed,
    }
    sets = read_sets(module, files, columns, group_by, sigma)
    saved = {} if save is None else {label: file_of(save, label, sets) for label in sets}
    for number, path in enumerate(saved.values()):
        check_writable("--save", path, *files, plot, *list(saved.values())[:number])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)  # the report has them
        result = _fitted(module, sets, begin or None, share, options)
    results = getattr(result, "sets", {"": result})
    for label, path in saved.items():
        save_weights(path, results[label].problem.module, results[label].w)
    if plot is not None:
        from symgraph.fitting.plots import save_fit

        save_fit(result, plot)
    if json:
        print_json(result.to_dict())
    else:
        print(result.report())
    for what, written in (*(("weights", path) for path in saved.values()), ("plot", plot)):
        if written is not None:
            note(f"{what} written to {written}", quiet=quiet)
    if not result.success:
        raise typer.Exit(1)


def _of_name(model: str, load: Callable[[str], Any]) -> Any:
    """Load a built model, or compile that of a spec; refuse what was meant as a formula and has no ``~``."""
    from symgraph.errors import OptionError

    if re.search(r"[=*^(]", model) and not model.endswith(".py"):
        raise OptionError(f"{model!r} is no model, and no formula either: write target ~ expression, such as 'y ~ a*exp(-k*x)'")
    return _of_spec(model) if _is_spec(Path(model)) else load(model)


def _check_share(several: bool, share: str | None) -> None:
    from symgraph.errors import OptionError

    if several and share is None:
        raise OptionError(
            "several data sets need --share, the weights that are the same in all: --share k, or --share '' for none"
        )
    if share is not None and not several:
        raise OptionError("--share: there is one data set; give --data again for each file, or --group-by COLUMN")


def _fitted(
    module: Any, sets: Mapping[str, DataSet], start: Mapping[str, float] | None, share: str | None, options: Mapping[str, Any]
) -> Any:
    """Fit one data set, or several together."""
    from symgraph.fitting import fit as fit_one
    from symgraph.fitting import fit_together

    if share is None:
        (one,) = sets.values()
        return fit_one(module, one.X, one.y, start, sigma=one.sigma, **options)
    sigma = {label: one.sigma for label, one in sets.items()}
    rows = {label: (module, one.X, one.y) for label, one in sets.items()}
    return fit_together(rows, start, shared=_names("--share", share), sigma=sigma, **options)


def _of_formula(formula: str, files: Sequence[Path], start: Mapping[str, float], quiet: bool) -> tuple[Any, dict[str, str]]:
    """Compile the model of a formula; return with it the names of columns in the file by those in the model."""
    from symgraph import Model, compile  # noqa: A004  the public name
    from symgraph.errors import OptionError
    from symgraph.io.data import column_names
    from symgraph.spec.formula_text import names_of_columns

    if not files:
        raise OptionError("--data is missing; a formula's features are columns of a file")
    in_all = {name: value for name, value in start.items() if "[" not in name}
    there = column_names(files[0])
    made = Model.from_formula(formula, there, in_all)
    names = [", ".join(one.name for one in some) or "none" for some in (made.feature_inputs, made.weight_inputs)]
    note(f"{' '.join(formula.split())}: features {names[0]}; weights {names[1]}", quiet=quiet)
    return compile(made), {name: column for column, name in names_of_columns(there).items()}


def _is_spec(path: Path) -> bool:
    """Tell a spec from a generated module, which says its ABI."""
    if path.suffix != ".py" or not path.is_file():
        return False
    return re.search(rb"^ABI\b", path.read_bytes(), re.MULTILINE) is None


def _of_spec(path: str) -> Any:
    """Compile the model of a spec in memory."""
    from symgraph import compile  # noqa: A004  the public name
    from symgraph.build.specs import read_spec
    from symgraph.errors import OptionError

    models = read_spec(path, Path.cwd()).models
    if len(models) > 1:
        names = ", ".join(model.name for model in models)
        raise OptionError(f"{path} defines {names}; build it, and give the name of one")
    return compile(models[0])


def _items(option: str, text: str) -> list[tuple[str, str | None]]:
    """Return names with what stands after their "=", None where there is none."""
    from symgraph.errors import OptionError

    items: dict[str, str | None] = {}
    pieces = re.split(r",(?![^[]*\])", text)  # a comma within brackets belongs to the name of a data set
    for part in filter(None, map(str.strip, pieces)):
        found = _ITEM.fullmatch(part)
        name, equals, value = map(str.strip, found.groups("")) if found else ("", "", "")
        name = name if "[" in name else unicodedata.normalize("NFKC", name)  # as Python reads it in formulas
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


def _names(option: str, text: str) -> list[str]:
    from symgraph.errors import OptionError

    items = _items(option, text)
    for name, value in items:
        if value is not None:
            raise OptionError(f"{option}: {name}={value} is no name of a weight")
    return [name for name, _ in items]


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
