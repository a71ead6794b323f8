"""Loops over rows as functions: for Python, and compiled by numba where that is installed.

A loop is called as loop(weights, slots, rows, step, rate, constants, gradient, limit), all vectors lists of floats or, for
numba, float64 arrays; it changes weights and slots in place and returns the sum of the losses. Beside it numba compiles the
losses of all rows, which a run asks for after each epoch; see `row_losses`.
"""

import ast
import copy
import hashlib
import inspect
import math
import sys
from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from symgraph.errors import OptionError
from symgraph.io.cache import cache_folder
from symgraph.io.files import replace_text
from symgraph.training import vector_functions
from symgraph.training.row_loop import CLIP, LOOP, Form, Sizes, loop_tree
from symgraph.training.row_losses import LOSSES, losses_tree
from symgraph.training.row_source import read_row
from symgraph.training.syntax import VECTOR
from symgraph.training.tracing import NotInlined, Program

Loop = Callable[..., float]
Losses = Callable[..., float]

LONGEST_COMPILED = 1000
"""Most statements of a row that numba is asked to compile: 1,000 take some ten seconds, and the time grows as their square."""

LONGEST_LOSSES = 300
"""Most statements of a row whose losses are compiled too; with more, the numpy module's losses cost little by comparison."""

_SIGNATURES = {
    LOOP: "float64(float64[::1], float64[::1], float64[:, ::1], float64, float64, float64[::1], float64[::1], float64)",
    LOSSES: "float64(float64[::1], float64[:, ::1], float64[::1])",
}
_NOT_IN_NUMBA = ("cbrt", "exp2")


@lru_cache(maxsize=16)
def python_loop(row: Callable[..., float], program: Program, sizes: Sizes, clip: Callable[..., None] | None) -> Loop:
    """Make a loop of Python floats.

    Args:
        row: `row` of a scalar module.
        program: the optimizer's rule.
        sizes: of the model.
        clip: clip(gradient, limit), which changes a gradient in place; or None.

    Raises:
        NotInlined: the row is no straight line.
    """
    read = read_row(row, sizes.weights, sizes.features)
    tree = loop_tree(read, program, sizes, Form(clip=clip is not None, unrolled=True))
    scope = {**getattr(row, "__globals__", {}), "math": math, CLIP: clip}
    module = ast.Module([tree], [])
    # The code that runs is the row of a module that has run already, and arithmetic put together here.
    exec(compile(module, f"<loop over the rows of {row.__module__}>", "exec"), scope)  # noqa: S102
    loop: Loop = scope[LOOP]
    return loop


@lru_cache(maxsize=16)
def numba_loop(row: Callable[..., float], program: Program, sizes: Sizes, clip: Callable[..., None] | None) -> Loop:
    """Compile a loop with numba; the compiled code is kept in the user's cache folder for later processes.

    Args:
        row: `row` of a scalar module.
        program: the optimizer's rule.
        sizes: of the model.
        clip: as for `python_loop`, a plain function of `math`, len and range.

    Raises:
        NotInlined: the row is no straight line, is too long, or calls a function that numba lacks.
        OptionError: numba is not installed.
    """
    if find_spec("numba") is None:
        wanted = "pip install numba"
        raise OptionError(f"the backend numba needs numba, which is not installed: {wanted}")
    read = read_row(row, sizes.weights, sizes.features)
    if len(read.assigned) > LONGEST_COMPILED:
        length = f"row has {len(read.assigned)} statements"
        raise NotInlined(f"{length}; above {LONGEST_COMPILED} numba takes too long to compile them")
    called = [*_needed(read.tree, read.globals), *([_plain(_source_of(clip), CLIP)] if clip is not None else [])]
    inner = (node for part in called for node in ast.walk(part))
    _check_known([*read.functions, *(node.attr for node in inner if isinstance(node, ast.Attribute))])
    return _compiled(called, loop_tree(read, program, sizes, Form(clip=clip is not None, unrolled=False)))


