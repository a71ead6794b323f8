"""train(): what a run does, how it ends, and what is refused."""

import numpy as np
import pytest

from symgraph.errors import OptionError, WeightsError
from symgraph.use.training import (
    Failure,
    OptimizerState,
    adam,
    clip_by_norm,
    converged,
    momentum,
    sgd,
    shuffled,
    step_decay,
    train,
)


def same(left, right):
    """Tell if two results hold the same weights and the same optimizer state, bit for bit."""
    arrays = zip((left.weights, *left.state.slots), (right.weights, *right.state.slots), strict=True)
    steps = (left.state.step, left.state.epoch) == (right.state.step, right.state.epoch)
    return steps and all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in arrays)


@pytest.mark.parametrize("optimizer", [sgd(0.1), momentum(0.05), adam(0.05)], ids=lambda o: o.name)
def test_full_batches_reach_the_least_squares_solution(linear, plane, optimizer):
    X, y = plane
    result = train(linear, X, y, optimizer=optimizer, batch_size=None, epochs=3000, seed=0, stop=converged(1e-12))
    solution = np.linalg.lstsq(np.column_stack([X, np.ones(len(X))]), y)[0]
    # A change below 1e-12 an epoch, contracting by at most 0.9 or so an epoch, leaves less than 1e-10 to go.
    np.testing.assert_allclose(result.weights, solution, rtol=0, atol=1e-10)
    assert result.reason == "tolerance"
    assert result.epochs < 3000


def test_training_row_by_row_or_without_features_finds_the_weights_of_exact_data(decay, rosenbrock):
    x = np.linspace(0.0, 2.0, 25)
    result = train(decay, x, 2.0 * np.exp(-0.7 * x), optimizer=adam(0.02), epochs=400, w0=[1.0, 0.1], shuffle=True, seed=1)
    # Exact data: at the solution every row's gradient is 0, so that the steps die out and leave rounding alone.
    np.testing.assert_allclose(result.weights, [2.0, 0.7], rtol=0, atol=1e-12)
    result = train(rosenbrock, optimizer=adam(0.02), epochs=5000, w0=[-1.2, 1.0], stop=converged(1e-10))
    # The slowest direction, along the valley, gains over 1/1000 of what is left in an epoch; a change below 1e-10 leaves 1e-7.
    np.testing.assert_allclose(result.weights, [1.0, 1.0], rtol=0, atol=1e-7)
    assert (result.state.step, result.epochs) == (result.epochs, len(result.losses))


def test_entry_i_of_the_history_is_the_mean_loss_over_all_rows_after_epoch_i(linear, plane):
    ends = []
    result = train(linear, *plane, optimizer=sgd(0.01), epochs=4, seed=0, callbacks=[ends.append])
    assert [end.epoch for end in ends] == [1, 2, 3, 4]
    assert result.losses.tolist() == [end.loss for end in ends] == [linear.loss(end.weights, *plane) for end in ends]
    np.testing.assert_array_equal([end.previous for end in ends[1:]], [end.weights for end in ends[:-1]])
    assert (result.reason, result.epochs, result.first_epoch) == ("epochs", 4, 0)
    assert result.message == "all epochs are done; the weights are those after epoch 4"


@pytest.mark.parametrize("batch_size", [1, 7, None])
def test_a_run_resumed_from_its_state_equals_one_uninterrupted_run_bit_for_bit(linear, plane, batch_size):
    run = {"optimizer": adam(step_decay(0.02, every=2)), "batch_size": batch_size, "shuffle": True, "clip": clip_by_norm(3.0)}
    whole, part = (train(linear, *plane, epochs=epochs, seed=5, **run) for epochs in (7, 3))
    state = OptimizerState(part.state.step, part.state.epoch, part.state.slots)
    rest = train(linear, *plane, epochs=4, seed=5, w0=part.weights, state=state, **run)
    assert same(rest, whole)
    assert rest.first_epoch == 3
    assert [*part.losses, *rest.losses] == whole.losses.tolist()
    assert rest.message == "all epochs are done; the weights are those after epoch 7"


