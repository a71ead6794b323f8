"""``symgraph train``: train a built model on the rows of a file, with one optimizer or several side by side."""

import signal
from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from symgraph.cli.current import load_model
from symgraph.cli.interrupts import Interrupts
from symgraph.cli.terminal import (
    ConfigFile,
    DataFile,
    Json,
    Locked,
    ModelName,
    Quiet,
    abandon_output,
    check_writable,
    file_of,
    inputs_of,
    note,
    print_json,
    print_table,
    progress,
    read_rows,
    read_weights,
)

if TYPE_CHECKING:
    from symgraph.errors import WeightsError
    from symgraph.io.module import GeneratedModule
    from symgraph.training import EpochEnd, Optimizer, TrainResult

_SHOWN = 30  # weights that a table of results lists


def train(
    model: ModelName,
    data: DataFile = None,
    optimizer: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="vanilla (sgd), momentum or adam; several are compared. [adam]")
    ] = None,
    lr: Annotated[float | None, typer.Option(metavar="RATE", help="Learning rate. [0.001 for adam, else 0.01]")] = None,
    lr_step: Annotated[
        int | None, typer.Option(metavar="N", help="Multiply the rate by --lr-factor every so many epochs.")
    ] = None,
    lr_factor: Annotated[float | None, typer.Option(metavar="FACTOR", help="See --lr-step. [0.5]")] = None,
    epochs: Annotated[int, typer.Option(metavar="N", help="Epochs at most.")] = 100,
    batch_size: Annotated[str, typer.Option(metavar="N|all", help="Rows an update.")] = "1",
    shuffle: Annotated[bool, typer.Option("--shuffle", help="Visit the rows in a new order each epoch.")] = False,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of initial weights and shuffling.")] = 0,
    tol: Annotated[
        float | None, typer.Option(metavar="TOL", help="Stop when every weight changes by less than this in an epoch.")
    ] = None,
    clip_norm: Annotated[float | None, typer.Option(metavar="NORM", help="Scale gradients down to this norm.")] = None,
    clip_value: Annotated[float | None, typer.Option(metavar="LIMIT", help="Limit each entry of a gradient to this.")] = None,
    init: Annotated[Path | None, typer.Option(metavar="FILE", help="Start from these weights.")] = None,
    save: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Save the weights as JSON; -NAME is added for several runs.")
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw the losses (.svg, .png, .pdf); several runs together, and each as -NAME."),
    ] = None,
    backend: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What updates run on: numpy, scalar (Python floats, by rows), c (compiled, by rows), auto.",
        ),
    ] = "auto",
    config: ConfigFile = None,
    locked: Locked = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Train a built model; exit 1 if a run stopped at a value that is not finite.

    Ctrl-C, SIGTERM and SIGHUP end it with the weights of the last finished epoch, which --save saves; exit 128 + signal.
    """
    from symgraph import training
    from symgraph.training.engines import checked_choice
    from symgraph.training.options import GREATEST_SEED, count, number

    arrays = "numpy" if backend == "numpy" else "auto"
    module = load_model(model, config=config, locked=locked, quiet=quiet, backend=arrays)
    optimizers = _optimizers(optimizer or ["adam"], lr, lr_step, lr_factor)
    rows = read_rows(module, data)
    options: dict[str, Any] = {
        "epochs": count("--epochs", epochs),
        "batch_size": _batch_size(batch_size, 1 if rows is None else len(rows)),
        "shuffle": shuffle,
        "seed": count("--seed", seed, at_least=0, at_most=GREATEST_SEED),
        "stop": None if tol is None else training.converged(number("--tol", tol, above=0.0)),
        "clip": _clip(norm=clip_norm, value=clip_value),
        "w0": None if init is None else read_weights(init, module),
        "backend": checked_choice(backend, "--backend"),
    }
    files = {} if save is None else {name: file_of(save, name, optimizers) for name in optimizers}
    _check_outputs(files.values(), plot, data)
    with Interrupts() as interrupts:
        results = _runs(partial(training.train, module, *inputs_of(rows), **options), optimizers, options, interrupts, quiet)
        # the results are on the disk before anything is printed: the terminal may be gone
        lines, failure = _save(results, module, files)
    judged = partial(training.doubts, module, *inputs_of(rows), shuffle=shuffle, batch_size=options["batch_size"])
    doubted = {name: judged(result) for name, result in results.items()}
    try:
        for name, result in results.items():
            if result.fallback is not None:
                note(f"{name}: run by the backend {result.backend}: {result.fallback}", quiet=quiet)
        _report(results, module, doubted, json=json, quiet=quiet)
        told = [f"{name}: {line}" for name, found in doubted.items() for line in found]
        for line in [*lines, *_draw(results, module, plot), *told]:
            note(line, quiet=quiet)
        if interrupts.received is not None:
            note(f"stopped by {signal.Signals(interrupts.received).name}", quiet=quiet)
    except OSError:
        if interrupts.received is None:
            raise
        abandon_output()
    if failure is not None:
        raise failure
    reasons = {result.reason for result in results.values()}
    if interrupts.received is not None or "interrupted" in reasons:
        raise typer.Exit(128 + (interrupts.received or signal.SIGINT))
    if "non-finite" in reasons:
        raise typer.Exit(1)


def _optimizers(names: list[str], lr: float | None, every: int | None, factor: float | None) -> dict[str, "Optimizer"]:
    from symgraph.errors import OptionError
    from symgraph.training import OPTIMIZERS

    if every is None and factor is not None:
        raise OptionError("--lr-factor needs --lr-step: every how many epochs it is to be applied")
    chosen = {}
    for name in (part.strip() for value in names for part in value.split(",")):
        if name not in OPTIMIZERS:
            raise OptionError(f"--optimizer: {name!r} is unknown; known are {', '.join(OPTIMIZERS)}")
        chosen[name] = OPTIMIZERS[name].tuned(_rate(OPTIMIZERS[name], lr, every, factor))
    return chosen


def _rate(optimizer: "Optimizer", lr: float | None, every: int | None, factor: float | None) -> Any:
    from symgraph.training import step_decay
    from symgraph.training.options import count, number

    rate = optimizer.rate_at(0) if lr is None else number("--lr", lr, above=0.0)
    if every is None:
        return rate
    return step_decay(
        rate, every=count("--lr-step", every), factor=number("--lr-factor", 0.5 if factor is None else factor, above=0.0)
    )


def _batch_size(text: str, rows: int) -> int | None:
    from symgraph.errors import OptionError
    from symgraph.training.options import count

    if text == "all":
        return None
    try:
        size = int(text)
    except ValueError:
        raise OptionError(f"--batch-size: {text!r} is neither a number of rows nor 'all'") from None
    return count("--batch-size", size, at_most=rows)


def _clip(**limits: float | None) -> Any:
    from symgraph.errors import OptionError
    from symgraph.training import CLIPS
    from symgraph.training.options import number

    given = {name: limit for name, limit in limits.items() if limit is not None}
    if len(given) > 1:
        raise OptionError(f"{' and '.join(f'--clip-{name}' for name in given)} exclude each other; give one")
    return next((CLIPS[name](number(f"--clip-{name}", limit, above=0.0)) for name, limit in given.items()), None)


def _check_outputs(saved: Collection[Path], plot: Path | None, data: Path | None) -> None:
    """Refuse files that cannot be written before training, so that no run is lost."""
    for file in saved:
        check_writable("--save", file, data)
    if plot is not None:
        from symgraph.training.plots import check_plot_path

        check_writable("--plot", plot, data, *saved)
        check_plot_path(plot)


def _runs(
    run: "Callable[..., TrainResult]",
    optimizers: "Mapping[str, Optimizer]",
    options: Mapping[str, Any],
    interrupts: Interrupts,
    quiet: bool,
) -> "dict[str, TrainResult]":
    """Train with one optimizer after the other; a run that was interrupted before its first epoch has no result.

    Args:
        run: `symgraph.training.train` of a module, its data and the options of all runs.
        optimizers: by name.
        options: those of all runs.
        interrupts: the signals that have come.
        quiet: whether to show no bar.
    """
    results = {}
    for name, optimizer in optimizers.items():
        try:
            with progress(options["epochs"], name, quiet=quiet) as advance:
                interrupts.interruptible = True
                interrupts.check()
                results[name] = run(optimizer=optimizer, callbacks=[_after_epoch(options, interrupts, advance)])
        except KeyboardInterrupt:
            interrupts.received = interrupts.received or signal.SIGINT
        finally:
            interrupts.interruptible = False
        if interrupts.received is not None or results[name].reason == "interrupted":
            break
    return results


def _after_epoch(
    options: Mapping[str, Any], interrupts: Interrupts, advance: Callable[[str], None]
) -> "Callable[[EpochEnd], None]":
    def after(end: "EpochEnd") -> None:
        interrupts.check()
        # a signal that comes after the last epoch must not discard the result that is about to be returned
        last = end.epoch + 1 == options["epochs"] or bool(options["stop"] and options["stop"](end))
        interrupts.interruptible = not last
        advance(f"loss {end.loss:.6g}")

    return after


def _save(
    results: "dict[str, TrainResult]", module: "GeneratedModule", files: Mapping[str, Path]
) -> "tuple[list[str], WeightsError | None]":
    """Write the weights of each run; return a line on each, and the last error.

    A run that diverged or finished no epoch does not overwrite a file that has content: those weights may be good.
    """
    from symgraph.errors import WeightsError
    from symgraph.io.files import is_stream
    from symgraph.io.weights import save_weights

    lines, failure = [], None
    for name, file in files.items():
        result = results.get(name)
        if result is None:
            continue
        failed = "this run diverged" if result.reason == "non-finite" else "" if result.epochs else "no epoch was finished"
        if failed and not is_stream(file) and file.exists() and file.stat().st_size:
            lines.append(f"{name}: {file} is left as it was, since {failed}; name a new file to save these weights")
            continue
        try:
            save_weights(file, module, result.weights)
            lines.append(f"{name}: weights saved to {file}")
        except WeightsError as error:  # the weights are printed before it ends the command
            failure = error
    return lines, failure


def _draw(results: "dict[str, TrainResult]", module: "GeneratedModule", path: Path | None) -> list[str]:
    """Draw the losses; return a line that says what was drawn."""
    from symgraph.training.plots import plot_comparison, plot_loss

    if path is None:
        return []
    losses = {name: result.losses for name, result in results.items() if len(result.losses)}
    if not losses:
        return [f"no run finished an epoch: nothing is drawn to {path}"]
    if len(losses) == 1:
        ((name, values),) = losses.items()
        plot_loss(values, path, title=f"{module.MODEL}: loss, {name}")
        return [f"losses drawn to {path}"]
    plot_comparison(losses, path, title=f"{module.MODEL}: loss by optimizer")
    for name, values in losses.items():
        plot_loss(values, file_of(path, name, losses), title=f"{module.MODEL}: loss, {name}")
    return [f"losses drawn to {path}, those of each run beside it"]


def _report(
    results: "dict[str, TrainResult]",
    module: "GeneratedModule",
    doubted: Mapping[str, tuple[str, ...]],
    *,
    json: bool,
    quiet: bool,
) -> None:
    for name, result in results.items():
        note(f"{name}: {result.message}", quiet=quiet)
    if json:
        runs = {
            name: {
                "reason": result.reason,
                "message": result.message,
                "doubts": list(doubted[name]),
                "backend": result.backend,
                "epochs": result.epochs,
                "losses": result.losses.tolist(),
                "weights": dict(zip(module.WEIGHTS, result.weights.tolist(), strict=True)),
            }
            for name, result in results.items()
        }
        print_json({"model": module.MODEL, "runs": runs})
        return
    if not results:
        note("no run began its first epoch", quiet=quiet)
        return
    rows = [
        [name, str(result.epochs), result.reason, f"{result.losses[-1]:.8g}" if len(result.losses) else "-"]
        for name, result in results.items()
    ]
    print_table(["optimizer", "epochs", "ended", "loss"], rows)
    print()
    shown = module.WEIGHTS[:_SHOWN]
    values = [[f"{result.weights[index]:.8g}" for result in results.values()] for index in range(len(shown))]
    print_table(["weight", *results], [[weight, *row] for weight, row in zip(shown, values, strict=True)])
    if len(module.WEIGHTS) > _SHOWN:
        note(f"{len(module.WEIGHTS) - _SHOWN} more weights; --save or --json gives all", quiet=quiet)
