import math

import pytest

from symgraph.errors import OptionError
from symgraph.training import constant, step_decay


def test_a_constant_schedule_has_one_rate_in_every_epoch():
    assert [constant(0.3)(epoch) for epoch in (0, 1, 1000)] == [0.3] * 3


def test_step_decay_multiplies_the_rate_every_few_epochs():
    schedule = step_decay(8.0, every=3, factor=0.5)
    assert [schedule(epoch) for epoch in range(8)] == [8.0, 8.0, 8.0, 4.0, 4.0, 4.0, 2.0, 2.0]


def test_schedules_are_values_that_compare():
    assert step_decay(0.1, every=5) == step_decay(0.1, every=5, factor=0.5)
    assert constant(0.1) != constant(0.2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: constant(0), "rate must be a finite number and above 0, not 0"),
        (lambda: constant(math.inf), "rate must be"),
        (lambda: step_decay(0.1, every=0), "every must be a whole number of at least 1, not 0"),
        (lambda: step_decay(0.1, every=2.5), "every must be a whole number of at least 1, not 2.5"),
        (lambda: step_decay(0.1, every=2, factor=-0.5), "factor must be"),
    ],
)
def test_an_option_out_of_bounds_is_refused_by_name(make, message):
    with pytest.raises(OptionError, match=message):
        make()
