"""Settings of a project: the table [tool.symgraph] of the nearest pyproject.toml, if its owner is trusted."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from symgraph.data.documents import text_of
from symgraph.errors import OptionError, did_you_mean
from symgraph.project.settings.trust import objection

_FILE = "pyproject.toml"
_REPOSITORY = (".git", ".hg")

_TEXT, _TEXTS, _FLAG = "a non-empty string", "a list of strings", "true or false"
_KEYS: Mapping[str, tuple[str, str]] = {
    "models": ("models", _TEXTS),
    "out": ("out", _TEXT),
    "backends": ("backends", _TEXTS),
    "with": ("extras", _TEXTS),
    "precision": ("precision", _TEXT),
    "standalone": ("standalone", _FLAG),
    "float": ("single", _FLAG),
    "workspace": ("workspace", _FLAG),
    "functions": ("functions", _TEXTS),
}
"""Field of ``Config`` and type of each key."""


@dataclass(frozen=True, slots=True)
class Config:
    """Settings in [tool.symgraph], with defaults for those that are missing.

    Args:
        root: folder of pyproject.toml; the paths of the other settings are relative to it.
        models: specs to build, each a file or a dotted module.
        out: folder for generated modules.
        backends: names of the backends that write there; None where they are not named, and C is written where that can be.
        extras: the functions that modules have on request; the key is ``with``.
        precision: the precision of their arithmetic; None where a build chooses.
        standalone: whether NumPy modules bring the runtime's source along.
        single: whether C files compute in single precision; the key is ``float``.
        workspace: whether C functions over rows take their memory from the caller.
        functions: the functions of C files; all if there are none.
        file: the file of the settings; None where there is none.
    """

    root: Path
    models: tuple[str, ...] = ()
    out: str = "generated"
    backends: tuple[str, ...] | None = None
    extras: tuple[str, ...] = ()
    precision: str | None = None
    standalone: bool = False
    single: bool = False
    workspace: bool = False
    functions: tuple[str, ...] = ()
    file: Path | None = field(default=None, compare=False)

    @property
    def out_folder(self) -> Path:
        """Return the folder for generated modules, resolved against the root."""
        return self.root / self.out


def find_project(start: Path) -> Path | None:
    """Find the nearest pyproject.toml at or above a folder, no higher than the root of its repository or the home folder.

    Args:
        start: the folder where the search begins.

    Returns:
        The path of the file, or None where there is none.

    Raises:
        OptionError: the file is another user's, or was found across a folder that everybody may write to. It says what runs as
            code, so it counts only once the user has named it.
    """
    here = start.resolve()
    home = Path(os.path.expanduser("~")).resolve()  # noqa: PTH111  Path.home() raises where there is no home
    crossed: list[Path] = []
    for folder in (here, *here.parents):
        crossed.append(folder)
        path = folder / _FILE
        if _is_there(path) and path.is_file():
            doubt = objection(path, here, crossed if len(crossed) > 1 else ())
            if doubt is not None:
                raise OptionError(
                    f"{path} {doubt}, and what it names would run as code; if you trust it, say so with --config {path}"
                )
            return path
        if folder == home or any(_is_there(folder / mark) for mark in _REPOSITORY):
            break
    return None


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:  # a folder above that the user may not look into holds no project of the user's
        return False


def read_config(start: Path | None = None, file: Path | None = None) -> Config:
    """Read the settings of the project that a folder belongs to.

    Args:
        start: a folder of the project; the current directory by default.
        file: the file to read them from, whoever owns it; its folder is then the project's root.

    Returns:
        The settings. Without a pyproject.toml, or without the table in it, they are the defaults.

    Raises:
        OptionError: pyproject.toml is another user's, is not readable TOML, or its table has an unknown key or a value of the
            wrong type; or the current directory was deleted.
    """
    if file is not None:
        path = file.parent.resolve() / file.name
        return _config(path, _table(path))
    try:
        start = Path.cwd() if start is None else start
    except FileNotFoundError as error:
        raise OptionError("the current folder has been deleted; change to another") from error
    found = find_project(start)
    if found is None:
        return Config(root=start.resolve())
    return _config(found, _table(found))


def _table(path: Path) -> dict[str, object]:
    try:
        document = tomllib.loads(text_of(path))
    except OSError as error:
        raise OptionError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # bad TOML is of this kind too
        raise OptionError(f"{path} is not valid TOML: {error}") from error
    except RecursionError as error:
        raise OptionError(f"{path} is not valid TOML: its brackets are too deep") from error
    tool = document.get("tool", {})
    table = tool.get("symgraph", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise OptionError(f"{path}: tool.symgraph must be a table, not {_kind(table)}")
    return table


def _config(path: Path, table: dict[str, object]) -> Config:
    unknown = [key for key in table if key not in _KEYS]
    if unknown:
        known = f"the keys are {', '.join(_KEYS)}{did_you_mean(unknown[0], _KEYS)}"
        raise OptionError(f"{path}: [tool.symgraph] has an unknown key {unknown[0]!r}; {known}")
    given: dict[str, Any] = {_KEYS[key][0]: _checked(path, key, value) for key, value in table.items()}
    return Config(root=path.parent, file=path, **given)


def _checked(path: Path, key: str, value: object) -> object:
    """Return the value of a key, of the type that it must have; a list as a tuple."""
    must, where = _KEYS[key][1], f"{path}: [tool.symgraph] {key}"
    fits = {_TEXT: _is_name(value), _TEXTS: isinstance(value, list), _FLAG: isinstance(value, bool)}[must]
    if not fits:
        raise OptionError(f"{where} must be {must}, not {_kind(value)}")
    if not isinstance(value, list):
        return value
    for position, item in enumerate(value, start=1):
        if not _is_name(item):
            raise OptionError(f"{where}: entry {position} must be {_TEXT}, not {_kind(item)}")
    return tuple(value)


def _is_name(value: object) -> bool:
    """Tell if a value is a text that may name a file."""
    return isinstance(value, str) and bool(value) and "\0" not in value


def _kind(value: object) -> str:
    return f"{value!r} ({type(value).__name__})"
