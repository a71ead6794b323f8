"""Names of a generated module: the user's own, and ``v0, v1, ...`` for values without a name."""

import builtins
import keyword
from collections.abc import Iterable

from symgraph.backends.width import columns
from symgraph.ir.ops import OPS

# Python's own builtins; a notebook or the site module adds others, and the text must not depend on where it is generated
_BUILTINS = (name for name in dir(builtins) if getattr(getattr(builtins, name), "__module__", "builtins") == "builtins")

_OF_OPS = {row.numpy for row in OPS.values() if isinstance(row.numpy, str) and "." not in row.numpy}

CALLED = frozenset({"every_row", "known", *_OF_OPS})
"""Functions of the runtime that straight lines call."""

_OWN = {"largest", "rowsum"}

TAKEN = frozenset({"np", "math", "Any", "Tape", "Array", *CALLED, *_OWN}) | frozenset(keyword.kwlist) | frozenset(_BUILTINS)
"""Names that generated text needs for itself, and Python's own: a user's symbol of that name gets a trailing underscore."""

LONGEST = 44
"""Most columns of a name; a longer one is shortened, so that every statement fits the width of a line."""

_TAIL = 16


def python_names(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """Return the identifier of every name of a model, unique and stable.

    Args:
        names: the model's names, each once.
        taken: further identifiers that the text around uses.
    """
    listed = list(names)
    own = set(listed)
    blocked = TAKEN | set(taken)
    result: dict[str, str] = {}
    used: set[str] = set()
    for name in listed:
        chosen = _shortened(name)
        while chosen in blocked or chosen in used or (chosen != name and chosen in own):
            chosen += "_"
        result[name] = chosen
        used.add(chosen)
    return result


def _shortened(name: str) -> str:
    """Return the beginning and the end of a name that is too long."""
    if columns(name) <= LONGEST:
        return name
    head, tail = name, name
    while columns(head) > LONGEST - _TAIL - 1:
        head = head[:-1]
    while columns(tail) > _TAIL:
        tail = tail[1:]
    return f"{head}_{tail}"


class Numbering:
    """Source of names for values without one: ``sigmoid_1``, ``sigmoid_2`` for values of the node sigmoid, else v0, v1, ...

    Args:
        taken: names that are not handed out.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = frozenset(taken)
        self._next: dict[str, int] = {"": 0}

    def fresh(self, base: str = "") -> str:
        """Return the next unused name that begins with ``base``."""
        while True:
            number = self._next.get(base, 1)
            self._next[base] = number + 1
            name = f"{base}_{number}" if base else f"v{number}"
            if name not in self._taken:
                return name
