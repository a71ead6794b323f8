"""Results of the functions of a numpy module: consistent, independent of each other, present where the model has the part."""

import re
from typing import Any

import numpy as np
import pytest
import scipy.optimize
import sympy as sp
from built import modules_of, numpy_module, one_output, sample, scalar_module
from zoo import ZOO

import symgraph as sg
from symgraph import Model

WITH_LOSS = [name for name in ZOO if ZOO[name]().loss_expr is not None]
ALWAYS = {
    "ABI", "FEATURES", "METADATA", "MODEL", "NODES", "OUTPUTS", "TARGET", "WEIGHTS", "Tape", "forward", "initial_weights",
    "pack", "unpack",
}  # fmt: skip
OF_LOSS = {"backward", "grad", "loss", "per_sample_grad", "value_and_grad"}
OF_OUTPUT = {"jacobian", "predict"}
OF_SQUARES = {"residual", "residual_jacobian", "normal_equations"}


@pytest.mark.parametrize("name", ZOO)
def test_a_module_has_the_functions_of_the_parts_its_model_has_and_a_frozen_tape_of_every_named_node(name: str) -> None:
    model, module = ZOO[name](), numpy_module(name)
    expected = ALWAYS | (OF_LOSS if model.loss_expr is not None else set()) | (OF_OUTPUT if model.output_node else set())
    assert set(module.__all__) - OF_SQUARES == expected
    assert set(module.__all__) >= OF_SQUARES if hasattr(module, "residual") else not OF_SQUARES & set(module.__all__)
    own = {key for key, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__}
    assert {key for key in own if not key.startswith("_")} <= set(module.__all__)
    assert sorted(module.__all__, key=lambda item: (not item.isupper(), item == item.lower(), item)) == module.__all__
    w, X, y = sample(name)
    tape = module.forward(w, X, y)
    assert tape._fields[:3] == ("w", "X", "y")
    assert {module.METADATA["fields"].get(node, node) for node in module.NODES} <= set(tape._fields)
    assert not hasattr(tape, "__dict__")
    with pytest.raises(AttributeError):
        tape.w = w


def test_a_residual_exists_where_the_loss_is_a_square() -> None:
    for name in ("location", "logistic", "uniform_nodes", "pieces"):
        assert not hasattr(numpy_module(name), "residual")
    module, (w, X, y) = numpy_module("line"), sample("line")
    np.testing.assert_array_equal(module.residual(w, X, y), module.predict(w, X) - y)
    np.testing.assert_array_equal(module.residual_jacobian(w, X, y), module.jacobian(w, X, y))


@pytest.mark.parametrize("name", WITH_LOSS)
def test_all_functions_tell_the_same_story(name: str) -> None:
    module, (w, X, y) = numpy_module(name), sample(name)
    tape = module.forward(w, X, y)
    rows, many = module.per_sample_grad(w, X, y), np.shape(tape.loss)
    value, gradient = module.value_and_grad(w, X, y)
    scale = np.max(np.abs(rows))
    # the same operations, rows added up in another order
    assert value == pytest.approx(np.mean(tape.loss), rel=1e-14, abs=0.0)
    np.testing.assert_allclose(gradient, rows.mean(0) if many else rows, rtol=0, atol=1e-13 * scale)
    np.testing.assert_array_equal(module.grad(w, X, y), gradient)
    assert module.loss(w, X, y) == value
    np.testing.assert_allclose(module.backward(tape), rows.sum(0) if many else rows, rtol=0, atol=1e-13 * scale * 7)
    cotangent = np.linspace(-1, 2, 7) if many else np.array(1.5)
    pulled = cotangent @ rows if many else cotangent * rows
    np.testing.assert_allclose(module.backward(tape, cotangent), pulled, rtol=0, atol=1e-13 * scale * 7)
    np.testing.assert_allclose(module.backward(tape, 2.0), 2 * module.backward(tape), rtol=1e-15)
    if hasattr(module, "predict"):
        predicted = module.predict(w, X)
        np.testing.assert_array_equal(predicted, np.broadcast_to(getattr(tape, module.OUTPUTS[0]), np.shape(predicted)))


