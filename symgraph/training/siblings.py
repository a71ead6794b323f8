"""Search for what `symgraph build` puts beside a module's file: the model's modules of the other backends."""

from collections.abc import Mapping
from functools import lru_cache
from importlib.util import decode_source
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from symgraph.errors import ModuleError
from symgraph.io.module import GeneratedModule, ScalarModule, from_source
from symgraph.io.trust import objection

_SUFFIX = "_scalar"


class Siblings(NamedTuple):
    """What there is of a model, the given module included. Nothing in it was built from another spec.

    Attributes:
        arrays: the module of the numpy backend, or a compiled one; or None.
        scalar: the module of the scalar backend, or None.
        c_files: the texts of the C file, which comes first, and its header, by name; () if there are none.
        lacking: for each of "numpy", "scalar" and "c" that is missing, the reason.
    """

    arrays: GeneratedModule | None
    scalar: ScalarModule | None
    c_files: tuple[tuple[str, str], ...]
    lacking: Mapping[str, str]


def is_scalar(module: Any) -> bool:
    """Tell if a module is of the scalar backend; compiled C has its functions and those for arrays."""
    return (hasattr(module, "row") or hasattr(module, "predict_row")) and not hasattr(module, "pack")


def identity(module: Any) -> tuple[Any, ...]:
    """Return a key that modules of one model share; never equal where the model's digest is not known."""
    metadata = getattr(module, "METADATA", {})
    return metadata.get("model_hash", object()), metadata.get("precision"), module.MODEL, module.WEIGHTS, module.FEATURES


def siblings_of(module: Any) -> Siblings:
    """Find the modules of a model in the other backends.

    Args:
        module: of any backend. A C file beside a module of Python is not compiled here; see `identity`.
    """
    c_files = getattr(module, "C_FILES", {})
    if c_files:
        alone = f"the module of {module.MODEL} was compiled from C"
        return Siblings(module, None, tuple(c_files.items()), MappingProxyType({"scalar": alone}))
    given_scalar, path = is_scalar(module), Path(getattr(module, "__file__", None) or "")
    other = "numpy" if given_scalar else "scalar"
    if not path.name or (given_scalar and not path.stem.endswith(_SUFFIX)):
        nowhere = f"the module of {module.MODEL} is in no file" + (f" that ends in {_SUFFIX}.py" if path.name else "")
        lacking, found, c_files = {other: nowhere, "c": nowhere}, None, ()
    else:
        stem, lacking = path.stem.removesuffix(_SUFFIX) if given_scalar else path.stem, {}
        name = f"{stem}{'' if given_scalar else _SUFFIX}.py"
        found = _read(path.with_name(name), _load)
        if found is None:
            lacking[other] = f"there is no module {name} beside it"
        elif is_scalar(found) is given_scalar or identity(found) != identity(module):
            found, lacking[other] = None, f"{name} was not built from the same spec; build it again"
        c_files = tuple((name, _read(path.with_name(name), _text)) for name in (f"{stem}.c", f"{stem}.h"))
        if None in (text for _, text in c_files):
            lacking["c"] = f"there is no {stem}.c beside it, which `symgraph build --backend c` makes"
    arrays, scalar = (found, module) if given_scalar else (module, found)
    return Siblings(arrays, scalar, c_files, MappingProxyType(lacking))


def _read(path: Path, reader: Any) -> Any:
    """Return what a reader makes of a file in its present state, or None if it is not there or must not be used."""
    try:
        state = path.stat()
        return reader(path, (state.st_mtime_ns, state.st_size, state.st_ino))
    except (OSError, UnicodeDecodeError, SyntaxError, ModuleError):
        return None


@lru_cache(maxsize=16)  # a run is often short beside the loading of a module
def _load(path: Path, state: tuple[int, int, int]) -> Any:
    """Load the module of a file in a given state: time of change, length, number on the disk."""
    return from_source(decode_source(_bytes(path)), path.stem, str(path))


@lru_cache(maxsize=16)
def _text(path: Path, state: tuple[int, int, int]) -> str:
    return _bytes(path).decode()


def _bytes(path: Path) -> bytes:
    """Read a file that will run as code, if it is as trustworthy as the module beside it."""
    doubt = objection(path, path.parent)
    if doubt is not None:
        raise ModuleError(f"{path} {doubt}")
    return path.read_bytes()
