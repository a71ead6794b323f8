"""Arguments of the functions of a numpy module: shapes, dtypes, sample weights; and what they say about the rest."""

import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from built import modules_of, numpy_module, one_output, sample

from symgraph import Model

W = np.array([0.5, -0.25])


def refusal(error: type[Exception], action: Callable[[], object]) -> str:
    with pytest.raises(error) as caught:
        action()
    return str(caught.value)


# One feature: (n,) and (n, 1) are n rows, a scalar is one row.


def test_with_one_feature_rows_come_flat_or_as_a_column() -> None:
    line, x = numpy_module("line"), np.array([1.0, 2.0, 4.0])
    expected = 0.5 * x - 0.25
    for X in (x, x[:, np.newaxis], x.tolist(), [[1.0], [2.0], [4.0]], np.asfortranarray(x[:, np.newaxis])):
        np.testing.assert_array_equal(line.predict(W, X), expected)
        assert line.value_and_grad(W, X, x)[1].shape == (2,)
        assert line.per_sample_grad(W, X, x).shape == (3, 2)
        assert line.forward(W, X, x).X.shape == (3, 1)


def test_with_one_feature_a_scalar_is_one_row_and_so_is_a_row_of_a_column_with_its_target() -> None:
    line = numpy_module("line")
    for X, y in ((2.0, 1.0), (np.float64(2.0), np.float64(1.0)), (np.array(2.0), np.array(1.0)), ([2.0], 1.0)):
        tape = line.forward(W, X, y)
        assert np.shape(tape.loss) == ()
        assert tape.loss == 0.0625
        assert line.per_sample_grad(W, X, y).shape == (2,)
        assert line.value_and_grad(W, X, y)[0] == 0.0625
    assert line.predict(W, 2.0) == 0.75
    assert np.shape(line.predict(W, [2.0])) == (1,)  # without a target, one flat value is a batch of one row


def test_one_row_gives_scalars_and_many_give_arrays() -> None:
    module, (w, X, y) = numpy_module("nine_weights"), sample("nine_weights")
    many, one = module.forward(w, X, y), module.forward(w, X[2], y[2])
    for field in ("t", "exp", "tanh", "sigmoid", "y_hat", "loss"):
        assert getattr(many, field).shape == (7,)
        assert np.shape(getattr(one, field)) == ()
        # NumPy's vector loops and its scalar functions may differ in the last place
        assert getattr(one, field) == pytest.approx(getattr(many, field)[2], rel=1e-14, abs=0.0)
    assert module.predict(w, X).shape == (7,)
    assert np.shape(module.predict(w, X[2])) == ()
    assert module.residual(w, X, y).shape == (7,)
    assert np.shape(module.residual(w, X[2], y[2])) == ()
    assert module.jacobian(w, X).shape == (7, 9)
    assert module.jacobian(w, X[2]).shape == (9,)
    assert module.per_sample_grad(w, X, y).shape == (7, 9)
    assert module.per_sample_grad(w, X[2], y[2]).shape == (9,)
    assert module.grad(w, X[2], y[2]).shape == (9,)
    assert isinstance(module.loss(w, X, y), float)


def test_uniform_nodes_are_scalars_and_the_loss_is_one_value_a_row() -> None:
    module, (w, X, y) = numpy_module("uniform_nodes"), sample("uniform_nodes")
    tape = module.forward(w, X, y)
    assert [np.shape(value) for value in (tape.scale, tape.shift, tape.same)] == [()] * 3
    assert [value.shape for value in (tape.y_hat, tape.loss)] == [(7,)] * 2


def test_a_loss_or_output_of_the_weights_alone_is_repeated_for_every_row() -> None:
    model = Model("m")
    a, f = model.weight("a"), model.feature("f")
    del f
    model.output("o", 3 * a)
    model.loss(a**2)
    module = modules_of(model)[0]
    np.testing.assert_array_equal(module.predict([2.0], [1.0, 5.0]), [6, 6])
    np.testing.assert_array_equal(module.forward([2.0], [1.0, 5.0]).loss, [4, 4])
    np.testing.assert_array_equal(module.per_sample_grad([2.0], [1.0, 5.0]), [[4], [4]])
    np.testing.assert_array_equal(module.jacobian([2.0], [1.0, 5.0]), [[3], [3]])
    assert module.value_and_grad([2.0], [1.0, 5.0])[0] == 4
    assert module.value_and_grad([2.0], [1.0, 5.0], reduction="sum")[1] == [8]
    assert module.value_and_grad([2.0], [1.0, 5.0], sample_weight=[1, 3], reduction="sum")[1] == [16]


