"""Folder in which compiled code, and modules of formulas, are kept from one process to the next."""

import os
import re
import shutil
import stat
import sys
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from symgraph.data.files import locked

VARIABLE = "SYMGRAPH_CACHE"
"""Environment variable that names another folder."""

MOST_BYTES = 256 * 2**20
"""Most bytes of what is kept; when there are more, what was made first is deleted."""

UNDER_WAY = ".making-"
"""Beginning of the names of folders in which libraries are made."""

LIBRARY = ".so"
"""Suffix of libraries."""

FORMULA = ".formula"
"""Suffix of the files with modules of formulas."""

_SUFFIXES = (LIBRARY, FORMULA)
_DIGEST = ".sha256"
_OWN = re.compile(rf".+-[0-9a-f]{{20}}\.(so|formula)({re.escape(_DIGEST)})?|{re.escape(UNDER_WAY)}[a-z0-9_]{{8}}")
"""Names of what we make in the folder, which others may keep their files in, too: only these are ever deleted."""
_DIGEST_BYTES = 100
"""Bytes of a digest's file at most."""


def cache_folder() -> Path | None:
    """Return a folder of the user's own for compiled code and texts that are run, made if need be.

    Code that is run from a folder must be the user's own, so one that others may write to is not used, nor one in a folder
    where others may put another in its place.

    Returns:
        The folder, or None where there is none to which the user, and only the user, can write.
    """
    return _folder() if objection_to_folder() is None else None


def _folder() -> Path:
    return cache_root() / "c"


def objection_to_folder() -> str | None:
    """Make the folder if need be, and return the reason why it must not be used, or None."""
    folder = _folder()
    try:
        home = _home()
        if folder.is_relative_to(home) and not home.is_dir():
            return f"there is no home folder {home}"  # which is not for us to make
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # links are resolved: the folders that count are those on the way to where it is
        way = [folder.resolve(), *folder.resolve().parents]
        writable_by_others = next((place for place in way if _belongs_to_others(place, is_last=place is way[0])), None)
    except (OSError, RecursionError) as error:  # the second where it lies a thousand folders deep
        # a home that is read-only, say: compiled code is not kept
        return f"{folder} cannot be made: {getattr(error, 'strerror', error)}"
    if writable_by_others is not None:
        return f"others may write to {writable_by_others}"
    return None if os.access(folder, os.W_OK) else f"{folder} cannot be written"


def _belongs_to_others(place: Path, *, is_last: bool) -> bool:
    """Tell if somebody else than the user and root may change what is in a folder, or is its owner."""
    if not hasattr(os, "geteuid"):
        return False
    status = place.stat()
    owners = {os.geteuid()} if is_last else {os.geteuid(), 0}
    shared = bool(status.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
    sticky = bool(status.st_mode & stat.S_ISVTX) and not is_last  # as /tmp: what is in it belongs to its maker
    return status.st_uid not in owners or (shared and not sticky)


def objection_to_file(path: Path) -> str | None:
    """Return the reason why a library must not be loaded, or a text not be run, or None.

    Raises:
        OSError: it cannot be read.
    """
    try:
        status, digest = path.lstat(), _digest_file(path)
        of_digest = digest.lstat()
        if not (stat.S_ISREG(status.st_mode) and stat.S_ISREG(of_digest.st_mode)):
            return "it is no file, or its digest is none"
        if status.st_size > MOST_BYTES or of_digest.st_size > _DIGEST_BYTES:
            return "it, or its digest, is larger than what we make"
        expected = digest.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return "it is not there, or has no digest"
    if hasattr(os, "geteuid") and (status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
        return "it may be changed by others"
    return None if sha256(path.read_bytes()).hexdigest() == expected else "it is not as it was made"


def with_digest(made: Path, target: Path) -> None:
    """Move a file to its place in the cache, and write its digest beside it."""
    made.chmod(0o700)
    digest = made.with_name("digest")
    digest.write_text(f"{sha256(made.read_bytes()).hexdigest()}\n", encoding="ascii")
    made.replace(target)
    digest.replace(_digest_file(target))


def bounded(folder: Path, kept: Path) -> None:
    """Delete what was made first, until the rest takes no more than ``MOST_BYTES``; one file is kept in any case."""
    others = [
        (path.stat().st_mtime_ns, path.stat().st_size, path)
        for path in folder.iterdir()
        if path.suffix in _SUFFIXES and _OWN.fullmatch(path.name) and path != kept
    ]
    left = MOST_BYTES - kept.stat().st_size
    for _, size, path in sorted(others, reverse=True):
        left -= size
        if left < 0:
            path.unlink(missing_ok=True)
            _digest_file(path).unlink(missing_ok=True)


def entries() -> list[Path]:
    """Return every file of the cache that we have made."""
    return [path for own in _own() for path in (own, *own.rglob("*")) if path.is_file()]


def _own() -> list[Path]:
    return [path for path in sorted(_folder().glob("*")) if _OWN.fullmatch(path.name)]


def clear() -> None:
    """Delete what we have made in the cache, after those who compile; a process that has loaded a library keeps it in memory.

    Raises:
        OSError: a file cannot be deleted.
    """
    with suppress(FileNotFoundError), locked(_folder()):  # the folder stays: another process may wait for its lock
        for path in _own():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def _digest_file(path: Path) -> Path:
    return path.with_name(path.name + _DIGEST)


def cache_root() -> Path:
    """Return the folder of all compiled code; it need not exist."""
    if chosen := os.environ.get(VARIABLE):
        return Path(chosen).absolute()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or _home() / "AppData" / "Local") / "symgraph"
    if sys.platform == "darwin":
        return _home() / "Library" / "Caches" / "symgraph"
    return Path(os.environ.get("XDG_CACHE_HOME") or _home() / ".cache") / "symgraph"


def _home() -> Path:
    return Path(os.path.expanduser("~"))  # noqa: PTH111  Path.home() raises where there is no home
