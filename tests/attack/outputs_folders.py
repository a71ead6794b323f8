"""Folders as outputs: builds, worksheets, new specs and runs that meet what is there already."""

import os
import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from cases import Case, Outcome
from scenarios import with_a_run, with_new_spec

BUILD = "build decay.py --backend numpy --no-verify"


def _spec_kept(folder: Path, outcome: Outcome) -> str:
    return "" if (folder / "decay.py").read_bytes() == outcome.before["decay.py"] else "the spec is lost"


def _edited(folder: Path) -> None:
    with_new_spec(folder)
    with (folder / "generated" / "decay.py").open("a") as file:
        file.write("# by hand\n")


def _replaced(kind: str, folder: Path) -> None:
    """Have something else in the place of a built file."""
    with_new_spec(folder)
    place = folder / "generated" / "decay.py"
    (folder / "own.py").write_text("print('a user wrote this')\n")
    place.unlink()
    if kind == "a folder":
        place.mkdir()
        (place / "own.txt").write_text("mine\n")
    elif kind == "a FIFO":
        os.mkfifo(place)
    elif kind == "a link to a user's file":
        place.symlink_to("../own.py")
    elif kind == "a hard link to a user's file":
        os.link(folder / "own.py", place)
    elif kind == "a link to the spec":
        place.symlink_to("../decay.py")
    elif kind == "a loop":
        place.symlink_to("decay.py")
    elif kind == "a user's file":
        place.write_bytes((folder / "own.py").read_bytes())
    else:
        place.write_bytes(b"")


KINDS = ("a folder", "a FIFO", "a link to a user's file", "a hard link to a user's file", "a link to the spec", "a loop")
KINDS += ("a user's file", "an empty file")


def _builds() -> Iterator[Case]:
    for kind in KINDS:
        for force in ("", " --force") if kind != "an empty file" else ("",):
            may = ("generated/*",) if force and "user's" in kind and "link" not in kind else ()
            codes = (0, 2) if force else (2,)
            changes = may or (
                ("generated/decay.py", "generated/symgraph.lock.json", "generated/decay_scalar.py") if force else ()
            )
            name = f"build{force} where decay.py is {kind}"
            yield Case(
                name, f"{BUILD}{force}".split(), project=True, prepare=partial(_replaced, kind), codes=codes, changes=changes
            )
    for out in (".", "./", "generated/..", "link", "here/."):
        for force in ("", " --force"):

            def prepare(folder: Path) -> None:
                (folder / "link").symlink_to(".")
                (folder / "here").symlink_to(folder)

            words = f"{BUILD}{force} --out {out}".split()
            yield Case(
                f"build{force} --out {out}, onto the spec", words, project=True, prepare=prepare, codes=(2,), check=_spec_kept
            )
    for out in ("rows.csv", "generated/decay.py", "/dev/null", "rows.csv/sub", "n" * 256, "a\0b"):
        yield Case(f"build --out {out[:20]!a}", [*BUILD.split(), "--out", out], project=True, codes=(2,))
    for out in ("with blank", "ünï", "a/b/c/d", "it's", "$x", "-dash"):
        words = [*BUILD.split(), f"--out={out}"]
        check = partial(_there, f"{out}/decay.py")
        yield Case(f"build --out {out!a}", words, project=True, codes=(0,), check=check)
    yield Case("build over an edit", BUILD.split(), project=True, prepare=_edited, codes=(2,))
    yield Case(
        "build --force over an edit",
        f"{BUILD} --force".split(),
        project=True,
        prepare=_edited,
        codes=(0,),
        changes=("generated/*",),
    )
    for line in ("fit decay --data rows.csv --backend numpy", "predict decay --weights a=1,k=1 --data rows.csv"):
        yield Case(f"{line.split()[0]} would build over an edit", line.split(), project=True, prepare=_edited, codes=(2,))


def _there(path: str, folder: Path, outcome: Outcome) -> str:
    return "" if (folder / path).exists() else f"there is no {path}"


