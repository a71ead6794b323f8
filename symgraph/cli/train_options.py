"""Options of ``symgraph train`` as values of training: optimizers with rates and schedules, stops, clips, sizes."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from symgraph.cli import shared
from symgraph.cli.shared import option
from symgraph.cli.weights import real
from symgraph.errors import OptionError, unknown_name

if TYPE_CHECKING:
    from symgraph.use.training import Optimizer, Stop


@dataclass(frozen=True)
class TrainOptions:
    """The command's arguments and options, each a field of its name."""

    model: Annotated[str | None, shared.BUILT] = None
    data: shared.DataFile = None
    optimizer: Annotated[
        list[str] | None,
        option(
            "NAME",
            "vanilla (sgd), momentum, nesterov, rmsprop, adam, adamw; several are compared. [adam]",
            completes="symgraph.use.training.optimizers:OPTIMIZERS",
        ),
    ] = None
    lr: Annotated[
        list[str] | None,
        option("RATE|NAME:RATE", "Learning rate, of all or one; several are compared. [0.001 for adam and adamw, else 0.01]"),
    ] = None
    gamma: Annotated[float | None, option("G", "momentum, nesterov: share of a step kept. [0.9]")] = None
    alpha: Annotated[float | None, option("A", "rmsprop: decay of mean squares. [0.99]")] = None
    beta1: Annotated[float | None, option("B", "adam, adamw: decay of means. [0.9]")] = None
    beta2: Annotated[float | None, option("B", "adam, adamw: decay of mean squares. [0.999]")] = None
    epsilon: Annotated[float | None, option("E", "rmsprop, adam, adamw: added to roots. [1e-8]")] = None
    weight_decay: Annotated[float | None, option("D", "adamw: decay of weights. [0.01]")] = None
    schedule: Annotated[
        str | None,
        option(
            "NAME",
            "Of the rate: constant, step, exponential, cosine, warmup. [constant]",
            completes="symgraph.use.training.schedules:SCHEDULES",
        ),
    ] = None
    lr_step: Annotated[int | None, option("N", "step: epochs between two rates.")] = None
    lr_factor: Annotated[float | None, option("FACTOR", "step, exponential: from a rate to the next. [step: 0.5]")] = None
    lr_min: Annotated[float | None, option("RATE", "cosine: the rate after the last epoch. [0]")] = None
    warmup: Annotated[int | None, option("N", "Epochs in which the rate rises before the schedule begins.")] = None
    epochs: Annotated[int, option("N", "Epochs at most.")] = 100
    batch_size: Annotated[str, option("N|all", "Rows an update.")] = "1"
    shuffle: Annotated[bool, typer.Option("--shuffle/--no-shuffle", help="Visit the rows in a new order each epoch.")] = True
    seed: Annotated[int, option("N", "Seed of initial weights, shuffling, and rows held out.")] = 0
    validation: Annotated[float | None, option("SHARE", "Hold out this share of the rows: 0.2.")] = None
    patience: Annotated[int | None, option("N", "Stop when the (validation) loss has not fallen for N epochs.")] = None
    tol: Annotated[float | None, option("TOL", "Stop when every weight changes by less than this in an epoch.")] = None
    clip_norm: Annotated[float | None, option("NORM", "Scale gradients down to this norm.")] = None
    clip_value: Annotated[float | None, option("LIMIT", "Limit each entry of a gradient to this.")] = None
    init: Annotated[Path | None, option("FILE|A=1,B=2", "Start from these weights.")] = None
    save: Annotated[Path | None, option("FILE", "Save the last weights as JSON; -NAME is added for several runs.")] = None
    save_best: Annotated[Path | None, option("FILE", "Save those of the least (validation) loss in the same way.")] = None
    plot: Annotated[
        Path | None, option("FILE", "Draw the losses (.svg, .png, .pdf); several runs together, and each as -NAME.")
    ] = None
    stream: shared.Streamed = False
    drop_missing: shared.DropMissing = False
    delimiter: shared.Delimiter = None
    decimal: shared.Decimal = None
    thousands: shared.Thousands = None
    backend: Annotated[
        str,
        option(
            "NAME",
            "What updates run on: numpy, scalar (Python floats, by rows), c (compiled, by rows), auto.",
            completes=("auto", "numpy", "scalar", "c"),
        ),
    ] = "auto"
    log: Annotated[int | None, option("N", "Print a line every N epochs on stderr, not a bar.")] = None
    run: Annotated[Path | None, option("DIR", "Keep all in a new folder: options, checkpoints, weights, report.")] = None
    checkpoint_every: Annotated[int, option("K", "Epochs between two checkpoints of --run.")] = 10
    resume: Annotated[Path | None, option("DIR", "Go on with what --run has kept, to the same bits.")] = None
    config: shared.ConfigFile = None
    locked: shared.Locked = False
    quiet: shared.Quiet = False
    json: shared.Json = False


