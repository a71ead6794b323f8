"""Calls of a student's functions, each as its role asks, and what is seen while they run; NumPy only."""

import copy
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import FrameType, ModuleType
from typing import Any

import numpy as np

from symgraph.classroom.conventions import ROLES, bound, function_of, meaning_of, number_of, numbers_of
from symgraph.classroom.watching import steps, watched

Answer = dict[str, Any]
Given = Mapping[str, Any]

_STEP = 1e-5
_ROUNDING = 1e-12
"""Relative error of a value above which it is more than rounding; what rests on it may have a larger one."""
_PLANTED = 1.5
"""Factor of the partial that a gradient check has to find wrong."""


class Calls:
    """The calls of one function.

    Args:
        module: the student's file, loaded.
        request: its role and name, the arguments of each call, and how answers are read.

    Attributes:
        remarks: what was seen beside the answers, each kind with the line where it was seen first.
    """

    def __init__(self, module: ModuleType, request: Mapping[str, Any]) -> None:
        self.module, self.request, self.file = module, request, request["file"]
        self.role: str = request["role"]
        self.function: Callable[..., Any] = getattr(module, request["function"])
        self.remarks: Answer = {}

    def run(self) -> list[Answer]:
        """Call the function at all points of the request."""
        kinds = {"backward_propagation": self._backward, "gradient_checking": self._check}
        kinds |= {"loss": self._rows, "gradient": self._rows}
        kinds |= {name: self._step for name, role in ROLES.items() if "dW" in role.arguments}
        one = kinds.get(self.role, self._plain)
        return [one({key: _array(value) for key, value in given.items()}) for given in self.request["calls"]]

    def _called(self, given: Given) -> Any:
        """Call the function; note if it changes its arguments."""
        result, changed, before = self._tried(given)
        if "modifies" not in self.remarks and changed:
            names = [*inspect.signature(self.function).parameters][: len(before[0])] + list(before[1])
            again = copy.deepcopy(before)
            line = self._first_line(lambda: self.function(*again[0], **again[1]), lambda _: not _same(again, before))
            self.remarks["modifies"] = [names[changed[0][0]], line]
        return result

    def _tried(self, given: Given) -> tuple[Any, list[tuple[int, Any]], tuple[list[Any], dict[str, Any]]]:
        """Call the function; return its result, the place and value of each argument that it has changed, and its arguments."""
        arguments, keywords = bound(self.role, self.function, copy.deepcopy(dict(given)))
        before = copy.deepcopy((arguments, keywords))
        with np.errstate(all="ignore"):
            result = self.function(*arguments, **keywords)
        pairs = zip([*arguments, *keywords.values()], [*before[0], *before[1].values()], strict=True)
        return result, [(place, new) for place, (new, old) in enumerate(pairs) if not _same(new, old)], before

    def _first_line(self, call: Callable[[], Any], holds: Callable[[FrameType], bool]) -> int:
        """Return the first line of the student's file after which something holds, or 0."""
        found, last = 0, dict[FrameType, int]()

        def local(frame: FrameType, _event: str, _arg: Any) -> Any:
            nonlocal found
            if not found and frame in last and holds(frame):
                found = last[frame]
            last[frame] = frame.f_lineno
            return local

        def entered(frame: FrameType, event: str, arg: Any) -> Any:
            return local(frame, event, arg) if frame.f_code.co_filename == self.file else None

        sys.settrace(entered)
        try:
            with suppress(Exception), np.errstate(all="ignore"):
                call()
        finally:
            sys.settrace(None)
        return found

    def _read(self, returned: Any, given: Given) -> Answer:
        found = numbers_of(returned, [tuple(names) for names in self.request["order"]], self.request["known"])
        if "nan" not in self.remarks and any(isinstance(value, float) and not np.isfinite(value) for value in found.values()):
            arguments, keywords = bound(self.role, self.function, copy.deepcopy(dict(given)))
            self.remarks["nan"] = self._first_line(lambda: self.function(*arguments, **keywords), _has_nan)
        return dict(found)

    def _plain(self, given: Given) -> Answer:
        return self._read(self._called(given), given)

    # Backward and gradient check, which rest on the student's other functions.

    def _named(self, role: str) -> str | None:
        return function_of(role, {name: value for name, value in vars(self.module).items() if callable(value)})

    def _own(self, role: str, given: Given) -> Any:
        """Return what another of the student's functions gives; None where there is none."""
        name = self._named(role)
        if name is None:
            return None
        function = getattr(self.module, name)
        with np.errstate(all="ignore"):
            arguments, keywords = bound(role, function, copy.deepcopy(dict(given)))
            return function(*arguments, **keywords)

    def _forward(self, given: Given) -> Any:
        """Return what the student's forward function gives; None where there is none that runs."""
        with suppress(Exception):
            return None if self.request["broken"] else self._own("forward_propagation", given)
        return None

    def _backward(self, given: Given) -> Answer:
        """Call the backward function with the student's own values; where one of them is wrong, with the right one.

        Then what it gives for the wrong ones is told too, since entries of the student's own may rest on them.
        """
        right: Mapping[str, float] = given["right"]
        values = self._forward(given)
        if values is None:
            values = {**right, "x": given["x"], "y": given["y"], "W": given["W"]}
        untouched, wrong = copy.deepcopy(values), dict[str, float]()
        if isinstance(values, dict):
            for key, value in values.items():
                meaning, number = meaning_of(key, self.request["values"]), number_of(value)
                if meaning is None or meaning not in right:
                    continue
                if isinstance(number, float) and not np.isclose(number, right[meaning], rtol=_ROUNDING, atol=0.0):
                    wrong[meaning] = number
                if not isinstance(number, float) or not np.isclose(number, right[meaning], rtol=1e-5, atol=0.0):
                    values[key] = right[meaning]
        answer = self._read(self._called({**given, "d": values}), {**given, "d": values})
        if wrong:
            with suppress(Exception):  # it is judged at the right values
                answer["own"] = {"values": wrong, "partials": self._partials({**given, "d": untouched})}
        return answer

    def _partials(self, given: Given) -> Answer:
        """Return what the student's backward function gives."""
        returned = self._own("backward_propagation", given)
        return dict(numbers_of(returned, [tuple(self.request["weights"])], self.request["partials"]))

    def _rows(self, given: Given) -> Answer:
        """Call a function of all rows; tell the means of what the functions of one row give that it calls."""
        with watched(self.module) as calls:
            answer = self._plain(given)
        if calls:
            with suppress(Exception):  # they are judged by themselves
                rows = [self._row({**given, "x": x, "y": y}) for x, y in zip(given["X"], given["y"], strict=True)]
                answer["own"] = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
        return answer

    def _row(self, given: Given) -> Answer:
        values = self._forward(given)
        found: Answer = {"loss": self._loss(values)}
        if self.role == "gradient" and self._named("backward_propagation"):
            found |= self._partials({**given, "L": found["loss"], "d": values})
        return found

    def _check(self, given: Given) -> Answer:
        """Call the gradient check, and again with a fault planted in the student's backward function."""
        weights: Sequence[str] = self.request["weights"]
        with watched(self.module) as calls:
            answer: Answer = {"check": self._read(self._called(given), given), "found": None, "own": {}}
        answer["steps"] = steps(calls, np.array(given["W"], np.float64), self._loss)
        answer["slopes"] = [self._slope(given, place) for place in range(len(weights))]
        name, place = self._named("backward_propagation"), given["planted"]
        if name is None:
            return answer
        with suppress(Exception):  # it is judged by itself
            answer["own"] = self._partials({**given, "d": self._forward(given)})
        backward = getattr(self.module, name)
        name = next(key for key, value in vars(self.module).items() if value is backward)  # it may have several

        def faulty(*arguments: Any, **keywords: Any) -> Any:
            return _with_fault(backward(*arguments, **keywords), place, weights, self.request["partials"])

        setattr(self.module, name, faulty)
        answer["found"] = self._read(self._called(given), given)
        setattr(self.module, name, backward)
        return answer

    def _slope(self, given: Given, place: int) -> float | None:
        """Return the derivative of the student's own loss by one weight, by a central difference."""
        sides, step = [], _STEP * max(1.0, abs(float(given["W"][place])))
        for change in (step, -step):
            W = np.array(given["W"], np.float64)
            W[place] += change
            sides.append(self._loss(self._forward({**given, "W": W})))
        above, below = sides
        return None if above is None or below is None else (above - below) / (2.0 * step)

    def _loss(self, returned: Any) -> float | None:
        """Return the loss in what a forward function returned, or a function of the loss alone."""
        found = numbers_of(returned, [tuple(n) for n in self.request["values order"]], self.request["values"])
        loss = found.get(self.request["root"])
        return loss if isinstance(loss, float) else None

    # Optimizers.

    def _step(self, given: Given) -> Answer:
        """Call an optimizer: it returns the weights and what else it keeps, or changes its arguments in place."""
        order: Sequence[str] = self.request["order"][0]
        returned, changed, _ = self._tried(given)
        if returned is None and changed:
            returned = changed[0][1]
        if returned is None:
            return {"": "returns None and leaves the weights as they are; return the new weights"}
        parts = _parts(returned, len(given["W"]))
        found: Answer = {}
        for name, part in zip(order, parts, strict=False):
            try:
                values = np.ravel(np.asarray(part, np.float64)).tolist()
            except (TypeError, ValueError):
                return {name: f"is of type {type(part).__name__}; return {', '.join(order)}"}
            if len(values) == len(given["W"]):
                found[name] = values
            elif name == "W":
                return {"": f"returns {len(values)} numbers, not the {len(given['W'])} weights"}
        return found


