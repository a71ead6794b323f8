"""Binding: the contract of a module's public functions, stated once for all that may compute what they give."""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from math import isfinite
from types import ModuleType
from typing import Any, Generic

import numpy as np

from symgraph.runtime.contract import (
    check_reduction,
    checked_inputs,
    checked_weights,
    is_batch,
    row_shape,
    some_rows,
    thread_count,
    weighted_rows,
)
from symgraph.runtime.facts import Array, ArrayLike, Facts, Inputs, Reduction
from symgraph.runtime.lines import MatrixEntries, T, V, check_abi, check_target, check_target_of_loss, seed_of
from symgraph.runtime.normal_equations import NORMAL_ROWS, Products
from symgraph.runtime.sums import rowsum
from symgraph.runtime.target_values import TargetRule, label_rules, label_table, refuse_other_values
from symgraph.runtime.weight_vectors import stacked, vectors_of, with_each
from symgraph.runtime.weights import Law, drawn, packed, unpacked


class Kept:
    """Object that a generated module keeps, whose methods are public functions: how another process finds it."""

    facts: Facts
    kept_as = "_model"
    travel: "tuple[Callable[..., Any], tuple[Any, ...]] | None" = None
    """A function and its arguments, by which another process finds this object; None for the one that its module keeps."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.travel or found_again(self.facts.module, self.kept_as)


class Binding(Kept, Generic[T]):
    """The public functions of one module.

    X is (n, d), or (d,) for one row; with one feature (n,) is n rows. y is (n,), or a scalar for one row; of p targets it is
    (n, p), or (p,) for one row. Columns of frames and mappings are taken by name. The dtype is that of w and X together,
    float32 or float64. Calls from several threads are safe; results never share memory with anything and do not depend on the
    number of threads. predict, loss, value_and_grad, grad and residual take several vectors of weights, w of (S, k); their
    results begin with S.

    Arguments are checked here; what the functions give is computed by the methods at the end, which each kind of binding has.
    """

    backend = "numpy"
    _checked = staticmethod(checked_inputs)
    _seed = staticmethod(seed_of)
    _vectors = staticmethod(vectors_of)
    _with_each = staticmethod(with_each)
    _stacked = staticmethod(stacked)
    _number: Callable[[Any], Any] = float
    _labels = property(lambda self: label_table(self._rules, len(self.facts.target_names)))
    _penalty_lines: "Callable[[Any], Sequence[Any]] | None" = None
    _penalty_rows: "Callable[[Any], tuple[Sequence[Any], MatrixEntries]] | None" = None

    def __init__(self, facts: Facts, laws: Sequence[Law]) -> None:
        check_abi(facts)
        self.facts = facts
        self._laws = laws
        self._rules: Sequence[TargetRule] = label_rules(facts.model, facts.metadata, facts.features, facts.target_names)

    def forward(self, w: "ArrayLike", X: "ArrayLike", y: "ArrayLike | None" = None) -> T:
        """Compute every node, and the loss if y is given.

        Args:
            w: (k,) weights in the order of WEIGHTS.
            X: (n, d) rows, columns in the order of FEATURES; (d,) is one row.
            y: (n,) target, or a scalar for one row.

        Returns:
            The tape, which backward reads.
        """
        return self._tape(self._with_target(w, X, y))

    @np.errstate(all="ignore")
    def backward(self, tape: T, cotangent: "ArrayLike" = 1.0) -> "Array":
        """Pull a cotangent of the row losses back to the weights (a VJP).

        Args:
            tape: what forward(w, X, y) returned.
            cotangent: a number, or one for each row; 1.0 gives the gradient of the sum.

        Returns:
            The cotangents of the weights, (k,).
        """
        return self._pulled(tape, self._seed(tape, cotangent))

    def predict(self, w: "ArrayLike", X: "ArrayLike", *, threads: int = 1) -> "Array":
        """Compute the output: one entry a row, or a scalar for one row; (n, m), or (m,) for one row, of m outputs."""
        workers = thread_count(threads)
        return self._of_each(
            w, lambda one: (self._checked(self.facts, one, X, None),), lambda inputs: self._by_row("predict", inputs, workers)
        )

    def value_and_grad(
        self,
        w: "ArrayLike",
        X: "ArrayLike",
        y: "ArrayLike",
        *,
        sample_weight: "ArrayLike | None" = None,
        reduction: "Reduction" = "mean",
        threads: int = 1,
    ) -> "tuple[float, Array]":
        """Compute the reduced loss and its gradient.

        Args:
            w: (k,) weights in the order of WEIGHTS, or (S, k) for S vectors of weights.
            X: (n, d) rows, columns in the order of FEATURES; (d,) is one row.
            y: (n,) target, or a scalar for one row.
            sample_weight: weights s of the rows, (n,), not negative; a row of weight 0
                counts as absent, whatever it holds.
            reduction: "mean" for sum(s*loss)/sum(s), "sum" for sum(s*loss).
            threads: how many work on a large batch; the results do not depend on it.

        Returns:
            The loss and its gradient, (k,); of S vectors (S,) losses and (S, k) gradients.

        Raises:
            ValueError: shapes do not fit, the reduction is unknown, or threads is no positive whole number.
            TypeError: an array holds no real numbers.
        """
        workers = thread_count(threads)

        def computed(inputs: Inputs, s: Array, total: Any) -> tuple[float, Array]:
            sums = self._reduced("value_and_grad", inputs, s, total, workers)
            value, gradient = self._number(sums[0]), self._rounded(sums[1:], inputs.w.dtype)
            if self._penalty_lines is None:
                return value, gradient
            with np.errstate(all="ignore"):
                (extra, slopes), share = self._penalty(inputs.w), self._share(inputs, sample_weight, reduction)
                return value + share * extra, gradient + share * slopes

        return self._of_each(w, lambda one: self._weighted(one, X, y, sample_weight, reduction), computed)

    def loss(
        self,
        w: "ArrayLike",
        X: "ArrayLike",
        y: "ArrayLike",
        *,
        sample_weight: "ArrayLike | None" = None,
        reduction: "Reduction" = "mean",
        threads: int = 1,
    ) -> float:
        """Compute the reduced loss; arguments as for value_and_grad, whose first number it is, in less time."""
        workers = thread_count(threads)

        def computed(inputs: Inputs, s: Array, total: Any) -> float:
            value: float = self._number(self._reduced("loss", inputs, s, total, workers)[0])
            return self._with_penalty(value, lambda: self._penalty(inputs.w)[0], inputs, sample_weight, reduction)

        return self._of_each(w, lambda one: self._weighted(one, X, y, sample_weight, reduction), computed)

    def grad(
        self,
        w: "ArrayLike",
        X: "ArrayLike",
        y: "ArrayLike",
        *,
        sample_weight: "ArrayLike | None" = None,
        reduction: "Reduction" = "mean",
        threads: int = 1,
    ) -> "Array":
        """Compute the gradient of the reduced loss; arguments as for value_and_grad."""
        return self.value_and_grad(w, X, y, sample_weight=sample_weight, reduction=reduction, threads=threads)[1]

    def per_sample_grad(self, w: "ArrayLike", X: "ArrayLike", y: "ArrayLike", *, threads: int = 1) -> "Array":
        """Compute each row's gradient: (n, k), or (k,) for one row."""
        workers, inputs = thread_count(threads), self._with_target(w, X, y)
        check_target_of_loss(self.facts, self._tape, inputs)
        return self._by_row("per_sample_grad", inputs, workers)

    def jacobian(self, w: "ArrayLike", X: "ArrayLike", y: "ArrayLike | None" = None, *, threads: int = 1) -> "Array":
        """Compute d output / d w: (n, k), or (k,) for one row; (n, m, k), or (m, k) for one row, of m outputs.

        y is not used where there are features; it lets jacobian take the arguments of forward. Without features it says how
        many rows there are.
        """
        workers = thread_count(threads)
        inputs = self._checked(self.facts, w, X, None if self.facts.features else y)
        return self._by_row("jacobian", inputs, workers)

    def residual(self, w: "ArrayLike", X: "ArrayLike", y: "ArrayLike", *, threads: int = 1) -> "Array":
        """Compute the residual r: (n,), or a scalar for one row; METADATA says how the loss follows from it.

        Of several residuals it is (n*p,), those of a row one after the other, as least squares want them.
        """
        workers = thread_count(threads)

        def checked(one: Any) -> tuple[Inputs]:
            inputs = self._with_target(one, X, y)
            check_target(self.facts, inputs)
            return (inputs,)

        return self._of_each(w, checked, lambda inputs: self._by_row("residual", inputs, workers))

    def residual_jacobian(self, w: "ArrayLike", X: "ArrayLike", y: "ArrayLike", *, threads: int = 1) -> "Array":
        """Compute d residual / d w: (n, k), or (k,) for one row; (n*p, k) of several residuals."""
        workers, inputs = thread_count(threads), self._with_target(w, X, y)
        check_target(self.facts, inputs)
        return self._by_row("residual_jacobian", inputs, workers)

    def normal_equations(
        self, w: "ArrayLike", X: "ArrayLike", y: "ArrayLike", *, sample_weight: "ArrayLike | None" = None
    ) -> "tuple[Array, Array, float]":
        """Compute the normal equations of least squares, block by block, without the Jacobian of all rows in memory.

        Args:
            w: (k,) weights in the order of WEIGHTS.
            X: (n, d) rows, columns in the order of FEATURES; (d,) is one row.
            y: (n,) target, or a scalar for one row.
            sample_weight: weights s of the rows, (n,); the residuals are multiplied by their roots.

        Returns:
            J'WJ (k, k) and J'Wr (k,) of the residuals r and their derivatives J, and the sum of the losses; W has the
            slopes of the loss by r**2/2, so that J'Wr is the gradient of the sum.
        """
        inputs, s, _ = self._weighted(w, X, y, sample_weight, "sum")
        with np.errstate(all="ignore"):
            return self._products(inputs, s)

    @np.errstate(all="ignore")
    def penalty(self, w: "ArrayLike") -> "tuple[float, Array]":
        """Compute the penalty, which loss, grad and value_and_grad add once a call, and its gradient.

        Args:
            w: (k,) weights in the order of WEIGHTS.

        Returns:
            The penalty and its gradient, (k,).
        """
        return self._penalty(self._weights(w))

    @np.errstate(all="ignore")
    def penalty_residual(self, w: "ArrayLike") -> "Array":
        """Compute the rows of least squares that the penalty is, (p,): it is METADATA["residual_factor"] times their squares.

        They are no data: they count in no number of rows.
        """
        rows, _ = self._rows_of_penalty(w)
        return rows

    @np.errstate(all="ignore")
    def penalty_jacobian(self, w: "ArrayLike") -> "Array":
        """Compute d penalty_residual / d w: (p, k)."""
        _, slopes = self._rows_of_penalty(w)
        return slopes

    def pack(self, mapping: Mapping[str, float]) -> "Array":
        """Give weights by name, natural values by their own names, as a vector in the order of WEIGHTS."""
        return packed(self.facts, mapping)

    def unpack(self, w: "ArrayLike") -> dict[str, float]:
        """Give a vector of weights as a dict by name."""
        return unpacked(self.facts, w)

    def initial_weights(self, seed: int | None = None) -> "Array":
        """Draw initial weights from their declared laws, by NumPy's frozen RandomState; each is moved into its bounds."""
        return drawn(self.facts, self._laws, seed)

    def _of_each(self, w: Any, checked: Callable[[Any], tuple[Any, ...]], compute: Callable[..., V]) -> V:
        """Compute something of a vector of weights, or of each of several with the rows checked once.

        Args:
            w: (k,) or (S, k).
            checked: gives the arguments of ``compute`` for one vector, checked inputs first.
            compute: computes it.
        """
        vectors = self._vectors(self.facts, w)
        if vectors is None:
            return compute(*checked(w))
        first, *others = checked(vectors[0, ...])
        together: V = self._stacked([compute(inputs, *others) for inputs in self._with_each(first, vectors)])
        return together

    def _weighted(self, w: Any, X: Any, y: Any, sample_weight: Any, reduction: str) -> tuple[Inputs, Array, Any]:
        """Check how rows are reduced, and that there is a target where the loss needs one."""
        check_reduction(reduction)
        inputs = self._checked(self.facts, w, X, y)
        check_target_of_loss(self.facts, self._tape, inputs)
        found = weighted_rows(inputs, sample_weight, reduction, self._total)
        if self._rules:
            refuse_other_values(self._rules, inputs.X, inputs.y, sample_weight)
        return found

    def _with_target(self, w: Any, X: Any, y: Any) -> Inputs:
        """Check the arguments of a function of each row, labels among them."""
        inputs: Inputs = self._checked(self.facts, w, X, y)
        if self._rules:
            refuse_other_values(self._rules, inputs.X, inputs.y)
        return inputs

    def _with_penalty(self, found: V, own: Callable[[], Any], inputs: Inputs, sample_weight: Any, reduction: str) -> V:
        """Add the share of what the penalty gives, if the model has one."""
        if self._penalty_lines is None:
            return found
        with np.errstate(all="ignore"):
            whole: V = found + self._share(inputs, sample_weight, reduction) * own()
            return whole

    def _share(self, inputs: Inputs, sample_weight: Any, reduction: str) -> Any:
        """Give what multiplies the penalty: 1 in a sum, 1/sum(s) in a mean."""
        if reduction == "sum":
            return 1.0
        rows = row_shape(inputs)
        return 1.0 / (
            float(rows[0] if rows else 1) if sample_weight is None else float(np.sum(sample_weight, dtype=np.float64))
        )

    def _weights(self, w: Any) -> Any:
        """Check the weights, and put the constants behind them."""
        return checked_weights(self.facts, w)

    def _penalty(self, w: Any) -> tuple[Any, Any]:
        """Compute the penalty and its gradient from the weights with the constants behind them."""
        assert self._penalty_lines is not None  # the functions that need it are of modules that have it
        value, *partials = self._penalty_lines(w)
        return float(value), np.array(partials, w.dtype)

    def _rows_of_penalty(self, w: Any) -> tuple[Array, Array]:
        assert self._penalty_rows is not None  # as above
        weights = self._weights(w)
        rows, partials = self._penalty_rows(weights)
        slopes = np.zeros((len(rows), len(self.facts.weights)), weights.dtype)
        for place, slope in partials.items():
            slopes[place] = slope
        return np.array(rows, weights.dtype), slopes

    def _total(self, s: Array) -> Any:
        """Add up the weights of rows."""
        return float(rowsum(s))

    def _rounded(self, sums: Array, dtype: np.dtype[Any]) -> Array:
        """Give sums in the dtype of the weights."""
        return sums.astype(dtype, copy=False)

    def _tape(self, inputs: Inputs) -> T:
        """Compute every node."""
        raise NotImplementedError

    def _pulled(self, tape: T, seed: Array) -> Array:
        """Pull the cotangent of each row back to the weights."""
        raise NotImplementedError

    def _by_row(self, name: str, inputs: Inputs, threads: int) -> Array:
        """Compute what a function of the rows gives, such as predict or jacobian."""
        raise NotImplementedError

    def _products(self, inputs: Inputs, s: Array) -> tuple[Array, Array, float]:
        """Add up the products of normal_equations."""
        products, rows = Products(self.facts, s), row_shape(inputs)[0] if is_batch(inputs) else 1
        for start in range(0, rows, NORMAL_ROWS):
            some = some_rows(inputs, slice(start, start + NORMAL_ROWS)) if is_batch(inputs) else inputs
            products.add(self._residual_columns(some), start)
        return products.sums()

    def _residual_columns(self, inputs: Inputs) -> Array:
        """Compute the columns that ``Products`` adds up."""
        count = row_shape(inputs)[0] if is_batch(inputs) else 1
        slopes = self._by_row("residual_jacobian", inputs, 1).reshape(count, -1, len(self.facts.weights))
        residuals = np.reshape(self._by_row("residual", inputs, 1), (count, -1, 1))
        return np.concatenate([slopes, residuals], axis=2, dtype=np.float64).transpose(1, 2, 0)

    @np.errstate(all="ignore")
    def _reduced(self, name: str, inputs: Inputs, s: Array, total: Any, threads: int) -> Array:
        """Divide the sums of _sums_of by total; a sum may overflow where the mean does not."""
        sums = self._sums_of(name, inputs, s, threads)
        if total == 1.0:
            return sums
        means: Array = sums / total
        if isfinite(np.add.reduce(means)):
            return means
        shares = np.full(row_shape(inputs), s / total, s.dtype)
        return np.where(np.isfinite(means), means, self._sums_of(name, inputs, shares, threads))

    def _sums_of(self, name: str, inputs: Inputs, s: Array, threads: int) -> Array:
        """Add up over the rows, each times s, in float64: the loss; of value_and_grad its gradient behind it."""
        raise NotImplementedError


def bound_in(module: str, name: str) -> Any:
    """Find a binding in the module that keeps it."""
    return vars(import_module(module))[name]


def found_again(module: str, name: str) -> tuple[Callable[..., Any], tuple[Any, str]]:
    """Say how another process finds a binding: in the module that keeps it, which travels itself if it is no ordinary one."""
    owner = sys.modules[module]
    return (bound_in, (module, name)) if type(owner) is ModuleType else (getattr, (owner, name))
