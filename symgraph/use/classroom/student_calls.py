"""Calls of a student's functions, each as its role asks, and what is seen while they run; NumPy only."""

import copy
import functools
import inspect
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from types import FrameType, ModuleType
from typing import Any

import numpy as np

from symgraph.use.classroom.conventions import arguments_of, bound, function_of, keys_of, number_of, numbers_of, role_of
from symgraph.use.classroom.stand_ins import NOTE, RightValues, StandIns, mended
from symgraph.use.classroom.stand_ins import ROLES as CALLED
from symgraph.use.classroom.step_results import step_results
from symgraph.use.classroom.weights_watch import WeightsWatch

Answer = dict[str, Any]
Given = Mapping[str, Any]
Function = Callable[..., Any]

_STEP = 1e-5
_ROUNDING = 1e-12
"""Relative error of a value above which it is more than rounding; what rests on it may have a larger one."""
_ROUGH = 1e-5
"""Relative error of a value that is wrong."""
_SAME = 4e-16
"""Relative difference of weights that are the same."""
_OTHERS = 1e-3
"""Change of other weights, relative to that of one, up to which it alone is changed: what is left of one that is set back."""
_AGREES = 1e-9
"""Difference that stands for the yes of a gradient check which says yes or no."""
_PLANTED = 1.5
"""Factor of the partial that a gradient check has to find wrong."""


