"""Modules of --precision accurate: within 1 ulp of the truth, under the same contract as plain ones."""

import inspect
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
from accurate import ACCURATE, DD, IN_PAIRS, accurate_module, accurate_text
from built import MODELS, numpy_module, one_output, sample
from flint import arb, ctx

import symgraph
from symgraph.compiler.generate import generate
from symgraph.errors import OptionError
from symgraph.judge.differences import gradcheck
from symgraph.judge.judged_points import points
from symgraph.judge.judging import judge
from symgraph.judge.reference import reference
from symgraph.project.build.modules import load_artifact
from symgraph.spec.model import Model
from symgraph.spec.ops.ops import OPS
from symgraph.spec.ops.optext import call

QUICK = ["nine_weights", "pieces", "uniform_nodes", "rosenbrock", "curve", "aliases", "weight_loss", "feature_output", "ENSO"]
"""Models that between them have selections, uniform nodes and losses, no features, no loss, shared names and long constants."""


same = np.testing.assert_array_equal


def ulps(value: Any, truth: Any) -> float:
    """The error in units of 2**-52 of the truth, a ball or a number of mpmath; 0 for an exact 0."""
    truth = truth if isinstance(truth, arb) else arb(mpmath.nstr(truth, 60))
    with ctx.workprec(200):
        return float(value != 0) * np.inf if truth.is_zero() else float(abs(arb(float(value)) - truth) / abs(truth) * 2**52)


def point_of(module: ModuleType, w: Any, x: Any, y: Any) -> dict[str, float]:
    values = dict(zip((*module.WEIGHTS, *module.FEATURES), map(float, (*w, *([] if x is None else x))), strict=True))
    return values | ({} if y is None else {module.TARGET: float(y)})


@pytest.mark.parametrize("name", IN_PAIRS)
def test_nodes_loss_and_partials_are_within_one_ulp(name: str) -> None:
    module, known, (w, X, y) = accurate_module(name), reference(MODELS[name]()), sample(name)
    # one row at a time, so that each has a gradient of its own
    for row in range(2):
        x, target = None if X is None else X[row], None if y is None else y[row]
        point, tape = point_of(module, w, x, target), module.forward(w, x, target)
        truth = known.truth(point)
        found = [(getattr(tape, module.METADATA["fields"].get(node, node)), value) for node, value in truth.nodes.items()]
        if "loss" in truth.values:
            partials = zip(module.WEIGHTS, module.per_sample_grad(w, x, target), strict=True)
            found += [(tape.loss, truth.values["loss"])]
            found += [(partial, truth.partials["loss"][weight]) for weight, partial in partials]
        # half a unit from the last rounding, and 2**-5 of one for kappas of these points, which are below 2**40
        assert max(ulps(value, exact) for value, exact in found) <= 0.5 + 2**-5


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_judge_finds_one_ulp_kept_at_ordinary_and_adversarial_points(dtype: str) -> None:
    model = MODELS["nine_weights"]()
    report = judge(model, accurate_module("nine_weights"), points(model, n=39, seed=11).rounded(dtype), dtype=dtype)
    found = {count: sum(result.counts[count] for result in report.results) for count in report.results[0].counts}
    assert found["tried"] > 100
    assert (found["above_bound"], found["zero"], found["wrong"]) == (0, 0, 0)


def test_a_difference_of_nearly_equal_products_keeps_all_its_digits() -> None:
    model = one_output(lambda f, g, a, b: sp.exp(a * f) - sp.exp(b * g))
    module, known = load_artifact(accurate_text(model)), reference(model)
    rng = np.random.default_rng(2)
    for exponent in (-20, -30, -40, -44):  # kappa_graph up to about 2**46
        a, f = rng.uniform(1, 2, 2)
        w, x = np.array([a, a * (1 + 2.0**exponent)]), np.array([f, f])
        truth = known.truth(point_of(module, w, x, 0.0)).values["output"]
        # the kappa of the largest point is 2**46, and 2**-101 * 2**46 is 2**-3 of a unit
        assert ulps(module.predict(w, x), truth) <= 0.5 + 2**-3


