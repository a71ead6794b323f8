"""The single changes of an expression that put something like it in its place, or leave a part of it out."""

import ast
import io
import tokenize
from collections.abc import Iterator
from contextlib import suppress
from itertools import combinations
from typing import Any

from symgraph.use.classroom.additions import divides, factors, in_product
from symgraph.use.classroom.edits import Edit, shown
from symgraph.use.classroom.program_parts import Pool, Site, called, is_leaf

_FAMILIES = (
    ("sin", "cos", "tan"),
    ("arcsin", "arccos", "arctan"),
    ("asin", "acos", "atan"),
    ("exp", "expm1", "exp2", "log", "log1p", "log10", "log2", "sqrt"),
    ("sinh", "cosh", "tanh", "exp", "sigmoid", "relu"),
    ("sum", "mean", "prod", "max", "min", "median"),
    ("sin", "cos", "tan", "exp", "log", "sqrt", "tanh", "sinh", "cosh", "abs", "square", "log1p", "expm1", "sign"),
    ("max", "min", "abs"),
    ("maximum", "minimum"),
    ("amax", "amin"),
    ("argmax", "argmin"),
    ("floor", "ceil", "round"),
    ("zeros", "ones", "zeros_like", "ones_like"),
    ("dot", "outer", "multiply", "matmul"),
    ("vstack", "hstack"),
    ("cumsum", "cumprod"),
    ("add", "subtract", "multiply", "divide"),
)
"""Functions that are taken for each other."""
_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
    ast.MatMult: "@",
}
_COMPARISONS: tuple[type[ast.cmpop], ...] = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
_CONFUSED = ({ast.Eq, ast.NotEq}, {ast.Lt, ast.LtE}, {ast.Gt, ast.GtE}, {ast.Lt, ast.Gt}, {ast.LtE, ast.GtE})
_TYPED = ("+", "-", "*", "/", "**")
_NEAR = (0, 1, 2, 0.5, -1, 3, 4, 10)
_SUM, _PRODUCT = (ast.Add, ast.Sub), (ast.Mult, ast.Div)


def near(site: Site, pool: Pool) -> Iterator[Edit]:
    """Yield the changes that put something like it in the place of an expression, or leave a part of it out."""
    node = site.node
    if isinstance(node, ast.Constant):
        yield from _of_constant(node, site, pool)
    elif isinstance(node, ast.BinOp):
        yield from _of_operation(node)
    elif isinstance(node, ast.UnaryOp):
        kind = "sign" if isinstance(node.op, ast.USub) else "comparison"
        yield Edit(1.0, kind, "the sign is wrong" if kind == "sign" else "", node.operand)
    elif isinstance(node, ast.Compare):
        yield from _of_comparison(node)
    elif isinstance(node, ast.BoolOp):
        other: ast.boolop = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield Edit(1.5, "comparison", "", ast.BoolOp(other, node.values))
    elif isinstance(node, ast.IfExp):
        yield Edit(1.5, "swapped", "the branches have changed places", ast.IfExp(node.test, node.orelse, node.body))
    elif isinstance(node, ast.Call):
        yield from _of_call(node, pool)
    elif isinstance(node, ast.Tuple | ast.List | ast.Dict):
        yield from _of_list(node)
    if is_leaf(node):
        yield from _of_leaf(node, pool)
    if isinstance(node, ast.Subscript):
        yield from _of_subscript(node)
    yield from _grouped(node)
    whole = (not in_product(site) or divides(site)) and not site.is_base
    if (
        whole
        and not site.discrete
        and not isinstance(node, ast.Constant | ast.UnaryOp | ast.Tuple | ast.List | ast.Dict | ast.Lambda)
    ):
        yield Edit(1.2, "sign", "the sign is wrong", ast.UnaryOp(ast.USub(), node))
        yield from factors(node, [ast.Constant(2)])
    yield from _pairs(site)
    yield from _retyped(site)
    if site.field == "test":
        yield Edit(1.6, "comparison", "the condition is the wrong way round", ast.UnaryOp(ast.Not(), node))


