"""Rules as C: what is written from one call of a rule, and what cannot be."""

import math

import numpy as np
import pytest
from own_rules import BRANCHING, SIGNED, own

from symgraph.use.training import adam, momentum
from symgraph.use.training.rule_in_c import NotRecordedError, recorded


def test_a_rule_is_written_operation_by_operation_and_stores_at_its_end():
    rule, numbers = recorded(momentum(0.1, gamma=0.75))
    assert numbers == (0.75,)
    assert rule.uniform == ()
    assert rule.each == (
        "const double value0 = numbers[0] * slot[0 * PADDED + j];",
        "const double value1 = rate * g[j];",
        "const double value2 = value0 + value1;",
        "const double value3 = w[j] - value2;",
        "const double new0 = value3;",
        "const double new1 = value2;",
        "w[j] = new0;",
        "slot[0 * PADDED + j] = new1;",
    )


def test_what_is_the_same_for_all_weights_is_done_once_a_row_and_divided_by_once():
    rule, numbers = recorded(adam())
    other = recorded(adam(0.1, 0.6, 0.7, 0.5))
    assert (other[0], other[1] == numbers) == (rule, False)  # rules that differ in their numbers alone have one text
    assert recorded(own(lambda q, w, g, s, t, r: (w - r * g / q(4.0), s)))[1] == (2.0,)  # as is a root of a plain number
    assert [numbers[int(base[8:-1])] for base in rule.powers] == [0.9, 0.999]
    assert sum("1.0 / " in line for line in rule.uniform) == 2  # the two corrections
    assert sum(" / " in line for line in rule.each) == 1  # by the root


@pytest.mark.parametrize(
    ("optimizer", "reason"),
    [
        (BRANCHING, "the rule of own is not made of operators alone: a recorded value is neither true nor false"),
        (SIGNED, "the rule of own is not made of operators alone: "),
        (own(lambda q, w, g, s, t, r: (w - r * float(g), s)), "the rule of own is not made of operators alone: "),
        (own(lambda q, w, g, s, t, r: (w - r * math.exp(g), s)), "the rule of own is not made of operators alone: "),
        (own(lambda q, w, g, s, t, r: (w - r * g / np.linalg.norm(g), s)), "the rule of own is not made of operators alone: "),
        (own(lambda q, w, g, s, t, r: (w if g else w - r, s)), "a recorded value is neither true nor false"),
        (own(lambda q, w, g, s, t, r: (w if g == 0.0 else w - r, s)), "a recorded value is neither true nor false"),
        (own(lambda q, w, g, s, t, r: (w - r if t == 1 else w, s)), "a recorded value is neither true nor false"),
        (own(lambda q, w, g, s, t, r: (w - r * g**0.5, s)), "takes a power that is neither a whole one nor one of a constant"),
        (own(lambda q, w, g, s, t, r: (w - r * (-2.0) ** g, s)), "takes a power that is neither"),
        (own(lambda q, w, g, s, t, r: (w - r * g * math.inf, s)), "the rule of own uses the constant inf"),
        (own(lambda q, w, g, s, t, r: (w - sum([g] * 1001), s)), "has more than 1000 operations"),
        (own(lambda q, w, g, s, t, r: (w - r * g, (g,))), "returns 1 slots and not 0"),
    ],
)
def test_what_cannot_be_recorded_is_refused_with_its_reason(optimizer, reason):
    with pytest.raises(NotRecordedError) as refusal:
        recorded(optimizer)
    assert reason in str(refusal.value)
