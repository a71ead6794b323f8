"""Results of ``symgraph train``: weights on the disk, plots, tables, JSON."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symgraph.cli.outputs import file_of
from symgraph.data.files import is_stream
from symgraph.errors import WeightsError

if TYPE_CHECKING:
    from symgraph.runtime.generated_module import GeneratedModule
    from symgraph.use.training import TrainResult

_SHOWN = 30  # weights that a table of results lists
_BESIDE = 4  # runs in one table of weights: as many columns as fit 80 characters

Results = Mapping[str, "TrainResult"]
Table = tuple[Sequence[str], Sequence[Sequence[str]]]


def save_all(
    results: Results, module: "GeneratedModule", files: Mapping[str, Path], *, best: bool
) -> "tuple[list[str], WeightsError | None]":
    """Write weights of each run; return a line on each, and the last error.

    A run that diverged or finished no epoch does not overwrite a file that has content: those weights may be good.

    Args:
        results: by the names of the runs.
        module: the model's.
        files: by the same names.
        best: whether to write the weights after the epoch of the least loss; else those after the last epoch.
    """
    from symgraph.data.weights import save_weights

    lines, failure, what = [], None, "best weights" if best else "weights"
    for name, file in files.items():
        result = results.get(name)
        if result is None:
            continue
        failed = "this run diverged" if result.reason == "non-finite" else "" if result.epochs else "no epoch was finished"
        if failed and not is_stream(file) and file.exists() and file.stat().st_size:
            lines.append(f"{name}: {file} is left as it was, since {failed}; name a new file to save these weights")
            continue
        try:
            save_weights(file, module, result.best_weights if best else result.weights)
            lines.append(f"{name}: {what} saved to {file}")
        except WeightsError as error:  # the weights are printed before it ends the command
            failure = error
    return lines, failure


def draw(results: Results, module: "GeneratedModule", path: Path | None) -> list[str]:
    """Draw the losses, those of rows held out beside them; return a line that says what was drawn."""
    from symgraph.show.plots import losses, save

    if path is None:
        return []
    drawn = {name: result for name, result in results.items() if result.epochs}
    if not drawn:
        return [f"no run finished an epoch: nothing is drawn to {path}"]
    save(path, losses, drawn, title=f"{module.MODEL}: loss by run" if len(drawn) > 1 else f"{module.MODEL}: loss")
    for name, result in drawn.items() if len(drawn) > 1 else ():
        save(file_of(path, name, drawn), losses, {name: result}, title=f"{module.MODEL}: loss")
    return [f"losses drawn to {path}{', those of each run beside it' if len(drawn) > 1 else ''}"]


def _curves(result: "TrainResult") -> dict[str, Any]:
    """Return the losses by what they are of: "" for the rows trained on, "validation" for those held out."""
    held = result.validation_losses
    return {"": result.losses} | ({} if held is None else {"validation": held})


def document_of(results: Results, module: "GeneratedModule", doubted: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the results as a value of JSON."""
    runs = {}
    for name, result in results.items():
        held = result.validation_losses
        runs[name] = {
            "reason": result.reason,
            "message": result.message,
            "doubts": list(doubted[name]),
            "backend": result.backend,
            "epochs": result.epochs,
            "losses": result.losses.tolist(),
            "validation_losses": None if held is None else held.tolist(),
            "weights": module.unpack(result.weights),
            "best_epoch": result.best_epoch,
            "best_weights": module.unpack(result.best_weights),
        }
    return {"model": module.MODEL, "runs": runs}


def tables_of(results: Results, module: "GeneratedModule") -> list[Table]:
    """Return the tables of the losses and of the last weights."""
    held = any(result.validation_losses is not None for result in results.values())
    columns = ["optimizer", "epochs", "ended", "loss", *(["validation"] if held else []), "best epoch"]
    rows = []
    for name, result in results.items():
        last = [f"{values[-1]:.8g}" if len(values) else "-" for values in _curves(result).values()]
        rows.append([name, str(result.epochs), result.reason, *last, str(result.best_epoch) if result.epochs else "-"])
    tables: list[Table] = [(columns, rows)]
    from symgraph.runtime.natural import natural_names

    names = list(results)
    for start in range(0, len(names), _BESIDE):
        beside = names[start : start + _BESIDE]
        by_name = [module.unpack(results[name].weights) for name in beside]
        values = [
            [weight, *(f"{some[weight]:.8g}" for some in by_name)]
            for weight in natural_names(module.WEIGHTS, module.METADATA)[:_SHOWN]
        ]
        tables.append((["weight", *beside], values))
    return tables


def hidden_weights(module: "GeneratedModule") -> list[str]:
    """Return a line on weights that the tables do not show."""
    more = len(module.WEIGHTS) - _SHOWN
    return [f"{more} more weights; --save or --json gives all"] if more > 0 else []


def verdicts_of(results: Results, doubted: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the last lines: the run of the least loss among several, how each ended, and what speaks against its weights."""
    lines = []
    finished = {name: result for name, result in results.items() if result.epochs}
    if len(finished) > 1:
        name = min(finished, key=lambda name: _least(finished[name]))
        lines.append(f"the least loss of these runs: {_least(finished[name]):.8g}, {name}, epoch {finished[name].best_epoch}")
    for name, result in results.items():
        lines += [f"{name}: {line}" for line in (result.message, *doubted[name])]
    return lines


def _least(result: "TrainResult") -> float:
    loss, held = result.best
    least = loss if held is None else held
    return math.inf if math.isnan(least) else least
