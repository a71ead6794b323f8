"""The module contract, function by function, held against what is expected on one batch."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.check.comparison import Comparison
from symgraph.check.expected import Expectation, Expected
from symgraph.model import Model
from symgraph.residuals import residual_of

Array = NDArray[np.float64]

_SHARES = (0.5, 2.0, 1.25, 0.75)
"""Cotangents and sample weights of the rows: all different, so that exchanged rows show."""

_MANY = 10_240
"""Rows that are more than a block of any backend, and no multiple of one, once one row is left out."""
_MOST_PARTIALS = 1_000_000
"""Of all those rows; models with many weights get fewer rows."""

_NOT_FINITE = (OverflowError, ValueError, ZeroDivisionError)
"""What a scalar module raises where NumPy gives inf or nan."""


@dataclass(frozen=True, slots=True)
class Case:
    """One way of calling a module: with a batch, or with one row of it.

    Attributes:
        model: the spec.
        module: a module with the functions over rows, of the numpy or of the c backend.
        compare: compares with the expectation.
        expected: what is expected of this call.
        w: the weights.
        X: the features; None where the model has none.
        y: the target; None where the model has none.
        suffix: the difference between this call and the plain one, for messages.
    """

    model: Model
    module: Any
    compare: Comparison
    expected: Expectation
    w: Array
    X: Any
    y: Any
    suffix: str = ""

    def call(self, function: str, *args: Any, **options: Any) -> Any:
        """Call a function of the module."""
        _require(self.compare, self.module, function)
        return self.compare.call(f"{function}{self.suffix}", getattr(self.module, function), *args, **options)


def check_numpy(model: Model, module: Any, compare: Comparison, expected: Expectation, *, whole: bool, many: bool) -> None:
    """Hold a module of the numpy backend against what is expected.

    Args:
        model: the spec.
        module: the module.
        compare: compares at one batch.
        expected: what is expected of that batch.
        whole: whether each row is tried alone, instead of one.
        many: whether the batch is repeated to more rows than a block.

    Raises:
        VerificationError: it differs.
    """
    _check_facts(model, module, compare)
    batch = _batch(model, module, compare, expected)
    names = module.FEATURES
    if batch.X is not None or batch.y is not None:
        tape = _check_rows(batch)
        _check_reductions(batch, tape)
        if len(names) == 1:
            _check_rows(_with_parts(batch, X=batch.X[:, 0], suffix=" of X (n,)"))
    for index in range(len(compare.batch.rows) if whole else 1):
        # one row is (d,), and a scalar where there is one feature
        x = None if batch.X is None else batch.X[index] if len(names) > 1 else batch.X[index, 0]
        y = None if batch.y is None else batch.y[index]
        one = _with_parts(batch, X=x, y=y, expected=expected.row(index), suffix=f" of row {index} alone")
        _check_one(one, _check_rows(one))
    if many and batch.X is not None:
        _check_many(batch)


def check_scalar(model: Model, module: Any, compare: Comparison, expected: Expectation) -> None:
    """Hold the row functions of the scalar or of the c backend against what is expected.

    Raises:
        VerificationError: it differs.
    """
    _check_facts(model, module, compare)
    for index, row in enumerate(compare.batch.rows):
        w = list(compare.batch.weights.values())
        x = [row[feature.name] for feature in model.feature_inputs]
        y = None if model.target_input is None else row[model.target_input.name]
        one, what = expected.row(index), f"of row {index}"
        if one.loss is not None and one.gradient is not None:
            _require(compare, module, "row")
            grad = [np.nan] * len(w)  # what is not written shows
            blurred = (*one.nodes.values(), one.loss, one.gradient)
            for loss in _unless_shapeless(compare, blurred, f"row {what}", partial(module.row, w, x, y, grad)):
                compare.values(f"row {what}", loss, one.loss)
                compare.derivatives(f"the gradient that row writes {what}", grad, one.gradient)
        if one.output is not None:
            _require(compare, module, "predict_row")
            call = partial(module.predict_row, w, x)
            for output in _unless_shapeless(compare, one.nodes.values(), f"predict_row {what}", call):
                compare.values(f"predict_row {what}", output, one.output)


def check_compiled(model: Model, module: Any, compare: Comparison, expected: Expectation, *, many: bool) -> None:
    """Hold a module of the C backend against what is expected: rows one by one, and batches.

    Args:
        model: the spec.
        module: the module.
        compare: compares at one batch.
        expected: what is expected of that batch.
        many: whether the batch is repeated to more rows than a block.

    Raises:
        VerificationError: it differs.
    """
    check_scalar(model, module, compare, expected)
    batch = _batch(model, module, compare, expected)
    if batch.X is None and batch.y is None:
        return
    _check_output(batch)
    _check_residual(batch)
    if expected.loss is not None and expected.gradient is not None:
        compare.derivatives("per_sample_grad", batch.call("per_sample_grad", batch.w, batch.X, batch.y), expected.gradient)
        _check_sums(batch)
    if many:
        _check_many(batch)


def _batch(model: Model, module: Any, compare: Comparison, expected: Expectation) -> Case:
    rows, target = compare.batch.rows, model.target_input
    names = [feature.name for feature in model.feature_inputs]
    w = np.array(list(compare.batch.weights.values()))
    X = np.array([[row[name] for name in names] for row in rows]) if names else None
    y = None if target is None else np.array([row[target.name] for row in rows])
    return Case(model, module, compare, expected, w, X, y)


def _with_parts(case: Case, **parts: Any) -> Case:
    known = {"expected": case.expected, "X": case.X, "y": case.y, "suffix": case.suffix} | parts
    return Case(case.model, case.module, case.compare, known["expected"], case.w, known["X"], known["y"], known["suffix"])


def _unless_shapeless(compare: Comparison, parts: Iterable[Expected], what: str, call: Callable[[], float]) -> list[float]:
    """The result, or nothing where the call raises and some part of it may be infinite in doubles."""
    try:
        return [call()]
    except _NOT_FINITE as error:
        if any(part.shapeless.any() for part in parts):
            return []
        raise compare.failure(what, error) from error
    except Exception as error:  # whatever else the module raises is its fault
        raise compare.failure(what, error) from error


def _require(compare: Comparison, module: Any, function: str) -> None:
    if not hasattr(module, function):
        compare.same(function, "missing", "part of the module")


def _check_facts(model: Model, module: Any, compare: Comparison) -> None:
    target = model.target_input
    compare.same("MODEL", module.MODEL, model.name)
    compare.same("FEATURES", tuple(module.FEATURES), tuple(entry.name for entry in model.feature_inputs))
    compare.same("WEIGHTS", tuple(module.WEIGHTS), tuple(entry.name for entry in model.weight_inputs))
    compare.same("TARGET", module.TARGET, None if target is None else target.name)


def _check_rows(case: Case) -> Any:
    """Check the functions that work row by row; the tape of the forward pass is given back."""
    tape = case.call("forward", case.w, case.X, case.y)
    _check_nodes(case, tape, tuple(case.expected.nodes))
    if case.y is not None:
        _check_without_target(case)
    _check_output(case)
    _check_residual(case)
    if case.expected.loss is not None and case.expected.gradient is not None:
        case.compare.values(f"forward{case.suffix}: loss", tape.loss, case.expected.loss, uniform=True)
        got = case.call("per_sample_grad", case.w, case.X, case.y)
        case.compare.derivatives(f"per_sample_grad{case.suffix}", got, case.expected.gradient)
    return tape


def _check_nodes(case: Case, tape: Any, names: Sequence[str]) -> None:
    fields = case.module.METADATA.get("fields", {})  # a name that Python or the module needs is changed
    for name in names:
        field = fields.get(name, name)
        if not hasattr(tape, field):
            case.compare.same(f"node {name}", "missing from the tape", "a field of it")
        what = f"forward{case.suffix}: node {name}"
        case.compare.values(what, getattr(tape, field), case.expected.nodes[name], uniform=True)


def _check_without_target(case: Case) -> None:
    """Check the forward pass without y: everything that does not depend on the target."""
    tape = case.call("forward", case.w, case.X)
    if case.X is not None:  # without features, y alone says how many rows there are
        _check_nodes(case, tape, [name for name in case.expected.nodes if name not in case.expected.on_target])
    if "loss" in case.expected.on_target:
        case.compare.same(f"the loss of forward{case.suffix} without y", tape.loss, None)


def _check_output(case: Case) -> None:
    """Check predictions and their Jacobian."""
    output, jacobian, w, X, y = case.expected.output, case.expected.jacobian, case.w, case.X, case.y
    if output is None or jacobian is None:
        return
    if X is not None or y is None:  # without features, predict has no rows to tell apart
        case.compare.values(f"predict{case.suffix}", case.call("predict", w, X), output)
        case.compare.derivatives(f"jacobian{case.suffix} without y", case.call("jacobian", w, X), jacobian)
    case.compare.derivatives(f"jacobian{case.suffix}", case.call("jacobian", w, X, y), jacobian)


def _check_residual(case: Case) -> None:
    """Check the residual and its partials; what the module says of the loss, a factor times its square, is a fact."""
    residual, jacobian = case.expected.residual, case.expected.residual_jacobian
    if residual is None or jacobian is None:
        for name in ("residual", "residual_jacobian"):
            if hasattr(case.module, name):
                case.compare.same(name, "there", "missing, since the loss is no constant times a square")
        return
    case.compare.same("residual_factor", case.module.METADATA.get("residual_factor"), residual_of(case.model).factor)
    for name, wanted, check in (
        ("residual", residual, case.compare.values),
        ("residual_jacobian", jacobian, case.compare.derivatives),
    ):
        check(f"{name}{case.suffix}", case.call(name, case.w, case.X, case.y), wanted)


def _check_one(case: Case, tape: Any) -> None:
    """Check the functions that reduce, on one row."""
    loss, gradient = case.expected.loss, case.expected.gradient
    if loss is None or gradient is None:
        return
    case.compare.derivatives(f"backward{case.suffix}", case.call("backward", tape, 0.5), gradient.scaled(0.5))
    _check_value_and_grad(case, "", loss, gradient)


def _check_reductions(case: Case, tape: Any) -> None:
    """Check the functions that add up rows, with cotangents and sample weights of all kinds."""
    loss, gradient = case.expected.loss, case.expected.gradient
    if loss is None or gradient is None:
        return
    count = len(loss.want)
    shares, ones = np.array(_SHARES[:count]), np.ones(count)
    for cotangent, taken in ((shares, shares), (2.0, 2.0 * ones), (None, ones)):
        got = case.call("backward", tape, *([] if cotangent is None else [cotangent]))
        case.compare.derivatives("backward", got, gradient.total(taken))
    _check_sums(case)


def _check_sums(case: Case) -> None:
    """Check the functions that add up rows, under every reduction."""
    loss, gradient = case.expected.loss, case.expected.gradient
    assert loss is not None
    assert gradient is not None  # the callers have looked
    count = len(loss.want)
    shares, ones = np.array(_SHARES[:count]), np.ones(count)
    weighted = shares / shares.sum()
    _check_value_and_grad(case, "", loss.total(ones / count), gradient.total(ones / count))
    _check_value_and_grad(case, " (sum)", loss.total(ones), gradient.total(ones), reduction="sum")
    _check_value_and_grad(case, " (weighted)", loss.total(weighted), gradient.total(weighted), sample_weight=shares)
    if count > 1:
        shares[-1] = 0.0
        options = {"sample_weight": shares, "reduction": "sum"}
        X, y = (None if part is None else part.copy() for part in (case.X, case.y))
        for part in (X, y):
            if part is not None:
                part[-1] = np.nan  # a row whose weight is 0 counts as absent
        absent = _with_parts(case, X=X, y=y)
        _check_value_and_grad(absent, " (one row absent)", loss.total(shares), gradient.total(shares), **options)


def _check_value_and_grad(case: Case, how: str, loss: Expected, gradient: Expected, **options: Any) -> None:
    """Check value_and_grad, loss and grad under one reduction."""
    args, suffix, compare = (case.w, case.X, case.y), f"{case.suffix}{how}", case.compare
    value, got = case.call("value_and_grad", *args, **options)
    compare.values(f"value_and_grad{suffix}: loss", value, loss)
    compare.derivatives(f"value_and_grad{suffix}: gradient", got, gradient)
    compare.values(f"loss{suffix}", case.call("loss", *args, **options), loss)
    compare.derivatives(f"grad{suffix}", case.call("grad", *args, **options), gradient)


def _check_many(case: Case) -> None:
    """Check the functions over rows on so many that they take several blocks: the rows of the batch again and again."""
    expected, w, count = case.expected, case.w, len(case.compare.batch.rows)
    times = max(1, min(_MANY, _MOST_PARTIALS // len(w)) // count)
    X, y = (None if part is None else np.concatenate([part] * times) for part in (case.X, case.y))
    functions = {"predict": expected.output, "jacobian": expected.jacobian}
    with_target = {
        "per_sample_grad": expected.gradient,
        "residual": expected.residual,
        "residual_jacobian": expected.residual_jacobian,
    }
    for function, wanted in (functions | with_target).items():
        if wanted is not None and X is not None:
            got = np.asarray(case.call(function, w, X, *([y] if function in with_target else [])))
            parts = got.reshape(times, *wanted.want.shape)
            other = (parts != parts[0]) & ~np.isnan(parts)
            check = case.compare.derivatives if wanted.want.ndim > 1 else case.compare.values
            for part in parts[[0, *np.flatnonzero(other.any(axis=tuple(range(1, other.ndim))))]]:
                check(f"{function} on many rows", part, wanted)
    if expected.loss is not None and expected.gradient is not None:
        many, mean = _with_parts(case, X=X, y=y), np.ones(count) / count
        _check_value_and_grad(many, " on many rows", expected.loss.total(mean), expected.gradient.total(mean))
