"""Outputs that would replace what they must not, by name, by link, or because two options name one file; and odd targets.

A command that may not write where it is told ends with 2 before it works: nothing is computed and nothing written. One that
may keeps the mode and the links of what it replaces.
"""

import os
import random
import stat
from collections.abc import Iterator
from functools import partial
from itertools import product
from pathlib import Path

from cases import Case, Outcome
from disk_calls import as_a_user
from outputs_folders import folder_cases
from outputs_targets import FIT, PREDICT, TRAIN, refused, target_cases
from scenarios import SCENARIOS, there

WRITERS = {
    "fit --save": f"{FIT} --save",
    "fit --plot": f"{FIT} --plot",
    "train --save": f"{TRAIN} --save",
    "train --save-best": f"{TRAIN} --save-best",
    "train --plot": f"{TRAIN} --plot",
    "predict --out": f"{PREDICT} --out",
    "show -o": "show decay -o",
    "derivation -o": "show decay --derivation --format html -o",
    "draw -o": "draw decay -o",
    "report -o": "report decay --data rows.csv -o",
    "truth --plot": "truth decay --points 5 --plot",
    "worksheet --solution": "worksheet decay.py -o week --solution",
}
OF_OTHERS = {
    "student.py": "def forward_propagation(x, y, W):\n    return {}\n",
    "notes.ipynb": '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}\n',
    "package.json": '{"name": "shop", "version": "1.0.0"}\n',
    "Makefile": "all:\n\techo all\n",
    "key.pem": "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n",
    "data.npy": "\x93NUMPY",
    "main.c": "int main(void) { return 0; }\n",
    "thesis.md": "# My thesis\n\nIt has a = b on its first page.\n",
    "coverage.html": "<!DOCTYPE html>\n<title>coverage of three days</title>\n",
}
VICTIMS = ("decay.py", "generated/decay.py", "generated/decay_scalar.py", "generated/decay.c", "generated/decay.h")
VICTIMS += ("generated/symgraph.lock.json", "pyproject.toml", "rows.csv", *OF_OTHERS)
_FEW = ("decay.py", "generated/decay.c", "generated/symgraph.lock.json", "rows.csv", "notes.ipynb", "thesis.md")


def _with_others(folder: Path) -> None:
    for name, text in OF_OTHERS.items():
        (folder / name).write_text(text, encoding="latin-1")


def _victims(rng: random.Random) -> Iterator[Case]:
    """Each option that names an output, with files that are no such output."""
    for writer, line in WRITERS.items():
        few = (
            ("decay.py", "notes.ipynb", "coverage.html")
            if writer == "report -o"
            else (*_FEW, *rng.sample(sorted(set(VICTIMS) - set(_FEW)), 4))
        )
        for victim in few:
            yield refused(f"{writer} {victim}", [*line.split(), victim], _with_others)


WAYS = {
    "./": lambda path: f"./{path}",
    "..": lambda path: f"generated/../{path}",
    "//": lambda path: f".//{path}",
    "link": lambda path: "link.json",
    "hard link": lambda path: "hard.json",
    "linked folder": lambda path: f"folder/{path}",
    "link to a link": lambda path: "second.json",
    "linked svg": lambda path: "link.svg",
    "hard csv": lambda path: "hard.csv",
}


def _linked(path: str, folder: Path) -> None:
    (folder / "link.json").symlink_to(path)
    (folder / "link.svg").symlink_to(folder / path)
    (folder / "second.json").symlink_to("link.json")
    (folder / "folder").symlink_to(".")
    for name in ("hard.json", "hard.csv"):
        os.link(folder / path, folder / name)


def _ways(rng: random.Random) -> Iterator[Case]:
    """The same by other ways to the file."""
    for (way, told), victim in product(WAYS.items(), ("decay.py", "generated/decay.py", "rows.csv")):
        writer = "draw -o" if way == "linked svg" else rng.choice(("fit --save", "predict --out", "show -o"))
        words = [*WRITERS[writer].split(), told(victim)]
        yield refused(f"{writer} {victim} by way of {way}", words, partial(_linked, victim))


