"""Functions over rows of a C file as finished text: the parts that they are written in."""

import re
from dataclasses import dataclass
from itertools import chain


@dataclass(frozen=True, slots=True)
class Body:
    """Statements of a function of the C file.

    Attributes:
        name: the end of its name in the file; the model's name stands before it.
        once: the statements before the loop.
        loop: the statements of the loop over rows; none where there is no loop.
        unused: the parameters that nothing reads.
        parameters: those that it has beside weights, columns, the rows' distance and arrays for results.
        flags: those that tell which results are wanted, where not all always are; compilers leave out what others need.
        arrays: those that it writes results to.
        notes: whether it notes rows in doubt.
    """

    name: str
    once: tuple[str, ...]
    loop: tuple[str, ...]
    unused: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    arrays: tuple[str, ...] = ()
    notes: bool = False

    @property
    def texts(self) -> tuple[str, ...]:
        """Return every line."""
        return self.once + self.loop

    @property
    def values(self) -> int:
        """Return the number of values that have a name."""
        return sum(line.lstrip().startswith("const ") for line in self.texts)


@dataclass(frozen=True, slots=True)
class Part:
    """Piece of a function of the C file: a loop over rows, a function of its own where there are several.

    Attributes:
        name: the end of its name in the file; the model's name and the way of running stand before it.
        body: its statements, which other functions may have as well.
        first: the number of its first result.
        results: the number of its results.
        array: the array that it writes them to; "" where it has none.
        passed: what it gives for the flags and arrays of the body, where STRIDE is the columns' distance.
        absent: the parameters of the body that it does not have.
        owner: whether the body stands before it.
        apart: whether compilers are to keep it a function of its own.
        features: the numbers of the features that it reads, where a block does not have the columns of all.
    """

    name: str
    body: Body
    first: int
    results: int
    array: str
    passed: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    owner: bool = True
    apart: bool = False
    features: tuple[int, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """Return every line."""
        return self.body.texts

    @property
    def parameters(self) -> tuple[str, ...]:
        """Return the parameters that it has."""
        return tuple(name for name in self.body.parameters if name not in self.absent)

    @property
    def careful(self) -> bool:
        """Tell if it calls a function that needs the C library for some arguments."""
        return any(re.search(r"\bcareful\b", line) for line in self.body.loop)


@dataclass(frozen=True, slots=True)
class CFunction:
    """Function of the C file over rows.

    Attributes:
        shared: the parts that other functions have before it: those that compute the output, where all functions share them.
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
    def features(self) -> int:
        """Return the most features that a part has columns of its own for, 1 where none has, since all are given an array."""
        return max(1, *(len(part.features) for part in self.parts))

    @property
    def texts(self) -> tuple[str, ...]:
        """Return every piece of text."""
        return tuple(chain.from_iterable(part.texts for part in self.parts))


@dataclass(frozen=True, slots=True)
class Summed:
    """Function on request that adds up rows.

    Attributes:
        name: its name.
        result: the name of the array that it writes.
        terms: the function that writes the terms of the sums.
        finish: the code that makes the results of the sums.
        sums: the number of sums.
        along: whether it takes a direction.
    """

    name: str
    result: str
    terms: CFunction
    finish: Body
    sums: int
    along: bool
