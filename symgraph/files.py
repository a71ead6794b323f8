"""Writing a file whole or not at all, and several without another process in between."""

import importlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path


def replace_text(path: Path, text: str) -> None:
    """Write a file by way of a new one beside it, so that a reader sees the old file or the new one, never a part.

    Raises:
        OSError: the folder or the file cannot be written; the old file is then as it was.
    """
    replace_texts({path: text})


def replace_texts(texts: Mapping[Path, str], last_look: Callable[[], None] = lambda: None) -> None:
    """Write several files, all new ones beside the old before the first takes its place; see ``replace_text``.

    Args:
        texts: the text of each file.
        last_look: called when nothing is left to do but to put the new files into the places of the old; if it raises, every
            old file stays as it is.
    """
    beside = {path: path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp") for path in texts}
    try:
        for path, new in beside.items():
            _write_new(new, texts[path])
            if path.exists():
                shutil.copymode(path, new)
        last_look()
        for path, new in beside.items():
            new.replace(path)
    except BaseException:
        for new in beside.values():
            new.unlink(missing_ok=True)
        raise


def _write_new(path: Path, text: str) -> None:
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make every other process, and every other thread, that locks the folder wait until the block is left.

    Windows cannot lock a folder, and some network file systems lock nothing: there the block runs as it is.
    """
    try:
        fcntl = importlib.import_module("fcntl")
    except ImportError:  # Windows
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
