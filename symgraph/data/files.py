"""Atomic writing of one file, or of several, without another process in between."""

import errno
import importlib
import os
import platform
import re
import shutil
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from zlib import crc32

from symgraph.errors import BuildError

_UNFINISHED = re.compile(r"\.([0-9a-f]{8})-([0-9]+)-[0-9a-f]{12}\.tmp")
"""Name of a file that is not whole: its machine, its process, and what no other file has."""
_LINKS = 40
"""Most links that may lead to one another, as on Linux."""


def write_file(path: Path, content: str | bytes | Iterable[str]) -> None:
    """Write to a path that a user has named: a file, a link to one, a device or a pipe. None is replaced by another kind.

    A file has the old content or the new, never a part, and keeps its mode and its owner. One that has several names keeps
    them, and so does one whose owner a new file cannot have: these are written in place once the content is on the disk.
    Content that comes in pieces is never in memory at once.

    Raises:
        OSError: it cannot be written, or is a folder, a socket or a block device; a file is then as it was.
    """
    pieces = [content] if isinstance(content, str | bytes) else content
    data = (piece if isinstance(piece, bytes) else piece.encode() for piece in pieces)
    handle = _open_file(path)
    if handle is not None:
        for stream in filter(None, (sys.stdout, sys.stderr)):  # None where they were closed when Python began
            stream.flush()
        _write(os.dup(handle), data)
    elif is_stream(path):
        _write(os.open(path, os.O_WRONLY), data)
    else:
        _write_file(Path(os.path.realpath(path)), data)


def write_new(path: Path, text: str) -> bool:
    """Write a new file, whole, and its folder where there is none; return False, and leave it, if there is such a file already.

    Raises:
        BuildError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if is_taken(path):
            raise FileExistsError
        with _beside(path, [text.encode()]) as new:
            _named(new, path)
    except FileExistsError:
        if path.is_dir() or not path.parent.is_dir():
            raise BuildError(f"{path} cannot be written: it is a folder, or its folder is a file") from None
        return False
    except OSError as error:
        raise BuildError(f"{path} cannot be written: {error.strerror}") from error
    return True


def _named(new: Path, path: Path) -> None:
    """Give a file its name; raise a FileExistsError, and not replace what has it, as a rename does."""
    try:
        os.link(new, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if os.path.lexists(path):
            raise FileExistsError from None
        new.rename(path)


def is_taken(path: Path) -> bool:
    """Tell if there is something of a name, after deleting what killed processes left beside it."""
    if path.parent.is_dir():
        remove_unfinished(path.parent)
    return os.path.lexists(path)


def replace_texts(texts: Mapping[Path, str], last_look: Callable[[], None] = lambda: None) -> None:
    """Write files by way of new ones beside them, so that a reader sees an old file or a new one, never a part.

    All new ones are written before the first takes the place of an old one.

    Args:
        texts: the text of each file.
        last_look: called when all that remains is to put the new files into the places of the old; if it raises, every
            old file stays as it is.

    Raises:
        OSError: a folder or a file cannot be written; the old files are then as they were.
    """
    with ExitStack() as stack:
        beside = {path: stack.enter_context(_beside(path, [text.encode()])) for path, text in texts.items()}
        last_look()
        for path, new in beside.items():
            new.replace(path)


def is_stream(path: Path) -> bool:
    """Tell if a path names a stream, written to as data come: an open file (/dev/stdout), a device, a pipe."""
    return _open_file(path) is not None or path.is_char_device() or path.is_fifo()


def _open_file(path: Path) -> int | None:
    """Return the number of the open file of this process that a path such as /dev/stdout or /dev/fd/3 leads to."""
    own = Path("/proc/self/fd").resolve()
    for _ in range(_LINKS):
        if not path.is_symlink():
            return None
        folder = path.parent.resolve()
        if folder == own:
            return int(path.name)
        path = folder / path.readlink()
    return None


def _write(handle: int, data: Iterable[bytes]) -> None:
    with os.fdopen(handle, "wb") as file:
        file.writelines(data)


def _write_file(path: Path, data: Iterable[bytes]) -> None:
    if path.is_symlink():
        raise OSError(errno.ELOOP, "its links lead in a circle")
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is a folder, a socket or a block device")
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, "it is write-protected")
    remove_unfinished(path.parent)
    with _beside(path, data) as new:
        if not path.exists() or _can_replace(new, path):
            new.replace(path)
        else:
            with path.open("r+b") as file, new.open("rb") as whole:
                shutil.copyfileobj(whole, file)
                file.truncate()
                os.fsync(file.fileno())


def remove_unfinished(folder: Path) -> None:
    """Delete what processes of this machine that were killed while they wrote have left in a folder."""
    for path in folder.glob(f".{_machine()}-*.tmp"):
        if (found := _UNFINISHED.fullmatch(path.name)) and not _is_running(int(found[2])):
            path.unlink(missing_ok=True)


def _machine() -> str:
    return f"{crc32(platform.node().encode()):08x}"


def _is_running(process: int) -> bool:
    if process == os.getpid():
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another user's, or a system that cannot tell
        return True
    return True


@contextmanager
def _beside(path: Path, data: Iterable[bytes]) -> Iterator[Path]:
    """Make a new file beside another, with its mode; it is deleted at the end of the block unless it was renamed.

    Its name has the machine and the process, so that the next that writes here knows and deletes what a killed one left.
    """
    new = path.with_name(f".{_machine()}-{os.getpid()}-{uuid.uuid4().hex[:12]}.tmp")
    try:
        new.touch(0o600 if path.exists() else 0o666, exist_ok=False)
        with new.open("wb") as file:
            file.writelines(data)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, new)
        yield new
    finally:
        try:
            new.unlink(missing_ok=True)
        finally:
            if new.exists():  # a signal has ended the first
                new.unlink()


def _can_replace(new: Path, old: Path) -> bool:
    """Give a new file the owner of an old one; return whether that succeeded and the old one has no other name."""
    before, after = old.stat(), new.stat()
    if before.st_nlink > 1:
        return False
    if (before.st_uid, before.st_gid) != (after.st_uid, after.st_gid):
        try:
            os.chown(new, before.st_uid, before.st_gid)
        except PermissionError:
            return False
    return True


@contextmanager
def locked(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """Make every other process, and every other thread, that locks the folder wait until the block is left.

    Windows cannot lock a folder, and some network file systems lock nothing: there the block runs as it is.

    Raises:
        BlockingIOError: another one has locked it, and this one was told not to wait.
        OSError: the folder cannot be opened.
    """
    try:
        fcntl = importlib.import_module("fcntl")
    except ImportError:  # Windows
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(handle)
