"""One epoch on arrays: updates by rows and by batches, and what ends it where a number is not finite."""

import numpy as np
import pytest

from symgraph.use.training import Failure, as_rows, batches, clip_by_norm, clip_by_value, momentum, run_epoch, sgd


def epoch_of(module, w, X=None, y=None, *, optimizer=sgd(), epoch=0, parts=None, size=1, **how):  # noqa: B008  a value
    """Run one epoch from some weights, by batches of a size in the order of the file, unless other batches are given."""
    rows = as_rows(module, X, y)
    parts = batches(rows.n, size) if parts is None else parts
    return run_epoch(module, rows, w, optimizer.init(w, epoch=epoch), optimizer=optimizer, batches=parts, **how)


def test_one_epoch_is_one_update_a_row_with_the_gradient_of_that_row(linear, plane):
    expected, velocity = np.zeros(3), np.zeros(3)
    for x, target in zip(*plane, strict=True):
        velocity = 0.9 * velocity + 0.01 * linear.per_sample_grad(expected, x, target)
        expected = expected - velocity
    epoch = epoch_of(linear, np.zeros(3), *plane, optimizer=momentum(0.01))
    np.testing.assert_array_equal(epoch.weights, expected)
    assert (epoch.state.step, epoch.state.epoch, epoch.failure) == (40, 1, None)


@pytest.mark.parametrize("order", [None, np.random.default_rng(0).permutation(40)], ids=["file order", "shuffled"])
def test_a_batch_uses_the_mean_gradient_over_its_rows(linear, plane, order):
    X, y = plane
    w = np.array([0.1, 0.2, 0.3])
    first = np.arange(40)[:16] if order is None else order[:16]
    epoch = epoch_of(linear, w, X, y, optimizer=sgd(0.5), parts=batches(40, 16, order)[:1])
    expected = w - 0.5 * np.mean([linear.per_sample_grad(w, X[i], y[i]) for i in first], axis=0)
    # A mean of 16 terms of size 10 at most, summed in another order.
    np.testing.assert_allclose(epoch.weights, expected, rtol=0, atol=16 * 10 * 2**-52)


def test_the_gradient_is_clipped_before_it_is_used(linear, plane):
    w = np.full(3, 50.0)
    epoch = epoch_of(linear, w, *plane, optimizer=sgd(1.0), size=40, clip=clip_by_norm(0.25))
    assert np.linalg.norm(linear.value_and_grad(w, *plane)[1]) > 0.25
    # Weights of 50 are rounded to 50 * 2**-52 and the step is their difference.
    assert np.linalg.norm(epoch.weights - w) == pytest.approx(0.25, abs=4 * 50 * 2**-52)


@pytest.mark.parametrize("size", [1, 8, 40])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_loss_that_is_not_finite_names_its_row_and_epoch(linear, plane, size, bad):
    X, y = plane[0], plane[1].copy()
    y[[13, 15]] = bad
    epoch = epoch_of(linear, np.zeros(3), X, y, epoch=4, size=size)
    assert epoch.failure == Failure(5, 13, "loss")
    assert np.isfinite(epoch.weights).all()
    assert (epoch.state.step, epoch.state.epoch) == (13 // size, 4)
    backwards = epoch_of(linear, np.zeros(3), X, y, parts=batches(40, 40, np.arange(40)[::-1]))
    assert backwards.failure == Failure(1, 13, "loss")  # the first at fault in the order of the data


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("clip", [None, clip_by_norm(1.0), clip_by_value(1.0)], ids=["unclipped", "norm", "value"])
def test_a_gradient_that_is_not_finite_stops_the_epoch_even_under_clipping(linear, size, clip):
    # The loss (1e150)**2 is finite; its derivative by a is 2e150 * 1e200, which is not.
    X, y = np.array([[0.0, 0.0], [0.0, 0.0], [1e200, 0.0]]), np.array([0.0, 0.0, 1e150])
    w = np.zeros(3)
    epoch = epoch_of(linear, w, X, y, size=size, clip=clip)
    assert epoch.failure == Failure(1, 2, "gradient")
    np.testing.assert_array_equal(epoch.weights, w)


@pytest.mark.parametrize(
    ("size", "y", "rate", "row", "what"),
    [
        (1, 1e10, 1e300, 0, "weights"),
        (2, 1e10, 1e300, None, "weights"),
        (2, 1.2e154, 0.01, None, "loss"),  # each loss is 1.44e308, their sum is beyond the range
    ],
)
def test_what_overflows_in_an_update_or_in_a_sum_stops_the_epoch(linear, rosenbrock, size, y, rate, row, what):
    X, w = np.array([[1.0, 0.0], [1.0, 0.0]]), np.zeros(3)
    epoch = epoch_of(linear, w, X, np.full(2, y), optimizer=sgd(rate), size=size)
    assert epoch.failure == Failure(1, row, what)
    np.testing.assert_array_equal(epoch.weights, w)
    assert epoch_of(rosenbrock, np.array([1e200, 0.0])).failure == Failure(1, None, "loss")  # without rows, none is blamed
