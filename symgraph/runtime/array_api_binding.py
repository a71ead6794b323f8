"""Binding of straight lines for arrays of any library: all rows at once, and no branch on a value, as JAX needs it."""

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from itertools import combinations_with_replacement
from math import nan, prod
from operator import and_
from typing import Any

import numpy as np

from symgraph.module_functions import ALL_FUNCTIONS
from symgraph.runtime.contract import check_reduction, fitted, require_weights, row_shape
from symgraph.runtime.derivatives_on_request import DerivativesLoosely, check_direction
from symgraph.runtime.facts import Facts, Inputs, RowSum, result_shape
from symgraph.runtime.lines import Columns, Lines, MatrixEntries, T, absent, check_target_of_loss, columns_of, losses_of
from symgraph.runtime.namespaces import namespace
from symgraph.runtime.sums import unsummed
from symgraph.runtime.target_values import target_of
from symgraph.runtime.weight_vectors import fitting_vectors
from symgraph.runtime.weights import Law


def brought(value: Any, like: Any) -> Any:
    """Give a copy of a value as an array of the library and the dtype of another, on its device if it comes from elsewhere."""
    xp = namespace(like)
    try:
        at_home = namespace(value) is xp
    except TypeError:
        at_home = False
    if at_home:
        return xp.astype(value, like.dtype)
    return xp.asarray(value, dtype=like.dtype, device=getattr(like, "device", None))  # JAX does not say where it traces


@np.errstate(all="ignore")
def inputs_of_any_library(facts: Facts, w: Any, X: Any, y: Any) -> Inputs:
    """Check shapes; bring w and y to the library, dtype and device of X, or y to those of w where there are no features.

    Raises:
        ValueError: shapes do not fit each other or the model.
        TypeError: the array that decides is none, or its dtype is neither float32 nor float64.
    """
    name, given = ("X", X) if facts.features else ("w", w)
    _check_decides(facts, name, given)
    inputs = fitted(facts, brought(w, given), X, None if y is None else brought(y, given))
    return inputs._replace(w=_before_constants(facts, inputs.w))


def _check_decides(facts: Facts, name: str, given: Any) -> None:
    """Refuse what is to say in which library and dtype the model computes, and cannot."""
    try:
        xp = namespace(given)
    except TypeError as error:
        raise TypeError(f"{name} says with which library {facts.model} computes: {error}") from None
    if not xp.isdtype(given.dtype, (xp.float32, xp.float64)):
        raise TypeError(f"{facts.model} computes in {' or '.join(facts.dtypes)}, not in {given.dtype}")


def _before_constants(facts: Facts, w: Any) -> Any:
    """Put the constants behind the weights."""
    return namespace(w).concat([w, brought([*facts.constants.values()], w)]) if facts.constants else w


def vectors_of_any_library(facts: Facts, w: Any) -> Any:
    """Give several vectors of weights, an array of any library with two dimensions; None for what is to be one vector."""
    return fitting_vectors(facts, w) if getattr(w, "ndim", 1) == 2 else None


def with_each_in_library(inputs: Inputs, vectors: Any) -> Iterator[Inputs]:
    """Give checked inputs with the weights of each of several vectors; the constants behind the weights stay."""
    xp, count = namespace(inputs.w), vectors.shape[1]
    for index in range(vectors.shape[0]):
        yield inputs._replace(w=xp.concat([brought(vectors[index, ...], inputs.w), inputs.w[count:]]))


def stacked_in_library(results: Sequence[Any]) -> Any:
    """Put results of several vectors of weights into arrays that begin with their number, a tuple of results into a tuple."""
    if isinstance(results[0], tuple):
        return tuple(stacked_in_library(part) for part in zip(*results, strict=True))
    return namespace(results[0]).stack(results)


@np.errstate(all="ignore")
def seed_for(tape: Any, cotangent: Any) -> Any:
    """Check the cotangent of each row's loss; give it once for each row."""
    seed, shape = brought(cotangent, tape.w), losses_of(tape).shape
    if seed.shape not in ((), shape):
        raise ValueError(f"cotangent has shape {tuple(seed.shape)}, the loss has {tuple(shape)}")
    return namespace(tape.w).broadcast_to(seed, shape)


