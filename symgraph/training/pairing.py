"""The numpy and the scalar module of one model, found from either."""

from functools import lru_cache
from importlib.util import decode_source
from pathlib import Path
from typing import Any, NamedTuple, cast

from symgraph.errors import ModuleError
from symgraph.module import GeneratedModule, ScalarModule, from_source

_SUFFIX = "_scalar"


class Pair(NamedTuple):
    """The modules of a model.

    Attributes:
        arrays: of the numpy backend, or None.
        scalar: of the scalar backend, or None.
        lacking: why one of them is None.
    """

    arrays: GeneratedModule | None
    scalar: ScalarModule | None
    lacking: str = ""


def is_scalar(module: Any) -> bool:
    """Whether a module is of the scalar backend."""
    return hasattr(module, "row") or hasattr(module, "predict_row")


def pair_of(module: GeneratedModule | ScalarModule) -> Pair:
    """Find the module of the other backend, which `symgraph build` puts beside a module's file.

    It counts if it was built from the same spec, with the same precision.

    Args:
        module: of the numpy or the scalar backend.
    """
    given_scalar = is_scalar(module)
    found, lacking = _counterpart(module, given_scalar)
    if given_scalar:
        return Pair(cast("GeneratedModule | None", found), cast("ScalarModule", module), lacking)
    return Pair(cast("GeneratedModule", module), cast("ScalarModule | None", found), lacking)


def _counterpart(module: Any, given_scalar: bool) -> tuple[Any, str]:
    path = Path(getattr(module, "__file__", None) or "")
    if given_scalar and not path.stem.endswith(_SUFFIX):
        return None, f"the module of {module.MODEL} is in no file that ends in {_SUFFIX}.py"
    stem = path.stem.removesuffix(_SUFFIX) if given_scalar else path.stem + _SUFFIX
    other = path.with_name(f"{stem}.py") if path.name else path
    try:
        found = _loaded(decode_source(other.read_bytes()), str(other))
    except (OSError, UnicodeDecodeError, SyntaxError, ModuleError):
        where = f"there is no module {other.name} beside it" if path.name else f"the module of {module.MODEL} is in no file"
        return None, where
    if is_scalar(found) is given_scalar or _identity(found) != _identity(module):
        return None, f"{other.name} was not built from the same spec; build it again"
    return found, ""


@lru_cache(maxsize=16)  # a run is often short beside the loading of a module
def _loaded(text: str, origin: str) -> Any:
    return from_source(text, Path(origin).stem, origin)


def _identity(module: Any) -> tuple[Any, ...]:
    """What modules of one model agree in; never equal where the model's digest is not known."""
    metadata = getattr(module, "METADATA", {})
    return metadata.get("model_hash", object()), metadata.get("precision"), module.MODEL, module.WEIGHTS, module.FEATURES