def _one_file_twice() -> Iterator[Case]:
    """Two options of one command that name one file."""
    lines = {
        "fit: data and save": "fit decay --data rows.csv --save rows.csv",
        "fit: save and plot": "fit decay --data rows.csv --save x.svg --plot x.svg",
        "fit: save and plot, ./": "fit decay --data rows.csv --save x.svg --plot ./x.svg",
        "fit: save and plot, linked folder": "fit decay --data rows.csv --save here/x.svg --plot x.svg",
        "fit: save and plot, by a dangling link": "fit decay --data rows.csv --save to_x.svg --plot x.svg",
        "fit: second data and save": "fit decay --data rows.csv --data two.csv --save two.csv",
        "fit: config and save": "fit decay --data rows.csv --config pyproject.toml --save pyproject.toml",
        "fit: config and save, hard link": "fit decay --data rows.csv --config pyproject.toml --save settings.json",
        "fit: saves of data of one name": "fit decay --data rows.csv --data sub/rows.csv --save x.json",
        "fit: a save that is another's": "fit decay --data rows.csv --data two.csv --save x.svg --plot x-rows.svg",
        "train: save and best": f"{TRAIN} --save x.json --save-best x.json",
        "train: save and plot": f"{TRAIN} --save x.svg --plot x.svg",
        "train: save and init, by a link": f"{TRAIN} --init weights.json --save rows.csv",
        "train: save and init": f"{TRAIN} --init weights.json --save weights.json",
        "train: run and save": f"{TRAIN} --run r --save r",
        "train: save into run": f"{TRAIN} --run r --save r/run.json",
        "train: best into run": f"{TRAIN} --run r --save-best r/adam/checkpoint.json",
        "train: plot into run": f"{TRAIN} --run r --plot r/report.txt",
        "predict: weights and out": "predict decay --weights weights.json --data rows.csv --out weights.json",
        "predict: data and out": "predict decay --weights weights.json --data rows.csv --out rows.csv",
        "predict: data and out, ./": "predict decay --weights weights.json --data rows.csv --out ./rows.csv",
        "predict: data and out, links": "predict decay --weights weights.json --data to_rows.csv --out rows.csv",
        "predict: data and out, links 2": "predict decay --weights weights.json --data rows.csv --out to_rows.csv",
        "predict: data and out, hard": "predict decay --weights weights.json --data rows.csv --out hard.csv",
        "predict: model and out": "predict generated/decay.py --weights weights.json --data rows.csv --out generated/decay.py",
        "show: weights and out": "show decay --derivation --weights weights.json -o weights.json",
        "show: data and out": "show decay --derivation --weights weights.json --data rows.csv -o rows.csv",
        "draw: weights and out": "draw decay --weights w.svg --data rows.csv -o w.svg",
        "draw: data and out": "draw decay --weights weights.json --data w.svg -o w.svg",
        "report: data and out": "report decay --data rows.csv -o rows.csv",
        "report: weights and out": "report decay --data rows.csv --weights weights.json -o weights.json",
        "report: module and out": "report generated/decay.py --data rows.csv -o generated/decay.py",
        "truth: module and plot": "truth decay --points 5 --module link.svg --plot link.svg",
        "worksheet: data and solution": "worksheet decay.py -o week --data rows.csv --solution rows.csv",
        "worksheet: spec and solution": "worksheet decay.py -o week --solution decay.py",
        "worksheet: solution in the folder": "worksheet decay.py -o week --solution week/solution.py",
        "worksheet: solution is its file": "worksheet decay.py -o week --solution week/functions.py",
        "worksheet: solution is the folder": "worksheet decay.py -o week --solution week",
        "new: data and spec": "new rows --formula y~a*t --data rows.py",
    }

    def prepare(folder: Path) -> None:
        (folder / "two.csv").write_bytes((folder / "rows.csv").read_bytes())
        (folder / "sub").mkdir()
        (folder / "sub" / "rows.csv").write_bytes((folder / "rows.csv").read_bytes())
        (folder / "rows.py").write_bytes((folder / "rows.csv").read_bytes())
        (folder / "w.svg").write_bytes((folder / "weights.json").read_bytes())
        (folder / "here").symlink_to(".")
        (folder / "to_x.svg").symlink_to("x.svg")
        (folder / "to_rows.csv").symlink_to("rows.csv")
        (folder / "link.svg").symlink_to("generated/decay.py")
        os.link(folder / "rows.csv", folder / "hard.csv")
        os.link(folder / "pyproject.toml", folder / "settings.json")

    for name, line in lines.items():
        yield refused(f"two options, {name}", line.split(), prepare)
    line = f"{TRAIN} --optimizer adam,sgd --plot new.svg"
    yield refused("train --plot whose file of one run is a text", line.split(), lambda f: (f / "new-sgd.svg").write_text("x"))


