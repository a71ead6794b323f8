"""The changes of an expression that add what may be missing: a factor, a term, a function, a copy."""

import ast
from collections.abc import Iterator, Sequence
from itertools import combinations

from symgraph.use.classroom.edits import Edit
from symgraph.use.classroom.program_parts import Pool, Site

_WRAPPING = ("exp", "log", "sqrt", "tanh", "square", "sum", "mean")
_FEW = 24
"""Names of which products of two are tried."""
_SUM, _PRODUCT = (ast.Add, ast.Sub), (ast.Mult, ast.Div)
NO_NUMBERS = ast.Tuple | ast.List | ast.Dict | ast.Lambda | ast.ListComp | ast.GeneratorExp


def added(site: Site, pool: Pool) -> Iterator[Edit]:
    """Yield the changes that add what may be missing: a factor, a term, a function, a copy; or put any name in a place."""
    node = site.node
    if isinstance(node, ast.Constant | ast.Tuple | ast.List | ast.Dict | ast.Lambda) and site.discrete:
        return
    if site.discrete:
        for number in (1, 2):
            for op in (ast.Add(), ast.Sub()) if not isinstance(site.parents[0], ast.keyword) else ():
                new = ast.BinOp(node, op, ast.Constant(number))
                yield Edit(1.6 + number / 4.0, "wrong index", "", new)
        return
    if isinstance(node, NO_NUMBERS):
        return
    if not in_product(site):
        yield from factors(node, [ast.Constant(2), ast.Constant(0.5), *pool.leaves.values(), *pool.siblings.values()])
    if not in_sum(site):
        yield from terms(node, [ast.Constant(1), *pool.leaves.values(), *pool.siblings.values()])
    if not in_product(site) and not isinstance(node, ast.Constant):
        yield Edit(1.8, "missing term", "", ast.BinOp(ast.Constant(1), ast.Sub(), node))
    if not isinstance(node, ast.Constant):
        yield Edit(1.5, "power", "the square is missing", ast.BinOp(node, ast.Pow(), ast.Constant(2)))
        yield Edit(2.2, "inverted", "it is not inverted", ast.BinOp(ast.Constant(1), ast.Div(), node))
    if isinstance(node, ast.Name | ast.Attribute):
        yield Edit(2.4, "shape", "the transpose is missing", ast.Attribute(node, "T", ast.Load()))
        copy = ast.Call(ast.Attribute(node, "copy", ast.Load()), [], [])
        yield Edit(2.0, "copy", "`{}` itself is changed, not a copy", copy, (node,))


def composed(site: Site, pool: Pool) -> Iterator[Edit]:
    """Yield the changes that add longer parts: factors such as p*(1 - p), calls, functions around an expression."""
    node = site.node
    if site.discrete or isinstance(node, NO_NUMBERS):
        return
    leaves = list(pool.leaves.values())
    more = [slope for leaf in leaves for slope in slopes(leaf)]
    if not in_product(site):
        yield from factors(node, [*pool.parts.values(), *more], 0.4)
    if not in_sum(site):
        yield from terms(node, list(pool.parts.values()), 0.4)
    for leaf in leaves:
        new = ast.BinOp(node, ast.Pow(), leaf)
        yield Edit(2.2, "power", "the power `{}` is missing", new, (leaf,))
    yield from wrapped(site, pool)


def wrapped(site: Site, pool: Pool) -> Iterator[Edit]:
    """Yield the changes that put a function around an expression."""
    if isinstance(site.node, ast.Constant):
        return
    functions = dict(pool.functions)
    if pool.numpy:
        named = {
            f"{pool.numpy}.{name}": ast.Attribute(ast.Name(pool.numpy, ast.Load()), name, ast.Load()) for name in _WRAPPING
        }
        functions = {**named, **functions}
    for function in functions.values():
        yield Edit(2.4, "function", "`{}` is missing", ast.Call(function, [site.node], []), (function,))


def paired(site: Site, pool: Pool) -> Iterator[Edit]:
    """Yield the changes that add a product of two names as a factor or a term; none where there are many names."""
    leaves = list(pool.leaves.values())
    if site.discrete or len(leaves) > _FEW or isinstance(site.node, ast.Tuple | ast.List | ast.Dict | ast.Lambda):
        return
    rests = [ast.BinOp(ast.Constant(1), ast.Sub(), leaf) for leaf in leaves]
    products = [ast.BinOp(one, ast.Mult(), other) for one, other in combinations(leaves, 2)]
    products += [ast.BinOp(one, ast.Mult(), other) for one in rests for other in leaves]
    if not in_sum(site):
        yield from terms(site.node, products, 0.8)
    if not in_product(site):
        yield from factors(site.node, [*products, *(ast.UnaryOp(ast.USub(), one) for one in products)], 0.8)


def slopes(leaf: ast.expr) -> list[ast.expr]:
    one, square = ast.Constant(1), ast.BinOp(leaf, ast.Pow(), ast.Constant(2))
    rest = ast.BinOp(one, ast.Sub(), leaf)
    two = ast.BinOp(ast.Constant(2), ast.Mult(), leaf)
    return [
        ast.BinOp(leaf, ast.Mult(), rest),
        rest,
        ast.BinOp(one, ast.Sub(), square),
        square,
        ast.UnaryOp(ast.USub(), leaf),
        two,
    ]


def factors(node: ast.expr, some: Sequence[ast.expr], more: float = 0.0) -> Iterator[Edit]:
    for factor in some if not isinstance(node, ast.Constant) else ():
        usual = 1.4 if isinstance(factor, ast.Constant) and factor.value == 2 else 1.6
        kind = "constant factor" if isinstance(factor, ast.Constant) else "missing factor"
        yield Edit(usual + more, kind, "the factor `{}` is missing", ast.BinOp(node, ast.Mult(), factor), (factor,))
        new = ast.BinOp(node, ast.Div(), factor)
        yield Edit(usual + 0.4 + more, kind, "the division by `{}` is missing", new, (factor,))


def terms(node: ast.expr, some: Sequence[ast.expr], more: float = 0.0) -> Iterator[Edit]:
    for term in (one for one in some if not isinstance(one, ast.UnaryOp)):
        said = "the term `{}` is missing"
        yield Edit(1.9 + more, "missing term", said, ast.BinOp(node, ast.Add(), term), (term,))
        yield Edit(2.0 + more, "missing term", said, ast.BinOp(node, ast.Sub(), term), (term,))


def in_product(site: Site) -> bool:
    """Tell whether an expression is a factor: a factor that is missing beside it is missing in the product."""
    parent = site.parents[0]
    return isinstance(parent, ast.BinOp) and isinstance(parent.op, _PRODUCT)


def divides(site: Site) -> bool:
    return isinstance(getattr(site.parents[0], "op", None), ast.Div) and site.field == "right"


def in_sum(site: Site) -> bool:
    """Tell whether an expression is a term: a term that is missing beside it is missing in the sum."""
    parent = site.parents[0]
    return isinstance(parent, ast.BinOp) and isinstance(parent.op, _SUM)
