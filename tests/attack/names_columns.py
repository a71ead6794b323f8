"""Texts in files of data: names of columns, cells, and labels of groups."""

import csv
import io
import json
import math
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from cases import Case, Outcome
from names_checks import Check, controls, first, hints, python, read, refused, xml
from names_texts import COMMON, TEXTS, among

TIMES = [at / 4 for at in range(12)]
COLUMNS = {name: text for name, text in TEXTS.items() if "\ud800" not in text and "\udcff" not in text and "\udc9b" not in text}
"""Texts that a file in UTF-8 can have."""
GOOD_COLUMNS = {
    "unit": "time (s)",
    "percent": "share %",
    "keyword": "class",
    "function": "exp",
    "number first": "1st",
    "digits": "2024",
    "Greek": "\u03c4 [\u00b5s]",
    "Chinese": "\u65f6\u95f4",
    "minus": "t-1",
    "dots": "a.b.c",
    "comma": "t, s",
    "semicolon": "t; s",
    "quotes": 'the "time"',
    "weight": "k",
    "reserved": "_t",
    "derivative": "d_a",
    "loss": "loss",
    "argument": "w",
    "blank around": " t ",
    "only signs": "%!?",
    "emoji": "\u23f1",
    "dollar": "$t$",
    "tag": "<t>",
}
"""Columns that people have: a formula with backquotes reads them, or says what is wrong."""
GOOD_LABELS = (
    "A", "treated", "group 1", "\u03b1-\u03b2", "\u5bf9\u7167", "10 mg/l", "50%", "it's", 'a "b"', "a,b", "x;y", "<5", "a&b",
    "$x_1$", "_hidden", "-", "=1+1", "a.b", "1", "[a]",
)  # fmt: skip


def cases() -> Iterator[Case]:
    """All texts as columns, and as labels of data sets."""
    yield from _columns()
    yield from _labels()


