"""Options of ``symgraph train`` as values of training: optimizers with rates and schedules, stops, clips, sizes."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from symgraph.cli.weights import real
from symgraph.errors import OptionError, unknown_name

if TYPE_CHECKING:
    from symgraph.use.training import Optimizer, Stop

Settings = Mapping[str, Any]
"""The command's parameters by name."""

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

    rates, of_one = _rates(settings["lr"])
    names = _parts(settings["optimizer"]) or list(of_one) or ["adam"]
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
        given = {one: settings[one] for one in _PARAMETERS if one in own and settings[one] is not None}
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

    tol, share = settings["tol"], settings["validation"]
    stops: list[Stop] = [] if tol is None else [training.converged(number("--tol", tol, above=0.0))]
    stops += [] if settings["patience"] is None else [training.patience(count("--patience", settings["patience"]))]
    return {
        "epochs": count("--epochs", settings["epochs"]),
        "batch_size": batch_size_of(settings["batch_size"], rows),
        "shuffle": settings["shuffle"],
        "seed": count("--seed", settings["seed"], at_least=0, at_most=GREATEST_SEED),
        "validation": None if share is None else number("--validation", share, above=0.0, below=1.0),
        "stop": stops,
        "clip": _clip(norm=settings["clip_norm"], value=settings["clip_value"]),
        "backend": checked_choice(settings["backend"], "--backend"),
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
        if settings[one] is not None and not set(having[one]) & set(names):
            named = f"{' and '.join(names)} {'has' if len(names) == 1 else 'have'}"
            raise OptionError(f"{flag(one)}: {named} no {one}; of the optimizers, {_listed(having[one])}")


def _schedule(settings: Settings) -> "Callable[[float], Any]":
    """Return the function that makes the schedule of a rate."""
    from symgraph.data.options import count, number
    from symgraph.use.training import SCHEDULES, warmup

    rise, epochs = settings["warmup"], count("--epochs", settings["epochs_scheduled"] or settings["epochs"])
    name = settings["schedule"]
    if name is None:
        name = "constant" if settings["lr_step"] is None else "step"
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
    given = {option: check(flag(option), settings[option]) for option, check in checks.items() if settings[option] is not None}
    for option, parameter in _SCHEDULED.items():
        if option in given and parameter not in takes:
            raise OptionError(f"{flag(option)}: the schedule {base} has no such option; {_schedules_with(parameter)}")
        if option not in given and parameter in takes and takes[parameter].default is inspect.Parameter.empty:
            raise OptionError(f"--schedule {base} needs {flag(option)}; {_schedules_with(parameter)}")
    options = {_SCHEDULED[option]: value for option, value in given.items()} | ({"epochs": epochs} if "epochs" in takes else {})

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
