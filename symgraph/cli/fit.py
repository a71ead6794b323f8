"""``symgraph fit``: fit a built model, a spec or a formula to the rows of a file, or of several files."""

import re
import sys
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from symgraph.cli import completion, shared
from symgraph.cli.current import is_spec, load_model, one_model
from symgraph.cli.data_sets import Deviations, read_sets
from symgraph.cli.fit_options import deviations_of, fixed_weights, names_of, ranges_of
from symgraph.cli.outputs import WEIGHTS, check_plot, check_writable, file_of
from symgraph.cli.rows import SAME, Source, reading_of, shown_row
from symgraph.cli.shared import option
from symgraph.cli.terminal import console, note, note_next, print_json
from symgraph.cli.weights import note_kinds, note_names, numbers
from symgraph.errors import OptionError

if TYPE_CHECKING:
    from symgraph.data.data_files import DataFile as FoundFile
    from symgraph.project.native.formulas import Key


def fit(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL|SPEC|FORMULA",
            help="A built model, a spec, or a formula such as 'y ~ a*exp(-k*x)'.",
            autocompletion=completion.models,
        ),
    ],
    data: Annotated[
        list[Path] | None,
        option("FILE", "Rows: .csv, .tsv, .parquet, .arrow, .npy, .pkl, - for stdin; again for more data sets."),
    ] = None,
    group_by: Annotated[str, option("COLUMN", "The column that says to which data set a row belongs.")] = "",
    share: Annotated[str | None, option("A,B", "Weights that are the same in all data sets; '' for none.")] = None,
    start: Annotated[str, option("A=1,B=2", "Start values; other weights start as in the spec, or at 1 in a formula.")] = "",
    fix: Annotated[str, option("A,B=2", "Weights that stay at their start, or at a value.")] = "",
    bounds: Annotated[str, option("A=0:,B=1:2", "Ranges of weights, in place of the spec's.")] = "",
    sigma: Annotated[
        str | None, option("COLUMN|NUMBER|FORMULA", "Standard deviations of the observations, such as 0.05*v.")
    ] = None,
    sigma_x: Annotated[
        str | None, option("COLUMN|NUMBER|X=...", "Standard deviations of the features, in addition to --sigma.")
    ] = None,
    absolute_sigma: Annotated[
        bool, typer.Option("--absolute-sigma", help="Standard errors follow from --sigma alone, not from the scatter.")
    ] = False,
    method: Annotated[str, option("NAME", "The optimizer, as SciPy names it.")] = "auto",
    starts: Annotated[int | None, option("N", "From how many starts to search; 1 for one search.")] = None,
    seed: Annotated[int, option("N", "Seed of what is drawn.")] = 0,
    save: Annotated[Path | None, option("FILE", "Save the weights as JSON; -LABEL is added for several data sets.")] = None,
    plot: Annotated[Path | None, option("FILE", "Draw the fit (.svg, .png, .pdf).")] = None,
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
    """Find the weights and their standard errors; exit 1 if the fit is doubtful, for which the report has a warning.

    In a formula, names of columns of the file are features, and other names are weights, which start at 1. With several data
    sets, a weight K that is not shared is called K[LABEL], by the file's name or the group.
    """
    from symgraph.data.reading import column_names, known_file
    from symgraph.use.fitting import FitWarning

    check_plot(plot, *(data or []))
    several = len(data or []) > 1 or bool(group_by)
    ready = partial(_files, save, [*(data or []), plot])
    if not several:
        ready([""])
    _check_share(several, share)
    reading = reading_of(drop_missing, delimiter, decimal, thousands)
    files = [known_file(one) for one in data or []]
    header = partial(column_names, files[0], reading) if files else None
    begin, deviations = numbers("--start", start), deviations_of(sigma, sigma_x, header)
    extras = ("feature-jacobian",) if sigma_x else ()
    if "~" in model:
        columns, module = _of_formula(model, header, begin, extras, backend, quiet)
    else:
        load = partial(load_model, config=config, locked=locked, quiet=quiet, backend=backend)
        columns, module = SAME, _of_name(model, load, config, extras, backend)
    source = Source(module, files[0] if files else None, reading, quiet, columns)
    options = {
        "start": begin or None,
        "absolute_sigma": absolute_sigma,
        "bounds": ranges_of(bounds) if bounds else None,
        "fixed": fixed_weights(fix),
        "method": method,
        "starts": starts,
        "seed": seed,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)  # the report has them
        if several:
            result = _together(source, files, group_by, share or "", deviations, options, ready, stream=stream)
        else:
            against = "" if plot is None else "--plot draws all rows"
            result = _alone(source, deviations, options, stream=stream, against=against)
    written = _written(result, ready, plot)
    _show(result, json)
    for line in written:
        note(line, quiet=quiet)
    if not result.success or result.warnings:
        raise typer.Exit(1)
    if "~" in model:  # a spec has room for more
        first, begins = files[0].path if files else None, None if "[" in start else start or None
        note_next("new", "NAME", formula=" ".join(model.split()), data=first, start=begins, quiet=quiet or json)
    else:
        row = shown_row(result.problem.rows.n)
        shown = {"weights": save, "data": files[0], "row": row} if save and files and not several else {}
        note_next("draw", model, **shown, o=f"{module.MODEL}.svg", quiet=quiet or json)


def _check_share(several: bool, share: str | None) -> None:
    if several and share is None:
        raise OptionError(
            "several data sets need --share, the weights that are the same in all: --share k, or --share '' for none"
        )
    if share is not None and not several:
        raise OptionError("--share: there is one data set; give --data again for each file, or --group-by COLUMN")


