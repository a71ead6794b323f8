"""Binding: the public functions of a generated module, made of its facts and its straight lines."""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from math import isfinite
from types import ModuleType
from typing import Any, Generic

import numpy as np
from numpy.typing import ArrayLike

from symgraph.runtime.contract import check_reduction, checked_inputs, is_batch, thread_count, weighted_rows
from symgraph.runtime.facts import Array, Facts, Inputs, output_field
from symgraph.runtime.lines import (
    WITHOUT_TARGET,
    Columns,
    Lines,
    T,
    absent,
    check_abi,
    check_target_of_loss,
    known,
    losses_of,
    reduced,
    seed_of,
)
from symgraph.runtime.planning import Program, planned
from symgraph.runtime.recording import Given, record
from symgraph.runtime.replay import Replay
from symgraph.runtime.sums import product_of_one, rowsum, unsummed
from symgraph.runtime.weights import Law, drawn, packed, unpacked


class Binding:
    """The functions of a module that are about its weights alone, and its way to other processes."""

    def __init__(self, facts: Facts, laws: Sequence[Law]) -> None:
        check_abi(facts)
        self.facts = facts
        self._laws = laws

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, str]]:
        return found_again(self.facts.module, "_model")

    def pack(self, mapping: Mapping[str, float]) -> "Array":
        """Give the weights of a mapping by name as a vector in the order of WEIGHTS."""
        return packed(self.facts, mapping)

    def unpack(self, w: "ArrayLike") -> dict[str, float]:
        """Give a vector of weights as a dict by name."""
        return unpacked(self.facts, w)

    def initial_weights(self, seed: int | None = None) -> "Array":
        """Draw initial weights from their declared laws, by NumPy's frozen RandomState."""
        return drawn(self._laws, seed)


