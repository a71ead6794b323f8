"""Comparing what a module gives with what it should give, and saying where it fails."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.check.expected import Expected
from symgraph.check.sampling import Batch
from symgraph.errors import VerificationError

_PASTED = 64
"""More weights than this are not printed; the point's number and the seed find them again."""


@dataclass(slots=True)
class Tally:
    """The sum of the comparisons of one verification.

    Attributes:
        judged: values compared at well-conditioned points.
        skipped: values at points too ill-conditioned to show a fault of 1.001.
        worst: the largest error of a judged value, in ulp, or in units of what rounding explains where that is more.
    """

    judged: int = 0
    skipped: int = 0
    worst: float = 0.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """Compares at one batch.

    Attributes:
        subject: which module, for messages.
        batch: where.
        features: names of the features, in order.
        target: the name of the target, or None.
        label: how the batch is found again.
        tally: counts, added to.
    """

    subject: str
    batch: Batch
    features: tuple[str, ...]
    target: str | None
    label: str
    tally: Tally = field(default_factory=Tally)

    def about(self, subject: str) -> "Comparison":
        """The same comparison for another module."""
        return replace(self, subject=subject)

    def call(self, what: str, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Call the module.

        Raises:
            VerificationError: it raises; the truth is finite at every batch, so nothing has to.
        """
        try:
            return function(*args, **options)
        except Exception as error:  # whatever the module raises is its fault
            text = f"{self.subject}: {what} raises {type(error).__name__}: {error}"
            raise VerificationError(f"{text}\n{self.place()}") from error

    def same(self, what: str, got: Any, want: object) -> None:
        """Compare things that have no tolerance.

        Raises:
            VerificationError: they differ.
        """
        if type(got) is not type(want) or got != want:
            raise VerificationError(f"{self.subject}: {what} is {got!r}, the spec says {want!r}")

    def numbers(self, what: str, got: Any, expected: Expected, *, by: bool = False, uniform: bool = False) -> None:
        """Compare numbers with what is expected, and count them.

        Args:
            what: the function and what it computes, for the message.
            got: what the module gave.
            expected: what it should give, of the same shape.
            by: whether the last axis has an entry for each weight; the one before it, if any, has one for each row.
            uniform: whether one number for all rows is as good.

        Raises:
            VerificationError: a number or the shape is wrong.
        """
        array = self._array(what, got)
        if uniform and array.shape == ():
            array = np.broadcast_to(array, expected.want.shape)
        if array.shape != expected.want.shape:
            shapes = f"{array.shape} instead of {expected.want.shape}"
            raise VerificationError(f"{self.subject}: {what} has shape {shapes}\n{self.place()}")
        with np.errstate(all="ignore"):  # values that are not finite are what is looked for
            errors = np.abs(array - expected.want)
            if not (errors <= expected.tolerance).all():
                wrong = np.where(np.isfinite(array), errors > expected.tolerance, ~expected.shapeless)
                if wrong.any():
                    axes = ("row", "by")[-expected.want.ndim :] if by else ("row",)
                    raise self._wrong(what, axes, array, expected, np.where(wrong, errors / expected.tolerance, -1.0))
            worst = float(np.fmax.reduce(errors / expected.unit, axis=None, initial=0.0))
        judged = int(np.count_nonzero(expected.judged))
        self.tally.judged += judged
        self.tally.skipped += expected.judged.size - judged
        self.tally.worst = max(self.tally.worst, worst)

    def place(self) -> str:
        """The batch as Python text."""
        rows = self.batch.rows
        lines = [f"at {self.label}:"]
        if len(self.batch.weights) <= _PASTED:
            lines.append(f"w = {list(self.batch.weights.values())}")
        if self.features and len(self.features) <= _PASTED:
            lines.append(f"X = {[[row[name] for name in self.features] for row in rows]}")
        if self.target is not None:
            lines.append(f"y = {[row[self.target] for row in rows]}")
        return "\n".join(lines)

    def _array(self, what: str, got: Any) -> NDArray[np.float64]:
        try:
            return np.asarray(got, np.float64)
        except (TypeError, ValueError):
            raise VerificationError(f"{self.subject}: {what} gives {got!r}, no array of numbers\n{self.place()}") from None

    def _wrong(
        self, what: str, axes: Sequence[str], got: NDArray[np.float64], expected: Expected, excess: Any
    ) -> VerificationError:
        """The error about the value that is farthest off."""
        worst = np.unravel_index(np.argmax(np.nan_to_num(excess, nan=np.inf)), got.shape)
        weights = list(self.batch.weights)
        places = zip(axes, map(int, worst), strict=False)  # none where it is one number
        where = "".join(f", row {place}" if axis == "row" else f", by {weights[place]}" for axis, place in places)
        return VerificationError(
            f"{self.subject}: {what}{where} is {got[worst]!s}, the spec gives {expected.want[worst]!s} "
            f"(tolerance {expected.tolerance[worst]:.2g})\n{self.place()}"
        )