def adding(s: Any) -> RowSum:
    """Give what adds up rows whose weights are s; a row of weight 0 counts as absent, whatever it holds."""

    def added_up(rows: Any, others: Any = None, /) -> Any:
        terms = unsummed(rows, others)
        xp = namespace(terms)
        return xp.sum(terms if s is None or s.ndim == 0 else xp.where(s > 0.0, terms, 0.0))

    return added_up


class ArrayApiBinding(DerivativesLoosely[T]):
    """The public functions of a module on arrays of any library; X or y is None where the model has none.

    Arguments and results are those of Bound, but results are arrays of the library, the dtype and the device of X. Rows are
    added up by the library's own sum, in that dtype. What sample_weight holds is not checked, and threads has no effect. Where
    a target is no label of the model, results are NaN: an error would need a look at values.
    """

    backend = "array_api"
    _checked = staticmethod(inputs_of_any_library)
    _seed = staticmethod(seed_for)
    _vectors = staticmethod(vectors_of_any_library)
    _with_each = staticmethod(with_each_in_library)
    _stacked = staticmethod(stacked_in_library)
    _number = staticmethod(lambda one: one)

    def __init__(self, facts: Facts, lines: Lines[T], laws: Sequence[Law]) -> None:
        super().__init__(facts, laws)
        self._forward = lines.forward
        self._backward = lines.backward or absent(facts, "loss")
        self._lines = lines
        self._penalty_lines = lines.penalty
        self._columns: Mapping[str, Columns[T]] = {**columns_of(facts, lines), "per_sample_grad": self._gradient}

    def _with_target(self, w: Any, X: Any, y: Any) -> Inputs:
        inputs: Inputs = self._checked(self.facts, w, X, y)
        return inputs

    def _with_nan(self, inputs: Inputs, found: Any, seed: Any = None) -> Any:
        """Give what was found, NaN in rows whose target is no label of the model.

        Args:
            inputs: the rows.
            found: a value for each row, or sums over them.
            seed: for sums, what each row was multiplied by; one of 0 is absent, any other makes the sums NaN.
        """
        if not self._rules or inputs.y is None:
            return found
        xp = namespace(inputs.w)
        good = reduce(and_, [rule.allows(inputs.X, target_of(rule, inputs.y), xp) for rule in self._rules])
        return xp.where(good if seed is None else xp.all(good | (seed == 0.0)), found, nan)

    def _weighted(self, w: Any, X: Any, y: Any, sample_weight: Any, reduction: str) -> tuple[Inputs, Any, None]:
        """Check how rows are reduced; give each row's share, of which sums need not be divided."""
        check_reduction(reduction)
        inputs = self._checked(self.facts, w, X, y)
        check_target_of_loss(self.facts, self._tape, inputs)
        shape = row_shape(inputs)
        s = brought(1.0 if sample_weight is None else sample_weight, inputs.w)
        if sample_weight is not None and s.shape != shape:
            raise ValueError(f"sample_weight has shape {tuple(s.shape)}, the rows have {tuple(shape)}")
        if reduction == "mean":
            with np.errstate(all="ignore"):
                s = s / (prod(shape) if sample_weight is None else namespace(s).sum(s))
        return inputs, s, None

    def _share(self, inputs: Inputs, sample_weight: Any, reduction: str) -> Any:
        if reduction == "sum" or sample_weight is None:
            return super()._share(inputs, None, reduction)
        weights = brought(sample_weight, inputs.w)
        return 1.0 / namespace(weights).sum(weights)

    def _weights(self, w: Any) -> Any:
        _check_decides(self.facts, "w", w)
        require_weights(self.facts, w)
        return _before_constants(self.facts, w)

    def _penalty(self, w: Any) -> tuple[Any, Any]:
        assert self._penalty_lines is not None
        xp, found = namespace(w), self._penalty_lines(w)
        value, *partials = (xp.full_like(w[0], one) if isinstance(one, float) else one for one in found)
        return value, xp.stack(partials)

    @np.errstate(all="ignore")
    def _tape(self, inputs: Inputs) -> T:
        tape: Any = self._forward(*inputs)
        if getattr(tape, "loss", None) is not None:
            tape = tape._replace(loss=self._with_nan(inputs, tape.loss))
        marked: T = tape
        return marked

    def _gradient(self, tape: T) -> Sequence[Any]:
        return self._backward(tape, brought(1.0, tape.w), unsummed)

    def _pulled(self, tape: T, seed: Any) -> Any:
        found = namespace(seed).stack(self._backward(tape, seed, adding(None)))
        return self._with_nan(Inputs(tape.w, tape.X, tape.y), found, seed)

    @np.errstate(all="ignore")
    def _by_row(self, name: str, inputs: Inputs, threads: int) -> Any:
        xp, shape = namespace(inputs.w), row_shape(inputs)
        columns = self._along("jvp", inputs) if name == "jvp" else self._columns[name](self._forward(*inputs))
        if "y" in ALL_FUNCTIONS[name].takes:
            columns = [self._with_nan(inputs, column) for column in columns]
        table = xp.stack([xp.broadcast_to(column, shape) for column in columns], axis=-1)
        return xp.reshape(table, result_shape(self.facts, name, shape))

    def _towards(self, inputs: Inputs, v: Any) -> Inputs:
        direction = brought(v, inputs.w)
        check_direction(self.facts, direction)
        return inputs._replace(w=namespace(inputs.w).concat([inputs.w, direction]))

    def _along(self, name: str, inputs: Inputs, *sums: Any) -> Sequence[Any]:
        """Compute what jvp or hvp gives, from the direction behind the weights and constants."""
        (w, v), lines = self._apart(inputs.w), getattr(self._lines, name) or absent(self.facts, name)
        found: Sequence[Any] = lines(self._forward(w, inputs.X, inputs.y), [v[index] for index in range(v.shape[0])], *sums)
        return found

    @np.errstate(all="ignore")
    def _reduced(self, name: str, inputs: Inputs, s: Any, total: None, threads: int) -> Any:
        xp, add = namespace(s), adding(s)
        seed = xp.broadcast_to(s, row_shape(inputs))
        return self._with_nan(inputs, xp.stack(self._terms(name, inputs, seed, s, add)), seed)

    def _terms(self, name: str, inputs: Inputs, seed: Any, s: Any, add: RowSum) -> Sequence[Any]:
        """Compute the sums over rows that a function gives."""
        if name == "hvp":
            return self._along(name, inputs, seed, add)
        tape = self._forward(*inputs)
        if name == "hessian":
            hessian = self._lines.hessian or absent(self.facts, name)
            return hessian(tape, seed, add)
        gradient = self._backward(tape, seed, add) if name == "value_and_grad" else ()
        return [add(losses_of(tape), s), *gradient]

    def _rounded(self, sums: Any, dtype: Any) -> Any:
        return sums

    def _mirrored(self, upper: Any) -> Any:
        pairs = combinations_with_replacement(range(len(self.facts.weights)), 2)
        return self._symmetric({pair: upper[place] for place, pair in enumerate(pairs)}, upper)

    def _penalty_hessian(self, w: Any) -> Any:
        assert self._lines.penalty_hessian is not None  # as above
        return self._symmetric(self._lines.penalty_hessian(w), w)

    def _symmetric(self, entries: MatrixEntries, like: Any) -> Any:
        """Give the symmetric matrix of entries (i, j) with i <= j; those that are not there are 0."""
        xp, k = namespace(like), range(len(self.facts.weights))
        found = (entries.get((min(i, j), max(i, j)), 0.0) for i in k for j in k)
        flat = xp.stack([xp.full_like(like[0], one) if isinstance(one, float) else one for one in found])
        return xp.reshape(flat, (len(k), len(k)))


def bind_arrays(facts: Facts, lines: Lines[T], laws: Sequence[Law]) -> ArrayApiBinding[T]:
    """Make the public functions of a module on arrays of any library, which keeps the result as _model."""
    return ArrayApiBinding(facts, lines, laws)
