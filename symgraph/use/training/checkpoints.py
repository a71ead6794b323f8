"""Checkpoints of a run: a folder from which it goes on, bit for bit, after the process that ran it was killed.

`losses.csv` grows by a line for each epoch. `checkpoint.json` has the weights, the optimizer's state and a description of the
run; it is replaced whole, after the losses that it counts are on the disk, so that they give a run to go on from at any moment.
"""

import dataclasses
import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast, get_args

import numpy as np

from symgraph.data.documents import read_document
from symgraph.data.files import locked, write_file
from symgraph.data.options import count
from symgraph.data.rows import Array, Rows
from symgraph.errors import OptionError
from symgraph.use.training.history import Reached, Reason
from symgraph.use.training.optimizers import Optimizer, OptimizerState, int64
from symgraph.use.training.other_backends import Siblings

_FORMAT = "symgraph checkpoint 2"
_STATE, _LOSSES = "checkpoint.json", "losses.csv"
_LONGEST = 100
"""Signs of a line of losses at most: an epoch and two numbers take some 70."""
_ENDS: tuple[Reason, ...] = ("tolerance", "patience", "stop")
"""Reasons that end a run for good: it has done what it was asked for."""

Run = Mapping[str, Any]
"""Description of a run by name: all that its bits depend on, as values of JSON."""

