"""Binding of a careful module that runs natively.

Compiled code computes all rows, and tells which of them are in doubt. For these the lines of NumPy bound the errors; rows in
which digits are lost they compute anew, over pairs of floats.
"""

from collections.abc import Sequence
from functools import cache, partial
from typing import Any

import numpy as np

from symgraph.module_functions import ALL_FUNCTIONS, FEATURE_JACOBIAN, MODULE_FUNCTIONS, PARTIALS, TELLING
from symgraph.runtime.binding import Binding
from symgraph.runtime.careful_binding import CarefulBound, count_of
from symgraph.runtime.compiled_binding import CompiledBinding, in_pieces
from symgraph.runtime.contract import row_shape, some_rows
from symgraph.runtime.facts import DOUBLE, Array, Inputs
from symgraph.runtime.lines import T
from symgraph.runtime.native_binding import NativeLoosely
from symgraph.runtime.negligible import those_that_count
from symgraph.runtime.streamed import ReadRows
from symgraph.runtime.sums import rowsum

_SUMS = ("loss", "value_and_grad")
"""Functions that add up rows and of which compiled code tells the rows in doubt."""

_BY_FEATURES = 2
"""The column that tells of derivatives by features."""

_COLUMNS = {
    one.name: (TELLING[one.value], _BY_FEATURES if one.by == "features" else int(bool(one.by)))
    for one in MODULE_FUNCTIONS
    if not one.along and (one.by_row or one.name in _SUMS)
}
"""The compiled function that tells of rows of each function how many bits may be lost in them, and the column where it does: of
values, of these and their derivatives by weights, of derivatives by features."""


