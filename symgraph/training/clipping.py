"""Gradient clipping: values that are called with a gradient and return the gradient an optimizer is to use.

Any function from (k,) to (k,) can stand in their place. A gradient that is not finite is returned as it is: training stops at
it, and clipping must not hide it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from symgraph.training.arrays import Array
from symgraph.training.options import number

Clip = Callable[[Array], Array]


@dataclass(frozen=True, slots=True)
class ClipByNorm:
    """Shorten a gradient to a greatest Euclidean norm; made by `clip_by_norm`."""

    max_norm: float

    def __call__(self, grad: Array) -> Array:
        # The norm, largest * |direction|, is never formed: it overflows where a component is near the end of the range.
        largest = float(np.max(np.abs(grad)))
        if largest == 0.0 or not math.isfinite(largest):
            return grad
        direction = grad / largest
        longest = self.max_norm / math.sqrt(float(direction.dot(direction)))
        return direction * longest if largest > longest else grad


@dataclass(frozen=True, slots=True)
class ClipByValue:
    """Limit every component of a gradient; made by `clip_by_value`."""

    limit: float

    def __call__(self, grad: Array) -> Array:
        if not np.isfinite(grad).all():
            return grad
        limit = min(self.limit, float(np.finfo(grad.dtype).max))
        return np.clip(grad, -limit, limit)


def clip_by_norm(max_norm: float) -> ClipByNorm:
    """Shorten gradients longer than `max_norm` to that length, keeping their direction.

    Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks", algorithm 1:
    g * max_norm / |g| where |g| > max_norm, and g elsewhere.

    Args:
        max_norm: the greatest Euclidean norm, positive.

    Raises:
        OptionError: it is not a positive finite number.
    """
    return ClipByNorm(number("max_norm", max_norm, above=0.0))


def clip_by_value(limit: float) -> ClipByValue:
    """Limit every component of a gradient to [-limit, limit]; the direction may change.

    Args:
        limit: the greatest magnitude of a component, positive.

    Raises:
        OptionError: it is not a positive finite number.
    """
    return ClipByValue(number("limit", limit, above=0.0))