def test_sums_over_rows_keep_what_plain_sums_lose() -> None:
    module = load_artifact(accurate_text(one_output(lambda f, g, a, b: a * f + b * g)))
    rng = np.random.default_rng(4)
    half = rng.normal(size=(500, 2)) * 1e8
    X, y = np.concatenate([half, -half, [[1e-3, 2e-3]]]), np.zeros(1001)
    y[-1] = 3.0
    # the rows of one half have the gradients of the other half with other signs, but for what their targets differ in
    y[:500], y[500:1000] = rng.normal(size=500), rng.normal(size=500)
    w = np.array([0.7, -1.3])
    with mpmath.workdps(80):
        errors = [mpmath.mpf(float(t)) - mpmath.fdot(w, row) for t, row in zip(y, X, strict=True)]
        loss = mpmath.fdot(errors, errors) / 1001
        gradient = [-2 * mpmath.fdot(errors, column) / 1001 for column in X.T]
    value, found = module.value_and_grad(w, X, y)
    assert max(ulps(value, loss), *map(ulps, found, gradient)) <= 0.5 + 2**-10
    assert ulps(module.loss(w, X, y), loss) <= 0.5 + 2**-10


def test_means_and_weighted_sums_are_within_one_ulp() -> None:
    module, (w, X, y) = accurate_module("nine_weights"), sample("nine_weights", rows=40)
    s = np.random.default_rng(1).uniform(0, 3, 40) * (np.arange(40) != 3)
    rows, losses = module.per_sample_grad(w, X, y), module.forward(w, X, y).loss
    for reduction in ("mean", "sum"):
        value, gradient = module.value_and_grad(w, X, y, sample_weight=s, reduction=reduction)
        with mpmath.workdps(40):
            total = mpmath.fsum(map(mpmath.mpf, s)) if reduction == "mean" else mpmath.mpf(1)
            loss = mpmath.fdot(s, losses) / total
        # rows are rounded for this reference: half a unit each, and as much for the result
        assert ulps(value, loss) <= 1
        sizes = np.abs(s[:, None] * rows).sum(axis=0) / float(total)
        np.testing.assert_array_less(np.abs(gradient - s @ rows / float(total)), 1e-15 * 40 * sizes)


def public_fields(module: ModuleType) -> list[str]:
    """The fields of a tape that users read: arguments, nodes, the loss."""
    names = [module.METADATA["fields"].get(node, node) for node in module.NODES]
    return ["w", "X", "y", *names, *(["loss"] if module.METADATA["has_loss"] else [])]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", QUICK)
def test_the_contract_and_the_shapes_and_dtypes_of_results_are_those_of_the_plain_module(name: str, dtype: Any) -> None:
    module, plain, (w, X, y) = accurate_module(name), numpy_module(name), sample(name)
    assert module.__all__ == [name for name in plain.__all__ if name != "normal_equations"]  # sums of plain floats
    assert module.METADATA == {**plain.METADATA, "precision": "accurate"}
    for function in module.__all__:
        if function not in ("error_bound", "Tape") and callable(getattr(module, function)):
            ours, theirs = (inspect.signature(getattr(one, function)).parameters.values() for one in (module, plain))
            assert [(p.name, p.kind) for p in ours] == [(p.name, p.kind) for p in theirs]
    assert not set(public_fields(plain)) - set(module.Tape._fields)
    w, X = w.astype(dtype), None if X is None else X.astype(dtype)
    for rows in (slice(None), 0, slice(0, 1)):
        args = (w, None if X is None else X[rows], None if y is None else y[rows])
        tapes = [built.forward(*args) for built in (module, plain)]
        for field in public_fields(plain):
            ours, theirs = (getattr(tape, field) for tape in tapes)
            assert (type(ours), np.shape(ours)) == (type(theirs), np.shape(theirs))
            assert getattr(ours, "dtype", None) == getattr(theirs, "dtype", None)
        for function in ("per_sample_grad", "value_and_grad", "jacobian", "residual", "grad"):
            if hasattr(plain, function):
                results = [getattr(built, function)(*args) for built in (module, plain)]
                for ours, theirs in zip(*results, strict=True) if isinstance(results[0], tuple) else [results]:
                    assert np.shape(ours) == np.shape(theirs)
                    assert getattr(ours, "dtype", None) == getattr(theirs, "dtype", None)
                    # how far plain arithmetic may be off at these points
                    tolerance = 1e-3 if dtype is np.float32 else 1e-11
                    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * float(np.max(np.abs(theirs))))


def test_float32_inputs_give_the_nearest_float32() -> None:
    module, (w, X, y) = accurate_module("nine_weights"), sample("nine_weights", rows=50)
    narrow = [array.astype(np.float32) for array in (w, X, y)]
    wide = module.per_sample_grad(*(array.astype(np.float64) for array in narrow))
    same(module.per_sample_grad(*narrow), wide.astype(np.float32))


