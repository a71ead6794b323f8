"""What becomes of results if every operation rounds at random: how far from the truth an honest result may be.

Condition numbers say nothing of a result that is 0: t**2, where t is the difference of two equal numbers, does not move to
first order, and is the square of a rounding error in any code. So the graph is evaluated again with rounding errors (Parker,
Monte Carlo arithmetic, UCLA technical report CSD-970002, 1997), and the results show what these do, to any order.
"""

import random
from collections.abc import Mapping, Sequence
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

from symgraph.truth.evaluation import Evaluator
from symgraph.truth.wide import is_number

INPUT_ULP = 4.0
"""By how many ulp the inputs move: as much as no method is asked to see through."""
_RUNS = 8
"""Runs a point. That all eight move something by less than a thirtieth of what they may, and its square by less than a
thousandth, has odds of 30**-8."""
_BITS = 240
"""More than the digits of a double by far: what cancels beyond is below any rounding error."""


class Scatter:
    """How far the results of a graph are scattered by rounding.

    Args:
        evaluate: of the graph.
        figures: by how many ulp a node may be off, for the nodes that are.
        at: positions of the results.
        limits: of the dtype.
    """

    def __init__(self, evaluate: Evaluator, figures: Mapping[int, float], at: Sequence[int], limits: Any) -> None:
        self._evaluate = evaluate
        self._figures = figures
        self._at = at
        self._limits = limits

    def at(self, leaves: Mapping[str, Any]) -> NDArray[np.float64]:
        """The largest distance of each result from its value without errors, in a few runs.

        Args:
            leaves: a mpf for every input.

        Returns:
            (k,) distances; inf where a run gives no number.
        """
        whole = {**leaves, "cotangent": mpmath.mpf(1)}
        with mpmath.workprec(_BITS):
            exact = self._evaluate.values(whole)
            runs = [self._evaluate.values(whole, _Rounding(self._figures, self._limits, seed)) for seed in range(_RUNS)]
            return np.array([max(_distance(run[root], exact[root]) for run in runs) for root in self._at], np.float64)


class _Rounding:
    """Moves values by rounding errors, the same ones for the same seed."""

    def __init__(self, figures: Mapping[int, float], limits: Any, seed: int) -> None:
        self._figures = figures
        self._unit, self._least = float(limits.eps), mpmath.mpf(float(limits.tiny))
        self._draw = random.Random(seed).uniform

    def __call__(self, index: int, value: Any) -> Any:
        figure = self._figures.get(index)
        if figure is None or isinstance(value, bool) or not is_number(value) or value == 0:
            return value
        # below the normal numbers, units are those of the smallest of these
        return value + max(abs(value), self._least) * (figure * self._unit * self._draw(-1.0, 1.0))


def _distance(moved: Any, exact: Any) -> float:
    if not is_number(moved) or not is_number(exact):
        return np.inf
    distance = abs(moved - exact)
    return float(distance) if distance == distance else np.inf
