"""Pipes, and JSON documents that name their format, which are read whole: weights, checkpoints, records of runs."""

import io
import json
import math
import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

_MOST = 1 << 26
"""Bytes of a document at most: each number of its text takes some 20 bytes, and a model has no millions of weights."""

_PATIENCE = 5.0
"""Seconds until a pipe that nobody has opened for writing is given up."""


def text_of(path: Path, *, pipe: bool = False) -> str:
    """Return the text of a file that is read whole.

    Args:
        path: the file.
        pipe: whether it may be a pipe, whose end is waited for as soon as somebody writes into it.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no UTF-8 text, a pipe, one into which nobody writes, or has more than 64 MiB, as a device without an
            end has.
    """
    if path.is_fifo():
        if not pipe:
            raise ValueError("it is a pipe, and no file")
        content = content_of_pipe(path, _MOST)
    else:
        with path.open("rb") as file:
            content = content_up_to(file.read, _MOST)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8 text") from error


def content_of_pipe(path: Path, most: int) -> bytes:
    """Read a pipe to its end; give it up where nobody opens it for writing.

    Raises:
        OSError: it cannot be read.
        ValueError: nobody writes into it, or it has more bytes.
    """
    handle, end = os.open(path, os.O_RDONLY | os.O_NONBLOCK), time.monotonic() + _PATIENCE
    with os.fdopen(handle, "rb", buffering=0) as pipe:
        first: bytes | None = b""
        while first == b"" and time.monotonic() < end:
            first = pipe.read(1 << 16)  # b"" without a writer, None where one is silent
            if first == b"":
                time.sleep(0.02)
        if first == b"":
            raise ValueError("it is a pipe into which nobody writes")
        os.set_blocking(handle, True)
        return content_up_to(pipe.read, most, first or b"")


def content_up_to(read: Callable[[int], bytes], most: int, begin: bytes = b"") -> bytes:
    """Read what begins with some bytes to the end, which a stream need not have.

    Raises:
        ValueError: there are more bytes.
    """
    content = io.BytesIO()  # gives its bytes without a copy
    part = begin or read(1 << 16)
    while part:
        if content.tell() + len(part) > most:
            raise ValueError(f"it has more than {most:,} bytes")
        content.write(part)
        part = read(1 << 16)
    return content.getvalue()


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
