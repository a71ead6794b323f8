"""What the module contract promises, function by function, held against what is expected on one batch."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.model import Model
from symgraph.residuals import residual_of
from symgraph.verification.expected import Expectation, Expected
from symgraph.verification.judge import Judge

Array = NDArray[np.float64]

_SHARES = (0.5, 2.0, 1.25, 0.75)
"""Cotangents and sample weights of the rows: all different, so that exchanged rows show."""


_REPEATED = (300, 7)
"""How often the rows of a batch are repeated, to be more than a block of rows and no multiple of one: as a rule, at least."""

_MOST_PARTIALS = 1_000_000
"""Of all those rows; blocks of models with many weights have few rows."""

_NOT_FINITE = (OverflowError, ValueError, ZeroDivisionError)
"""What a scalar module raises where NumPy gives inf or nan."""


@dataclass(frozen=True, slots=True)
class Case:
    """One way of calling a module: with a batch, or with one row of it.

    Attributes:
        model: the spec.
        module: a module of the numpy backend.
        judge: what compares.
        expected: what is expected of this call.
        w: the weights.
        X: the features; None where the model has none.
        y: the target; None where the model has none.
        suffix: how the call differs from the plain one, for messages.
    """

    model: Model
    module: Any
    judge: Judge
    expected: Expectation
    w: Array
    X: Any
    y: Any
    suffix: str = ""

    def call(self, function: str, *args: Any, **options: Any) -> Any:
        """Call a function of the module."""
        _require(self.judge, self.module, function)
        return self.judge.call(f"{function}{self.suffix}", getattr(self.module, function), *args, **options)


def check_numpy(model: Model, module: Any, judge: Judge, expected: Expectation, *, brief: bool = False) -> None:
    """Hold a module of the numpy backend against what is expected.

    Args:
        model: the spec.
        module: the module.
        judge: what compares.
        expected: what is expected of the judge's batch.
        brief: whether one row alone and one way of weighting rows stand for all.

    Raises:
        VerificationError: it differs.
    """
    _check_names(model, module, judge)
    rows, target = judge.batch.rows, model.target_input
    names = [feature.name for feature in model.feature_inputs]
    w = np.array(list(judge.batch.weights.values()))
    X = np.array([[row[name] for name in names] for row in rows]) if names else None
    y = None if target is None else np.array([row[target.name] for row in rows])
    if X is not None or y is not None:
        batch = Case(model, module, judge, expected, w, X, y)
        tape = _check_rows(batch)
        _check_weighted(batch, tape) if brief else _check_reductions(batch, tape)
        if X is not None and len(names) == 1:
            _check_rows(Case(model, module, judge, expected, w, X[:, 0], y, " of X (n,)"))
    for index in range(min(len(rows), 1) if brief else len(rows)):
        # one row is (d,), and a scalar where there is one feature
        x = None if X is None else X[index] if len(names) > 1 else X[index, 0]
        yi = None if y is None else y[index]
        one = Case(model, module, judge, expected.row(index), w, x, yi, f" of row {index} alone")
        _check_one(one, _check_rows(one))


def check_scalar(model: Model, module: Any, judge: Judge, expected: Expectation) -> None:
    """Hold a module of the scalar backend against what is expected.

    Raises:
        VerificationError: it differs.
    """
    _check_names(model, module, judge)
    for index, row in enumerate(judge.batch.rows):
        w = list(judge.batch.weights.values())
        x = [row[feature.name] for feature in model.feature_inputs]
        y = None if model.target_input is None else row[model.target_input.name]
        one, what = expected.row(index), f"of row {index}"
        if one.loss is not None and one.gradient is not None:
            _require(judge, module, "row")
            grad = [np.nan] * len(w)  # what is not written shows
            blurred = (*one.nodes.values(), one.loss, one.gradient)
            for loss in _unless_shapeless(judge, blurred, f"row {what}", partial(module.row, w, x, y, grad)):
                judge.values(f"row {what}", loss, one.loss)
                judge.derivatives(f"the gradient that row writes {what}", grad, one.gradient)
        if one.output is not None:
            _require(judge, module, "predict_row")
            call = partial(module.predict_row, w, x)
            for output in _unless_shapeless(judge, one.nodes.values(), f"predict_row {what}", call):
                judge.values(f"predict_row {what}", output, one.output)


def check_compiled(model: Model, module: Any, judge: Judge, expected: Expectation) -> None:
    """Hold a module of the C backend against what is expected: rows one by one, and batches.

    Raises:
        VerificationError: it differs.
    """
    check_scalar(model, module, judge, expected)
    rows, target = judge.batch.rows, model.target_input
    names = [feature.name for feature in model.feature_inputs]
    w = np.array(list(judge.batch.weights.values()))
    X = np.array([[row[name] for name in names] for row in rows]) if names else None
    y = None if target is None else np.array([row[target.name] for row in rows])
    if X is None and y is None:
        return
    case = Case(model, module, judge, expected, w, X, y)
    if expected.output is not None and expected.jacobian is not None:
        _check_output(case, expected.output, expected.jacobian)
    if expected.loss is not None and expected.gradient is not None:
        judge.derivatives("per_sample_grad", case.call("per_sample_grad", w, X, y), expected.gradient)
        if "residual_factor" in module.METADATA:
            _check_residual(case, module.METADATA["residual_factor"], expected.loss, expected.gradient)
        _check_sums(case, expected.loss, expected.gradient)
    _check_blocks(case)


def _check_blocks(case: Case) -> None:
    """The functions over rows, on so many that they take several blocks: the rows of the batch again and again."""
    output, loss, gradient, count = case.expected.output, case.expected.loss, case.expected.gradient, len(case.judge.batch.rows)
    usual, least = _REPEATED
    times, weights = max(least, min(usual, _MOST_PARTIALS // (count * len(case.w)))), len(case.w)
    X, y = (None if part is None else np.concatenate([part] * times) for part in (case.X, case.y))
    if output is not None and X is not None:
        for part in np.unique(case.call("predict", case.w, X).reshape(times, count), axis=0):
            case.judge.values("predict on many rows", part, output)
    if case.expected.jacobian is not None and X is not None:
        for part in np.unique(case.call("jacobian", case.w, X).reshape(times, count, weights), axis=0):
            case.judge.derivatives("jacobian on many rows", part, case.expected.jacobian)
    if loss is not None and gradient is not None:
        for part in np.unique(case.call("per_sample_grad", case.w, X, y).reshape(times, count, weights), axis=0):
            case.judge.derivatives("per_sample_grad on many rows", part, gradient)
        many, mean = Case(case.model, case.module, case.judge, case.expected, case.w, X, y), np.ones(count) / count
        _check_value_and_grad(many, " on many rows", loss.total(mean), gradient.total(mean))
        whole, _ = case.call("value_and_grad", case.w, X, y)
        alone = case.call("loss", case.w, X, y)
        case.judge.same("loss on many rows", float.hex(alone), float.hex(whole))  # nan is the same as nan


def _unless_shapeless(judge: Judge, parts: Iterable[Expected], what: str, call: Callable[[], float]) -> list[float]:
    """The result, or nothing where the call raises and some part of it may be infinite in doubles."""
    try:
        return [call()]
    except _NOT_FINITE as error:
        if any(part.shapeless.any() for part in parts):
            return []
        raise judge.failure(what, error) from error
    except Exception as error:  # whatever else the module raises is its fault
        raise judge.failure(what, error) from error


def _require(judge: Judge, module: Any, function: str) -> None:
    if not hasattr(module, function):
        judge.same(function, "missing", "part of the module")


def _check_names(model: Model, module: Any, judge: Judge) -> None:
    target = model.target_input
    judge.same("MODEL", module.MODEL, model.name)
    judge.same("FEATURES", tuple(module.FEATURES), tuple(entry.name for entry in model.feature_inputs))
    judge.same("WEIGHTS", tuple(module.WEIGHTS), tuple(entry.name for entry in model.weight_inputs))
    judge.same("TARGET", module.TARGET, None if target is None else target.name)


def _check_rows(case: Case) -> Any:
    """The functions that work row by row; the tape of the forward pass is given back."""
    tape = case.call("forward", case.w, case.X, case.y)
    _check_nodes(case, tape, tuple(case.expected.nodes))
    if case.y is not None:
        _check_without_target(case)
    if case.expected.output is not None and case.expected.jacobian is not None:
        _check_output(case, case.expected.output, case.expected.jacobian)
    if case.expected.loss is not None and case.expected.gradient is not None:
        case.judge.values(f"forward{case.suffix}: loss", tape.loss, case.expected.loss, uniform=True)
        got = case.call("per_sample_grad", case.w, case.X, case.y)
        case.judge.derivatives(f"per_sample_grad{case.suffix}", got, case.expected.gradient)
        if "residual_factor" in case.module.METADATA:
            _check_residual(case, case.module.METADATA["residual_factor"], case.expected.loss, case.expected.gradient)
    return tape


def _check_nodes(case: Case, tape: Any, names: Sequence[str]) -> None:
    """The values of named nodes: all at once, and one by one where something is wrong, to say what."""
    fields = case.module.METADATA.get("fields", {})  # a name that Python or the module needs is changed
    wanted = [case.expected.nodes[name] for name in names]
    if case.judge.agree([getattr(tape, fields.get(name, name), None) for name in names], wanted):
        return
    for name, expected in zip(names, wanted, strict=True):
        field = fields.get(name, name)
        if not hasattr(tape, field):
            case.judge.same(f"node {name}", "missing from the tape", "a field of it")
        case.judge.values(f"forward{case.suffix}: node {name}", getattr(tape, field), expected, uniform=True)


def _check_without_target(case: Case) -> None:
    """The forward pass without y: everything that does not depend on the target."""
    tape = case.call("forward", case.w, case.X)
    if case.X is not None:  # without features, y alone says how many rows there are
        _check_nodes(case, tape, [name for name in case.expected.nodes if name not in case.expected.on_target])
    if "loss" in case.expected.on_target:
        case.judge.same(f"the loss of forward{case.suffix} without y", tape.loss, None)


def _check_output(case: Case, output: Expected, jacobian: Expected) -> None:
    w, X, y = case.w, case.X, case.y
    if X is not None or y is None:  # without features, predict has no rows to tell apart
        case.judge.values(f"predict{case.suffix}", case.call("predict", w, X), output)
        case.judge.derivatives(f"jacobian{case.suffix} without y", case.call("jacobian", w, X), jacobian)
    case.judge.derivatives(f"jacobian{case.suffix}", case.call("jacobian", w, X, y), jacobian)
    plain, target = case.model.output_node, case.model.target_input
    if plain is not None and target is not None and residual_of(case.model).expr == plain.symbol - target.symbol:
        size = np.maximum(np.abs(y), np.abs(output.want))
        wanted = replace(
            output, want=output.want - y, tolerance=output.tolerance + 1e-15 * size, unit=output.unit + np.spacing(size)
        )
        case.judge.values(f"residual{case.suffix}", case.call("residual", w, X, y), wanted)


def _check_residual(case: Case, factor: float, loss: Expected, gradient: Expected) -> None:
    """The residual r and its partials, by what they say of the loss, which is factor * r**2."""
    residual, slopes = (case.call(name, case.w, case.X, case.y) for name in ("residual", "residual_jacobian"))
    with np.errstate(all="ignore"):
        case.judge.values(f"the square of residual{case.suffix}", factor * residual * residual, loss)
        by = (2.0 * factor * np.asarray(residual))[..., np.newaxis]
        # a slope that has underflowed has no digits for a large residual to bring back
        wanted = replace(gradient, tolerance=gradient.tolerance + 1e-300 * np.abs(by))
        case.judge.derivatives(f"residual{case.suffix} times residual_jacobian", by * slopes, wanted)


def _check_one(case: Case, tape: Any) -> None:
    """The functions that reduce, on one row."""
    loss, gradient = case.expected.loss, case.expected.gradient
    if loss is None or gradient is None:
        return
    got = case.call("backward", tape, 0.5)
    case.judge.derivatives(f"backward{case.suffix}", got, replace(gradient, want=0.5 * gradient.want))
    _check_value_and_grad(case, "", loss, gradient)


def _check_reductions(case: Case, tape: Any) -> None:
    """The functions that add up rows, with cotangents and sample weights of all kinds."""
    loss, gradient = case.expected.loss, case.expected.gradient
    if loss is None or gradient is None:
        return
    count = len(loss.want)
    shares, ones = np.array(_SHARES[:count]), np.ones(count)
    for cotangent, taken in ((shares, shares), (2.0, 2.0 * ones), (None, ones)):
        got = case.call("backward", tape, *([] if cotangent is None else [cotangent]))
        case.judge.derivatives("backward", got, gradient.total(taken))
    _check_sums(case, loss, gradient)


def _check_weighted(case: Case, tape: Any) -> None:
    """The functions that add up rows, with one weighting of them."""
    loss, gradient = case.expected.loss, case.expected.gradient
    if loss is None or gradient is None:
        return
    shares = np.array(_SHARES[: len(loss.want)])
    got = case.call("backward", tape, shares)
    case.judge.derivatives("backward", got, gradient.total(shares))
    mean = shares / shares.sum()
    _check_value_and_grad(case, " (weighted)", loss.total(mean), gradient.total(mean), sample_weight=shares)


def _check_sums(case: Case, loss: Expected, gradient: Expected) -> None:
    """The functions that add up rows, under every reduction."""
    count = len(loss.want)
    shares, ones = np.array(_SHARES[:count]), np.ones(count)
    _check_value_and_grad(case, "", loss.total(ones / count), gradient.total(ones / count))
    _check_value_and_grad(case, " (sum)", loss.total(ones), gradient.total(ones), reduction="sum")
    mean = shares / shares.sum()
    _check_value_and_grad(case, " (weighted)", loss.total(mean), gradient.total(mean), sample_weight=shares)
    if count > 1:
        shares[-1] = 0.0
        options = {"sample_weight": shares, "reduction": "sum"}
        _check_value_and_grad(_without_last(case), " (one row absent)", loss.total(shares), gradient.total(shares), **options)


def _check_value_and_grad(case: Case, how: str, loss: Expected, gradient: Expected, **options: Any) -> None:
    """value_and_grad, loss and grad under one reduction."""
    args, suffix, judge = (case.w, case.X, case.y), f"{case.suffix}{how}", case.judge
    value, got = case.call("value_and_grad", *args, **options)
    judge.values(f"value_and_grad{suffix}: loss", value, loss)
    judge.derivatives(f"value_and_grad{suffix}: gradient", got, gradient)
    judge.values(f"loss{suffix}", case.call("loss", *args, **options), loss)
    judge.derivatives(f"grad{suffix}", case.call("grad", *args, **options), gradient)


def _without_last(case: Case) -> Case:
    """The case with a last row of NaN, which counts as absent when its weight is 0."""
    X, y = (None if part is None else part.copy() for part in (case.X, case.y))
    for part in (X, y):
        if part is not None:
            part[-1] = np.nan
    return Case(case.model, case.module, case.judge, case.expected, case.w, X, y, case.suffix)
