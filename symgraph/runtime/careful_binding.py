"""Binding of modules that compute with NumPy, and rows in which digits are lost over pairs of floats.

A row goes through three stages. The lines watch operations that may lose digits, such as sums that are small beside their
terms; most rows have none. Of the others the error is bounded, and those whose bound is not small beside the result are
computed again, by the same lines over pairs of floats.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from symgraph.runtime.binding import Binding
from symgraph.runtime.bounded_numbers import BoundedArithmetic, BoundedNumber, BoundOf, Origin
from symgraph.runtime.bounds import WIDER, add_bound, sub_bound
from symgraph.runtime.care import CareCounts
from symgraph.runtime.contract import is_batch, row_shape, some_rows
from symgraph.runtime.derivatives_on_request import BoundOnRequestLoosely
from symgraph.runtime.double_double import Pair
from symgraph.runtime.doubts import in_doubt, may_be_in_doubt, out_of_range
from symgraph.runtime.facts import DOUBLE, OF_OUTPUTS, Array, Facts, Inputs, result_shape
from symgraph.runtime.lines import Lines, T
from symgraph.runtime.negligible import CARE, SMALLEST, those_that_count
from symgraph.runtime.pairs import BlurredPairs, PairArithmetic, Pairs
from symgraph.runtime.recording import Given, Kind, Traced
from symgraph.runtime.replay import uniform_values
from symgraph.runtime.sums import PIECE, added, rowsum, unsummed
from symgraph.runtime.weights import Law

CareFunctions = Mapping[str, tuple[BoundOf, Callable[..., Pair]]]

PAIRS_GAIN = 2.0**-45
"""Errors of pairs are taken for at most so much of a bound for floats; this leaves room for functions of pairs."""
STILL = CARE / 16
"""By how much of itself a result may move with blurred pairs where it counts as known. A blur is some 2**8 times what pairs
round, so that a result moves less than it is off only where 2**12 chances in a row are against it."""

TERMS, DOUBTS, RANGES, COUNTED = "terms of ", "doubts of ", "ranges of ", "counted "
"""Before the name of a function, the programs that stand beside its own; see where they are made."""


class Signals:
    """Tells if a number overflowed or underflowed, which processors note by the way."""

    def __init__(self) -> None:
        self.came = False

    def __call__(self, *_: Any) -> None:
        """Note one; NumPy calls this."""
        self.came = True

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Note what comes meanwhile."""
        with np.errstate(all="ignore", over="call", under="call", divide="call", call=self):
            yield


class TargetOfRows(BoundedNumber):
    """The target, as it is given."""


class CarefulBounds(BoundedArithmetic):
    """Bounds errors beside what is given: a residual's own rounding does not count where it is small beside the target."""

    target = TargetOfRows

    def applied(self, function: BoundOf, *operands: Any) -> BoundedNumber:
        """Apply a function; the target less a value, which is as small as noise, is judged beside these two."""
        found = super().applied(function, *operands)
        if function in (add_bound, sub_bound) and any(isinstance(one, TargetOfRows) for one in operands):
            value, error = found.bound
            size = np.maximum(*(np.abs(self.number(one).bound[0]) for one in operands))
            found.bound = value, np.where(error <= CARE * size, 0.0, error)
        return found


