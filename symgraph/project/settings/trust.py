"""Trust in files that a search has found: nobody named them, so they may run code only if their owner is trusted."""

import importlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path


def objection(path: Path, here: Path, crossed: Sequence[Path] = ()) -> str | None:
    """Return the reason why a file that a search has found must not be used, or None.

    A file is trusted if it, and the link if it is one, belong to the caller, to root, to the user who called sudo, or to the
    owner of the current folder, and if no folder that was crossed may be written to by everybody. Windows tells none of this,
    so every file is trusted there.

    Args:
        path: the file; it exists.
        here: the folder where the search began.
        crossed: the folders that the search left or entered on its way.

    Returns:
        A predicate to follow the file's name in a message, or None if the file is trusted.
    """
    if not hasattr(os, "geteuid"):
        return None
    trusted = _trusted(here)
    owner = next((uid for uid in (path.lstat().st_uid, path.stat().st_uid) if uid not in trusted), None)
    if owner is not None:
        return f"belongs to {_name(owner)}, not to you"
    shared = next((folder for folder in crossed if folder.stat().st_mode & stat.S_IWOTH), None)
    if shared is not None:
        return f"of {_name(path.stat().st_uid)} was found across {shared}, which everybody may write to"
    return None


def _trusted(here: Path) -> set[int]:
    caller = os.geteuid()
    users = {caller, 0, here.stat().st_uid}
    called_sudo = os.environ.get("SUDO_UID", "")
    if caller == 0 and called_sudo.isdecimal() and len(called_sudo) <= len(str(2**32)):
        users.add(int(called_sudo))
    return users


def _name(uid: int) -> str:
    try:
        return str(importlib.import_module("pwd").getpwuid(uid).pw_name)
    except (ImportError, KeyError):  # an owner that this machine has no name for
        return f"user {uid}"