def test_the_default_weights_and_the_shuffling_come_from_the_seed(linear, plane):
    first = train(linear, *plane, optimizer=sgd(), epochs=2, shuffle=True, seed=3)
    assert same(train(linear, *plane, optimizer=sgd(), epochs=2, shuffle=True, seed=3), first)
    w, (X, y) = linear.initial_weights(3), plane
    for epoch in range(2):
        for i in shuffled(40, 3, epoch):
            w = w - 0.01 * linear.per_sample_grad(w, X[i], y[i])
    np.testing.assert_array_equal(first.weights, w)
    drawn = train(linear, *plane, optimizer="adam", epochs=2)  # a seed, and adam by its name
    assert same(train(linear, *plane, optimizer=adam(), epochs=2, seed=drawn.seed), drawn)
    assert drawn.optimizer == adam()


def test_the_dtype_is_that_of_weights_and_features_together(linear, plane):
    X, y = plane[0].astype(np.float32), plane[1]
    single, double = np.zeros(3, np.float32), np.zeros(3)
    for data, w0, dtype in ((X, None, "f4"), (X, single, "f4"), (X, double, "f8"), (plane[0], single, "f8")):
        assert train(linear, data, y, optimizer=adam(), epochs=1, seed=0, w0=w0).weights.dtype == dtype


def test_a_loss_that_stops_being_finite_ends_the_run_with_epoch_row_and_the_last_good_weights(linear, plane):
    X, y = plane
    ends = []
    result = train(linear, X, y, optimizer=sgd(0.9), epochs=200, w0=np.zeros(3), callbacks=[ends.append])
    assert result.reason == "non-finite"
    assert result.failure.epoch - 1 == result.epochs == result.state.epoch == len(result.losses) == len(ends) > 0
    assert np.isfinite(result.losses).all()
    np.testing.assert_array_equal(result.weights, ends[-1].weights)
    assert result.losses[-1] == linear.loss(result.weights, X, y)
    assert result.message.startswith(f"stopped: {result.failure}; the weights are those after epoch {result.epochs}; ")


def test_a_bad_row_in_the_first_epoch_leaves_the_initial_weights(linear, plane, decay):
    y = plane[1].copy()
    y[17] = np.nan
    result = train(linear, plane[0], y, optimizer=sgd(), epochs=5, w0=[1.0, 2.0, 3.0])
    assert (result.reason, result.failure, result.epochs, len(result.losses)) == ("non-finite", Failure(1, 17, "loss"), 0, 0)
    assert result.weights.tolist() == result.best_weights.tolist() == [1.0, 2.0, 3.0]
    assert result.best_epoch == 0
    assert result.summary().startswith("stopped: in row ")
    assert "in row 17 of epoch 1 the loss stopped being finite; the weights are those it started from" in result.message
    # row 0 fits and moves nothing; row 1, the last, then moves b from 0 to 4, where exp(-b*x) overflows at row 0
    x, y = np.array([-800.0, 1.0]), np.array([1.0, -1.0])
    result = train(decay, x, y, optimizer=sgd(1.0), epochs=1, shuffle=False, w0=[1.0, 0.0])
    assert (result.reason, result.failure, result.weights.tolist()) == ("non-finite", Failure(1, 0, "loss"), [1.0, 0.0])


def test_a_callback_ends_the_run_by_returning_true_and_a_stop_by_what_it_sees(linear, plane):
    run = {"optimizer": sgd(), "epochs": 5, "seed": 0}
    result = train(linear, *plane, callbacks=[lambda end: end.epoch == 3], **run)
    assert (result.reason, result.epochs) == ("callback", 3)
    assert result.message == "a callback asked to stop; the weights are those after epoch 3"
    assert train(linear, *plane, callbacks=[lambda end: 1, lambda end: "written", lambda end: None], **run).epochs == 5
    heard = []
    train(linear, *plane, callbacks=[lambda end: True, heard.append], stop=lambda end: end.epoch == 2, **run)
    assert [end.epoch for end in heard] == [1]  # every callback hears of the last epoch
    stopped = train(linear, *plane, stop=lambda end: bool(np.all(end.change < 1.0)), **run)
    assert (stopped.reason, stopped.epochs) == ("stop", 1)
    with pytest.raises(ZeroDivisionError):  # an error in a callback is the caller's
        train(linear, *plane, callbacks=[lambda end: 1 / 0], **run)


