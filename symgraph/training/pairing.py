"""Search for the scalar module beside a numpy module of a model, and the other way round."""

from functools import lru_cache
from importlib.util import decode_source
from pathlib import Path
from typing import Any, NamedTuple, cast

from symgraph.errors import ModuleError
from symgraph.io.module import GeneratedModule, ScalarModule, from_source

_SUFFIX = "_scalar"


class Pair(NamedTuple):
    """Modules of a model in the two backends.

    Attributes:
        arrays: of the numpy backend, or None.
        scalar: of the scalar backend, or None.
        lacking: the reason why one of them is None.
    """

    arrays: GeneratedModule | None
    scalar: ScalarModule | None
    lacking: str = ""


def is_scalar(module: Any) -> bool:
    """Tell if a module is of the scalar backend; compiled C has its functions and those for arrays."""
    return (hasattr(module, "row") or hasattr(module, "predict_row")) and not hasattr(module, "pack")


def pair_of(module: GeneratedModule | ScalarModule) -> Pair:
    """Find the module of the other backend, which `symgraph build` puts beside a module's file.

    That module is used if it was built from the same spec, with the same precision.

    Args:
        module: of the numpy or the scalar backend.
    """
    given_scalar = is_scalar(module)
    found, lacking = _counterpart(module, given_scalar)
    if given_scalar:
        return Pair(cast("GeneratedModule | None", found), cast("ScalarModule", module), lacking)
    return Pair(cast("GeneratedModule", module), cast("ScalarModule | None", found), lacking)


def _counterpart(module: Any, given_scalar: bool) -> tuple[Any, str]:
    path, name, lacking = _place(getattr(module, "__file__", None) or "", given_scalar, module.MODEL)
    if path is None:
        return None, lacking
    try:
        state = path.stat()
        found = _loaded(path, (state.st_mtime_ns, state.st_size, state.st_ino))
    except (OSError, UnicodeDecodeError, SyntaxError, ModuleError):
        return None, f"there is no module {name} beside it"
    if is_scalar(found) is given_scalar or _identity(found) != _identity(module):
        return None, f"{name} was not built from the same spec; build it again"
    return found, ""


@lru_cache(maxsize=64)
def _place(file: str, given_scalar: bool, model: str) -> tuple[Path | None, str, str]:
    """Return the path and the name of the other file, or None and the reason why there is none."""
    path = Path(file)
    if given_scalar and not path.stem.endswith(_SUFFIX):
        return None, "", f"the module of {model} is in no file that ends in {_SUFFIX}.py"
    if not path.name:
        return None, "", f"the module of {model} is in no file"
    stem = path.stem.removesuffix(_SUFFIX) if given_scalar else path.stem + _SUFFIX
    other = path.with_name(f"{stem}.py")
    return other, other.name, ""


@lru_cache(maxsize=16)  # a run is often short beside the loading of a module
def _loaded(path: Path, state: tuple[int, int, int]) -> Any:
    """Load the module of a file in a given state: time of change, length, number on the disk."""
    return from_source(decode_source(path.read_bytes()), path.stem, str(path))


def _identity(module: Any) -> tuple[Any, ...]:
    """Return a key that modules of one model share; never equal where the model's digest is not known."""
    metadata = getattr(module, "METADATA", {})
    return metadata.get("model_hash", object()), metadata.get("precision"), module.MODEL, module.WEIGHTS, module.FEATURES
