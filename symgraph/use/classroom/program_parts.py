"""A student's program in parts: what a function consists of, the places in it that can be changed, and its names."""

import ast
import copy
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

_ARITHMETIC = frozenset(
    (
        *("numpy", "math", "cmath", "scipy", "itertools", "functools", "operator", "collections", "copy", "random", "typing"),
        *("__future__", "dataclasses", "numbers", "fractions", "decimal", "statistics", "warnings", "time", "pprint"),
        *("abc", "enum", "types", "string", "re", "json", "textwrap", "contextlib"),
    )
)
"""Modules whose functions compute; what uses others may do more, and is not run with changes."""
_OTHER_ACTS = frozenset(
    (
        "open",
        "exec",
        "eval",
        "compile",
        "__import__",
        "input",
        "breakpoint",
        "exit",
        "quit",
        "save",
        "savetxt",
        "savez",
        "tofile",
    )
)
_MANY = 4000
"""Nodes of the text of a function and what it needs above which it is too long to be searched."""
_DISCRETE = (
    "range",
    "len",
    "int",
    "enumerate",
    "zip",
    "reshape",
    "zeros",
    "ones",
    "arange",
    "eye",
    "empty",
    "isinstance",
    "round",
)
"""Functions whose arguments cannot be changed by a little."""


class Site(NamedTuple):
    """An expression in a program.

    Attributes:
        unit: the statement of the file that it is in, such as a function.
        statement: the innermost statement that it is in.
        parents: the nodes that it is in, the nearest first, up to the statement.
        field: the place of it in the nearest.
        at: its place in the list there; None where there is no list.
        node: the expression.
        discrete: whether it is no number that can be changed by a little: an index, a condition, a setting.
    """

    unit: ast.stmt
    statement: ast.stmt
    parents: tuple[ast.AST, ...]
    field: str
    at: int | None
    node: ast.expr
    discrete: bool

    @property
    def is_base(self) -> bool:
        """Tell whether something is taken out of the expression, so that it is no number by itself."""
        return self.field == "value" and isinstance(self.parents[0], ast.Subscript | ast.Attribute)

    def put(self, node: ast.expr) -> None:
        """Put an expression in this place."""
        if self.at is None:
            setattr(self.parents[0], self.field, node)
        else:
            getattr(self.parents[0], self.field)[self.at] = node


class Block(NamedTuple):
    """A list of statements.

    Attributes:
        unit: the statement of the file that it is in.
        body: the list itself.
        above: the loops and conditions that it is in, the nearest first, each with the list that it is in.
    """

    unit: ast.stmt
    body: list[ast.stmt]
    above: tuple[tuple[ast.stmt, list[ast.stmt]], ...]


