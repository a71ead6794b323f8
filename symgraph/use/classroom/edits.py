"""Single changes of a program that would undo a usual slip, and what is said of the slip that they undo."""

import ast
from typing import NamedTuple

_LONG = 90
"""Signs above which a piece of code is not shown."""


class Edit(NamedTuple):
    """One change of an expression.

    Attributes:
        rank: the lower, the more usual is the slip.
        kind: of the slip, as in the table of docs/classes.md.
        said: what is said of the slip before the code; "" where the code says it all; {} stands for a part of it.
        new: what is to stand there.
        parts: those of which it is said.
    """

    rank: float
    kind: str
    said: str
    new: ast.expr
    parts: tuple[ast.expr, ...] = ()


class Change(NamedTuple):
    """One change of statements.

    Attributes:
        rank, kind: as of `Edit`.
        said: the slip in words; "" where the code says it all.
        code: what is changed; "" where the words say it.
        line: where it is.
        body: the list of statements that is changed.
        new: what is to be in it.
        outer: another list that is changed with it, and what is to be in that; None without one.
    """

    rank: float
    kind: str
    said: str
    code: str
    line: int
    body: list[ast.stmt]
    new: list[ast.stmt]
    outer: tuple[list[ast.stmt], list[ast.stmt]] | None = None

    @property
    def lists(self) -> list[tuple[list[ast.stmt], list[ast.stmt]]]:
        """The lists that are changed, and what is to be in them."""
        return [(self.body, self.new), *([self.outer] if self.outer else [])]

    def install(self) -> None:
        """Make the change."""
        for body, new in self.lists:
            body[:] = new


_KINDS = """
    sign | constant factor | missing factor | extra factor | missing term | extra term | wrong name | wrong index | constant
    operator | power | function | argument | swapped | inverted | comparison | rows | shape | statement | brackets | copy
"""
KINDS = frozenset(kind.strip() for line in _KINDS.strip().splitlines() for kind in line.split("|"))
"""The kinds of slips."""


def shown(node: ast.AST) -> str:
    """Return code as it is shown, on one line."""
    return " ".join(ast.unparse(node).split())


def exchanged(old: str, new: str) -> str:
    """Say that one piece of code stands in the place of another."""
    if max(len(old), len(new)) > _LONG:
        old, new = _differing(old, new)
    return f"`{old}` stands where `{new}` is right"


def _differing(old: str, new: str) -> tuple[str, str]:
    """Return the parts of two long texts that differ, with some signs around."""
    first = next((place for place, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    last = next(
        (place for place, (a, b) in enumerate(zip(old[::-1], new[::-1], strict=False)) if a != b), min(len(old), len(new))
    )
    begin, last = max(0, first - 20), max(0, min(last - 20, min(len(old), len(new)) - first))
    return tuple(  # type: ignore[return-value]
        f"{'...' * (begin > 0)}{text[begin : len(text) - last]}{'...' * (last > 0)}" for text in (old, new)
    )
