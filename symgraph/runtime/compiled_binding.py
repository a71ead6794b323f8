"""Binding of a compiled C library, whose functions compute in float64 or in float32 and write where they are told."""

import ctypes
from collections.abc import Callable, Mapping, MutableSequence, Sequence
from math import fsum
from typing import Any, NoReturn

import numpy as np

from symgraph.module_functions import ALL_FUNCTIONS, ALONG, TELLING
from symgraph.runtime.contract import followed_by_constants, row_shape, some_rows
from symgraph.runtime.derivatives_on_request import DerivativesLoosely
from symgraph.runtime.facts import DOUBLE, Array, Facts, Inputs, result_shape
from symgraph.runtime.labels import array_of
from symgraph.runtime.lines import V
from symgraph.runtime.replay import shared
from symgraph.runtime.streamed import ReadRows
from symgraph.runtime.target_values import TargetRule, refuse_other_values

SHARE = 16_384
"""Most rows of one call of a C function: so many that handing them to a thread takes little time beside the work."""

OF_DOUBTS = (*TELLING.values(), "noted")
"""Functions of a C file that tell where digits may be lost."""


class RowFunctions:
    """The functions of one row, on Python floats."""

    facts: Facts
    functions: Mapping[str, Any]
    dtype = DOUBLE
    _rules: Sequence[TargetRule]

    def row(self, w: Sequence[float], x: Sequence[float], y: Any, grad: "MutableSequence[float] | Array") -> float:
        """Compute the loss of one row, and write its partials into grad.

        Args:
            w: weights in the order of WEIGHTS.
            x: features in the order of FEATURES.
            y: the target; a sequence of several targets.
            grad: a list or array that receives d loss / d w.
        """
        refuse_truncation(grad, "grad")
        targets = self._vector(y, self.facts.targets, "y") if self.facts.targets else None
        target = float(0.0 if y is None else real_numbers(np.asarray(y), "y")) if targets is None else address_of(targets)
        partials = np.empty(len(self.facts.weights), self.dtype)
        weights, features = self._of_a_row(w, x)
        if self._rules:
            refuse_other_values(self._rules, features, self.dtype.type(y) if targets is None else targets)
        value: float = self.functions["row"](address_of(weights), address_of(features), target, address_of(partials))
        for index, partial in enumerate(partials.tolist()):
            grad[index] = partial
        return value

    def predict_row(self, w: Sequence[float], x: Sequence[float]) -> Any:
        """Compute the output of one row; a tuple of several outputs."""
        return self._outputs("predict_row", w, x)

    def predict_jacobian_row(self, w: Sequence[float], x: Sequence[float], jacobian: "MutableSequence[Any] | Array") -> Any:
        """Compute the output of one row, a tuple of several outputs, and write its partials into jacobian.

        Args:
            w: weights in the order of WEIGHTS.
            x: features in the order of FEATURES.
            jacobian: a list or array that receives d output / d w; of several outputs one of such, or of shape (m, k).
        """
        for into in (jacobian, *jacobian) if len(self.facts.outputs) > 1 else (jacobian,):
            refuse_truncation(into, "jacobian")
        table = np.empty((max(1, len(self.facts.outputs)), len(self.facts.weights)), self.dtype)
        found = self._outputs("predict_jacobian_row", w, x, table)
        if len(table) > 1:
            for row, own in enumerate(table.tolist()):
                jacobian[row][:] = own
        else:
            for index, partial in enumerate(table[0].tolist()):
                jacobian[index] = partial
        return found

    def _outputs(self, name: str, w: Sequence[float], x: Sequence[float], *written: Array) -> Any:
        """Call a function of one row that returns its output, or writes several, which become a tuple."""
        outputs = [np.empty(len(self.facts.outputs), self.dtype)] if len(self.facts.outputs) > 1 else []
        arrays = (*self._of_a_row(w, x), *outputs, *written)  # named, since an address keeps no array alive
        value = self.functions[name](*map(address_of, arrays))
        return tuple(outputs[0].tolist()) if outputs else value

    def _of_a_row(self, w: Sequence[float], x: Sequence[float]) -> tuple[Array, Array]:
        weights = self._vector(w, self.facts.weights, "w")
        return followed_by_constants(self.facts, weights), self._vector(x, self.facts.features, "x")

    def _vector(self, values: Any, names: Sequence[str], what: str) -> Array:
        """Check a vector with an entry for each name."""
        vector = for_c(real_numbers(array_of(values, names, what), what), self.dtype)
        if vector.shape != (len(names),):
            raise ValueError(f"{what} has shape {vector.shape}, {self.facts.model} needs ({len(names)},)")
        return vector


