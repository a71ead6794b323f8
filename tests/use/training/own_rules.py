"""Optimizers of a user's own: rules of other forms than those there are."""

from collections.abc import Callable
from typing import Any

import numpy as np

from symgraph.use.training import Optimizer


def own(rule: Callable[..., Any], slots: int = 0, rate: float = 0.01) -> Optimizer:
    """An optimizer from rule(sqrt, w, g, slots, step, rate)."""
    return Optimizer("own", lambda sqrt: lambda w, g, s, t, r: rule(sqrt, w, g, s, t, r), slots=slots, rate=rate)


def nesterov(sqrt: Any, w: Any, g: Any, slots: Any, step: Any, rate: Any) -> Any:
    """The old slot is read after the new one is known."""
    (v,) = slots
    new = 0.9 * v - rate * g
    return w + (-0.9 * v + 1.9 * new), (new,)


def unlike_adam(sqrt: Any, w: Any, g: Any, slots: Any, step: Any, rate: Any) -> Any:
    """Old slots move the weight, with whole numbers, powers and magnitudes among the operations."""
    m, v = slots
    return w - rate * m / sqrt(v + 1e-8) / (1.0 - 0.9**step), (0.9 * m + 0.1 * g, abs(0.99 * v - (2 * g**2) * -0.01))


def swapping(sqrt: Any, w: Any, g: Any, slots: Any, step: Any, rate: Any) -> Any:
    """A slot is handed on to the other; g + g is used three times."""
    twice = g + g
    return w - rate * (slots[1] + twice * twice), (twice, slots[0])


RECORDED = {"nesterov": own(nesterov, 1), "unlike adam": own(unlike_adam, 2), "swapping": own(swapping, 2)}
"""Rules that can be written as C."""

SIGNED = own(lambda q, w, g, s, t, r: (w - r * np.sign(g), s))
"""A rule for arrays alone."""

HIDING = own(lambda q, w, g, s, t, r: (w - r / (1.0 + g * g), s))
"""A rule that makes 0 of an infinite gradient."""

BRANCHING = own(lambda q, w, g, s, t, r: (w - r if g > 0.0 else w + r, s))
"""A rule for floats alone."""