def _kept(mode: int, links: int, path: str, folder: Path, outcome: Outcome) -> str:
    """Tell if a replaced file has another mode or fewer hard links."""
    if path not in outcome.after:
        return "" if outcome.code else f"there is no {path}"
    found = (folder / path).lstat()
    if stat.S_IMODE(found.st_mode) != mode:
        return f"its mode is {stat.S_IMODE(found.st_mode):o}, not {mode:o}"
    if outcome.before.get(path) == outcome.after.get(path):
        return "nothing is written"
    return "" if found.st_nlink == links else f"it has {found.st_nlink} links"


def _modes() -> Iterator[Case]:
    """What is replaced keeps its mode and its links; what is new has the mode of the umask."""
    writers = {"fit --save": "weights.json", "train --save": "weights.json", "predict --out": "o.csv", "show -o": "o.txt"}
    writers |= {"draw -o": "o.svg"}
    for (writer, path), mode in product(writers.items(), (0o600, 0o640, 0o777, 0o604)):

        def prepare(folder: Path, path: str = path, mode: int = mode) -> None:
            target = folder / path
            target.touch()
            target.chmod(mode)
            os.link(target, folder / "second")

        words = [*WRITERS[writer].split(), path]
        check = partial(_kept, mode, 2, path)
        yield Case(
            f"{writer} keeps mode {mode:o} and links",
            words,
            project=True,
            prepare=prepare,
            changes=(path, "second"),
            check=check,
            codes=(0,),
        )
    for (writer, path), mask in product(
        {"fit --save": "n.json", "predict --out": "o.csv", "draw -o": "o.svg"}.items(), (0o077, 0o002, 0o777)
    ):
        words = [*WRITERS[writer].split(), path]
        right = 0o666 & ~mask

        def begin(mask: int = mask) -> None:
            os.umask(mask)
            as_a_user()

        yield Case(
            f"{writer} with umask {mask:o}",
            words,
            project=True,
            setup=begin,
            check=partial(_kept, right, 1, path),
            codes=(0, 2) if mask == 0o777 else (0,),
        )
    for writer, path in writers.items():
        for kind in ("read-only", "read-only behind a link", "of a folder that is read-only"):

            def protect(folder: Path, path: str = path, kind: str = kind) -> None:
                place = folder / "locked"
                place.mkdir()
                target = place / path
                target.write_bytes((folder / "weights.json").read_bytes())
                target.chmod(0o444)
                (folder / f"link{Path(path).suffix}").symlink_to(f"locked/{path}")
                if "folder" in kind:
                    place.chmod(0o555)

            told = f"link{Path(path).suffix}" if "link" in kind else f"locked/{path}"
            yield refused(f"{writer} {path} {kind}", [*WRITERS[writer].split(), told], protect, setup=as_a_user)


def _again() -> Iterator[Case]:
    """Outputs replace older outputs of the same kind."""
    scenarios = ("fit --save over", "predict", "draw", "show", "train --save")
    for name in scenarios:
        words = SCENARIOS[name].line.split()
        path = words[words.index("--save" if "--save" in words else "--out" if "--out" in words else "-o") + 1]

        def prepare(folder: Path, words: list[str] = words) -> None:
            assert there(folder, " ".join(words)) == 0

        yield Case(f"{name} once more", words, project=True, prepare=prepare, codes=(0,), changes=(path, "b.json"))


def cases(rng: random.Random) -> Iterator[Case]:
    """Each output with what it must not replace, and with odd targets."""
    yield from _victims(rng)
    yield from _ways(rng)
    yield from _one_file_twice()
    yield from _modes()
    yield from target_cases(rng)
    yield from _again()
    yield from folder_cases(rng)
