"""Names that a spec may use, and the reasons why others are refused."""

import keyword
import math
import re
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

import sympy

from symgraph.errors import SpecError

_MOST = 100_000
"""Names that one text may stand for."""
_LONGEST = 200
"""Bytes of a model's name: file systems allow 255 for that and what is added to it."""
_RANGE = re.compile(r"(\d{0,18}):(\d{1,18})")
RESERVED: Mapping[str, tuple[str, ...]] = {"loss": ("node", "output")}
"""Names that some kinds may not have: the tape calls the loss itself so. What generated text calls its own arguments (w, X, y,
tape) is free; there a user's symbol gets an underscore."""

# Modules that symgraph or a spec imports: a spec or module file of that name in the current folder would be imported instead.
_IMPORTED = frozenset({"symgraph", "numpy", "sympy", "mpmath", "jinja2", "typer", "rich", "matplotlib"})


def check_name(name: object, kind: str, model: str) -> str:
    """Return the name if a spec may use it.

    Args:
        name: the name that the user wrote.
        kind: the thing it names: "feature", "target", "weight", "node" or "output".
        model: the model's name, for the message.

    Raises:
        SpecError: the name is no identifier or is reserved.
    """
    where = f"model {model}: {kind} name {name!r}"
    if not isinstance(name, str) or not name.isidentifier():
        hint = "" if isinstance(name, str) else "; the name is a text and comes first"
        raise SpecError(f"{where} is no identifier; use letters, digits and underscores, not starting with a digit{hint}")
    if unicodedata.normalize("NFKC", name) != name:
        raise SpecError(f"{where} changes when Python reads it; write it as {unicodedata.normalize('NFKC', name)!r}")
    if kind in RESERVED.get(name, ()):
        raise SpecError(f"{where} is reserved: the tape calls the loss itself so; use {name}1 or {name}_")
    if name.startswith("d_"):
        raise SpecError(f"{where} is reserved: d_<node> is what generated text calls a cotangent; drop the prefix")
    if name.startswith("_"):
        raise SpecError(f"{where} is reserved: names with a leading underscore belong to the generated module; drop it")
    return name


def check_model_name(name: object) -> str:
    """Return the model's name if a module file can have it.

    Raises:
        SpecError: the name is no identifier, or is a keyword or the name of a module that its file would hide.
    """
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
        raise SpecError(f"model name {name!r} cannot name a Python module; use letters, digits and underscores")
    if len(name.encode()) > _LONGEST:
        raise SpecError(
            f"model name {name:.30}... has more than {_LONGEST} bytes, and files are called by it; choose a shorter"
        )
    if name in _IMPORTED or name in sys.stdlib_module_names:
        owner = "of that name" if name in _IMPORTED else "of Python's standard library"
        raise SpecError(f"model name {name!r}: {name}.py would hide the module {owner}; choose another, such as {name}_model")
    return name


def split_names(names: str | Sequence[str], where: str) -> list[str]:
    """Return the names that a text stands for, as ``sympy.symbols`` reads it; a sequence is a list of them already.

    Args:
        names: such as "f1:6" or "a b c".
        where: model and kind, for messages.

    Raises:
        SpecError: the text cannot be read, or stands for no name; or the names come in no order.
    """
    if isinstance(names, AbstractSet):
        raise SpecError(f"{where} names are a set, whose order changes from run to run; write them as a list")
    words = re.split(r"[\s,]+", names) if isinstance(names, str) else []
    if sum(math.prod(int(end) - int(start or 0) for start, end in _RANGE.findall(word)) for word in words) > _MOST:
        raise SpecError(f"{where} names {names!r:.60} are more than {_MOST:,}, and a module has a line for each; name fewer")
    try:
        found = list(sympy.symbols(names, cls=str, seq=True)) if isinstance(names, str) else list(names)
    except (TypeError, ValueError) as error:
        raise SpecError(f"{where} names {names!r}: {error}; write them as 'a b' or 'k1:4'") from None
    if not found and names:
        raise SpecError(f"{where} names {names!r} stand for no name; a range ends after its beginning, as in 'k1:4'")
    return found
