"""Modules that stand alone: the parts of the runtime that a module uses, in the module itself.

The runtime's own source is the source of these parts. They are taken definition by definition, as far as names in the module
reach them, in the order in which the runtime's modules import each other.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

LINE = "# ---- the runtime of symgraph, as far as this module uses it"
"""Divides a module's mathematics from what is the same for every model."""

_BEGIN = "from symgraph.runtime import "
_BINDING = "# the public functions: the runtime's contract over the lines above"
_FIRST = ("Array", "RowSum")
"""Types that the signatures of the module's own functions name; they stand before them."""


class Part(NamedTuple):
    """A definition at the top of a runtime module.

    Attributes:
        names: what it defines.
        text: its lines.
        reads: the names that it refers to.
    """

    names: tuple[str, ...]
    text: str
    reads: frozenset[str]


class Library(NamedTuple):
    """The definitions of the runtime in order, and for each name from elsewhere the statement that imports it."""

    parts: Sequence[Part]
    imports: Mapping[str, ast.stmt]


def standing_alone(text: str) -> str:
    """Put the runtime's source into the text of a module that imports it.

    Args:
        text: of a generated module, without a header.

    Returns:
        A text that imports NumPy and the standard library alone; the same one where it does so already.
    """
    tree, library = ast.parse(text), runtime_library()
    wanted = {alias.name for node in tree.body if _is_of_runtime(node) for alias in node.names}  # type: ignore[attr-defined]
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
        [node for node in own if not _is_of_runtime(node)], [library.imports[name] for name in reads if name in library.imports]
    )
    mathematics, _, binding = "\n".join(body).strip("\n").partition(_BINDING)
    before = "\n\n\n".join(part.text for part in types)
    after = "\n\n\n".join(part.text for part in rest)
    above = [*head, imports, "", before, "", "", mathematics.rstrip("\n")]
    return "\n".join([*above, "", "", LINE, "# fmt: off", "", "", after, "", "", "# fmt: on", _BINDING + binding, ""])


@cache
def runtime_library() -> Library:
    """Read the runtime's modules, each after those that it imports."""
    folder = Path(__file__).parent.parent / "runtime"
    sources = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py")) if path.stem != "__init__"}
    parts: list[Part] = []
    imports: dict[str, ast.stmt] = {}
    for name in _in_order(sources):
        tree, lines = ast.parse(sources[name]), sources[name].split("\n")
        for node in tree.body:
            if isinstance(node, ast.Import | ast.ImportFrom) and not _is_of_runtime(node):
                imports |= {alias.asname or alias.name: _single(node, alias) for alias in node.names}
        parts += _parts(tree.body[1:], lines)
    return Library(parts, imports)


@cache
def runtime_digest() -> str:
    """Return the digest of the runtime's sources."""
    return f"sha256:{sha256(chr(10).join(part.text for part in runtime_library().parts).encode()).hexdigest()}"


def _is_of_runtime(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and (node.module or "").startswith("symgraph.runtime")


def _single(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> ast.stmt:
    return ast.Import([alias]) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, [alias], 0)


def _in_order(sources: Mapping[str, str]) -> Iterator[str]:
    """The names of modules, each after those that it imports."""
    needs = {
        name: {
            str(node.module).rpartition(".")[2]
            for node in ast.parse(text).body
            if isinstance(node, ast.ImportFrom) and _is_of_runtime(node)
        }
        for name, text in sources.items()
    }
    done: set[str] = set()
    while len(done) < len(needs):
        ready = sorted(name for name in needs if name not in done and needs[name] <= done)
        yield from ready
        done.update(ready)


def _parts(body: Sequence[ast.stmt], lines: Sequence[str]) -> Iterator[Part]:
    """The definitions among some statements, each with the string below it that explains it."""
    for node, following in zip(body, [*body[1:], None], strict=True):
        names = _defined(node)
        if not names:
            continue
        explained = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
        last = following if explained and following is not None else node
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(one.lineno for one in decorators)]) - 1
        while first and lines[first - 1].startswith("#"):
            first -= 1
        yield Part(names, "\n".join(lines[first : last.end_lineno]), frozenset(_read(node)))


def _defined(node: ast.stmt) -> tuple[str, ...]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return (node.name,)
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return tuple(one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name))


def _read(node: ast.AST) -> Iterator[str]:
    """The names that a definition refers to, those in annotations that are strings included."""
    for one in ast.walk(node):
        if isinstance(one, ast.Name):
            yield one.id
        elif isinstance(one, ast.Constant) and isinstance(one.value, str) and one.value.replace("_", "").isalnum():
            yield one.value


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
    """Import statements as isort puts them: the standard library, then NumPy; plain imports before those of names."""
    plain: set[str] = set()
    names: dict[str, set[str]] = {}
    for node in (*own, *others):
        if isinstance(node, ast.Import):
            plain |= {f"import {alias.name}" + (f" as {alias.asname}" if alias.asname else "") for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.setdefault(str(node.module), set()).update(alias.name for alias in node.names)
    lines = [*sorted(plain), *(_from(module, some) for module, some in sorted(names.items()))]
    foreign = [line for line in lines if line.split()[1].partition(".")[0] == "numpy"]
    return "\n".join([*(line for line in lines if line not in foreign), "", *foreign])


def _from(module: str, names: set[str]) -> str:
    ordered = sorted(names, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    line = f"from {module} import {', '.join(ordered)}"
    return line if len(line) <= 88 else "\n".join([f"from {module} import (", *(f"    {name}," for name in ordered), ")"])