def _of_constant(node: ast.Constant, site: Site, pool: Pool) -> Iterator[Edit]:
    value = node.value
    if isinstance(value, bool) or value is None:
        yield Edit(2.0, "constant", "", ast.Constant(not value))
        if value is None:
            yield from (Edit(2.0, "shape", "", ast.Constant(axis)) for axis in (0, 1))
    elif isinstance(value, str):
        parent = site.parents[0]
        keys = parent.keys if isinstance(parent, ast.Dict) and node in parent.keys else []
        taken = {value, *(key.value for key in keys if isinstance(key, ast.Constant))}  # nobody means the same key twice
        yield from (Edit(1.5, "wrong name", "", ast.Constant(word)) for word in pool.words if word not in taken)
        if "->" in value:  # of einsum
            swapped = (value[:at] + value[at + 1] + value[at] + value[at + 2 :] for at in range(len(value) - 1))
            yield from (Edit(1.8, "shape", "", ast.Constant(word)) for word in swapped)
    elif isinstance(value, int | float):
        index = isinstance(value, int) and site.discrete
        nearby = [value + 1, value - 1, -value] if index else [*_NEAR, value + 1, value - 1, 2 * value, value / 2, 10 * value]
        if not index:
            nearby += [value / 10, 1 - value, *pool.numbers]
        if isinstance(site.parents[0], ast.keyword) and site.parents[0].arg == "axis":
            nearby = [0, 1, -1]
        kind = "wrong index" if index else "constant"
        for number in dict.fromkeys(one for one in nearby if one != value):
            yield Edit(2.2 if number in (0, 1) and not index else 1.5, kind, "", _number(number))
        if index:
            yield from (Edit(1.9, kind, "", _number(number)) for number in range(10) if number not in (*nearby, value))


def _number(value: float) -> ast.expr:
    return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))


def _of_operation(node: ast.BinOp) -> Iterator[Edit]:
    left, right = node.left, node.right
    for other in _OPERATORS:
        if not isinstance(node.op, other) and other is not ast.MatMult:
            sign = isinstance(node.op, _SUM) and other in _SUM
            said, kind = ("the sign is wrong", "sign") if sign else ("", "operator")
            yield Edit(1.0 if sign else 1.8, kind, said, ast.BinOp(left, other(), right))
    for one, other_part in ((left, right), (right, left)):
        if isinstance(node.op, ast.Mult | ast.Pow) and isinstance(one, ast.Constant) and one.value == 2:
            square, double = (ast.BinOp(other_part, op, ast.Constant(2)) for op in (ast.Pow(), ast.Mult()))
            squared = isinstance(node.op, ast.Mult)
            said = "twice a number is not its square"
            yield Edit(1.3, "power", said, square if squared else double)
    if isinstance(node.op, _SUM):
        kind, word = "extra term", "term"
    else:
        kind, word = ("extra factor", "factor") if isinstance(node.op, _PRODUCT) else ("power", "power")
    yield Edit(1.4, kind, f"the {word} `{{}}` is too much", left, (right,))
    yield Edit(1.45, kind, f"the {word if kind != 'power' else 'base'} `{{}}` is too much", right, (left,))
    if isinstance(node.op, _PRODUCT) and isinstance(left, ast.BinOp) and isinstance(left.op, _PRODUCT):
        yield Edit(1.5, "extra factor", "the factors `{}` and `{}` are too much", left.left, (left.right, right))
    if isinstance(node.op, ast.Sub | ast.Div | ast.Pow | ast.MatMult):
        sign = isinstance(node.op, ast.Sub)
        yield Edit(1.1, "sign" if sign else "inverted", "the sign is wrong" if sign else "", ast.BinOp(right, node.op, left))
    if isinstance(node.op, ast.Sub):
        yield Edit(1.7, kind, "the term `{}` is too much", ast.UnaryOp(ast.USub(), right), (left,))
    if isinstance(node.op, ast.Div):
        yield Edit(1.8, kind, "the factor `{}` is too much", ast.BinOp(ast.Constant(1), ast.Div(), right), (left,))
    if isinstance(node.op, ast.MatMult):
        for one, other_side in ((_turned(left), right), (left, _turned(right)), (_turned(right), left), (right, _turned(left))):
            yield Edit(2.0, "shape", "", ast.BinOp(one, node.op, other_side))


def _turned(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Attribute) and node.attr == "T" else ast.Attribute(node, "T", ast.Load())


def _of_comparison(node: ast.Compare) -> Iterator[Edit]:
    for place, op in enumerate(node.ops):
        none = isinstance(node.comparators[place], ast.Constant) and node.comparators[place].value is None  # type: ignore[attr-defined]
        for other in (*_COMPARISONS, ast.Is, ast.IsNot) if none else _COMPARISONS:
            if not isinstance(op, other):
                ops = [*node.ops[:place], other(), *node.ops[place + 1 :]]
                usual = {type(op), other} in _CONFUSED
                yield Edit(1.3 if usual else 1.5, "comparison", "", ast.Compare(node.left, ops, node.comparators))