def test_a_tape_without_y_says_what_is_missing_and_results_do_not_alias_the_inputs() -> None:
    module, (w, X, _) = accurate_module("nine_weights"), sample("nine_weights")
    with pytest.raises(ValueError, match="the tape was made without y"):
        module.backward(module.forward(w, X))
    with pytest.raises(ValueError, match="y is missing"):
        module.loss(w, X, None)
    module, (w, X, y) = accurate_module("feature_output"), sample("feature_output")
    kept = X.copy()
    module.predict(w, X)[...] = 7.0
    module.forward(w, X, y).w[...] = 7.0
    same(X, kept)


def test_overflow_gives_what_plain_arithmetic_gives() -> None:
    module, plain = accurate_module("nine_weights"), numpy_module("nine_weights")
    _, X, y = sample("nine_weights")
    for size in (30.0, 1e200, -1e300, 0.0):
        w = np.full(9, size)
        w[2] = 0.5  # the sine of a huge product has no digits in plain arithmetic
        ours, theirs = module.forward(w, X, y), plain.forward(w, X, y)
        for name in (*module.NODES, "loss"):
            a, b = getattr(ours, name), getattr(theirs, name)
            same(np.isnan(a), np.isnan(b))
            same(np.isinf(a), np.isinf(b))


def test_values_on_the_way_may_leave_the_range_of_floats() -> None:
    model = one_output(lambda f, g, a, b: sp.exp(a * f) * sp.erfc(b * g) + 1 / sp.cosh(a * f) ** 2 * sp.exp(2 * a * f + 0 * g))
    module, known = load_artifact(accurate_text(model)), reference(model)
    for w, x in (([1.0, 1.0], [960.0, 31.0]), ([2.0, -1.0], [600.0, -34.5]), ([0.5, 1.0], [3000.0, 38.7])):
        truth = known.truth(point_of(module, w, x, 0.0)).values["output"]
        assert ulps(module.predict(np.array(w), np.array(x)), truth) <= 0.5 + 2**-5


def test_the_scalar_backend_has_no_accurate_modules() -> None:
    with pytest.raises(OptionError, match="precision 'accurate' is of numpy"):
        generate(MODELS["line"](), ("scalar",), options=ACCURATE)


def test_every_op_is_an_operator_has_a_function_of_pairs_or_is_refused() -> None:
    rows = [row for row in OPS.values() if row.stable is None]
    assert {row.pairs for row in rows if row.pairs} <= vars(DD).keys()
    called = {row.name for row in rows if "(" in (row.text("numpy") or call("")).format and row.pairs == ""}
    assert called == {"select", "rowsum"}  # every other op without a function is written as an operator


def test_verification_and_gradient_check_accept_accurate_modules() -> None:
    module = symgraph.compile(MODELS["energy"](), precision="accurate")  # verifies
    assert module.METADATA["precision"] == "accurate"
    assert gradcheck(module).ok


def test_names_of_the_arithmetic_are_free_for_models() -> None:
    model = Model("named")
    f, a = model.feature("Pairs"), model.weight("rests")
    model.target()
    pair = model.node("dd_where", sp.exp(a * f))
    twice, shadow = model.node("dd_exp", sp.exp(2 * a * f)), model.node("bind_accurate", sp.exp(3 * a * f))
    model.output("y_hat", pair**2 + twice + shadow**2 + a)
    model.loss("squared_error")
    module = load_artifact(accurate_text(model))
    tape = module.forward([0.5], [2.0], [1.0])
    assert [getattr(tape, name)[0] for name in ("dd_where", "dd_exp", "bind_accurate")] == [np.exp(k) for k in (1.0, 2.0, 3.0)]
    output, slope = np.exp(2) * 2 + np.exp(6) + 0.5, 8 * np.exp(2) + 12 * np.exp(6) + 1
    assert module.grad([0.5], [2.0], [1.0])[0] == pytest.approx(2 * (output - 1) * slope, rel=1e-14, abs=0.0)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", QUICK)
def test_functions_give_the_same_bits_together_and_apart(name: str, dtype: type) -> None:
    module = accurate_module(name)
    for rows in (1, 2, 33):
        w, X, y = (None if part is None else part.astype(dtype) for part in sample(name, rows=rows))
        tape = module.forward(w, X, y)
        if hasattr(module, "predict"):
            same(module.predict(w, X), getattr(tape, module.METADATA["fields"].get(module.OUTPUTS[0], module.OUTPUTS[0])))
        if hasattr(module, "loss"):
            value, gradient = module.value_and_grad(w, X, y, reduction="sum")
            same(module.backward(tape), gradient)
            assert value == module.loss(w, X, y, reduction="sum")
            if rows == 1:
                same(np.reshape(module.per_sample_grad(w, X, y), -1), gradient)
