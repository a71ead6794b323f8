"""``symgraph train``: train a built model on the rows of a file, with one optimizer or several side by side."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from symgraph.cli.terminal import DataFile, Json, ModelName, Quiet, inputs_of, note, print_json, print_table, progress, read_rows

if TYPE_CHECKING:
    from symgraph.module import GeneratedModule
    from symgraph.training import Optimizer, TrainResult

_SHOWN = 30  # weights that a table of results lists


@dataclass(frozen=True, slots=True)
class _Options:
    """What one run takes beside the data and the optimizer."""

    epochs: int
    batch_size: int | None
    shuffle: bool
    seed: int
    stop: Any
    clip: Any
    w0: Any


def train(
    model: ModelName,
    data: DataFile = None,
    optimizer: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="vanilla (sgd), momentum or adam; several are compared. [adam]")
    ] = None,
    lr: Annotated[float | None, typer.Option(help="Learning rate; each optimizer has its own default.")] = None,
    lr_step: Annotated[int | None, typer.Option(help="Multiply the rate by --lr-factor every so many epochs.")] = None,
    lr_factor: Annotated[float, typer.Option(help="See --lr-step.")] = 0.5,
    epochs: Annotated[int, typer.Option(help="Epochs at most.")] = 100,
    batch_size: Annotated[str, typer.Option(metavar="N|all", help="Rows an update.")] = "1",
    shuffle: Annotated[bool, typer.Option("--shuffle", help="Visit the rows in a new order each epoch.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of initial weights and shuffling.")] = 0,
    tol: Annotated[float | None, typer.Option(help="Stop when no weight changes by more than this in an epoch.")] = None,
    clip_norm: Annotated[float | None, typer.Option(help="Scale gradients down to this norm.")] = None,
    clip_value: Annotated[float | None, typer.Option(help="Limit each entry of a gradient to this.")] = None,
    init: Annotated[Path | None, typer.Option(metavar="FILE", help="Start from these weights.")] = None,
    save: Annotated[Path | None, typer.Option(metavar="FILE", help="Save the weights as JSON; -NAME is added for several runs.")] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the losses: .svg, .png or .pdf.")] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Train a built model; exit 1 if a run stopped at a value that is not finite."""
    from symgraph.module import load
    from symgraph.weights import load_weights

    module = load(model)
    optimizers = _optimizers(optimizer or ["adam"], lr, lr_step, lr_factor)
    X, y = inputs_of(read_rows(module, data))
    options = _Options(
        epochs=epochs,
        batch_size=_batch_size(batch_size),
        shuffle=shuffle,
        seed=seed,
        stop=_stop(tol),
        clip=_clip(clip_norm, clip_value),
        w0=None if init is None else load_weights(init, module),
    )
    _check_outputs(save, plot)
    results = {name: _run(module, X, y, name, value, options, quiet) for name, value in optimizers.items()}
    _save(results, module, save, plot)
    _report(results, module, json=json, quiet=quiet)
    if any(result.reason == "non-finite" for result in results.values()):
        raise typer.Exit(1)
    if any(result.reason == "interrupted" for result in results.values()):
        raise typer.Exit(130)


def _optimizers(names: list[str], lr: float | None, every: int | None, factor: float) -> dict[str, "Optimizer"]:
    from symgraph.errors import OptionError
    from symgraph.training import OPTIMIZERS, step_decay

    chosen = {}
    for name in (part.strip() for value in names for part in value.split(",")):
        if name not in OPTIMIZERS:
            raise OptionError(f"--optimizer: {name!r} is unknown; known are {', '.join(OPTIMIZERS)}")
        value = OPTIMIZERS[name] if lr is None else OPTIMIZERS[name].tuned(lr)
        chosen[name] = value if every is None else value.tuned(step_decay(value.rate_at(0), every=every, factor=factor))
    return chosen


def _batch_size(text: str) -> int | None:
    from symgraph.errors import OptionError

    if text == "all":
        return None
    try:
        return int(text)
    except ValueError:
        raise OptionError(f"--batch-size: {text!r} is neither a number of rows nor 'all'") from None


def _stop(tol: float | None) -> Any:
    from symgraph.training import converged

    return None if tol is None else converged(tol)


def _clip(norm: float | None, value: float | None) -> Any:
    from symgraph.errors import OptionError
    from symgraph.training import clip_by_norm, clip_by_value

    if norm is not None and value is not None:
        raise OptionError("--clip-norm and --clip-value exclude each other; give one")
    if norm is not None:
        return clip_by_norm(norm)
    return None if value is None else clip_by_value(value)


def _check_outputs(save: Path | None, plot: Path | None) -> None:
    """Refuse files that cannot be written before training, so that no run is lost."""
    from symgraph.errors import OptionError

    for option, path in (("--save", save), ("--plot", plot)):
        if path is not None and not path.resolve().parent.is_dir():
            raise OptionError(f"{option}: the folder {path.parent} does not exist; make it first")
    if plot is not None:
        from symgraph.training.plots import check_plot_path

        check_plot_path(plot)


def _run(
    module: "GeneratedModule", X: Any, y: Any, name: str, optimizer: "Optimizer", options: _Options, quiet: bool
) -> "TrainResult":
    from symgraph import training

    with progress(options.epochs, name, quiet=quiet) as advance:
        return training.train(
            module,
            X,
            y,
            optimizer=optimizer,
            epochs=options.epochs,
            batch_size=options.batch_size,
            shuffle=options.shuffle,
            seed=options.seed,
            stop=options.stop,
            clip=options.clip,
            w0=options.w0,
            callbacks=(lambda end: advance(f"loss {end.loss:.6g}"),),
        )


def _save(results: "dict[str, TrainResult]", module: "GeneratedModule", save: Path | None, plot: Path | None) -> None:
    from symgraph.weights import save_weights

    if save is not None:
        for name, result in results.items():
            path = save if len(results) == 1 else save.with_name(f"{save.stem}-{name}{save.suffix}")
            save_weights(path, module, result.weights)
    if plot is not None:
        from symgraph.training.plots import plot_comparison, plot_loss

        losses = {name: result.losses for name, result in results.items()}
        if len(losses) == 1:
            plot_loss(next(iter(losses.values())), plot, title=f"{module.MODEL}: loss, {next(iter(losses))}")
        else:
            plot_comparison(losses, plot, title=f"{module.MODEL}: loss by optimizer")


def _report(results: "dict[str, TrainResult]", module: "GeneratedModule", *, json: bool, quiet: bool) -> None:
    for name, result in results.items():
        note(f"{name}: {result.message}", quiet=quiet)
    if json:
        runs = {
            name: {
                "reason": result.reason,
                "message": result.message,
                "epochs": result.epochs,
                "losses": result.losses.tolist(),
                "weights": dict(zip(module.WEIGHTS, result.weights.tolist(), strict=True)),
            }
            for name, result in results.items()
        }
        print_json({"model": module.MODEL, "runs": runs})
        return
    rows = [[name, str(result.epochs), result.reason, _last(result)] for name, result in results.items()]
    print_table(["optimizer", "epochs", "ended", "loss"], rows)
    print()
    shown = module.WEIGHTS[:_SHOWN]
    print_table(
        ["weight", *results], [[weight, *(f"{r.weights[index]:.8g}" for r in results.values())] for index, weight in enumerate(shown)]
    )
    if len(module.WEIGHTS) > _SHOWN:
        note(f"{len(module.WEIGHTS) - _SHOWN} more weights; --save or --json gives all", quiet=quiet)


def _last(result: "TrainResult") -> str:
    return f"{result.losses[-1]:.8g}" if len(result.losses) else "-"
