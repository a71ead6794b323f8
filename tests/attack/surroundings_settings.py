"""Settings that are hostile, and files of other users."""

import json
import os
import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from cases import PAYLOAD, Case, Outcome
from victim import ROOT, SETTINGS, SPEC

LOCK, PACKAGE = "generated/symgraph.lock.json", ROOT / "symgraph"
FOE = 65534
"""A user who is nobody of interest."""
BAD = {
    "3,000 brackets": "x = " + "[" * 3000 + "]" * 3000,
    "3,000 tables": "x = " + "{a=" * 3000 + "1" + "}" * 3000,
    "5,000 dots": ".".join(["a"] * 5000) + " = 1",
    "a number of 5,000 digits": "x = " + "9" * 5000,
    "no TOML": "[tool.symgraph\nmodels = [",
    "an escape": '[tool.symgraph]\nmodels = ["\\u001b[31m.py"]',
    "a bidi sign": '[tool.symgraph]\nmodels = ["a\u202eyp.py"]',
    "an unknown key with an escape": '[tool.symgraph]\n"\\u001b]0;x\\u0007" = 1',
    "an unknown key": '[tool.symgraph]\nmodells = ["decay.py"]',
    "an unknown key of 100,000 signs": f"[tool.symgraph]\n{'k' * 100_000} = 1",
    "NUL": "[tool.symgraph]\nmodels = ['a\0']",
    "an escaped NUL": '[tool.symgraph]\nmodels = ["a\\u0000.py"]',
    "UTF-16": SETTINGS.encode("utf-16"),
    "Latin-1": "# Gr\u00fc\u00dfe\n".encode("latin-1") + SETTINGS.encode(),
    "a key twice": '[tool.symgraph]\nmodels = ["decay.py"]\nmodels = ["decay.py"]',
    "a table as list": '[[tool.symgraph]]\nmodels = ["decay.py"]',
    "a word as table": '[tool]\nsymgraph = "decay.py"',
    "a number as tool": "tool = 5",
    "models = 5": "models = 5",
    "models = a word": 'models = "decay.py"',
    "models = [5]": "models = [5]",
    "models = [[]]": "models = [[]]",
    "models = empty word": 'models = [""]',
    "models = a folder": 'models = ["generated"]',
    "models = data": 'models = ["rows.csv"]',
    "models = missing": 'models = ["missing.py"]',
    "models = a line end": 'models = ["a\\nb.py"]',
    "models = a long name": f'models = ["{"n" * 5000}.py"]',
    "models = /dev/zero": 'models = ["/dev/zero"]',
    "models = a date": "models = 2020-01-01",
    "out = 5": 'models = ["decay.py"]\nout = 5',
    "out = a file": 'models = ["decay.py"]\nout = "rows.csv"',
    "out = NUL": 'models = ["decay.py"]\nout = "a\\u0000"',
    "out = /dev/null": 'models = ["decay.py"]\nout = "/dev/null"',
    "out = a long name": f'models = ["decay.py"]\nout = "{"n" * 300}"',
    "backends = a word": 'models = ["decay.py"]\nbackends = "c"',
    "backends = nonsense": 'models = ["decay.py"]\nbackends = ["nonsense"]',
    "backends = [5]": 'models = ["decay.py"]\nbackends = [5]',
    "standalone = a word": 'models = ["decay.py"]\nstandalone = "yes"',
    "float = 1": 'models = ["decay.py"]\nfloat = 1',
    "functions = nonsense": 'models = ["decay.py"]\nfunctions = ["nonsense"]',
    "workspace = []": 'models = ["decay.py"]\nworkspace = []',
}
GOOD = {
    "CRLF": SETTINGS.replace("\n", "\r\n"),
    "other tools": '[tool.other]\nx = 1\n[project]\nname = "x"\n' + SETTINGS,
    "a comment with signs": "# \u00fc \u202f\n" + SETTINGS,
    "an absolute path": SETTINGS,
    "a dotted key": 'tool.symgraph.models = ["decay.py"]\ntool.symgraph.compiler.backends = ["numpy", "scalar", "c"]\n',
    "a big comment": "#" + "x" * 3_000_000 + "\n" + SETTINGS,
}


def _write(text: str | bytes, folder: Path) -> None:
    data = text if isinstance(text, bytes) else text.encode()
    if data.startswith((b"models", b"x = 5")):
        data = b"[tool.symgraph]\n" + data
    (folder / "pyproject.toml").write_bytes(data)


def _hostile() -> Iterator[Case]:
    for name, text in BAD.items():
        yield Case(
            f"settings with {name}, build",
            ["build", "--check"],
            project=True,
            prepare=partial(_write, text),
            codes=(1, 2),
            check=_short,
        )
        if "=" not in name and len(name) > 10:
            yield Case(
                f"settings with {name}, fit",
                ["fit", "decay", "--data", "rows.csv", "--backend", "numpy"],
                project=True,
                prepare=partial(_write, text),
                codes=(0, 2),
            )
    for name, text in GOOD.items():
        yield Case(
            f"settings with {name} are read",
            ["show", "decay"],
            project=True,
            prepare=partial(_write, text),
            codes=(0,),
            check=_short,
        )
    kinds: dict[str, Callable[[Path], object]] = {
        "a folder": lambda path: path.mkdir(),
        "a FIFO": os.mkfifo,
        "a link to /dev/zero": lambda path: path.symlink_to("/dev/zero"),
        "a loop": lambda path: path.symlink_to("pyproject.toml"),
        "a dangling link": lambda path: path.symlink_to("nowhere.toml"),
        "200 MB": lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_WRONLY), 200_000_000),
        "empty": lambda path: path.touch(),
    }
    for name, make in kinds.items():

        def prepare(folder: Path, make: Callable[[Path], object] = make) -> None:
            (folder / "pyproject.toml").unlink()
            make(folder / "pyproject.toml")

        for words in (["show", "decay"], ["build"]):
            title = f"settings that are {name}, {words[0]}"
            yield Case(title, words, project=True, prepare=prepare, codes=(0, 2), seconds=2, check=_short)
        if name not in ("a FIFO", "a link to /dev/zero"):
            words = ["show", "decay", "--config", "pyproject.toml"]
            yield Case(f"--config that is {name}", words, project=True, prepare=prepare, codes=(0, 2), seconds=2)


