"""Draws one slip in the text of a function: another operator, name, index or number, or a part that is left out."""

import ast
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

OPERATORS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
FUNCTIONS = {"exp": "log", "log": "exp", "tanh": "sin", "sin": "cos", "cos": "sin", "mean": "sum", "sqrt": "abs"}


class Slip(NamedTuple):
    """A part of a text, on one line, and what takes its place."""

    kind: str
    line: int
    begin: int
    end: int
    new: str


def slips(function: ast.FunctionDef) -> Iterator[Slip]:
    """Every slip in a function whose text has ASCII alone."""
    nodes = [node for node in ast.walk(function) if getattr(node, "lineno", 0) == getattr(node, "end_lineno", 1)]
    names = sorted({node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)})
    for node in nodes:
        match node:
            case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
                for other in OPERATORS.values():
                    if other != OPERATORS[type(op)] and left.end_col_offset + 3 == right.col_offset:
                        yield Slip("operator", node.lineno, left.end_col_offset + 1, right.col_offset - 1, other)
                yield Slip("left out", node.lineno, left.end_col_offset, node.end_col_offset, "")
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                yield Slip("sign", node.lineno, node.col_offset, operand.col_offset, "")
            case ast.AugAssign(op=ast.Add(), target=target):
                yield Slip("sum", node.lineno, target.end_col_offset, target.end_col_offset + 3, " =")
            case ast.Name(ctx=ast.Load()) if node.id in names:
                others = [name for name in names if name != node.id]
                yield from (Slip("name", node.lineno, node.col_offset, node.end_col_offset, name) for name in others)
            case ast.Constant(value=int() | float()) if node.value:
                for number in (node.value + 1, 2 * node.value):
                    yield Slip("number", node.lineno, node.col_offset, node.end_col_offset, repr(number))
            case ast.Attribute(attr=name) if name in FUNCTIONS:
                yield Slip("function", node.lineno, node.end_col_offset - len(name), node.end_col_offset, FUNCTIONS[name])


def drawn(text: str, seed: int) -> tuple[str, str, Slip]:
    """A text with a slip, the name of the function that has it, and the slip; the same for the same seed."""
    draw = Random(seed)
    functions = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    function = draw.choice([one for one in functions if list(slips(one))])
    by_kind: dict[str, list[Slip]] = {}
    for slip in slips(function):
        by_kind.setdefault(slip.kind, []).append(slip)
    slip = draw.choice(by_kind[draw.choice(sorted(by_kind))])
    lines = text.splitlines(keepends=True)
    line = lines[slip.line - 1]
    lines[slip.line - 1] = line[: slip.begin] + slip.new + line[slip.end :]
    return "".join(lines), function.name, slip
