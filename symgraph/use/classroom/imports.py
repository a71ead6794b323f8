"""Imports of libraries that differentiate by themselves, and the functions of a student's file that use them."""

import ast
import sys
from collections.abc import Iterator
from typing import NamedTuple

DIFFERENTIATING = frozenset(
    (
        *("symgraph", "jax", "jaxlib", "flax", "torch", "functorch", "autograd", "tensorflow", "keras", "casadi", "sympy"),
        *("symengine", "theano", "aesara", "pytensor", "mxnet", "tinygrad", "paddle", "chainer", "mindspore", "jittor"),
        *("algopy", "adolc", "numdifftools"),
    )
)
"""Libraries that give derivatives which a student is to write, by the names of their modules."""


class Import(NamedTuple):
    """An import of such a library.

    Attributes:
        library: its name.
        line: where it is imported; 0 where the file's text does not tell.
    """

    library: str
    line: int


class Imports:
    """The imports of such libraries that a student's file makes, as its text tells and as modules are loaded.

    Args:
        text: what is in the file, which has not been loaded yet; a text that is no Python has none.
    """

    def __init__(self, text: bytes) -> None:
        self._before = frozenset(sys.modules)
        try:
            body = ast.parse(text).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            body = []  # loading it says what it is
        self._written = [one for part in body for one, _ in _imports(part)]
        self._names = _names_that_use(body)

    def of_file(self) -> Import | None:
        """Return the first import of the file, or of what it has loaded; None where there is none."""
        loaded = (name.partition(".")[0] for name in sys.modules.keys() - self._before)
        found = [*self._written, *(Import(name, 0) for name in sorted(DIFFERENTIATING.intersection(loaded)))]
        return found[0] if found else None

    def of_function(self, name: str) -> Import | None:
        """Return the import whose library a function uses, by itself or by other names of the file; None without one."""
        return self._names.get(name)


def _imports(tree: ast.AST) -> Iterator[tuple[Import, list[str]]]:
    """Yield the imports in a part of a program, each with the names that it binds."""
    for node in ast.walk(tree):
        modules: list[str] = []
        bound: list[str] = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
            bound = [alias.asname or alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            modules = [node.module or ""]
            bound = [alias.asname or alias.name for alias in node.names]
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            function = getattr(node.func, "id", getattr(node.func, "attr", ""))
            modules = [str(node.args[0].value)] if function in ("__import__", "import_module") else []
        for place, module in enumerate(modules):
            library, line = module.partition(".")[0], getattr(node, "lineno", 0)
            if library in DIFFERENTIATING:
                yield Import(library, line), bound[place : place + 1] if isinstance(node, ast.Import) else bound


def _names_that_use(body: list[ast.stmt]) -> dict[str, Import]:
    """Return the names of a file that use such a library: those of imports, and those of statements in which such a name is."""
    found: dict[str, Import] = {}
    before = -1
    while before < len(found):
        before = len(found)
        for part in body:
            inside = [(one, bound) for one, bound in _imports(part)]
            names = [node for node in ast.walk(part) if isinstance(node, ast.Name)]
            known = [one for one, _ in inside] + [found[name.id] for name in names if name.id in found]
            if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                written = [part.name]
            else:
                written = [name.id for name in names if isinstance(name.ctx, ast.Store)]
                written += [name for _, bound in inside for name in bound]
                written += [one.name for one in ast.walk(part) if isinstance(one, ast.FunctionDef)]
            for name in written if known else ():
                found.setdefault(name, known[0])
    return found
