"""Names for the cases of a test by what is in them, where pytest would number them: [x=3], [(0.5, inf)], not [point0]."""

import re
from typing import Any

_LONGEST = 60
"""Letters of a name; what stands beyond is left out."""


def name_of(value: object, argument: str) -> str | None:
    """Return the name of a value of an argument; None where pytest's own serves: texts, classes, functions and enumerations."""
    if value is None or isinstance(value, str | bytes | type | re.Pattern) or hasattr(value, "__name__"):
        return None
    try:
        text = _text(value)
    except ValueError:  # a number has more digits than Python tells
        return argument
    if isinstance(value, bool | int | float | complex):
        text = f"{argument}={text}"
    # an address is another in each process
    return None if re.search(r" at 0x|^$", text) else text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _text(value: Any) -> str:
    """Return the text of a value in one line, with functions by their names."""
    if isinstance(value, dict):
        return ", ".join(f"{_text(key)}: {_text(one)}" for key, one in value.items())
    if isinstance(value, set | frozenset):
        return ", ".join(sorted(map(_text, value)))
    if isinstance(value, tuple | list):
        return f"({', '.join(map(_text, value))})"
    name = getattr(value, "__name__", None)
    return " ".join((value if isinstance(value, str) else name if isinstance(name, str) else repr(value)).split())