class Program:
    """A student's file.

    Args:
        text: what is in it.

    Attributes:
        defined: by name the last statement of the file that binds it to a function or a value.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: it is no program.
    """

    def __init__(self, text: bytes) -> None:
        tree = ast.parse(text)
        self.nodes = list(ast.walk(tree))
        self.modules = [part for part in self.nodes if isinstance(part, ast.Import)]
        self.defined: dict[str, ast.stmt] = {}
        for part in tree.body:
            for name in names_bound(part):
                self.defined[name] = part

    def searchable(self, name: str) -> bool:
        """Tell whether a function and all that it needs compute and do nothing else, so that they can be run with changes."""
        units = self.units(name)
        inside = [node for unit in units for node in ast.walk(unit)]
        acting = _OTHER_ACTS | {bound for node in self.nodes for bound in _acting(node)}
        used = {getattr(node, "id", getattr(node, "attr", "")) for node in inside}
        return (
            bool(units) and len(inside) <= _MANY and not used & acting and not any(map(_acting, inside)) and "*" not in acting
        )

    def units(self, name: str, but: Sequence[str] = ()) -> list[ast.stmt]:
        """Return the function of a name, and what else of the file it needs, the nearest first.

        Args:
            name: the function's.
            but: names of others that are left out, and what only they need.
        """
        found, names = list[ast.stmt](), [name]
        for one in names:
            part = self.defined.get(one)
            if part is None or part in found:
                continue
            found.append(part)
            inside = [node.id for node in ast.walk(part) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
            names += [other for other in inside if other in self.defined and other not in but]
        return found


def _acting(node: ast.AST) -> list[str]:
    """Return the names that an import binds to what may do more than compute."""
    if isinstance(node, ast.Import):
        others = [alias for alias in node.names if alias.name.partition(".")[0] not in _ARITHMETIC]
        return [alias.asname or alias.name.partition(".")[0] for alias in others]
    if isinstance(node, ast.ImportFrom) and (node.level or str(node.module).partition(".")[0] not in _ARITHMETIC):
        return [alias.asname or alias.name for alias in node.names]
    return []


def names_bound(part: ast.stmt) -> list[str]:
    """Return the names that a statement of a file binds to functions and values, imports left out."""
    if isinstance(part, ast.FunctionDef | ast.ClassDef):
        return [part.name]
    if isinstance(part, ast.Assign | ast.AnnAssign):
        targets = part.targets if isinstance(part, ast.Assign) else [part.target]
        return [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
    return []


def sites(unit: ast.stmt) -> Iterator[Site]:
    """Yield the expressions of a statement of the file, each before those in it."""
    for field, index, child in _children(unit):
        yield from _sites(unit, unit, (unit,), field, index, child, False)


def _children(node: ast.AST) -> Iterator[tuple[str, int | None, Any]]:
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "type_comment"):
            continue
        if isinstance(value, ast.AST):
            yield field, None, value
        elif isinstance(value, list):
            yield from ((field, place, one) for place, one in enumerate(value) if isinstance(one, ast.AST))


def _sites(
    unit: ast.stmt, statement: ast.stmt, parents: tuple[ast.AST, ...], field: str, index: int | None, node: Any, discrete: bool
) -> Iterator[Site]:
    parent = parents[0]
    if isinstance(node, ast.stmt):
        statement, parents, discrete = node, (), False
    discrete = discrete or isinstance(parent, ast.keyword | ast.Compare | ast.Slice) or field in ("slice", "test")
    discrete = discrete or (field == "args" and isinstance(parent, ast.Call) and called(parent) in _DISCRETE)
    if isinstance(node, ast.expr) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        text = isinstance(node, ast.JoinedStr) or (isinstance(parent, ast.Expr) and isinstance(node, ast.Constant))
        if text:
            return
        sliced = isinstance(node, ast.Slice | ast.Starred | ast.Tuple) and any(
            isinstance(one, ast.Slice | ast.Starred) for one in ast.walk(node)
        )
        if field != "func" and not sliced:
            yield Site(unit, statement, parents, field, index, node, discrete)
    if isinstance(node, ast.pattern | ast.expr_context | ast.operator | ast.unaryop | ast.cmpop | ast.boolop):
        return
    for inner, place, child in _children(node):
        yield from _sites(unit, statement, (node, *parents), inner, place, child, discrete)


def called(node: ast.Call) -> str:
    """Return the last name of the function that is called, such as exp of np.exp; "" where it has none."""
    return str(getattr(node.func, "id", getattr(node.func, "attr", "")))


def blocks(unit: ast.stmt) -> Iterator[Block]:
    """Yield the lists of statements in a statement of the file."""
    if isinstance(unit, ast.FunctionDef):
        yield from _blocks(unit, unit.body, ())


def _blocks(unit: ast.stmt, body: list[ast.stmt], above: tuple[tuple[ast.stmt, list[ast.stmt]], ...]) -> Iterator[Block]:
    yield Block(unit, body, above)
    for one in body:
        cases = [case.body for case in one.cases] if isinstance(one, ast.Match) else []
        for inner in (getattr(one, "body", None), getattr(one, "orelse", None), *cases):
            if inner and isinstance(inner, list) and not isinstance(one, ast.ClassDef):
                yield from _blocks(unit, inner, () if isinstance(one, ast.FunctionDef) else ((one, body), *above))


class Pool(NamedTuple):
    """The expressions that may stand in a function.

    Attributes:
        leaves: names, and what is taken out of them by an index or a key, by their text.
        siblings: what else may be taken out of the same names, by other keys and indices of the file.
        parts: longer parts, such as calls and 1 - p, by their text.
        numbers: those of the program.
        functions: what is called with one argument, by its text.
        words: keys of dictionaries.
        numpy: the name that the file has for NumPy; "" without one.
    """

    leaves: dict[str, ast.expr]
    siblings: dict[str, ast.expr]
    parts: dict[str, ast.expr]
    numbers: tuple[float, ...]
    functions: dict[str, ast.expr]
    words: tuple[str, ...]
    numpy: str


_LEAVES, _PARTS, _LONG = 40, 24, 14


def pool(program: Program, unit: ast.stmt, numbers: Sequence[float]) -> Pool:
    """Collect what may stand in a function.

    Args:
        program: the file.
        unit: the function.
        numbers: others that may stand there.
    """
    nodes = list(ast.walk(unit))
    calls = [node for part in program.defined.values() for node in ast.walk(part) if isinstance(node, ast.Call)]
    leaves = _leaves(program, nodes, {ast.unparse(node.func) for node in calls})
    keys = [key for node in program.nodes if isinstance(node, ast.Dict) for key in node.keys]
    keys += [node.slice for node in program.nodes if isinstance(node, ast.Subscript)]
    words = list(dict.fromkeys(key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)))
    constants = [node.value for node in program.nodes if isinstance(node, ast.Constant)]
    own = [value for value in constants if isinstance(value, int | float) and not isinstance(value, bool)]
    functions = {
        ast.unparse(node.func): copy.deepcopy(node.func)
        for node in calls
        if len(node.args) == 1 and called(node) not in _DISCRETE
    }
    modules = {alias.asname or alias.name for one in program.modules for alias in one.names}
    return Pool(
        leaves,
        {text: leaf for text, leaf in _siblings(program, list(leaves.values()), words).items() if text not in leaves},
        _parts(nodes),
        tuple(dict.fromkeys([*own, *numbers])),
        functions,
        tuple(words),
        next((name for name in ("np", "numpy") if name in modules), ""),
    )


