"""Disks that are full, broken, or not to be written to, at each call and each size.

Where a command cannot write, it ends with 2 and one line that names the file or the reason; each file is the old one or the
new one, and no temporary file stays. Where it ends with 0, all its files are there.
"""

import ctypes
import errno
import os
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import cycle, product
from pathlib import Path
from typing import Any

from cases import Case, Outcome
from disk_calls import as_a_user, commanded, failing
from forked import contents
from scenarios import SCENARIOS, differences, ended, leftovers, own_cache, parts, unhindered

_ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES, errno.EDQUOT, errno.EPERM)
_SLOW = ("build C", "fit builds", "fit --plot")
_FULL_SIZES = (100, 400, 1500)
_NEWNS, _NEWUSER = 0x00020000, 0x10000000
"""CLONE_NEWNS and CLONE_NEWUSER of Linux's unshare."""


def _checked(name: str, words: Sequence[str] = ()) -> Callable[[Path, Outcome], str]:
    """Return a check of the files after a command of a scenario that something hinders; an error must have one of the words."""

    def check(folder: Path, outcome: Outcome) -> str:
        now = dict(outcome.after)
        if harm := parts(name, now):
            return "; ".join(harm)
        if outcome.code == 0 and (harm := differences(name, now)):
            return f"exit status 0 without {', '.join(harm)}"
        said = outcome.err.decode(errors="replace").lower()
        return (
            f"no word of {' or '.join(words)}" if outcome.code == 2 and words and not any(one in said for one in words) else ""
        )

    return check


def _case(title: str, name: str, setup: Callable[[], object], words: Sequence[str] = (), **more: Any) -> Case:
    scenario = SCENARIOS[name]

    def prepare(folder: Path) -> None:
        unhindered(name)
        scenario.prepare(folder)

    def begin() -> None:
        own_cache()
        setup()

    given = {"codes": (0, 2), "check": _checked(name, words), "environment": scenario.variables} | more
    return Case(title, scenario.line.split(), project=True, prepare=prepare, changes=("*",), setup=begin, seconds=10, **given)


def _broken_calls(rng: random.Random) -> Iterator[Case]:
    """One call fails, by one of the ways in which disks fail."""
    errors = cycle(rng.sample(_ERRORS, len(_ERRORS)))
    steps = {"train --run": 6, "train --save": 2, "train --resume": 12, "worksheet": 4, "new --dir": 2}
    steps |= {"build": 4, "build elsewhere": 5, "compile": 8, "cache --clear": 2}
    for name, scenario in SCENARIOS.items():
        if name in _SLOW:
            continue
        for number in range(1, scenario.calls + 1, steps.get(name, 1)):
            error = next(errors)
            if scenario.once and number % 6 == 0:  # the sixth call for each file deletes what would be left behind
                continue
            setup = partial(failing, number, error, scenario.names)
            yield _case(f"{name}, {errno.errorcode[error]} at call {number}", name, setup)
    for name, number in (("build C", 7), ("fit builds", 5), ("fit --plot", 3)):
        setup = partial(failing, number, errno.ENOSPC, SCENARIOS[name].names)
        yield _case(f"{name}, ENOSPC at call {number}", name, setup)


def _disks_that_stay_full() -> Iterator[Case]:
    """From a call on there is no space."""
    names = ("open", "fsync", "os.rename", "os.mkdir", "os.link")
    for name, number in product([name for name in SCENARIOS if name not in _SLOW], (1, 3)):
        setup = partial(failing, number, errno.ENOSPC, names, more=True)
        yield _case(f"{name}, no space from call {number} on", name, setup, ("no space", "could not", "cannot"))


def _odd_file_systems() -> Iterator[Case]:
    """File systems that lack locks, modes, syncs or renames."""
    lacks = {
        "fcntl.flock": (errno.ENOLCK, errno.EOPNOTSUPP),
        "fsync": (errno.EINVAL, errno.ENOSYS),
        "os.chmod": (errno.EPERM, errno.EOPNOTSUPP),
        "os.rename": (errno.EXDEV, errno.EBUSY),
        "os.remove": (errno.EPERM, errno.EROFS),
    }
    users = ("fit --save over", "train --run", "build", "cache --clear", "new", "compile")
    for (what, errors), name in product(lacks.items(), users):
        if (name == "new" and what != "fsync") or (name == "compile" and what not in ("fcntl.flock", "os.remove")):
            continue
        for error in errors[: 2 if name in ("fit --save over", "train --run") else 1]:
            setup = partial(failing, 1, error, (what,), more=True)
            more = {"codes": (0,)} if name == "compile" else {}
            yield _case(f"{name} where {what} gives {errno.errorcode[error]}", name, setup, **more)


def _limited_sizes() -> Iterator[Case]:
    """Files cannot grow beyond a size: writes fail in the middle."""
    for name, size in product([name for name in SCENARIOS if name not in (*_SLOW, "cache --clear")], _FULL_SIZES):
        if size > 1000 or name not in ("compile", "build elsewhere"):
            yield _case(f"{name}, files of at most {size} bytes", name, lambda: None, file_size=size, codes=(0, 1, 2))


