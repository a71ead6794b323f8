"""Comparing what a module gives with what it should give, and saying where it fails."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import VerificationError
from symgraph.verification.expected import Direction, Expected
from symgraph.verification.sampling import Batch

_PASTED = 64
"""More weights than this are not printed; the point's number and the seed find them again."""


@dataclass(slots=True)
class Tally:
    """What the comparisons of one verification amount to.

    Attributes:
        judged: values compared at well-conditioned points.
        skipped: values at points too ill-conditioned to show a fault of 1.001.
        worst: the largest error of a judged value, in ulp, or in units of what noise of an ulp changes where that is more.
    """

    judged: int = 0
    skipped: int = 0
    worst: float = 0.0


class _Compared(NamedTuple):
    """Arrays of one shape: which values are wrong, which were judged, and the errors of these in their units."""

    wrong: NDArray[np.bool_]
    judged: NDArray[np.bool_]
    ratios: NDArray[np.float64]


Move = tuple[NDArray[np.intp], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Judge:
    """Compares at one batch.

    Attributes:
        subject: which module, for messages.
        batch: where.
        features: names of the features, in order.
        target: the name of the target, or None.
        directions: along which derivatives are compared.
        label: how the batch is found again.
        tally: counts, added to.
    """

    subject: str
    batch: Batch
    features: tuple[str, ...]
    target: str | None
    directions: tuple[Direction, ...]
    label: str
    tally: Tally = field(default_factory=Tally)
    _moves: list[Move] = field(default_factory=list)

    @property
    def moves(self) -> list[Move]:
        """The directions as positions of weights and what each moves by; worked out once."""
        if not self._moves:
            names = {name: place for place, name in enumerate(self.batch.weights)}
            self._moves.extend(
                (np.array([names[name] for name in direction]), np.array(list(direction.values())))
                for direction in self.directions
            )
        return self._moves

    def call(self, what: str, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Call the module.

        Raises:
            VerificationError: it raises; the truth is finite at every batch, so nothing has to.
        """
        try:
            return function(*args, **options)
        except Exception as error:  # whatever the module raises is its fault
            raise self.failure(what, error) from error

    def failure(self, what: str, error: Exception) -> VerificationError:
        """The error that says that the module raised."""
        return VerificationError(f"{self.subject}: {what} raises {type(error).__name__}: {error}\n{self.place()}")

    def same(self, what: str, got: Any, want: object) -> None:
        """Compare things that have no tolerance.

        Raises:
            VerificationError: they differ.
        """
        if type(got) is not type(want) or got != want:
            raise VerificationError(f"{self.subject}: {what} is {got!r}, the spec says {want!r}")

    def values(self, what: str, got: Any, expected: Expected, *, uniform: bool = False) -> None:
        """Compare values of rows, or one value.

        Args:
            what: the function and what it computes, for the message.
            got: what the module gave.
            expected: what it should give.
            uniform: whether one number for all rows is as good.

        Raises:
            VerificationError: a value or the shape is wrong.
        """
        array = self._array(what, got)
        if uniform and array.shape == ():
            array = np.broadcast_to(array, expected.want.shape)
        axes = ("row",) if expected.want.ndim else ()
        self._compare(what, array, expected, axes)

    def agree(self, got: Sequence[Any], expected: Sequence[Expected]) -> bool:
        """Whether several values of rows all are as ``values`` wants them, one number for all rows being as good.

        They are counted if they are; if not, nothing is.

        Args:
            got: what the module gave.
            expected: what it should give, for each.
        """
        if not expected:
            return True
        shape = expected[0].want.shape
        table = np.empty((len(expected), *shape))
        try:
            for place, value in enumerate(got):
                array = np.asarray(value, np.float64)
                if array.shape not in (shape, ()) or value is None:
                    return False
                table[place] = array
        except (TypeError, ValueError):
            return False
        want, tolerance, unit = (np.array([getattr(one, part) for one in expected]) for part in ("want", "tolerance", "unit"))
        found = _compared(table, Expected(want, tolerance, unit, expected[0].safety))
        if found.wrong.any():
            return False
        self._count(found)
        return True

    def derivatives(self, what: str, got: Any, expected: Expected) -> None:
        """Compare derivatives by the weights, along each direction; the module's last axis is the weights.

        Raises:
            VerificationError: a value or the shape is wrong.
        """
        array = self._array(what, got)
        count = len(self.batch.weights)
        shape = (*expected.want.shape[:-1], count)
        if array.shape != shape:
            raise VerificationError(f"{self.subject}: {what} has shape {array.shape} instead of {shape}\n{self.place()}")
        columns, rounding = [], []
        with np.errstate(all="ignore"):
            for places, shares in self.moves:
                terms = array[..., places] * shares
                columns.append(terms.sum(-1))
                rounding.append(1e-14 * np.abs(terms).sum(-1) * (len(places) > 1))
        wider = expected.tolerance + np.nan_to_num(np.stack(rounding, -1), nan=0.0, posinf=0.0)
        axes = ("row", "by") if expected.want.ndim == 2 else ("by",)
        self._compare(what, np.stack(columns, -1), replace(expected, tolerance=wider), axes)

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

    def _compare(self, what: str, got: NDArray[np.float64], expected: Expected, axes: Sequence[str]) -> None:
        want = expected.want
        if got.shape != want.shape:
            raise VerificationError(f"{self.subject}: {what} has shape {got.shape} instead of {want.shape}\n{self.place()}")
        found = _compared(got, expected)
        if found.wrong.any():
            with np.errstate(all="ignore"):
                excess = np.where(found.wrong, np.nan_to_num(np.abs(got - want) / expected.tolerance, nan=np.inf), -1.0)
            worst = np.unravel_index(np.argmax(excess), want.shape)
            where = "".join(self._where(axis, int(index)) for axis, index in zip(axes, worst, strict=True))
            raise VerificationError(
                f"{self.subject}: {what}{where} is {got[worst]!s}, the spec gives {want[worst]!s} "
                f"(tolerance {expected.tolerance[worst]:.2g})\n{self.place()}"
            )
        self._count(found)

    def _count(self, found: "_Compared") -> None:
        """Add to the tally what a comparison without a wrong value has shown."""
        judged = int(found.judged.sum())
        self.tally.judged += judged
        self.tally.skipped += found.judged.size - judged
        self.tally.worst = max(self.tally.worst, float(found.ratios.max(initial=0.0)))

    def _where(self, axis: str, index: int) -> str:
        if axis == "row":
            return f", row {index}"
        direction = self.directions[index]
        return f", by {next(iter(direction))}" if len(direction) == 1 else ", along a random direction"


def _compared(got: NDArray[np.float64], expected: Expected) -> _Compared:
    """Hold values against what is expected of them."""
    want, judged = expected.want, expected.judged
    with np.errstate(all="ignore"):  # values that are not finite are what is looked for
        errors = np.abs(got - want)
        wrong = np.where(np.isfinite(got), errors > expected.tolerance, ~expected.shapeless)
        return _Compared(wrong, judged, np.where(judged & (want != 0.0), errors / expected.unit, 0.0))
