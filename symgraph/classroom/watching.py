"""The weights with which a student's gradient check calls the student's own functions, seen while it runs; NumPy only."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np

from symgraph.classroom.conventions import bound, role_of

_WATCHED = ("forward_propagation", "loss")
_ROUNDING = 4e-16
_OTHERS = 1e-3
"""Change of other weights, relative to that of one, up to which it alone is changed: what is left of one that is set back."""

Call = tuple[Any, Any]
"""The weights and what came back."""


@contextmanager
def watched(module: ModuleType) -> Iterator[list[Call]]:
    """Note the calls of a module's functions that compute losses.

    Args:
        module: the student's file; its functions are put back at the end.

    Yields:
        The list that the calls are noted in.
    """
    calls: list[Call] = []
    functions = {name: value for name, value in vars(module).items() if callable(value) and role_of(name) in _WATCHED}
    for name, function in functions.items():
        setattr(module, name, _noting(str(role_of(name)), function, calls))
    try:
        yield calls
    finally:
        for name, function in functions.items():
            setattr(module, name, function)


def _noting(role: str, function: Callable[..., Any], calls: list[Call]) -> Callable[..., Any]:
    names = {"x": "x", "X": "X", "y": "y", "W": "W"}
    try:
        positions, keywords = bound(role, function, names)
    except (TypeError, KeyError):
        return function
    place = positions.index("W") if "W" in positions else None
    key = next((name for name, meaning in keywords.items() if meaning == "W"), "")
    if place is not None and hasattr(function, "__code__"):
        key = function.__code__.co_varnames[place]

    def noted(*arguments: Any, **by_name: Any) -> Any:
        given = arguments[place] if place is not None and place < len(arguments) else by_name.get(key)
        weights = _copied(given)
        result = function(*arguments, **by_name)
        if weights is not None:
            calls.append((weights, result))
        return result

    return noted


def _copied(given: Any) -> Any:
    try:
        return np.array(given).ravel() * 1.0
    except (TypeError, ValueError):
        return None  # in a form of the student's own


def steps(calls: list[Call], W: Any, loss: Callable[[Any], float | None]) -> Mapping[str, Any]:
    """Tell by which steps weights were changed.

    Args:
        calls: those that `watched` noted.
        W: (k,) the weights that the gradient check was given.
        loss: reads the loss in what came back.

    Returns:
        "base" the loss at these weights or None; "up" and "down" for each weight the step and the loss of the first call in
        which it alone was greater or less, or None; "several" the number of calls in which several were changed.
    """
    base, several = None, 0
    sides: dict[str, list[list[float | None] | None]] = {"up": [None] * len(W), "down": [None] * len(W)}
    for weights, result in calls:
        if weights.shape != W.shape or np.iscomplexobj(weights):
            continue  # in a form of the student's own
        change = weights - W
        sizes = np.abs(change)
        place = int(np.argmax(sizes))
        if sizes[place] <= _ROUNDING * max(1.0, abs(float(W[place]))):
            base = loss(result)
        elif np.sum(sizes > _OTHERS * sizes[place]) > 1:
            several += 1
        else:
            side = sides["up" if change[place] > 0.0 else "down"]
            side[place] = side[place] or [float(sizes[place]), loss(result)]
    return {"base": base, "several": several, **sides}
