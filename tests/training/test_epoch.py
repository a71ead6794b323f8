import numpy as np
import pytest

from symgraph.training import Failure, Optimizer, adam, as_rows, batches, clip_by_norm, clip_by_value, momentum, run_epoch, sgd


def test_one_epoch_is_one_update_a_row_with_the_gradient_of_that_row(linear, plane):
    X, y = plane
    rows, optimizer, expected = as_rows(linear, X, y), momentum(0.01), np.zeros(3)
    velocity = np.zeros(3)
    for x, target in zip(X, y, strict=True):
        velocity = 0.9 * velocity + 0.01 * linear.per_sample_grad(expected, x, target)
        expected = expected - velocity
    epoch = run_epoch(linear, rows, np.zeros(3), optimizer.init(np.zeros(3)), optimizer=optimizer, batches=batches(40, 1))
    np.testing.assert_array_equal(epoch.weights, expected)
    assert (epoch.state.step, epoch.state.epoch, epoch.failure) == (40, 1, None)


@pytest.mark.parametrize("order", [None, np.random.default_rng(0).permutation(40)], ids=["file order", "shuffled"])
def test_a_batch_uses_the_mean_gradient_over_its_rows(linear, plane, order):
    X, y = plane
    w = np.array([0.1, 0.2, 0.3])
    first = np.arange(40)[:16] if order is None else order[:16]
    part = batches(40, 16, order)[:1]
    epoch = run_epoch(linear, as_rows(linear, X, y), w, sgd(0.5).init(w), optimizer=sgd(0.5), batches=part)
    expected = w - 0.5 * np.mean([linear.per_sample_grad(w, X[i], y[i]) for i in first], axis=0)
    # A mean of 16 terms of size 10 at most, summed in another order.
    np.testing.assert_allclose(epoch.weights, expected, rtol=0, atol=16 * 10 * 2**-52)


def test_the_gradient_is_clipped_before_it_is_used(linear, plane):
    rows, w = as_rows(linear, *plane), np.full(3, 50.0)
    epoch = run_epoch(linear, rows, w, sgd(1.0).init(w), optimizer=sgd(1.0), batches=batches(40, 40), clip=clip_by_norm(0.25))
    assert np.linalg.norm(linear.value_and_grad(w, *plane)[1]) > 0.25
    # Weights of 50 are rounded to 50 * 2**-52 and the step is their difference.
    assert np.linalg.norm(epoch.weights - w) == pytest.approx(0.25, abs=4 * 50 * 2**-52)


def test_the_moments_may_be_reset_each_epoch_by_composition(linear, plane):
    rows, optimizer = as_rows(linear, *plane), momentum(0.01)
    w, expected = np.zeros(3), np.zeros(3)
    for number in range(3):
        w = run_epoch(linear, rows, w, optimizer.init(w, epoch=number), optimizer=optimizer, batches=batches(40, 1)).weights
        velocity = np.zeros(3)
        for x, target in zip(*plane, strict=True):
            velocity = 0.9 * velocity + 0.01 * linear.per_sample_grad(expected, x, target)
            expected = expected - velocity
    np.testing.assert_array_equal(w, expected)


@pytest.mark.parametrize("size", [1, 8, 40])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_loss_that_is_not_finite_names_its_row_and_epoch(linear, plane, size, bad):
    X, y = plane[0], plane[1].copy()
    y[[13, 15]] = bad
    w = np.zeros(3)
    epoch = run_epoch(linear, as_rows(linear, X, y), w, sgd().init(w, epoch=4), optimizer=sgd(), batches=batches(40, size))
    assert epoch.failure == Failure(5, 13, "loss")
    assert np.isfinite(epoch.weights).all()
    assert (epoch.state.step, epoch.state.epoch) == (13 // size, 4)


def test_the_row_is_the_first_at_fault_in_the_order_of_the_data_even_in_a_shuffled_batch(linear, plane):
    X, y = plane[0], plane[1].copy()
    y[[5, 30]] = np.nan
    parts = batches(40, 40, np.arange(40)[::-1])
    epoch = run_epoch(linear, as_rows(linear, X, y), np.zeros(3), sgd().init(np.zeros(3)), optimizer=sgd(), batches=parts)
    assert epoch.failure == Failure(1, 5, "loss")


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("clip", [None, clip_by_norm(1.0), clip_by_value(1.0)], ids=["unclipped", "norm", "value"])
def test_a_gradient_that_is_not_finite_stops_the_epoch_even_under_clipping(linear, size, clip):
    # The loss (1e150)**2 is finite; its derivative by a is 2e150 * 1e200, which is not.
    X, y = np.array([[0.0, 0.0], [0.0, 0.0], [1e200, 0.0]]), np.array([0.0, 0.0, 1e150])
    w = np.zeros(3)
    epoch = run_epoch(linear, as_rows(linear, X, y), w, sgd().init(w), optimizer=sgd(), batches=batches(3, size), clip=clip)
    assert epoch.failure == Failure(1, 2, "gradient")
    np.testing.assert_array_equal(epoch.weights, w)


@pytest.mark.parametrize(("size", "row"), [(1, 0), (2, None)])
def test_weights_that_overflow_in_an_update_stop_the_epoch(linear, size, row):
    w = np.zeros(3)
    X, y = np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([1e10, 1e10])
    epoch = run_epoch(linear, as_rows(linear, X, y), w, sgd(1e300).init(w), optimizer=sgd(1e300), batches=batches(2, size))
    assert epoch.failure == Failure(1, row, "weights")
    np.testing.assert_array_equal(epoch.weights, w)


def test_rows_that_are_finite_alone_but_overflow_in_their_sum_blame_no_row(linear):
    X, y = np.zeros((2, 2)), np.full(2, 1.2e154)  # each loss is 1.44e308, their sum is beyond the range
    w = np.zeros(3)
    epoch = run_epoch(linear, as_rows(linear, X, y), w, sgd().init(w), optimizer=sgd(), batches=batches(2, 2))
    assert epoch.failure == Failure(1, None, "loss")


def test_a_model_without_rows_blames_no_row(rosenbrock):
    w = np.array([1e200, 0.0])
    epoch = run_epoch(rosenbrock, as_rows(rosenbrock), w, sgd().init(w), optimizer=sgd(), batches=batches(1, 1))
    assert epoch.failure == Failure(1, None, "loss")


def test_adams_squares_at_infinity_stop_the_epoch_instead_of_freezing_the_weights(rosenbrock):
    flat = lambda w, X, y: (1.0, np.array([1e200, 1.0]))  # noqa: E731 - the form of value_and_grad
    module = type("Module", (), {**vars(rosenbrock), "value_and_grad": staticmethod(flat)})
    w = np.zeros(2)
    epoch = run_epoch(module, as_rows(module), w, adam().init(w), optimizer=adam(), batches=batches(1, 1))
    assert epoch.failure == Failure(1, None, "optimizer state")


def test_any_optimizer_value_of_the_public_form_can_run_an_epoch(linear, plane):
    def signed_rule(sqrt):
        def update(w, g, slots, step, rate):
            return w - rate * g / sqrt(g * g), slots

        return update

    optimizer, w = Optimizer("signed", signed_rule, slots=0, rate=0.25), np.zeros(3)
    epoch = run_epoch(linear, as_rows(linear, *plane), w, optimizer.init(w), optimizer=optimizer, batches=[0])
    np.testing.assert_array_equal(np.abs(epoch.weights), np.full(3, 0.25))
