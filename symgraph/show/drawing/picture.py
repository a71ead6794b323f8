"""A picture of a graph as plain data: boxes, the arrows between them, and what is said about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_NAMES = "feature weight constant target operation node output loss penalty"
KINDS: Mapping[str, str] = MappingProxyType({**{name: name for name in _NAMES.split()}, "group": "several nodes"})
"""Kinds of boxes in the order of a legend, and the words for them there."""

INPUTS = frozenset({"feature", "weight", "constant", "target"})
"""Kinds of boxes that use no others."""


@dataclass(frozen=True, slots=True)
class Box:
    """One vertex as it is drawn.

    Attributes:
        key: its name in the graph, unlike that of every other box.
        kind: one of `KINDS`.
        name: the text at its head.
        lines: further lines of text, such as its formula.
        hint: a text that is shown where a pointer rests on it.
        value: its value in digits, or "".
        cotangent: d loss / d this in digits, or "".
    """

    key: str
    kind: str
    name: str
    lines: tuple[str, ...] = ()
    hint: str = ""
    value: str = ""
    cotangent: str = ""

    @property
    def called(self) -> str:
        """Name of its cotangent, as in generated code."""
        return "d" if self.kind == "operation" else f"d_{self.name}"


@dataclass(frozen=True, slots=True)
class Arrow:
    """Use of one box by another.

    Attributes:
        source: the key of the box that is used.
        target: the key of the box that uses it.
        hint: a text that is shown where a pointer rests on it.
        share: the thickness that stands for what it carries back, from 0 to 1; None without numbers.
    """

    source: str
    target: str
    hint: str = ""
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A graph as it is drawn, from left to right.

    Attributes:
        title: one line that names it.
        subtitle: further facts, or "".
        description: what it shows, in words, for those who do not see it.
        boxes: no two with the same key.
        arrows: without cycles.
        note: what was left out, or "".
    """

    title: str
    subtitle: str
    description: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    note: str = ""

    @property
    def edges(self) -> list[tuple[int, int]]:
        """The arrows as pairs of places of boxes."""
        at = {box.key: place for place, box in enumerate(self.boxes)}
        return [(at[arrow.source], at[arrow.target]) for arrow in self.arrows]

    @property
    def has_numbers(self) -> bool:
        """Tell if boxes have values."""
        return any(box.value for box in self.boxes)

    @property
    def has_cotangents(self) -> bool:
        """Tell if boxes have cotangents."""
        return any(box.cotangent for box in self.boxes)
