import numpy as np
import pytest

from symgraph.errors import OptionError
from symgraph.training import EpochEnd, converged, patience, sgd


def epoch_with(change=(0.0, 0.0), epoch=0, best_epoch=0):
    before = np.zeros(2)
    return EpochEnd(epoch, 1.0, before + change, before, sgd().init(before), validation_loss=None, best_epoch=best_epoch)


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
    end = epoch_with(np.array(change))
    assert converged(0.01)(end) is stops
    assert tuple(end.change) == change


def test_a_tolerance_or_a_patience_that_can_never_be_met_is_refused():
    with pytest.raises(OptionError, match="tol must be a finite number and above 0, not 0"):
        converged(0)
    for epochs in (0, -1, 1.5, "3", True):
        with pytest.raises(OptionError, match="patience must be a whole number of at least 1, not "):
            patience(epochs)


@pytest.mark.parametrize(("best", "stops"), [(9, False), (7, False), (6, True), (0, True), (-1, True)])
def test_patience_ends_after_so_many_epochs_without_a_lower_loss(best, stops):
    assert patience(3)(epoch_with(epoch=9, best_epoch=best)) is stops
