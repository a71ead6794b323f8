"""Folder of ``symgraph train --run``: all that repeats the command and goes on with it, and what it found.

`run.json` has the options, the module, the data and the versions; a folder for each run its checkpoints and losses
(`symgraph.use.training.checkpoints`) and, in the end, its weights; `report.txt` what was printed.
"""

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import fields, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from symgraph.cli.terminal import note
from symgraph.cli.train_options import Settings, TrainOptions, flag
from symgraph.data.documents import read_document
from symgraph.data.files import locked, remove_unfinished, write_file
from symgraph.errors import OptionError
from symgraph.project.settings.trust import objection

if TYPE_CHECKING:
    from symgraph.runtime.generated_module import GeneratedModule
    from symgraph.use.training import Checkpoints, TrainResult

_FORMAT = "symgraph run 1"
_RECORD, _REPORT, _START = "run.json", "report.txt", "start.json"
_OF_THE_CALL = ("run", "resume", "json", "quiet", "log", "config", "locked")
"""Options that say how a command shows its work, not what the work is."""
_MAY_CHANGE = ("model", "data", "backend", "epochs", "checkpoint_every")
"""Options that may be given with --resume: for what has moved, which is then compared, and for more epochs."""
_PATHS = ("data", "init", "save", "save_best", "plot")


class RunFolder:
    """Folder of a command, new or one that goes on."""

    def __init__(self, path: Path, every: int, *, goes_on: bool) -> None:
        self.path = path
        self._every = every
        self._goes_on = goes_on

    def begin(self, stack: ExitStack, settings: Settings, module: "GeneratedModule", start: Any) -> None:
        """Make the folder and lock it for as long as the stack lasts; write what the command is made of.

        Args:
            stack: closed when the command ends.
            settings: its options.
            module: that is trained.
            start: (k,) the weights of --init, or None.

        Raises:
            OptionError: it cannot be written, another process uses it, or it holds something else.
        """
        from symgraph.data.weights import save_weights
        from symgraph.use.training.checkpoints import is_kept, read_kept

        try:
            if not self._goes_on:
                self.path.mkdir(parents=True, exist_ok=True)
            stack.enter_context(locked(self.path, wait=False))
            remove_unfinished(self.path)
            if self._goes_on:
                for folder in filter(is_kept, sorted(self.path.iterdir())):
                    read_kept(folder)  # before anything is written
                record = _document(self.path / _RECORD)
                changed = {name: getattr(settings, name) for name in ("epochs", "epochs_scheduled", "checkpoint_every")}
                if changed.items() <= record["options"].items():
                    return
                record["options"] |= changed
            else:
                self._check_empty()
                if start is not None:
                    save_weights(self.path / _START, module, start)
                record = self._record(settings, module)
            write_file(self.path / _RECORD, json.dumps(record, indent=2) + "\n")
        except BlockingIOError:
            raise OptionError(f"{self.path} is in use: another process trains into it; wait for it") from None
        except OSError as error:
            raise OptionError(f"--run: {self.path} cannot be written: {error.strerror or error}; choose another") from error

    def checkpoint(self, name: str) -> "Checkpoints":
        """Return the option `checkpoint` of a run, by which it goes on if the folder keeps it already, and else begins."""
        from symgraph.use.training.checkpoints import checkpoints, is_kept, resume

        folder = self.path / name
        return (resume if is_kept(folder) else checkpoints)(folder, self._every)

    def finish(self, results: "Mapping[str, TrainResult]", module: "GeneratedModule", report: Sequence[str]) -> None:
        """Write the weights of the runs, and what was printed.

        Raises:
            OptionError, WeightsError: a file cannot be written.
        """
        from symgraph.data.weights import save_weights

        for name, result in results.items():
            save_weights(self.path / name / "weights.json", module, result.weights)
            save_weights(self.path / name / "best.json", module, result.best_weights)
        try:
            write_file(self.path / _REPORT, "\n".join(report) + "\n")
        except OSError as error:
            raise OptionError(f"cannot write {self.path / _REPORT}: {error.strerror or error}") from error

    def _check_empty(self) -> None:
        if (self.path / _RECORD).exists():
            raise OptionError(f"--run: {self.path} holds a run already; go on with it by --resume, or name another folder")
        if any(self.path.iterdir()):
            raise OptionError(f"--run: {self.path} is not empty; name a new folder, or one with nothing in it")

    def _record(self, settings: Settings, module: Any) -> dict[str, Any]:
        options = {name: value for name, value in _values(settings).items() if name not in _OF_THE_CALL}
        for name in _PATHS:
            options[name] = _named(options[name])
        if settings.init is not None:
            options["init"] = _START
        file = str(Path(module.__file__).absolute())
        return {
            "format": _FORMAT,
            "options": options | {"model": file, "optimizer": settings.optimizer or [], "lr": settings.lr or []},
            "model": module.MODEL,
            "model_hash": module.METADATA["model_hash"],
            "digests": {
                path: _digest(path)
                for path in (file, options["data"])
                if path not in (None, "-") and Path(path).is_file()  # a pipe has been read
            },
            "versions": versions(),
        }


