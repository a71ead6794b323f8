"""Parts of a library of functions that a file brings along: those that it calls, and the coefficients that they have."""

import ast
import re
from collections.abc import Iterable, Mapping
from functools import cache

from symgraph.compiler.backends.numpy.runtime_source import runtime_library


@cache
def tables() -> Mapping[str, tuple[float, ...]]:
    """Read the coefficients in the runtime's sources, by their names there."""
    found: dict[str, tuple[float, ...]] = {}
    for part in runtime_library().parts:
        value = getattr(part.node, "value", None)
        if isinstance(value, ast.Tuple) and all(isinstance(one, ast.Constant | ast.UnaryOp) for one in value.elts):
            found[part.names[0]] = ast.literal_eval(value)
    return found


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
        new = set(re.findall(mark.format(r"(\w+)"), todo.pop())) & parts.keys() - found
        todo += [parts[name] for name in new]
        found |= new
    return {name: parts[name] for name in parts if name in found}
