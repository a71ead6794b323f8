"""The straight lines of a module, which are all that it computes by itself, and the tape that they pass on."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np

from symgraph.runtime.contract import is_batch
from symgraph.runtime.facts import MODULE_ABI, Array, ArrayLike, Facts, Inputs, RowSum, output_fields
from symgraph.runtime.labels import unmasked


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
        """The target, (n,) or a scalar, or None; of several targets (n, p) or (p,)."""


T = TypeVar("T", bound=AnyTape)
V = TypeVar("V")

Columns = Callable[[T], Sequence[Array]]
MatrixEntries = Mapping[tuple[int, int], Any]
"""The entries of a matrix that are not 0."""


class Lines(NamedTuple, Generic[T]):
    """The straight lines of a module: they take numbers for one row and arrays for many, and are recorded for batches.

    They use operators, ufuncs and the functions of this runtime, branch on no value and change none in place.

    Attributes:
        forward: computes the tape from w, X and y; what needs y is None without it.
        backward: computes the cotangents of the weights from the tape, the cotangent of each row's loss, and a function that
            adds up rows or products of two rows; None without a loss.
        jacobian: computes the partials of the output by each weight from the tape, of several one output after the other; None
            without an output.
        residual: computes the residuals from the tape, in a tuple; output less target if it is None.
        residual_jacobian: computes the partials of the residuals; those of the outputs if it is None.
        hessian, hvp, feature_jacobian, jvp: compute derivatives on request; None where nobody asked for them.
        penalty: computes the penalty and then its partials from w; None without one.
        penalty_hessian: computes the second derivatives of the penalty by (weight, weight) from w, on request.
        penalty_rows: computes the rows of least squares that the penalty is, and their partials by (row, weight).
    """

    forward: Callable[[Array, Any, Any], T]
    backward: Callable[[T, Array, RowSum], Sequence[Array]] | None = None
    jacobian: Columns[T] | None = None
    residual: Columns[T] | None = None
    residual_jacobian: Columns[T] | None = None
    hessian: Callable[[T, Array, RowSum], Sequence[Array]] | None = None
    hvp: Callable[[T, Any, Array, RowSum], Sequence[Array]] | None = None
    feature_jacobian: Columns[T] | None = None
    jvp: Callable[[T, Any], Sequence[Array]] | None = None
    penalty: Callable[[Any], Sequence[Any]] | None = None
    penalty_hessian: Callable[[Any], MatrixEntries] | None = None
    penalty_rows: Callable[[Any], tuple[Sequence[Any], MatrixEntries]] | None = None


WITHOUT_TARGET = "the tape was made without y; call forward(w, X, y) first"


def known(value: V | None) -> V:
    """Give a value of the tape, which is there if the forward pass was given y."""
    if value is None:
        raise ValueError(WITHOUT_TARGET)
    return value


def losses_of(tape: AnyTape) -> Array:
    """Give the loss of each row, which a tape has if the forward pass was given y."""
    losses: Array | None = getattr(tape, "loss", None)
    return known(losses)


def check_target(facts: Facts, inputs: Inputs) -> None:
    """Refuse inputs without the target that a model has."""
    if inputs.y is None and facts.target_names:
        raise ValueError(f"y is missing, the loss of {facts.model} needs {', '.join(facts.target_names)}")


def check_target_of_loss(facts: Facts, tape: Callable[[Inputs], Any], inputs: Inputs) -> None:
    """Refuse inputs without the target that a loss needs, as the tape of one row shows."""
    if inputs.y is None and facts.target_names:
        row = inputs.X[0, ...] if is_batch(inputs) else inputs.X
        if getattr(tape(Inputs(inputs.w, row, None)), "loss", None) is None:
            check_target(facts, inputs)


def seed_of(tape: AnyTape, cotangent: ArrayLike) -> Array:
    """Check the cotangent of each row's loss; give it once for each row."""
    shape = np.shape(losses_of(tape))
    if isinstance(cotangent, float) and not shape:
        alone: Array = tape.w.dtype.type(cotangent)
        return alone
    seed = np.asarray(unmasked(cotangent, "cotangent"), tape.w.dtype)
    if seed.shape not in ((), shape):
        raise ValueError(f"cotangent has shape {seed.shape}, the loss has {shape}")
    return np.broadcast_to(seed, shape)[()]


def check_abi(facts: Facts) -> None:
    """Refuse a module of another form than this runtime binds."""
    if facts.abi != MODULE_ABI:
        raise ImportError(f"{facts.module} has ABI {facts.abi}, its runtime binds ABI {MODULE_ABI}; build it again")


def absent(facts: Facts, what: str) -> Callable[..., Any]:
    """Give a function in the place of one that a model cannot have."""

    def refuse(*_: Any) -> Any:
        raise ValueError(f"{facts.model} has no {what}")

    return refuse


def columns_of(facts: Facts, lines: Lines[T]) -> dict[str, Columns[T]]:
    """Give the functions of the tape whose results have an entry for each row, by the names of the public functions."""
    outputs, jacobian = output_fields(facts), lines.jacobian or absent(facts, "output")
    return {
        "predict": lambda tape: [getattr(tape, output) for output in outputs],
        "jacobian": jacobian,
        "residual": lines.residual or (lambda tape: (getattr(tape, outputs[0]) - known(tape.y),)),
        "residual_jacobian": lines.residual_jacobian or jacobian,  # if the target has no weights in it
        "feature_jacobian": lines.feature_jacobian or absent(facts, "derivatives by features"),
    }