@dataclass(frozen=True)
class Settings(TrainOptions):
    """The options of a run: those given, or those that a run that goes on was begun with.

    Attributes:
        epochs_scheduled: the epochs over which its schedule was laid out, where it goes on for another number.
    """

    epochs_scheduled: int | None = None


_PARAMETERS = ("gamma", "alpha", "beta1", "beta2", "epsilon", "weight_decay")
"""Parameters of optimizers that are options of the same names."""

_SCHEDULED = {"lr_step": "every", "lr_factor": "factor", "lr_min": "least"}
"""Options of schedules, and the parameters that they are."""


def flag(name: str) -> str:
    """Return a parameter of the command as a user types it."""
    return f"--{name.replace('_', '-')}"


def optimizers_of(settings: Settings) -> "dict[str, Optimizer]":
    """Return the optimizer of each run by the run's name: of each optimizer with each rate.

    Raises:
        OptionError: an option is out of bounds, or none of the optimizers or the schedule has it.
    """
    from symgraph.use.training import OPTIMIZERS

    rates, of_one = _rates(settings.lr)
    names = _parts(settings.optimizer) or list(of_one) or ["adam"]
    for name in names:
        if name not in OPTIMIZERS:
            raise unknown_name("--optimizer:", name, OPTIMIZERS)
    for name in of_one:
        if name not in names:
            raise unknown_name("--lr: the optimizer", name, names)
    _check_parameters(settings, names)
    scheduled, runs = _schedule(settings), {}
    for name in names:
        row = OPTIMIZERS[name]
        own = {p.name for p in row.parameters}
        given = {one: getattr(settings, one) for one in _PARAMETERS if one in own and getattr(settings, one) is not None}
        several = of_one.get(name, rates)
        for text, rate in several.items() or [("", row.rate_at(0))]:
            label = f"{name}-{text}" if len(several) > 1 else name
            runs[label] = row.tuned(scheduled(rate), **given)
    return runs


def training_of(settings: Settings, rows: int) -> dict[str, Any]:
    """Return the other options of `symgraph.use.training.train` that do not depend on the module.

    Args:
        settings: the command's.
        rows: the number of rows of the file.

    Raises:
        OptionError: an option is out of bounds.
    """
    from symgraph.data.options import GREATEST_SEED, count, number
    from symgraph.use import training
    from symgraph.use.training.engines import checked_choice

    tol, share = settings.tol, settings.validation
    stops: list[Stop] = [] if tol is None else [training.converged(number("--tol", tol, above=0.0))]
    stops += [] if settings.patience is None else [training.patience(count("--patience", settings.patience))]
    return {
        "epochs": count("--epochs", settings.epochs),
        "batch_size": batch_size_of(settings.batch_size, rows),
        "shuffle": settings.shuffle,
        "seed": count("--seed", settings.seed, at_least=0, at_most=GREATEST_SEED),
        "validation": None if share is None else number("--validation", share, above=0.0, below=1.0),
        "stop": stops,
        "clip": _clip(norm=settings.clip_norm, value=settings.clip_value),
        "backend": checked_choice(settings.backend, "--backend"),
    }


def _parts(values: Sequence[str] | None) -> list[str]:
    return [part.strip() for value in values or () for part in value.split(",")]


