"""The laws of drawing stay inside declared domains, wherever these lie."""

import random
from typing import NamedTuple

import pytest

from symgraph.gradcheck.drawing import KINDS, SCALES, inside

INFINITE = float("inf")


class Weight(NamedTuple):
    domain: tuple[float, float] | None
    kind: str = "weight"
    values: tuple[float, ...] | None = None


@pytest.mark.parametrize(
    "domain",
    [(5.0, 6.0), (0.0, INFINITE), (1e6, INFINITE), (-INFINITE, -1e6), (2e3, 5e3), (-1e9, 1e9), (-INFINITE, INFINITE)],
)
def test_what_is_drawn_lies_in_the_domain(domain: tuple[float, float]) -> None:
    draw = random.Random(0)
    for law in (*KINDS.values(), *SCALES.values()):
        assert all(domain[0] <= inside(law, draw, Weight(domain)) <= domain[1] for _ in range(50))
