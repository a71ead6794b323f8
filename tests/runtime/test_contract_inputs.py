"""Arguments of the functions of a numpy module: shapes, dtypes, sample weights; and what they say about the rest."""

import re
import warnings
from typing import Any

import numpy as np
import pytest
from built import modules_of, numpy_module, one_output, sample

from symgraph import Model

W = np.array([0.5, -0.25])


def test_with_one_feature_rows_come_flat_or_as_a_column_and_a_scalar_is_one_row() -> None:
    line, x = numpy_module("line"), np.array([1.0, 2.0, 4.0])
    expected = 0.5 * x - 0.25
    for X in (x, x[:, np.newaxis], x.tolist(), [[1.0], [2.0], [4.0]], np.asfortranarray(x[:, np.newaxis])):
        np.testing.assert_array_equal(line.predict(W, X), expected)
        assert (line.value_and_grad(W, X, x)[1].shape, line.per_sample_grad(W, X, x).shape) == ((2,), (3, 2))
        assert line.forward(W, X, x).X.shape == (3, 1)
    for X, y in ((2.0, 1.0), (np.float64(2.0), np.float64(1.0)), (np.array(2.0), np.array(1.0)), ([2.0], 1.0)):
        tape = line.forward(W, X, y)
        assert (np.shape(tape.loss), tape.loss, line.value_and_grad(W, X, y)[0]) == ((), 0.0625, 0.0625)
        assert line.per_sample_grad(W, X, y).shape == (2,)
    assert line.predict(W, 2.0) == 0.75
    assert np.shape(line.predict(W, [2.0])) == (1,)  # without a target, one flat value is a batch of one row
    assert line.loss(W, 2.0, 1.0, sample_weight=5.0) == 0.0625  # one row has one sample weight
    assert line.loss(W, 2.0, 1.0, sample_weight=5.0, reduction="sum") == 0.3125


def test_one_row_gives_scalars_and_many_give_arrays() -> None:
    module, (w, X, y) = numpy_module("nine_weights"), sample("nine_weights")
    many, one = module.forward(w, X, y), module.forward(w, X[2], y[2])
    for field in ("t", "exp", "tanh", "sigmoid", "y_hat", "loss"):
        assert (getattr(many, field).shape, np.shape(getattr(one, field))) == ((7,), ())
        # NumPy's vector loops and its scalar functions may differ in the last place
        assert getattr(one, field) == pytest.approx(getattr(many, field)[2], rel=1e-14, abs=0.0)
    for function, shape in {"predict": (), "residual": (), "jacobian": (9,), "per_sample_grad": (9,)}.items():
        call, rows = getattr(module, function), (y, y[2]) if function in ("residual", "per_sample_grad") else ()
        assert (call(w, X, *rows[:1]).shape, np.shape(call(w, X[2], *rows[1:]))) == ((7, *shape), shape)
    assert module.grad(w, X[2], y[2]).shape == (9,)
    assert isinstance(module.loss(w, X, y), float)
    tape = numpy_module("uniform_nodes").forward(*sample("uniform_nodes"))  # nodes that are the same in every row
    assert [np.shape(value) for value in (tape.scale, tape.shift, tape.same, tape.y_hat, tape.loss)] == [()] * 3 + [(7,)] * 2


def test_a_loss_or_output_of_the_weights_alone_is_repeated_for_every_row() -> None:
    model = Model("m")
    a, _ = model.weight("a"), model.feature("f")
    model.output("o", 3 * a)
    model.loss(a**2)
    module, given = modules_of(model)[0], ([2.0], [1.0, 5.0])
    assert (module.predict(*given).tolist(), module.forward(*given).loss.tolist()) == ([6, 6], [4, 4])
    assert (module.per_sample_grad(*given).tolist(), module.jacobian(*given).tolist()) == ([[4], [4]], [[3], [3]])
    assert (module.value_and_grad(*given)[0], module.value_and_grad(*given, reduction="sum")[1]) == (4, [8])
    assert module.value_and_grad(*given, sample_weight=[1, 3], reduction="sum")[1] == [16]


def test_without_features_the_target_says_how_many_rows_there_are_and_without_it_weights_are_all_that_is_given() -> None:
    location = numpy_module("location")
    assert location.value_and_grad([1.0], None, [0.0, 3.0, 5.0]) == (7 / 3, pytest.approx([-1 / 3]))
    assert location.jacobian([1.0], None, [0.0, 3.0]).tolist() == [[1.0], [1.0]]
    assert location.per_sample_grad([1.0], None, [0.0, 3.0]).tolist() == [[1.0], [-1.0]]
    assert (location.predict([1.0]), location.loss([1.0], None, 4.0)) == (1.0, 3.0)
    assert location.loss([1.0], None, [np.nan, 3.0], sample_weight=[0, 2]) == 2.0  # rows of weight 0 are absent
    rosenbrock = numpy_module("rosenbrock")
    value, gradient = rosenbrock.value_and_grad([-1.0, 1.0])
    assert ((value, gradient.tolist()), np.shape(rosenbrock.forward([-1.0, 1.0]).loss)) == ((4.0, [-4.0, 0.0]), ())
    assert rosenbrock.per_sample_grad([-1.0, 1.0]).shape == (2,)
    assert rosenbrock.loss([0.0, 0.0], sample_weight=2.0, reduction="sum") == 2.0