def _rates(values: Sequence[str] | None) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Return the learning rates of all optimizers by their texts, and those of single ones, such as adam:0.001, by name."""
    of_all: dict[str, float] = {}
    of_one: dict[str, dict[str, float]] = {}
    for part in _parts(values):
        name, colon, text = map(str.strip, part.rpartition(":"))
        (of_one.setdefault(name, {}) if colon else of_all)[text] = _rate(text)
    return of_all, of_one


def _rate(text: str) -> float:
    from symgraph.data.options import number

    try:
        rate = real(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a number.", param_hint="'--lr'") from None
    return number("--lr", rate, above=0.0)


def _check_parameters(settings: Settings, names: Sequence[str]) -> None:
    from symgraph.use.training import OPTIMIZERS

    having = {one: [name for name, row in OPTIMIZERS.items() if one in {p.name for p in row.parameters}] for one in _PARAMETERS}
    for one in _PARAMETERS:
        if getattr(settings, one) is not None and not set(having[one]) & set(names):
            named = f"{' and '.join(names)} {'has' if len(names) == 1 else 'have'}"
            raise OptionError(f"{flag(one)}: {named} no {one}; of the optimizers, {_listed(having[one])}")


def _schedule(settings: Settings) -> "Callable[[float], Any]":
    """Return the function that makes the schedule of a rate."""
    from symgraph.data.options import count, number
    from symgraph.use.training import SCHEDULES, warmup

    rise, epochs = settings.warmup, count("--epochs", settings.epochs_scheduled or settings.epochs)
    name = settings.schedule
    if name is None:
        name = "constant" if settings.lr_step is None else "step"
    if name not in SCHEDULES:
        raise unknown_name("--schedule:", name, SCHEDULES)
    if name == "warmup" and rise is None:
        raise OptionError("--schedule warmup needs --warmup: the number of epochs in which the rate rises")
    if rise is not None:
        epochs -= count("--warmup", rise, at_most=epochs - 1)
    base = "constant" if name == "warmup" else name
    takes = inspect.signature(SCHEDULES[base]).parameters
    checks: dict[str, Callable[[str, Any], Any]] = {
        "lr_step": count,
        "lr_factor": lambda option, value: number(option, value, above=0.0),
        "lr_min": lambda option, value: number(option, value, at_least=0.0),
    }
    stated = {one: getattr(settings, one) for one in checks if getattr(settings, one) is not None}
    given = {one: checks[one](flag(one), value) for one, value in stated.items()}
    for one, parameter in _SCHEDULED.items():
        if one in given and parameter not in takes:
            raise OptionError(f"{flag(one)}: the schedule {base} has no such one; {_schedules_with(parameter)}")
        if one not in given and parameter in takes and takes[parameter].default is inspect.Parameter.empty:
            raise OptionError(f"--schedule {base} needs {flag(one)}; {_schedules_with(parameter)}")
    options = {_SCHEDULED[one]: value for one, value in given.items()} | ({"epochs": epochs} if "epochs" in takes else {})

    def scheduled(rate: float) -> Any:
        if name == "constant" and rise is None:
            return rate
        made = SCHEDULES[base](rate, **options)
        return made if rise is None else warmup(made, epochs=rise)

    return scheduled


def _schedules_with(parameter: str) -> str:
    """Tell which schedules have a parameter, and all their options."""
    from symgraph.use.training import SCHEDULES

    found = []
    for name, make in SCHEDULES.items():
        takes = inspect.signature(make).parameters
        if parameter in takes:
            found.append(f"{name} ({', '.join(flag(option) for option, one in _SCHEDULED.items() if one in takes)})")
    return _listed(found)


def _listed(names: Sequence[str]) -> str:
    return f"{' and '.join(names)} {'has it' if len(names) == 1 else 'have it'}"


def batch_size_of(text: str, rows: int) -> int | None:
    from symgraph.data.options import count

    if text == "all":
        return None
    try:
        size = int(text)
    except ValueError:
        raise OptionError(f"--batch-size: {text!r} is neither a number of rows nor 'all'") from None
    return count("--batch-size", size, at_most=rows)


def _clip(**limits: float | None) -> Any:
    from symgraph.data.options import number
    from symgraph.use.training import CLIPS

    given = {name: limit for name, limit in limits.items() if limit is not None}
    if len(given) > 1:
        raise OptionError(f"{' and '.join(f'--clip-{name}' for name in given)} exclude each other; give one")
    return next((CLIPS[name](number(f"--clip-{name}", limit, above=0.0)) for name, limit in given.items()), None)
