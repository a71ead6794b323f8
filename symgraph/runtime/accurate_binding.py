"""Binding of modules in double-double arithmetic: the contract of other modules, over their lines run with pairs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from symgraph.runtime.contract import row_shape
from symgraph.runtime.derivatives_on_request import DerivativesLoosely
from symgraph.runtime.double_double import Pair
from symgraph.runtime.facts import Array, Facts, Inputs, result_shape
from symgraph.runtime.lines import Columns, Lines, T, absent, columns_of, losses_of
from symgraph.runtime.loose_binding import LooseBinding
from symgraph.runtime.pairs import PairArithmetic
from symgraph.runtime.sums import unsummed
from symgraph.runtime.weights import Law

Functions = Mapping[str, Callable[..., Pair]]


class AccurateBound(LooseBinding[T]):
    """The public functions of a module in double-double arithmetic; X or y is None where the model has none.

    Arguments and results are those of Bound. All rows are computed at once, in one thread.
    """

    def __init__(
        self, facts: Facts, lines: Lines[T], functions: Functions, rests: Mapping[float, float], laws: Sequence[Law]
    ) -> None:
        super().__init__(facts, laws)
        self.pairs = PairArithmetic(functions, rests)
        self._lines: Lines[T] = Lines(*(None if one is None else self.pairs.over(one) for one in lines))  # type: ignore[arg-type]
        self._penalty_lines = None if lines.penalty is None else self._rounded_penalty
        self._backward = self._lines.backward or absent(facts, "loss")
        self._columns: Mapping[str, Columns[T]] = {
            **columns_of(facts, self._lines),
            "per_sample_grad": lambda tape: self._backward(tape, self._seed_of(tape, 1.0), unsummed),
        }

    def of_weights(self, lines: "Callable[[Any], Sequence[Any]]") -> "Callable[[Array], Array]":
        """Give lines that compute numbers from the weights, over pairs, their results rounded."""
        over = self.pairs.over(lines)
        return lambda w: np.array([self.pairs.rounded(one, w.dtype) for one in over(self.pairs.given(w))])

    def _rounded_penalty(self, w: Array) -> Sequence[Array]:
        assert self._lines.penalty is not None  # else nobody calls this
        return [self.pairs.rounded(one, w.dtype) for one in self._lines.penalty(self.pairs.given(w))]

    def _in_pairs(self, inputs: Inputs) -> T:
        return self._lines.forward(*map(self.pairs.given, inputs))

    @np.errstate(all="ignore")
    def _tape(self, inputs: Inputs) -> T:
        tape: Any = self._in_pairs(inputs)
        rounded: T = type(tape)(*inputs, *(self.pairs.rounded(value, inputs.w.dtype) for value in tape[len(inputs) :]))
        return rounded

    def _seed_of(self, tape: T, cotangent: Any) -> Any:
        """Give the factor of each row's loss."""
        losses = self.pairs.numbers.of(losses_of(tape))
        return self.pairs.given(np.broadcast_to(cotangent, np.shape(losses.hi)))

    def _total(self, s: Array) -> Any:
        return self.pairs.rowsum(self.pairs.given(s))

    def _pulled(self, tape: T, seed: Array) -> Array:
        columns = self._backward(self._in_pairs(Inputs(tape.w, tape.X, tape.y)), self.pairs.given(seed), self.pairs.rowsum)
        return np.array([self.pairs.rounded(column, tape.w.dtype) for column in columns])

    @np.errstate(all="ignore")
    def _by_row(self, name: str, inputs: Inputs, threads: int) -> Array:
        """Put rounded columns into an array."""
        columns = self._columns_of(name, inputs)
        result = np.empty((*row_shape(inputs), len(columns)), inputs.w.dtype)
        for index, column in enumerate(columns):
            result[..., index] = self.pairs.rounded(column, inputs.w.dtype)
        return result.reshape(result_shape(self.facts, name, row_shape(inputs)))[()]

    def _columns_of(self, name: str, inputs: Inputs) -> Sequence[Any]:
        return self._columns[name](self._in_pairs(inputs))

    @np.errstate(all="ignore")
    def _reduced(self, name: str, inputs: Inputs, s: Array, total: Any, threads: int) -> Array:
        tape, sums = self._sums_over(name, inputs)
        seed = self._seed_of(tape, s)
        means = [self.pairs.numbers.of(one) / total for one in sums(seed)]
        return np.array([self.pairs.rounded(one, inputs.w.dtype) for one in means])

    def _sums_over(self, name: str, inputs: Inputs) -> tuple[T, Callable[[Any], Sequence[Any]]]:
        """Give the tape, and what adds up over the rows from the factor of each row."""
        tape, add = self._in_pairs(inputs), self.pairs.rowsum

        def sums(seed: Any) -> Sequence[Any]:
            loss = add(seed, losses_of(tape))
            return [loss, *(self._backward(tape, seed, add) if name == "value_and_grad" else ())]

        return tape, sums


class AccurateOnRequest(DerivativesLoosely[T], AccurateBound[T]):
    """The same with derivatives on request."""

    def __init__(
        self, facts: Facts, lines: Lines[T], functions: Functions, rests: Mapping[float, float], laws: Sequence[Law]
    ) -> None:
        super().__init__(facts, lines, functions, rests, laws)
        self._penalty_entries = None if lines.penalty_hessian is None else self._rounded_entries

    def _rounded_entries(self, w: Array) -> Mapping[tuple[int, int], Array]:
        assert self._lines.penalty_hessian is not None  # else nobody calls this
        entries = self._lines.penalty_hessian(self.pairs.given(w))
        return {place: self.pairs.rounded(one, w.dtype) for place, one in entries.items()}

    def _along(self, inputs: Inputs) -> tuple[T, Any]:
        """Give the tape, and the direction that stands behind the weights."""
        w, v = self._apart(inputs.w)
        return self._in_pairs(inputs._replace(w=w)), self.pairs.given(v)

    def _columns_of(self, name: str, inputs: Inputs) -> Sequence[Any]:
        if name != "jvp":
            return super()._columns_of(name, inputs)
        lines = self._lines.jvp or absent(self.facts, "derivative along a vector")
        return lines(*self._along(inputs))

    def _sums_over(self, name: str, inputs: Inputs) -> tuple[T, Callable[[Any], Sequence[Any]]]:
        if name not in ("hessian", "hvp"):
            return super()._sums_over(name, inputs)
        lines: Any = getattr(self._lines, name) or absent(self.facts, name)
        tape, v = self._along(inputs)
        given = (tape, v) if name == "hvp" else (tape,)
        return tape, lambda seed: lines(*given, seed, self.pairs.rowsum)


def bind_accurate(
    facts: Facts, lines: Lines[T], functions: Functions, rests: Mapping[float, float], laws: Sequence[Law]
) -> AccurateBound[T]:
    """Make the public functions of a module in double-double arithmetic, which keeps the result as _model.

    Args:
        facts, lines, laws: as for bind; X and y may be None.
        functions: for each function that the lines call by name the function of pairs in its place.
        rests: of constants that are no floats, what their floats lack.
    """
    return AccurateBound(facts, lines, functions, rests, laws)


def bind_accurate_with_derivatives(
    facts: Facts, lines: Lines[T], functions: Functions, rests: Mapping[float, float], laws: Sequence[Law]
) -> AccurateOnRequest[T]:
    """Make those of a module with derivatives on request; else as bind_accurate."""
    return AccurateOnRequest(facts, lines, functions, rests, laws)