class CompiledBinding(DerivativesLoosely[Any], RowFunctions):
    """The public functions of a compiled library; X or y is None where the model has none.

    Arguments and results are those of Bound, except that all is computed in the dtype of the library. There is no tape.
    """

    def __init__(self, facts: Facts, functions: Mapping[str, Any]) -> None:
        super().__init__(facts, ())
        self.functions = functions
        self.dtype = np.dtype(facts.dtypes[0])
        self._penalty_lines = self._called_penalty if "penalty" in functions else None

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"the compiled module of {self.facts.model} cannot be pickled; load its C file where it is wanted")

    def _tape(self, inputs: Inputs) -> None:
        """Return no tape, so that a missing target is an error: C has no loss without it."""

    def _called_penalty(self, w: Array) -> Sequence[float]:
        partials = np.empty(len(self.facts.weights), self.dtype)
        weights = for_c(w, self.dtype)
        value = self.functions["penalty"](address_of(weights), address_of(partials))
        return value, *partials.tolist()

    def constraint_lines(self, w: Array) -> Array:
        """Compute the constraints and then their partials from w, the constants behind the weights; see ``Constraints``."""
        limits: Any = self.facts.metadata["constraints"]
        weights = for_c(w, self.dtype)
        found = np.full(len(limits) * (1 + len(self.facts.weights)), np.nan, self.dtype)
        self.functions["constraints"](address_of(weights), address_of(found))
        self.functions["constraints_jacobian"](address_of(weights), address_of(found[len(limits) :]))
        return found

    def _penalty_hessian(self, w: Array) -> Array:
        full = np.empty((len(self.facts.weights),) * 2, self.dtype)
        weights = for_c(w, self.dtype)
        self.functions["penalty_hessian"](address_of(weights), address_of(full))
        return full

    def _total(self, s: Array) -> float:
        return float(np.sum(s, dtype=np.float64))

    def _by_row(self, name: str, inputs: Inputs, threads: int) -> Array:
        """Call a C function that writes the results of one row after another."""
        shape = row_shape(inputs)
        result = np.empty(result_shape(self.facts, name, shape), self.dtype)
        by_row = result.reshape((*shape, -1)) if shape else result
        given = (inputs.X, inputs.y) if "y" in ALL_FUNCTIONS[name].takes else (inputs.X,)

        def piece(count: int, w: int, *places: int | None) -> None:
            self.functions[name](w, *self._directions(name, w), *places[:-1], count, places[-1])

        in_pieces(piece, inputs, (*given, by_row), threads)
        return result if result.ndim else result[()]

    def _products(self, inputs: Inputs, s: Array) -> tuple[Array, Array, float]:
        if "normal_equations" not in self.functions:  # those of a C file may be chosen
            return super()._products(inputs, s)
        count, rows = len(self.facts.weights), row_shape(inputs)
        results = [np.empty(shape, self.dtype) for shape in ((count, count), (count,), ())]
        given = (inputs.w, inputs.X, inputs.y, factors_of(inputs, s))
        kept = [None if array is None else for_c(array, self.dtype) for array in given]
        places = [None if array is None else address_of(array) for array in kept]
        self.functions["normal_equations"](*places, rows[0] if rows else 1, *map(address_of, results))
        squares, gradient, loss = (result.astype(np.float64, copy=False) for result in results)
        return squares, gradient, float(loss)

    def _directions(self, name: str, w: int) -> Sequence[int]:
        """Give the address of the direction behind the weights and constants, for a function that takes one."""
        behind = len(self.facts.weights) + len(self.facts.constants)
        return [w + behind * self.dtype.itemsize] if name in ALONG else []

    def _sums_of(self, name: str, inputs: Inputs, s: Array, threads: int) -> Array:
        k = len(self.facts.weights)
        shape = {"value_and_grad": (1 + k,), "hessian": (k, k)}.get(name, (k,))

        def piece(count: int, w: int, *places: int | None) -> list[float]:
            if name == "loss":
                return [self.functions[name](w, *places, count)]
            sums = np.empty(shape, self.dtype)
            into = address_of(sums)
            ends = (into, into + sums.itemsize) if name == "value_and_grad" else (into,)
            self.functions[name](w, *self._directions(name, w), *places, count, *ends)
            found: list[float] = (sums[np.triu_indices(k)] if name == "hessian" else sums).tolist()
            return found

        parts = in_pieces(piece, inputs, (inputs.X, inputs.y, factors_of(inputs, s)), threads)
        return np.array(parts[0] if len(parts) == 1 else [total_of(one) for one in zip(*parts, strict=True)])


