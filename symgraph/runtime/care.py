"""Rows that a module with care computed, counted and announced: how many were in doubt, and which may lack digits."""

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

_INNER = (__name__.removesuffix(".care"), "numpy.")
"""Beginnings of names of modules whose lines are not what a warning is about; a module that stands alone has all in its own."""


@dataclass(slots=True)
class Care:
    """Rows that calls took care of while it was counted.

    Attributes:
        rows: how many rows were computed, once for each function.
        suspect: those of them that may have lost digits in plain arithmetic.
        careful: those that were computed over pairs.
        uncertain: those that may lack digits all the same.
        first_uncertain: the function and the row of the first of these.
    """

    rows: int = 0
    suspect: int = 0
    careful: int = 0
    uncertain: int = 0
    first_uncertain: tuple[str, int] | None = None


class UncertainDigitsWarning(RuntimeWarning):
    """A row that may lack digits although it was computed over pairs of floats."""


class CareCounts:
    """The counts of one module that are open, in all threads."""

    def __init__(self, model: str) -> None:
        self._model = model
        self.open = list[tuple[Care, bool]]()

    @contextmanager
    def counting(self, *, strict: bool = False) -> "Iterator[Care]":
        """Count the rows that calls of this module take care of, in all threads.

        Args:
            strict: raise where a row may lack digits all the same.

        Yields:
            rows, suspect, careful and uncertain, how many there were.

        Raises:
            FloatingPointError: a row is uncertain, and strict is True.
        """
        entry = Care(), strict
        self.open.append(entry)
        try:
            yield entry[0]
        finally:
            self.open[:] = [one for one in self.open if one is not entry]

    def add(self, function: str, rows: int, suspect: int, careful: int, uncertain: "Sequence[int]") -> None:
        """Count what a call took care of; warn of uncertain rows where nobody counts."""
        counted = (*self.open,)  # other threads begin and end
        for care, _ in counted:
            care.rows += rows
            care.suspect += suspect
            care.careful += careful
            care.uncertain += len(uncertain)
        if not uncertain:
            return
        for care, _ in counted:
            care.first_uncertain = care.first_uncertain or (function, uncertain[0])
        others = f", and {len(uncertain) - 1} more rows" if len(uncertain) > 1 else ""
        message = (
            f"{self._model}: {function} at row {uncertain[0]} (counted from 0{others}) may have fewer than 11 digits, "
            "over pairs of floats too"
        )
        if any(strict for _, strict in counted):
            raise FloatingPointError(message)
        if not counted:
            warnings.warn(message, UncertainDigitsWarning, stacklevel=calls_from_outside())


def calls_from_outside() -> int:
    """Count the calls from who asks up to one that is neither ours nor of NumPy, as ``warnings.warn`` counts them."""
    frame, count = sys._getframe(1), 1
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).startswith(_INNER):
        frame, count = frame.f_back, count + 1
    return count
