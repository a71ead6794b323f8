"""JSON documents that name their format: weights, checkpoints, records of runs."""

import json
import math
from pathlib import Path
from typing import Any


def read_document(path: Path, form: str, **hooks: Any) -> dict[str, Any]:
    """Read a JSON document after checking that it is of a format.

    Args:
        path: the file.
        form: the text that its entry "format" must have.
        **hooks: keyword arguments of `json.loads`.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no UTF-8 text, no JSON, or of another format; says which.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"), **hooks)
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8 text") from error
    except RecursionError as error:  # brackets in brackets, thousands deep
        raise ValueError(str(error)) from error
    if not isinstance(document, dict) or document.get("format") != form:
        raise ValueError(f"it does not say {form!r} as its format")
    return document


def jsonable(value: Any) -> Any:
    """Return a value with null for numbers that JSON lacks, infinities and NaN, in lists and mappings too."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    if isinstance(value, dict):
        return {key: jsonable(item) for key, item in value.items()}
    return value
