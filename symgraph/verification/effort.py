"""How much a verification does, by the size of the model: all there is for small ones, a share that is linear for huge ones."""

from dataclasses import dataclass

_FEW = 4
"""Up to so many weights, each is checked alone rather than along directions."""

_LUCK = 1e8
"""Tolerated changes where there is one draw: of thousands of values some are hardly changed by it."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is done for a model.

    Attributes:
        points: weight vectors to check at, at least.
        most: at most, when some weights have not been seen yet.
        rows: rows at each.
        dense: random directions at each; 0 for every weight alone.
        single: weights that are checked alone at each, besides the directions.
        noise: the draws of rounding errors from which tolerances are made. Both signs of one show what is finite on one side
            only (the slope of asin next to 1); another one keeps one unlucky cancellation from hiding the conditioning.
        safety: how many times the largest change by noise is tolerated. That both of two draws change a value by less than 1/64
            of what is usual happens to one in some thousands; that one draw changes it by less than 10**-8, to one in 10**8.
        one_sided: whether slopes under noise, which only widen tolerances, and those of smooth models are forward differences.
        brief: whether each function of a module is called once in each way of reducing rows that is its own.
    """

    points: int
    most: int
    rows: int
    dense: int = 0
    single: int = 0
    noise: tuple[int, ...] = (1, -1, 2)
    safety: float = 64.0
    one_sided: bool = False
    brief: bool = False

    def evaluations(self, weights: int) -> int:
        """How many evaluations of the whole model it takes; those along single weights, which are short, do not count."""
        directions = self.dense or min(weights, _FEW)
        sides = 1 if self.one_sided else 2
        row = 1 + len(self.noise) + directions * (2 + sides * len(self.noise))
        return self.points * self.rows * row


def effort_for(weights: int, steps: int) -> Effort:
    """Choose the effort by cost: an evaluation takes 1 to 10 us a step.

    By directions, a fault in one weight changes the derivative along all of them, so that one point sees it.

    Args:
        weights: how many the model has.
        steps: operations of one evaluation.
    """
    cost = weights * steps
    if cost <= 2_000 and steps <= 500:
        return Effort(points=8, most=40, rows=3)
    if cost <= 20_000 and steps <= 1_000:
        return Effort(points=6, most=18, rows=3)
    dense = 0 if weights <= _FEW else 1
    if steps <= 500:
        return Effort(points=4, most=6, rows=2, dense=2 * dense, single=4)
    if steps <= 1_500:
        return Effort(points=2, most=6, rows=2, dense=dense, single=2, noise=(1, -1), safety=_LUCK, one_sided=True)
    if steps <= 20_000:
        return Effort(points=2, most=4, rows=2, dense=dense, single=1, noise=(1,), safety=_LUCK, one_sided=True, brief=True)
    return Effort(points=1, most=3, rows=2, dense=dense, single=1, noise=(1,), safety=_LUCK, one_sided=True, brief=True)
