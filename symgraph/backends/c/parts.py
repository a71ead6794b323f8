"""Functions over rows of a C file as finished text: the parts that they are written in."""

import re
from dataclasses import dataclass
from itertools import chain


@dataclass(frozen=True, slots=True)
class Part:
    """Piece of a function of the C file: a loop over rows, a function of its own where there are several.

    Attributes:
        name: the end of its name in the file; the model's name and the way of running stand before it.
        once: the statements before the loop.
        loop: the statements of the loop; none where there is no loop.
        first: the number of its first result.
        results: the number of its results.
        unused: the parameters that nothing reads.
    """

    name: str
    once: tuple[str, ...]
    loop: tuple[str, ...]
    first: int
    results: int
    unused: tuple[str, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """Return every line."""
        return self.once + self.loop

    @property
    def reads(self) -> bool:
        """Tell if it reads values that parts before it have kept."""
        return any(" = kept[" in line for line in self.texts)

    @property
    def keeps(self) -> bool:
        """Tell if it keeps values for parts behind it."""
        return any(line.lstrip().startswith("keep[") for line in self.texts)

    @property
    def careful(self) -> bool:
        """Tell if it calls a function that needs the C library for some arguments."""
        return any(re.search(r"\bcareful\b", line) for line in self.loop)


@dataclass(frozen=True, slots=True)
class CFunction:
    """Function of the C file over rows.

    Attributes:
        shared: the parts that compute the output, where all functions share them.
        own: its other loops.
        kept: how many values of a row its parts keep for later ones; 0 where there is one part.
        places: for each result in the order of the parts, its index among those that were asked for.
    """

    shared: tuple[Part, ...]
    own: tuple[Part, ...]
    kept: int
    places: tuple[int, ...]

    @property
    def parts(self) -> tuple[Part, ...]:
        """Return its parts in their order."""
        return self.shared + self.own

    @property
    def scattered(self) -> bool:
        """Tell if results are not in the order in which they were asked for."""
        return self.places != tuple(range(len(self.places)))

    @property
    def most(self) -> int:
        """Return the most results of a part."""
        return max(part.results for part in self.parts)

    @property
    def texts(self) -> tuple[str, ...]:
        """Return every piece of text."""
        return tuple(chain.from_iterable(part.texts for part in self.parts))