class NativeCarefully(NativeLoosely[T]):
    """The public functions of a careful module by compiled libraries, except for the rows in which digits are lost."""

    _lines: CarefulBound[T]
    _products = Binding._products

    def __init__(self, lines: CarefulBound[T], compiled: CompiledBinding) -> None:
        super().__init__(lines, compiled)
        self.counted = lines._counts.open

    @np.errstate(all="ignore")
    def _by_row(self, name: str, inputs: Inputs, threads: int) -> Array:
        if not self._is_compiled(name, inputs):
            return self._lines._by_row(name, inputs, threads)
        compiled, noted = self._noting(name)
        result = np.asarray(compiled._by_row(name, inputs, threads))
        table = result.reshape(count_of(inputs), -1)
        suspects, _ = self._in_doubt(name, inputs, threads, noted)
        if not np.isfinite(table).all():
            suspects = np.union1d(suspects, np.flatnonzero(~np.isfinite(table).all(axis=1)))
        careful, uncertain = self._lines._with_care(name, inputs, table, suspects)
        self._lines._counts.add(name, len(table), len(suspects), len(careful), uncertain.tolist())
        return result if result.ndim else result[()]

    @np.errstate(all="ignore")
    def _sums_of(self, name: str, inputs: Inputs, s: Array, threads: int) -> Array:
        if name not in _SUMS or not self._is_compiled(name, inputs):
            return self._lines._sums_of(name, inputs, s, threads)
        compiled, noted = self._noting(name)
        sums = compiled._sums_of(name, inputs, s, threads)
        if not np.isfinite(sums).all():  # by rows that only the lines tell
            return self._lines._sums_of(name, inputs, s, threads)
        suspects, errors = self._in_doubt(name, inputs, threads, noted)
        sizes = cache(partial(self._sizes, name, inputs, s, threads, sums))  # asked for twice
        if suspects.size:
            shares = np.atleast_2d(np.abs(s[suspects] if s.ndim else s)).T
            counting = those_that_count(shares * errors[:, : len(sums)], sums, count_of(inputs), sizes)
            suspects = suspects[counting]
        if suspects.size == 0:
            self._lines._counts.add(name, count_of(inputs), 0, 0, ())
            return sums
        careful, terms = self._lines._careful_terms(name, inputs, s, sums, suspects, sizes)
        return self._sums_with(name, inputs, s, careful, terms, threads) if careful.size else sums

    def _sizes(self, name: str, inputs: Inputs, s: Array, threads: int, sums: Array) -> Array:
        """Add up the sizes of the terms of partials; those of losses are taken to have one sign."""
        if name == "loss" or PARTIALS["loss"] not in self._compiled.functions:
            return np.abs(sums)
        partials = np.abs(self._compiled._by_row(PARTIALS["loss"], inputs, threads)).reshape(count_of(inputs), -1)
        return np.append(np.abs(sums[:1]), np.abs(s) @ partials if s.ndim else np.abs(s) * partials.sum(axis=0))

    def _sums_with(self, name: str, inputs: Inputs, s: Array, careful: Array, terms: Array, threads: int) -> Array:
        """Add up the terms of careful rows, and the other rows by compiled code."""
        factors = s[careful] if s.ndim else np.full(len(terms), s)
        sums = np.array([rowsum(np.ascontiguousarray(term) * factors) for term in terms.T])
        others = np.delete(np.arange(count_of(inputs)), careful)
        if others.size:
            sums += self._compiled._sums_of(name, some_rows(inputs, others), s[others] if s.ndim else s, threads)
        return sums

    def _is_compiled(self, name: str, inputs: Inputs) -> bool:
        """Tell if compiled code has a function, and tells which of the rows that are given are in doubt."""
        there = name in self._compiled.functions and name in _COLUMNS
        tells = self._telling(name) in self._compiled.functions
        whole = not isinstance(inputs.y if inputs.X is None else inputs.X, ReadRows)
        missing = inputs.y is None and bool(self.facts.target_names) and "y" in ALL_FUNCTIONS[name].takes
        return there and tells and whole and not missing and bool(inputs.w.dtype == DOUBLE)

    def _telling(self, name: str) -> str:
        """Give the compiled function that tells which rows of a function are in doubt."""
        own, _ = _COLUMNS.get(name, ("", 0))
        # a residual that is the output less the target is in doubt where the output is
        return own if own in self._compiled.functions or own != TELLING["residual"] else TELLING["output"]

    def _noting(self, name: str) -> tuple[CompiledBinding, list[int]]:
        """Give compiled code for a function, and a list of what is noted in its calls."""
        functions, found = self._compiled.functions, list[int]()
        function, noted = functions[name], functions["noted"]

        def noting(*given: Any) -> Any:
            noted()  # what came before is forgotten
            value = function(*given)
            found.append(noted())
            return value

        return CompiledBinding(self._compiled.facts, {name: noting}), found

    def _in_doubt(self, name: str, inputs: Inputs, threads: int, noted: Sequence[int]) -> tuple[Array, Array]:
        """Give the rows in which digits may be lost in what a function computes of them.

        And bounds to first order of the errors of their losses and partials, (rows, results), inf where there is none.

        Args:
            name: the function.
            inputs: the rows.
            threads: how many share the work.
            noted: what compiled code noted in calls of it: not 0 where a row may be in doubt, or a number left the range of
                normal ones; of the derivatives by features it notes nothing.
        """
        if _COLUMNS[name][1] < _BY_FEATURES and not any(noted):
            return np.empty(0, int), np.empty((0, 0))
        telling = self._telling(name)
        columns = 3 if telling == TELLING["output"] and FEATURE_JACOBIAN in self._compiled.functions else 2
        columns += 1 + len(self.facts.weights) if telling == TELLING["loss"] else 0
        function, table = self._compiled.functions[telling], np.empty((*(row_shape(inputs) or [1]), columns))
        given = (inputs.X,) if telling == TELLING["output"] else (inputs.X, inputs.y)

        def piece(count: int, w: int, *places: int | None) -> None:
            function(w, *places[:-1], count, places[-1])

        in_pieces(piece, inputs, (*given, table), threads)
        suspects = np.flatnonzero(table[:, _COLUMNS[name][1]])
        errors = table[suspects, 2:]
        errors[np.isnan(errors)] = np.inf
        return suspects, errors
