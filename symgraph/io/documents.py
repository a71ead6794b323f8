"""JSON documents that name their format: weights, checkpoints, records of runs."""

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

_MOST = 1 << 26
"""Bytes of a document at most: each number of its text takes some 20 bytes, and a model has no millions of weights."""


def text_of(path: Path, *, pipe: bool = False) -> str:
    """Return the text of a file that is read whole.

    Args:
        path: the file.
        pipe: whether it may be a pipe, whose end is waited for.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no UTF-8 text, a pipe, or has more than 64 MiB, as a device without an end has.
    """
    if path.is_fifo() and not pipe:
        raise ValueError("it is a pipe, and no file")
    with path.open("rb") as file:
        content = file.read(_MOST + 1)
    if len(content) > _MOST:
        raise ValueError(f"it has more than {_MOST:,} bytes")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8 text") from error


def read_document(path: Path, form: str, *, pipe: bool = False, **hooks: Any) -> dict[str, Any]:
    """Read a JSON document after checking that it is of a format.

    Args:
        path: the file.
        form: the text that its entry "format" must have.
        pipe: as for `text_of`.
        **hooks: keyword arguments of `json.loads`.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no UTF-8 text, too long, no JSON, of another format, or has a key twice; says which.
    """
    document = parsed(text_of(path, pipe=pipe), **hooks)
    if not isinstance(document, dict) or document.get("format") != form:
        raise ValueError(f"it does not say {form!r} as its format")
    return document


def parsed(text: str, **hooks: Any) -> Any:
    """Return the value that a JSON text says, in which no object has a key twice: readers take the first, or the last.

    Raises:
        ValueError: it is no such text.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique, **hooks)
    except RecursionError as error:  # brackets in brackets, thousands deep
        raise ValueError(str(error)) from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        (name, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"{name!r} stands there twice")
    return result


def jsonable(value: Any) -> Any:
    """Return a value with null for numbers that JSON lacks, infinities and NaN, in lists and mappings too."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    if isinstance(value, dict):
        return {key: jsonable(item) for key, item in value.items()}
    return value
