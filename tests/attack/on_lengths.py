"""Texts of a hundred thousand signs that repeat: what reads them must take a time that grows as they do."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from cases import Case

SIGNS = 100_000
PARTS = {
    "digits": "1", "groups": "1,", "groups of three": "123,", "points": "1.", "exponents": "1e", "signs": "-", "blanks": " ",
    "tabs": "\t",
    "brackets": "(", "closed brackets": "()", "square ones": "a[", "braces": "{", "quotes": '"', "single quotes": "'",
    "backquotes": "`", "backslashes": "\\", "underscores": "_", "letters": "a", "names": "a*", "calls": "exp(", "sums": "a+",
    "powers": "a**", "equals": "a=", "equals and commas": "a=1,", "colons": ":", "hashes": "#", "bars": "|", "percents": "%s",
    "lines": "x\n", "nulls": "null,", "entities": "&amp;", "wide signs": "\u4e2d", "accents": "e\u0301",
}  # fmt: skip
"""What repeats, by its name."""


def _file(name: str, before: str, behind: str) -> Callable[[str], Callable[[Path], object]]:
    """Return what makes of a text the function that writes it into a file."""
    return lambda text: lambda folder: (folder / name).write_text(before + text + behind, encoding="utf-8")


PREDICT = "predict decay --data rows.csv --weights a=1,k=1"
GRADE = "grade student.py --model decay.py --seconds 2"
FILES = {
    "a cell": (_file("rows.csv", "t,y\n0,", "\n1,2\n"), PREDICT),
    "a cell with groups": (
        _file("rows.csv", "t,y\n0,", "\n"), "predict decay --data rows.csv --weights a=1,k=1 --thousands ' --delimiter ;",
    ),
    "a name of a column": (_file("rows.csv", "t,y,", "\n0,1,2\n"), "fit decay --data rows.csv"),
    "weights": (
        _file("weights.json", '{"format": "symgraph weights 1", "model": "', '"}'), PREDICT.replace("a=1,k=1", "weights.json"),
    ),
    "settings": (_file("pyproject.toml", "[tool.symgraph]\nout = ", "\n"), "build --check"),
    "a lock": (_file("generated/symgraph.lock.json", '{"outputs": {', "}}"), PREDICT),
    "the head of a module": (_file("generated/decay.py", '"""', '"""\nABI = 2\n'), PREDICT),
    "a line of a module": (_file("generated/decay.py", "ABI = 2\n", "\n"), "explain generated/decay.py:2"),
    "a student's line": (
        _file("student.py", "def forward_propagation(x, y, W):\n    return ", "\n"), GRADE,
    ),
}  # fmt: skip
OPTIONS = {
    "formula": ("fit", "{} ~ a", "--data", "rows.csv"),
    "right side": ("fit", "y ~ {}", "--data", "rows.csv"),
    "weights": ("predict", "decay", "--data", "rows.csv", "--weights", "{}"),
    "start": ("fit", "decay", "--data", "rows.csv", "--start", "{}"),
    "bounds": ("fit", "decay", "--data", "rows.csv", "--bounds", "{}"),
    "fix": ("fit", "decay", "--data", "rows.csv", "--fix", "{}"),
    "rate": ("train", "decay", "--data", "rows.csv", "--lr", "{}"),
    "model": ("show", "{}"),
    "place": ("explain", "{}"),
    "name": ("new", "{}"),
}


def cases(rng: random.Random) -> Iterator[Case]:
    """Each text in each kind of file, and in each option that is read; a description of a model with each text."""
    del rng
    for what, part in PARTS.items():
        text = part * (SIGNS // len(part))
        for name, (write, line) in FILES.items():
            seconds = 12.0 if "student" in name else 5.0  # two processes for the file, of two seconds each
            yield Case(f"{what} in {name}", line.split(), project=True, prepare=write(text), seconds=seconds)
        for name, words in OPTIONS.items():
            given = [word.replace("{}", text[: 50_000 if name == "name" else None]) for word in words]
            yield Case(f"{what} as {name}", given, project=True, seconds=5.0)
        doc = _file("decay.py", f"from symgraph import Model\nm = Model('decay', doc={json.dumps(text)})\n", REST)
        yield Case(f"{what} as description", ["show", "decay.py"], project=True, prepare=doc(""), seconds=5.0)


REST = "x = m.feature('x')\nm.output('level', m.weight('a') * x)\n"
