"""Files that a spec is read from: itself, the modules that it imports, the tables of data that it opens."""

import os
import sys
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from symgraph.io.manifest import digest_of

_PACKAGE = Path(__file__).resolve().parent.parent
_INSTALLED = {"site-packages", "dist-packages"}
_WRITING = os.O_WRONLY | os.O_RDWR

_recorders: "list[_Recorder]" = []


@contextmanager
def recorded(spec: Path, root: Path) -> Iterator[dict[str, str]]:
    """Record the files below a folder that are opened for reading while the block runs, as the interpreter reports them.

    A digest is taken before the file is read: if it changes meanwhile, the digest is the old one, and the change is noticed.
    Python's own files, installed packages and symgraph are left out, since they do not belong to the project.

    Args:
        spec: a file that is recorded in any case.
        root: the folder.

    Returns:
        The digest of each file by its path below the folder, "" for one that was not there; filled as the block runs.
    """
    _listen()
    recorder = _Recorder(root.resolve())
    recorder.add(spec)
    _recorders.append(recorder)
    try:
        yield recorder.digests
    finally:
        _recorders.remove(recorder)


def is_project_file(path: Path, root: Path) -> bool:
    """Tell whether a file below a folder belongs to its project: it is neither installed nor part of symgraph or Python."""
    if not path.is_relative_to(root) or path.is_relative_to(_PACKAGE):
        return False
    return not _INSTALLED & set(path.parts) and not any(path.is_relative_to(folder) for folder in _standard_library())


class _Recorder:
    """Digests of a project's files that one thread opens."""

    def __init__(self, root: Path) -> None:
        self.digests: dict[str, str] = {}
        self._root = root
        self._thread = threading.get_ident()
        self._busy = False

    def add(self, path: Path) -> None:
        """Record a file below the root."""
        if path.is_relative_to(self._root):
            self.digests.setdefault(path.relative_to(self._root).as_posix(), digest_of(path))

    def met(self, name: object) -> None:
        """Record a file that is about to be read, if it is one of the project's."""
        if self._busy or threading.get_ident() != self._thread or not isinstance(name, str | bytes):
            return
        self._busy = True  # the code below opens files itself
        try:
            with suppress(ValueError):  # a name with a NUL, which `open` refuses next
                path = Path(os.fsdecode(name)).resolve()
                if path.suffix != ".pyc" and is_project_file(path, self._root):
                    self.add(path)
        finally:
            self._busy = False


@cache
def _listen() -> None:
    """Make the interpreter report every file that is opened; it does so until it ends (PEP 578)."""
    sys.addaudithook(_hear)


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if not _recorders:
        return
    if event == "open" and not arguments[2] & _WRITING:
        _recorders[-1].met(arguments[0])
    elif event == "exec" and not arguments[0].co_filename.startswith("<"):  # a module, maybe from its bytecode
        _recorders[-1].met(arguments[0].co_filename)


@cache
def _standard_library() -> tuple[Path, ...]:
    return tuple({Path(sysconfig.get_path(kind)).resolve() for kind in ("stdlib", "platstdlib")})
