"""Reading spec files: Python files, or dotted modules, that define one model or several."""

import importlib.util
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from symgraph.errors import BuildError, SpecError
from symgraph.model import Model


@dataclass(frozen=True, slots=True)
class Spec:
    """A spec file.

    Attributes:
        label: how headers and the manifest name it: its path below the project's root, with forward slashes.
        models: the models it defines, in order.
    """

    label: str
    models: tuple[Model, ...]


def read_spec(reference: str, root: Path) -> Spec:
    """Run a spec and collect its models.

    Args:
        reference: a path, or a dotted module name.
        root: the project's folder; paths are tried below the current folder first, then below it.

    Raises:
        BuildError: there is no such file or module, it fails, or it defines no model.
        SpecError: a model in it is wrong; the message starts with file and line.
    """
    path = _locate(reference, root)
    label = _label(path, root)
    module = _run(path, label)
    models = tuple({id(value): value for value in vars(module).values() if isinstance(value, Model)}.values())
    if not models:
        raise BuildError(f"{label} defines no model; assign a symgraph.Model to a variable of the module")
    names = [model.name for model in models]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is not None:
        raise BuildError(f"{label} defines two models called {doubled!r}; their modules would overwrite each other")
    return Spec(label, models)


def _locate(reference: str, root: Path) -> Path:
    if reference.endswith(".py") or "/" in reference or "\\" in reference:
        for path in (Path(reference), root / reference):
            if path.is_file():
                return path.resolve()
        raise BuildError(f"there is no spec file {reference}; `symgraph new NAME` writes one to start from")
    with _importing_from(root):
        try:
            found = importlib.util.find_spec(reference)
        except (ImportError, ValueError) as error:
            raise BuildError(f"spec module {reference!r} cannot be found: {error}") from error
    if found is None or found.origin is None or not found.origin.endswith(".py"):
        raise BuildError(f"there is no spec module {reference!r}; give a path ending in .py, or a dotted module name")
    return Path(found.origin).resolve()


def _label(path: Path, root: Path) -> str:
    """The path below the root; a file elsewhere goes by its name alone, which is the same on every machine."""
    resolved = root.resolve()
    return path.relative_to(resolved).as_posix() if path.is_relative_to(resolved) else path.name


def _run(path: Path, label: str) -> ModuleType:
    found = importlib.util.spec_from_file_location(f"_symgraph_spec_{path.stem}", path)
    if found is None or found.loader is None:
        raise BuildError(f"{label} cannot be read as Python")
    module = importlib.util.module_from_spec(found)
    with _importing_from(path.parent):
        try:
            found.loader.exec_module(module)
        except SpecError as error:
            raise SpecError(f"{label}:{_line(error, path)}: {error}") from error
        except Exception as error:  # whatever the user's file raises is the user's to read, in one line that says where
            raise BuildError(f"{label}:{_line(error, path)}: {type(error).__name__}: {error}") from error
    return module


def _line(error: BaseException, path: Path) -> int | str:
    if isinstance(error, SyntaxError) and error.lineno is not None:
        return error.lineno
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return next((line for line in reversed(lines) if line is not None), "?")


@contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    """Let a spec import its neighbours, and leave no bytecode beside them."""
    saved_path, saved_bytecode = list(sys.path), sys.dont_write_bytecode
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.path[:] = saved_path
        sys.dont_write_bytecode = saved_bytecode