@lru_cache(maxsize=16)
def numba_losses(row: Callable[..., float], sizes: Sizes) -> Losses | None:
    """Compile the losses of all rows, called as losses(weights, columns, terms); see `row_losses`.

    Args:
        row: `row` of a scalar module, one that `numba_loop` compiles.
        sizes: of the model.

    Returns:
        None for a row above LONGEST_LOSSES.
    """
    read = read_row(row, sizes.weights, sizes.features)
    if len(read.assigned) > LONGEST_LOSSES:
        return None
    return _compiled(_needed(read.tree, read.globals), losses_tree(read, sizes))


def _check_known(functions: Iterable[str]) -> None:
    for name in functions:
        if name in _NOT_IN_NUMBA:
            raise NotInlined(f"numba has no math.{name}")


def _vectors(tree: ast.AST) -> list[ast.stmt]:
    """Return the functions and constants of `vector_functions` that a loop reads, under the loop's names for them."""
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    called = sorted(name.removeprefix(VECTOR) for name in read if name.startswith(VECTOR))
    statements = _needed(ast.parse(inspect.getsource(vector_functions)), called)
    ours = {name for statement in statements for name in _defines(statement)}
    for statement in statements:
        for node in ast.walk(statement):
            match node:
                case ast.Name(id=name) if name in ours:
                    node.id = VECTOR + name
                case ast.FunctionDef(name=name):
                    node.name = VECTOR + name
                case _:
                    pass
    return statements


def _defines(statement: ast.stmt) -> list[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case _:
            return []  # imports, docstrings


def _needed(source: ast.Module, names: Iterable[str]) -> list[ast.stmt]:
    """Return the functions and constants of a module that are read, in the order of the file."""
    defined = {name: node for node in source.body for name in _defines(node)}
    wanted, waiting = set(), [name for name in names if name in defined]
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            read = {node.id for node in ast.walk(defined[name]) if isinstance(node, ast.Name)}
            waiting += sorted(read & set(defined))
    return [_plain(node) for name, node in defined.items() if name in wanted]


def _plain(node: ast.stmt, name: str | None = None) -> ast.stmt:
    """Copy a statement without annotations and docstring."""
    node = copy.deepcopy(node)
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return ast.Assign([node.target], node.value)
    if isinstance(node, ast.FunctionDef):
        node.name = name or node.name
        node.returns = None
        node.body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        for argument in node.args.args:
            argument.annotation = None
    return node


def _source_of(function: Callable[..., None]) -> ast.stmt:
    return ast.parse(inspect.getsource(function)).body[0]


def _compiled(called: Iterable[ast.stmt], tree: ast.FunctionDef) -> Callable[..., Any]:
    """Compile a loop and the functions it calls. The code comes from a file in the cache folder, so that numba keeps what it
    compiles beside it; without such a folder, from memory.
    """
    from numba import njit
    from numba.core.errors import NumbaError

    body = [*ast.parse("import math\nimport numpy as np").body, *called, *_vectors(tree), tree]
    text = ast.unparse(ast.fix_missing_locations(ast.Module(body, []))) + "\n"
    name = f"_symgraph_loop_{hashlib.sha256(text.encode()).hexdigest()[:32]}"
    path = _kept(name, text)
    module = ModuleType(name)
    module.__file__ = f"<{name}>" if path is None else str(path)
    sys.modules[name] = module  # numba looks there for the module of a function that it has compiled before
    exec(compile(text, module.__file__, "exec", dont_inherit=True), module.__dict__)  # noqa: S102  as above
    for inner, value in list(vars(module).items()):
        if isinstance(value, FunctionType) and inner != tree.name:
            setattr(module, inner, njit(error_model="numpy")(value))
    compiler = njit(_SIGNATURES[tree.name], error_model="numpy", cache=path is not None)
    try:
        loop: Callable[..., Any] = compiler(getattr(module, tree.name))
    except NumbaError as error:
        raise NotInlined(f"numba cannot compile it: {str(error).splitlines()[0]}") from error
    return loop


def _kept(name: str, text: str) -> Path | None:
    """Return the file that has the text, written if it is missing; its name is a digest of the text."""
    folder = cache_folder("numba")
    if folder is None:
        return None
    path = folder / f"{name}.py"
    try:
        if not path.is_file() or path.read_bytes() != text.encode():
            replace_text(path, text)
    except OSError:
        return None  # a full disk: the compiled code is not kept
    return path
