"""What a rule is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of the table.

    Attributes:
        name: how people and graphs call it: the pattern in words of mathematics.
        pattern: what is replaced. A sum is found inside longer sums and with any common factor, a product inside longer
            products, an operand in any order of writing.
        replacement: what is equal to it, for all real operands at which both are defined.
        when: what has to be known beforehand; empty where the rule holds and pays everywhere.
        gain: what is lost without it, in words.
        domain: where the gain is measured: the symbols of the example with the ends of their domains.
        example: how a user writes it; the pattern itself where that can be written.
    """

    name: str
    pattern: str
    replacement: str
    gain: str
    domain: tuple[tuple[str, float, float], ...]
    when: str = ""
    example: str = ""