def _worksheets() -> Iterator[Case]:
    line = "worksheet decay.py --quiet -o"
    for name in ("functions.py", "test_functions.py", "README.md", "spec.py", "data.csv"):

        def student(folder: Path, name: str = name) -> None:
            (folder / "week").mkdir()
            (folder / "week" / name).write_text("a student's work\n")

        yield Case(f"worksheet keeps {name}", [*line.split(), "week"], project=True, prepare=student)

        def linked(folder: Path, name: str = name) -> None:
            (folder / "week").mkdir()
            (folder / "week" / name).symlink_to("../decay.py")

        yield Case(f"worksheet keeps what {name} leads to", [*line.split(), "week"], project=True, prepare=linked)

        def dangling(folder: Path, name: str = name) -> None:
            (folder / "week").mkdir()
            (folder / "week" / name).symlink_to("../outside.py")

        check = partial(_absent, "outside.py")
        yield Case(
            f"worksheet writes nothing where {name} dangles to",
            [*line.split(), "week"],
            project=True,
            prepare=dangling,
            check=check,
        )
    for out in ("rows.csv", "/dev/null", "decay.py/x", "n" * 256):
        yield Case(f"worksheet -o {out[:20]}", [*line.split(), out], project=True, codes=(2,))
    for out in ("with blank", "ünï", "a/b/c", "."):
        codes = (0, 2) if out == "." else (0,)
        yield Case(f"worksheet -o {out!a}", [*line.split(), out], project=True, codes=codes)


def _absent(path: str, folder: Path, outcome: Outcome) -> str:
    return f"{path} is written" if (folder / path).exists() else ""


def _specs() -> Iterator[Case]:
    def own(folder: Path) -> None:
        for name in ("growth.py", "peak.csv"):
            (folder / name).write_text("mine\n")
        (folder / "loss.py").symlink_to("outside.py")
        (folder / "rise.csv").symlink_to("outside.csv")

    for name in ("growth", "decay", "loss"):
        yield Case(f"new {name} where it is", ["new", name], project=True, prepare=own, codes=(2,), check=_nothing)
    for name in ("peak", "rise"):
        yield Case(
            f"new {name} where its data are",
            ["new", name],
            project=True,
            prepare=own,
            codes=(0, 2),
            check=partial(_absent, "outside.csv"),
        )
    bad = (
        "",
        ".",
        "..",
        "../up",
        "a/b",
        "class",
        "1x",
        "x y",
        "x;y",
        "x\ny",
        "-x",
        "--x",
        "x.py",
        "n" * 300,
        "x\0",
        "None",
    )
    for name in bad:
        yield Case(f"new {name[:20]!a}", ["new", "--", name], project=True, codes=(2,), check=_nothing)
    for name in ("x", "growth_2", "été", "_x"):
        yield Case(f"new {name!a}", ["new", name, "--dir", "there"], codes=(0, 2))


def _nothing(folder: Path, outcome: Outcome) -> str:
    return f"{min(outcome.new)!a} is written" if outcome.new else ""


def _runs() -> Iterator[Case]:
    train = "train decay --data rows.csv --epochs 3 --backend numpy --quiet --run"
    for out in ("generated", ".", "..", "rows.csv", "decay.py", "/dev/null", "rows.csv/x", "r", "to_r"):

        def prepare(folder: Path) -> None:
            with_a_run(folder)
            (folder / "to_r").symlink_to("r")

        yield Case(f"train --run {out}", [*train.split(), out], project=True, prepare=prepare, codes=(2,), check=_nothing)
    for out in ("empty", "a/b", "with blank", "ünï"):

        def empty(folder: Path) -> None:
            (folder / "empty").mkdir()

        check = partial(_there, f"{out}/adam/weights.json")
        yield Case(f"train --run {out!a}", [*train.split(), out], project=True, prepare=empty, codes=(0,), check=check)
    for out in ("generated", ".", "rows.csv", "missing", "/dev/null", "r/adam", "r/run.json"):
        yield Case(
            f"train --resume {out}", ["train", "--resume", out], project=True, prepare=with_a_run, codes=(2,), check=_nothing
        )
    for out in ("to_r", "./r/", "generated/../r"):

        def linked(folder: Path) -> None:
            with_a_run(folder)
            (folder / "to_r").symlink_to("r")

        words = ["train", "--resume", out, "--epochs", "3", "--quiet"]
        check: Callable[[Path, Outcome], str] = partial(_there, "r/adam/weights.json")
        yield Case(
            f"train --resume {out} goes on", words, project=True, prepare=linked, codes=(0,), changes=("r/*",), check=check
        )


def folder_cases(rng: random.Random) -> Iterator[Case]:
    """Make the cases of folders."""
    del rng
    yield from _builds()
    yield from _worksheets()
    yield from _specs()
    yield from _runs()
