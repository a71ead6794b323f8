"""Modules that stand alone: the parts of the runtime that a module uses, in the module itself.

The runtime's own source is the source of these parts. They are taken definition by definition, as far as names in the module
reach them, in the order in which the runtime's modules import each other.
"""

import ast
import re
from collections.abc import Iterable

from symgraph.compiler.backends.numpy.runtime_source import Library, Part, is_of_runtime, runtime_library

LINE = "# ---- the runtime of symgraph, as far as this module uses it"
"""Divides a module's mathematics from what is the same for every model."""

_BINDING = "# the public functions: the runtime's contract over the lines above"
_NOQA = re.compile(r"  # noqa.*")
"""Remarks for the linter in this repository."""
_FIRST = ("Array", "RowSum", "Bounded")
"""Types that the signatures of the module's own functions name; they stand before them."""


def standing_alone(text: str) -> str:
    """Put the runtime's source into the text of a module that imports it.

    Args:
        text: of a generated module, without a header.

    Returns:
        A text that imports NumPy and the standard library alone; the same one where it does so already.
    """
    tree, library = ast.parse(text), runtime_library()
    wanted = {alias.name for node in tree.body if is_of_runtime(node) for alias in node.names}  # type: ignore[attr-defined]
    if not wanted:
        return text
    used = _reached(wanted, library)
    types = [part for part in used if not set(part.names).isdisjoint(_FIRST)]
    rest = [part for part in used if part not in types]
    reads = frozenset[str]().union(*(part.reads for part in used))
    lines = text.split("\n")
    own = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    head, body = lines[: own[0].lineno - 1], lines[own[-1].end_lineno or 0 :]
    imports = _imports(
        [node for node in own if not is_of_runtime(node)], [library.imports[name] for name in reads if name in library.imports]
    )
    mathematics, _, binding = "\n".join(body).strip("\n").partition(_BINDING)
    before = "\n\n\n".join(part.text for part in types)
    after = _NOQA.sub("", "\n\n\n".join(part.text for part in rest))
    above = [*head, imports, "", before, "", "", mathematics.rstrip("\n")]
    return "\n".join([*above, "", "", LINE, "# fmt: off", "", "", after, "", "", "# fmt: on", _BINDING + binding, ""])


def _reached(wanted: Iterable[str], library: Library) -> list[Part]:
    """The parts that some names reach, in order."""
    by_name = {name: part for part in library.parts for name in part.names}
    found: set[Part] = set()
    todo = [name for name in wanted if name in by_name]
    while todo:
        part = by_name[todo.pop()]
        if part not in found:
            found.add(part)
            todo += [name for name in part.reads if name in by_name]
    return [part for part in library.parts if part in found]


def _imports(own: Iterable[ast.stmt], others: Iterable[ast.stmt]) -> str:
    """Import statements as isort puts them: the standard library, then NumPy and what is imported whole; plain ones first."""
    plain: set[str] = set()
    names: dict[str, set[str]] = {}
    for node in (*own, *others):
        if isinstance(node, ast.Import):
            plain |= {f"import {alias.name}" + (f" as {alias.asname}" if alias.asname else "") for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.setdefault(str(node.module), set()).update(alias.name for alias in node.names)
    lines = [*sorted(plain), *(_from(module, some) for module, some in sorted(names.items()))]
    whole = {f"import {alias.name}" for node in own if isinstance(node, ast.Import) for alias in node.names}
    foreign = [line for line in lines if line in whole or line.split()[1].partition(".")[0] == "numpy"]
    return "\n".join([*(line for line in lines if line not in foreign), "", *foreign])


def _from(module: str, names: set[str]) -> str:
    ordered = sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    line = f"from {module} import {', '.join(ordered)}"
    return line if len(line) <= 88 else "\n".join([f"from {module} import (", *(f"    {name}," for name in ordered), ")"])
