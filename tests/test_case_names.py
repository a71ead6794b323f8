"""Cases of tests are named by what is in them."""

import math

import pytest
from case_names import name_of


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (3, "x=3"), ((0.5, -math.inf), "(0.5, -inf)"), ({"seed": 1, "how": math.exp}, "seed: 1, how: exp"),
        ({"b", "a"}, "a, b"), ("text", None), (math.exp, None), ([object()], None), (10**5000, "x"),
        ([*range(50)], "(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16..."),  # cut
    ],
)  # fmt: skip
def test_a_value_has_one_name_in_each_process(value: object, name: str | None) -> None:
    assert name_of(value, "x") == name