def _of_call(node: ast.Call, pool: Pool) -> Iterator[Edit]:
    name = called(node)
    for other in dict.fromkeys(one for family in _FAMILIES if name in family for one in family if one != name):
        if isinstance(node.func, ast.Attribute):
            same = ast.Attribute(node.func.value, other, ast.Load())
            yield Edit(1.6, "function", "", ast.Call(same, node.args, node.keywords))
        elif pool.numpy and other not in pool.functions:
            numpys = ast.Attribute(ast.Name(pool.numpy, ast.Load()), other, ast.Load())
            yield Edit(1.7, "function", "", ast.Call(numpys, node.args, node.keywords))
    for text, function in pool.functions.items():
        if len(node.args) == 1 and text != shown(node.func):
            yield Edit(1.6, "function", "", ast.Call(function, node.args, node.keywords))
    if len(node.args) == 1 and not node.keywords:
        yield Edit(2.0, "function", "`{}` is too much", node.args[0], (node.func,))
    for one, other_place in combinations(range(len(node.args)), 2):
        args = list(node.args)
        args[one], args[other_place] = args[other_place], args[one]
        yield Edit(1.5, "swapped", "the arguments have changed places", ast.Call(node.func, args, node.keywords))
    if name == "range":
        yield from _of_range(node)
    if name in ("sum", "mean", "max", "min", "prod", "argmax") and not node.keywords:
        for axis in (0, 1):
            keyword = ast.keyword("axis", ast.Constant(axis))
            yield Edit(2.0, "shape", "the axis is missing", ast.Call(node.func, node.args, [keyword]))
    for place in range(len(node.keywords)):
        rest = [*node.keywords[:place], *node.keywords[place + 1 :]]
        yield Edit(2.0, "argument", "a setting is too much", ast.Call(node.func, node.args, rest))
    if name in ("reshape", "flatten", "ravel"):
        keyword = ast.keyword("order", ast.Constant("F"))
        yield Edit(1.8, "shape", "the layout is transposed", ast.Call(node.func, node.args, [*node.keywords, keyword]))
        yield Edit(1.8, "shape", "the layout is transposed", ast.Attribute(node, "T", ast.Load()))
        if isinstance(node.func, ast.Attribute):
            inner = node.func.value
            turned = ast.Attribute(_turned(inner), node.func.attr, ast.Load())
            yield Edit(1.8, "shape", "the layout is transposed", ast.Call(turned, node.args, node.keywords))


def _of_range(node: ast.Call) -> Iterator[Edit]:
    one = ast.Constant(1)
    if len(node.args) == 1:
        for first in (1, 0):
            for op in (ast.Add(), ast.Sub(), None):
                end = node.args[0] if op is None else ast.BinOp(node.args[0], op, one)
                yield Edit(1.5, "rows", "", ast.Call(node.func, [*([one] if first else []), end], []))
    elif len(node.args) == 2:
        yield Edit(1.5, "rows", "", ast.Call(node.func, node.args[1:], []))


def _of_list(node: ast.Tuple | ast.List | ast.Dict) -> Iterator[Edit]:
    parts = list(node.values if isinstance(node, ast.Dict) else node.elts)
    for one, other in combinations(range(len(parts)), 2):
        changed = list(parts)
        changed[one], changed[other] = parts[other], parts[one]
        said = "`{}` and `{}` have changed places"
        new = ast.Dict(node.keys, changed) if isinstance(node, ast.Dict) else type(node)(changed, ast.Load())
        yield Edit(1.5, "swapped", said, new, (parts[one], parts[other]))
    if isinstance(node, ast.Dict):
        for place, value in enumerate(parts):
            for other in range(len(parts)):
                if place != other and not isinstance(value, ast.Constant):
                    changed = [*parts[:place], parts[other], *parts[place + 1 :]]
                    yield Edit(1.6, "wrong name", "", ast.Dict(node.keys, changed))


def _of_leaf(node: ast.expr, pool: Pool) -> Iterator[Edit]:
    own = shown(node)
    for text, leaf in pool.leaves.items():
        if text != own:
            yield Edit(1.5 if type(leaf) is type(node) else 2.1, "wrong name", "", leaf)
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield Edit(1.8, "shape", "the transpose is too much", node.value)


