"""Checks of the options that training takes; each message names the option, the value given, and the values allowed."""

import math
import operator
from typing import Any

from symgraph.errors import OptionError

MOST = 10**6
"""Points, rows or weight vectors at most that a check draws: more would take days, and memory before that."""

GREATEST_SEED = 2**32 - 1
"""Greatest seed of numpy's RandomState, from which initial weights are drawn."""


def number(option: str, value: Any, *, at_least: float = -math.inf, above: float = -math.inf, below: float = math.inf) -> float:
    """Return an option as a Python float after checking that it is finite and within its bounds.

    A Python float, because NumPy lets it take the precision of the array it meets: a float32 run stays float32.

    Args:
        option: its name, for the message.
        value: the value given.
        at_least: the least value it may have.
        above: a value it must exceed.
        below: a value it must stay under.

    Raises:
        OptionError: it is no finite number, or out of bounds.
    """
    try:
        result = math.nan if isinstance(value, bool | str) else float(value)
    except (TypeError, ValueError, OverflowError):
        result = math.nan
    if math.isfinite(result) and at_least <= result < below and result > above:
        return result
    bounds = ((at_least, f"at least {at_least:g}"), (above, f"above {above:g}"), (below, f"below {below:g}"))
    wanted = " and ".join(["a finite number", *(text for bound, text in bounds if math.isfinite(bound))])
    raise OptionError(f"{option} must be {wanted}, not {value!r}")


def count(option: str, value: Any, *, at_least: int = 1, at_most: int | None = None) -> int:
    """Return an option as a Python int after checking that it is a whole number within its bounds.

    Raises:
        OptionError: it is no whole number, or out of bounds.
    """
    try:
        result = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        result = None
    if result is not None and at_least <= result and (at_most is None or result <= at_most):
        return result
    limit = "" if at_most is None else f" and at most {at_most}"
    raise OptionError(f"{option} must be a whole number of at least {at_least}{limit}, not {value!r}")


def function(option: str, value: Any, example: str) -> None:
    """Check that an option which may be left out is a function.

    Args:
        option: its name, for the message.
        value: the value given; None is fine.
        example: a value that would do, for the message.

    Raises:
        OptionError: it cannot be called.
    """
    if value is not None and not callable(value):
        raise OptionError(f"{option} must be a function such as {example}, not {value!r}")
