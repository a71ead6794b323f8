"""Binding of a careful module that runs natively.

Compiled code computes all rows, and tells which of them are in doubt. For these the lines of NumPy bound the errors; rows in
which digits are lost they compute anew, over pairs of floats.
"""

from typing import Any

import numpy as np

from symgraph.runtime.binding import Binding
from symgraph.runtime.careful_binding import RANGES, CarefulBound, count_of, in_doubles
from symgraph.runtime.compiled_binding import ALONG, CompiledBinding, in_pieces
from symgraph.runtime.contract import row_shape, some_rows
from symgraph.runtime.facts import DOUBLE, WITH_TARGET, Array, Inputs
from symgraph.runtime.lines import T
from symgraph.runtime.native_binding import NativeLoosely
from symgraph.runtime.streamed import ReadRows
from symgraph.runtime.sums import rowsum

_SUMS = ("loss", "value_and_grad")
"""Functions that add up rows and of which compiled code tells the rows in doubt."""


class NativeCarefully(NativeLoosely[T]):
    """The public functions of a careful module by compiled libraries, except for the rows in which digits are lost."""

    _lines: CarefulBound[T]
    _products = Binding._products

    @np.errstate(all="ignore")
    def _by_row(self, name: str, inputs: Inputs, threads: int) -> Array:
        if not self._is_compiled(name, inputs):
            return self._lines._by_row(name, inputs, threads)
        compiled, left = self._noting(name)
        result = np.asarray(compiled._by_row(name, inputs, threads))
        table = result.reshape(count_of(inputs), -1)
        suspects = self._in_doubt(name, inputs, threads, any(left))
        if not np.isfinite(table).all():
            suspects = np.union1d(suspects, np.flatnonzero(~np.isfinite(table).all(axis=1)))
        careful, uncertain = self._lines._with_care(name, inputs, table, suspects)
        self._lines._counts.add(name, len(table), len(suspects), len(careful), uncertain.tolist())
        return result if result.ndim else result[()]

    @np.errstate(all="ignore")
    def _sums_of(self, name: str, inputs: Inputs, s: Array, threads: int) -> Array:
        if name not in _SUMS or not self._is_compiled(name, inputs):
            return self._lines._sums_of(name, inputs, s, threads)
        compiled, left = self._noting(name)
        sums = compiled._sums_of(name, inputs, s, threads)
        if not np.isfinite(sums).all():  # by rows that only the lines tell
            return self._lines._sums_of(name, inputs, s, threads)
        suspects = self._in_doubt(name, inputs, threads, any(left))
        if suspects.size == 0:
            self._lines._counts.add(name, count_of(inputs), 0, 0, ())
            return sums
        careful, terms = self._lines._careful_terms(name, inputs, suspects)
        return self._sums_with(name, inputs, s, careful, terms, threads) if careful.size else sums

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
        there = name in self._compiled.functions and name not in ALONG
        tells = self._telling(name) in self._compiled.functions
        whole = not isinstance(inputs.y if inputs.X is None else inputs.X, ReadRows)
        missing = inputs.y is None and bool(self.facts.target_names) and self._telling(name) == "doubts"
        return there and tells and whole and not missing and bool(inputs.w.dtype == DOUBLE)

    @staticmethod
    def _telling(name: str) -> str:
        return "doubts" if name in (*_SUMS, *WITH_TARGET) else "output_doubts"

    def _noting(self, name: str) -> tuple[CompiledBinding, list[int]]:
        """Give compiled code for a function that notes in a list whether a number left the range of normal ones."""
        functions, left = self._compiled.functions, list[int]()
        function, left_range = functions[name], functions["left_range"]

        def noted(*given: Any) -> Any:
            left_range()
            value = function(*given)
            left.append(left_range())
            return value

        return CompiledBinding(self._compiled.facts, {name: noted}), left

    def _in_doubt(self, name: str, inputs: Inputs, threads: int, left: bool) -> Array:
        """Give the rows in which digits may be lost in what a function computes of them.

        Args:
            name: the function.
            inputs: the rows.
            threads: how many share the work.
            left: whether a number left the range of normal ones, so that it is asked in which rows.
        """
        telling = self._telling(name)
        function, found = self._compiled.functions[telling], np.empty(row_shape(inputs) or 1)
        given = (inputs.X, inputs.y) if telling == "doubts" else (inputs.X,)

        def piece(count: int, w: int, *places: int | None) -> Any:
            return function(w, *places[:-1], count, places[-1])

        if not any(in_pieces(piece, inputs, (*given, found), threads)) and not left:
            return np.empty(0, int)
        if left:
            found -= self._lines._plain_table(RANGES + name, in_doubles(inputs), threads)[:, 0]
        return np.flatnonzero(found < 1.0)
