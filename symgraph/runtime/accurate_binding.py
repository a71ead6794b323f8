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


class AccurateLines(NamedTuple, Generic[T]):
    """The straight lines of a module in double-double arithmetic.

    Attributes:
        forward: computes the tape from w, X and y, its nodes rounded; what needs y is None without it.
        loss: gives the pair of each row's loss from the tape; None without a loss.
        backward: computes the cotangents of the weights from the tape, the pair of each row's cotangent, and a function that
            adds up rows.
        jacobian: computes the partials of the output by each weight from the tape, of several one output after the other.
        residual: computes the residuals from the tape, in a tuple.
        residual_jacobian: computes the partials of the residuals; those of the outputs if it is None.
        penalty: computes the penalty and then its partials from w; None without one.
        hessian, hvp, feature_jacobian, jvp, penalty_hessian: compute derivatives on request; None where nobody asked for them.
    """

    forward: Callable[[Array, Any, Any], T]
    loss: Callable[[T], Pair] | None = None
    backward: Callable[[T, Pair, Callable[[Pair], Pair]], Sequence[Pair]] | None = None
    jacobian: PairColumns[T] | None = None
    residual: PairColumns[T] | None = None
    residual_jacobian: PairColumns[T] | None = None
    penalty: Callable[[Array], Sequence[Pair]] | None = None
    hessian: Callable[[T, Pair, Callable[[Pair], Pair]], Sequence[Pair]] | None = None
    hvp: Callable[[T, Sequence[Pair], Pair, Callable[[Pair], Pair]], Sequence[Pair]] | None = None
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

    def _values(self, name: str, inputs: Inputs, threads: int) -> Array:
        return self._partials(name, inputs, threads)[()]

    @np.errstate(all="ignore")
    def _partials(self, name: str, inputs: Inputs, threads: int) -> Array:
        return self._table(name, inputs, self._columns[name](self._lines.forward(*inputs)))

    def _table(self, name: str, inputs: Inputs, columns: Sequence[Pair]) -> Array:
        """Put rounded columns into an array of the shape of a function's result."""
        result = np.empty((*row_shape(inputs), len(columns)), inputs.w.dtype)
        for index, column in enumerate(columns):
            result[..., index] = rounded_pair(column, inputs.w.dtype)
        return result.reshape(result_shape(self.facts, name, row_shape(inputs)))

    @np.errstate(all="ignore")
    def _mean(self, inputs: Inputs, s: Array, total: Any, threads: int) -> float:
        tape = self._lines.forward(*inputs)
        return self._reduced(tape, pair_of(seed_of(tape, s)), as_pair(total))

    @np.errstate(all="ignore")
    def _mean_and_gradient(self, inputs: Inputs, s: Array, total: Any, threads: int) -> tuple[float, Array]:
        tape, divisor = self._lines.forward(*inputs), as_pair(total)
        seed = pair_of(seed_of(tape, s))
        return self._reduced(tape, seed, divisor), divided(partial(self._summed, tape), seed, divisor, tape.w.dtype)

    def _reduced(self, tape: T, seed: Pair, total: Pair) -> float:
        """Divide the sum of the rows by total; the sum may overflow where the mean does not."""
        assert self._lines.loss is not None  # a tape with losses comes from lines that have one
        terms = dd_mul(seed, self._lines.loss(tape))
        value = dd_div(dd_rowsum(terms), total)
        if not np.isfinite(value[0]):
            value = dd_rowsum(dd_div(terms, total))
        return float(rounded_pair(value, tape.w.dtype))


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

    @np.errstate(all="ignore")
    def _values(self, name: str, inputs: Inputs, threads: int) -> Array:
        if name != "jvp":
            return super()._values(name, inputs, threads)
        (w, v), lines = self._apart(inputs.w), self._lines.jvp or absent(self.facts, "derivative along a vector")
        return self._table(name, inputs, lines(self._lines.forward(w, inputs.X, inputs.y), pairs_of(v)))[()]

    @np.errstate(all="ignore")
    def _reduced_sums(self, name: str, inputs: Inputs, s: Array, total: Any, threads: int) -> Array:
        w, v = self._apart(inputs.w)
        lines: Any = getattr(self._lines, name) or absent(self.facts, name)
        tape = self._lines.forward(w, inputs.X, inputs.y)
        along = (pairs_of(v),) if name == "hvp" else ()
        return divided(partial(lines, tape, *along), pair_of(seed_of(tape, s)), as_pair(total), w.dtype)


def divided(sums: Callable[..., Sequence[Pair]], seed: Pair, total: Pair, dtype: np.dtype[Any]) -> Array:
    """Divide sums over rows by total and round them; a sum may overflow where the mean does not.

    Args:
        sums: gives them for the factor of each row, and a function that adds up rows.
        seed: the factors.
        total: the divisor.
        dtype: of the result.
    """
    columns = [dd_div(one, total) for one in sums(seed, dd_rowsum)]
    if not all(np.isfinite(column[0]) for column in columns):
        columns = list(sums(dd_div(seed, total), dd_rowsum))
    return np.array([rounded_pair(column, dtype) for column in columns])


def as_pair(total: Pair | float) -> Pair:
    """Give a pair that is one already, or that of a number."""
    return total if isinstance(total, tuple) else pair_of(total)


def bind_accurate(facts: Facts, lines: AccurateLines[T], laws: Sequence[Law]) -> AccurateBound[T]:
    """Make the public functions of a module in double-double arithmetic, which keeps the result as _model."""
    return AccurateBound(facts, lines, laws)


def bind_accurate_with_derivatives(facts: Facts, lines: AccurateLines[T], laws: Sequence[Law]) -> AccurateOnRequest[T]:
    """Make those of a module with derivatives on request; else as bind_accurate."""
    return AccurateOnRequest(facts, lines, laws)
