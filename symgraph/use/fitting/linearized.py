"""The residuals of a fit, linearized at free weights: the step to the least sum of their squares, and what they leave open.

Source: A. Bjorck, Numerical Methods for Least Squares Problems (1996), sections 2.7 and 9.2.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.use.fitting.problem import Array, Problem

EPS = float(np.finfo(np.float64).eps)
"""The unit in the last place of 1."""


class Linearized(NamedTuple):
    """Factors of the residuals r and of their derivatives J at free weights; rows of a penalty are among them.

    Attributes:
        v: (f,) the free weights.
        inner: (f,) which of them are not at a bound, None for all; J has a column for each of these, i in number.
        squares: r'r.
        scale: (f,) the lengths of the columns of J; 1 where all of a column is 0, and of weights at a bound.
        singular: (i,) the singular values of J with columns divided by these, the largest first.
        directions: (i, i) the right singular vectors of the same, one a row.
        limit: what a singular value is 0 up to, within rounding.
        length: the length of the part of r in the space of the columns of J, which is 0 at a minimum.
        step: (f,) the Gauss-Newton step, which takes this part away if r is linear; 0 if not regular.
    """

    v: Array
    inner: NDArray[np.bool_] | None
    squares: float
    scale: Array
    singular: Array
    directions: Array
    limit: float
    length: float
    step: Array

    @property
    def regular(self) -> bool:
        """Tell if no singular value is 0, so that the residuals determine all inner weights."""
        return bool(self.singular[-1] > self.limit)

    @property
    def rounding(self) -> float:
        """Return about as much as rounding may change the squares."""
        length = math.sqrt(self.squares)
        return 8 * EPS * length * (length + float(self.scale @ np.abs(self.v)))


def linearized(problem: Problem, v: Array) -> Linearized | None:
    """Linearize the residuals at (f,) free weights; None where something is not finite, or all weights are at a bound."""
    r, J, inner = problem.squared(v), problem.slopes(v), None
    if problem.is_bounded:
        inner = ~problem.at_bound(v)
        J = J[:, inner]
    rows, i = J.shape
    table = np.zeros((max(rows, i + 1), i + 1))
    table[:rows, :i], table[:rows, i] = J, r
    factors: Any = np.linalg.qr(table, mode="r")
    R, last = factors[:i, :i], factors[:, i]
    own, squares = np.sqrt(np.add.reduce(R * R)), float(last @ last)
    if not all(0.0 < length < math.inf for length in own.tolist()):  # a column of zeros, or squares beyond what floats hold
        largest = np.max(np.abs(R), axis=0, initial=0.0)
        largest[largest == 0.0] = 1.0
        own = largest * np.sqrt(np.add.reduce(np.square(R / largest)))
        own[own == 0.0] = 1.0
        if not np.isfinite(own).all():
            return None
    if not (i and math.isfinite(squares)):
        return None
    left, singular, directions = np.linalg.svd(R / own)
    along = last[:i] @ left
    limit = len(table) * EPS * float(singular[0])
    part = (along / singular) @ directions / -own if singular[-1] > limit else np.zeros(i)
    scale, step = (own, part) if inner is None else (_among(inner, own, 1.0), _among(inner, part, 0.0))
    return Linearized(v, inner, squares, scale, singular, directions, limit, math.sqrt(along @ along), step)


def _among(inner: NDArray[np.bool_], part: Array, other: float) -> Array:
    """Return numbers of the free weights, of which those of the inner ones are given."""
    full = np.full(len(inner), other)
    full[inner] = part
    return full


def combination(direction: Array, names: Sequence[str]) -> str:
    """Write a direction as a sum of weights, its greatest part 1; parts below a thousandth are left out."""
    sizes = np.abs(direction)
    direction = direction / direction[np.argmax(sizes >= 0.999 * sizes.max())]  # of equal ones the first
    large = [(value, name) for value, name in zip(direction, names, strict=True) if abs(value) >= 1e-3]
    parts = [
        f"{'-' if value < 0 else '+'} {'' if f'{abs(value):.3g}' == '1' else f'{abs(value):.3g}*'}{name}"
        for value, name in large
    ]
    text = " ".join(parts)
    return text.removeprefix("+ ") if text.startswith("+") else f"-{text[2:]}"