def factors_of(inputs: Inputs, s: Array) -> Array | None:
    """Give the factor of each row's loss, or None where all are 1."""
    if s.ndim == 0:
        return None if s == 1.0 else np.full(row_shape(inputs), s, s.dtype)
    return s


def in_pieces(work: Callable[..., V], inputs: Inputs, arrays: Sequence[Any], threads: int) -> list[V]:
    """Call work for pieces of a fixed size of some rows, so that results do not depend on the number of threads.

    Args:
        work: takes the number of rows, the address of the weights and those of the rows in each array, None for None.
        inputs: says how many rows there are; one alone is a piece.
        arrays: of an entry a row, or None.
        threads: how many share the pieces; C works without Python's lock.
    """
    shape = row_shape(inputs)
    rows = shape[0] if shape else 1
    if isinstance(inputs.y if inputs.X is None else inputs.X, ReadRows):  # the same pieces, one after the other
        cuts = [slice(start, start + SHARE) for start in range(0, rows, SHARE)]
        parts = ((some_rows(inputs, cut), [None if array is None else array[cut] for array in arrays]) for cut in cuts)
        return [value for some, given in parts for value in in_pieces(work, some, given, threads)]
    kept = [None if array is None else for_c(array, inputs.w.dtype) for array in arrays]
    weights = for_c(inputs.w, inputs.w.dtype)
    w, places = address_of(weights), [None if array is None else address_of(array) for array in kept]
    if rows <= SHARE:
        return [work(rows, w, *places)]
    sizes = [0 if array is None else array.strides[0] for array in kept]

    def piece(start: int) -> V:
        moved = [None if place is None else place + start * size for place, size in zip(places, sizes, strict=True)]
        return work(min(SHARE, rows - start), w, *moved)

    return shared(piece, range(0, rows, SHARE), threads)


def real_numbers(array: Array, what: str) -> Array:
    """Return an array of one row's arguments as it is.

    Raises:
        TypeError: its entries are complex, texts or dates, of which a cast would leave a part.
    """
    if array.dtype.kind not in "biufO":
        raise TypeError(f"{what} has dtype {array.dtype}; it needs real numbers")
    return array


def refuse_truncation(into: Any, what: str) -> None:
    """Refuse an array that cannot hold partials, which would be cut to whole numbers in it.

    Raises:
        TypeError: it is one.
    """
    if isinstance(into, np.ndarray) and into.dtype.kind not in "fO":
        raise TypeError(f"{what} has dtype {into.dtype}, which cannot hold partials; give one of float64")


def for_c(array: Any, dtype: np.dtype[Any]) -> Array:
    """Return an array as C reads it: one row after another, each number where numbers of its size may lie."""
    ready = np.asarray(array, dtype, order="C")
    return ready if ready.flags.aligned else ready.copy()


def address_of(array: Array) -> int:
    """Give the address of an array's memory."""
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(array))  # type: ignore[arg-type]  # a buffer; the stubs of Python 3.11 do not say so
    except (TypeError, ValueError):  # memory that is read-only, or none
        address: int = array.ctypes.data
        return address


def total_of(parts: Sequence[float]) -> float:
    """Give the sum of the pieces' sums, rounded once; inf or nan where one is, or where they overflow."""
    try:
        return fsum(parts)
    except (OverflowError, ValueError):
        return sum(parts)  # in Python, which gives no warning
