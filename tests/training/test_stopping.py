import numpy as np
import pytest

from symgraph.training import EpochEnd, converged, patience, sgd


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
