"""The straight lines of a module, which are all that it computes by itself, and the tape that they pass on."""

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from symgraph.runtime.facts import Array, Facts, RowSum


class AnyTape(Protocol):
    """A tape begins with the arguments; nodes, the loss and further primals follow."""

    @property
    def w(self) -> Array:
        """The weights, (k,)."""

    @property
    def X(self) -> Any:  # noqa: N802  the field's name for the feature matrix
        """The rows, (n, d) or (d,), or None."""

    @property
    def y(self) -> Array | None:
        """The target, (n,) or a scalar, or None."""


T = TypeVar("T", bound=AnyTape)

Columns = Callable[[T], Sequence[Array]]


class Lines(NamedTuple, Generic[T]):
    """The straight lines of a module: they take numbers for one row and arrays for many, and are recorded for batches.

    They use operators, ufuncs and the functions of this runtime, branch on no value and change none in place.

    Attributes:
        forward: computes the tape from w, X and y; what needs y is None without it.
        backward: computes the cotangents of the weights from the tape, the cotangent of each row's loss, and a function that
            adds up rows or products of two rows; None without a loss.
        jacobian: computes the partials of the output by each weight from the tape; None without an output.
        residual: computes the residual from the tape, in a tuple; output less target if it is None.
        residual_jacobian: computes the partials of the residual; those of the output if it is None.
    """

    forward: Callable[[Array, Any, Any], T]
    backward: Callable[[T, Array, RowSum], Sequence[Array]] | None = None
    jacobian: Columns[T] | None = None
    residual: Columns[T] | None = None
    residual_jacobian: Columns[T] | None = None


WITHOUT_TARGET = "the tape was made without y; call forward(w, X, y) first"


def known(value: Array | None) -> Array:
    """Give a value of the tape, which is there if the forward pass was given y."""
    if value is None:
        raise ValueError(WITHOUT_TARGET)
    return value


def losses_of(tape: AnyTape) -> Array:
    """Give the loss of each row, which a tape has if the forward pass was given y."""
    return known(getattr(tape, "loss", None))


def reduced(tape: AnyTape, s: Array, total: float) -> float:
    """Give s*loss of one row in float64, over total."""
    return float(losses_of(tape)) * float(s) / total


def absent(facts: Facts, what: str) -> Callable[..., Any]:
    """Give a function in the place of one that a model cannot have."""

    def refuse(*_: Any) -> Any:
        raise ValueError(f"{facts.model} has no {what}")

    return refuse
