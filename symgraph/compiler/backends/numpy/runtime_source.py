"""The sources of the runtime, definition by definition."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

_FOLDER = Path(__file__).parents[3] / "runtime"  # read, not imported

_NAMES = re.compile(r"[\w\[\], |]{1,60}")
"""Text of an annotation that is a string, so that help shows it as it is written."""


class Part(NamedTuple):
    """A definition at the top of a runtime module.

    Attributes:
        names: what it defines.
        text: its lines.
        node: its statement.
    """

    names: tuple[str, ...]
    text: str
    node: ast.stmt

    @property
    def reads(self) -> frozenset[str]:
        """The names that it refers to."""
        return frozenset(_read(self.node))


class Library(NamedTuple):
    """The runtime's sources.

    Attributes:
        parts: the definitions in order.
        imports: for each name from elsewhere the statement that imports it.
        homes: for each name that the runtime defines the module from which it is imported.
    """

    parts: Sequence[Part]
    imports: Mapping[str, ast.stmt]
    homes: Mapping[str, str]


@cache
def runtime_library() -> Library:
    """Read the runtime's modules, each after those that it imports."""
    paths = [path for path in sorted(_FOLDER.glob("*.py")) if path.stem != "__init__"]
    sources = {path.stem: path.read_text(encoding="utf-8") for path in paths}
    trees = {name: ast.parse(source) for name, source in sources.items()}
    parts: list[Part] = []
    imports: dict[str, ast.stmt] = {}
    homes: dict[str, str] = {}
    for name in _in_order(trees):
        for node in trees[name].body:
            if isinstance(node, ast.Import | ast.ImportFrom) and not is_of_runtime(node):
                imports |= {alias.asname or alias.name: _single(node, alias) for alias in node.names}
        found = list(_parts(trees[name].body[1:], sources[name].split("\n")))
        homes |= {defined: f"symgraph.runtime.{name}" for part in found for defined in part.names}
        parts += found
    return Library(parts, imports, {**homes, **exported()})


@cache
def exported() -> Mapping[str, str]:
    """Give the names that the runtime exports as a whole, each with the module from which it is imported."""
    tree = ast.parse((_FOLDER / "__init__.py").read_text(encoding="utf-8"))
    names = [alias.name for node in tree.body if is_of_runtime(node) for alias in node.names]  # type: ignore[attr-defined]
    return dict.fromkeys(names, "symgraph.runtime")


@cache
def runtime_digest() -> str:
    """Return the digest of the runtime's sources."""
    return f"sha256:{sha256(chr(10).join(part.text for part in runtime_library().parts).encode()).hexdigest()}"


def is_of_runtime(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and (node.module or "").startswith("symgraph.runtime")


def _single(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> ast.stmt:
    return ast.Import([alias]) if isinstance(node, ast.Import) else ast.ImportFrom(node.module, [alias], 0)


def _in_order(trees: Mapping[str, ast.Module]) -> Iterator[str]:
    """The names of modules, each after those that it imports."""
    needs = {
        name: {
            str(node.module).rpartition(".")[2]
            for node in tree.body
            if isinstance(node, ast.ImportFrom) and is_of_runtime(node)
        }
        for name, tree in trees.items()
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
        yield Part(names, "\n".join(lines[first : last.end_lineno]), node)


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
        elif isinstance(one, ast.Constant) and isinstance(one.value, str) and _NAMES.fullmatch(one.value):
            yield from re.findall(r"\w+", one.value)