def test_ctrl_c_keeps_the_last_finished_epoch_from_which_the_run_can_go_on(linear, plane):
    calls = []

    def value_and_grad(*given):
        calls.append(given)
        if len(calls) == 100:  # in the middle of epoch 2
            raise KeyboardInterrupt
        return linear.value_and_grad(*given)

    module = type("Module", (), {**vars(linear), "value_and_grad": staticmethod(value_and_grad)})
    result = train(module, *plane, optimizer=momentum(), epochs=4, seed=0)
    assert (result.reason, result.epochs, len(result.losses)) == ("interrupted", 2, 2)
    assert same(result, train(linear, *plane, optimizer=momentum(), epochs=2, seed=0))


def test_results_cannot_be_changed_and_arguments_are_not(linear, plane):
    w0 = np.zeros(3)
    state = momentum().init(w0)
    result = train(linear, *plane, optimizer=momentum(), epochs=1, w0=w0, state=state)
    for array in (result.weights, *result.state.slots):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0
    for array in (w0, *state.slots):
        np.testing.assert_array_equal(array, np.zeros(3))
        assert array.flags.writeable


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"optimizer": "adm"}, "optimizer: 'adm' is unknown; known are vanilla, .*; did you mean adam"),
        ({"optimizer": adam}, r"optimizer is adam; call it, adam\(\)"),
        ({"optimizer": 0.001}, r"optimizer is 0.001; it is a value such as adam\(0.001\), or one of vanilla, "),
        ({"w0": [1.0, 2.0]}, r"w0 has shape \(2,\); linear needs \(3,\): a, b, c"),
        ({"w0": [1.0, np.inf, 2.0]}, "w0 has b = inf; every initial weight must be finite"),
        ({"epochs": 0}, "epochs must be a whole number of at least 1, not 0"),
        ({"batch_size": 0}, r"batch_size \(None is all 40 rows\) must be a whole number of at least 1 and at most 40, not 0"),
        ({"batch_size": 41}, r"batch_size \(None is all 40 rows\) must be .* at most 40, not 41"),
        ({"clip": 1.0}, r"clip must be a function such as clip_by_norm\(1.0\), not 1.0"),
        ({"stop": 1e-6}, r"stop must be a function such as converged\(1e-6\), not 1e-06"),
        ({"optimizer": sgd(lambda epoch: None)}, "sgd: the schedule returns None for epoch 0, no number"),
        ({"optimizer": sgd(lambda epoch: "fast")}, "sgd: the schedule returns 'fast' for epoch 0, no number"),
        ({"state": sgd().init(np.zeros(3)), "w0": None}, "state belongs to the weights it was reached with; give them as w0"),
        ({"callbacks": print}, r"callbacks must be a sequence of functions, not one function: give \[print\]"),
        ({"seed": -1}, "seed must be a whole number of at least 0 and at most 4294967295, not -1"),
        ({"seed": 2**32}, "seed must be"),
        ({"state": adam().init(np.zeros(3))}, r"state has slots of shapes \[\(3,\), \(3,\)\]; sgd needs 0 of \(3,\)"),
        ({"optimizer": momentum(), "state": momentum().init(np.zeros(4))}, r"shapes \[\(4,\)\]; momentum needs 1 of \(3,\)"),
    ],
)
def test_an_option_out_of_bounds_is_refused_by_name(linear, plane, options, message):
    with pytest.raises(WeightsError if message.startswith("w0") else OptionError, match=message):
        train(linear, *plane, **{"optimizer": sgd(), "w0": np.zeros(3), **options})
