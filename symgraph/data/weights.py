"""Weights files: JSON that keeps every bit, and the model, with its version, to which the weights belong."""

import json
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from symgraph.data.blocks import short
from symgraph.data.documents import read_document
from symgraph.data.files import write_file
from symgraph.errors import WeightsError, did_you_mean, listed
from symgraph.runtime.generated_module import GeneratedModule
from symgraph.runtime.natural import by_natural_names, natural_names, natural_values, vector_of, weight_of

Weights = NDArray[np.floating[Any]]

_FORMAT = "symgraph weights 1"
_DTYPES: Mapping[str, type[np.float64] | type[np.float32]] = {"float64": np.float64, "float32": np.float32}
_FIELDS: Mapping[str, type] = {"model": str, "model_hash": str, "dtype": str, "weights": dict}


class WeightsVersionWarning(UserWarning):
    """Warning that weights were saved with another version of the model, whose weights have the same names."""


def save_weights(path: str | os.PathLike[str], module: GeneratedModule, w: Any) -> None:
    """Write weights to a file, all of it or, on an error, nothing.

    Args:
        path: the file; an existing one is overwritten. A link, a device or a pipe is written to; see `files.write_file`.
        module: the generated module they belong to.
        w: (k,) float32, float64 or whole numbers, which are saved as float64.

    Raises:
        WeightsError: w does not fit the model, is not finite, or the file cannot be written.
    """
    weights = _checked(module, w)
    shown = by_natural_names(module.WEIGHTS, module.METADATA, weights)
    for place, (own, name) in enumerate(zip(module.WEIGHTS, shown, strict=True)):
        if not np.isfinite(shown[name]):
            raise WeightsError(f"weight {name} of {module.MODEL} is {shown[name]}, since {own} is {weights[place]}; not saved")
    document: dict[str, Any] = {
        "format": _FORMAT,
        "model": module.MODEL,
        "model_hash": module.METADATA["model_hash"],
        "dtype": weights.dtype.name,
        # float's repr is the shortest text that reads back as the same double, and every float32 is a double
        "weights": shown,
    }
    if tuple(shown) != module.WEIGHTS:  # a natural value has not the bits of its weight
        document["vector"] = dict(zip(module.WEIGHTS, map(float, weights), strict=True))
    try:
        write_file(Path(path), json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False) + "\n")
    except OSError as error:
        raise WeightsError(f"cannot write weights to {os.fspath(path)}: {error.strerror or error}") from error


def load_weights(path: str | os.PathLike[str], module: GeneratedModule) -> Weights:
    """Read weights from a file that `save_weights` wrote.

    Args:
        path: the file.
        module: the generated module they are for.

    Returns:
        (k,) in the module's order, with the bits and the dtype that were saved.

    Raises:
        WeightsError: the file cannot be read, is no weights file, belongs to another model, or does not have the weights of
            this model by name.

    Warns:
        WeightsVersionWarning: the file belongs to another version of the model.
    """
    name = os.fspath(path)
    document = _document(name)
    if document["model"] != module.MODEL:
        raise WeightsError(
            f"{name} has weights of model {document['model']!r}, not of {module.MODEL!r}; load them with their own"
        )
    weights = _in_order(name, document, module)
    if document["model_hash"] != module.METADATA["model_hash"]:
        warnings.warn(
            f"{name} was saved with another version of {module.MODEL} ({document['model_hash']}, now "
            f"{module.METADATA['model_hash']}): the names fit, the meaning may not; train again or save anew to silence this",
            WeightsVersionWarning,
            stacklevel=2,
        )
    return weights


def weights_of(values: Mapping[str, Any], module: GeneratedModule) -> Weights:
    """Return weights that are given by name, (k,) float64.

    Args:
        values: a number for each weight.
        module: the module or the facts of the model.

    Raises:
        WeightsError: a weight is missing, a name is none, or a number is not finite.
    """
    differs = _difference(values, module)
    if differs:
        raise WeightsError(f"weights of {module.MODEL}: what is given {differs}")
    return _checked(module, values)