def versions() -> dict[str, str]:
    """Return the versions on which last bits may depend."""
    return {
        "symgraph": version("symgraph-codegen"),
        "numpy": version("numpy"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
    }


def settings_of(context: typer.Context, options: TrainOptions) -> Settings:
    """Return the options of a run: those of a command; of one that goes on, those that it was begun with.

    Raises:
        OptionError: the folder of --resume holds no run, is another user's, or an option given beside it is not the run's.
    """
    if options.run is not None and options.resume is not None:
        raise OptionError("--run begins a run in a new folder, --resume goes on with one that is there; give one of them")
    if options.resume is None:
        return Settings(**_values(options))
    return _resumed(options.resume, options, context)


def _resumed(folder: Path, given: TrainOptions, context: typer.Context) -> Settings:
    path = folder / _RECORD
    explicit = {name for name in _values(given) if getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"}
    document = _own_document(path)
    try:
        kept = dict(document["options"])
        before = {one.name: one.process_value(context, kept[one.name]) for one in context.command.params if one.name in kept}
        before |= {name: Path(before[name]) for name in _PATHS if before.get(name) is not None}
        before |= {name: [*before[name]] for name in ("optimizer", "lr") if before.get(name)}
        before |= {"epochs_scheduled": kept.get("epochs_scheduled"), **{name: getattr(given, name) for name in _OF_THE_CALL}}
        stated = dict(document["versions"])
    except (KeyError, TypeError, ValueError, typer.BadParameter) as error:
        raise OptionError(f"{path} is no record of a run, or was changed since: {error}; begin a new run") from error
    settings = Settings(**_values(given) | before)
    if settings.model is None and given.model is None:
        raise OptionError(f"{path} is no record of a run, or was changed since: it names no module; begin a new run")
    if settings.init is not None:
        settings = replace(settings, init=folder / _START)
    for name in sorted(explicit - set(_OF_THE_CALL)):
        if name not in _MAY_CHANGE and getattr(given, name) != getattr(settings, name):
            raise OptionError(f"{flag(name)}: the run of {folder} goes on with what it was begun with; leave the option out")
    if "epochs" in explicit:
        settings = replace(settings, epochs_scheduled=settings.epochs_scheduled or settings.epochs)
    settings = replace(settings, **{name: getattr(given, name) for name in explicit & set(_MAY_CHANGE)})
    if "model" not in explicit and settings.model is not None:
        _refuse_doubt(Path(settings.model), f"and {path} names it as the module, which would run; if you trust it, name it too")
    for name, now in versions().items():
        if stated.get(name) != now:
            note(f"{name} was {stated.get(name)} and is {now}: the last bits may differ", quiet=given.quiet)
    return settings


def _values(options: TrainOptions) -> dict[str, Any]:
    """Return options by name."""
    return {one.name: getattr(options, one.name) for one in fields(options)}


def _named(path: Path | None) -> str | None:
    """Return the absolute name of a file as a record has it; standard input has none."""
    return None if path is None else str(path) if path == Path("-") else str(path.absolute())


def _own_document(path: Path) -> dict[str, Any]:
    """Read a record unless it is another's: it names code that runs, data that are read and files that are written.

    A link in its folder is not followed either: a run has its own files there, and a link would have others replaced.
    """
    advice = "and names what would run, be read and be written; if you trust all of it, go on with a copy of the folder"
    for one in (path.parent, path):
        _refuse_doubt(one, advice)
    document = _document(path)
    for link in filter(Path.is_symlink, [*path.parent.glob("*"), *path.parent.glob("*/*")]):
        raise OptionError(f"--resume: {link} is a link, and would have a file elsewhere replaced; put a file in its place")
    return document


def _refuse_doubt(path: Path, advice: str) -> None:
    try:
        doubt = objection(path, Path())
    except (OSError, ValueError):  # what reads it next says so
        return
    if doubt is not None:
        raise OptionError(f"{path} {doubt}, {advice}")


def _document(path: Path) -> dict[str, Any]:
    try:
        document = read_document(path, _FORMAT)
    except FileNotFoundError:
        raise OptionError(f"--resume: {path.parent} holds no run: there is no {path.name} in it") from None
    except OSError as error:
        raise OptionError(f"--resume: {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise OptionError(f"{path} is no record of a run: {error}; begin a new run") from error
    if not isinstance(document.get("options"), dict):
        raise OptionError(f"{path} is no record of a run: it has no options; begin a new run")
    return document


def _digest(path: str) -> str:
    with Path(path).open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
