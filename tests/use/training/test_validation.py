"""Rows held out, early stopping, the best weights, and what a result says of them."""

import numpy as np
import pytest

from symgraph.errors import DataError, OptionError
from symgraph.use.training import EpochEnd, Failure, adam, converged, momentum, patience, sgd, split, train


def test_rows_held_out_are_not_trained_on_and_their_loss_is_recorded(linear, plane):
    X, y = plane
    parts, ends = split(40, 0.25, seed=3), []
    result = train(linear, X, y, optimizer=sgd(), epochs=6, seed=3, validation=0.25, callbacks=[ends.append])
    alone = train(linear, X[parts.trained], y[parts.trained], optimizer=sgd(), epochs=6, seed=3)
    np.testing.assert_array_equal(result.weights, alone.weights)
    np.testing.assert_array_equal(result.losses, alone.losses)
    np.testing.assert_array_equal(result.held_out, parts.held_out)
    held = [linear.loss(end.weights, X[parts.held_out], y[parts.held_out]) for end in ends]
    assert result.validation_losses.tolist() == held == [end.validation_loss for end in ends]
    assert alone.validation_losses is alone.held_out is None
    given = train(linear, X[:30], y[:30], optimizer=sgd(), epochs=4, seed=0, validation=(X[30:], y[30:]))
    assert given.validation_losses[-1] == linear.loss(given.weights, X[30:], y[30:])
    assert given.held_out is None
    np.testing.assert_array_equal(given.weights, train(linear, X[:30], y[:30], optimizer=sgd(), epochs=4, seed=0).weights)


def test_a_row_at_fault_is_named_by_its_place_in_the_file(linear, plane):
    X, y = plane
    parts, run = split(40, 0.5, seed=1), {"optimizer": sgd(), "epochs": 2, "seed": 1, "validation": 0.5}
    spoilt = np.where(np.arange(40) == parts.trained[7], np.nan, y)
    assert train(linear, X, spoilt, **run).failure == Failure(1, int(parts.trained[7]), "loss")
    result = train(linear, X, np.where(np.arange(40) == parts.held_out[0], np.nan, y), **run)
    assert (result.reason, result.best_epoch) == ("epochs", 0)
    assert np.isnan(result.validation_losses).all()
    np.testing.assert_array_equal(result.best_weights, linear.initial_weights(1))


def test_the_best_weights_are_those_of_the_first_least_loss(linear, plane):
    ends = []
    result = train(linear, *plane, optimizer=momentum(0.05), epochs=60, seed=0, callbacks=[ends.append])
    best = int(np.argmin(result.losses))
    assert result.best_epoch - 1 == best < 59
    np.testing.assert_array_equal(result.best_weights, ends[best].weights)
    assert [end.best_epoch for end in ends] == [int(np.argmin(result.losses[: i + 1])) + 1 for i in range(60)]
    held = train(linear, *plane, optimizer=momentum(0.05), epochs=60, seed=0, validation=0.3)
    assert held.best_epoch - 1 == int(np.argmin(held.validation_losses)) != int(np.argmin(held.losses))


def epoch_with(change=(0.0, 0.0), epoch=0, best_epoch=0):
    before = np.zeros(2)
    return EpochEnd(epoch, 1.0, before + change, before, sgd().init(before), validation_loss=None, best_epoch=best_epoch)


@pytest.mark.parametrize(
    ("change", "stops"),
    [((0.0, 0.0), True), ((0.009, -0.009), True), ((0.01, 0.0), False), ((0.0, -0.01), False), ((-5.0, -5.0), False)],
)
def test_converged_looks_at_the_absolute_change_of_every_weight(change, stops):
    """Falling weights are not settled weights."""
    end = epoch_with(np.array(change))
    assert converged(0.01)(end) is stops
    assert tuple(end.change) == change


@pytest.mark.parametrize(("best", "stops"), [(9, False), (7, False), (6, True), (0, True), (-1, True)])
def test_patience_ends_after_so_many_epochs_without_a_lower_loss(best, stops):
    assert patience(3)(epoch_with(epoch=9, best_epoch=best)) is stops


def test_early_stopping_ends_a_run_so_many_epochs_after_its_best(linear, plane):
    result = train(linear, *plane, optimizer=momentum(0.05), epochs=500, seed=0, validation=0.3, stop=patience(4))
    assert (result.reason, result.epochs) == ("patience", result.best_epoch + 4)
    told = "the validation loss has not fallen since epoch {}; the weights are those after epoch {}"
    assert result.message == told.format(result.best_epoch, result.epochs)
    # of several stops the first that is met ends the run
    run = {"optimizer": sgd(0.1), "epochs": 500, "seed": 0, "batch_size": None}
    assert train(linear, *plane, stop=[patience(400), converged(1e-3)], **run).reason == "tolerance"
    assert train(linear, *plane, stop=[patience(1), converged(1e-300)], **run).reason == "patience"


def test_a_result_is_readable(linear, plane):
    one, other = (train(linear, *plane, optimizer=adam(), epochs=3, batch_size=40, seed=0, shuffle=s) for s in (True, False))
    np.testing.assert_array_equal(one.weights, other.weights)  # an update of all rows takes them in the order of the file
    assert one.shuffle is other.shuffle is False
    result = train(linear, *plane, optimizer=sgd(), epochs=3, seed=7, validation=0.25, backend="numpy")
    assert repr(result) == (
        f"TrainResult(epochs=3, reason='epochs', loss={result.losses[-1]:.6g}, best_epoch=3, backend='numpy', seed=7)"
    )
    losses, held = result.losses, result.validation_losses
    assert result.summary().splitlines() == [
        "all epochs are done; the weights are those after epoch 3",
        f"loss: {losses[0]:.6g} after the first epoch, {losses[-1]:.6g} after the last",
        f"validation loss: {held[0]:.6g} after the first epoch, {held[-1]:.6g} after the last",
        f"best: epoch 3, loss {losses[2]:.6g}, validation loss {held[2]:.6g}",
        "updates: 90, of 1 row in a new order each epoch, seed 7, backend numpy",
    ]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"validation": "all"}, OptionError, "validation must be"),
        ({"validation": [1, 2, 3]}, OptionError, r"validation must be a share such as 0.2, or \(X, y\), not 3 values"),
        ({"validation": (np.ones((3, 2)), np.ones(4))}, DataError, "X has 3 rows and y has 4"),
        ({"validation": 0.5, "batch_size": 21}, OptionError, r"batch_size \(None is all 20 rows\) must be .* at most 20"),
        ({"stop": [converged(0.1), 3]}, OptionError, "stop must be a function such as"),
        ({"checkpoint": "run"}, OptionError, r"checkpoint must be a value such as checkpoints\('run', every=10\), not 'run'"),
    ],
)
def test_an_option_out_of_bounds_is_refused_by_name(linear, plane, rosenbrock, options, error, message):
    with pytest.raises(error, match=message):
        train(linear, *plane, **{"optimizer": sgd(), "w0": np.zeros(3), **options})
    with pytest.raises(OptionError, match="rosenbrock has neither features nor target, and so no rows to hold out"):
        train(rosenbrock, optimizer=sgd(), validation=0.5, w0=[0.0, 0.0])