def _checked(module: GeneratedModule, w: Any) -> Weights:
    try:
        weights = vector_of(module.WEIGHTS, module.METADATA, w, "w")
    except ValueError as error:
        raise WeightsError(f"weights of {module.MODEL}: {error}") from error
    if weights.dtype.kind in "iu":
        weights = weights.astype(np.float64)
    if weights.dtype.name not in _DTYPES:
        raise WeightsError(f"weights of {module.MODEL} have dtype {weights.dtype}; give float32 or float64")
    if weights.shape != (len(module.WEIGHTS),):
        names = ", ".join(module.WEIGHTS)
        raise WeightsError(f"weights have shape {weights.shape}; {module.MODEL} needs ({len(module.WEIGHTS)},): {names}")
    for name, value in zip(module.WEIGHTS, weights, strict=True):
        if not np.isfinite(value):
            raise WeightsError(f"weight {name} of {module.MODEL} is {value}; only finite weights are saved")
    return weights


def _document(path: str) -> dict[str, Any]:
    try:
        document = read_document(Path(path), _FORMAT, pipe=True, parse_constant=_refuse_constant)
    except OSError as error:
        raise WeightsError(f"cannot read weights from {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise WeightsError(f"{path} is no weights file: {error}") from error
    for field, kind in _FIELDS.items():
        if not isinstance(document.get(field), kind):
            raise WeightsError(f"{path}: field {field!r} is missing or no {kind.__name__}; save the weights again")
    if document["dtype"] not in _DTYPES:
        raise WeightsError(f"{path}: dtype is {document['dtype']!r}; it can be {' or '.join(_DTYPES)}")
    return document


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no finite number")


def _in_order(path: str, document: Mapping[str, Any], module: GeneratedModule) -> Weights:
    """Return the weights in order: of one with a transform its bits, or what its natural value says where that was edited."""
    values, kept, model = document["weights"], document.get("vector"), document["model"]
    differs = _difference(values, module)
    if differs:
        raise WeightsError(f"{path} was saved with another version of {model}: it {differs}")
    dtype, natural, found = _DTYPES[document["dtype"]], module.METADATA.get("natural", {}), list[Any]()
    for own in module.WEIGHTS:
        name, transform = natural.get(own, (own, ""))
        if not transform or own in values:
            found.append(_number(path, own, values[own], dtype))
            continue
        value = _number(path, name, values[name], np.float64)
        before = _number(path, own, kept[own], np.float64) if isinstance(kept, dict) and own in kept else None
        if before is None or natural_values(transform, before) != value:
            try:
                before = weight_of(name, transform, value, path)
            except ValueError as error:
                raise WeightsError(str(error)) from error
        found.append(dtype(before))
    return np.array(found, dtype)


def _difference(values: Mapping[str, Any], module: GeneratedModule) -> str:
    """Say which names values lack, and which they have that are no weights; "" where they have those of all weights."""
    own = dict(zip(module.WEIGHTS, natural_names(module.WEIGHTS, module.METADATA), strict=True))
    missing = [name for weight, name in own.items() if name not in values and weight not in values]
    extra = [name for name in values if name not in own and name not in own.values()]
    lacks = f"lacks {listed(missing)}" if missing else ""
    has = f"has {listed(map(short, extra))}, which the model does not" if extra else ""
    return " and ".join(filter(None, (lacks, has))) + (did_you_mean(extra[0], missing) if extra else "")


def _number(path: str, name: str, value: Any, dtype: type[np.float64] | type[np.float32]) -> np.float64 | np.float32:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WeightsError(f"{path}: weight {name} is {value!r}, not a number")
    try:
        with np.errstate(over="ignore"):
            number = dtype(value)
    except OverflowError as error:  # a whole number beyond the range of a double
        raise WeightsError(f"{path}: weight {name} is too large") from error
    if not np.isfinite(number):
        raise WeightsError(f"{path}: weight {name} is too large for {dtype.__name__}")
    return number
