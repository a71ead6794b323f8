"""Expression text by precedence: a row of the op table gives the text in each backend, and parentheses follow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
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

    def occurrences(self, index: int) -> int:
        """Count the places of an operand in the text."""
        return self.format.count(f"{{{index}}}")

    def render(self, operands: Sequence[Text]) -> Text:
        """Write the op on the given operands."""
        negates = self.format.startswith("-{")  # -- is another operator elsewhere
        loosest = (*self.operands, *(self.operands[-1],) * len(operands))
        pieces = [
            f"({text})" if level < least or (negates and text.startswith("-")) else text
            for (text, level), least in zip(operands, loosest, strict=False)
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
