"""Streams that are closed, full, or have no reader."""

import random
from collections.abc import Iterator

from cases import Case

COMMANDS = {
    "show": "show decay",
    "show --json": "show decay --json",
    "predict": "predict decay --weights weights.json --data rows.csv",
    "fit": "fit decay --data rows.csv",
    "train": "train decay --data rows.csv --epochs 3",
    "gradcheck": "gradcheck decay --data rows.csv",
    "build --check": "build --check",
    "cache": "cache",
    "--help": "--help",
    "wrong": "fit nothing --data rows.csv",
}


def cases(rng: random.Random) -> Iterator[Case]:
    """Each command with each kind of stream."""
    del rng
    for name, line in COMMANDS.items():
        for kind in ("closed", "full", "gone"):
            yield Case(f"{name}, stdout {kind}", line.split(), project=True, stdout=kind)
            yield Case(f"{name}, stderr {kind}", line.split(), project=True, stderr=kind, codes=(0, 1, 2, 120))
        yield Case(f"{name}, stdin closed", line.split(), project=True, stdin=None)
