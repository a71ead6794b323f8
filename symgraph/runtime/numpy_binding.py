"""Binding of straight lines of NumPy: one row goes through them as they stand, batches through a recording of them."""

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np

from symgraph.runtime.binding import Binding
from symgraph.runtime.contract import is_batch, row_shape
from symgraph.runtime.facts import Array, Facts, Inputs, result_shape
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
            "loss": lambda tape: (losses_of(tape),),
        }
        self._sums: Mapping[str, Callable[[Given], Sequence[Array]]] = {
            "sums of gradient and loss": self._gradient_sums,
            "sum of loss": self._loss_sum,
        }
        self._programs: dict[tuple[str, np.dtype[Any], bool, bool], Program] = {}
        self._replay = Replay()

    @np.errstate(all="ignore")
    def _tape(self, inputs: Inputs) -> T:
        return self._forward(*inputs)

    def _pulled(self, tape: T, seed: Array) -> Array:
        return np.array(self._backward(tape, seed, rowsum), tape.w.dtype)

    @np.errstate(all="ignore")
    def _values(self, name: str, inputs: Inputs, threads: int) -> Array:
        if is_batch(inputs):
            return self._columns_of(name, inputs, threads).reshape(result_shape(self.facts, name, row_shape(inputs)))
        values = self._columns[name](self._forward(*inputs))
        return values[0] if len(values) == 1 else np.array(values, inputs.w.dtype)

    @np.errstate(all="ignore")
    def _partials(self, name: str, inputs: Inputs, threads: int) -> Array:
        table = self._table(name, inputs, threads)
        return table.reshape(result_shape(self.facts, name, row_shape(inputs))) if self._several else table

    def _table(self, name: str, inputs: Inputs, threads: int) -> Array:
        """Compute some columns: (n, columns), or (columns,) for one row."""
        if is_batch(inputs):
            return self._columns_of(name, inputs, threads)
        return np.array(self._columns[name](self._forward(*inputs)), inputs.w.dtype)

    @np.errstate(all="ignore")
    def _mean(self, inputs: Inputs, s: Array, total: float, threads: int) -> float:
        if not is_batch(inputs):
            return reduced(self._forward(*inputs), s, total)
        sums = self._totals("sum of loss", inputs, s, threads)
        return self._mean_of(sums[0], inputs, s, total, threads)

    @np.errstate(all="ignore")
    def _mean_and_gradient(self, inputs: Inputs, s: Array, total: float, threads: int) -> tuple[float, Array]:
        if not is_batch(inputs):
            tape = self._forward(*inputs)
            gradient = np.array(self._backward(tape, s, product_of_one), np.float64) / total
            if not all(map(isfinite, gradient.tolist())):  # a product may overflow, its share not
                gradient = np.array(self._backward(tape, s / total, product_of_one), np.float64)
            return reduced(tape, s, total), gradient.astype(tape.w.dtype)
        sums = self._totals("sums of gradient and loss", inputs, s, threads)
        gradient = sums[:-1] / total
        if not all(map(isfinite, gradient.tolist())):  # a sum may overflow, its mean not
            gradient = self._totals("sums of gradient and loss", inputs, s / total, threads)[:-1]
        return self._mean_of(sums[-1], inputs, s, total, threads), gradient.astype(inputs.w.dtype, copy=False)

    def _mean_of(self, loss: Any, inputs: Inputs, s: Array, total: float, threads: int) -> float:
        """Divide the sum of s*loss by total; a sum may overflow where the mean does not."""
        value = float(loss / total)
        if isfinite(value):
            return value
        shares = self._columns_of("loss", inputs, threads)[:, 0] / total
        return float(rowsum(shares, s if s.ndim else None))

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

    def _residual_columns(self, inputs: Inputs) -> Array:
        table = self._table("residual_columns", inputs, 1)
        return np.array(table.T, np.float64).reshape(-1, len(self.facts.weights) + 1, len(table) if table.ndim > 1 else 1)

    def _slopes_and_residuals(self, tape: T) -> Sequence[Array]:
        """Give the partials of each residual, and behind them the residual."""
        slopes, k = self._columns["residual_jacobian"](tape), len(self.facts.weights)
        residuals = enumerate(self._columns["residual"](tape))
        return [value for place, residual in residuals for value in (*slopes[place * k : (place + 1) * k], residual)]

    def _gradient(self, tape: T) -> Sequence[Array]:
        return self._backward(tape, tape.w.dtype.type(1.0), unsummed)

    def _loss_sum(self, given: Given) -> Sequence[Array]:
        return (given.rowsum(losses_of(self._forward(given.w, given.X, given.y)), given.weight),)

    def _gradient_sums(self, given: Given) -> Sequence[Array]:
        tape = self._forward(given.w, given.X, given.y)
        partials = self._backward(tape, given.cotangent, given.rowsum)
        return (*partials, given.rowsum(losses_of(tape), given.weight))

    def _program(self, name: str, inputs: Inputs, by_row: bool) -> Program:
        """Give the program of some lines, which are recorded when they are first needed for such arguments."""
        key = name, inputs.w.dtype, inputs.y is not None, by_row
        known = self._programs.get(key)
        if known is None:
            counts, targets = (len(inputs.w), len(self.facts.features)), len(self.facts.targets)
            columns = self._columns.get(name)
            lines = self._sums[name] if columns is None else lambda one: columns(self._forward(one.w, one.X, one.y))
            has_target = inputs.y is not None
            recording = record(lines, counts, inputs.w.dtype, has_target=has_target, by_row=by_row, targets=targets)
            known = self._programs[key] = planned(recording)
        return known

    def _totals(self, name: str, inputs: Inputs, s: Array, threads: int) -> Array:
        return self._replay.totals(self._program(name, inputs, s.ndim > 0), inputs, s, threads)

    def _columns_of(self, name: str, inputs: Inputs, threads: int) -> Array:
        return self._replay.by_row(self._program(name, inputs, False), inputs, inputs.w.dtype.type(1.0), threads)


def reduced(tape: Any, s: Array, total: float) -> float:
    """Give s*loss of one row in float64, over total."""
    return float(losses_of(tape)) * float(s) / total


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
