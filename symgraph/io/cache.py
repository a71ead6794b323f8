"""Folder in which compiled code is kept from one process to the next."""

import os
import stat
import sys
from pathlib import Path

VARIABLE = "SYMGRAPH_CACHE"
"""Environment variable that names another folder."""


def cache_folder(kind: str) -> Path | None:
    """Return a folder of the user's own for compiled code, made if need be.

    Code that is run from a folder must be the user's own, so one that others may write to is not used.

    Args:
        kind: the kind of code kept there; the name of the folder.

    Returns:
        The folder, or None where there is none to which the user, and only the user, can write.
    """
    folder = _root() / kind
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError:
        return None  # a home that is read-only or missing: compiled code is not kept
    if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
        return None
    return folder if os.access(folder, os.W_OK) else None


def _root() -> Path:
    if chosen := os.environ.get(VARIABLE):
        return Path(chosen).absolute()
    home = Path(os.path.expanduser("~"))  # noqa: PTH111  Path.home() raises where there is no home
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "symgraph"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "symgraph"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "symgraph"