def _full_stdout() -> Iterator[Case]:
    """Stdout is a full disk: the command says so, and its files are there."""
    for name in ("fit --save", "predict", "draw", "show", "new", "worksheet", "train --save", "train --run", "build"):
        yield _case(f"{name}, stdout on a full disk", name, lambda: None, stdout="full", codes=(0, 1, 2))
    lines = {
        "truth": "truth decay --points 5",
        "truth --json": "truth decay --points 5 --json",
        "explain": "explain generated/decay.py:90",
        "draw to stdout": "draw decay",
        "derivation": "show decay --derivation --format html",
        "fit --json": "fit decay --data rows.csv --backend numpy --json",
        "predict --json": "predict decay --weights weights.json --data rows.csv --backend numpy --json",
        "train --json": "train decay --data rows.csv --epochs 2 --backend numpy --json",
        "build --json": "build --check --json --backend numpy",
        "version": "--version",
        "help of fit": "fit --help",
        "predict to /dev/stdout": "predict decay --weights weights.json --data rows.csv --out /dev/stdout --backend numpy",
        "fit to /dev/full": "fit decay --data rows.csv --save /dev/full --backend numpy",
        "predict to /dev/full": "predict decay --weights weights.json --data rows.csv --out /dev/full --backend numpy",
        "show to /dev/full": "show decay -o /dev/full",
        "train to /dev/full": "train decay --data rows.csv --epochs 2 --save /dev/full --backend numpy",
    }
    for name, line in lines.items():
        full = "read" if "/dev/full" in line else "full"
        yield Case(
            f"{name}, on a full disk",
            line.split(),
            project=True,
            stdout=full,
            environment={"SHELL": "/bin/bash"},
            codes=(2,) if full == "read" else (1, 2),
            check=lambda folder, outcome: "" if b"space" in outcome.err else "no word about the space",
        )


def _reading_fails(name: str, error: int) -> None:
    """Make each opening of a file with a name fail."""

    def hook(event: str, arguments: Sequence[Any]) -> None:
        if event == "open" and isinstance(arguments[0], str | bytes) and os.fsdecode(arguments[0]).endswith(name):
            raise OSError(error, os.strerror(error), arguments[0])

    sys.addaudithook(hook)


def _broken_inputs() -> Iterator[Case]:
    """Inputs that cannot be opened, or not be read."""
    fit, resumed = "fit decay --data rows.csv --backend numpy", "train --resume r --epochs 4"
    predict = "predict decay --weights weights.json --data rows.csv --backend"
    inputs = {
        "rows.csv": fit,
        "weights.json": f"{predict} numpy",
        "pyproject.toml": fit,
        "generated/decay.py": fit,
        "symgraph.lock.json": fit,
        "generated/decay.c": f"{predict} native",
        "r/run.json": resumed,
        "adam/checkpoint.json": resumed,
        "adam/losses.csv": resumed,
        "here/decay.py": "show decay.py",
    }
    for (path, line), error in product(inputs.items(), (errno.EIO, errno.ESTALE)):

        def prepare(folder: Path, path: str = path) -> None:
            if path.startswith(("r/", "adam/")):
                SCENARIOS["train --resume"].prepare(folder)

        yield Case(
            f"{path} cannot be opened, {errno.errorcode[error]}",
            line.split(),
            project=True,
            prepare=prepare,
            setup=partial(_reading_fails, path.removeprefix("here"), error),
            codes=(0, 2) if path.endswith((".toml", ".lock.json", "losses.csv")) else (2,),
            check=partial(_names, Path(path).name),
        )
    for path, line in inputs.items():
        for kind in ("folder", "memory"):

            def replaced(folder: Path, path: str = path, kind: str = kind) -> None:
                if path.startswith(("r/", "adam/")):
                    SCENARIOS["train --resume"].prepare(folder)
                there = next(folder.glob(f"**/{path.removeprefix('here/')}"))
                there.unlink()
                if kind == "folder":
                    there.mkdir()
                else:  # to read it where nothing is mapped gives EIO
                    there.symlink_to("/proc/self/mem")

            yield Case(
                f"{path} is a {kind}",
                line.split(),
                project=True,
                prepare=replaced,
                codes=(0, 2) if path.endswith((".toml", ".lock.json", "losses.csv")) else (2,),
                check=partial(_names, Path(path).name),
            )


def _names(name: str, folder: Path, outcome: Outcome) -> str:
    named = (name.split(".")[0].encode(), b"/mem", b"r/adam")
    return "" if outcome.code == 0 or any(one in outcome.err for one in named) else f"{name} is not named"


