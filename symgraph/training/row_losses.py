"""Losses of all rows at the same weights, in a loop of its own that, unlike the loop over updates, becomes vector code.

It has the statements of `row` that the loss needs, and functions without calls and branches where `vector_functions` has them.
"""

import ast
from collections.abc import Iterable

from symgraph.training.row_loop import Sizes, columns_of
from symgraph.training.row_source import OURS, Row, function, weight
from symgraph.training.syntax import VECTOR, assign, counted_loop, definition, entry, local_functions, named, size, stored

LOSSES = "losses"
"""Name of the function in the tree; called as losses(weights, columns, terms) -> the sum of the losses, or nan if an
argument of a sine or cosine was too large for them. It writes the loss of each row into terms.
"""

VECTORS = ("cos", "exp", "expm1", "log", "log1p", "sin", "tanh")
"""Functions of `math` that are replaced by those of `vector_functions` here."""

_BOUNDED = ("cos", "sin")
_WEIGHTS, _COLUMNS, _TERMS = (f"{OURS}{argument}" for argument in ("weights", "columns", "terms"))
_FAR, _INDEX, _COLUMN = f"{OURS}far", f"{OURS}i", f"{OURS}column"


def losses_tree(row: Row, sizes: Sizes) -> ast.FunctionDef:
    """Build the loop.

    Args:
        row: the straight line of the row function.
        sizes: of the model.

    Returns:
        The definition of LOSSES. Columns are an array (columns, n), features before the target.
    """
    statements = _needed(row)
    values = [*(value for _, value in statements), row.loss]
    read = _names(values)
    columns = [(j, column) for j, column in enumerate(columns_of(sizes)) if column in read]
    each = [
        *(assign(column, entry(f"{_COLUMN}{j}", _INDEX)) for j, column in columns),
        *(assign(variable, value) for variable, value in statements),
        *map(_counted, _arguments(values)),
        stored(_TERMS, _INDEX, row.loss),
    ]
    total = ast.Call(named(f"{VECTOR}total"), [named(_TERMS)], [])
    body = [
        *local_functions((called for called in row.functions if function(called) in read), VECTORS),
        *(assign(weight(i), entry(_WEIGHTS, i)) for i in range(sizes.weights) if weight(i) in read),
        *(assign(f"{_COLUMN}{j}", entry(_COLUMNS, j)) for j, _ in columns),
        assign(_FAR, ast.Constant(0)),
        counted_loop(_INDEX, size(_COLUMNS, 1), each),
        ast.Return(ast.IfExp(named(_FAR), ast.Attribute(named("math"), "nan", ast.Load()), total)),
    ]
    return definition(LOSSES, (_WEIGHTS, _COLUMNS, _TERMS), body)


def _needed(row: Row) -> list[tuple[str, ast.expr]]:
    """Return the assignments that the loss depends on, in order."""
    read, kept = _names([row.loss]), []
    for variable, value in reversed(row.assigned):
        if variable in read:
            kept.append((variable, value))
            read |= _names([value])
    return kept[::-1]


def _names(values: Iterable[ast.expr]) -> set[str]:
    return {node.id for value in values for node in ast.walk(value) if isinstance(node, ast.Name)}


def _arguments(values: Iterable[ast.expr]) -> list[ast.expr]:
    """Return the arguments of sines and cosines, each once."""
    bounded = [function(called) for called in _BOUNDED]
    found: dict[str, ast.expr] = {}
    for value in values:
        for node in ast.walk(value):
            match node:
                case ast.Call(ast.Name(called), [argument]) if called in bounded:
                    found.setdefault(ast.dump(argument), argument)
                case _:
                    pass
    return list(found.values())


def _counted(argument: ast.expr) -> ast.stmt:
    """Count the row if an argument is too large; nan is not."""
    far = ast.Compare(ast.Call(named("abs"), [argument], []), [ast.Gt()], [named(f"{VECTOR}WIDEST")])
    return ast.AugAssign(named(_FAR, store=True), ast.Add(), far)
