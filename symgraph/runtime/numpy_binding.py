"""Binding of straight lines of NumPy: one row goes through them as they stand, batches through a recording of them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np

from symgraph.runtime.binding import Binding
from symgraph.runtime.contract import is_batch, row_shape
from symgraph.runtime.facts import OF_OUTPUTS, Array, ArrayLike, Facts, Inputs, result_shape
from symgraph.runtime.lines import Columns, Lines, T, absent, columns_of, losses_of
from symgraph.runtime.normal_equations import Products
from symgraph.runtime.planning import Program, planned
from symgraph.runtime.recording import Given, record
from symgraph.runtime.replay import Batch, Plan, Replay, uniform_values
from symgraph.runtime.sums import product_of_one, rowsum, unsummed
from symgraph.runtime.weights import Law


class Bound(Binding[T]):
    """The public functions of a module that computes with NumPy."""

    def __init__(self, facts: Facts, lines: Lines[T], laws: Sequence[Law]) -> None:
        super().__init__(facts, laws)
        self._forward = lines.forward
        self._several = len(facts.outputs) > 1 or "residuals" in facts.metadata
        self._backward = lines.backward or absent(facts, "loss")
        self._penalty_lines, self._penalty_rows = lines.penalty, lines.penalty_rows
        self._columns: Mapping[str, Columns[T]] = {
            **columns_of(facts, lines),
            "residual_columns": self._slopes_and_residuals,
            "per_sample_grad": self._gradient,
        }
        self._sums: Mapping[str, Callable[[Given], Sequence[Array]]] = {
            "value_and_grad": self._loss_and_gradient,
            "loss": lambda given: (given.rowsum(losses_of(self._tape_of(given)), given.weight),),
        }
        self._programs: dict[tuple[str, np.dtype[Any], bool, bool], Program] = {}
        self._replay = Replay()

    @np.errstate(all="ignore")
    def class_probabilities(self, w: "ArrayLike", X: "ArrayLike") -> "Array":
        """Compute the probability of each class, for a model whose likelihood is of classes and that has no output.

        Args:
            w: (k,) weights in the order of WEIGHTS.
            X: (n, d) rows, columns in the order of FEATURES; (d,) is one row.

        Returns:
            (n, K), or (K,) for one row: exp(-loss) of a row, had it each of the K classes. A row adds up to 1.
        """
        inputs = self._checked(self.facts, w, X, None)
        _, classes = cast("tuple[str, int]", self.facts.metadata["labels"])
        labels = (np.full(row_shape(inputs), label, inputs.w.dtype)[()] for label in range(classes))
        tapes: list[Any] = [self._tape(inputs._replace(y=y)) for y in labels]
        losses = [np.broadcast_to(tape.loss, row_shape(inputs)) for tape in tapes]
        likely = np.exp(-np.stack(losses, axis=-1))
        return np.asarray(likely / likely.sum(axis=-1, keepdims=True), inputs.w.dtype)

    @np.errstate(all="ignore")
    def _tape(self, inputs: Inputs) -> T:
        return self._forward(*inputs)

    def _pulled(self, tape: T, seed: Array) -> Array:
        return np.array(self._backward(tape, seed, rowsum), tape.w.dtype)

    @np.errstate(all="ignore")
    def _by_row(self, name: str, inputs: Inputs, threads: int) -> Array:
        dtype = inputs.w.dtype
        if is_batch(inputs):
            table = self._replay.by_row(self._program(name, inputs, False), inputs, dtype.type(1.0), threads)
        elif name in self._columns:
            table = np.array(self._columns[name](self._forward(*inputs)), dtype)
        else:
            table = np.array(self._sums[name](Given(*inputs, None, None, product_of_one)), dtype)
        if self._several:
            return table.reshape(result_shape(self.facts, name, row_shape(inputs)))[()]
        return table if name not in OF_OUTPUTS else table[0] if table.ndim == 1 else table[:, 0]

    def _sums_of(self, name: str, inputs: Inputs, s: Array, threads: int) -> Array:
        if is_batch(inputs):
            return self._replay.totals(self._program(name, inputs, s.ndim > 0), inputs, s, threads)
        return np.array(self._sums[name](Given(*inputs, s, s, product_of_one)), np.float64)

    @np.errstate(all="ignore")
    def _products(self, inputs: Inputs, s: Array) -> tuple[Array, Array, float]:
        if not is_batch(inputs):
            return super()._products(inputs, s)
        products = Products(self.facts, s)
        program = self._program("residual_columns", inputs, False)
        columns = np.empty((len(program.results), program.block))

        def add(plan: Plan, start: int, stop: int) -> None:
            for column, result in zip(columns, plan.results, strict=True):
                column[: stop - start] = result
            products.add(columns[:, : stop - start].reshape(-1, len(self.facts.weights) + 1, stop - start), start)

        one = inputs.w.dtype.type(1.0)
        self._replay.in_blocks(program, Batch(inputs, one, uniform_values(program, inputs.w, one)), 1, add)
        return products.sums()

    def _slopes_and_residuals(self, tape: T) -> Sequence[Array]:
        """Give the partials of each residual, and behind them the residual."""
        slopes, k = self._columns["residual_jacobian"](tape), len(self.facts.weights)
        residuals = enumerate(self._columns["residual"](tape))
        return [value for place, residual in residuals for value in (*slopes[place * k : (place + 1) * k], residual)]

    def _gradient(self, tape: T) -> Sequence[Array]:
        return self._backward(tape, tape.w.dtype.type(1.0), unsummed)

    def _tape_of(self, given: Given) -> T:
        return self._forward(given.w, given.X, given.y)

    def _loss_and_gradient(self, given: Given) -> Sequence[Array]:
        tape = self._tape_of(given)
        partials = self._backward(tape, given.cotangent, given.rowsum)
        return given.rowsum(losses_of(tape), given.weight), *partials

    def _lines_of(self, name: str) -> Callable[[Given], Sequence[Array]]:
        """Give the lines of a function by its name, as functions of what they are given."""
        columns = self._columns.get(name)
        return self._sums[name] if columns is None else lambda given: columns(self._tape_of(given))

    def _program(self, name: str, inputs: Inputs, by_row: bool) -> Program:
        """Give the program of some lines, which are recorded when they are first needed for such arguments."""
        key = name, inputs.w.dtype, inputs.y is not None, by_row
        known = self._programs.get(key)
        if known is None:
            counts, targets = (len(inputs.w), len(self.facts.features)), len(self.facts.targets)
            lines, has_target = self._lines_of(name), inputs.y is not None
            recording = record(lines, counts, inputs.w.dtype, has_target=has_target, by_row=by_row, targets=targets)
            known = self._programs[key] = planned(recording)
        return known


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
