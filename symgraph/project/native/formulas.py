"""Modules of formulas that were verified before: their texts are kept beside compiled libraries, so that a fit starts at once.

A text is found by all that it was made of: the formula, the columns of the data, the start, the options, the compiler, the
interpreter, the installed packages, and symgraph's own files. What is not there, or not as it was made, is made anew.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from symgraph.data.files import locked
from symgraph.errors import SymgraphError
from symgraph.project.native.cache import FORMULA, UNDER_WAY, bounded, cache_folder, objection_to_file, with_digest
from symgraph.project.native.compiler import find_compiler, is_at_hand
from symgraph.project.native.loading import COMPILE_SECONDS, Floats, NativeModule, compiled_model, native_module
from symgraph.project.native.module import from_source

_PACKAGE = Path(__file__).resolve().parent.parent
_FOLDERS = (_PACKAGE,) if (_PACKAGE / "_templates").is_dir() else (_PACKAGE, _PACKAGE.parent / "templates")
"""Folders of what generates and verifies; a checkout has the templates beside the package, an installed package in it."""
_SUFFIXES = (".py", ".c", ".jinja")
_PACKAGES: Mapping[str, str] = MappingProxyType(
    {
        "sympy": "sympy",
        "mpmath": "mpmath",
        "flint": "python_flint",
        "jinja2": "jinja2",
        "numpy": "numpy",
        "scipy": "scipy",
        "gmpy2": "gmpy2",
    }
)
"""Packages that generate and verify, by the names of their modules, with the names under which they are installed."""


class Key(NamedTuple):
    """All that the module of a formula is made of.

    Attributes:
        formula: its text.
        columns: the names of the columns of the data, as the file has them.
        start: the initial values of weights by name, in their order.
        extras: the module's further functions.
        backend: the choice of a backend.
        compiler: the digest of the compiler and its machine, its command and its flags; none where no C is compiled.
        versions: of the interpreter and of the packages.
        own: the digest of symgraph's files.
    """

    formula: str
    columns: tuple[str, ...]
    start: tuple[tuple[str, float], ...]
    extras: tuple[str, ...]
    backend: str
    compiler: tuple[str, ...]
    versions: tuple[str, ...]
    own: str

    @property
    def text(self) -> str:
        """Return the key as JSON."""
        return json.dumps(self)

    def file(self, folder: Path) -> Path:
        """Return the file of the module in a folder."""
        return folder / f"formula-{sha256(self.text.encode()).hexdigest()[:20]}{FORMULA}"


def key_of(
    formula: str, columns: Sequence[str], start: Mapping[str, float], extras: tuple[str, ...], backend: str
) -> Key | None:
    """Return the key of a formula's module; None where not all that it is made of is known, so that it cannot be kept.

    Args:
        formula: such as "y ~ a*exp(-k*x)".
        columns: the names of the columns of the data.
        start: initial values by the names of weights.
        extras: further functions of the module.
        backend: "auto", "native" or "numpy".
    """
    if not all(isinstance(name, str) for name in columns):
        return None
    try:
        compiler: tuple[str, ...] = ()
        if backend == "native" or (backend == "auto" and is_at_hand()):
            found = find_compiler()
            compiler = found.identity, *found.command, *found.flags
        versions, own = (sys.version, *_versions()), _own_files()
    except (SymgraphError, OSError, ValueError):  # the slow way says what is wrong with the compiler or a package
        return None
    return Key(formula, tuple(columns), tuple(start.items()), extras, backend, compiler, versions, own) if own else None


def kept_module(key: Key) -> tuple[Mapping[str, str], Any] | None:
    """Return the names of columns by those in the module that is kept of a key, and the module; None where there is none."""
    folder = cache_folder()
    kept = None if folder is None else _read(key.file(folder))
    if kept is None or kept.get("key") != json.loads(key.text):
        return None
    try:
        module: Any = from_source(kept["source"], kept["model"], kept["origin"])
        files = kept["files"]
        if files:
            made = compiled_model(kept["model"], files, "native", COMPILE_SECONDS)
            assert made is not None  # else "native" has raised
            module = native_module(module, made, files, Floats(made, dict))  # the command computes nothing in single precision
    except SymgraphError:  # the slow way says what is wrong, or makes it again
        return None
    return kept["columns"], module


def keep(key: Key, module: ModuleType, columns: Mapping[str, str]) -> None:
    """Keep the texts of a module that was verified; where they cannot be written now, the next fit takes the slow way again.

    Args:
        key: the module's.
        module: a module of the numpy or of the native backend.
        columns: the names of columns by those in the module.
    """
    folder = cache_folder()
    if folder is None:
        return
    native = isinstance(module, NativeModule)
    plain: Any = module.numpy if native else module
    kept = {
        "key": key,
        "model": plain.MODEL,
        "origin": plain.__file__,
        "source": plain.__loader__.get_source(plain.__name__),
        "files": dict(module.C_FILES) if native else {},
        "columns": dict(columns),
    }
    target = key.file(folder)
    try:
        with locked(folder, wait=False):  # a fit that is done does not wait for others that compile
            with tempfile.TemporaryDirectory(prefix=UNDER_WAY, dir=folder, ignore_cleanup_errors=True) as work:
                made = Path(work) / target.name
                made.write_text(json.dumps(kept), encoding="utf-8")
                with_digest(made, target)
            bounded(folder, target)
    except OSError:  # the folder is locked, full or gone
        return


def formula_of(path: Path) -> str:
    """Return the formula of a file that is kept; "" where it is not as it was made."""
    key = (_read(path) or {}).get("key")
    return str(key[0]) if isinstance(key, list) and key else ""


def _read(path: Path) -> dict[str, Any] | None:
    """Read what is kept, if it is the user's own and as it was made."""
    try:
        found = None if objection_to_file(path) else json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


@cache
def _own_files() -> str:
    """Return a digest of the names, sizes and times of the files that generate and verify; "" where they are in no folder."""
    found = sorted(line for folder in _FOLDERS for line in _files_below(str(folder)))
    return sha256("\n".join(found).encode(errors="surrogateescape")).hexdigest() if found else ""


def _files_below(folder: str) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir():
                    yield from _files_below(entry.path)
                elif entry.name.endswith(_SUFFIXES):
                    state = entry.stat()
                    yield f"{entry.path} {state.st_size} {state.st_mtime_ns}"
    except (FileNotFoundError, NotADirectoryError):  # a package within an archive; no templates beside an installed one
        return


def _versions() -> Iterator[str]:
    """Yield a line on each package: where it is, when it was installed, and the version that the folder of its facts names."""
    for name, distribution in _PACKAGES.items():
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            yield f"{name} is not there"
            continue
        place, state = Path(spec.origin), Path(spec.origin).stat()
        facts = [entry for entry in _names_in(place.parent.parent) if entry.lower().startswith(f"{distribution}-")]
        yield f"{place} {state.st_size} {state.st_mtime_ns} {' '.join(facts)}"
    yield np.__version__


@cache
def _names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())