NEEDS = "nine_weights needs"
SHAPE = "X has shape"


@pytest.mark.parametrize(
    ("name", "call", "message"),
    [
        *(
            ("nine_weights", lambda m, w, X, y, change=change: m.predict(w, change(X)), message)
            for change, message in [
                (lambda X: X[:, :4], f"X has 4 columns, {NEEDS} 5: f1, f2, f3, f4, f5"),
                (lambda X: X[0, :3], f"X has 3 columns, {NEEDS} 5"),
                (lambda X: X.T, f"X has 7 columns, {NEEDS} 5"),
                (lambda X: 3.0, f"X has 0 dimensions, {NEEDS} rows by columns"),
                (lambda X: X[np.newaxis], f"X has 3 dimensions, {NEEDS} rows by columns"),
                (lambda X: X[:0], f"X has no rows, {NEEDS} at least one"),
            ]
        ),
        ("nine_weights", lambda m, w, X, y: m.loss(w, X[:0], y[:0]), "X has no rows"),
        ("nine_weights", lambda m, w, X, y: m.predict(w[:8], X), f"w has shape (8,), {NEEDS} (9,): w1, w2"),
        ("nine_weights", lambda m, w, X, y: m.predict(w[:, np.newaxis], X), f"w has shape (9, 1), {NEEDS} (9,)"),
        ("nine_weights", lambda m, w, X, y: m.predict(1.0, X), f"w has shape (), {NEEDS} (9,)"),
        ("nine_weights", lambda m, w, X, y: m.forward(w, X, y[:6]), f"y has shape (6,), {SHAPE} (7, 5); y needs (7,)"),
        ("nine_weights", lambda m, w, X, y: m.forward(w, X, y[:, None]), f"y has shape (7, 1), {SHAPE} (7, 5); y needs (7,)"),
        ("nine_weights", lambda m, w, X, y: m.forward(w, X, y[0]), f"y has shape (), {SHAPE} (7, 5); y needs (7,)"),
        ("nine_weights", lambda m, w, X, y: m.forward(w, X[0], y), f"y has shape (7,), {SHAPE} (5,); y needs ()"),
        ("nine_weights", lambda m, w, X, y: m.loss(w, X, None), "y is missing, the loss of nine_weights needs y"),
        ("nine_weights", lambda m, w, X, y: m.loss(w, X, y, reduction="max"), "reduction must be 'mean' or 'sum', not 'max'"),
        ("nine_weights", lambda m, w, X, y: m.unpack(w[:3]), f"w has shape (3,), {NEEDS} (9,)"),
        # what a model does not have must not be given
        ("rosenbrock", lambda m, w, X, y: m.loss(w, [[1.0]]), "rosenbrock has no features; X must be None"),
        ("rosenbrock", lambda m, w, X, y: m.loss(w, None, 1.0), "rosenbrock has no target; y must be None"),
        ("curve", lambda m, w, X, y: m.forward(w, X, np.ones(7)), "curve has no target"),
        ("location", lambda m, w, X, y: m.loss(w, None, []), "location needs (n,) or ()"),
        ("location", lambda m, w, X, y: m.loss(w, None, [[1.0]]), "location needs (n,) or ()"),
        ("line", lambda m, w, X, y: m.predict(w, []), "no rows"),
    ],
)
def test_shapes_that_do_not_fit_are_refused_with_both_sides(name: str, call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        call(numpy_module(name), *sample(name))


def test_missing_arguments_and_none_as_an_array_or_within_one_are_refused() -> None:
    module, (w, X, _) = numpy_module("nine_weights"), sample("nine_weights")
    for call in (module.value_and_grad, module.residual, module.per_sample_grad):
        with pytest.raises(TypeError, match="missing 1 required positional argument: 'y'"):
            call(w, X)
    with pytest.raises(ValueError, match="X is missing"):
        numpy_module("line").predict(W, None)
    with pytest.raises(TypeError, match="not in object as w is"):
        numpy_module("line").predict([1.0, None], [1.0])


DTYPES = "f8 f8 f8, f4 f4 f4, f4 f8 f8, f8 f4 f8, i4 f8 f8, f4 i8 f8, u1 i2 f8, >f8 <f4 f8"
"""Of weights, of rows, and of the result."""


@pytest.mark.parametrize("dtypes", DTYPES.split(", "))
def test_the_dtype_is_that_of_weights_and_rows_together(dtypes: str) -> None:
    line, (w_dtype, X_dtype, dtype) = numpy_module("line"), dtypes.split()
    for y_dtype in ("f4", "f8", "i8", "?"):
        w, X, y = np.array([2, 1], w_dtype), np.array([1, 2, 3], X_dtype), np.array([1, 0, 1], y_dtype)
        results = [*line.forward(w, X, y), line.predict(w, X), line.predict(w, X[0]), line.grad(w, X, y), line.jacobian(w, X)]
        results += [line.per_sample_grad(w, X, y), line.residual(w, X, y)]
        assert {result.dtype for result in results} == {np.dtype(dtype)}


@pytest.mark.parametrize("dtype", ["?", "f2", "c8", "c16", "O", "U3", "M8[s]"])
def test_any_other_dtype_of_weights_and_rows_is_refused_by_name(dtype: str) -> None:
    line, odd = numpy_module("line"), np.array([1, 2]).astype(dtype)
    for given in ((odd, [1.0]), (W, odd)):
        with pytest.raises(TypeError, match=r"^line computes in float32 or float64, not in .+$"):
            line.predict(*given)
    if dtype in ("c16", "O", "U3"):
        with pytest.raises(TypeError, match="line needs real numbers"):
            line.forward(W, [1.0, 2.0], odd)


def test_mean_and_sum_are_weighted() -> None:
    line, x, y, s = numpy_module("line"), np.arange(4.0), np.array([1.0, -1.0, 0.5, 2.0]), np.array([1.0, 0.5, 2.0, 0.25])
    rows, partials = line.forward(W, x, y).loss, line.per_sample_grad(W, x, y)
    for reduction, total in (("mean", s.sum()), ("sum", 1.0)):
        value, gradient = line.value_and_grad(W, x, y, sample_weight=s, reduction=reduction)
        # four terms, summed in another order
        assert value == pytest.approx(s @ rows / total, rel=1e-15, abs=0.0)
        np.testing.assert_allclose(gradient, s @ partials / total, rtol=1e-14)
        assert line.loss(W, x, y, sample_weight=s, reduction=reduction) == value
        np.testing.assert_array_equal(line.grad(W, x, y, sample_weight=s, reduction=reduction), gradient)
    value, gradient = line.value_and_grad(W, x, y)
    assert value == pytest.approx(rows.mean(), rel=1e-15, abs=0.0)
    np.testing.assert_allclose(gradient, partials.mean(0), rtol=1e-14)
    assert line.loss(W, x, y, sample_weight=[3] * 4) == pytest.approx(value, rel=1e-15, abs=0.0)


@pytest.mark.parametrize("hole", [np.nan, np.inf, 1e300])
def test_a_row_of_weight_0_counts_as_absent_whatever_it_holds(hole: float) -> None:
    module, (w, X, y) = numpy_module("nine_weights"), sample("nine_weights")
    s = np.array([1.0, 0, 2, 0, 1, 1, 0])
    expected = module.value_and_grad(w, X[s > 0], y[s > 0], sample_weight=s[s > 0])
    X, y = X.copy(), y.copy()
    X[1], y[3], X[6, 2] = hole, hole, hole
    value, gradient = module.value_and_grad(w, X, y, sample_weight=s)
    assert value == expected[0]
    np.testing.assert_array_equal(gradient, expected[1])
    assert module.loss(w, X, y, sample_weight=s) == value


@pytest.mark.parametrize(("s", "message"), [
    *(([1, one, 1], "sample_weight must be finite and not negative") for one in (-1, np.nan, np.inf)),
    ([0, 0, 0], "sample_weight is 0 for every row"), ([1, 1], "sample_weight has shape (2,), the rows have (3,)"),
    ([[1], [1], [1]], "sample_weight has shape (3, 1), the rows have (3,)"),
    (1.0, "sample_weight has shape (), the rows have (3,)"),
])  # fmt: skip
def test_sample_weights_that_weigh_nothing_or_too_much_are_refused(s: Any, message: str) -> None:
    line = numpy_module("line")
    for function in (line.loss, line.grad, line.value_and_grad):
        with pytest.raises(ValueError, match=re.escape(message)):
            function(W, np.ones(3), np.ones(3), sample_weight=s)
    with pytest.raises(ValueError, match="sample_weight is 0 for every row"):
        line.loss(W, 2.0, 1.0, sample_weight=0)


def test_nothing_warns_when_values_overflow() -> None:
    single = np.float32
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        module, (w, X, y) = numpy_module("nine_weights"), sample("nine_weights")
        for scale in (1e3, 1e160, np.nan, np.inf):
            for rows, target in ((X * scale, y), (X, y * scale), (X[0] * scale, y[0])):
                for weights in (w, w * scale):
                    for function in (module.value_and_grad, module.loss, module.residual, module.grad, module.per_sample_grad):
                        function(weights, rows, target)
                for function in (module.jacobian, module.predict):
                    function(w * scale, rows)
                module.backward(module.forward(w, rows, target), 1e300)
        line = numpy_module("line")
        tape = line.forward(np.ones(2, single), np.ones(3, single), np.full(3, 1e300))  # y is beyond float32
        assert np.all(np.isinf(tape.loss))
        assert np.all(np.isinf(line.backward(line.forward(np.ones(2, single), np.ones(3, single), np.zeros(3)), 1e300)))
        assert modules_of(one_output(lambda f, g, a, b: a / f + b * g))[0].predict(W, [[0.0, 0.0]]) == np.inf
