"""Parts of a library of functions that a file brings along: those that it calls, and the coefficients that they have."""

import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules

from symgraph import runtime


def _tables() -> Iterator[tuple[str, tuple[float, ...]]]:
    for module in iter_modules(runtime.__path__, f"{runtime.__name__}."):
        for name, value in vars(import_module(module.name)).items():
            if name.isupper() and isinstance(value, tuple) and all(isinstance(number, float) for number in value):
                yield name, value


TABLES: Mapping[str, tuple[float, ...]] = dict(_tables())
"""Coefficients by the names that they have in the runtime."""


def called(lines: Iterable[str], parts: Mapping[str, str], mark: str) -> dict[str, str]:
    """Choose the parts of a library that some lines call, with those that these call in turn.

    Args:
        lines: the text that calls them.
        parts: name -> text of each part, in their order.
        mark: pattern of a call, with a place for the part's name.
    """
    found: set[str] = set()
    todo = ["\n".join(lines)]
    while todo:
        text = todo.pop()
        new = [name for name in parts if name not in found and re.search(mark.format(name), text)]
        todo += [parts[name] for name in new]
        found.update(new)
    return {name: text for name, text in parts.items() if name in found}