def test_without_features_the_target_says_how_many_rows_there_are() -> None:
    location = numpy_module("location")
    assert location.value_and_grad([1.0], None, [0.0, 3.0, 5.0]) == (7 / 3, pytest.approx([-1 / 3]))
    assert location.jacobian([1.0], None, [0.0, 3.0]).tolist() == [[1.0], [1.0]]
    assert location.per_sample_grad([1.0], None, [0.0, 3.0]).tolist() == [[1.0], [-1.0]]
    assert location.predict([1.0]) == 1.0
    assert location.loss([1.0], None, 4.0) == 3.0


def test_a_function_of_the_weights_is_called_with_them_alone() -> None:
    rosenbrock = numpy_module("rosenbrock")
    value, gradient = rosenbrock.value_and_grad([-1.0, 1.0])
    assert value == 4.0
    assert gradient.tolist() == [-4.0, 0.0]
    assert np.shape(rosenbrock.forward([-1.0, 1.0]).loss) == ()
    assert rosenbrock.per_sample_grad([-1.0, 1.0]).shape == (2,)
    assert rosenbrock.loss([1.0, 1.0], reduction="sum") == 0.0


# Shapes that do not fit.


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, w, X, y: m.predict(w, X[:, :4]), "X has 4 columns, nine_weights needs 5: f1, f2, f3, f4, f5"),
        (lambda m, w, X, y: m.predict(w, X[0, :3]), "X has 3 columns, nine_weights needs 5"),
        (lambda m, w, X, y: m.predict(w, X.T), "X has 7 columns, nine_weights needs 5"),
        (lambda m, w, X, y: m.predict(w, 3.0), "X has 0 dimensions, nine_weights needs rows by columns"),
        (lambda m, w, X, y: m.predict(w, X[np.newaxis]), "X has 3 dimensions, nine_weights needs rows by columns"),
        (lambda m, w, X, y: m.predict(w, X[:0]), "X has no rows, nine_weights needs at least one"),
        (lambda m, w, X, y: m.loss(w, X[:0], y[:0]), "X has no rows"),
        (lambda m, w, X, y: m.predict(w[:8], X), "w has shape (8,), nine_weights needs (9,): w1, w2"),
        (lambda m, w, X, y: m.predict(w[:, np.newaxis], X), "w has shape (9, 1), nine_weights needs (9,)"),
        (lambda m, w, X, y: m.predict(1.0, X), "w has shape (), nine_weights needs (9,)"),
        (lambda m, w, X, y: m.forward(w, X, y[:6]), "y has shape (6,), X has shape (7, 5); y needs (7,)"),
        (lambda m, w, X, y: m.forward(w, X, y[:, np.newaxis]), "y has shape (7, 1), X has shape (7, 5); y needs (7,)"),
        (lambda m, w, X, y: m.forward(w, X, y[0]), "y has shape (), X has shape (7, 5); y needs (7,)"),
        (lambda m, w, X, y: m.forward(w, X[0], y), "y has shape (7,), X has shape (5,); y needs ()"),
        (lambda m, w, X, y: m.loss(w, X, None), "y is missing, the loss of nine_weights needs y"),
        (lambda m, w, X, y: m.loss(w, X, y, reduction="max"), "reduction must be 'mean' or 'sum', not 'max'"),
        (lambda m, w, X, y: m.unpack(w[:3]), "w has shape (3,), nine_weights needs (9,)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused_with_both_sides(call: Callable[..., object], message: str) -> None:
    module, (w, X, y) = numpy_module("nine_weights"), sample("nine_weights")
    assert message in refusal(ValueError, lambda: call(module, w, X, y))


def test_what_a_model_does_not_have_must_not_be_given() -> None:
    assert (
        refusal(ValueError, lambda: numpy_module("rosenbrock").loss([1.0, 1.0], [[1.0]]))
        == "rosenbrock has no features; X must be None"
    )
    assert (
        refusal(ValueError, lambda: numpy_module("rosenbrock").loss([1.0, 1.0], None, 1.0))
        == "rosenbrock has no target; y must be None"
    )
    assert "curve has no target" in refusal(
        ValueError, lambda: numpy_module("curve").forward(np.ones(3), np.ones((2, 2)), np.ones(2))
    )
    assert "location needs (n,) or ()" in refusal(ValueError, lambda: numpy_module("location").loss([1.0], None, []))
    assert "location needs (n,) or ()" in refusal(ValueError, lambda: numpy_module("location").loss([1.0], None, [[1.0]]))
    assert "no rows" in refusal(ValueError, lambda: numpy_module("line").predict(W, []))


# Dtypes.


@pytest.mark.parametrize(
    ("w", "X", "result"),
    [
        ("f8", "f8", "f8"),
        ("f4", "f4", "f4"),
        ("f4", "f8", "f8"),
        ("f8", "f4", "f8"),
        ("i4", "f8", "f8"),
        ("f4", "i8", "f8"),
        ("u1", "i2", "f8"),
        (">f8", "<f4", "f8"),
    ],
)
@pytest.mark.parametrize("y", ["f4", "f8", "i8", "?"])
def test_the_dtype_is_that_of_weights_and_rows_together(w: str, X: str, y: str, result: str) -> None:
    line = numpy_module("line")
    w_, X_, y_ = np.array([2, 1], w), np.array([1, 2, 3], X), np.array([1, 0, 1], y)
    dtype = np.dtype(result)
    tape = line.forward(w_, X_, y_)
    assert {getattr(tape, field).dtype for field in tape._fields} == {dtype}
    assert line.predict(w_, X_).dtype == line.grad(w_, X_, y_).dtype == line.jacobian(w_, X_).dtype == dtype
    assert line.per_sample_grad(w_, X_, y_).dtype == line.residual(w_, X_, y_).dtype == dtype
    assert line.predict(w_, X_[0]).dtype == dtype


@pytest.mark.parametrize("dtype", ["?", "f2", "c8", "c16", "O", "U3", "M8[s]"])
def test_any_other_dtype_of_weights_and_rows_is_refused_by_name(dtype: str) -> None:
    line = numpy_module("line")
    odd = np.array([1, 2]).astype(dtype)
    for call in (lambda: line.predict(odd, [1.0]), lambda: line.predict(W, odd)):
        assert re.fullmatch("line computes in float32 or float64, not in .+", refusal(TypeError, call))
    assert "X is missing" in refusal(ValueError, lambda: line.predict(W, None))
    assert "not in object as w is" in refusal(TypeError, lambda: line.predict([1.0, None], [1.0]))


@pytest.mark.parametrize("dtype", ["c16", "O", "U3"])
def test_a_target_that_is_no_real_number_is_refused(dtype: str) -> None:
    y = np.array([1, 2]).astype(dtype)
    assert "line needs real numbers" in refusal(TypeError, lambda: numpy_module("line").forward(W, [1.0, 2.0], y))


# Sample weights.


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


def test_without_features_rows_of_weight_0_are_absent_too() -> None:
    assert numpy_module("location").loss([1.0], None, [np.nan, 3.0], sample_weight=[0, 2]) == 2.0


def test_one_row_has_one_sample_weight() -> None:
    line = numpy_module("line")
    assert line.loss(W, 2.0, 1.0, sample_weight=5.0) == 0.0625
    assert line.loss(W, 2.0, 1.0, sample_weight=5.0, reduction="sum") == 0.3125
    assert numpy_module("rosenbrock").loss([0.0, 0.0], sample_weight=2.0, reduction="sum") == 2.0


@pytest.mark.parametrize(
    ("s", "message"),
    [
        ([1, -1, 1], "sample_weight must be finite and not negative"),
        ([1, np.nan, 1], "sample_weight must be finite and not negative"),
        ([1, np.inf, 1], "sample_weight must be finite and not negative"),
        ([0, 0, 0], "sample_weight is 0 for every row"),
        ([1, 1], "sample_weight has shape (2,), the rows have (3,)"),
        ([[1], [1], [1]], "sample_weight has shape (3, 1), the rows have (3,)"),
        (1.0, "sample_weight has shape (), the rows have (3,)"),
    ],
)
def test_sample_weights_that_weigh_nothing_or_too_much_are_refused(s: Any, message: str) -> None:
    line = numpy_module("line")
    for function in (line.loss, line.grad, line.value_and_grad):
        assert message in refusal(ValueError, lambda function=function: function(W, np.ones(3), np.ones(3), sample_weight=s))
    assert "sample_weight is 0 for every row" in refusal(ValueError, lambda: line.loss(W, 2.0, 1.0, sample_weight=0))


# Overflow is silent.


def test_nothing_warns_when_values_overflow() -> None:
    single = np.float32
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        module, (w, X, y) = numpy_module("nine_weights"), sample("nine_weights")
        for scale in (1e3, 1e160, np.nan, np.inf):
            for rows, target in ((X * scale, y), (X, y * scale), (X[0] * scale, y[0])):
                module.value_and_grad(w * scale, rows, target)
                module.loss(w * scale, rows, target)
                module.grad(w, rows, target)
                module.per_sample_grad(w, rows, target)
                module.jacobian(w * scale, rows)
                module.predict(w * scale, rows)
                module.residual(w * scale, rows, target)
                module.backward(module.forward(w, rows, target), 1e300)
        line = numpy_module("line")
        tape = line.forward(np.ones(2, single), np.ones(3, single), np.full(3, 1e300))  # y is beyond float32
        assert np.all(np.isinf(tape.loss))
        assert np.all(np.isinf(line.backward(line.forward(np.ones(2, single), np.ones(3, single), np.zeros(3)), 1e300)))
        poles = modules_of(one_output(lambda f, g, a, b: a / f + b * g))[0]
        assert poles.predict(W, [[0.0, 0.0]]) == np.inf