def test_without_y_the_loss_and_what_needs_y_is_none_and_a_cotangent_is_a_number_or_one_a_row() -> None:
    module, (w, X, _) = numpy_module("pieces"), sample("pieces")
    tape = module.forward(w, X)
    assert (tape.y, tape.r, tape.loss) == (None, None, None)
    np.testing.assert_array_equal(tape.y_hat, module.predict(w, X))
    with pytest.raises(ValueError, match=r"the tape was made without y; call forward\(w, X, y\) first"):
        module.backward(tape)
    with pytest.raises(ValueError, match="y is missing, the loss of pieces needs y"):
        module.per_sample_grad(w, X, None)
    module, (w, X, y) = numpy_module("nine_weights"), sample("nine_weights")
    for rows, shape in ((slice(None), (6,)), (slice(None), (7, 1)), (slice(None), (1, 7)), (0, (7,))):
        needed = np.shape(y[rows])
        with pytest.raises(ValueError, match=re.escape(f"cotangent has shape {shape}, the loss has {needed}")):
            module.backward(module.forward(w, X[rows], y[rows]), np.ones(shape))


@pytest.mark.parametrize("name", ["nine_weights", "line", "location", "curve", "uniform_nodes", "rosenbrock"])
def test_no_result_shares_memory_with_arguments_or_another_result(name: str) -> None:
    module, (w, X, y) = numpy_module(name), sample(name)
    functions = ("grad", "per_sample_grad", "jacobian", "residual", "residual_jacobian")
    calls = [(function, (w, X, y)) for function in functions] + [("predict", (w, X))]
    results = [getattr(module, function)(*args) for function, args in 2 * calls if hasattr(module, function)]
    arrays = [array for array in (w, X, y) if array is not None] + results
    for i, one in enumerate(arrays):
        assert not any(np.shares_memory(one, other) for other in arrays[i + 1 :])


def test_the_tape_keeps_its_own_weights_a_prediction_is_a_copy_and_arguments_are_left_as_they_are() -> None:
    module, arrays = numpy_module("nine_weights"), sample("nine_weights")
    copies = [array.copy() for array in arrays]
    for array in arrays:
        array.setflags(write=False)
    module.value_and_grad(*arrays, sample_weight=np.arange(7.0))
    module.per_sample_grad(*arrays)
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)
    w, X, y = copies
    tape = module.forward(w, X, y)
    before = module.backward(tape)
    w += 1
    np.testing.assert_array_equal(module.backward(tape), before)
    module, (w, X, _) = numpy_module("feature_output"), sample("feature_output")
    for given in (X, np.asfortranarray(X), X[2]):
        assert not np.shares_memory(module.predict(w, given), X)
    assert module.predict(w, 3.0) == 3.0


def test_weights_go_by_name_and_back_and_initial_ones_follow_their_laws_by_a_frozen_generator() -> None:
    module = numpy_module("nine_weights")
    w = np.arange(9) / 7
    named = module.unpack(w)
    assert list(named) == list(module.WEIGHTS)
    assert all(type(value) is float for value in named.values())
    np.testing.assert_array_equal(module.pack(named), w)
    np.testing.assert_array_equal(module.pack(dict(reversed(named.items()))), w)
    with pytest.raises(ValueError, match=r"nine_weights: weights missing \['w3'\], unknown \['w33'\]; did you mean w3\?$"):
        module.pack({("w33" if name == "w3" else name): value for name, value in named.items()})
    rng = np.random.RandomState(3)
    wanted = {
        ("nine_weights", 7): np.random.RandomState(7).normal(0.0, 0.01, 9),
        ("curve", 3): [*rng.normal(1, 2, 1), 0.5, *rng.uniform(1, 2, 1)],
        ("rosenbrock",): [-1.2, 1.0],
    }
    for (name, *seed), weights in wanted.items():
        np.testing.assert_array_equal(numpy_module(name).initial_weights(*seed), weights)
    assert numpy_module("line").initial_weights(seed=None).shape == (2,)
    assert {numpy_module(name).initial_weights(0).dtype for name in ZOO} == {np.dtype(np.float64)}
    assert not np.array_equal(numpy_module("line").initial_weights(1), numpy_module("line").initial_weights(2))


def test_scipy_minimizes_with_value_and_gradient_and_solves_least_squares() -> None:
    for name, args, wanted in (("rosenbrock", (), [1, 1]), ("line", (np.arange(20.0), np.arange(20.0) * 3 - 1), [3, -1])):
        module = numpy_module(name)
        found = scipy.optimize.minimize(module.value_and_grad, module.initial_weights(0), args=args, jac=True)
        np.testing.assert_allclose(found.x, wanted, atol=1e-4)
    module, start = numpy_module("BoxBOD"), [100.0, 0.75]
    arguments = (np.array([1.0, 2, 3, 5, 7, 10]), np.array([109.0, 149, 149, 191, 213, 224]))
    found = scipy.optimize.least_squares(module.residual, start, jac=module.residual_jacobian, args=arguments)
    # NIST's certified values, as published
    np.testing.assert_allclose(found.x, [213.8094, 0.5472], rtol=1e-4)


