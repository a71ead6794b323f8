"""Files of students that mean harm, graded between honest ones: these keep their points, and each file has its line."""

import ctypes
import json
import os
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import students_files
import students_worksheets
from cases import Case, Outcome
from students_files import TOTAL, Points
from victim import ROOT

SPEC = '''"""Exponential decay."""

from sympy import exp

from symgraph import Model

model = Model("decay")
t, y = model.feature("t", domain=(0, 5)), model.target("y")
a, k = model.weights("a k", init=1.0)
level = model.output("level", a * exp(-k * t))
model.loss((level - y) ** 2)
'''
FORWARD = """def forward_propagation(x, y, W):
    level = W[0] * np.exp(-W[1] * x[0])
    return {"level": level, "loss": (level - y) ** 2, "x": x, "y": y}
"""
BACKWARD = """def backward_propagation(L, W, d):
    slope = 2 * (d["level"] - d["y"])
    return {"da": slope * d["level"] / W[0], "dk": -slope * d["level"] * d["x"][0]}
"""
GOOD = f"import numpy as np\n\n\n{FORWARD}\n\n{BACKWARD}"
_COUNTED = ["--function", "forward_propagation", "--function", "backward_propagation"]
WORDS = ["--model", "decay.py", *_COUNTED, "--seconds", "1", "--memory", "300", "-q"]
FORMS = ("text", "--json", "--csv")
Names = Sequence[str]
_SPOILED = re.compile(
    r"puts modules|changes the spec|the others$|writes over all|deletes itself|locks its folder|leaves a core"
)
"""Titles of files that change the folder of the class, as docs/classes.md says that they can."""
_SIGNALS_OTHERS = re.compile(r"getppid|kill\(-1|killpg")