class Bound(Binding, Generic[T]):
    """The public functions of one module.

    X is (n, d), or (d,) for one row; with one feature (n,) is n rows. y is (n,), or a scalar for one row. Columns of frames
    and mappings are taken by name. The dtype is that of w and X together, float32 or float64. Calls from several threads are
    safe; results never share memory with anything and do not depend on the number of threads.
    """

    def __init__(self, facts: Facts, lines: Lines[T], laws: Sequence[Law]) -> None:
        super().__init__(facts, laws)
        self._output_field = output_field(facts)
        self._forward = lines.forward
        self._backward = lines.backward or absent(facts, "loss")
        self._jacobian = lines.jacobian or absent(facts, "output")
        self._residual = lines.residual or self._difference
        self._slopes = lines.residual_jacobian
        self._lines: Mapping[str, Callable[[Given], Sequence[Array]]] = {
            "gradient": self._gradient_lines,
            "loss": self._loss_lines,
            "losses": self._after_forward(lambda tape: (losses_of(tape),)),
            "partials": self._partials_lines,
            "output": self._after_forward(self._output),
            "jacobian": self._after_forward(self._jacobian),
            "residual": self._after_forward(self._residual),
            "slopes": self._after_forward(self._slopes or self._jacobian),
        }
        self._programs: dict[tuple[str, np.dtype[Any], bool, bool], Program] = {}
        self._replay = Replay()

    @np.errstate(all="ignore")
    def forward(self, w: "ArrayLike", X: "ArrayLike", y: "ArrayLike | None" = None) -> T:
        """Compute every node, and the loss if y is given.

        Args:
            w: (k,) weights in the order of WEIGHTS.
            X: (n, d) rows, columns in the order of FEATURES; (d,) is one row.
            y: (n,) target, or a scalar for one row.

        Returns:
            The tape, which backward reads.
        """
        return self._forward(*checked_inputs(self.facts, w, X, y))

    @np.errstate(all="ignore")
    def backward(self, tape: T, cotangent: "ArrayLike" = 1.0) -> "Array":
        """Pull a cotangent of the row losses back to the weights (a VJP).

        Args:
            tape: what forward(w, X, y) returned.
            cotangent: a number, or one for each row; 1.0 gives the gradient of the sum.

        Returns:
            The cotangents of the weights, (k,).
        """
        seed = seed_of(tape, cotangent)
        return np.array(self._backward(tape, seed, rowsum), tape.w.dtype)

    @np.errstate(all="ignore")
    def predict(self, w: "ArrayLike", X: "ArrayLike", *, threads: int = 1) -> "Array":
        """Compute the output: one entry a row, or a scalar for one row."""
        workers, inputs = thread_count(threads), checked_inputs(self.facts, w, X, None)
        if is_batch(inputs):
            return self._columns_of("output", inputs, workers).reshape(-1)
        output: Array = self._output(self._forward(*inputs))[0]
        return output

    @np.errstate(all="ignore")
    def value_and_grad(
        self,
        w: "ArrayLike",
        X: "ArrayLike",
        y: "ArrayLike",
        *,
        sample_weight: "ArrayLike | None" = None,
        reduction: str = "mean",
        threads: int = 1,
    ) -> "tuple[float, Array]":
        """Compute the reduced loss and its gradient.

        Args:
            w: (k,) weights in the order of WEIGHTS.
            X: (n, d) rows, columns in the order of FEATURES; (d,) is one row.
            y: (n,) target, or a scalar for one row.
            sample_weight: weights s of the rows, (n,), not negative; a row of weight 0
                counts as absent, whatever it holds.
            reduction: "mean" for sum(s*loss)/sum(s), "sum" for sum(s*loss).
            threads: how many work on a large batch; the results do not depend on it.

        Returns:
            The loss and its gradient, (k,).
        """
        workers = thread_count(threads)
        inputs, s, total = self._weighted(w, X, y, sample_weight, reduction)
        if not is_batch(inputs):
            tape = self._forward(*inputs)
            gradient = np.array(self._backward(tape, s, product_of_one), np.float64) / total
            if not all(map(isfinite, gradient.tolist())):  # a product may overflow, its share not
                gradient = np.array(self._backward(tape, s / total, product_of_one), np.float64)
            return reduced(tape, s, total), gradient.astype(tape.w.dtype)
        sums = self._totals("gradient", inputs, s, workers)
        gradient = sums[:-1] / total
        if not all(map(isfinite, gradient.tolist())):  # a sum may overflow, its mean not
            gradient = self._totals("gradient", inputs, s / total, workers)[:-1]
        return self._mean(sums[-1], inputs, s, total, workers), gradient.astype(inputs.w.dtype, copy=False)

    @np.errstate(all="ignore")
    def loss(
        self,
        w: "ArrayLike",
        X: "ArrayLike",
        y: "ArrayLike",
        *,
        sample_weight: "ArrayLike | None" = None,
        reduction: str = "mean",
        threads: int = 1,
    ) -> float:
        """Compute the reduced loss; arguments as for value_and_grad."""
        workers = thread_count(threads)
        inputs, s, total = self._weighted(w, X, y, sample_weight, reduction)
        if not is_batch(inputs):
            return reduced(self._forward(*inputs), s, total)
        sums = self._totals("loss", inputs, s, workers)
        return self._mean(sums[0], inputs, s, total, workers)

    def grad(
        self,
        w: "ArrayLike",
        X: "ArrayLike",
        y: "ArrayLike",
        *,
        sample_weight: "ArrayLike | None" = None,
        reduction: str = "mean",
        threads: int = 1,
    ) -> "Array":
        """Compute the gradient of the reduced loss; arguments as for value_and_grad."""
        _, gradient = self.value_and_grad(w, X, y, sample_weight=sample_weight, reduction=reduction, threads=threads)
        return gradient

    @np.errstate(all="ignore")
    def per_sample_grad(self, w: "ArrayLike", X: "ArrayLike", y: "ArrayLike", *, threads: int = 1) -> "Array":
        """Compute each row's gradient: (n, k), or (k,) for one row."""
        workers, inputs = thread_count(threads), checked_inputs(self.facts, w, X, y)
        if is_batch(inputs):
            return self._columns_of("partials", inputs, workers)
        tape = self._forward(*inputs)
        losses_of(tape)
        return np.array(self._backward(tape, tape.w.dtype.type(1.0), unsummed), tape.w.dtype)

    @np.errstate(all="ignore")
    def jacobian(self, w: "ArrayLike", X: "ArrayLike", y: "ArrayLike | None" = None, *, threads: int = 1) -> "Array":
        """Compute d output / d w: (n, k), or (k,) for one row.

        y is not used where there are features; it lets jacobian take the arguments of forward.
        """
        workers = thread_count(threads)
        inputs = checked_inputs(self.facts, w, X, None if self.facts.features else y)
        return self._of_each_row("jacobian", self._jacobian, inputs, workers)

    @np.errstate(all="ignore")
    def residual(self, w: "ArrayLike", X: "ArrayLike", y: "ArrayLike", *, threads: int = 1) -> "Array":
        """Compute the residual r: (n,), or a scalar for one row; METADATA says how the loss follows from it."""
        workers, inputs = thread_count(threads), checked_inputs(self.facts, w, X, y)
        self._check_target(inputs)
        return self._of_each_row("residual", self._residual, inputs, workers)[..., 0][()]

    @np.errstate(all="ignore")
    def residual_jacobian(self, w: "ArrayLike", X: "ArrayLike", y: "ArrayLike", *, threads: int = 1) -> "Array":
        """Compute d residual / d w: (n, k), or (k,) for one row."""
        if self._slopes is None:
            return Bound.jacobian(self, w, X, y, threads=threads)  # the target has no weights in it
        workers, inputs = thread_count(threads), checked_inputs(self.facts, w, X, y)
        self._check_target(inputs)
        return self._of_each_row("slopes", self._slopes, inputs, workers)

    def _output(self, tape: T) -> Sequence[Array]:
        return (getattr(tape, self._output_field),)

    def _difference(self, tape: T) -> Sequence[Array]:
        return (self._output(tape)[0] - known(tape.y),)

    def _after_forward(self, columns: Columns[T]) -> Callable[[Given], Sequence[Array]]:
        """Give lines that compute columns from the tape of a forward pass."""
        return lambda given: columns(self._forward(given.w, given.X, given.y))

    def _loss_lines(self, given: Given) -> Sequence[Array]:
        return (given.rowsum(losses_of(self._forward(given.w, given.X, given.y)), given.weight),)

    def _gradient_lines(self, given: Given) -> Sequence[Array]:
        tape = self._forward(given.w, given.X, given.y)
        partials = self._backward(tape, given.cotangent, given.rowsum)
        return (*partials, given.rowsum(losses_of(tape), given.weight))

    def _partials_lines(self, given: Given) -> Sequence[Array]:
        tape = self._forward(given.w, given.X, given.y)
        losses_of(tape)
        return self._backward(tape, given.cotangent, unsummed)

    def _program(self, name: str, inputs: Inputs, by_row: bool) -> Program:
        """Give the program of some lines, which are recorded when they are first needed for such arguments."""
        key = name, inputs.w.dtype, inputs.y is not None, by_row
        known = self._programs.get(key)
        if known is None:
            counts = len(self.facts.weights), len(self.facts.features)
            lines = self._lines[name]
            recording = record(lines, counts, inputs.w.dtype, has_target=inputs.y is not None, by_row=by_row)
            known = self._programs[key] = planned(recording)
        return known

    def _totals(self, name: str, inputs: Inputs, s: Array, threads: int) -> "Array":
        return self._replay.totals(self._program(name, inputs, s.ndim > 0), inputs, s, threads)

    def _columns_of(self, name: str, inputs: Inputs, threads: int) -> "Array":
        return self._replay.by_row(self._program(name, inputs, False), inputs, inputs.w.dtype.type(1.0), threads)

    def _of_each_row(self, name: str, columns: Columns[T], inputs: Inputs, threads: int) -> "Array":
        """Give the columns of a batch as an array, or those of one row as a vector."""
        if is_batch(inputs):
            return self._columns_of(name, inputs, threads)
        return np.array(columns(self._forward(*inputs)), inputs.w.dtype)

    def _mean(self, loss: Any, inputs: Inputs, s: Array, total: float, threads: int) -> float:
        """Divide the sum of s*loss by total; a sum may overflow where the mean does not."""
        value = float(loss / total)
        if isfinite(value):
            return value
        shares = self._columns_of("losses", inputs, threads)[:, 0] / total
        return float(rowsum(shares, s if s.ndim else None))

    def _check_target(self, inputs: Inputs) -> None:
        if inputs.y is None and self.facts.target is not None:
            raise ValueError(WITHOUT_TARGET)

    def _weighted(self, w: Any, X: Any, y: Any, sample_weight: Any, reduction: str) -> tuple[Inputs, Array, float]:
        """Check how rows are reduced, and that there is a target where the loss needs one."""
        check_reduction(reduction)
        inputs = checked_inputs(self.facts, w, X, y)
        check_target_of_loss(self.facts, self._forward, inputs)
        return weighted_rows(inputs, sample_weight, reduction)


def bound_in(module: str, name: str) -> Any:
    """Find a binding in the module that keeps it."""
    return vars(import_module(module))[name]


def found_again(module: str, name: str) -> tuple[Callable[..., Any], tuple[Any, str]]:
    """Say how another process finds a binding: in the module that keeps it, which travels itself if it is no ordinary one."""
    owner = sys.modules[module]
    return (bound_in, (module, name)) if type(owner) is ModuleType else (getattr, (owner, name))


def bind(facts: Facts, lines: Lines[T], laws: Sequence[Law]) -> Bound[T]:
    """Make the public functions of a module with features and a target, which keeps the result as _model.

    Args:
        facts: what the module states about its model.
        lines: its mathematics.
        laws: of the initial weights, in order.

    Raises:
        ImportError: the module is of another form than this runtime binds.
    """
    return Bound(facts, lines, laws)