@pytest.mark.parametrize(("function", "at", "slope"), [
    *((function, 0.0, 0.0) for function in (sg.relu, sp.Abs, sp.sign, sp.Heaviside, sp.sinc, lambda t: sg.hypot(t, 0 * t))),
    (sp.sign, 2.0, 0.0), (lambda t: sp.Max(t, 2), 2.0, 0.5), (lambda t: sp.Min(t, 2), 2.0, 0.5),
    (lambda t: sp.Max(t, 2 * t), 0.0, 1.5), (lambda t: sp.Max(0, -t), 0.0, -0.5), (sg.sigmoid, 0.0, 0.25),
    (sg.softplus, 0.0, 0.5),
])  # fmt: skip
def test_at_a_kink_the_documented_partial_is_taken(function: object, at: float, slope: float) -> None:
    numpy, scalar = modules_of(one_output(lambda f, g, a, b: function(a) + b * f * g, loss="absolute_error"))
    assert numpy.jacobian([at, 1.0], [[1.0, 1.0]])[0, 0] == slope
    gradient = [0.0, 0.0]
    scalar.row([at, 1.0], [1.0, 1.0], -100.0, gradient)  # the output is above y: the loss is the output plus 100
    assert gradient[0] == slope


def test_the_slope_of_the_absolute_error_is_0_where_it_is_met() -> None:
    assert numpy_module("location").grad([2.0], None, [2.0, 1.0, 5.0]).tolist() == [0.0]
    gradient = [9.0]
    assert (scalar_module("location").row([2.0], [], 2.0, gradient), gradient) == (0.0, [0.0])


def branches(expr: object, branch: object) -> tuple[Any, Any]:
    """Predictions and slopes of a model with a branch of a named node, that is finite where the branch is taken."""
    model = Model("m")
    (f, g), (a, b) = model.features("f g"), model.weights("a b")
    model.output("o", sp.Piecewise((branch(model.node("n", expr(f, a)), a, b), f > 0), (b * g, True)))
    module, X, w = modules_of(model)[0], np.array([[-2.0, 1.0], [0.0, 1.0], [3.0, 1.0]]), [0.5, 0.25]
    return module.predict(w, X), module.jacobian(w, X)


def test_what_is_not_finite_where_its_branch_is_not_taken_does_no_harm() -> None:
    values, slopes = branches(lambda f, a: sp.log(f), lambda n, a, b: a * n)
    assert values.tolist() == pytest.approx([0.25, 0.25, 0.5 * np.log(3)])
    assert slopes.tolist() == [[0.0, 1.0], [0.0, 1.0], [np.log(3), 0.0]]
    _, slopes = branches(lambda f, a: sp.exp(-1000 * a * f) + sp.sqrt(f) * a, lambda n, a, b: n)
    np.testing.assert_allclose(slopes, [[0, 1], [0, 1], [np.sqrt(3), 0]], rtol=1e-15)
    assert np.isfinite(branches(lambda f, a: 1 / f, lambda n, a, b: sp.sin(a * n) * b)[1]).all()
    # the slope of log is infinite at 0; both selections stand between it and the output, each in a node of its own
    model = Model("nested")
    (f,), (a, b) = model.features("f"), model.weights("a b")
    inner = model.node("inner", sp.Piecewise((model.node("logarithm", sp.log(a)), b > 0), (0, True)))
    model.output("out", model.node("outer", sp.Piecewise((inner, a > 0), (0, True))) * f + b)
    module = modules_of(model)[0]
    assert module.jacobian([0.0, 1.0], [[2.0]]).tolist() == [[0.0, 1.0]]
    assert module.jacobian([4.0, 1.0], [[2.0]]).tolist() == [[0.5, 1.0]]
    # the slope of the node is infinite where no row takes it, and the same for all rows: their cotangents are summed before it
    model = Model("apart")
    (f,), (a, b) = model.features("f"), model.weights("a b")
    model.output("out", b * sp.Piecewise((f, sp.Ne(f, 0)), (model.node("node", sg.xlogx(sp.Abs(a))), True)))
    model.target("y")
    model.loss("squared_error")
    module, _ = modules_of(model)
    X, y = np.array([[1.0], [3.0]]), np.array([0.5, 2.0])
    np.testing.assert_array_equal(module.grad([0.0, 1.0], X, y), [0.0, 3.5])
    np.testing.assert_array_equal(module.per_sample_grad([0.0, 1.0], X, y), [[0.0, 1.0], [0.0, 6.0]])