class Calls:
    """The calls of one function.

    Args:
        module: the student's file, loaded.
        name: the function's name in it.
        request: its role, the arguments of each call, by role how answers are read, the worksheet's solution, and the roles of
            the student's functions that have broken their process. If it is at large inputs, what stops with an error there has
            its name under "" in its answer.

    Attributes:
        remarks: what was seen beside the answers, each kind with the line where it was seen first.
    """

    def __init__(self, module: ModuleType, name: str, request: Mapping[str, Any]) -> None:
        self.module, self.request, self.file = module, request, request["file"]
        self.role: str = request["role"]
        self.function: Function = getattr(module, name)
        self.remarks: Answer = {}
        self._stand_ins = StandIns(request["solution"], request["readings"], request["broken"])
        self._steps_seen = WeightsWatch(self.file)

    def run(self) -> list[Answer]:
        """Call the function at all points of the request, in the way that its arguments ask for."""
        ways = {"d": self._backward, "row": self._check, "X": self._rows, "dW": self._step}
        arguments = arguments_of(self.role)
        way = next((way for argument, way in ways.items() if argument in arguments), self._plain)
        way = self._at_large if self.request["large"] else way
        with self._replaced(self._stood_in()):
            answers = [way({key: array_of(value) for key, value in given.items()}) for given in self.request["calls"]]
        self.remarks |= self._steps_seen.remarks
        return answers

    def _stood_in(self) -> dict[str, Function]:
        """Return what stands in the place of the student's other functions: they, with right values where they stop or are
        judged by themselves.
        """
        called = {*CALLED} & {*self.request["saved"]} - {self.role} if self.request["solution"] else set()
        others = {name: role for name in vars(self.module) if (role := role_of(name)) in called}
        saved = {
            name: self._stand_ins.wrapped(str(role), function)
            for name, role in others.items()
            if callable(function := getattr(self.module, name))
        }
        return saved | self._helpers()

    def _at_large(self, given: Given) -> Answer:
        """Call the function at large inputs, where an overflow is no reason to stop."""
        try:
            return self._read(self.role, self._tried(given)[0])
        except OverflowError:
            return {"": "OverflowError"}
        except Exception:  # such as the logarithm of what has become 0: it is judged at ordinary inputs
            return {}

    def _tried(self, given: Given) -> tuple[Any, list[tuple[int, Any]]]:
        """Call the function; return its result, and the place and value of each argument that it has changed."""
        before = bound(self.role, self.function, given)
        arguments, keywords = before

        def call() -> Any:
            nonlocal arguments, keywords
            arguments, keywords = bound(self.role, self.function, given)
            with np.errstate(all="ignore"):
                return self.function(*arguments, **keywords)

        result = self._stand_ins.call(call)
        pairs = zip([*arguments, *keywords.values()], [*before[0], *before[1].values()], strict=True)
        return result, [(place, new) for place, (new, old) in enumerate(pairs) if not _same(new, old)]

    def _first_line(self, given: Given, holds: Callable[[FrameType, list[Any]], bool]) -> int:
        """Call the function; return the first line of the student's file after which something holds of the frame and the
        arguments, or 0.
        """
        found, last = 0, dict[FrameType, int]()
        arguments, keywords = bound(self.role, self.function, given)

        def local(frame: FrameType, _event: str, _arg: Any) -> Any:
            nonlocal found
            if not found and frame in last and holds(frame, [*arguments, *keywords.values()]):
                found = last[frame]
            last[frame] = frame.f_lineno
            return local

        sys.settrace(lambda frame, event, arg: local(frame, event, arg) if frame.f_code.co_filename == self.file else None)
        try:
            with suppress(Exception), np.errstate(all="ignore"):
                self.function(*arguments, **keywords)
        finally:
            sys.settrace(None)
        return found

    def _plain(self, given: Given) -> Answer:
        """Call the function, and read the numbers that it returns; note if it changes its arguments, and where NaN arises."""
        returned, changed = self._tried(given)
        if changed and "modifies" not in self.remarks:
            arguments, keywords = bound(self.role, self.function, given)
            names = [*inspect.signature(self.function).parameters][: len(arguments)] + list(keywords)
            line = self._first_line(given, lambda _, now: not _same(now, [*arguments, *keywords.values()]))
            self.remarks["modifies"] = [names[changed[0][0]], line]
        found = self._read(self.role, returned)
        if "nan" not in self.remarks and any(isinstance(value, float) and not np.isfinite(value) for value in found.values()):
            self.remarks["nan"] = self._first_line(given, _has_nan)
        return found

    def _read(self, role: str, returned: Any) -> Answer:
        """Return the numbers in what a function of a role returned."""
        order, known = self.request["readings"][role]
        if role == "gradient_checking" and isinstance(returned, bool | np.bool_):
            returned = _AGREES if returned else 1.0
        return dict(numbers_of(returned, [tuple(names) for names in order], known))

    # Functions that rest on the student's other functions.

    def _named(self, role: str) -> str | None:
        return function_of(role, {name: value for name, value in vars(self.module).items() if callable(value)})

    def _own(self, role: str, given: Given) -> Any:
        """Return what another of the student's functions gives; None where there is none."""
        name = self._named(role)
        if name is None:
            return None
        arguments, keywords = bound(role, getattr(self.module, name), given)
        self._stand_ins.by_name()
        with np.errstate(all="ignore"):
            return getattr(self.module, name)(*arguments, **keywords)

    def _forward(self, given: Given) -> Any:
        """Return what the student's forward function gives; None where there is none that runs."""
        with suppress(Exception):
            return self._own("forward_propagation", given)
        return None

    def _partials(self, given: Given) -> Answer:
        """Return what the student's backward function gives."""
        return self._read("backward_propagation", self._own("backward_propagation", given))

    def _loss(self, returned: Any) -> float | None:
        """Return the loss in what a forward function returned, or a function of the loss alone."""
        loss = self._read("forward_propagation", returned).get(self.request["root"])
        return loss if isinstance(loss, float) else None

    def _helpers(self) -> dict[str, Function]:
        """Return what stands in the place of the student's functions of one number that are judged by themselves."""
        found: dict[str, Function] = {}
        for role, code in self.request["helpers"].items():
            name = self._named(role)
            if name is not None and role != self.role:
                found[name] = mended(None if role in self.request["broken"] else getattr(self.module, name), code)
        return found

    @contextmanager
    def _replaced(self, functions: Mapping[str, Function]) -> Iterator[None]:
        """Put functions in the place of the student's of the same names, for a while."""
        before = {name: getattr(self.module, name) for name in functions}
        vars(self.module).update(functions)
        try:
            yield
        finally:
            vars(self.module).update(before)

    def _wrapped(self, roles: Collection[str], wrap: Callable[[Function], Function]) -> AbstractContextManager[None]:
        """Put wrapped functions in the place of the student's functions of some roles, for a while."""
        functions = {name: value for name, value in vars(self.module).items() if callable(value) and role_of(name) in roles}
        return self._replaced({name: wrap(function) for name, function in functions.items()})

    @contextmanager
    def _watched(self, W: Any) -> Iterator[list[tuple[Any, Any]]]:
        """Note the weights with which functions that compute losses are called, and what comes back."""
        calls: list[tuple[Any, Any]] = []

        def noting(function: Function) -> Function:
            @functools.wraps(function, updated=())
            def noted(*arguments: Any, **keywords: Any) -> Any:
                given = [_numbers(one) for one in (*arguments, *keywords.values())]
                result = function(*arguments, **keywords)
                alike = [one for one in given if one.shape == W.shape]
                if alike:
                    calls.append((min(alike, key=lambda one: float(np.max(np.abs(one - W)))), result))
                return result

            return noted

        with self._wrapped(("forward_propagation", "loss"), noting):
            yield calls

    def _backward(self, given: Given) -> Answer:
        """Call the backward function with the student's own values; where one of them is wrong, with the right one.

        Then what it gives for the wrong ones is told too, since entries of the student's own may rest on them.
        """
        values, untouched, wrong = self._told(given)
        try:
            answer = self._plain({**given, "d": values})
        except Exception as error:
            if isinstance(values, RightValues):
                error.add_note(NOTE.format("forward_propagation"))
            raise
        self._look_for_steps({**given, "d": untouched})
        if wrong:
            with suppress(Exception):  # it is judged at the right values
                answer["own"] = {"values": wrong, "partials": self._partials({**given, "d": untouched})}
        return answer

    def _told(self, given: Given) -> tuple[Any, Any, dict[str, float]]:
        """Return what the student's forward function gives with right numbers in the place of wrong ones, what it gives, and
        the wrong numbers.
        """
        right: Mapping[str, float] = given["right"]
        _, known = self.request["readings"]["forward_propagation"]
        values = self._forward(given)
        if values is None:
            values = RightValues(right, known, {name: given[name] for name in ("x", "y", "W")})
        untouched, wrong = copy.deepcopy(values), dict[str, float]()
        for meaning, key in keys_of(values, known).items() if isinstance(values, dict) else ():
            if meaning not in right:
                continue
            number = number_of(values[key])
            if isinstance(number, float) and not _near(number, right[meaning], _ROUNDING):
                wrong[meaning] = number
            if not isinstance(number, float) or not _near(number, right[meaning], _ROUGH):
                values[key] = right[meaning]
        return values, untouched, wrong

    def _look_for_steps(self, given: Given) -> None:
        """Call the function, and see whether it changes the weights a little, as differences of losses need."""

        def call() -> None:
            arguments, keywords = bound(self.role, self.function, given)
            with np.errstate(all="ignore"):
                self.function(*arguments, **keywords)

        self._steps_seen.look(call, given["W"])

    def _rows(self, given: Given) -> Answer:
        """Call a function of all rows; tell the means of what the functions of one row give that it calls."""
        with self._watched(given["W"]) as calls:
            answer = self._plain(given)
        if self.role == "gradient":
            self._look_for_steps(given)
        if calls:
            with suppress(Exception):  # they are judged by themselves
                rows = []
                for x, y in zip(given["X"], given["y"], strict=True):
                    values = self._forward({**given, "x": x, "y": y})
                    rows.append({"loss": self._loss(values)})
                    if self.role == "gradient" and self._named("backward_propagation"):
                        rows[-1] |= self._partials({**given, "x": x, "y": y, "L": rows[-1]["loss"], "d": values})
                answer["own"] = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
        return answer

    def _check(self, given: Given) -> Answer:
        """Call the gradient check, and again with a fault planted in the student's backward function."""
        (weights,), known = self.request["readings"]["backward_propagation"]
        with self._watched(given["W"]) as calls:
            answer: Answer = {"check": self._plain(given), "found": None, "own": {}}
        answer["steps"] = self._steps(calls, given["W"])
        answer["slopes"] = [self._slope(given, place) for place in range(len(weights))]
        if self._named("backward_propagation") is None:
            return answer
        with suppress(Exception):  # it is judged by itself
            answer["own"] = self._partials({**given, "d": self._forward(given)})

        def faulty(backward: Function) -> Function:
            return lambda *some, **named: _with_fault(backward(*some, **named), given["planted"], weights, known)

        with self._wrapped(("backward_propagation",), faulty):
            answer["found"] = self._plain(given)
        return answer

    def _steps(self, calls: Sequence[tuple[Any, Any]], W: Any) -> Answer:
        """Tell by which steps weights were changed in calls.

        Returns:
            "base" the loss at the weights W (k,) or None; "up" and "down" for each weight the step and the loss of the first
            call in which it alone was greater or less, or None; "several" the number of calls in which several were changed.
        """
        base, several = None, 0
        sides: dict[str, list[list[float | None] | None]] = {"up": [None] * len(W), "down": [None] * len(W)}
        for weights, result in calls:
            change = weights - W
            sizes = np.abs(change)
            place = int(np.argmax(sizes))
            if sizes[place] <= _SAME * max(1.0, abs(float(W[place]))):
                base = self._loss(result)
            elif np.sum(sizes > _OTHERS * sizes[place]) > 1:
                several += 1
            else:
                side = sides["up" if change[place] > 0.0 else "down"]
                side[place] = side[place] or [float(sizes[place]), self._loss(result)]
        return {"base": base, "several": several, **sides}

    def _slope(self, given: Given, place: int) -> float | None:
        """Return the derivative of the student's own loss by one weight, by a central difference."""
        sides, step = [], _STEP * max(1.0, abs(float(given["W"][place])))
        for change in (step, -step):
            W = np.array(given["W"], np.float64)
            W[place] += change
            sides.append(self._loss(self._forward({**given, "W": W})))
        above, below = sides
        return None if above is None or below is None else (above - below) / (2.0 * step)

    # Optimizers.

    def _step(self, given: Given) -> Answer:
        """Call an optimizer: it returns the weights and what else it keeps, or changes its arguments in place."""
        (order,), _ = self.request["readings"][self.role]
        returned, changed = self._tried(given)
        if returned is None and changed:
            returned = changed[0][1]
        if returned is None:
            return {"": "returns None and leaves the weights as they are; return the new weights"}
        return step_results(returned, len(given["W"]), order)


def array_of(value: Any) -> Any:
    """Return an argument as students get it: lists of numbers as arrays."""
    return np.array(value, np.float64) if isinstance(value, list) else value


def _near(number: float, right: float, error: float) -> bool:
    return number == right or abs(number - right) <= error * abs(right)  # never for NaN


def _numbers(given: Any) -> Any:
    """Return a flat copy of real numbers, empty of what is none."""
    try:
        numbers = np.array(given).ravel() * 1.0
        return np.zeros(0) if np.iscomplexobj(numbers) else numbers
    except (TypeError, ValueError):
        return np.zeros(0)  # in a form of the student's own


def _with_fault(returned: Any, place: int, weights: Sequence[str], known: Mapping[str, str]) -> Any:
    """Return a student's partials with one of them wrong, in the form that they have."""
    if isinstance(returned, Mapping):
        key = keys_of(returned, known).get(weights[place])
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


def _has_nan(frame: FrameType, _arguments: Sequence[Any]) -> bool:
    for value in frame.f_locals.values():
        with suppress(TypeError, ValueError):
            array = np.asarray(value)
            if array.dtype.kind == "f" and not np.all(np.isfinite(array)):
                return True
    return False