def table(names: list[str], rows: list[list[object]]) -> bytes:
    """Return a file of data."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([names, *rows])
    return text.getvalue().encode(errors="surrogateescape")


def _columns() -> Iterator[Case]:
    for at, (name, text) in enumerate(COLUMNS.items()):
        data = table([text, "y"], [[t, 2 * math.exp(-0.7 * t)] for t in TIMES])
        prepare = partial(_write, {"data.csv": data})
        fit, predict = "fit decay --data data.csv", "predict decay --data data.csv --weights a=1,k=1"
        words = (fit if at % 3 else predict).split()
        if at % 2:
            yield Case(f"column, another: {name}", words, project=True, prepare=prepare, codes=(2,), check=refused("data.csv"))
        elif "`" not in text and "\x00" not in text and len(text) < 1500:
            new = ["new", "made", "--formula", f"y ~ a*exp(-k*`{text}`)", "--data", "data.csv"]
            yield Case(f"column in a spec: {name}", new, prepare=prepare, codes=(0, 2), check=_check_made)
    for name, text in GOOD_COLUMNS.items():
        data = table([text, "y"], [[t, 2 * math.exp(-0.7 * t)] for t in TIMES])
        fit = ["fit", f"y ~ a*exp(-rate*`{text}`)", "--data", "data.csv", "--json", "-q"]
        prepare = partial(_write, {"data.csv": data})
        yield Case(f"good column, fit: {name}", fit, prepare=prepare, codes=(0, 2), check=partial(_check_fit, text))
        new = ["new", "made", "--formula", f"y ~ a*exp(-rate*`{text}`)", "--data", "data.csv"]
        yield Case(f"good column, new: {name}", new, prepare=prepare, codes=(0, 2), check=_check_made)
    alike = (
        ("a b", "a_b"),
        ("a b", "a-b"),
        ("t", " t"),
        ("t", "T"),
        ("\u00b5", "\u03bc"),
        ("%", "$"),
        ("t", "t\u200b"),
        ("t", "\ufefft"),
    )
    for one, other in alike:
        data = table([one, other, "y"], [[t, 5 - t * t, 2 * math.exp(-0.7 * t)] for t in TIMES])
        fit = ["fit", f"y ~ a*exp(-rate*`{one}`) + 0*`{other}`", "--data", "data.csv", "--json", "-q"]
        name = f"alike columns: {one!a} {other!a}"
        yield Case(name, fit, prepare=partial(_write, {"data.csv": data}), codes=(0, 2), check=partial(_check_fit, ""))
    for name, text in COMMON.items():
        data = table(["t", text, text, "y"], [[t, 1, 1, 1] for t in TIMES])
        fit = ["fit", "decay", "--data", "data.csv", "--drop-missing"]
        yield Case(f"doubled column: {name}", fit, project=True, prepare=partial(_write, {"data.csv": data}), codes=(0, 2))
        data = table(["t", "y"], [[t, text] for t in TIMES])
        fit = ["fit", "decay", "--data", "data.csv"]
        yield Case(
            f"cell: {name}",
            fit,
            project=True,
            prepare=partial(_write, {"data.csv": data}),
            codes=(2,),
            check=refused("data.csv"),
        )


def _write(files: dict[str, bytes], folder: Path) -> None:
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _check_made(folder: Path, outcome: Outcome) -> str:
    if outcome.code:
        return "wrote a spec though it refused" if outcome.new else ""
    text = read(folder / "made.py")
    return first(python(text, "made.py"), hints(outcome, "made.py"))


def _check_fit(column: str, folder: Path, outcome: Outcome) -> str:
    """Right numbers, or an error that says something of the column."""
    if outcome.code == 2:
        return "" if b"column" in outcome.err or b"formula" in outcome.err else "the error tells nothing of the column"
    values = {
        name: one["value"] if isinstance(one, dict) else one for name, one in _weights_of(json.loads(outcome.out)).items()
    }
    if abs(values.get("a", 0) - 2) > 1e-6 or abs(values.get("rate", 0) - 0.7) > 1e-6:
        return f"wrong numbers: {values}"
    return ""


def _weights_of(told: dict[str, object]) -> dict[str, object]:
    """Return the weights of the JSON of a fit."""
    found = told.get("values", told.get("weights"))
    if isinstance(found, dict):
        return found
    assert isinstance(found, list), sorted(told)
    return {one["name"]: one for one in found}


def _labels() -> Iterator[Case]:
    words = ["fit", "decay", "--data", "data.csv", "--group-by", "g", "--share", "k"]
    for at, (name, text) in enumerate(COLUMNS.items()):
        if at % 3 == 0:
            yield (
                _label(f"text: {name}", text, words),
                _label(f"JSON: {name}", text, [*words, "--json"], partial(_check_label, text)),
                _label(f"saved: {name}", text, [*words, "--save", "w.json", "-q"], _check_saved),
            )[at // 3 % 3]
    for name, text in among("csi of C1", "override", "line separator", "delete", "next line", "cells").items():
        yield _label(f"JSON, each: {name}", text, [*words, "--json"], partial(_check_label, text))
    absolute = f"{tempfile.gettempdir()}/attacked-up"
    for text in (
        "../up",
        "../../../../up",
        absolute,
        "a/b",
        ".",
        "..",
        "~/a",
        "a" * 250,
        "a\x00b",
        "../../decay",
        "con",
        "a\\..\\b",
    ):
        yield _label(f"saved as {text[:20]!a}", text, [*words, "--save", "w.json", "-q"], _check_saved)
    for at, text in enumerate(GOOD_LABELS):
        yield _label(f"good: {text!a}", text, [*words, "--json"], partial(_check_label, text), (0,))
        if at % 4 == 0:
            yield _label(f"good, plot: {text!a}", text, [*words, "--plot", "p.svg", "-q"], _check_plot, (0,))
    for name, text in among("title ends", "colour", "signs of LaTeX", "not in XML", "override", "entity").items():
        yield _label(f"plot: {name}", text, [*words, "--plot", "p.svg", "-q"], _check_plot)
    labels = ("w", "W ", "w\t", "\u00b5", "\u03bc", "a/b", "a_b", "a\\b", "a:b")
    rows = [[t, 1 + 0.1 * at + math.exp(-t), text] for t in TIMES[:6] for at, text in enumerate(labels)]
    prepare = partial(_write, {"data.csv": table(["t", "y", "g"], rows)})
    yield Case("labels alike, saved", [*words, "--save", "w.json", "-q"], project=True, prepare=prepare, check=_check_all_saved)


def _label(name: str, text: str, words: list[str], check: Check = lambda *_: "", codes: Sequence[int] = (0, 1, 2)) -> Case:
    """Return the case of a fit of two data sets, one of which has a label."""
    prepare = partial(_write, {"data.csv": _grouped(text)})
    return Case(f"label, {name}", words, project=True, prepare=prepare, check=check, codes=codes)


def _grouped(label: str) -> bytes:
    rows = [
        [t, scale * math.exp(-0.7 * t) + 0.01 * math.sin(9 * t), name]
        for name, scale in ((label, 2), ("other", 3))
        for t in TIMES
    ]
    return table(["t", "y", "g"], rows)


def _check_label(text: str, folder: Path, outcome: Outcome) -> str:
    if outcome.code == 2:
        return ""
    names = list(_weights_of(json.loads(outcome.out)))
    return "" if f"a[{text}]" in names or f"a[{text.strip()}]" in names else f"names are {names}"


def _check_saved(folder: Path, outcome: Outcome) -> str:
    """Files lie in the folder, and nowhere else."""
    if outcome.code == 2:
        return f"wrote {sorted(outcome.new)}" if outcome.new else ""
    around = {path.name for path in folder.parent.iterdir()} - {folder.name, "in", "out", "err"}
    odd = [path for path in outcome.new if not (path.startswith("w-") and path.endswith(".json") and "/" not in path)]
    told = f"wrote {sorted(around)} outside" if around else f"wrote {odd[0]!r}" if odd else ""
    if list(Path(tempfile.gettempdir()).glob("attacked-up*")):
        told = "wrote to an absolute path"
    return told or first(*(controls(path, "the name of a file") for path in outcome.new))


def _check_all_saved(folder: Path, outcome: Outcome) -> str:
    return f"{len(outcome.new)} files of 9 groups" if outcome.code != 2 and len(outcome.new) < 9 else ""


def _check_plot(folder: Path, outcome: Outcome) -> str:
    return "" if outcome.code == 2 else xml(read(folder / "p.svg"), "", "p.svg")
