"""Find a model's modules of the other backends, which `symgraph build` puts beside a module's file."""

import os
from collections.abc import Mapping
from functools import lru_cache
from importlib.util import decode_source
from pathlib import Path
from typing import Any, NamedTuple

from symgraph.errors import ModuleError
from symgraph.io.module import GeneratedModule, ScalarModule, from_source
from symgraph.io.native import NativeModule
from symgraph.io.trust import objection

_SUFFIX = "_scalar"


class Siblings(NamedTuple):
    """Modules of a model, the given one included, all built from the same spec; and its C file, whose spec is compared later.

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
    own, metadata = tuple(getattr(module, "C_FILES", {}).items()), getattr(module, "METADATA", {})
    alone = "constants, which only its own module has as they are" if getattr(module, "CONSTANTS", {}) else ""
    alone = alone or ("a penalty, which functions of one row do not have" if metadata.get("has_penalty") else "")
    if alone:
        return Siblings(module, None, (), dict.fromkeys(("scalar", "c"), f"{module.MODEL} has {alone}"))
    if own and not isinstance(module, NativeModule):
        return Siblings(module, None, own, {"scalar": f"the module of {module.MODEL} was compiled from C"})
    given_scalar = is_scalar(module)
    stem, suffix = _stem(getattr(module, "__file__", None) or "", given_scalar)
    other = "numpy" if given_scalar else "scalar"
    if stem is None:
        nowhere = f"the module of {module.MODEL} is in no file{suffix}"
        lacking, found, c_files = dict.fromkeys((other,) if own else (other, "c"), nowhere), None, own
    else:
        lacking, found, name = {}, _read(f"{stem}{suffix}"), os.path.basename(stem)  # noqa: PTH119  quicker than Path
        if found is None:
            lacking[other] = f"there is no module {name}{suffix} beside it"
        elif is_scalar(found) is given_scalar or identity(found) != identity(module):
            found, lacking[other] = None, f"{name}{suffix} was not built from the same spec; build it again"
        c_files = own or tuple((f"{name}{end}", _read(f"{stem}{end}")) for end in (".c", ".h"))
        if None in (text for _, text in c_files):
            lacking["c"] = f"there is no {name}.c beside it, which `symgraph build --backend c` makes"
    arrays, scalar = (found, module) if given_scalar else (module, found)
    return Siblings(arrays, scalar, c_files, lacking)


@lru_cache(maxsize=64)  # a run is often short beside the search for files
def _stem(file: str, given_scalar: bool) -> tuple[str | None, str]:
    """Return what the names of a model's files begin with, and how that of the other backend ends; or None and the reason."""
    path = Path(file)
    if not path.name or (given_scalar and not path.stem.endswith(_SUFFIX)):
        return None, f" that ends in {_SUFFIX}.py" if path.name else ""
    stem = path.stem.removesuffix(_SUFFIX) if given_scalar else path.stem
    return str(path.with_name(stem)), ".py" if given_scalar else f"{_SUFFIX}.py"


def _read(file: str) -> Any:
    """Return the module or, of C, the text in a file in its present state, or None if it is not there or must not be used."""
    try:
        state = os.stat(file)  # noqa: PTH116  as above
        return _read_in_state(file, (state.st_mtime_ns, state.st_size, state.st_ino))
    except (OSError, UnicodeDecodeError, SyntaxError, ModuleError):
        return None


@lru_cache(maxsize=32)
def _read_in_state(file: str, state: tuple[int, int, int]) -> Any:
    """Read a file in a given state: time of change, length, number on the disk.

    It will run as code, so it must be as trustworthy as the module beside it.
    """
    path = Path(file)
    if objection(path, path.parent) is not None:
        return None
    content = path.read_bytes()
    return from_source(decode_source(content), path.stem, file) if path.suffix == ".py" else content.decode()
