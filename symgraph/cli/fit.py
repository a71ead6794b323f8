"""``symgraph fit``: fit a built model, a spec or a formula to the rows of a file, or of several files."""

import re
import sys
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from symgraph.cli import shared
from symgraph.cli.current import is_spec, load_model, one_model
from symgraph.cli.data_sets import Deviations, read_sets
from symgraph.cli.fit_options import FitOptions, deviations_of, names_of, search_of
from symgraph.cli.outputs import WEIGHTS, check_plot, check_writable, file_of
from symgraph.cli.rows import SAME, Source, reading_of, shown_row
from symgraph.cli.terminal import console, note, note_next, print_json
from symgraph.cli.weights import note_kinds, note_names
from symgraph.errors import OptionError

if TYPE_CHECKING:
    from symgraph.data.data_files import DataFile as FoundFile
    from symgraph.project.native.formulas import Key


@shared.with_options
def fit(options: FitOptions) -> None:
    """Find the weights and their standard errors; exit 1 if the fit is doubtful, for which the report has a warning.

    In a formula, names of columns of the file are features, and other names are weights, which start at 1. With several data
    sets, a weight K that is not shared is called K[LABEL], by the file's name or the group.
    """
    from symgraph.data.reading import column_names, known_file
    from symgraph.use.fitting import FitWarning

    check_plot(options.plot, *(options.data or []))
    several = len(options.data or []) > 1 or bool(options.group_by)
    ready = partial(_files, options)
    if not several:
        ready([""])
    _check_share(several, options.share)
    reading = reading_of(options.drop_missing, options.delimiter, options.decimal, options.thousands)
    files = [known_file(one) for one in options.data or []]
    header = partial(column_names, files[0], reading) if files else None
    search, deviations = search_of(options), deviations_of(options.sigma, options.sigma_x, header)
    extras = ("feature-jacobian",) if options.sigma_x else ()
    is_formula = "~" in options.model
    columns, module = _of_formula(options, search["start"], header, extras) if is_formula else (SAME, _of_name(options, extras))
    source = Source(module, files[0] if files else None, reading, options.quiet, columns)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)  # the report has them
        if several:
            result = _together(source, files, deviations, options, search, ready)
        else:
            result = _alone(source, deviations, options, search)
    written = _written(result, ready, options.plot)
    _show(result, options.json)
    for line in written:
        note(line, quiet=options.quiet)
    if not result.success or result.warnings:
        raise typer.Exit(1)
    _note_next(options, result, files, module)


def _note_next(options: FitOptions, result: Any, files: "Sequence[FoundFile]", module: Any) -> None:
    """Name the command that comes next: one that writes a spec of a formula, or one that draws the graph of a model."""
    quiet = options.quiet or options.json
    if "~" in options.model:  # a spec has room for more
        first, begins = files[0].path if files else None, None if "[" in options.start else options.start or None
        note_next("new", "NAME", formula=" ".join(options.model.split()), data=first, start=begins, quiet=quiet)
        return
    alone, row = len(files) == 1 and not options.group_by, shown_row(result.problem.rows.n)
    shown = {"weights": options.save, "data": files[0], "row": row} if options.save and alone else {}
    note_next("draw", options.model, **shown, o=f"{module.MODEL}.svg", quiet=quiet)


def _check_share(several: bool, share: str | None) -> None:
    if several and share is None:
        raise OptionError(
            "several data sets need --share, the weights that are the same in all: --share k, or --share '' for none"
        )
    if share is not None and not several:
        raise OptionError("--share: there is one data set; give --data again for each file, or --group-by COLUMN")


def _alone(source: Source, deviations: Deviations, options: FitOptions, search: Mapping[str, Any]) -> Any:
    """Fit one data set, in memory or as a stream, against which something may speak."""
    from symgraph.use.fitting import fit as fit_one

    reasons = {
        "a column of standard deviations is for rows in memory": bool(deviations.columns),
        "--sigma-x is for rows in memory": bool(deviations.sigma_x),
        "--plot draws all rows": options.plot is not None,
        "columns in backquotes are for rows in memory": any(name != column for name, column in source.columns.items()),
    }
    reason = next((reason for reason, holds in reasons.items() if holds), "")
    with source.given(stream=options.stream, against=reason, others=deviations.columns) as one:
        run: Any = partial(fit_one, *one.inputs)
        return run(**deviations.options(one.others), **search)


def _together(
    source: Source,
    files: "Sequence[FoundFile]",
    deviations: Deviations,
    options: FitOptions,
    search: Mapping[str, Any],
    ready: Callable[[Collection[str]], object],
) -> Any:
    """Fit several data sets, when the files of their labels are found to be ready."""
    from symgraph.use.fitting import fit_together

    if options.stream or deviations.sigma_x:
        against = "--stream" if options.stream else "--sigma-x"
        raise OptionError(f"{against} is for one data set; fit each by itself, or leave it out")
    sets = read_sets(source, files, options.group_by, deviations)
    ready(sets)
    sigma = {label: one.sigma for label, one in sets.items()}
    each = {label: (source.module, one.X, one.y) for label, one in sets.items()}
    return fit_together(each, shared=names_of("--share", options.share or ""), sigma=sigma, **search)


def _files(options: FitOptions, labels: Collection[str]) -> dict[str, Path]:
    """Return the file of each data set's weights, after refusing what cannot be written."""
    save, others = options.save, [*(options.data or []), options.plot]
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
    options: FitOptions,
    start: Mapping[str, float] | None,
    header: Callable[[], Sequence[str]] | None,
    extras: tuple[str, ...],
) -> tuple[Mapping[str, str], Any]:
    """Return the names of columns in the files by those in the model, and the module of a formula, which may be a kept one."""
    from symgraph.project.native.formulas import kept_module, key_of
    from symgraph.project.native.loading import chosen

    if header is None:
        raise OptionError("--data is missing; a formula's features are columns of a file")
    formula, there, choice, quiet = options.model, header(), chosen(options.backend), options.quiet
    in_all = {name: value for name, value in (start or {}).items() if "[" not in name}
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


def _of_name(options: FitOptions, extras: tuple[str, ...]) -> Any:
    """Load a built model, or compile that of a spec; refuse what was meant as a formula and has no ``~``."""
    model, backend = options.model, options.backend
    if re.search(r"[=*^(]", model) and not model.endswith(".py"):
        raise OptionError(f"{model!r} is no model, and no formula either: write target ~ expression, such as 'y ~ a*exp(-k*x)'")
    if not is_spec(Path(model)):
        return load_model(model, config=options.config, locked=options.locked, quiet=options.quiet, backend=backend)
    from symgraph import compile  # noqa: A004  the public name
    from symgraph.project.native.loading import chosen

    return compile(one_model(model, options.config), chosen(backend), extras=extras)
