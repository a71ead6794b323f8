"""Reader of spec files: Python files, or dotted modules, that define one model or several.

It records the files that a spec is read from: itself, the modules that it imports, the tables of data that it opens.
"""

import errno
import importlib.util
import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager, redirect_stdout, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from warnings import catch_warnings, simplefilter

from symgraph.compiler.ir.garbage_collection import uncollected
from symgraph.errors import BuildError, SpecError
from symgraph.project.build.mistakes import line_of, raised_in, told
from symgraph.project.settings.manifest import digest_of
from symgraph.spec.model import Model

_PACKAGE = Path(__file__).resolve().parents[2]
_INSTALLED = {"site-packages", "dist-packages"}
_WRITING = os.O_WRONLY | os.O_RDWR


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
        SpecError: a model in it is wrong or not complete; the message starts with file and line.
    """
    found = _locate(reference, root)
    label = _label(found.path, root)
    root = root.resolve()
    try:
        with _recorded(found.path, root) as sources:
            module = _run(found, label, root)
        models = tuple({id(value): value for value in vars(module).values() if isinstance(value, Model)}.values())
        names = [model.name for model in models]
        for place, model in enumerate(models):
            if model.name in names[:place]:
                text = f"{label} defines two models called {model.name!r}; their modules would overwrite each other"
                raise SpecError(f"model {model.name}: {text}; rename one", model.place())
        for model in models:
            model.freeze()
    except SpecError as error:
        file, line = error.place or (str(found.path), line_of(error, found.path))
        error.place = _label(Path(file), root), line
        raise
    if not models:
        raise BuildError(f"{label} defines no model; assign a symgraph.Model to a variable of the module")
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
    # dataclasses look their module up; output that a spec prints is not the result of the command that reads it
    imports = _importing_from(*found.folders, root=root)
    with imports, registered({found.name: module}), redirect_stdout(sys.stderr), uncollected(), catch_warnings():
        simplefilter("ignore", SyntaxWarning)  # as of 3(x + 1), which is an error a moment later
        try:
            spec.loader.exec_module(module)
        except SpecError:
            raise
        except (Exception, SystemExit) as error:  # whatever the user's file raises is the user's to read, in one line
            failed = Path(raised_in(error).f_code.co_filename).resolve()
            if failed.is_relative_to(_PACKAGE) and failed != found.path:
                raise  # a fault of ours
            raise BuildError(f"{label}:{line_of(error, found.path)}: {told(error, found.path)}") from error
    return module


@contextmanager
def _importing_from(*folders: Path, root: Path) -> Iterator[None]:
    """Let a spec import its neighbours, leave no bytecode beside them, and stay in the current folder if the spec leaves it.

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
        with chdir(os.curdir):
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
            if os.path.dirname(place) in beside or (place.startswith(below) and _is_project_file(Path(place).resolve(), root)):  # noqa: PTH120  a thousand modules
                found[name] = module
    return found


@contextmanager
def registered(modules: Mapping[str, ModuleType]) -> Iterator[None]:
    """Let modules be imported by their names while the block runs, and forget them after it."""
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name, module in before.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module


_recording: "ContextVar[tuple[Path, dict[str, str]] | None]" = ContextVar("recording", default=None)
"""Folder whose files this thread records, and their digests by their paths below it."""


@contextmanager
def _recorded(spec: Path, root: Path) -> Iterator[dict[str, str]]:
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
    digests: dict[str, str] = {}
    _record(spec, root, digests)
    token = _recording.set((root, digests))
    try:
        yield digests
    finally:
        _recording.reset(token)


def _is_project_file(path: Path, root: Path) -> bool:
    """Tell whether a file below a folder belongs to its project: it is neither installed nor part of symgraph or Python."""
    if not path.is_relative_to(root) or path.is_relative_to(_PACKAGE):
        return False
    return not _INSTALLED & set(path.parts) and not any(path.is_relative_to(folder) for folder in _standard_library())


def _record(path: Path, root: Path, digests: dict[str, str]) -> None:
    if path.is_relative_to(root):
        digests.setdefault(path.relative_to(root).as_posix(), digest_of(path))


@cache
def _listen() -> None:
    """Make the interpreter report every file that is opened; it does so until it ends (PEP 578)."""
    sys.addaudithook(_hear)


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    """Record a file that is about to be read, if it is one of the project's; refuse bytecode, which may be of an older text."""
    recording = _recording.get()
    if recording is None or event not in ("open", "exec"):
        return
    name = arguments[0] if event == "open" else arguments[0].co_filename  # of a module, maybe from its bytecode
    if not isinstance(name, str | bytes) or (event == "open" and arguments[2] & _WRITING) or os.fsdecode(name).startswith("<"):
        return
    token = _recording.set(None)  # the code below opens files itself
    try:
        with suppress(ValueError):  # a name with a NUL, which `open` refuses next
            path = Path(os.fsdecode(name)).resolve()
            if path.suffix == ".pyc" and _is_cached(os.fsdecode(name)):
                raise OSError(errno.EACCES, "older bytecode is not read", name)
            if path.suffix != ".pyc" and _is_project_file(path, recording[0]):
                _record(path, *recording)
    finally:
        _recording.reset(token)


def _is_cached(name: str) -> bool:
    """Tell if a file is the bytecode that Python keeps of a file that is neither installed nor part of symgraph or Python.

    Python compares no more than size and time of the text with it. Where it cannot be read, the text is compiled.
    """
    try:
        source = Path(importlib.util.source_from_cache(name)).resolve()
    except (ValueError, NotImplementedError):  # bytecode alone
        return False
    return _is_project_file(source, Path(source.anchor))


@cache
def _standard_library() -> tuple[Path, ...]:
    return tuple({Path(sysconfig.get_path(kind)).resolve() for kind in ("stdlib", "platstdlib")})
