"""Options of ``symgraph fit``: names of weights with numbers or ranges, and standard deviations."""

import re
import unicodedata

from symgraph.cli.data_sets import Deviation, Deviations

_ITEM = re.compile(r"([^=[]*(?:\[.*\])?)(?:(=)(.*))?", re.DOTALL)
"""A name, which may end in the name of a data set in brackets, and what stands after its "="."""


def pairs(option: str, text: str) -> list[tuple[str, str | None]]:
    """Return names with what stands after their "=", None where there is none."""
    from symgraph.errors import OptionError

    items: dict[str, str | None] = {}
    pieces = re.split(r",(?![^[]*\])", text)  # a comma within brackets belongs to the name of a data set
    for part in filter(None, map(str.strip, pieces)):
        found = _ITEM.fullmatch(part)
        name, equals, value = map(str.strip, found.groups("")) if found else ("", "", "")
        name = name if "[" in name else unicodedata.normalize("NFKC", name)  # as Python reads it in formulas
        if not name or (equals and not value) or name in items:
            raise OptionError(f"{option}: {part!r} is not NAME=VALUE, or names a weight again")
        items[name] = value if equals else None
    return list(items.items())


def _number(option: str, name: str, text: str | None) -> float:
    from symgraph.errors import OptionError

    try:
        return float(text if text is not None else "")
    except ValueError:
        shown = "nothing" if text is None else repr(text)
        raise OptionError(f"{option}: {name} is {shown}, not a number; write {name}=1.5") from None


def numbers(option: str, text: str) -> dict[str, float]:
    """Return numbers by name."""
    return {name: _number(option, name, value) for name, value in pairs(option, text)}


def names_of(option: str, text: str) -> list[str]:
    """Return names without numbers."""
    from symgraph.errors import OptionError

    given = pairs(option, text)
    for name, value in given:
        if value is not None:
            raise OptionError(f"{option}: {name}={value} is no name of a weight")
    return [name for name, _ in given]


def fixed_weights(text: str) -> dict[str, float | None] | None:
    """Return the weights of --fix with their values, None for that at the start."""
    return {name: None if value is None else _number("--fix", name, value) for name, value in pairs("--fix", text)} or None


def ranges_of(text: str) -> dict[str, tuple[float | None, float | None]]:
    """Return the ranges of --bounds by name, None where they have no end."""
    from symgraph.errors import OptionError

    found: dict[str, tuple[float | None, float | None]] = {}
    for name, value in pairs("--bounds", text):
        low, colon, high = (value or "").partition(":")
        if not colon:
            raise OptionError(f"--bounds: {name} needs LOW:HIGH, one of which may be left out, such as {name}=0:")
        found[name] = (
            _number("--bounds", name, low) if low.strip() else None,
            _number("--bounds", name, high) if high.strip() else None,
        )
    return found


def deviations_of(sigma: str, sigma_x: str, *, has_file: bool) -> Deviations:
    """Return the standard deviations of --sigma and --sigma-x: numbers, or names of columns of the file."""
    from symgraph.errors import OptionError

    def one(option: str, text: str) -> Deviation:
        try:
            return float(text) if text else None
        except ValueError:
            if not has_file:
                raise OptionError(f"{option}: {text!r} is no number, and there is no file with such a column") from None
            return text

    by_name = {name: one("--sigma-x", value or "") for name, value in pairs("--sigma-x", sigma_x)} if "=" in sigma_x else None
    return Deviations(one("--sigma", sigma), by_name or one("--sigma-x", sigma_x))
