"""``symgraph train``: train a built model on the rows of a file, in one run or several side by side."""

import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from symgraph.cli import shared
from symgraph.cli.current import load_model
from symgraph.cli.interrupts import Interrupts
from symgraph.cli.outputs import WEIGHTS, check_plot, check_writable, file_of
from symgraph.cli.rows import Given, Source, reading_of, shown_row
from symgraph.cli.run_folder import RunFolder, settings_of
from symgraph.cli.streams import StreamError
from symgraph.cli.terminal import (
    UsageError,
    note,
    note_next,
    print_json,
    print_table,
    progress,
    table_lines,
)
from symgraph.cli.train_options import Settings, TrainOptions, flag, optimizers_of, training_of
from symgraph.cli.train_report import document_of, draw, hidden_weights, save_all, tables_of, verdicts_of
from symgraph.cli.weights import read_weights
from symgraph.errors import OptionError, WeightsError

if TYPE_CHECKING:
    from symgraph.runtime.generated_module import GeneratedModule
    from symgraph.use.training import EpochEnd, Optimizer, Stop, TrainResult


@shared.with_options
def train(context: typer.Context, options: TrainOptions) -> None:
    """Train a built model; exit 1 if a run stopped at a value that is not finite.

    Ctrl-C, SIGTERM and SIGHUP end it with the weights of the last finished epoch, which --save saves; exit 128 + signal.
    """
    from symgraph.data.options import count

    if options.model is None and options.resume is None:
        raise UsageError("missing argument 'MODEL'", ctx=context)
    settings = settings_of(context, options)
    if settings.log is not None:
        count("--log", settings.log)
    try:
        with ExitStack() as stack:
            _train(settings, stack)
    except OptionError as error:  # of options that nobody has given in this call
        if settings.resume is None or str(settings.resume) in str(error):
            raise
        raise OptionError(f"{settings.resume} cannot go on: {error}") from error


def _train(settings: Settings, stack: ExitStack) -> None:
    from symgraph.use import training

    quiet, resumed, optimizers = settings.quiet, settings.resume is not None, optimizers_of(settings)
    assert settings.model is not None  # without it, neither a command nor a record of a run is taken
    module = load_model(
        settings.model,
        config=settings.config,
        locked=settings.locked or resumed,
        quiet=quiet,
        backend="numpy" if settings.backend == "numpy" else "auto",
    )
    given = _rows(module, settings)
    options, init = training_of(settings, given.n), settings.init
    options["w0"] = None if init is None else read_weights(init, module, "--init")
    files = _files(settings, optimizers)
    folder = _folder(settings)
    if folder is not None:
        folder.begin(stack, settings, module, options["w0"])
    with Interrupts() as interrupts:
        run = partial(training.train, *given.inputs, **options)
        results = _runs(run, optimizers, settings, options["stop"], folder, interrupts)
        results = {name: _as_in_file(one, given) for name, one in results.items()}
        # the results are on the disk before anything is printed: the terminal may be gone
        saved = [save_all(results, module, own, best=option == "save_best") for option, own in files.items()]
        doubts: Any = training.doubts
        rows = given.inputs[1:] or (None, None)  # a stream has its own
        doubted = {name: doubts(given.inputs[0], *rows, result) for name, result in results.items()}
        notes = [f"{name}: run by the backend {one.backend}: {one.fallback}" for name, one in results.items() if one.fallback]
        verdicts = verdicts_of(results, doubted)
        if folder is not None:
            tables = [line for table in tables_of(results, module) for line in (*table_lines(*table), "")]
            folder.finish(results, module, [*notes, *tables, *verdicts])
    try:
        for line in notes:
            note(line, quiet=quiet)
        _print(results, module, doubted, settings)
        lines = [line for own, _ in saved for line in own] + draw(results, module, settings.plot)
        for line in [*lines, *([] if folder is None else [f"kept in {folder.path}"]), *verdicts]:
            note(line, quiet=quiet)
        at_fault = any(result.reason == "non-finite" for result in results.values())
        told = any(line.startswith("not converged") for lines in doubted.values() for line in lines)  # with what to try next
        if interrupts.received is None and not at_fault and not told:
            _note_drawing(module, settings, files, shown_row(given.n))
        if interrupts.received is not None:
            note(f"stopped by {signal.Signals(interrupts.received).name}", quiet=quiet)
    except (BrokenPipeError, StreamError):
        if interrupts.received is None:
            raise
    _exit([failure for _, failure in saved if failure is not None], results, interrupts)


def _as_in_file(result: "TrainResult", given: Given) -> "TrainResult":
    """Return a result that names the row at which the run stopped as the file counts it."""
    failure = result.failure
    if failure is None or failure.row is None:
        return result
    return replace(result, failure=replace(failure, row=given.of_file(failure.row)))


def _note_drawing(module: "GeneratedModule", settings: Settings, files: Mapping[str, Mapping[str, Path]], row: int) -> None:
    """Name the command that draws the graph, with the numbers of a row where weights were saved."""
    saved = next((file for own in files.values() for file in own.values()), None)
    shown = {"weights": saved, "data": settings.data, "row": row} if saved and settings.data not in (None, Path("-")) else {}
    name, quiet = settings.model or module.MODEL, settings.quiet or settings.json
    note_next("draw", name, **shown, o=f"{module.MODEL}.svg", quiet=quiet)


