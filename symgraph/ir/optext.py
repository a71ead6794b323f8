"""Expression text by precedence: a row of the op table gives the text in each backend, and parentheses follow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from string import Formatter
from typing import NamedTuple


class Level(IntEnum):
    """Python's operator precedence, loosest first (The Python Language Reference, 6.17)."""

    TERNARY = 0
    OR = 1
    AND = 2
    NOT = 3
    COMPARE = 4
    BITOR = 5
    BITAND = 6
    SUM = 7
    PRODUCT = 8
    UNARY = 9
    POWER = 10
    ATOM = 11


class Text(NamedTuple):
    """Part of an expression and the level at which it binds."""

    text: str
    level: Level


_made = tuple.__new__
"""Constructor of a named tuple from all its fields at once, which is quicker than its class."""


@dataclass(frozen=True, slots=True)
class OpText:
    """Text of an op in a backend.

    Attributes:
        format: the text, with a place {0}, {1}, ... for each operand.
        level: the level at which the result binds.
        operands: the loosest level that each operand may have without parentheses; the last entry stands for all that follow.
    """

    format: str
    level: Level = Level.ATOM
    operands: tuple[Level, ...] = (Level.TERNARY,)
    _between: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """Text before, between and behind one or two operands, if the format has each of them once and in order; else empty."""

    def __post_init__(self) -> None:
        parts = [(literal, place) for literal, place, _, _ in Formatter().parse(self.format)]
        places = [place for _, place in parts if place is not None]
        simple = places in (["0"], ["0", "1"])
        between = [literal for literal, _ in parts] + [""] * (parts[-1][1] is not None)
        object.__setattr__(self, "_between", tuple(between) if simple else ())

    def occurrences(self, index: int) -> int:
        """Count the places of an operand in the text."""
        return self.format.count(f"{{{index}}}")

    def render(self, operands: Sequence[Text]) -> Text:
        """Write the op on the given operands."""
        between = self._between
        if len(between) == 3 and len(operands) == 2:
            (left, low), (right, high) = operands
            if low < self.operands[0]:
                left = f"({left})"
            if high < self.operands[1 if len(self.operands) > 1 else 0]:
                right = f"({right})"
            return _made(Text, (f"{between[0]}{left}{between[1]}{right}{between[2]}", self.level))
        if len(between) == 2 and len(operands) == 1:
            text, level = operands[0]
            if level < self.operands[0] or (between[0] == "-" and text.startswith("-")):  # -- is another operator elsewhere
                text = f"({text})"
            return _made(Text, (f"{between[0]}{text}{between[1]}", self.level))
        pieces = [
            piece.text if piece.level >= self.operands[min(index, len(self.operands) - 1)] else f"({piece.text})"
            for index, piece in enumerate(operands)
        ]
        return Text(self.format.format(*pieces), self.level)


def infix(operator: str, level: Level) -> OpText:
    """Make the text of a left-associative binary operator."""
    return OpText(f"{{0}} {operator} {{1}}", level, (level, Level(level + 1)))


def comparison(operator: str) -> OpText:
    """Make the text of a comparison, which does not chain."""
    return OpText(f"{{0}} {operator} {{1}}", Level.COMPARE, (Level.BITOR,))


def call(function: str, arity: int = 1) -> OpText:
    """Make the text of a function call."""
    return OpText(f"{function}({', '.join(f'{{{index}}}' for index in range(arity))})")


OpTexts = Mapping[str, OpText]
