"""The folder of compiled code in the hands of others: nothing of theirs is loaded, and results are right all the same."""

import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import numpy as np
from cases import CANARY, MIB, Case
from native_specs import place
from victim import built

from symgraph import Model, compile, load  # noqa: A004  the public name
from symgraph.project.native.formulas import Key, keep, kept_module, key_of

Change = Callable[[Path], object]
_EVIL = """
#include <stdio.h>
__attribute__((constructor)) static void run(void) { FILE *file = fopen("%s", "w"); if (file) fclose(file); }
"""
_FORMULA = "y ~ a*exp(-k*t)"
_STRANGER = 12345
"""A user who is nobody."""


@cache
def _own() -> Path:
    """Return a folder of this process alone: two that fill one cache would keep each other from it."""
    folder = place() / f"of-{os.getpid()}"
    folder.mkdir()
    return folder


@cache
def _filled() -> Path:
    """Return a cache with the libraries of the project, and a formula."""
    folder = _own() / "filled"
    os.environ["SYMGRAPH_CACHE"] = str(folder)
    load(built() / "generated" / "decay.py", backend="native")
    keep(_key(), compile(Model.from_formula(_FORMULA, ("t", "y")), "numpy"), {})
    assert kept_module(_key()) is not None
    del os.environ["SYMGRAPH_CACHE"]
    return folder


def _key() -> Key:
    found = key_of(_FORMULA, ("t", "y"), {}, (), "numpy")
    assert found is not None
    return found


@cache
def _evil() -> bytes:
    """Return a library that writes the canary when it is loaded."""
    source = _own() / "evil.c"
    source.write_text(_EVIL % CANARY)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(source.with_suffix(".so")), str(source)], check=True)
    return source.with_suffix(".so").read_bytes()


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _each(change: Change, suffix: str = "") -> Change:
    return lambda folder: [change(path) for path in _files(folder / "cache") if path.name.endswith(suffix)]


def _instead(make: Change) -> Change:
    """Put another thing into the place of a file."""

    def change(path: Path) -> None:
        path.unlink()
        make(path)

    return change


def _linked(path: Path) -> None:
    other = path.with_name(path.name + ".theirs")
    path.rename(other)
    path.symlink_to(other)
    other.chmod(0o666)


def _flipped(path: Path) -> None:
    text = bytearray(path.read_bytes())
    text[len(text) // 2] ^= 1
    path.write_bytes(text)


def _evil_everywhere(folder: Path) -> None:
    for path in _files(folder / "cache"):
        if path.read_bytes()[:4] == b"\x7fELF":
            path.write_bytes(_evil())
        elif path.suffix == ".formula":
            kept = json.loads(path.read_text())
            path.write_text(json.dumps(kept | {"source": f"{kept['source']}\nopen({CANARY!r}, 'w')\n"}))


def _open_to_all(folder: Path) -> None:
    _evil_everywhere(folder)
    (folder / "cache").chmod(0o777)


def _theirs(folder: Path) -> None:
    for path in [folder / "cache", *(folder / "cache").rglob("*")]:
        os.chown(path, _STRANGER, _STRANGER)


CHANGES: Mapping[str, Change] = {
    "as it was": lambda folder: None,
    "gone": lambda folder: shutil.rmtree(folder / "cache"),
    "emptied files": _each(lambda path: path.write_bytes(b"")),
    "flipped bits": _each(_flipped),
    "folders": _each(_instead(lambda path: path.mkdir())),
    "dangling links": _each(_instead(lambda path: path.symlink_to("/nowhere/at/all"))),
    "pipes": _each(_instead(os.mkfifo)),
    "large files": _each(lambda path: os.truncate(path, 900 * MIB)),
    "endless files": _each(_instead(lambda path: path.symlink_to("/dev/zero"))),
    "links to writable files": _each(_linked),
    "files that all may write": _each(lambda path: path.chmod(0o666)),
    "files that nobody may read": _each(lambda path: path.chmod(0)),
    "a folder that all may write": lambda folder: (folder / "cache").chmod(0o777),
    "evil libraries": _evil_everywhere,
    "evil libraries, open to all": _open_to_all,
    "a file": lambda folder: (shutil.rmtree(folder / "cache"), (folder / "cache").write_text("x")),
    "a pipe": lambda folder: (shutil.rmtree(folder / "cache"), os.mkfifo(folder / "cache")),
    "a dangling link": lambda folder: (shutil.rmtree(folder / "cache"), (folder / "cache").symlink_to("/nowhere/at/all")),
} | (
    {"of a stranger": _theirs, "of a stranger, evil": lambda folder: (_evil_everywhere(folder), _theirs(folder))}
    if not os.geteuid()
    else {}
)


def cases(rng: random.Random) -> Iterator[Case]:
    """Each change of the cache, then a load, of a module and of a formula."""
    del rng
    for title, change in CHANGES.items():
        yield Case(
            f"a cache with {title}"
            if title.endswith(("files", "bits", "folders", "links", "pipes", "libraries"))
            else f"cache: {title}",
            call=_loads_right,
            prepare=lambda folder, change=change: (shutil.copytree(_filled(), folder / "cache"), change(folder)),
            project=True,
            codes=(0,),
            changes=("cache/*", "cache"),
            environment={"SYMGRAPH_CACHE": "cache"},
            seconds=4.0,
        )


def _loads_right(folder: Path) -> None:
    found = load(folder / "generated" / "decay.py")
    t = np.linspace(0.0, 5.0, 300)
    right = 2.0 * np.exp(-0.4 * t)
    assert np.allclose(found.predict([2.0, 0.4], t), right, rtol=1e-14), repr(found)
    assert np.allclose(found.residual([2.0, 0.4], t, np.zeros(300)), right, rtol=1e-14), repr(found)
    kept = kept_module(_key())
    assert kept is None or np.allclose(kept[1].predict([2.0, 0.4], t), right, rtol=1e-14)
