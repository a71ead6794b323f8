"""The single changes of statements that undo a usual slip: += for =, a line in or out of a loop, too much, or too early."""

import ast
import copy
from collections.abc import Iterator

from symgraph.use.classroom.edits import Change, exchanged, shown
from symgraph.use.classroom.program_parts import Block

_STEPS: tuple[type[ast.operator], ...] = (ast.Add, ast.Sub, ast.Mult, ast.Div)


def changes(block: Block) -> Iterator[Change]:
    """Yield the changes of one list of statements."""
    body = block.body
    for place, one in enumerate(body):
        for rank, kind, said, new in _rewritten(one):
            ast.copy_location(new, one)
            yield Change(
                rank, kind, said, exchanged(shown(one), shown(new)), one.lineno, body, [*body[:place], new, *body[place + 1 :]]
            )
        if isinstance(one, ast.Assign | ast.AugAssign | ast.Expr) and not _is_text(one):
            rest = [*body[:place], *body[place + 1 :]] or [ast.Pass()]
            yield Change(2.2, "statement", f"`{shown(one)}` is too much", "", one.lineno, body, rest)
        if place + 1 < len(body) and _is_simple(one) and _is_simple(body[place + 1]):
            other = body[place + 1]
            text = f"`{shown(one)}` stands before `{shown(other)}`, and belongs behind it"
            yield Change(1.9, "statement", text, "", one.lineno, body, [*body[:place], other, one, *body[place + 2 :]])
        yield from _undone(body, place, one)
        yield from _recased(body, place, one)
    yield from _moved(block)


def _is_simple(one: ast.stmt) -> bool:
    return isinstance(one, ast.Assign | ast.AugAssign | ast.Expr) and not _is_text(one)


def _is_text(one: ast.stmt) -> bool:
    return isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)


def _read(target: ast.expr) -> ast.expr:
    """Return what is assigned to as an expression that reads it."""
    return ast.parse(shown(target), mode="eval").body


def _rewritten(one: ast.stmt) -> Iterator[tuple[float, str, str, ast.stmt]]:
    if isinstance(one, ast.AugAssign):
        for op in _STEPS:
            if not isinstance(one.op, op):
                sign = isinstance(one.op, ast.Add | ast.Sub) and op in (ast.Add, ast.Sub)
                yield (
                    0.9 if sign else 1.8,
                    "sign" if sign else "operator",
                    "the sign is wrong" * sign,
                    ast.AugAssign(one.target, op(), one.value),
                )
        yield 1.6, "statement", "", ast.Assign([one.target], one.value)
        aside = ast.Assign([one.target], ast.BinOp(_read(one.target), one.op, one.value))
        yield 1.6, "copy", f"`{shown(one.target)}` is changed itself, and with it what else it is the name of", aside
    elif isinstance(one, ast.Assign) and len(one.targets) == 1 and isinstance(one.targets[0], ast.Name | ast.Subscript):
        for op in _STEPS:
            yield 1.5 if op is ast.Add else 1.8, "rows", "", ast.AugAssign(one.targets[0], op(), one.value)


def _recased(body: list[ast.stmt], place: int, one: ast.stmt) -> Iterator[Change]:
    """Yield changes of the numbers of cases."""
    for number, case in enumerate(one.cases if isinstance(one, ast.Match) else ()):
        constant = case.pattern.value if isinstance(case.pattern, ast.MatchValue) else None
        if isinstance(constant, ast.Constant) and isinstance(constant.value, int):
            for other in (constant.value - 1, constant.value + 1):
                new = copy.deepcopy(one)
                assert isinstance(new, ast.Match)
                new.cases[number].pattern = ast.MatchValue(ast.Constant(other))
                code = f"`case {constant.value}` stands where `case {other}` is right"
                changed = [*body[:place], new, *body[place + 1 :]]
                yield Change(1.4, "comparison", "", code, constant.lineno, body, changed)


def _undone(body: list[ast.stmt], place: int, one: ast.stmt) -> Iterator[Change]:
    """Yield changes that set back what a statement has changed, at a later place."""
    back: ast.stmt | None = None
    if isinstance(one, ast.AugAssign) and isinstance(one.op, ast.Add | ast.Sub):
        back = ast.AugAssign(one.target, ast.Sub() if isinstance(one.op, ast.Add) else ast.Add(), one.value)
    elif isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name) and isinstance(one.value, ast.Subscript):
        target = ast.Subscript(one.value.value, one.value.slice, ast.Store())
        back = ast.Assign([target], ast.Name(one.targets[0].id, ast.Load()))
    if back is not None:
        ast.copy_location(back, one)
    for later in range(place + 1, len(body) + 1) if back is not None else ():
        if later == len(body) and isinstance(body[-1], ast.Return):
            continue
        behind = body[later - 1]
        text = f"`{shown(back)}` is missing behind `{shown(behind)}`"  # type: ignore[arg-type]
        yield Change(2.0, "statement", text, "", behind.lineno, body, [*body[:later], back, *body[later:]])  # type: ignore[list-item]


def _moved(block: Block) -> Iterator[Change]:
    """Yield changes that move the first or last statement out of a loop, or one beside a loop into it."""
    if block.above:
        loop, outer = block.above[0]
        place = next((index for index, one in enumerate(outer) if one is loop), None)
        if place is not None:
            for inside, rest, offset, word in (
                (block.body[-1], block.body[:-1], 1, "behind"),
                (block.body[0], block.body[1:], 0, "before"),
            ):
                if isinstance(inside, ast.Return | ast.Assign | ast.AugAssign | ast.Expr):
                    said = f"`{shown(inside)}` stands inside the {_named(loop)}, and belongs {word} it"
                    around = [*outer[: place + offset], inside, *outer[place + offset :]]
                    yield Change(1.6, "statement", said, "", inside.lineno, block.body, rest or [ast.Pass()], (outer, around))
    for place, loop in enumerate(block.body):
        if isinstance(loop, ast.For | ast.While | ast.If) and place + 1 < len(block.body):
            behind = block.body[place + 1]
            if isinstance(behind, ast.Assign | ast.AugAssign | ast.Expr):
                said = f"`{shown(behind)}` stands behind the {_named(loop)}, and belongs inside it"
                around = [*block.body[: place + 1], *block.body[place + 2 :]]
                yield Change(1.8, "statement", said, "", behind.lineno, loop.body, [*loop.body, behind], (block.body, around))
        if isinstance(loop, ast.For | ast.While) and place:
            before = block.body[place - 1]
            if isinstance(before, ast.Assign):
                said = f"`{shown(before)}` stands before the {_named(loop)}, and belongs inside it"
                around = [*block.body[: place - 1], *block.body[place:]]
                yield Change(1.8, "statement", said, "", before.lineno, loop.body, [before, *loop.body], (block.body, around))


def _named(loop: ast.stmt) -> str:
    return "condition" if isinstance(loop, ast.If) else "loop"