def cases(rng: random.Random) -> Iterator[Case]:
    """Each hostile text between two honest files; odd files and names; whole classes; worksheets."""
    old, new = (
        list(_texts(path))
        for path in (ROOT / "tests" / "use" / "classroom" / "hostile.txt", Path(__file__).with_name("students.txt"))
    )
    for i, (title, points, text) in enumerate(new):
        yield _class(title, {"bad.py": text}, {"bad.py": points}, FORMS[i % 3])
    for i in range(0, len(old), 4):
        some = old[i : i + 4]
        files = {f"bad{j}.py": text for j, (_, _, text) in enumerate(some)}
        title = ", ".join(title.partition(": ")[2] for title, _, _ in some)
        yield _class(title, files, {f"bad{j}.py": points for j, (_, points, _) in enumerate(some)}, FORMS[i // 4 % 3])
    named = list(students_files.files(GOOD))
    for i, form in enumerate((*FORMS, *FORMS)):
        files, points = ({one[0]: one[at] for one in named[i::6]} for at in (1, 2))
        yield _class(f"odd names, {i}", files, points, form)
    for title, (content, points) in students_files.contents(GOOD, rng).items():
        yield _class(f"text {title}", {"bad.py": content}, {"bad.py": points}, rng.choice(FORMS))
    for i in range(3):
        chosen = rng.sample([one for one in (*old, *new) if not _SPOILED.search(one[0])], 12)
        files = {f"bad{j}.py": text for j, (_, _, text) in enumerate(chosen)}
        points = {f"bad{j}.py": told for j, (_, told, _) in enumerate(chosen)}
        yield _class(f"a class of fourteen, {i}", files, points, FORMS[i], seconds=60.0)
    yield from _odd_places()
    yield from students_worksheets.cases(rng)


def _texts(path: Path) -> Iterator[tuple[str, Points, bytes]]:
    """Return the title, the points and the text of each file of a collection."""
    for part in path.read_text(encoding="utf-8").split("=== ")[1:]:
        head, _, text = part.partition("\n")
        kind, told, title = re.fullmatch(r"(begins|returns)(?: \[([^]]*)\])?: (.*)", head).groups()  # type: ignore[union-attr]
        if _SIGNALS_OTHERS.search(text) and not has_own_numbers():
            continue
        if kind == "returns":
            body = "".join(f"    {line}\n" for line in text.rstrip().splitlines())
            text = f"import numpy as np\n\n\ndef forward_propagation(x, y, W):\n{body}\n\n{BACKWARD}"
        else:
            text = f"{text}\n{GOOD}"
        low, high = (0, int(told[-1])) if told and not told.isdecimal() else (int(told), int(told)) if told else (0, TOTAL)
        yield f"{kind}: {title}", (low, high), text.encode("utf-8", "surrogatepass")


@cache
def has_own_numbers() -> bool:
    """Tell if processes can have numbers of their own here, so that one may try to end all others."""
    pid = os.fork()
    if pid == 0:
        os._exit(1 if ctypes.CDLL(None).unshare(0x10000000 | 0x20000000) else 0)  # namespaces of users and of processes
    return os.waitpid(pid, 0)[1] == 0


def _class(title: str, bad: Mapping[str, bytes], points: Mapping[str, Points], form: str, seconds: float = 20.0) -> Case:
    """Return the grading of files between two honest ones."""
    names = ["first.py", *bad, "last.py"]

    def prepare(folder: Path) -> None:
        for name, text in {"decay.py": SPEC.encode(), "first.py": GOOD.encode(), **bad, "last.py": GOOD.encode()}.items():
            (folder / name).write_bytes(text)
        (folder / "own_temporary").mkdir()

    environment = {"TMPDIR": "own_temporary", "HOME": ".", "XDG_CACHE_HOME": None}
    words = ["grade", *WORDS, *([] if form == "text" else [form]), "--", *names]
    expected = {"first.py": (TOTAL, TOTAL), **points, "last.py": (TOTAL, TOTAL)}
    return Case(
        title,
        words,
        prepare=prepare,
        environment=environment,
        codes=(0, 1),
        changes=("*",) if _SPOILED.search(title) else (),
        check=lambda folder, outcome: _told(form, expected, outcome) or _left(title, outcome),
        seconds=seconds,
    )


def _told(form: str, expected: Mapping[str, Points], outcome: Outcome) -> str:
    """Tell what is wrong with the points: each file has some, in order, and honest ones have all."""
    out = outcome.out.decode()
    try:
        found = {"text": _of_text, "--json": _of_json, "--csv": _of_csv}[form](out, list(expected))
    except (ValueError, KeyError, AttributeError, StopIteration) as error:
        return f"no {form}: {type(error).__name__} {error}: {out[:200]!r}"
    for (name, (low, high)), points in zip(expected.items(), found, strict=True):
        if not low <= points <= high:
            return f"{name} has {points:g} points, {low} to {high} are right"
    if len(out) > 40_000:
        return f"{len(out)} signs on stdout"
    return (
        ""
        if outcome.code == (0 if all(points == TOTAL for points in found) else 1)
        else f"exit status {outcome.code} for {found}"
    )


def _of_text(out: str, names: Names) -> list[float]:
    """Read the points from the heads, of which there must be one for each file, and from the table."""
    heads = re.findall(r"^(.*), model decay: (\S+) of 4 points$", out, re.MULTILINE)
    if len(heads) != len(names):
        raise ValueError(f"{len(heads)} heads for {len(names)} files")
    table = [line.split() for line in out.rstrip().splitlines()[-len(names) :]]
    if [float(line[-2]) for line in table] != [float(points) for _, points in heads]:
        raise ValueError("the table has other points")
    return [float(points) for _, points in heads]


def _of_json(out: str, names: Names) -> list[float]:
    found = json.loads(out)
    if len(found) != len(names):
        raise ValueError(f"{len(found)} results for {len(names)} files")
    for one in found:
        if (
            not re.match(r".*, model decay: ", one["output"], re.DOTALL)
            or sum(test["score"] for test in one["tests"]) != one["score"]
        ):
            raise ValueError(f"odd result {str(one)[:200]}")
        if any(test["status"] == "failed" and not test["output"] for test in one["tests"]):
            raise ValueError("a test failed without a reason")
    return [one["score"] for one in found]


def _of_csv(out: str, names: Names) -> list[float]:
    import csv
    import io

    head, most, *rows = csv.reader(io.StringIO(out, newline=""))
    if head != ["file", "points", "forward_propagation", "backward_propagation"] or most != ["maximum", "4", "2", "2"]:
        raise ValueError(f"odd head {head} {most}")
    if len(rows) != len(names) or any(float(row[1]) != float(row[2]) + float(row[3]) for row in rows):
        raise ValueError(f"odd rows {rows}")
    return [float(row[1]) for row in rows]


def _left(title: str, outcome: Outcome) -> str:
    """Tell if grading has left temporary files."""
    del title
    left = [path for path in outcome.new if path.startswith("own_temporary/")]
    return f"{left[:3]} are left" if left else ""


def _odd_places() -> Iterator[Case]:
    """What stands in the place of a student's file but is none, beside an honest one."""

    def pipe(path: Path) -> None:
        os.mkfifo(path)

    def sparse(path: Path) -> None:
        path.touch()
        os.truncate(path, 900 * 2**20)

    places: Mapping[str, Callable[[Path], object]] = {
        "missing": lambda path: None,
        "folder": lambda path: path.mkdir(),
        "pipe": pipe,
        "endless": lambda path: path.symlink_to("/dev/zero"),
        "terminal": lambda path: path.symlink_to("/dev/tty"),
        "its own stdin": lambda path: path.symlink_to("/dev/stdin"),
        "link in a circle": lambda path: path.symlink_to(path.name),
        "link to a folder": lambda path: path.symlink_to("."),
        "sparse": sparse,
        "link to a secret": lambda path: path.symlink_to("secret.txt"),
    }
    for title, make in places.items():

        def prepare(folder: Path, make: Callable[[Path], object] = make) -> None:
            (folder / "decay.py").write_text(SPEC)
            (folder / "first.py").write_text(GOOD)
            (folder / "secret.txt").write_text("the password is 12345\n")
            make(folder / "bad.py")

        def check(folder: Path, outcome: Outcome) -> str:
            told = outcome.out.decode() + outcome.err.decode()
            if "12345" in told:
                return "it shows a file that is no student's"
            return "" if "bad.py" in told else "it does not name the file"

        words = ["grade", *WORDS, "first.py", "bad.py"]
        yield Case(f"in place of a file: {title}", words, prepare=prepare, codes=(1, 2), check=check, seconds=8.0)
