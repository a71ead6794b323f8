import numpy as np
import pytest

from symgraph.errors import OptionError
from symgraph.training import EpochEnd, converged, patience, sgd


def epoch_with(change):
    before = np.zeros(2)
    return EpochEnd(
        epoch=0,
        loss=1.0,
        weights=before + change,
        previous=before,
        state=sgd().init(before),
        validation_loss=None,
        best_epoch=0,
    )


@pytest.mark.parametrize(
    ("change", "stops"),
    [
        ((0.0, 0.0), True),
        ((0.009, -0.009), True),
        ((0.01, 0.0), False),
        ((0.0, -0.01), False),
        ((-5.0, -5.0), False),  # falling weights are not settled weights: the change counts without its sign
    ],
)
def test_converged_looks_at_the_absolute_change_of_every_weight(change, stops):
    assert converged(0.01)(epoch_with(np.array(change))) is stops


def test_the_change_of_an_epoch_keeps_its_sign():
    np.testing.assert_array_equal(epoch_with(np.array([0.5, -0.25])).change, [0.5, -0.25])


def test_a_tolerance_that_can_never_be_met_is_refused():
    with pytest.raises(OptionError, match="tol must be a finite number and above 0, not 0"):
        converged(0)


@pytest.mark.parametrize(("best", "stops"), [(9, False), (7, False), (6, True), (0, True), (-1, True)])
def test_patience_ends_after_so_many_epochs_without_a_lower_loss(best, stops):
    before = np.zeros(2)
    end = EpochEnd(9, 1.0, before, before, sgd().init(before), validation_loss=None, best_epoch=best)
    assert patience(3)(end) is stops


@pytest.mark.parametrize("epochs", [0, -1, 1.5, "3", True])
def test_a_patience_that_is_no_number_of_epochs_is_refused(epochs):
    with pytest.raises(OptionError, match="patience must be a whole number of at least 1, not "):
        patience(epochs)
