"""Binding of a NumPy module whose results come from compiled libraries of the same model."""

from collections.abc import Callable, Sequence
from typing import Any

from symgraph.runtime.binding import Binding
from symgraph.runtime.compiled_binding import CompiledBinding, RowFunctions
from symgraph.runtime.derivatives_on_request import DerivativesLoosely, DerivativesOnRequest
from symgraph.runtime.facts import DOUBLE, Array, Inputs
from symgraph.runtime.lines import T
from symgraph.runtime.numpy_binding import Bound


class NativeBinding(DerivativesOnRequest[T], RowFunctions):
    """The public functions of a module by compiled libraries; the tape is always made by the module's lines of NumPy.

    Attributes:
        floats: gives the library in float32, or None, so that the lines compute in float32.
        counted: who counts rows in doubt at present, so that the binding is to take all calls.
        front_travel: a function and its arguments, by which another process finds the object that takes most calls.
    """

    front_travel: tuple[Callable[..., Any], tuple[Any, ...]]

    def __init__(self, lines: Bound[T], compiled: CompiledBinding) -> None:
        super().__init__(lines.facts, ())
        self._lines = lines
        self._compiled = compiled
        self.functions = compiled.functions
        self._penalty_lines = None if lines._penalty_lines is None else self._computed_penalty
        self._penalty_rows = lines._penalty_rows
        self._penalty_entries = getattr(lines, "_penalty_entries", None)
        self.floats: Callable[[], CompiledBinding | None] = lambda: None
        self.counted = list[Any]()
        self.travel = lines.__reduce__()

    def reduced_front(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """Say how another process finds the object that takes most calls, which asks for it."""
        return self.front_travel

    def _computed_penalty(self, w: Array) -> Sequence[float]:
        penalty: Any = self._in(w.dtype)._penalty_lines
        values: Sequence[float] = penalty(w)
        return values

    def _tape(self, inputs: Inputs) -> T:
        return self._lines._tape(inputs)

    def _pulled(self, tape: T, seed: Array) -> Array:
        return self._lines._pulled(tape, seed)

    def _computing(self, inputs: Inputs) -> Binding[Any]:
        return self._in(inputs.w.dtype)

    def _in(self, dtype: Any) -> Binding[Any]:
        """Choose what computes in a dtype."""
        return self._compiled if dtype == DOUBLE else self.floats() or self._lines

    def _having(self, name: str, inputs: Inputs) -> Any:
        """Choose what has a function, which a library of floats may lack if it is on request."""
        found = self._computing(inputs)
        return found if not isinstance(found, CompiledBinding) or name in found.functions else self._lines

    def _sums_of(self, name: str, inputs: Inputs, s: Array, threads: int) -> Array:
        # a loss that needs no target is computed without one by the lines
        missing = inputs.y is None and bool(self.facts.target_names)
        having: Any = self._lines if missing else self._having(name, inputs)
        sums: Array = having._sums_of(name, inputs, s, threads)
        return sums

    def _total(self, s: Array) -> Any:
        return self._in(s.dtype)._total(s)

    def _by_row(self, name: str, inputs: Inputs, threads: int) -> Array:
        found: Array = self._having(name, inputs)._by_row(name, inputs, threads)
        return found

    def _products(self, inputs: Inputs, s: Array) -> tuple[Array, Array, float]:
        return self._computing(inputs)._products(inputs, s)


class NativeLoosely(DerivativesLoosely[T], NativeBinding[T]):
    """The same for a module without features or without a target."""