_NAMES = {"module": "generated module", "rows": "data", "model_hash": "spec"}


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Folder of a saved run; made by `checkpoints` or `resume`."""

    folder: Path
    every: int
    goes_on: bool


class Saved(NamedTuple):
    """Run as it was kept.

    Attributes:
        run: its description.
        reached: what it has reached.
        losses: the mean loss after each epoch.
        validation_losses: the same over the rows held out; () if there are none.
        ended: the reason why it has ended for good, or None.
    """

    run: Run
    reached: Reached
    losses: tuple[float, ...]
    validation_losses: tuple[float, ...]
    ended: Reason | None


def checkpoints(folder: str | os.PathLike[str], every: int = 10) -> Checkpoints:
    """Save a new run in a folder, for `train(..., checkpoint=checkpoints(folder))`.

    Args:
        folder: is made if it does not exist; must not have a run yet.
        every: the number of epochs between two checkpoints; there is also one at the start and one at the end.

    Raises:
        OptionError: `every` is no whole number of at least 1.
    """
    return Checkpoints(Path(folder), count("every", every), goes_on=False)


def resume(folder: str | os.PathLike[str], every: int = 10) -> Checkpoints:
    """Continue the run of a folder, for `train(..., checkpoint=resume(folder))`.

    Arguments of `train` on which the bits of the run depend must be the same as at its start. Epochs
    count from the start of the run. w0 is ignored; without a seed the seed of the run is used.

    Args:
        folder: that `checkpoints` was given.
        every: the number of epochs from one checkpoint to the next, from now on.

    Raises:
        OptionError: `every` is no whole number of at least 1.
    """
    return Checkpoints(Path(folder), count("every", every), goes_on=True)


class Journal:
    """Open folder of a run, which no other process can open meanwhile.

    Attributes:
        saved: the run that goes on, or None.
        every: the number of epochs from one checkpoint to the next.
    """

    def __init__(self, folder: Path, every: int, saved: Saved | None) -> None:
        self.saved = saved
        self.every = every
        self._folder = folder
        self._written = 0
        self._run: Run = {}

    def begin(self, run: Run, reached: Reached) -> None:
        """Write the first checkpoint of a new run, or check that a kept run goes on as it was begun.

        Args:
            run: the description of the run.
            reached: where a new run starts.

        Raises:
            OptionError: the kept run is another one, or a file cannot be written.
        """
        self._run = dict(run)
        if self.saved is None:
            self.write(reached, [], [], None)
            return
        before = self.saved.run
        differ = [
            f"its {_NAMES.get(name, name)} was {_short(before.get(name))} and is now {_short(value)}"
            for name, value in run.items()
            if before.get(name) != value
        ]
        if differ:
            raise OptionError(
                f"{self._folder} cannot be continued: {'; '.join(differ)}, with which the bits would differ; go on with what "
                "it was begun with, or begin a new run"
            )
        self._losses(self.saved.losses, self.saved.validation_losses, anew=True)  # without what came after the checkpoint

    def due(self, done: int) -> bool:
        """Tell if a run that goes on after so many epochs is to be kept first: it has come to a checkpoint not yet written."""
        return done > self._written and done % self.every == 0

    def write(
        self,
        reached: Reached,
        losses: Sequence[float],
        validation_losses: Sequence[float],
        reason: Reason | None,
        *,
        anew: bool = False,
    ) -> None:
        """Keep what a run has reached.

        Args:
            reached: all but its losses.
            losses: those of all epochs since the run began.
            validation_losses: the same of the rows held out; empty if there are none.
            reason: the reason why it has ended, or None.
            anew: write the file of losses anew, since an interrupt may have come while some were added.

        Raises:
            OptionError: a file cannot be written; the checkpoint before is then as it was.
        """
        self._losses(losses, validation_losses, anew=anew or not losses)
        weights, state = reached.weights, reached.state
        document = {
            "format": _FORMAT,
            "run": self._run,
            "epochs": len(losses),
            "ended": reason if reason in _ENDS else None,
            "step": int(state.step),
            "epoch": int(state.epoch),
            "weights": weights.tolist(),  # the shortest decimals that give back the same bits
            "slots": [slot.tolist() for slot in state.slots],
            "best_weights": reached.best_weights.tolist(),
            "best_epoch": reached.best_epoch,
        }
        with _writing(self._folder / _STATE) as path:
            write_file(path, json.dumps(document) + "\n")

    def _losses(self, losses: Sequence[float], validation_losses: Sequence[float], *, anew: bool) -> None:
        """Append the lines of epochs that are not yet in the file, and wait until they are on the disk."""
        start = 0 if anew else self._written
        first = self._run["first_epoch"]
        header = f"epoch,loss{',validation_loss' if self._run['validation'] is not None else ''}\n" if anew else ""
        columns = [losses[start:], *([validation_losses[start:]] if self._run["validation"] is not None else [])]
        lines = (f"{first + start + i + 1},{','.join(map(repr, row))}\n" for i, row in enumerate(zip(*columns, strict=True)))
        text = header + "".join(lines)
        with _writing(self._folder / _LOSSES) as path:
            if anew:
                write_file(path, text)
            else:
                with path.open("a", encoding="utf-8") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
        self._written = len(losses)


@contextmanager
def opened(checkpoint: Checkpoints | None) -> Iterator[Journal | None]:
    """Open the folder of a run for as long as it runs; None without one.

    Raises:
        OptionError: another process trains into it, it holds a run already or none to go on with, or cannot be written.
    """
    if checkpoint is None:
        yield None
        return
    folder = checkpoint.folder
    with ExitStack() as stack:
        with _writing(folder):
            if not checkpoint.goes_on:
                folder.mkdir(parents=True, exist_ok=True)
            if folder.is_dir():
                stack.enter_context(locked(folder, wait=False))
        for path in (folder / _STATE, folder / _LOSSES):
            if path.is_symlink():  # the file that it leads to would be replaced
                raise OptionError(f"{path} is a link; a run writes only files of its own folder: put a file in its place")
        if checkpoint.goes_on:
            saved = read_kept(folder)
        elif is_kept(folder):
            raise OptionError(f"{folder} holds a run already; go on with it by resume, or name another folder")
        else:
            saved = None
        yield Journal(folder, checkpoint.every, saved)


def described(modules: Siblings, rows: Rows, optimizer: Optimizer, **others: Any) -> Run:
    """Describe a run by all that its bits depend on. Functions of a user's own count by their names.

    Args:
        modules: the modules of the model.
        rows: all rows.
        optimizer: the optimizer.
        **others: options by name; arrays count by their bytes.
    """
    module: Any = modules.arrays or modules.scalar
    files = (getattr(one, "__file__", None) for one in (modules.arrays, modules.scalar))
    texts = [Path(file).read_bytes() for file in files if file and Path(file).is_file()]
    known = {
        "model": module.MODEL,
        "model_hash": getattr(module, "METADATA", {}).get("model_hash"),
        "module": _digest(*texts, *(text.encode() for _, text in modules.c_files if text)),
        "rows": rows,
        "dtype": rows.dtype.name,
        "optimizer": {"name": optimizer.name, "rate": optimizer.rate, **{p.name: p.value for p in optimizer.parameters}},
    }
    plain = {name: _plain(value) for name, value in {**known, **others}.items()}
    stored: Run = json.loads(json.dumps(plain, default=str))
    return stored


def is_kept(folder: Path) -> bool:
    """Tell if a folder has a run to go on with, or a link in the place of its file."""
    return os.path.lexists(folder / _STATE)


def _plain(value: Any) -> Any:
    """Return a value of JSON to compare a value by: rows become the digest of their bytes, functions their names."""
    if isinstance(value, Rows):
        return _digest(*(part for array in (value.X, value.y) for part in _parts(array)))
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return {"kind": type(value).__name__, **fields}
    if callable(value):
        return f"{value.__module__}.{getattr(value, '__qualname__', type(value).__name__)}"
    return value


def _parts(array: Array | None) -> tuple[bytes, bytes]:
    return (b"", b"") if array is None else (repr(array.shape).encode(), array.tobytes())


def _digest(*parts: bytes) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(part)
        total.update(b"\0")
    return f"sha256:{total.hexdigest()}"


def _short(value: Any) -> str:
    text = str(value)
    return text[: len("sha256:") + 12] if text.startswith("sha256:") else text


@contextmanager
def _writing(path: Path) -> Iterator[Path]:
    """Turn an error of the file system into one that names the file."""
    try:
        yield path
    except BlockingIOError:
        raise OptionError(f"{path} is in use: another process trains into it; wait for it, or name another folder") from None
    except OSError as error:
        raise OptionError(f"cannot write {path}: {error.strerror or error}; choose a folder that can be written") from error


def read_kept(folder: Path) -> Saved:
    """Return the run of a folder.

    Raises:
        OptionError: there is none, or it cannot be read.
    """
    path = folder / _STATE
    try:
        return _saved(read_document(path, _FORMAT), folder / _LOSSES)
    except FileNotFoundError as error:
        raise OptionError(f"{folder} holds no run to go on with: there is no {Path(error.filename).name} in it") from None
    except OSError as error:
        raise OptionError(f"{folder} cannot be read: {error}") from error
    except (OptionError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise OptionError(
            f"{path} is no checkpoint of a run, or was changed since ({type(error).__name__}: {error}); begin a new run"
        ) from error


def _saved(document: Any, kept: Path) -> Saved:
    run, done, ended = dict(document["run"]), count("epochs", document["epochs"], at_least=0), document["ended"]
    count("seed", run["seed"], at_least=0)
    if ended is not None and ended not in get_args(Reason):
        raise ValueError(f"it ended by {ended!r}")
    first = count("first_epoch", run["first_epoch"], at_least=0)
    losses, held = _losses_in(kept, first, done, 1 + (run["validation"] is not None))
    weights, best = (np.array(document[name], np.dtype(run["dtype"])) for name in ("weights", "best_weights"))
    slots = tuple(np.array(slot, np.float64) for slot in document["slots"])
    arrays = (weights, best, *slots)
    if {array.shape for array in arrays} != {(len(weights),)} or not np.isfinite(arrays).all():
        raise ValueError("weights and slots are no finite numbers of one length")
    step, epoch, best_epoch = (count(name, document[name], at_least=0) for name in ("step", "epoch", "best_epoch"))
    least = _least(held or losses, first, best_epoch)
    if epoch != first + done:
        raise ValueError(f"it is of epoch {epoch}, and has the losses of {done} epochs after epoch {first}")
    state = OptimizerState(int64(step), int64(epoch), slots)
    return Saved(run, Reached(weights, state, best, best_epoch, least), losses, held, cast("Reason | None", ended))


def _least(losses: Sequence[float], first: int, best_epoch: int) -> float:
    """Return the least loss, which must be that of the best epoch; of rows held out a loss may be infinite or nan."""
    least = min((loss for loss in losses if loss < math.inf), default=math.inf)
    if best_epoch != (first + 1 + losses.index(least) if least < math.inf else first):
        raise ValueError(f"its best epoch is {best_epoch}, and {_LOSSES} says another")
    return least


def _losses_in(path: Path, first: int, done: int, columns: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the losses of some epochs, and those of the rows held out, () if there is but one column of losses.

    A run may have millions of epochs: the file is read line by line, no further than these, in pieces no longer than a line is.
    """
    if path.exists() and not path.is_file():
        raise ValueError(f"{path.name} is no file")
    whole: list[tuple[float, ...]] = []
    with path.open(encoding="utf-8") as file:
        lines = iter(partial(file.readline, _LONGEST), "")
        next(lines, None)  # the names of the columns
        for epoch, line in zip(range(first + 1, first + done + 1), lines, strict=False):
            row = line.split(",")
            if len(row) != 1 + columns or not line.endswith("\n"):
                break
            whole.append(tuple(map(float, row[1:])))
            if row[0] != str(epoch) or not math.isfinite(whole[-1][0]):
                raise ValueError(f"the line of epoch {epoch} in {_LOSSES} is {line[:-1]!r}")
    if len(whole) < done:
        raise ValueError(f"{_LOSSES} has {len(whole)} of its {done} epochs")
    return tuple(row[0] for row in whole), tuple(held for row in whole for held in row[1:])