def _leaves(program: Program, nodes: Sequence[ast.AST], callees: Collection[str]) -> dict[str, ast.expr]:
    """Return the names of a function and the file, and what the function takes out of names; what is called is left out."""
    names = [node.arg for node in nodes if isinstance(node, ast.arg)]
    names += [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    names += [name for name, part in program.defined.items() if isinstance(part, ast.Assign)]
    found: dict[str, ast.expr] = {name: ast.Name(name, ast.Load()) for name in dict.fromkeys(names)}
    for node in nodes:
        if isinstance(node, ast.expr) and is_leaf(node) and not isinstance(node, ast.Name) and ast.unparse(node) not in callees:
            found.setdefault(ast.unparse(node), copy.deepcopy(node))
    return dict(list(found.items())[:_LEAVES])


def _parts(nodes: Sequence[ast.AST]) -> dict[str, ast.expr]:
    """Return the calls of a function, and its differences from a number, such as 1 - p."""
    found: dict[str, ast.expr] = {}
    for node in nodes:
        rest = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and isinstance(node.left, ast.Constant)
        if isinstance(node, ast.expr) and (rest or isinstance(node, ast.Call)) and sum(1 for _ in ast.walk(node)) <= _LONG:
            found.setdefault(ast.unparse(node), copy.deepcopy(node))
    return dict(list(found.items())[:_PARTS])


def _siblings(program: Program, leaves: Sequence[ast.expr], words: Sequence[str]) -> dict[str, ast.expr]:
    """Return what may be taken out of the names of leaves by the keys and indices that the file has."""
    found: dict[str, ast.expr] = {}
    indexed: dict[str, int] = {}
    for node in program.nodes:
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and _is_place(node.slice):
            indexed[node.value.id] = max(indexed.get(node.value.id, 0), node.slice.value)  # type: ignore[attr-defined]
    for leaf in leaves:
        if isinstance(leaf, ast.Subscript) and isinstance(leaf.value, ast.Name) and isinstance(leaf.slice, ast.Constant):
            places: Sequence[str | int] = words if _is_word(leaf.slice) else range(indexed.get(leaf.value.id, 0) + 2)
            for one in places:
                new = ast.Subscript(ast.Name(leaf.value.id, ast.Load()), ast.Constant(one), ast.Load())
                found.setdefault(ast.unparse(new), new)
    return dict(list(found.items())[:_LEAVES])


def _is_place(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int


def _is_word(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def is_leaf(node: ast.AST) -> bool:
    """Tell whether an expression is a name, an attribute, or what is taken out of one by constants and names."""
    if isinstance(node, ast.Subscript):
        return isinstance(node.ctx, ast.Load) and is_leaf(node.value) and _is_index(node.slice)
    return isinstance(node, ast.Name) or (isinstance(node, ast.Attribute) and is_leaf(node.value))


def _is_index(node: ast.AST) -> bool:
    if isinstance(node, ast.Tuple):
        return all(map(_is_index, node.elts))
    return isinstance(node, ast.Constant | ast.Name)