def _short(folder: Path, outcome: Outcome) -> str:
    said = outcome.err.decode(errors="replace")
    return f"{len(said)} signs on stderr" if len(said) > 3000 else ""


FOREIGN_SPEC = f"{PAYLOAD}\n{SPEC}"
SHOW, FIT = ["show", "decay"], ["fit", "decay", "--data", "rows.csv", "--backend", "numpy"]


def _given(paths: tuple[str, ...], folder: Path, plant: str = "decay.py") -> None:
    """Have a spec that runs an attacker's code, and files that belong to another user."""
    if plant:
        (folder / plant).write_text((folder / plant).read_text() + f"\n{PAYLOAD}\n")
    for path in paths:
        os.chown(folder / path, FOE, FOE, follow_symlinks=False)


def _misled(kind: str, folder: Path) -> None:
    """Have settings of ours without models, and a manifest that names a changed spec of another user."""
    (folder / "theirs").mkdir()
    spec = folder / "theirs" / "decay.py"
    spec.write_text(FOREIGN_SPEC)
    os.chown(spec, FOE, FOE)
    (folder / "pyproject.toml").write_text("[tool.symgraph]\n")
    names = {"below": "theirs/decay.py", "absolute": str(spec), "by its root": "decay.py"}
    name = names.get(kind, f"{PACKAGE}/{os.path.relpath(spec, PACKAGE)}")
    lock = json.loads((folder / LOCK).read_text())
    for entry in lock["outputs"].values():
        entry["spec"] = name
    lock["specs"] = {name: {"root": "../theirs" if kind == "by its root" else "..", "sources": {"decay.py": "sha256:0"}}}
    (folder / LOCK).write_text(json.dumps(lock))


def _others() -> Iterator[Case]:
    """Files of another user: that they name code does not make it run."""
    refused = {"codes": (2,), "project": True}
    settings, module = ("pyproject.toml",), ("generated/decay.py",)
    for words in (
        SHOW,
        FIT,
        ["build"],
        ["report", "decay", "--data", "rows.csv"],
        ["train", "decay", "--data", "rows.csv", "--epochs", "1"],
    ):
        yield Case(f"settings of another user, {words[0]}", words, prepare=partial(_given, settings), **refused)
    yield Case(
        "settings of another user who called sudo",
        SHOW,
        project=True,
        prepare=partial(_given, settings, plant=""),
        environment={"SUDO_UID": str(FOE)},
        codes=(0,),
    )
    yield Case(
        "settings of another user, --config",
        [*SHOW, "--config", "pyproject.toml"],
        project=True,
        prepare=partial(_given, settings, plant=""),
        codes=(0,),
    )
    yield Case(
        "settings of the folder's owner", SHOW, project=True, prepare=partial(_given, (".", *settings), plant=""), codes=(0,)
    )

    def without(folder: Path) -> None:
        _given(module, folder, "generated/decay.py")
        (folder / "pyproject.toml").unlink()

    for words in (SHOW, FIT, ["predict", "decay", "--weights", "a=1,k=1", "--data", "rows.csv"]):
        codes = (0, 2) if words is SHOW else (2,)  # it may show the spec
        yield Case(f"a module of another user without settings, {words[0]}", words, prepare=without, project=True, codes=codes)

    for kind in ("below", "absolute", "by way of the package", "by its root"):
        for words in (SHOW, FIT):
            title = f"a manifest that names a spec of another user, {kind}, {words[0]}"
            yield Case(title, words, prepare=partial(_misled, kind), project=True, codes=(2,))

    def writable(folder: Path) -> None:
        _given((), folder)
        (folder / "open").mkdir()
        (folder / "open" / "work").mkdir()
        for name in ("pyproject.toml", "decay.py", "rows.csv", "generated"):
            (folder / name).rename(folder / "open" / name)
        (folder / "open").chmod(0o777)

    for words in (SHOW, FIT):
        yield Case(
            f"settings in a folder that all can write to, {words[0]}",
            words,
            prepare=writable,
            setup=partial(os.chdir, "open/work"),
            **refused,
        )

    def above(folder: Path) -> None:
        _given((), folder)
        (folder / "repository" / ".git").mkdir(parents=True)

    yield Case("settings above the repository", SHOW, prepare=above, setup=partial(os.chdir, "repository"), **refused)

    def linked(folder: Path) -> None:
        _given((), folder)
        (folder / "pyproject.toml").rename(folder / "foreign.toml")
        os.chown(folder / "foreign.toml", FOE, FOE)
        (folder / "pyproject.toml").symlink_to("foreign.toml")

    yield Case("settings that link to a file of another user", SHOW, prepare=linked, **refused)


def settings_cases(rng: random.Random) -> Iterator[Case]:
    """Make the cases of settings and of other users, of which only root can make files."""
    del rng
    yield from _hostile()
    if os.geteuid() == 0:
        yield from _others()
