"""Modules made of text that can be sent to other processes: they and their functions pickle, and are the same module there.

A module is sent as its text. A plain function, such as ``row`` of the scalar backend, pickles by the name of its module, in
any process: the name says from which file it was loaded, and importing it loads the file again.
"""

import hashlib
import importlib.util
import os
import sys
from base64 import b32decode, b32encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import ExecutionLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

from symgraph.errors import listed
from symgraph.html import card, formulas, notes, table

__path__: list[str] = []
"""Empty path that makes this a package for Python's imports; ``_Finder`` finds the modules below it."""


_SHOWN = 12
"""Names of a kind that a notebook shows."""


class LoadedModule(ModuleType):
    """Generated module that is compared, copied and pickled as its text."""

    def __reduce__(self) -> tuple[Callable[..., ModuleType], tuple[str, str, str]]:
        loader: Any = self.__loader__
        return restored, (loader.get_source(self.__name__), self.__name__, str(self.__file__))

    def __deepcopy__(self, _: object) -> "LoadedModule":
        return self  # nothing in it changes

    def __repr__(self) -> str:
        backend = getattr(vars(self).get("_model"), "backend", "scalar")
        parts = f"{len(self.WEIGHTS)} weights, {len(self.FEATURES)} features"
        return f"<module {self.MODEL} of symgraph: {parts}, {backend} backend, from {self.__file__}>"

    def _repr_html_(self) -> str:
        """Return names and formulas, for notebooks."""
        _, found, text = str(self.__doc__).partition("By row:\n")
        lines = dedent(text.partition("\n\n")[0]) if found else ""
        names = {"features": self.FEATURES, "weights": self.WEIGHTS, "outputs": getattr(self, "OUTPUTS", ())}
        rows = [(kind, str(len(of_kind)), listed(of_kind, _SHOWN)) for kind, of_kind in names.items() if of_kind]
        way = repr(self).partition(" features, ")[2].partition(", from")[0]
        said = [str(self.METADATA["doc"])] if self.METADATA.get("doc") else []
        return card(self.MODEL, way, "open", notes(said), table(("", "number", "names"), rows), formulas(lines))


def module_of_text(source: str, name: str, origin: str) -> LoadedModule:
    """Make an empty module that runs a text when it is executed, under a name by which other processes find it.

    Args:
        source: the text.
        name: the module's own name.
        origin: the path of its file, or a description.
    """
    digest = hashlib.sha256(source.encode()).hexdigest()[:12]
    path = Path(origin)
    place = b32encode(os.fsencode(path.resolve())).decode().rstrip("=").lower() if path.is_file() else ""
    return _named(source, f"{__name__}.{name}_{digest}_{place}", origin)


def restored(source: str, qualified: str, origin: str) -> ModuleType:
    """Return the module of a text that was pickled: the one that is there, or a new one."""
    known = sys.modules.get(qualified)
    if isinstance(known, LoadedModule) and known.__loader__.get_source(qualified) == source:  # type: ignore[union-attr]
        return known
    module = _named(source, qualified, origin)
    execute(module)
    return module


@contextmanager
def forgotten() -> Iterator[None]:
    """Let no module that is loaded in the block stay in `sys.modules` after it: nobody is to find it by its name."""
    before = set(sys.modules)
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name.startswith(f"{__name__}.") and name not in before]:
            del sys.modules[name]


def execute(module: LoadedModule, check: Callable[[LoadedModule], None] = lambda _: None) -> None:
    """Run the text of a module, which is entered in `sys.modules` unless it, or the check of what it has, raises."""
    sys.modules[module.__name__] = module
    try:
        module.__loader__.exec_module(module)  # type: ignore[union-attr]
        check(module)
    except BaseException:
        sys.modules.pop(module.__name__, None)
        raise


def _named(source: str, qualified: str, origin: str) -> LoadedModule:
    loader = _TextLoader(source, origin)
    spec = ModuleSpec(qualified, loader, origin=origin)
    spec.has_location = True  # gives the module its __file__
    module = importlib.util.module_from_spec(spec)
    assert isinstance(module, LoadedModule)
    return module


class _TextLoader(ExecutionLoader):
    """Loader that runs a text already in memory; tracebacks find its lines through `get_source`."""

    def __init__(self, source: str, origin: str) -> None:
        self._source = source
        self._origin = origin

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return LoadedModule(spec.name)

    def get_source(self, fullname: str) -> str:
        return self._source

    def get_filename(self, fullname: str) -> str:
        return self._origin

    def is_package(self, fullname: str) -> bool:
        return False


class _Finder(MetaPathFinder):
    """Finder of a loaded module's file by the module's name, if its text is still the same."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        if not fullname.startswith(f"{__name__}."):
            return None
        _, digest, place = fullname.rpartition(".")[2].rsplit("_", 2)
        file = Path(os.fsdecode(b32decode(place.upper() + "=" * (-len(place) % 8)))) if place else None
        if file is None:
            raise ModuleNotFoundError(
                f"{fullname} was made in memory of another process: send the module, or a function of its numpy backend",
                name=fullname,
            )
        source = importlib.util.decode_source(file.read_bytes())
        if hashlib.sha256(source.encode()).hexdigest()[:12] != digest:
            raise ModuleNotFoundError(f"{file} has changed since {fullname} was loaded", name=fullname)
        return importlib.util.spec_from_loader(fullname, _TextLoader(source, str(file)), origin=str(file))


sys.meta_path.append(_Finder())
