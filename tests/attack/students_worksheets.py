"""Worksheets of odd specs in odd places: nothing is written over, and what is written is Python that does what it says."""

import ast
import csv
import os
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from cases import PAYLOAD, Case, Outcome

SPEC = '''"""A line."""

from symgraph import Model

model = Model("line", doc={doc!r})
t, y = model.feature({feature!r}, domain=(0, 5)), model.target("y")
a, k = model.weights({weights!r}, init=1.0)
level = model.node({node!r}, a * t + k)
model.output("y_hat", level)
model.loss("squared_error")
'''
PLAIN: Mapping[str, object] = {"doc": "A line.", "feature": "t", "weights": ["a", "k"], "node": "level"}
FILES = ("functions.py", "test_functions.py", "README.md", "spec.py", "data.csv")
DOCS: Mapping[str, str] = {
    "quotes": f'A line."""\n{PAYLOAD}\n"""',
    "a backslash at its end": "A line\\",
    "escapes": "\\x1b[2J \\N{BULLET} \\u0041 \\",
    "controls": "A line\x1b[2J\x07\u202e.",
    "quotes at both ends": '"A line"',
    "line ends of all kinds": f"A line\r{PAYLOAD}\x0b\x0c\x1c\x85\u2028{PAYLOAD}\u2029",
    "braces": "{0} %s $x {{",
    "a fence": "```\n# Title\n<script>alert(1)</script>\n```",
    "100,000 signs": "x" * 100_000,
    "nothing": "",
}


def cases(rng: random.Random) -> Iterator[Case]:
    """Odd texts of the spec, and odd places for what is written."""
    del rng
    for title, doc in DOCS.items():
        yield _made(f"worksheet, doc of {title}", {"doc": doc})
    for name in (
        "lambda_",
        "x",
        "W",
        "L",
        "d",
        "np",
        "y_",
        "dw1",
        "loss",
        "forward_propagation",
        "self",
        "e",
        "print",
        "_t",
        "t__",
    ):
        yield _made(f"worksheet, a feature {name}", {"feature": name})
        yield _made(f"worksheet, a weight {name}", {"weights": ["a", name]})
    yield from _places()


def _made(title: str, change: Mapping[str, object]) -> Case:
    """Return a worksheet and its solution, which must be Python and run nothing when it is read."""

    def check(folder: Path, outcome: Outcome) -> str:
        if outcome.code == 2:
            return "" if "doc" not in change else "a doc is no reason to refuse a spec"
        for name in (*(f"out/{one}" for one in FILES), "solution.py"):
            if not (folder / name).is_file():
                return f"{name} is missing"
        for name in ("out/functions.py", "out/test_functions.py", "solution.py"):
            tree = ast.parse((folder / name).read_bytes())
            if any("ATTACKED" in ast.unparse(node) for node in tree.body[1:] if not _only_text(node)):
                return f"{name} has the payload as code"
            exec(compile(tree, name, "exec"), {"__name__": "read"}) if name != "out/test_functions.py" else None
        rows = list(csv.reader((folder / "out/data.csv").read_text().splitlines()))
        return "" if len(rows) == 25 and all(len(row) == 2 for row in rows) else "data.csv has other rows"

    text = SPEC.format(**{**PLAIN, **change})
    words = ["worksheet", "line.py", "-o", "out", "--solution", "solution.py", "-q"]
    return Case(title, words, prepare=lambda folder: (folder / "line.py").write_text(text, encoding="utf-8"), check=check)


def _only_text(node: ast.AST) -> bool:
    """Tell if a function has the payload in a text alone."""
    return not any(isinstance(one, ast.Call) and ast.unparse(one).startswith("open(") for one in ast.walk(node))


def _places() -> Iterator[Case]:
    """Folders and solutions where something is already, or that lie where they must not."""
    text = SPEC.format(**PLAIN)
    kept = "the work of a term\n"

    def existing(*names: str) -> Callable[[Path], object]:
        def prepare(folder: Path) -> None:
            (folder / "line.py").write_text(text)
            for name in names:
                (folder / name).parent.mkdir(exist_ok=True)
                (folder / name).write_text(kept)

        return prepare

    def with_(make: Callable[[Path], object]) -> Callable[[Path], object]:
        return lambda folder: ((folder / "line.py").write_text(text), make(folder))

    table: Mapping[str, tuple[str, Callable[[Path], object], tuple[int, ...]]] = {
        "plain": ("-o out", existing(), (0,)),
        "work that is there": ("-o out", existing("out/functions.py"), (0, 1, 2)),
        "all files are there": ("-o out", existing(*(f"out/{one}" for one in FILES)), (0, 1, 2)),
        "a solution that is there": ("-o out --solution solution.py", existing("solution.py"), (0, 1, 2)),
        "a solution inside": ("-o out --solution out/solution.py", existing(), (2,)),
        "a solution inside, by another way": ("-o out --solution out/../out/solution.py", existing(), (2,)),
        "a solution that is the spec": ("-o out --solution line.py", existing(), (0, 1, 2)),
        "a solution inside, by a link": ("-o out --solution link/s.py", with_(lambda f: _linked(f, "link", "out")), (2,)),
        "the folder of the spec": ("-o .", existing(), (0, 1, 2)),
        "a folder that is a file": ("-o out", existing("out"), (2,)),
        "a folder below a file": ("-o out/below", existing("out"), (2,)),
        "a folder that is a dangling link": (
            "-o out",
            with_(lambda folder: (folder / "out").symlink_to("/nowhere/at/all")),
            (0, 2),
        ),
        "a file that is a dangling link": ("-o out", with_(_dangling), (0, 1, 2)),
        "a pipe in place of a file": ("-o out", with_(_pipe), (0, 1, 2)),
        "data that are missing": ("-o out --data none.csv", existing(), (2,)),
        "data of other columns": ("-o out --data rows.csv", with_(lambda f: (f / "rows.csv").write_text("u,v\n1,2\n")), (2,)),
        "data with a formula": ("-o out --data rows.csv", with_(lambda f: (f / "rows.csv").write_text("t,y\n=1+1,2\n")), (2,)),
        "data without rows": ("-o out --data rows.csv", with_(lambda f: (f / "rows.csv").write_text("t,y\n")), (2,)),
        "a folder with controls": ("-o out\x1b[2J", existing(), (0, 2)),
        "no folder": ("-o", existing(), (2,)),
        "an empty folder's name": ("-o=", existing(), (0, 2)),
    }
    for title, (line, prepare, codes) in table.items():
        yield Case(
            f"worksheet, {title}", ["worksheet", "line.py", "-q", *line.split(" ")], prepare=prepare, codes=codes, seconds=8.0
        )


def _linked(folder: Path, name: str, target: str) -> None:
    (folder / target).mkdir()
    (folder / name).symlink_to(target)


def _dangling(folder: Path) -> None:
    (folder / "out").mkdir()
    (folder / "out/functions.py").symlink_to(folder / "elsewhere.py")


def _pipe(folder: Path) -> None:
    (folder / "out").mkdir()
    os.mkfifo(folder / "out/functions.py")
