"""Gradient clipping: functions that take a gradient and return the one that an optimizer is to use.

Any function from (k,) to (k,) can be used instead. A gradient that is not finite is returned as it is: training stops at
it, and clipping must not hide it.
"""

import math
from collections.abc import Callable, Mapping, MutableSequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from symgraph.training.arrays import Array
from symgraph.training.options import number

Clip = Callable[[Array], Array]


@dataclass(frozen=True, slots=True)
class ClipByNorm:
    """Clip that shortens a gradient to a greatest Euclidean norm; made by `clip_by_norm`."""

    limit: float

    def __call__(self, grad: Array) -> Array:
        # The norm, largest * |direction|, is never formed: it overflows where a component is near the end of the range.
        largest = float(np.max(np.abs(grad)))
        if largest == 0.0 or not math.isfinite(largest):
            return grad
        direction = grad / largest
        longest = self.limit / math.sqrt(float(direction.dot(direction)))
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


def _shorten(grad: MutableSequence[float], limit: float) -> None:
    """Apply `ClipByNorm` to floats."""
    largest = max(map(abs, grad), default=0.0)
    if largest == 0.0 or not math.isfinite(largest):
        return
    square = 0.0
    for g in grad:
        direction = g / largest
        square += direction * direction
    longest = limit / math.sqrt(square)
    if largest > longest:
        grad[:] = [g / largest * longest for g in grad]


def _bound(grad: MutableSequence[float], limit: float) -> None:
    """Apply `ClipByValue` to floats."""
    grad[:] = [max(-limit, min(limit, g)) for g in grad]


class Form(NamedTuple):
    """A clip for updates by single rows, whose gradients are a few floats: there NumPy costs more than it saves.

    Attributes:
        floats: the function of a list of floats, which it changes, and the clip's limit; all floats are finite.
        c: the name of the same function in `epoch.c`.
    """

    floats: Callable[[MutableSequence[float], float], None]
    c: str


FORMS: Mapping[type, Form] = MappingProxyType(
    {ClipByNorm: Form(_shorten, "clip_by_norm"), ClipByValue: Form(_bound, "clip_by_value")}
)
"""Forms of the clips there are. A clip of another type is called on the array of each row's gradient."""


def on_floats(clip: Clip) -> Callable[[MutableSequence[float]], None]:
    """Return the function that applies a clip to a list of finite floats in place; it agrees with the clip to rounding.

    Args:
        clip: from `clip_by_norm`, `clip_by_value`, or a function of your own.
    """
    form = FORMS.get(type(clip))
    if form is not None:
        limit: float = clip.limit  # type: ignore[attr-defined]  # as those of FORMS have it
        return lambda grad: form.floats(grad, limit)

    def by_array(grad: MutableSequence[float]) -> None:
        array = np.array(grad)
        grad[:] = np.broadcast_to(clip(array), array.shape).tolist()

    return by_array
