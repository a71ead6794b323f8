"""Binding of modules in double-double arithmetic: the contract of other modules, over lines that compute with pairs."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Generic, NamedTuple

import numpy as np

from symgraph.runtime.contract import row_shape
from symgraph.runtime.derivatives_on_request import DerivativesLoosely
from symgraph.runtime.double_double import Pair, dd_div, dd_mul, dd_rowsum, pair_of, pairs_of, rounded_pair
from symgraph.runtime.facts import Array, Facts, Inputs, output_fields, result_shape
from symgraph.runtime.lines import T, absent, seed_of
from symgraph.runtime.loose_binding import LooseBinding
from symgraph.runtime.weights import Law

PairColumns = Callable[[T], Sequence[Pair]]
Adding = Callable[[Pair], Pair]
"""Adds up rows, or leaves them as they are."""


class AccurateLines(NamedTuple, Generic[T]):
    """The straight lines of a module in double-double arithmetic: those of ``Lines``, over pairs; a tape has rounded nodes.

    Attributes:
        loss: gives the pair of each row's loss from the tape; None without a loss.
    """

    forward: Callable[[Array, Any, Any], T]
    loss: Callable[[T], Pair] | None = None
    backward: Callable[[T, Pair, Adding], Sequence[Pair]] | None = None
    jacobian: PairColumns[T] | None = None
    residual: PairColumns[T] | None = None
    residual_jacobian: PairColumns[T] | None = None
    penalty: Callable[[Array], Sequence[Pair]] | None = None
    hessian: Callable[[T, Pair, Adding], Sequence[Pair]] | None = None
    hvp: Callable[[T, Sequence[Pair], Pair, Adding], Sequence[Pair]] | None = None
    feature_jacobian: PairColumns[T] | None = None
    jvp: Callable[[T, Sequence[Pair]], Sequence[Pair]] | None = None
    penalty_hessian: Callable[[Array], Mapping[tuple[int, int], Pair]] | None = None


class AccurateBound(LooseBinding[T]):
    """The public functions of a module in double-double arithmetic; X or y is None where the model has none.

    Arguments and results are those of Bound. All rows are computed at once, in one thread.
    """

    def __init__(self, facts: Facts, lines: AccurateLines[T], laws: Sequence[Law]) -> None:
        super().__init__(facts, laws)
        self._lines = lines
        self._penalty_lines = None if lines.penalty is None else self._rounded_penalty
        fields = output_fields(facts)
        self._columns: Mapping[str, PairColumns[T]] = {
            "predict": lambda tape: [pair_of(getattr(tape, field)) for field in fields],
            "jacobian": lines.jacobian or absent(facts, "output"),
            "residual": lines.residual or absent(facts, "residual"),
            "residual_jacobian": lines.residual_jacobian or lines.jacobian or absent(facts, "residual"),
            "per_sample_grad": lambda tape: self._summed(tape, pair_of(seed_of(tape, 1.0)), lambda rows: rows),
        }
        self._summed = lines.backward or absent(facts, "loss")

    def _rounded_penalty(self, w: Array) -> Sequence[Array]:
        assert self._lines.penalty is not None  # else nobody calls this
        return [rounded_pair(one, w.dtype) for one in self._lines.penalty(w)]

    @np.errstate(all="ignore")
    def _tape(self, inputs: Inputs) -> T:
        return self._lines.forward(*inputs)

    def _total(self, s: Array) -> Pair:
        return dd_rowsum(pair_of(s))

    def _pulled(self, tape: T, seed: Array) -> Array:
        columns = self._summed(tape, pair_of(seed), dd_rowsum)
        return np.array([rounded_pair(column, tape.w.dtype) for column in columns])

    @np.errstate(all="ignore")
    def _by_row(self, name: str, inputs: Inputs, threads: int) -> Array:
        """Put rounded columns into an array."""
        columns = self._columns_of(name, inputs)
        result = np.empty((*row_shape(inputs), len(columns)), inputs.w.dtype)
        for index, column in enumerate(columns):
            result[..., index] = rounded_pair(column, inputs.w.dtype)
        return result.reshape(result_shape(self.facts, name, row_shape(inputs)))[()]

    def _columns_of(self, name: str, inputs: Inputs) -> Sequence[Pair]:
        return self._columns[name](self._lines.forward(*inputs))

    @np.errstate(all="ignore")
    def _reduced(self, name: str, inputs: Inputs, s: Array, total: Any, threads: int) -> Array:
        tape, sums = self._sums_over(name, inputs)
        seed, divisor = pair_of(seed_of(tape, s)), total if isinstance(total, tuple) else pair_of(total)
        means = [dd_div(one, divisor) for one in sums(seed, dd_rowsum)]
        if not all(np.isfinite(hi) for hi, _ in means):
            again = sums(dd_div(seed, divisor), dd_rowsum)
            means = [one if np.isfinite(one[0]) else other for one, other in zip(means, again, strict=True)]
        return np.array([rounded_pair(one, inputs.w.dtype) for one in means])

    def _sums_over(self, name: str, inputs: Inputs) -> tuple[T, Callable[[Pair, Adding], Sequence[Pair]]]:
        """Give the tape, and what adds up over the rows, from the factor of each row and a function that adds up."""
        tape = self._lines.forward(*inputs)

        def sums(seed: Pair, add: Adding) -> Sequence[Pair]:
            assert self._lines.loss is not None  # a tape with losses comes from lines that have one
            loss = add(dd_mul(seed, self._lines.loss(tape)))
            return [loss, *(self._summed(tape, seed, add) if name == "value_and_grad" else ())]

        return tape, sums


class AccurateOnRequest(DerivativesLoosely[T], AccurateBound[T]):
    """The same with derivatives on request."""

    def __init__(self, facts: Facts, lines: AccurateLines[T], laws: Sequence[Law]) -> None:
        super().__init__(facts, lines, laws)
        slopes = lines.feature_jacobian or absent(facts, "derivatives by features")
        self._columns = {**self._columns, "feature_jacobian": slopes}
        self._penalty_entries = None if lines.penalty_hessian is None else self._rounded_entries

    def _rounded_entries(self, w: Array) -> Mapping[tuple[int, int], Array]:
        assert self._lines.penalty_hessian is not None  # else nobody calls this
        return {pair: rounded_pair(one, w.dtype) for pair, one in self._lines.penalty_hessian(w).items()}

    def _columns_of(self, name: str, inputs: Inputs) -> Sequence[Pair]:
        if name != "jvp":
            return super()._columns_of(name, inputs)
        (w, v), lines = self._apart(inputs.w), self._lines.jvp or absent(self.facts, "derivative along a vector")
        return lines(self._lines.forward(w, inputs.X, inputs.y), pairs_of(v))

    def _sums_over(self, name: str, inputs: Inputs) -> tuple[T, Callable[[Pair, Adding], Sequence[Pair]]]:
        if name not in ("hessian", "hvp"):
            return super()._sums_over(name, inputs)
        w, v = self._apart(inputs.w)
        lines: Any = getattr(self._lines, name) or absent(self.facts, name)
        tape = self._lines.forward(w, inputs.X, inputs.y)
        return tape, partial(lines, tape, *((pairs_of(v),) if name == "hvp" else ()))


def bind_accurate(facts: Facts, lines: AccurateLines[T], laws: Sequence[Law]) -> AccurateBound[T]:
    """Make the public functions of a module in double-double arithmetic, which keeps the result as _model."""
    return AccurateBound(facts, lines, laws)


def bind_accurate_with_derivatives(facts: Facts, lines: AccurateLines[T], laws: Sequence[Law]) -> AccurateOnRequest[T]:
    """Make those of a module with derivatives on request; else as bind_accurate."""
    return AccurateOnRequest(facts, lines, laws)
