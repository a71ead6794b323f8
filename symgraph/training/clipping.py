"""Gradient clipping: functions that take a gradient and return the one that an optimizer is to use.

Any function from (k,) to (k,) can be used instead. A gradient that is not finite is returned as it is: training stops at
it, and clipping must not hide it.

A loop over rows has its gradients as floats, nine of them rather than thousands: there NumPy costs more than it saves.
`on_floats` gives the form of a clip that such a loop calls.
"""

import math
from collections.abc import Callable, MutableSequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from symgraph.training.arrays import Array
from symgraph.training.options import number

Clip = Callable[[Array], Array]


@dataclass(frozen=True, slots=True)
class ClipByNorm:
    """Clip that shortens a gradient to a greatest Euclidean norm; made by `clip_by_norm`."""

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
    """Clip that limits every component of a gradient; made by `clip_by_value`."""

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


class FloatClip(NamedTuple):
    """A clip for a loop over rows, called as function(grad, limit) with a list of floats that it changes.

    Attributes:
        function: the clip.
        limit: the second argument of the function.
        compilable: whether numba can compile the function.
    """

    function: Callable[[MutableSequence[float], float], None]
    limit: float
    compilable: bool


def on_floats(clip: Clip) -> FloatClip:
    """Return a clip in the form for lists of floats; it agrees with the clip to rounding.

    Args:
        clip: from `clip_by_norm`, `clip_by_value`, or a function of your own, which is then called on an array for each row.
    """
    match clip:
        case ClipByNorm(max_norm):
            return FloatClip(_shorten, max_norm, True)
        case ClipByValue(limit):
            return FloatClip(_bound, limit, True)
        case _:
            return FloatClip(_ByArray(clip), 0.0, False)


def _shorten(grad: MutableSequence[float], max_norm: float) -> None:
    """Apply `ClipByNorm` to floats."""
    largest = 0.0
    for g in grad:
        largest = max(largest, abs(g))
    if largest == 0.0 or largest == math.inf:
        return
    square = 0.0
    for g in grad:
        direction = g / largest
        square += direction * direction
    longest = max_norm / math.sqrt(square)
    if largest > longest:  # never where a component is nan: so is the square then
        for i in range(len(grad)):
            grad[i] = grad[i] / largest * longest


def _bound(grad: MutableSequence[float], limit: float) -> None:
    """Apply `ClipByValue` to floats."""
    for g in grad:
        if not math.isfinite(g):
            return
    for i in range(len(grad)):
        grad[i] = max(-limit, min(limit, grad[i]))


@dataclass(frozen=True, slots=True, eq=False)
class _ByArray:
    """Adapter of any other clip to floats."""

    clip: Clip

    def __call__(self, grad: MutableSequence[float], limit: float) -> None:
        array = np.array(grad)
        if np.isfinite(array).all():
            grad[:] = np.broadcast_to(self.clip(array), array.shape).tolist()
