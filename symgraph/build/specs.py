"""Reader of spec files: Python files, or dotted modules, that define one model or several."""

import importlib.util
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from symgraph.build.sources import is_project_file, recorded
from symgraph.collector import uncollected
from symgraph.errors import BuildError, SpecError
from symgraph.spec.model import Model

# Part of a message of Python, NumPy or SymPy about a habit from numeric code -> the code to write instead.
_HINTS = {
    "loop of ufunc does not support": "use SymPy's functions instead of NumPy's",
    "Cannot convert expression to float": "use SymPy's functions instead of those of math",
    "cannot determine truth value": "use Piecewise, Max or Min instead of if, max or min",
}


@dataclass(frozen=True, slots=True)
class Spec:
    """Spec file with its models.

    Attributes:
        path: the file.
        label: its name in headers and the manifest: its path below the project's root, with forward slashes.
        models: the models it defines, in order.
        sources: the digests of the project's files that it was read from, by their paths below the root; none of a spec
            outside the project.
    """

    path: Path
    label: str
    models: tuple[Model, ...]
    sources: Mapping[str, str]


def read_spec(reference: str, root: Path) -> Spec:
    """Run a spec and collect its models.

    Args:
        reference: a path, or a dotted module name.
        root: the project's folder; paths are tried below the current folder first, then below it.

    Raises:
        BuildError: there is no such file or module, it fails, or it defines no model.
        SpecError: a model in it is wrong; the message starts with file and line.
    """
    found = _locate(reference, root)
    label = _label(found.path, root)
    root = root.resolve()
    with recorded(found.path, root) as sources:
        module = _run(found, label, root)
    models = tuple({id(value): value for value in vars(module).values() if isinstance(value, Model)}.values())
    if not models:
        raise BuildError(f"{label} defines no model; assign a symgraph.Model to a variable of the module")
    names = [model.name for model in models]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is not None:
        raise BuildError(f"{label} defines two models called {doubled!r}; their modules would overwrite each other")
    return Spec(found.path, label, models, dict(sorted(sources.items())) if found.path.is_relative_to(root) else {})


class _Found(NamedTuple):
    """File of a spec, the name it runs under, and the folders that are on the import path meanwhile."""

    path: Path
    name: str
    folders: tuple[Path, ...]


def _locate(reference: str, root: Path) -> _Found:
    if reference.endswith(".py") or "/" in reference or "\\" in reference:
        for path in (Path(reference), root / reference):
            if path.is_file():
                return _file(path.resolve())
        if Path(reference).is_dir():
            raise BuildError(f"spec {reference} is a folder; name the spec files in it")
        raise BuildError(f"there is no spec file {reference}; `symgraph new NAME` writes one to start from")
    with _importing_from(root, root=root.resolve()):
        try:
            spec = importlib.util.find_spec(reference)
        except (ImportError, ValueError) as error:
            raise BuildError(f"spec module {reference!r} cannot be found: {error}") from error
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise BuildError(f"there is no spec module {reference!r}; give a path ending in .py, or a dotted module name")
    return _Found(Path(spec.origin).resolve(), reference, (root,))


def _file(path: Path) -> _Found:
    """Find the name and folders of a spec's file; one in a package runs under its dotted name, for its relative imports."""
    name, above = path.stem, path.parent
    while (above / "__init__.py").is_file():
        name, above = f"{above.name}.{name}", above.parent
    if above == path.parent:
        return _Found(path, f"_symgraph_spec_{name}", (above,))
    return _Found(path, name, (above, path.parent))


def _label(path: Path, root: Path) -> str:
    """Return the path below the root, or the name alone of a file elsewhere, which is the same on every machine."""
    resolved = root.resolve()
    return path.relative_to(resolved).as_posix() if path.is_relative_to(resolved) else path.name


def _run(found: _Found, label: str, root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(found.name, found.path)
    if spec is None or spec.loader is None:
        raise BuildError(f"{label} cannot be read as Python")
    module = importlib.util.module_from_spec(spec)
    # output that a spec prints is not the result of the command that reads it
    imports = _importing_from(*found.folders, root=root)
    with imports, _registered(found.name, module), redirect_stdout(sys.stderr), uncollected():
        try:
            spec.loader.exec_module(module)
        except SpecError as error:
            raise SpecError(f"{label}:{_line(error, found.path)}: {error}") from error
        except (Exception, SystemExit) as error:  # whatever the user's file raises is the user's to read, in one line
            raise BuildError(f"{label}:{_line(error, found.path)}: {_told(error)}") from error
    return module


def _told(error: BaseException) -> str:
    text = " ".join(f"{type(error).__name__}: {error}".split())
    hint = next((hint for sign, hint in _HINTS.items() if sign in text), None)
    return text if hint is None else f"{text}; {hint}"


def _line(error: BaseException, path: Path) -> int | str:
    """Return the line of the spec that is wrong, or that called the code that failed."""
    if isinstance(error, SyntaxError) and error.filename == str(path) and error.lineno is not None:
        return error.lineno
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return next((line for line in reversed(lines) if line is not None), "?")


@contextmanager
def _importing_from(*folders: Path, root: Path) -> Iterator[None]:
    """Let a spec import its neighbours, and leave no bytecode beside them.

    It reads them, and all else that it imports from its project, again: they may have changed since this process imported
    them. They are forgotten afterwards: another folder may use their names.
    """
    hidden = _of_project(folders, root)
    saved_path, saved_bytecode, known = list(sys.path), sys.dont_write_bytecode, set(sys.modules) - set(hidden)
    for name in hidden:
        del sys.modules[name]
    sys.path[:0] = map(str, folders)
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.path[:] = saved_path
        sys.dont_write_bytecode = saved_bytecode
        fresh = [name for name in sys.modules if name not in known]
        neighbours = _of_project(folders, root)
        for name in fresh:
            if name.partition(".")[0] in neighbours:
                del sys.modules[name]
        sys.modules.update(hidden)


def _of_project(folders: tuple[Path, ...], root: Path) -> dict[str, ModuleType]:
    """Return the imported modules that lie in some folders, or are files of the project."""
    beside, below = {str(folder) for folder in folders}, f"{root}{os.sep}"
    found = {}
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        if spec is None or name == "__main__":
            continue
        files = [spec.origin] if spec.has_location and spec.origin else []
        for place in spec.submodule_search_locations or files:
            if os.path.dirname(place) in beside or (place.startswith(below) and is_project_file(Path(place).resolve(), root)):  # noqa: PTH120  a thousand modules
                found[name] = module
    return found


@contextmanager
def _registered(name: str, module: ModuleType) -> Iterator[None]:
    """Register a module under its name while it runs: dataclasses look it up there."""
    saved = sys.modules.get(name)
    sys.modules[name] = module
    try:
        yield
    finally:
        sys.modules.pop(name, None)
        if saved is not None:
            sys.modules[name] = saved