def _modes() -> Iterator[Case]:
    """Folders and files whose modes forbid what a command needs, to one who is not root."""
    for name, mode in product(
        ("fit --save", "fit --save over", "predict", "draw", "new", "worksheet", "train --run"), (0o555, 0o444)
    ):

        def begin(mode: int = mode) -> None:
            Path().chmod(mode)
            as_a_user()

        yield _case(
            f"{name} in a folder of mode {mode:o}", name, begin, codes=(0, 2) if "over" in name and mode == 0o555 else (2,)
        )
    for name, mode in product(("build", "fit builds"), (0o555, 0o000)):

        def protect(mode: int = mode) -> None:
            Path("generated").chmod(mode)
            as_a_user()

        yield _case(f"{name} into a folder of mode {mode:o}", name, protect, ("generated",), codes=(2,))
    lines = {"rows.csv": "fit --save", "weights.json": "predict", "pyproject.toml": "fit --save", "decay.py": "build"}
    lines |= {"generated/decay.py": "fit --save", "generated/symgraph.lock.json": "build", "generated": "fit --save"}
    for path, name in lines.items():

        def hide(path: str = path) -> None:
            Path(path).chmod(0)
            as_a_user()

        yield _case(f"{name} with a hidden {path}", name, hide, (Path(path).stem.split(".")[0],), codes=(2,))
    for mode in (0o555, 0o000):

        def lock(mode: int = mode) -> None:
            Path("cache").mkdir(mode=0)
            Path("cache").chmod(mode)
            as_a_user()

        right = partial(_predicted, 12)
        yield _case(f"compile with a cache of mode {mode:o}", "compile", lock, codes=(0,), check=right)


def _predicted(rows: int, folder: Path, outcome: Outcome) -> str:
    lines = outcome.out.decode().split()
    return "" if len(lines) == rows + 1 and lines[1] == "1.0" else f"{len(lines)} lines, the second is {lines[1:2]}"


def _small(name: str, pages: int) -> Callable[[Path], object]:
    """Return a call that runs a command on a file system of its own, on which some pages are left."""

    def call(folder: Path) -> None:
        copied = {path: data or b"" for path, data in contents(Path()).items()}
        size = sum(-(-len(data) // 4096) for data in copied.values()) + 30 + pages
        _own_mounts()
        options = f"size={4096 * size},mode=700".encode()
        if ctypes.CDLL(None).mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, options) != 0:
            raise OSError("nothing can be mounted")
        os.chdir(folder)
        for path, data in copied.items():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_bytes(data)
        rest = os.statvfs(folder).f_bavail - pages
        Path("ballast").write_bytes(bytes(4096 * rest))
        code = commanded(SCENARIOS[name].line.split())
        Path("ballast").unlink()
        now = contents(Path())
        harm = parts(name, now) + [f"{path} is left behind" for path in leftovers(now)]
        if code not in (0, 2):
            harm.append(f"it ended with {code}")
        if code == 0:
            harm += [f"it ended with 0 without {path}" for path in differences(name, now)]
        ended(harm)

    return call


def _own_mounts() -> None:
    """Give this process its own file systems to mount; root of a space of users of its own, unless it is root already."""
    spaces = _NEWNS | (_NEWUSER if os.geteuid() else 0)
    own = os.geteuid(), os.getegid()
    if ctypes.CDLL(None).unshare(spaces) != 0:
        raise OSError("no file systems of its own")
    if own[0]:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {own[0]} 1")
        Path("/proc/self/gid_map").write_text(f"0 {own[1]} 1")
    ctypes.CDLL(None).mount(b"none", b"/", None, 0x4000 | 0x40000, None)  # what is mounted stays here


def _can_mount() -> bool:
    """Tell if a process may mount."""
    pid = os.fork()
    if pid == 0:
        try:
            _own_mounts()
            os._exit(0 if ctypes.CDLL(None).mount(b"tmpfs", b"/tmp", b"tmpfs", 0, None) == 0 else 1)
        finally:
            os._exit(1)
    return os.waitpid(pid, 0)[1] == 0


def _small_disks() -> Iterator[Case]:
    """A file system on which a few pages of 4 KiB are left."""
    names = ("fit --save", "fit --save over", "predict", "draw", "new", "worksheet", "train --run", "train --resume", "build")
    for name, pages in product(names, (0, 1, 3)):
        yield Case(
            f"{name} on a disk with {4 * pages} KiB left",
            call=_small(name, pages),
            prepare=partial(_prepared, name),
            project=True,
            codes=(0,),
            setup=own_cache,
            seconds=10,
        )


def _prepared(name: str, folder: Path) -> None:
    unhindered(name)
    SCENARIOS[name].prepare(folder)


def cases(rng: random.Random) -> Iterator[Case]:
    """Each way in which a disk can fail, with commands that write."""
    yield from _broken_calls(rng)
    yield from _disks_that_stay_full()
    yield from _odd_file_systems()
    yield from _limited_sizes()
    yield from _full_stdout()
    yield from _broken_inputs()
    yield from _modes()
    if _can_mount():
        yield from _small_disks()