def _parts(returned: Any, k: int) -> list[Any]:
    """Return the weights and the states in what an optimizer returned."""
    if isinstance(returned, Mapping):
        return _parts(list(returned.values()), k)
    if not isinstance(returned, tuple | list) or (
        len(returned) == k and all(np.size(part) == 1 for part in returned) and k > 1
    ):
        return [returned]
    parts: list[Any] = []
    for part in returned:
        parts += part.values() if isinstance(part, Mapping) and parts else [part]
    return parts


def _array(value: Any) -> Any:
    return np.array(value, np.float64) if isinstance(value, list) else value


def _with_fault(returned: Any, place: int, weights: Sequence[str], known: Mapping[str, str]) -> Any:
    """Return a student's partials with one of them wrong, in the form that they have."""
    if isinstance(returned, Mapping):
        key = next((key for key in returned if meaning_of(key, known) == weights[place]), None)
        return returned if key is None else {**returned, key: returned[key] * _PLANTED}
    flat = np.array(returned, np.float64)
    flat.ravel()[place] *= _PLANTED
    return type(returned)(flat.tolist()) if isinstance(returned, list | tuple) else flat


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, Mapping):
        return isinstance(other, Mapping) and one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return isinstance(other, list | tuple) and len(one) == len(other) and all(map(_same, one, other))
    try:
        return bool(np.array_equal(one, other, equal_nan=True))
    except (TypeError, ValueError):
        return True  # things that only the student knows how to compare


def _has_nan(frame: FrameType) -> bool:
    for value in frame.f_locals.values():
        with suppress(TypeError, ValueError):
            array = np.asarray(value)
            if array.dtype.kind == "f" and not np.all(np.isfinite(array)):
                return True
    return False