class CarefulBound(BoundOnRequestLoosely[T]):
    """The public functions of a module that computes with NumPy, rows in which digits are lost over pairs.

    All is computed in float64. A tape has careful outputs and losses, and other nodes as plain arithmetic gives them; penalties
    and constraints are those of plain arithmetic.
    """

    _products = Binding._products

    def __init__(
        self, facts: Facts, lines: Lines[T], functions: CareFunctions, rests: Mapping[float, float], laws: Sequence[Law]
    ) -> None:
        super().__init__(facts, lines, laws)
        radii = {constant: abs(rest) * WIDER for constant, rest in rests.items()}
        self._bounds = CarefulBounds({name: bound for name, (bound, _) in functions.items()}, radii, DOUBLE)
        of_pairs = {name: pairs for name, (_, pairs) in functions.items()}
        self._pairs, self._blurred = (PairArithmetic(of_pairs, rests, numbers) for numbers in (Pairs, BlurredPairs))
        self._lines_over = {
            arithmetic: BoundOnRequestLoosely(facts, lines_over(lines, arithmetic.over), laws)
            for arithmetic in (self._bounds, self._pairs, self._blurred)
        }
        own = {**self._sums}
        for name in (*self._columns, *self._sums):
            own[TERMS + name] = partial(self._watched_terms, name)
            own[DOUBTS + name] = partial(self._doubts, name)
            own[RANGES + name] = partial(self._ranges, name)
        own |= {COUNTED + name: partial(self._counted, name) for name in self._sums}
        self._sums = own
        self._counts = CareCounts(facts.model)
        self.counting = self._counts.counting

    def _watched_terms(self, name: str, given: Given) -> Sequence[Any]:
        """Give what a function computes of each row before sums, and where something was small in it."""
        terms = self._terms(name, given)
        return [*terms, in_doubt(terms, tuple(Kind), given.w.T[0].recorder)]

    def _doubts(self, name: str, given: Given) -> Sequence[Any]:
        """Give where something was small in what a function computes, without the results."""
        return self._watched_terms(name, given)[-1:]

    def _ranges(self, name: str, given: Given) -> Sequence[Any]:
        """Give where something on the way to what a function computes left the range of normal numbers."""
        return [out_of_range(self._terms(name, given), given.w.T[0].recorder)]

    def _terms(self, name: str, given: Given) -> Sequence[Any]:
        """Give what a function computes of each row, unsummed."""
        return self._lines_of(name)(given._replace(weight=None, rowsum=unsummed))

    def _counted(self, name: str, given: Given) -> Sequence[Any]:
        """Give the sums of a function, in how many rows something may be small, and whether something was in the sums."""
        sums, recorder = self._sums[name](given), given.w.T[0].recorder
        of_rows = may_be_in_doubt(sums, (Kind.UNIFORM, Kind.ROW), recorder)
        rowsum_of: Any = given.rowsum
        total = rowsum_of(of_rows) if isinstance(of_rows, Traced) else of_rows  # where nothing is watched
        return [*sums, total, in_doubt(sums, (Kind.TOTAL,), recorder)]

    @np.errstate(all="ignore")
    def _tape(self, inputs: Inputs) -> T:
        tape: Any = super()._tape(inputs)
        fields: Any = self.facts.metadata["fields"]
        names = {"predict": [fields.get(name, name) for name in self.facts.outputs]}
        names |= {} if tape.loss is None else {"loss": ["loss"]}
        found: dict[str, Any] = {}
        for function, own in names.items():
            table = self._table(function, in_doubles(inputs), 1).astype(inputs.w.dtype) if own else np.empty((0, 0))
            found |= {name: column.reshape(row_shape(inputs))[()] for name, column in zip(own, table.T, strict=True)}
        kept: T = tape._replace(**{name: value for name, value in found.items() if name in tape._fields})
        return kept

    @np.errstate(all="ignore")
    def _pulled(self, tape: T, seed: Array) -> Array:
        given: Any = tape
        sums = self._sums_of("value_and_grad", Inputs(given.w, given.X, given.y), np.asarray(seed), 1)
        return sums[1:].astype(given.w.dtype)

    @np.errstate(all="ignore")
    def _by_row(self, name: str, inputs: Inputs, threads: int) -> Array:
        table = self._table(name, in_doubles(inputs), threads).astype(inputs.w.dtype, copy=False)
        table = table.reshape(*row_shape(inputs), -1)
        if self._several:
            return table.reshape(result_shape(self.facts, name, row_shape(inputs)))[()]
        return table if name not in OF_OUTPUTS else table[..., 0]

    def _sums_of(self, name: str, inputs: Inputs, s: Array, threads: int) -> Array:
        wide, s = in_doubles(inputs), s.astype(np.float64)
        if not is_batch(wide):
            return np.asarray(self._table(name, wide, threads)[0] * s)
        rows, parts = row_shape(wide)[0], list[Any]()
        sums, careful, terms = self._plain_sums(name, wide, s, threads)
        if careful.size == 0:
            return sums
        for start in range(0, rows, PIECE):
            some, factors = some_rows(wide, slice(start, start + PIECE)), s[start : start + PIECE] if s.ndim else s
            inside = (start <= careful) & (careful < start + PIECE)
            if inside.any():
                table = self._plain_table(TERMS + name, some, threads)[:, :-1].copy()
                table[careful[inside] - start] = terms[inside]
                parts.append([rowsum(np.ascontiguousarray(term) * factors) for term in table.T])
            else:
                program = self._program(COUNTED + name, some, factors.ndim > 0)
                parts.append(self._replay.totals(program, some, factors, threads)[:-2])
        return added(np.array(parts).T, rows // PIECE)

    def _plain_sums(self, name: str, inputs: Inputs, s: Array, threads: int) -> tuple[Array, Array, Array]:
        """Compute sums over the rows of a batch; give also the rows that need care, and their terms."""
        program, signals = self._program(COUNTED + name, inputs, s.ndim > 0), Signals()
        with signals.noted():
            *found, in_some, doubt = self._replay.totals(program, inputs, s, threads)
        rows, sums = np.arange(row_shape(inputs)[0]), np.array(found)
        if doubt or not np.isfinite(sums).all():
            return sums, rows, self._table(name, inputs, threads)
        suspects = rows[:0]
        if in_some or signals.came:
            doubts = self._with_ranges(name, inputs, self._plain_table(DOUBTS + name, inputs, threads)[:, 0], signals)
            suspects = np.flatnonzero(doubts)
        if suspects.size == 0:
            self._counts.add(name, len(rows), 0, 0, ())
            return sums, suspects, suspects

        def sizes() -> Array:
            terms = np.abs(self._plain_table(TERMS + name, inputs, threads)[:, :-1])
            return np.abs(s) @ terms if s.ndim else np.abs(s) * terms.sum(axis=0)

        return sums, *self._careful_terms(name, inputs, s, sums, suspects, sizes)

    def _careful_terms(
        self,
        name: str,
        inputs: Inputs,
        s: Array,
        sums: Array,
        suspects: Array,
        sizes: Callable[[], Array],
    ) -> tuple[Array, Array]:
        """Look at rows in doubt of inputs, and count them; give those that need care, and what a function adds up of them.

        Args:
            name: the function.
            inputs: all rows.
            s: their factors in the sums.
            sums: what plain arithmetic gives.
            suspects: rows in doubt.
            sizes: gives the sums of the sizes of all terms.
        """
        some = some_rows(as_batch(inputs), suspects)
        terms = self._plain_table(TERMS + name, some, 1)[:, :-1].copy()

        def counting(places: Array, errors: Array) -> Array:
            shares = np.atleast_2d(np.abs(s[suspects[places]] if s.ndim else s)).T
            return those_that_count(shares * errors, sums, count_of(inputs), sizes)

        careful, uncertain = self._with_care(name, some, terms, np.arange(len(suspects)), counting)
        self._counts.add(name, count_of(inputs), len(suspects), len(careful), suspects[uncertain].tolist())
        return suspects[careful], terms[careful]

    def _table(self, name: str, inputs: Inputs, threads: int) -> Array:
        """Compute what a function computes of each row, (rows, results), where digits are lost over pairs."""
        signals = Signals()
        with signals.noted():
            table = self._plain_table(TERMS + name, inputs, threads)
        table, doubts = table[:, :-1].copy(), self._with_ranges(name, inputs, table[:, -1], signals)
        any_doubt = doubts.any() or not np.isfinite(table).all()  # which is quicker to tell than of which rows
        suspects = np.flatnonzero((doubts != 0.0) | ~np.isfinite(table).all(axis=1)) if any_doubt else np.empty(0, int)
        careful, uncertain = self._with_care(name, inputs, table, suspects)
        self._counts.add(name, len(table), len(suspects), len(careful), uncertain.tolist())
        return table

    def _with_ranges(self, name: str, inputs: Inputs, doubts: Array, signals: "Signals") -> Array:
        """Add rows in which something left the range of normal numbers to those in doubt, if it did in any."""
        return doubts + self._plain_table(RANGES + name, inputs, 1)[:, 0] if signals.came else doubts

    def _with_care(
        self,
        name: str,
        inputs: Inputs,
        table: Array,
        suspects: Array,
        counting: Callable[[Array, Array], Array] = lambda places, _: np.ones(len(places), bool),
    ) -> tuple[Array, Array]:
        """Compute those suspect rows of a table anew in which digits are lost; give these rows, and those left uncertain.

        Args:
            name: the function.
            inputs: all rows.
            table: what plain arithmetic gives of them, which is written to.
            suspects: the rows in doubt.
            counting: tells of which of some rows errors, of which bounds are given, count.
        """
        suspects = suspects[are_numbers(as_batch(inputs), suspects)] if suspects.size else suspects
        if suspects.size == 0:
            return suspects, suspects
        errors = self._errors_at(name, inputs, suspects)
        losing = ~np.all((errors <= CARE * np.abs(table[suspects]) + SMALLEST) & np.isfinite(table[suspects]), axis=1)
        losing &= counting(suspects, errors)
        careful = suspects[losing]
        if careful.size == 0:
            return careful, careful
        table[careful] = self._over_pairs(name, inputs, careful, self._pairs)
        uncertain = careful[~np.all(errors[losing] * PAIRS_GAIN <= CARE * np.abs(table[careful]) + SMALLEST, axis=1)]
        if uncertain.size:
            shifts = np.abs(self._over_pairs(name, inputs, uncertain, self._blurred) - table[uncertain])
            uncertain = uncertain[~np.all(shifts <= STILL * np.abs(table[uncertain]) + SMALLEST, axis=1)]
        return careful, uncertain

    def _plain_table(self, name: str, inputs: Inputs, threads: int) -> Array:
        one, rows = np.asarray(1.0), as_batch(inputs)
        program = self._program(name, rows, False)
        if is_batch(rows):
            return self._replay.by_row(program, rows, one, threads)
        values = uniform_values(program, rows.w, one)  # there is nothing but weights
        return np.array([[values[position] for position in program.results]], np.float64)

    def _errors_at(self, name: str, inputs: Inputs, rows: Array) -> Array:
        """Bound the errors of the results in some rows."""
        given = self._bounds.arguments(self.facts, some_rows(as_batch(inputs), one_or_many(rows)))
        one = self._bounds.given(np.asarray(1.0), Origin.DERIVATIVES)
        found = self._lines_over[self._bounds]._lines_of(name)(Given(*given, one, None, unsummed))
        result = np.empty((len(rows), len(found)))
        for place, number in enumerate(found):
            value, error = self._bounds.number(number).bound
            result[:, place] = np.where(np.isfinite(value), error, np.inf)
        return result

    def _over_pairs(self, name: str, inputs: Inputs, rows: Array, pairs: PairArithmetic) -> Array:
        """Compute some rows over pairs."""
        w, X, y = map(pairs.given, some_rows(as_batch(inputs), one_or_many(rows)))
        found = self._lines_over[pairs]._lines_of(name)(Given(w, X, y, pairs.given(1.0), None, unsummed))
        columns = [np.broadcast_to(pairs.rounded(one, DOUBLE), len(rows)) for one in found]
        return np.stack(columns, axis=1)


def one_or_many(rows: Array) -> Any:
    """Give the place of a row that is alone: scalars over pairs take a third of the time of arrays of one number."""
    return rows[0] if len(rows) == 1 else rows


def lines_over(lines: Lines[T], over: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Lines[T]:
    """Give lines that compute with other numbers."""
    return Lines(*(None if one is None else over(one) for one in lines))  # type: ignore[arg-type]


def are_numbers(inputs: Inputs, rows: Array) -> Array:
    """Tell for some rows whether all that is given is finite."""
    finite: Array = np.full(len(rows), np.isfinite(inputs.w).all())
    for one in (inputs.X, inputs.y):
        if one is not None:
            finite = finite & np.isfinite(one[rows]).all(axis=tuple(range(1, one.ndim)))
    return finite


def count_of(inputs: Inputs) -> int:
    """Give the number of rows."""
    return row_shape(inputs)[0] if is_batch(inputs) else 1


def in_doubles(inputs: Inputs) -> Inputs:
    """Give inputs in float64."""
    return Inputs(*(None if one is None else np.asarray(one, np.float64) for one in inputs))  # type: ignore[arg-type]


def as_batch(inputs: Inputs) -> Inputs:
    """Give one row as a batch of it; weights alone as they are."""
    w, X, y = inputs
    if is_batch(inputs) or (X is None and y is None):
        return inputs
    return Inputs(w, None if X is None else X[np.newaxis], None if y is None else np.asarray(y)[np.newaxis])


def bind_carefully(
    facts: Facts, lines: Lines[T], functions: CareFunctions, rests: Mapping[float, float], laws: Sequence[Law]
) -> CarefulBound[T]:
    """Make the public functions of a module whose rows are computed over pairs where digits are lost.

    Args:
        facts, lines, laws: as for bind; X and y may be None.
        functions: for each function that the lines call by name the one that bounds its error, and that of pairs.
        rests: of constants that are no floats, what their floats lack.
    """
    return CarefulBound(facts, lines, functions, rests, laws)
