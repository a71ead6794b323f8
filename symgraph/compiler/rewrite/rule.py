"""Row of the table of rules."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """Row of the table.

    Attributes:
        name: the pattern in mathematical notation, by which people and graphs refer to the rule.
        pattern: the expression to replace. A sum is found inside longer sums and with any common factor, a product inside
            products, an operand in any order of writing.
        replacement: an expression equal to it for all real operands at which both are defined.
        when: a condition that must be proved first; empty where the rule holds and pays everywhere.
        gain: the loss of accuracy without it, in words.
        domain: where the gain is measured: the symbols of the example with the ends of their domains.
        example: the formula in a user's spec; the pattern itself where that can be written.
    """

    name: str
    pattern: str
    replacement: str
    gain: str
    domain: tuple[tuple[str, float, float], ...]
    when: str = ""
    example: str = ""