def _of_subscript(node: ast.Subscript) -> Iterator[Edit]:
    if isinstance(node.slice, ast.Tuple) and len(node.slice.elts) == 2:
        turned = ast.Tuple(node.slice.elts[::-1], ast.Load())
        yield Edit(1.3, "swapped", "the indices have changed places", ast.Subscript(node.value, turned, ast.Load()))
    if isinstance(node.slice, ast.Slice):
        yield Edit(1.8, "rows", "", node.value)
        lower, upper = node.slice.lower, node.slice.upper
        bounds = [(lower, None), (None, upper), (ast.Constant(1), upper), (lower, ast.UnaryOp(ast.USub(), ast.Constant(1)))]
        if upper is not None and lower is not None:
            bounds.append((upper, lower))
        if upper is not None:
            bounds += [(upper, None)]
        if lower is not None:
            bounds += [(None, lower)]
        for low, high in bounds:
            yield Edit(1.8, "rows", "", ast.Subscript(node.value, ast.Slice(low, high), ast.Load()))
    if isinstance(node.slice, ast.BinOp):
        yield Edit(1.5, "wrong index", "", ast.Subscript(node.value, node.slice.left, ast.Load()))


def _grouped(node: ast.expr) -> Iterator[Edit]:
    """Yield an expression with other brackets: a*(b + c) for a*b + c, exp(a) + b for exp(a + b)."""
    said = "the brackets are wrong"
    if isinstance(node, ast.BinOp):
        left, right = node.left, node.right
        if isinstance(left, ast.BinOp):
            yield Edit(1.9, "brackets", said, ast.BinOp(left.left, left.op, ast.BinOp(left.right, node.op, right)))
        if isinstance(right, ast.BinOp):
            yield Edit(1.9, "brackets", said, ast.BinOp(ast.BinOp(left, node.op, right.left), right.op, right.right))
        if isinstance(left, ast.UnaryOp):
            yield Edit(1.9, "brackets", said, ast.UnaryOp(left.op, ast.BinOp(left.operand, node.op, right)))
        if isinstance(left, ast.Call) and len(left.args) == 1 and not left.keywords:
            yield Edit(2.1, "brackets", said, ast.Call(left.func, [ast.BinOp(left.args[0], node.op, right)], []))
        if isinstance(right, ast.Call) and len(right.args) == 1 and not right.keywords:
            yield Edit(2.1, "brackets", said, ast.Call(right.func, [ast.BinOp(left, node.op, right.args[0])], []))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.BinOp):
        inner = node.operand
        yield Edit(1.9, "brackets", said, ast.BinOp(ast.UnaryOp(node.op, inner.left), inner.op, inner.right))
    elif isinstance(node, ast.Call) and len(node.args) == 1 and isinstance(node.args[0], ast.BinOp) and not node.keywords:
        arg = node.args[0]
        yield Edit(2.1, "brackets", said, ast.BinOp(ast.Call(node.func, [arg.left], []), arg.op, arg.right))
        yield Edit(2.1, "brackets", said, ast.BinOp(arg.left, arg.op, ast.Call(node.func, [arg.right], [])))


def _retyped(site: Site) -> Iterator[Edit]:
    """Yield the whole of a statement's expression with another operator where that changes what belongs together."""
    if not isinstance(site.parents[0], ast.stmt) or isinstance(site.node, ast.Constant):
        return
    text = shown(site.node)
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    for token in tokens:
        for other in _TYPED if token.string in _TYPED and token.start[0] == 1 else ():
            changed = f"{text[: token.start[1]]}{other}{text[token.end[1] :]}"
            with suppress(SyntaxError):
                new = ast.parse(changed, mode="eval").body
                if other != token.string and shown(new) == changed:
                    yield Edit(1.7, "operator", "", new)


class _Exchanged(ast.NodeTransformer):
    """Puts texts of leaves in each other's place."""

    def __init__(self, places: dict[str, ast.expr]) -> None:
        self.places = places

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.expr) and is_leaf(node) and isinstance(getattr(node, "ctx", None), ast.Load):
            return self.places.get(shown(node), node)
        return super().visit(node)


def _pairs(site: Site) -> Iterator[Edit]:
    """Yield the whole of a statement's expression with two leaves in each other's place, or one in all places of another."""
    if not isinstance(site.parents[0], ast.stmt) or isinstance(site.node, ast.Constant):
        return
    leaves = {shown(part): part for part in ast.walk(site.node) if is_leaf(part) and isinstance(part, ast.expr)}
    leaves = {text: part for text, part in leaves.items() if isinstance(part, ast.Name | ast.Subscript)}
    for one, other in list(combinations(leaves, 2))[:60]:
        if type(leaves[one]) is type(leaves[other]):
            copied = ast.parse(shown(site.node), mode="eval").body
            new = _Exchanged({one: leaves[other], other: leaves[one]}).visit(copied)
            yield Edit(1.9, "swapped", "`{}` and `{}` have changed places", new, (leaves[one], leaves[other]))
