"""Commands in ordinary and in narrow surroundings: few files, little memory, odd clocks and masks."""

import os
import random
import resource
import time
from collections.abc import Iterator
from functools import partial
from itertools import product
from pathlib import Path

from cases import MIB, Case, Outcome
from disk_calls import as_a_user

FIT = ["fit", "decay", "--data", "rows.csv", "--backend", "numpy"]
PREDICT = ["predict", "decay", "--weights", "weights.json", "--data", "rows.csv", "--backend", "numpy"]
TRAIN = ["train", "decay", "--data", "rows.csv", "--epochs", "3", "--backend", "numpy", "--save", "w.json"]
COMMANDS = {"show": ["show", "decay"], "fit": FIT, "predict": PREDICT}


def as_ever(name: str, folder: Path, outcome: Outcome) -> str:
    """Tell if a command does not give what it gives in ordinary surroundings."""
    found = outcome.out.decode(errors="replace")
    wanted = {"show": "level", "fit": "2.0000", "predict": "level"}[name]
    return (
        ""
        if outcome.code != 0 or wanted in found.replace("1.9999", "2.0000").replace("2 ", "2.0000 ")
        else f"stdout is {found[:200]!a}"
    )


def _limited(what: int, value: int, user: bool = False) -> None:
    if user:
        as_a_user()
    if what == resource.RLIMIT_AS:
        value += int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(what, (value, value))


def _limits() -> Iterator[Case]:
    """Few files, little memory, a small stack, no more processes."""
    build = ["build", "--force", "--quiet"]
    for files in (6, 16):
        for name, words in {**COMMANDS, "train": TRAIN, "build": build}.items():
            if name != "build" or files in (6, 16):
                setup = partial(_limited, resource.RLIMIT_NOFILE, files)
                codes = (0,) if files == 16 else (0, 2)
                yield Case(f"{files} files, {name}", words, project=True, setup=setup, codes=codes, changes=("generated/*",))
    for room, (name, words) in product((12, 40), {**COMMANDS, "train": TRAIN}.items()):
        setup = partial(_limited, resource.RLIMIT_AS, room * MIB)
        yield Case(f"{room} MiB of memory, {name}", words, project=True, setup=setup, codes=(0, 2))
    for name, words in {
        "predict": COMMANDS["predict"][:-2],
        "build": build,
        "grade": ["grade", "decay.py", "--model", "decay"],
    }.items():
        setup = partial(_limited, resource.RLIMIT_NPROC, 1, user=True)
        environment = {"SYMGRAPH_CACHE": "cache"}
        yield Case(
            f"no more processes, {name}",
            words,
            project=True,
            setup=setup,
            environment=environment,
            codes=(0, 1, 2),
            changes=("generated/*",),
        )
        setup = partial(_limited, resource.RLIMIT_STACK, 128 * 1024)
        yield Case(
            f"a stack of 128 KiB, {name}",
            words,
            project=True,
            setup=setup,
            environment=environment,
            codes=(0, 1, 2),
            changes=("generated/*",),
        )
    for mask, (name, words) in product(
        (0o777, 0o000),
        {"train --run": [*TRAIN[:-2], "--run", "r"], "build": ["build", "--out", "o", "--backend", "numpy"]}.items(),
    ):

        def begin(mask: int = mask) -> None:
            os.umask(mask)
            as_a_user()

        yield Case(f"umask {mask:o}, {name}", words, project=True, setup=begin, codes=(0, 2) if mask else (0,))


def _clocks() -> Iterator[Case]:
    """Clocks that are wrong, stand still or go back."""
    times = {
        "1970": 0.0,
        "1901": -(2.0**31),
        "2106": 2.0**32,
        "the year 40000": 1.2e12,
        "inf": float("inf"),
        "nan": float("nan"),
    }
    lines = {"fit": FIT, "train": TRAIN, "show": ["show", "decay"], "cache": ["cache"]}
    for (name, seconds), (command, words) in product(times.items(), lines.items()):
        if command in ("fit", "train") or name in ("1901", "the year 40000"):
            yield Case(f"the clock says {name}, {command}", words, project=True, setup=partial(_set, seconds), codes=(0,))
    for path, seconds in product(("decay.py", "rows.csv", "pyproject.toml", "generated/decay.py"), (-(2**31), 2**33)):

        def dated(folder: Path, path: str = path, seconds: int = seconds) -> None:
            os.utime(folder / path, (seconds, seconds))

        yield Case(f"{path} of the time {seconds}", FIT, project=True, prepare=dated, codes=(0,), check=partial(as_ever, "fit"))


def _set(seconds: float) -> None:
    """Have a clock that goes back from a time."""
    now = [seconds]

    def told() -> float:
        now[0] -= 1.0
        return now[0]

    time.time = told


def limit_cases(rng: random.Random) -> Iterator[Case]:
    """Make the cases of limits and clocks."""
    del rng
    yield from _limits()
    yield from _clocks()
