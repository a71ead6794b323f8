"""Run folders and checkpoints: ``train --resume`` goes on to the same bits, or refuses and loses nothing."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from cases import Case, Outcome
from files_checks import Prepare, clear_or_done, ended, unclear
from files_mutations import TEXT, mutated
from victim import ROOT, copied

RESUME = ("train", "decay", "--data", "rows.csv", "--resume", "kept", "--epochs", "9", "--quiet")
CHECKPOINT, LOSSES, RUN = "kept/adam/checkpoint.json", "kept/adam/losses.csv", "kept/run.json"
DEEP = "[" * 100_000
MANY = "{" + ",".join(f'"k{i}": {i}' for i in range(60_000)) + "}"


@cache
def kept() -> tuple[dict[str, bytes], list[float]]:
    """Return the files of a run of 6 epochs, and the weights that it has after 9."""
    folder = Path(mkdtemp(prefix="run-"))
    copied(folder)
    for words in ("--epochs 6 --run kept --checkpoint-every 2", "--epochs 9 --run whole"):
        command = [sys.executable, "-m", "symgraph", "train", "decay", "--data", "rows.csv", "--quiet", *words.split()]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    files = {str(path.relative_to(folder)): path.read_bytes() for path in (folder / "kept").rglob("*") if path.is_file()}
    weights = json.loads((folder / "whole" / "adam" / "weights.json").read_text())["weights"]
    shutil.rmtree(folder)
    return files, list(weights.values())


def _with(*left_out: str, **_: object) -> Prepare:
    return _changed(dict.fromkeys(left_out))


def _changed(changes: dict[str, bytes | None]) -> Prepare:
    """Write the run of ``kept`` with other files in it; None leaves one out."""

    def prepare(folder: Path) -> None:
        for name, content in (kept()[0] | changes).items():
            if content is not None:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(content)

    return prepare


def _goes_on(folder: Path, outcome: Outcome) -> str:
    """The run has ended with the bits of one that was never interrupted."""
    if told := ended(outcome, 0):
        return told
    found = list(json.loads((folder / "kept" / "adam" / "weights.json").read_text())["weights"].values())
    return "" if found == kept()[1] else f"weights {found}, those of an uninterrupted run are {kept()[1]}"


def _or_refused(folder: Path, outcome: Outcome) -> str:
    return _refused(folder, outcome) if outcome.code == 2 else _goes_on(folder, outcome)


def _refused(folder: Path, outcome: Outcome) -> str:
    """One line says so, and the run folder is as it was."""
    if told := ended(outcome, 2):
        return told
    return unclear(outcome, ("kept",)) or _unchanged(folder, outcome)


def _unchanged(folder: Path, outcome: Outcome) -> str:
    del folder
    lost = [name for name, before in outcome.before.items() if outcome.after.get(name, b"") != before and name != RUN]
    return f"{lost[0]!r} is not as it was" if outcome.code == 2 and lost else ""


def _wholly_unchanged(folder: Path, outcome: Outcome) -> str:
    return _refused(folder, outcome) or ("" if outcome.after.get(RUN) == outcome.before[RUN] else "run.json is changed")


def _clear(folder: Path, outcome: Outcome) -> str:
    """A refusal is clear, and has lost nothing."""
    return _refused(folder, outcome) if outcome.code == 2 else ""


def _edit(name: str, **changed: object) -> dict[str, bytes | None]:
    """Change entries of a JSON file of the run; "run.x" is entry x of "run"."""
    whole = json.loads(kept()[0][name])
    for key, value in changed.items():
        place, _, inner = key.rpartition("__")
        (whole[place] if place else whole)[inner] = value
    return {name: json.dumps(whole).encode()}


def _checkpoints() -> dict[str, dict[str, bytes | None]]:
    """Checkpoints that cannot be right."""
    text = kept()[0][CHECKPOINT].decode()
    found: dict[str, dict[str, bytes | None]] = {}
    for key in ("step", "epoch", "epochs", "best_epoch", "run__first_epoch", "run__batch_size", "run__seed"):
        for value in (-1, 2**63, 10**400, 1.5, "x", None, []):
            if value in (-1, 2**63) or key in ("step", "epoch"):
                short = str(value) if len(str(value)) < 30 else "10^400"
                found[f"{key.replace('__', ' ')} is {short}"] = _edit(CHECKPOINT, **{key: value})
    for key in ("weights", "slots", "best_weights"):
        for value in (
            [],
            [1.0],
            [1.0] * 3,
            ["a", "b"],
            [None, None],
            [[1.0, 2.0]],
            5,
            "ab",
            {},
            [1e308, 1e308],
            [10**400, 1],
            [True, False],
        ):
            found[f"{key} are {str(value)[:12]}"] = _edit(CHECKPOINT, **{key: value})
    found |= {f"{key} is missing": _edit_out(key) for key in ("format", "run", "epoch", "step", "weights", "slots")}
    others = {
        "NaN": text.replace('"weights": [', '"weights": [NaN, '),
        "1e999": text.replace('"weights": [', '"weights": [1e999, '),
        "deep": text.replace('"weights": [', '"weights": [' + DEEP),
        "weights twice": text.replace('"weights": [', '"weights": [9.0, 9.0], "weights": ['),
        "60,000 keys": text.replace('"run":', '"more": ' + MANY + ', "run":'),
        "nothing": "",
        "NUL": "\0" * 500,
        "null": "null",
        "a list": "[]",
        "brackets": DEEP,
        "UTF-16": text.encode("utf-16").decode("latin-1"),
    }
    found |= {name: {CHECKPOINT: content.encode()} for name, content in others.items()}
    for key in ("format", "run__model", "run__model_hash", "run__backend", "run__dtype", "run__rows", "ended"):
        for value in ("\x1b[31m", "\u202e", "\ud800", "n" * 1_000_000, 5, ["a"]):
            if value in ("\x1b[31m", 5) or key == "run__backend":
                found[f"{key.replace('__', ' ')} is {ascii(value)[:9]}"] = _edit(CHECKPOINT, **{key: value})
    found["the optimizer has ESC"] = _edit(CHECKPOINT, run__optimizer={"name": "\x1b[31m", "rate": "\x07"})
    found["the optimizer is a list"] = _edit(CHECKPOINT, run__optimizer=["adam"])
    return found


def _edit_out(key: str) -> dict[str, bytes | None]:
    whole = json.loads(kept()[0][CHECKPOINT])
    del whole[key]
    return {CHECKPOINT: json.dumps(whole).encode()}


def _losses() -> dict[str, bytes]:
    """Losses that do not belong to their checkpoint, or are no losses."""
    lines = kept()[0][LOSSES].decode().splitlines(keepends=True)
    found = {
        "nothing": "",
        "only names": lines[0],
        "other names": "a,b\n" + "".join(lines[1:]),
        "a line less": "".join(lines[:-1]),
        "no names": "".join(lines[1:]),
        "a line more": "".join(lines) + "7,0.5\n",
        "half a line": "".join(lines)[:-9],
        "a line twice": "".join(lines + lines[-1:]),
        "in another order": "".join([lines[0], *lines[:0:-1]]),
        "NaN": "".join(lines[:-1]) + "6,nan\n",
        "a loss below all": "".join([*lines[:2], "2,-7.0\n", *lines[3:]]),
        "inf": "".join(lines[:-1]) + "6,1e999\n",
        "words": "".join(lines[:-1]) + "six,half\n",
        "ESC": "".join(lines[:-1]) + "6,\x1b[31m\n",
        "NUL": "".join(lines[:-1]) + "6,\0\n",
        "latin": "".join(lines[:-1]) + "6,\xff\n",
        "an epoch of 5,000 digits": "".join(lines[:-1]) + "9" * 5_000 + ",0.5\n",
        "a negative epoch": "".join(lines[:-1]) + "-6,0.5\n",
        "a line of 3 MB": "".join(lines[:-1]) + "6," + "1" * 3_000_000 + "\n",
        "60,000 lines": "".join(lines) + "".join(f"{i},0.5\n" for i in range(7, 60_000)),
        "a quote": "".join(lines[:-1]) + '6,"0.5\n',
    }
    return {name: content.encode("latin-1") for name, content in found.items()}


def _runs() -> dict[str, dict[str, bytes | None]]:
    """Files run.json that are not those of the run."""
    text = kept()[0][RUN].decode()
    found: dict[str, dict[str, bytes | None]] = {}
    for key, values in {
        "epochs": (-1, 10**30, "six", None, 1.5),
        "optimizer": ("adam", [5], ["\x1b[31m"], None, ["adam"] * 50),
        "lr": ([-1], ["nan"], "x", [["a"]], None),
        "batch_size": (1, "0", "-1", "x", [], "9" * 5_000),
        "seed": (-1, 2**70, "x", None),
        "checkpoint_every": (0, -1, "x", 2**70),
        "backend": ("x", 5, "\x1b[31m"),
        "schedule": ("x", 5),
        "validation": (2, "x", -1),
        "delimiter": ("xx", 5, "\x1b"),
        "stream": ("x", True),
        "shuffle": ("x", None),
        "data": (5, None, ["rows.csv"], "/dev/zero", "\x00", "\x1b[31m"),
        "model": (5, None, "/dev/zero", "\x00", "\x1b[31m"),
        "init": (5, "/dev/zero", "a=1,k=1", "\x1b[31m"),
        "save": ("decay.py", "/dev/full", 5, "\x00"),
        "plot": ("rows.csv", "pyproject.toml", 5),
    }.items():
        for value in values:
            found[f"{key} is {ascii(value)[:24]}"] = _edit(RUN, **{f"options__{key}": value})
    whole = {"format": "\x1b[31m", "options": [], "model": "\x1b[31m", "model_hash": 5}
    whole |= {"digests": {"/dev/zero": "x", "\x1b": 5}, "versions": {"numpy": "\x1b[31m"}}
    for key, value in whole.items():
        found[f"{key} is {ascii(value)[:24]}"] = _edit(RUN, **{key: value})
    others = {
        "nothing": "",
        "null": "null",
        "a list": "[]",
        "brackets": DEEP,
        "deep": text.replace("{", '{"deep": ' + DEEP + ",", 1),
        "60,000 keys": text.replace('"options":', '"more": ' + MANY + ', "options":'),
        "a key twice": text.replace('"options": {', '"options": {"epochs": 3,'),
    }
    found |= {name: {RUN: content.encode()} for name, content in others.items()}
    return found | {"without run.json": {RUN: None}}


def _links() -> dict[str, Callable[[Path], None]]:
    """What stands in the place of files and folders of a run."""

    def linked(place: str, to: str) -> Callable[[Path], None]:
        def prepare(folder: Path) -> None:
            _changed({})(folder)
            shutil.rmtree(folder / place) if (folder / place).is_dir() else (folder / place).unlink()
            (folder / place).symlink_to(to)

        return prepare

    def made(place: str, make: Callable[[Path], object]) -> Callable[[Path], None]:
        def prepare(folder: Path) -> None:
            _changed({place: None})(folder)
            make(folder / place)

        return prepare

    targets = ("/dev/zero", "nowhere", "/dev/null", "checkpoint.json", ".")
    found = {f"{CHECKPOINT} leads to {to}": linked(CHECKPOINT, to) for to in targets}
    found |= {f"{place} leads to {to}": linked(place, to) for place in (LOSSES, RUN) for to in targets[:2]}
    results = ("kept/report.txt", "kept/adam/weights.json", "kept/adam/best.json")
    found |= {f"{place} leads to rows.csv": linked(place, os.path.relpath("rows.csv", Path(place).parent)) for place in results}
    found |= {f"{place} is a folder": made(place, Path.mkdir) for place in (CHECKPOINT, LOSSES, RUN)}
    found |= {f"{place} is a FIFO": made(place, os.mkfifo) for place in (CHECKPOINT, LOSSES, RUN)}
    return found | {"the folder of the run leads out": linked("kept/adam", "../generated")}


def _foreign(*paths: str) -> Callable[[Path], None]:
    """Have a run that names a file of ours for its weights, of which some paths belong to another user."""

    def prepare(folder: Path) -> None:
        _changed(_edit(RUN, options__save=str(folder / "mine.json")))(folder)
        shutil.copy(folder / "kept/adam/weights.json", folder / "mine.json")
        for path in paths:
            os.chown(folder / path, 65534, 65534)

    return prepare


def cases(rng: random.Random) -> Iterator[Case]:
    """Runs that go on, and runs that cannot."""
    given = {"words": RESUME, "project": True, "changes": ("kept/*",)}
    yield Case("run: right", **given, prepare=_changed({}), codes=(0,), check=_goes_on)
    for name in ("kept/report.txt", "kept/adam/best.json", "kept/adam/weights.json"):
        yield Case(f"run: without {Path(name).name}", **given, prepare=_changed({name: None}), check=_or_refused)
    for name in (CHECKPOINT, LOSSES, RUN):
        yield Case(f"run: without {Path(name).name}", **given, prepare=_changed({name: None}), check=_or_refused)
    change = _changed({CHECKPOINT: b"{}"})
    yield Case("run: what is refused stays as it is", **given, prepare=change, codes=(2,), check=_wholly_unchanged)
    for name, change in _checkpoints().items():
        yield Case(f"checkpoint: {name}", **given, prepare=_changed(change), check=_clear, seconds=5)
    for name, content in _losses().items():
        yield Case(f"losses: {name}", **given, prepare=_changed({LOSSES: content}), check=_clear, seconds=5)
    for name, change in _runs().items():
        check = _clear if name == "seed is -1" else clear_or_done()
        yield Case(f"run.json: {name}", **given, prepare=_changed(change), check=check, seconds=5)
    for name, prepare in _links().items():
        yield Case(f"run: {name}", **given, prepare=prepare, check=_clear, seconds=1)
    for path in ("kept", RUN) if os.geteuid() == 0 else ():
        yield Case(f"run: {path} of another user", **given, prepare=_foreign(path), codes=(2,), check=_wholly_unchanged)
    for file, times in ((CHECKPOINT, 22), (LOSSES, 11), (RUN, 11)):
        for kind, content in mutated(kept()[0][file], rng, times, TEXT):
            yield Case(
                f"{Path(file).name}: mutated, {kind}", **given, prepare=_changed({file: content}), check=_clear, seconds=5
            )
