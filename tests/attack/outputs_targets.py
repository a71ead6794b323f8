"""Targets of outputs: odd names, devices, pipes, sockets and links."""

import os
import random
import shlex
import socket
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path

from cases import Case, Outcome

FIT = "fit decay --data rows.csv --backend numpy"
TRAIN = "train decay --data rows.csv --epochs 3 --backend numpy"
PREDICT = "predict decay --weights weights.json --data rows.csv --backend numpy"


def _nothing_done(folder: Path, outcome: Outcome) -> str:
    """Tell if a command that was refused has done something."""
    if outcome.new:
        return f"{min(outcome.new)} is written"
    return f"{len(outcome.out)} bytes of results though it is refused" if outcome.out.strip() else ""


def refused(name: str, words: list[str], prepare: Callable[[Path], object] = lambda folder: None, **more: object) -> Case:
    """Make a case of a command that must be refused before it has done anything."""
    return Case(name, words, project=True, prepare=prepare, **({"codes": (2,), "check": _nothing_done} | more))  # type: ignore[arg-type]


def _is_weights(path: str, folder: Path, outcome: Outcome) -> str:
    """Tell if a file does not have the weights of the fit."""
    from symgraph import load
    from symgraph.data.weights import load_weights

    try:
        a, k = load_weights(folder / path, load(folder / "generated" / "decay.py"))
    except Exception as error:
        return f"{path!r}: {error}"
    return "" if abs(a - 2) < 1e-4 and abs(k - 0.35667) < 1e-3 else f"weights {a}, {k}"


NAMES = (
    "with blank.json",
    "it's.json",
    'quo"te.json',
    "a;b.json",
    "$HOME.json",
    "`x`.json",
    "ünïcode.json",
    "a&b.json",
    "(x).json",
)
NAMES += (
    "*.json",
    "%s.json",
    "{0}.json",
    "~.json",
    "~x.json",
    "#x.json",
    "=x.json",
    "no_suffix",
    ".hidden",
    "x.JSON",
    "a\\b.json",
    "x.json.tmp2",
)
NAMES += ("n" * 250 + ".json", "日本.json", "a!b.json")
BAD_NAMES = (
    "",
    ".",
    "..",
    "/",
    "n" * 256,
    "x/" * 2100 + "x",
    "missing/x.json",
    "rows.csv/x.json",
    "/proc/version",
    "a\0b",
)


def _named(path: str, folder: Path, outcome: Outcome) -> str:
    """Tell if the next command that is named does not have the path as one word of the shell."""
    if told := _is_weights(path, folder, outcome):
        return told
    for line in outcome.err.decode().splitlines():
        if line.startswith("next: "):
            try:
                words = shlex.split(line.removeprefix("next: "))
            except ValueError as error:
                return f"no shell reads {line!r}: {error}"
            return "" if path in words else f"{line!r} does not name {path!r}"
    return ""


def _names() -> Iterator[Case]:
    """Odd names of files are written; those that cannot be are refused before the work."""
    for name in NAMES:
        yield Case(
            f"fit --save as {name[:20]!a}",
            [*FIT.split(), "--save", name],
            project=True,
            codes=(0,),
            check=partial(_named, name),
        )
    for name, line in product(BAD_NAMES, (f"{FIT} --save", f"{PREDICT} --out", "draw decay -o", f"{TRAIN} --run")):
        if "draw" not in line or len(name) < 5:
            codes = (0, 2) if name == "missing/x.json" else (2,)
            quiet = _nothing_done if codes == (2,) else lambda folder, outcome: ""
            changes = ("weights.json",) if name == "missing/x.json" else ()
            words = [*line.split(), name]
            yield refused(
                f"{' '.join(words[:1] + words[-2:-1])} {name[:20]!a}", words, codes=codes, check=quiet, changes=changes
            )
    for name in ("new\nline.json", "esc\x1b[31m.json", "byte\udcff.json", "bidi\u202e.json"):
        yield Case(f"fit --save {name!a}", [*FIT.split(), "--save", name], project=True, codes=(0, 2))


def _specials() -> Iterator[Case]:
    """Devices, pipes, sockets and folders as outputs."""
    for target in ("/dev/null", "/dev/zero", "/dev/stdout", "/dev/stderr", "/dev/fd/1"):
        for line in (f"{FIT} --save", f"{PREDICT} --out", "show decay -o", f"{TRAIN} --save"):
            yield Case(f"{line.split()[0]} {line.split()[-1]} {target}", [*line.split(), target], project=True, codes=(0,))
    for target in ("generated", "/dev/fd/77", "socket", "loop.json", "/dev/tty0/x"):

        def prepare(folder: Path) -> None:
            (folder / "loop.json").symlink_to("loop.json")
            here = Path.cwd()
            os.chdir(folder)
            with socket.socket(socket.AF_UNIX) as one:
                one.bind("socket")
            os.chdir(here)

        for line in (f"{FIT} --save", f"{PREDICT} --out", "show decay -o", "report decay --data rows.csv -o"):
            yield refused(f"{line.split()[0]} {line.split()[-1]} {target}", [*line.split(), target], prepare)

    def piped() -> None:
        reader, writer = os.pipe()
        if os.fork() == 0:
            os.close(writer)
            with os.fdopen(reader, "rb") as pipe, Path("got.json").open("wb") as file:
                file.write(pipe.read())
            os._exit(0)
        os.close(reader)
        os.dup2(writer, 9)
        os.close(writer)

    check = partial(_is_weights, "got.json")
    yield Case(
        "fit --save into a pipe", [*FIT.split(), "--save", "/dev/fd/9"], project=True, setup=piped, codes=(0,), check=check
    )

    def fifo() -> None:
        os.mkfifo("fifo")
        if os.fork() == 0:
            Path("got.json").write_bytes(Path("fifo").read_bytes())
            os._exit(0)

    yield Case("fit --save into a FIFO", [*FIT.split(), "--save", "fifo"], project=True, setup=fifo, codes=(0,), check=check)

    def broken() -> None:
        reader, writer = os.pipe()
        os.close(reader)
        os.dup2(writer, 9)

    for line in (f"{FIT} --save", f"{PREDICT} --out", "show decay -o", f"{TRAIN} --save"):
        yield Case(
            f"{line.split()[0]} into a pipe without a reader",
            [*line.split(), "/dev/fd/9"],
            project=True,
            setup=broken,
            codes=(2,),
        )

    def dangling(folder: Path) -> None:
        (folder / "to.json").symlink_to("sub.json")
        (folder / "lost.json").symlink_to("missing/sub.json")

    yield Case(
        "fit --save by a link to what is not there yet",
        [*FIT.split(), "--save", "to.json"],
        project=True,
        prepare=dangling,
        codes=(0,),
        check=partial(_is_weights, "sub.json"),
    )
    yield refused("fit --save by a link into a missing folder", [*FIT.split(), "--save", "lost.json"], dangling)


def target_cases(rng: random.Random) -> Iterator[Case]:
    """Make the cases of targets."""
    del rng
    yield from _names()
    yield from _specials()