def _exit(failures: "Sequence[WeightsError]", results: "Mapping[str, TrainResult]", interrupts: Interrupts) -> None:
    """Raise what ends the command, unless all went well."""
    if failures:
        raise failures[-1]
    reasons = {result.reason for result in results.values()}
    if interrupts.received is not None or "interrupted" in reasons:
        raise typer.Exit(128 + (interrupts.received or signal.SIGINT))
    if "non-finite" in reasons:
        raise typer.Exit(1)


def _rows(module: "GeneratedModule", settings: Settings) -> Given:
    """Return the rows. Only the count of the rows of a stream has a bar: later passes would disturb that of the epochs."""
    reading = reading_of(settings.drop_missing, settings.delimiter, settings.decimal, settings.thousands)
    against = "" if settings.batch_size == "all" else "it needs --batch-size all"
    against = "--validation is for rows in memory" if settings.validation is not None else against
    source = Source(module, settings.data, reading, settings.quiet)
    with source.given(stream=settings.stream, against=against) as given:
        return given  # which ends the bar


def _files(settings: Settings, runs: "Mapping[str, Optimizer]") -> dict[str, dict[str, Path]]:
    """Return the file of each run for --save and --save-best, after refusing what cannot be written: no run is to be lost."""
    data, plot = settings.data, settings.plot
    files, taken = {}, [data, settings.init, settings.run]
    for which, path in (("save", settings.save), ("save_best", settings.save_best)):
        files[which] = {} if path is None else {name: file_of(path, name, runs) for name in runs}
        for file in files[which].values():
            check_writable(flag(which), file, WEIGHTS, *taken)
        taken += files[which].values()
    check_plot(plot, *taken)
    if plot is not None and len(runs) > 1:
        for name in runs:  # each has a plot of its own beside it
            check_plot(file_of(plot, name, runs), *taken)
    return files


def _folder(settings: Settings) -> RunFolder | None:
    from symgraph.data.options import count

    every, path = count("--checkpoint-every", settings.checkpoint_every), settings.resume or settings.run
    return None if path is None else RunFolder(path, every, goes_on=settings.resume is not None)


def _runs(
    run: "Callable[..., TrainResult]",
    optimizers: "Mapping[str, Optimizer]",
    settings: Settings,
    stops: "Sequence[Stop]",
    folder: RunFolder | None,
    interrupts: Interrupts,
) -> "dict[str, TrainResult]":
    """Train with one optimizer after the other; a run that was interrupted before its first epoch has no result.

    Args:
        run: `symgraph.use.training.train` of a module, its data and the options of all runs.
        optimizers: by the name of the run.
        settings: the command's.
        stops: those of all runs.
        folder: keeps the runs, or None.
        interrupts: the signals that have come.
    """
    results = {}
    quiet = settings.quiet or settings.log is not None
    for name, optimizer in optimizers.items():
        try:
            with progress(settings.epochs, name, quiet=quiet) as advance:
                interrupts.interruptible = True
                interrupts.check()
                results[name] = run(
                    optimizer=optimizer,
                    callbacks=[_after_epoch(name, optimizer, settings, stops, interrupts, advance)],
                    checkpoint=None if folder is None else folder.checkpoint(name),
                )
        except KeyboardInterrupt:
            interrupts.received = interrupts.received or signal.SIGINT
        finally:
            interrupts.interruptible = False
        if interrupts.received is not None or results[name].reason == "interrupted":
            break
    return results


def _after_epoch(
    name: str,
    optimizer: "Optimizer",
    settings: Settings,
    stops: "Sequence[Stop]",
    interrupts: Interrupts,
    advance: Callable[[str], None],
) -> "Callable[[EpochEnd], None]":
    """Return the callback of a run, which shows each epoch and lets no signal discard a result that is complete."""
    every = settings.log

    def after(end: "EpochEnd") -> None:
        interrupts.check()
        # a signal that comes after the last epoch must not discard the result that is about to be returned
        last = end.epoch == settings.epochs or any(stop(end) for stop in stops)
        interrupts.interruptible = not last
        loss = f"loss {end.loss:.6g}"
        advance(loss)
        if every is not None and (last or end.epoch % every == 0):
            held = "" if end.validation_loss is None else f", validation loss {end.validation_loss:.6g}"
            rate = optimizer.rate_at(end.epoch - 1)
            note(f"{name}: epoch {end.epoch}, {loss}{held}, rate {rate:.6g}", quiet=settings.quiet)

    return after


def _print(
    results: "Mapping[str, TrainResult]",
    module: "GeneratedModule",
    doubted: Mapping[str, Sequence[str]],
    settings: Settings,
) -> None:
    if settings.json:
        print_json(document_of(results, module, doubted))
        return
    if not results:
        note("no run began its first epoch", quiet=settings.quiet)
        return
    for place, table in enumerate(tables_of(results, module)):
        if place:
            print()
        print_table(*table)
    for line in hidden_weights(module):
        note(line, quiet=settings.quiet)
