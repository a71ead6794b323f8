"""JSON documents that name their format: weights, checkpoints, records of runs."""

import json
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


def finite(value: Any) -> Any:
    """Return a value of JSON with None for numbers that are not finite, which JSON does not have."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value
