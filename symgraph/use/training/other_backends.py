"""Find a model's modules of the other backends, which `symgraph build` puts beside a module's file."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from importlib.util import decode_source
from pathlib import Path
from typing import Any

from symgraph.errors import ModuleError
from symgraph.project.native.loaded import LoadedModule
from symgraph.project.native.loading import NativeModule
from symgraph.project.native.module import from_source
from symgraph.project.settings.lineage import is_edited_text
from symgraph.project.settings.trust import objection
from symgraph.runtime.generated_module import GeneratedModule, ScalarModule

_SUFFIX = "_scalar"


@dataclass(frozen=True)
class Siblings:
    """Modules of a model, the given one included, all built from the same spec; and its C file, whose spec is compared later.

    Attributes:
        arrays: the module of the numpy backend, or a compiled one; or None.
        find_scalar: finds the module of the scalar backend, or says why there is none; most runs do without it.
        c_files: the texts of the C file, which comes first, and its header, by name; () if there are none.
        lacking: for "numpy" and "c", if it is missing, the reason.
    """

    arrays: GeneratedModule | None
    find_scalar: Callable[[], ScalarModule | str]
    c_files: tuple[tuple[str, str], ...]
    lacking: Mapping[str, str]

    @cached_property
    def _scalar(self) -> ScalarModule | str:
        return self.find_scalar()

    @property
    def scalar(self) -> ScalarModule | None:
        """Return the module of the scalar backend, or None."""
        return None if isinstance(self._scalar, str) else self._scalar

    def lack(self, backend: str) -> str | None:
        """Return the reason why "numpy", "scalar" or "c" is missing, or None if it is not."""
        if backend == "scalar":
            return self._scalar if isinstance(self._scalar, str) else None
        return self.lacking.get(backend)


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
    facts, alone = vars(module), ""
    if facts.get("CONSTANTS"):
        alone = f"{module.MODEL} has constants, which only its own module has as they are"
    elif facts.get("METADATA", {}).get("has_penalty"):
        alone = f"{module.MODEL} has a penalty, which functions of one row do not have"
    elif precision := facts.get("METADATA", {}).get("precision"):
        alone = f"{module.MODEL} is built with --precision {precision}, as functions of one row are not"
    if alone:
        return Siblings(module, lambda: alone, (), {"c": alone})
    own = tuple(facts.get("C_FILES", {}).items())
    if own and not isinstance(module, NativeModule):
        return Siblings(module, lambda: f"the module of {module.MODEL} was compiled from C", own, {})
    given_scalar = is_scalar(module)
    stem, suffix = _stem(facts.get("__file__") or "", given_scalar)
    other = partial(_other, module, stem, suffix, given_scalar)
    c_files, lacking = (own, {}) if own else _c_files(module, stem, suffix)
    if not given_scalar:
        return Siblings(module, other, c_files, lacking)
    arrays = other()
    if isinstance(arrays, str):
        return Siblings(None, lambda: module, c_files, {**lacking, "numpy": arrays})
    return Siblings(arrays, lambda: module, c_files, lacking)


def _nowhere(module: Any, suffix: str) -> str:
    return f"the module of {module.MODEL} is in no file{suffix}"


def _other(module: Any, stem: str | None, suffix: str, given_scalar: bool) -> Any:
    """Return the scalar module beside a numpy module, or the other way round; or the reason why there is none."""
    if stem is None:
        return _nowhere(module, suffix)
    found, name = _read(f"{stem}{suffix}"), f"{os.path.basename(stem)}{suffix}"  # noqa: PTH119  quicker than Path
    if found is None:
        return f"there is no module {name} beside it"
    if is_scalar(found) is given_scalar or identity(found) != identity(module):
        return f"{name} was not built from the same spec; build it again"
    return _edited(module, found) or found


def _c_files(module: Any, stem: str | None, suffix: str) -> tuple[tuple[tuple[str, str], ...], dict[str, str]]:
    """Return the texts of the C file beside a module and of its header, and what is lacking."""
    if stem is None:
        return (), {"c": _nowhere(module, suffix)}
    name = os.path.basename(stem)  # noqa: PTH119  as above
    files = tuple((f"{name}{end}", _read(f"{stem}{end}")) for end in (".c", ".h"))
    if None in (text for _, text in files):
        return files, {"c": f"there is no {name}.c beside it, which `symgraph build --backend c` makes"}
    edited = _edited(module, *files)
    return files, {"c": edited} if edited else {}


def _edited(module: Any, *others: Any) -> str:
    """Return the reason why files beside a module do not compute the same: it, or one of them, was edited; "" if none was."""
    texts = (_text_of(one) for one in (module, *others))
    edited = next((name for name, text in texts if is_edited_text(text)), None)
    return f"{edited} was edited by hand, and not the files beside it; `symgraph build --force` writes all" if edited else ""


def _text_of(part: Any) -> tuple[str, str]:
    """Return the name and the text of a file: of a module that was loaded from one ("" if it was not), or those of C."""
    if isinstance(part, tuple):
        return part
    loader: Any = part.__loader__ if isinstance(part, LoadedModule) else None
    return os.path.basename(vars(part).get("__file__") or ""), loader.get_source(part.__name__) if loader else ""  # noqa: PTH119


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
