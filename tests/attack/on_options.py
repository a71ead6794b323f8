"""Each option of each command with values that nobody means."""

import random
from collections.abc import Iterator
from pathlib import Path

import typer.main
from cases import Case

VALUES = {
    "nothing": "",
    "a blank": " ",
    "0": "0",
    "-1": "-1",
    "half": "0.5",
    "nan": "nan",
    "-inf": "-inf",
    "1e400": "1e400",
    "10**30": str(10**30),
    "5,000 digits": "9" * 5000,
    "a digit of another script": "\u0663",
    "1_000": "1_000",
    "hexadecimal": "0x10",
    "commas": ",,,",
    "equals signs": "a=,=1,==",
    "weights twice": "a=1,k=2,a=3",
    "other weights": "a=1,k=2,q=3",
    "weights that are none": "a=nan,k=1e999",
    "a range turned round": "a=2:1",
    "a formula": "__import__('os').system('touch ATTACKED')",
    "a percent sign": "%s%n{0}{{",
    "an escape": "\x1b]0;x\x07",
    "half a sign": "\udcff",
    "a megabyte": "x" * 100_000,
    "an option": "--quiet",
    "a folder": ".",
    "the root": "/",
    "a device": "/dev/zero",
    "nowhere": "no/where/at/all",
    "the spec": "decay.py",
    "the data": "rows.csv",
    "500 dots": "../" * 500 + "x",
    "the C file": "generated/decay.c",
}
COMMANDS = {
    "show": "decay",
    "draw": "decay",
    "predict": "decay --data rows.csv --weights weights.json",
    "gradcheck": "decay --data rows.csv",
    "train": "decay --data rows.csv --epochs 2",
    "fit": "decay --data rows.csv",
    "explain": "generated/decay.py:60",
    "new": "peak",
    "worksheet": "decay.py -o week",
    "report": "decay --data rows.csv",
    "build": "--check",
    "cache": "",
}
"""Commands that do what they are told, without the option that is tried."""
LONG = {"--epochs", "--points", "--starts", "--rows", "--row", "--epochs-scheduled"}
"""Options with which a command may rightly take as long as its user says."""


def cases(rng: random.Random) -> Iterator[Case]:
    """Every option with a third of the values, another third with another seed; flags take none."""
    from symgraph.cli import app

    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for name, line in COMMANDS.items():
        for option in commands[name].params:
            flag = max(option.opts, key=len)
            is_flag = getattr(option, "is_flag", False)
            if is_flag or not flag.startswith("-"):
                if is_flag:
                    yield Case(f"{name} {flag}", [name, *line.split(), flag], project=True, check=_nothing_but_results)
                continue
            for value in rng.sample(sorted(VALUES), len(VALUES) // 3):
                words = [name, *_without(line.split(), option.opts), flag, VALUES[value]]
                codes = (0, 1, 2, -9, -24) if flag in LONG and value in ("10**30", "5,000 digits") else (0, 1, 2)
                yield Case(f"{name} {flag} {value}", words, project=True, codes=codes, seconds=8.0, changes=_kinds(flag))


def _without(words: list[str], names: list[str]) -> list[str]:
    """Return a line without one of its options."""
    places = [place for place, word in enumerate(words) if word in names]
    return words if not places else words[: places[0]] + words[places[0] + 2 :]


def _kinds(flag: str) -> tuple[str, ...]:
    """Return what an option may replace: weights by weights."""
    return ("weights.json",) if flag in ("--save", "--save-best") else ()


def _nothing_but_results(folder: Path, _outcome: object) -> str:
    return "" if (folder / "rows.csv").exists() else "the data are gone"
