"""Parts of syntax trees from which loops over rows are built."""

import ast
from collections.abc import Collection, Iterable

from symgraph.training.row_source import OURS, function

VECTOR = f"{OURS}v_"
"""Prefix of the names of `vector_functions` in a loop for a compiler."""


def named(variable: str, *, store: bool = False) -> ast.Name:
    """Make a variable, read or assigned to."""
    return ast.Name(variable, ast.Store() if store else ast.Load())


def assign(variable: str, value: ast.expr) -> ast.stmt:
    """Make an assignment to a variable."""
    return ast.Assign([named(variable, store=True)], value)


def entry(vector: str, index: int | str, *, store: bool = False) -> ast.Subscript:
    """Make an entry of a vector, read or assigned to; the index is a number or a variable."""
    place = ast.Constant(index) if isinstance(index, int) else named(index)
    return ast.Subscript(named(vector), place, ast.Store() if store else ast.Load())


def stored(vector: str, index: int | str, value: ast.expr) -> ast.stmt:
    """Make an assignment to an entry of a vector."""
    return ast.Assign([entry(vector, index, store=True)], value)


def size(matrix: str, axis: int) -> ast.expr:
    """Make the length of an array along an axis."""
    return ast.Subscript(ast.Attribute(named(matrix), "shape", ast.Load()), ast.Constant(axis), ast.Load())


def counted_loop(index: str, count: ast.expr, body: list[ast.stmt]) -> ast.stmt:
    """Make a loop with an index from 0."""
    return ast.For(named(index, store=True), ast.Call(named("range"), [count], []), body, [])


def definition(called: str, arguments: Iterable[str], body: list[ast.stmt]) -> ast.FunctionDef:
    """Make a function definition."""
    names = [ast.arg(argument) for argument in arguments]
    signature = ast.arguments(posonlyargs=[], args=names, kwonlyargs=[], kw_defaults=[], defaults=[])
    return ast.fix_missing_locations(ast.FunctionDef(called, signature, body, []))


def local_functions(names: Iterable[str], vectors: Collection[str]) -> list[ast.stmt]:
    """Assign functions to local variables: those of `math`, or of `vector_functions` where they are among the vectors."""
    return [
        assign(
            function(called), named(VECTOR + called) if called in vectors else ast.Attribute(named("math"), called, ast.Load())
        )
        for called in sorted(names)
    ]