def _alone(source: Source, deviations: Deviations, options: Mapping[str, Any], *, stream: bool, against: str) -> Any:
    """Fit one data set, in memory or as a stream, against which something may speak."""
    from symgraph.use.fitting import fit as fit_one

    reasons = {
        "a column of standard deviations is for rows in memory": bool(deviations.columns),
        "--sigma-x is for rows in memory": bool(deviations.sigma_x),
        against: bool(against),
        "columns in backquotes are for rows in memory": any(name != column for name, column in source.columns.items()),
    }
    reason = next((reason for reason, holds in reasons.items() if holds), "")
    with source.given(stream=stream, against=reason, others=deviations.columns) as one:
        search: Any = partial(fit_one, *one.inputs)
        return search(**deviations.options(one.others), **options)


def _together(
    source: Source,
    files: "Sequence[FoundFile]",
    group_by: str,
    share: str,
    deviations: Deviations,
    options: Mapping[str, Any],
    ready: Callable[[Collection[str]], object],
    *,
    stream: bool,
) -> Any:
    """Fit several data sets, when the files of their labels are found to be ready."""
    from symgraph.use.fitting import fit_together

    if stream or deviations.sigma_x:
        raise OptionError(f"{'--stream' if stream else '--sigma-x'} is for one data set; fit each by itself, or leave it out")
    sets = read_sets(source, files, group_by, deviations)
    ready(sets)
    sigma = {label: one.sigma for label, one in sets.items()}
    each = {label: (source.module, one.X, one.y) for label, one in sets.items()}
    return fit_together(each, shared=names_of("--share", share), sigma=sigma, **options)


def _files(save: Path | None, others: Sequence[Path | None], labels: Collection[str]) -> dict[str, Path]:
    """Return the file of each data set's weights, after refusing what cannot be written."""
    files = {} if save is None else {label: file_of(save, label, labels) for label in labels}
    for number, path in enumerate(files.values()):
        check_writable("--save", path, WEIGHTS, *others, *list(files.values())[:number])
    return files


def _written(result: Any, ready: Callable[[Collection[str]], dict[str, Path]], plot: Path | None) -> list[str]:
    """Write the weights of each data set, and the plot; return a line on each."""
    from symgraph.data.weights import save_weights

    results = getattr(result, "sets", {"": result})
    saved = ready(results)
    for label, path in saved.items():
        save_weights(path, results[label].problem.module, results[label].w)
    if plot is not None:
        from symgraph.show.plots.fits import save_fit

        save_fit(result, plot)
    return [f"weights written to {path}" for path in saved.values()] + ([] if plot is None else [f"plot written to {plot}"])


def _show(result: Any, json: bool) -> None:
    """Print a fit: as JSON, with a ruled table on a terminal, else as plain text."""
    if json:
        print_json(result.to_dict())
    elif sys.stdout.isatty():
        console(sys.stdout).print(result)
    else:
        print(result.report())


def _of_formula(
    formula: str,
    header: Callable[[], Sequence[str]] | None,
    start: Mapping[str, float],
    extras: tuple[str, ...],
    backend: str,
    quiet: bool,
) -> tuple[Mapping[str, str], Any]:
    """Return the names of columns in the files by those in the model, and the module of a formula, which may be a kept one."""
    from symgraph.project.native.formulas import kept_module, key_of
    from symgraph.project.native.loading import chosen

    if header is None:
        raise OptionError("--data is missing; a formula's features are columns of a file")
    there, choice = header(), chosen(backend)
    in_all = {name: value for name, value in start.items() if "[" not in name}
    key = key_of(formula, there, in_all, extras, choice)
    kept = None if key is None else kept_module(key)
    if kept is None:
        return _new_of_formula(formula, there, in_all, extras, choice, key, quiet)
    columns, module = kept
    note_kinds(module.METADATA["doc"], module.FEATURES, module.WEIGHTS, quiet=quiet)
    return columns, module


def _new_of_formula(
    formula: str,
    there: Sequence[str],
    start: Mapping[str, float],
    extras: tuple[str, ...],
    choice: str,
    key: "Key | None",
    quiet: bool,
) -> tuple[Mapping[str, str], Any]:
    """Compile and verify the model of a formula, and keep its module under a key, unless there was a warning to be repeated."""
    from symgraph import Model, compile  # noqa: A004  the public name
    from symgraph.project.native.formulas import keep
    from symgraph.spec.formula_text import names_of_columns

    told: list[warnings.WarningMessage] = []
    with _collected(told):
        made = Model.from_formula(formula, there, start)
    note_names(made, quiet=quiet)
    with _collected(told):
        module = compile(made, choice, extras=extras)
    columns = {name: column for column, name in names_of_columns(there).items()}
    if key is not None and not told and not made.functions:  # functions of users are code that no key knows
        keep(key, module, columns)
    return columns, module


@contextmanager
def _collected(told: list[warnings.WarningMessage]) -> Iterator[None]:
    """Collect the warnings of a block, and give them at its end."""
    try:
        with warnings.catch_warnings(record=True) as caught:
            yield
    finally:
        told += caught
        for one in caught:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno, source=one.source)


def _of_name(model: str, load: Callable[[str], Any], config: Path | None, extras: tuple[str, ...], backend: str) -> Any:
    """Load a built model, or compile that of a spec; refuse what was meant as a formula and has no ``~``."""
    if re.search(r"[=*^(]", model) and not model.endswith(".py"):
        raise OptionError(f"{model!r} is no model, and no formula either: write target ~ expression, such as 'y ~ a*exp(-k*x)'")
    if not is_spec(Path(model)):
        return load(model)
    from symgraph import compile  # noqa: A004  the public name
    from symgraph.project.native.loading import chosen

    return compile(one_model(model, config), chosen(backend), extras=extras)
