"""Watches a function of a student's for weights that it changes a little: it takes differences, or a complex step."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from types import FrameType
from typing import Any

import numpy as np
from numpy.typing import NDArray

_CALLS = 3
"""Calls that are watched; a step is the same in all of them, and a coincidence is not."""
_LOOKS = 20_000
"""Lines that are watched in a call; enough for some steps of each weight, and soon over where a loop is long."""
_LEAST, _MOST = 1e-12, 2e-2
"""Steps, relative to the greater of 1 and the weight."""
_ALONE = 1e-3
"""Change of other weights, relative to that of one, up to which it alone is changed."""
_SAME = 0.05
"""Relative spread of a step between calls up to which it is the same; what rounding leaves differs by more."""

_Place = tuple[str, int]


class WeightsWatch:
    """Watch over calls of a function that is to give derivatives by the chain rule.

    Args:
        file: the student's; no other code is watched.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._seen: list[dict[_Place, tuple[float, int]]] = []
        self._scales: list[NDArray[np.float64]] = []
        self._complex = 0

    def look(self, call: Callable[[], None], W: NDArray[np.float64]) -> None:
        """Make one of the first calls, and note which variables have weights with one of them changed by a little.

        Args:
            call: calls the function.
            W: (k,) the weights that it gets.
        """
        if len(self._seen) == _CALLS:
            return
        seen: dict[_Place, tuple[float, int]] = {}
        near, looks = _Near(W), 0

        def local(frame: FrameType, _event: str, _arg: Any) -> Any:
            nonlocal looks
            looks += 1
            if looks > _LOOKS:
                sys.settrace(None)
                return None
            for name, value in _variables(frame.f_locals):
                for place, step in near.steps(value):
                    seen.setdefault((name, place), (step, frame.f_lineno))
                if not self._complex and near.complex_step(value):
                    self._complex = frame.f_lineno
            return local

        sys.settrace(lambda frame, event, arg: local(frame, event, arg) if frame.f_code.co_filename == self._file else None)
        try:
            with suppress(Exception):  # it is judged elsewhere
                call()
        finally:
            sys.settrace(None)
        self._seen.append(seen)
        self._scales.append(np.abs(W))

    @property
    def remarks(self) -> Mapping[str, int]:
        """By kind, "differences" or "complex", the line where changed weights were seen first."""
        lines = [line for place, (_, line) in self._seen[0].items() if self._is_step(place)] if self._seen else []
        found = {"differences": min(lines)} if lines else {}
        return found | ({"complex": self._complex} if self._complex else {})

    def _is_step(self, place: _Place) -> bool:
        """Tell whether a weight is changed in all calls, by the same step or one that goes with its size."""
        if not all(place in seen for seen in self._seen):
            return False
        steps = np.array([seen[place][0] for seen in self._seen])
        sizes = np.array([scale[place[1]] for scale in self._scales])
        return any(_are_same(steps / one) for one in (1.0, sizes, np.maximum(1.0, sizes), 1.0 + sizes))


def _are_same(steps: NDArray[np.float64]) -> bool:
    return bool(np.ptp(steps) <= _SAME * np.max(steps))


def _variables(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the variables of a function by name, and what is in a dictionary of them."""
    for name, value in values.items():
        yield name, value
        if type(value) is dict:
            yield from ((f"{name}[{key!r}]", one) for key, one in list(value.items())[:100] if isinstance(key, str))


class _Near:
    """Weights, to tell numbers that differ from one of them by a little.

    Args:
        W: (k,) the weights.
    """

    def __init__(self, W: NDArray[np.float64]) -> None:
        self._weights = W.tolist()
        self._W, scale = W, np.maximum(1.0, np.abs(W))
        self._least, self._most = _LEAST * scale, _MOST * scale
        self._bounds = list(zip(self._weights, self._least.tolist(), self._most.tolist(), strict=True))

    def steps(self, value: Any) -> Iterator[tuple[int, float]]:
        """Yield the place and the step of a weight that alone is changed, in one number or in numbers for all weights."""
        kind, k = type(value), len(self._weights)
        if kind is float or isinstance(value, np.float64):
            for place, (weight, least, most) in enumerate(self._bounds):
                if least <= abs(value - weight) <= most:
                    yield place, abs(float(value) - weight)
        elif (kind is np.ndarray and value.size == k and value.dtype.kind == "f") or (
            kind in (list, tuple) and len(value) == k and all(isinstance(one, float) for one in value)
        ):
            change = np.abs(np.ravel(value) - self._W)
            place = int(np.argmax(change))
            others = np.delete(change, place)
            if self._least[place] <= change[place] <= self._most[place] and np.all(others <= _ALONE * change[place]):
                yield place, float(change[place])

    def complex_step(self, value: Any) -> bool:
        """Tell whether a number, or one of several, is a weight with a small imaginary part."""
        if isinstance(value, np.ndarray) and value.dtype.kind == "c" and value.size == len(self._weights):
            return any(map(self.complex_step, value.ravel().tolist()))
        return isinstance(value, complex) and 0.0 != abs(value.imag) <= _MOST and value.real in self._weights
