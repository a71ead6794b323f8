"""Gradient clipping: functions that take a gradient and return the one that an optimizer is to use.

Any function from (k,) to (k,) can be used instead. A gradient that is not finite is returned as it is: training stops at
it, and clipping must not hide it.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, MutableSequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from symgraph.data.options import number
from symgraph.data.rows import Array

Clip = Callable[[Array], Array]


@dataclass(frozen=True, slots=True)
class Limit(ABC):
    """Clip with forms for updates by single rows, whose gradients are a few floats: there NumPy costs more than it saves.

    Attributes:
        limit: the number that it takes.
        in_c: the name of its function in `epoch.c`.
    """

    limit: float
    in_c: ClassVar[str]

    @abstractmethod
    def __call__(self, grad: Array) -> Array:
        """Return the gradient to use."""

    @abstractmethod
    def on_floats(self, grad: MutableSequence[float]) -> None:
        """Change a list of finite floats to the gradient to use, which agrees with that of arrays to rounding."""


class ClipByNorm(Limit):
    """Clip that shortens a gradient to a greatest Euclidean norm; made by `clip_by_norm`.

    The norm, largest * |direction|, is never formed: it overflows where a component is near the end of the range.
    """

    __slots__ = ()
    in_c = "clip_by_norm"

    def __call__(self, grad: Array) -> Array:
        largest = float(np.max(np.abs(grad)))
        if largest == 0.0 or not math.isfinite(largest):
            return grad
        direction = grad / largest
        longest = self.limit / math.sqrt(float(direction.dot(direction)))
        return direction * longest if largest > longest else grad

    def on_floats(self, grad: MutableSequence[float]) -> None:
        largest = max(map(abs, grad), default=0.0)
        if largest == 0.0:
            return
        square = 0.0
        for g in grad:
            direction = g / largest
            square += direction * direction
        longest = self.limit / math.sqrt(square)
        if largest > longest:
            grad[:] = [g / largest * longest for g in grad]


class ClipByValue(Limit):
    """Clip that limits every component of a gradient; made by `clip_by_value`."""

    __slots__ = ()
    in_c = "clip_by_value"

    def __call__(self, grad: Array) -> Array:
        if not np.isfinite(grad).all():
            return grad
        limit = min(self.limit, float(np.finfo(grad.dtype).max))
        return np.clip(grad, -limit, limit)

    def on_floats(self, grad: MutableSequence[float]) -> None:
        grad[:] = [max(-self.limit, min(self.limit, g)) for g in grad]


def clip_by_norm(max_norm: float) -> ClipByNorm:
    """Shorten gradients longer than `max_norm` to that length, keeping their direction.

    Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks", algorithm 1:
    ``g * max_norm / |g|`` where ``|g| > max_norm``, and g elsewhere.

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


CLIPS: Mapping[str, Callable[[float], Limit]] = MappingProxyType({"norm": clip_by_norm, "value": clip_by_value})
"""The clips there are, by name."""


def on_floats(clip: Clip) -> Callable[[MutableSequence[float]], None]:
    """Return the function that applies a clip to a list of finite floats in place.

    Args:
        clip: one of CLIPS, or a function of your own, which is called on an array.
    """
    if isinstance(clip, Limit):
        return clip.on_floats

    def by_array(grad: MutableSequence[float]) -> None:
        array = np.array(grad)
        grad[:] = np.broadcast_to(clip(array), array.shape).tolist()

    return by_array
