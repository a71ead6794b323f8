"""Runs a student's function with single changes of its text, in the student's process; NumPy only."""

import ast
import copy
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from types import CodeType, FrameType, ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.use.classroom.conventions import arguments_of, bound
from symgraph.use.classroom.program_parts import names_bound
from symgraph.use.classroom.step_results import step_results
from symgraph.use.classroom.student_calls import Answer, Calls, array_of

CHOICE, NUDGE, PROBE, GIVEN = "_edit_", "_nudged_", "_probed_", "_given_"
"""Names in a changed program: the number of the change that is tried, and functions that change a number by a little, note it
and those of other expressions, and put another in its place."""
_LEAST_SECONDS, _SHORT, _LONG = 0.2, 0.05, 1.0
"""Seconds that a call may take with a change, where the function does not end without one, and without a change."""
_LARGEST = 64
"""Numbers of an array that are looked at."""
_SAME = 1e-7
_EXACT = 1e-9
"""Relative error up to which a result is exact; more may come of a name of a tiny number."""
_SMALL, _SEEN = 1e-3, 1e-2


class _TooLongError(BaseException):
    """A run with a change takes too long; no error that a student's code catches."""


class Trials(Calls):
    """Runs of one function, as it is written and with changes.

    Args:
        module, name, request: as of `Calls`; the request has also what is right.
        small: whether a gradient check returns differences, which are right where they are small.
    """

    def __init__(self, module: ModuleType, name: str, request: Mapping[str, Any], *, small: bool = False) -> None:
        super().__init__(module, name, request)
        self.name, self._small = name, small
        self.given = [{key: array_of(value) for key, value in given.items()} for given in request["calls"]]
        self._right: Sequence[Sequence[Mapping[str, Any]]] = request["right"]
        self._close: float = request["close"]
        self._known = [np.sort(np.array(some, np.float64)) for some in request["known"]]
        self._arguments: list[tuple[list[Any], dict[str, Any]]] = []
        self.unknown = False
        self.seconds = _LONG
        self._seen: list[tuple[Any, Any]] = []
        self._number = 0.0
        vars(module).update({NUDGE: self._nudged, PROBE: self._probed, GIVEN: lambda _: self._number})

    @contextmanager
    def others_right(self) -> Iterator[None]:
        """Have the student's other functions give right values where they stop or are judged by themselves, for a while."""
        with self._replaced(self._stood_in()):
            yield

    # What is right.

    def names(self) -> frozenset[str]:
        """Return the results that have a right value."""
        return frozenset(self._right[0][0]) | ({"difference"} if self._small else set())

    def right(self, answers: Sequence[Answer], places: Sequence[int]) -> frozenset[str]:
        """Return the results that are right in some calls, by the definition that fits best.

        Args:
            answers: of these calls.
            places: their numbers.
        """
        if self._small:
            small = frozenset.intersection(*map(_small, answers))
            return self.names() if small and all(small == one.keys() for one in answers) else small
        found = [
            frozenset(
                name
                for name in one[0]
                if all(self._agree(answer.get(name), one[at][name]) for answer, at in zip(answers, places, strict=True))
            )
            for one in self._right
        ]
        return max(found, key=len)

    def _agree(self, found: Any, right: Any) -> bool:
        if isinstance(found, str) or found is None:
            return False
        if isinstance(found, float):
            return bool(abs(found - right) <= self._close * abs(right) + min(6e-9, 1e-4 * abs(right), self._close * 6e-4))
        gap, size = np.abs(np.asarray(found, np.float64) - right), np.abs(right)
        return bool(
            np.all(gap <= self._close * size + min(6e-9, 1e-4 * float(np.max(size)), self._close * 6e-4))
        )  # never for NaN

    def exact(self, results: frozenset[str]) -> bool:
        """Tell whether results are right to more digits than rounding can give by chance; difference quotients never are."""
        places, close = range(len(self.given)), self._close
        self._close = min(close, _EXACT)
        try:
            return results <= self.right([self.answer(place, anew=True) for place in places], places)
        finally:
            self._close = close

    def evidence(self, name: str, answers: Sequence[Answer]) -> int:
        """Return the number of calls in which a result is wrong that is to be another number than 0, which is easily made."""
        if self._small:
            return len(answers)
        right = [one[name] for one in self._right[0]] if name in self._right[0][0] else []
        return sum(
            bool(np.any(one)) and not self._agree(answer.get(name), one) for answer, one in zip(answers, right, strict=False)
        )

    def notices(self) -> bool:
        """Tell whether a gradient check that returns small differences notices a partial that is made wrong."""
        if not self._small:
            return True
        self.function = getattr(self.module, self.name)
        answer = self._limited(lambda: self._check(self.given[0]))
        before, after = answer["check"], answer["found"] or {}
        return any(abs(float(after.get(name, value)) - float(value)) > _SEEN for name, value in before.items())

    # Runs.

    def answer(self, place: int, *, anew: bool = False) -> Answer:
        """Return the answer to a call; none where the function stops, or takes too long.

        Args:
            place: the number of the call.
            anew: whether the student's forward function may have changed, whose values a backward function gets.
        """
        try:
            return self._limited(lambda: self._answered(place, anew))
        except (Exception, _TooLongError, SystemExit, KeyboardInterrupt):  # with a change, anything may happen
            return {"": "stops"}

    def _answered(self, place: int, anew: bool) -> Answer:
        given = self.given[place]
        self.function = getattr(self.module, self.name)
        arguments = arguments_of(self.role)
        if anew and "d" in arguments:
            some, named = bound(self.role, self.function, {**given, "d": self._told(given)[0]})
        else:
            some, named = map(copied, self._bound(place))

        def call() -> Any:
            with np.errstate(all="ignore"):
                return self.function(*some, **named)

        returned = self._stand_ins.call(call)
        if "dW" not in arguments:
            return self._read(self.role, returned)
        (order,), _ = self.request["readings"][self.role]
        first = next((one for one in (*some, *named.values()) if isinstance(one, np.ndarray)), None)
        return step_results(first if returned is None else returned, len(given["W"]), order)

    def _bound(self, place: int) -> tuple[list[Any], dict[str, Any]]:
        """Return the arguments of a call; they are not to be changed."""
        while len(self._arguments) <= place:
            given = self.given[len(self._arguments)]
            if "d" in arguments_of(self.role):
                given = {**given, "d": self._told(given)[0]}
            self._arguments.append(bound(self.role, self.function, given))
        return self._arguments[place]

    def sound(self) -> frozenset[tuple[int, str]]:
        """Return the values of the student's forward function that are right, with the numbers of the calls."""
        found = set[tuple[int, str]]()
        if self.role != "backward_propagation":
            return frozenset()
        for place, given in enumerate(self.given):
            with suppress(Exception, _TooLongError):
                values = self._limited(partial(self._own_values, given))
                right = given["right"]
                found |= {(place, name) for name in right if name in values and self._agree(values[name], right[name])}
        return frozenset(found)

    def _own_values(self, given: Mapping[str, Any]) -> Answer:
        return self._read("forward_propagation", self._forward(given))

    def forget(self) -> None:
        """Compute the values of the forward function again."""
        self._arguments = []

    def _limited(self, call: Callable[[], Answer]) -> Answer:
        if not hasattr(signal, "setitimer"):  # on Windows the process as a whole has an end
            return call()

        def stop(_signal: int, _frame: FrameType | None) -> None:
            raise _TooLongError

        before = signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, self.seconds, self.seconds)
        try:
            return call()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, before)

    def limit(self, seconds: float | None) -> None:
        """Set the time that a call may take, by the time that it has taken without changes; None if it did not end."""
        self.seconds = _SHORT if seconds is None else _LEAST_SECONDS + 20.0 * seconds

    # Changes.

    def compiled(self, unit: ast.stmt, new: Sequence[ast.AST], near: ast.AST) -> CodeType | None:
        """Return the code of a statement of the file; None where a change makes no program of it.

        Args:
            unit: the statement.
            new: what is new in it.
            near: what that stands for.
        """
        for one in new:
            _locate(one, near)
        try:
            return compile(ast.Module([unit], []), self.file, "exec")
        except (SyntaxError, ValueError, TypeError, RecursionError):
            return None

    @contextmanager
    def changed(self, code: CodeType, unit: ast.stmt, choice: int = 0) -> Iterator[None]:
        """Have a statement of the file in another form, for a while.

        Args:
            code: what is compiled of it.
            unit: the statement.
            choice: the number of the change, where the code has several.
        """
        names = vars(self.module)
        before = {name: names[name] for name in names_bound(unit) if name in names}
        try:
            self.apply(code, choice)
            yield
        finally:
            names.update(before)

    def apply(self, code: CodeType, choice: int = 0) -> None:
        """Put a statement in another form in the file, for good."""
        vars(self.module)[CHOICE] = choice
        with suppress(Exception), np.errstate(all="ignore"):
            exec(code, vars(self.module))  # noqa: S102  this process is there for it

    def _nudged(self, value: Any) -> Any:
        """Return a number, or an array, that differs by a little; note it where that is not possible."""
        if isinstance(value, bool | np.bool_) or not isinstance(value, float | int | np.number | np.ndarray):
            self.unknown = True
            return value
        if isinstance(value, np.ndarray) and value.dtype.kind not in "fiu":
            self.unknown = True
            return value
        return value * 1.001 + 0.001

    def _probed(self, value: Any, others: Sequence[Callable[[], Any]]) -> Any:
        if not self._seen:
            numbers = []
            for other in others:
                try:
                    numbers.append(_number(other()))
                except Exception:  # the name has no value there
                    numbers.append(np.nan)
            self._seen.append((value, numbers))
        else:
            self._seen.append((value, None))
        return value

    def target(self, place: int, wrong: frozenset[str], plain: Answer) -> tuple[str, float] | None:
        """Return the first wrong result of a call that is a number, and the right one; None where there is none."""
        if self._small or len(self._right) > 1:
            return None
        right = self._right[0][place]
        name = next(
            (
                name
                for name in sorted(wrong)
                if isinstance(plain.get(name), float) and not self._agree(plain[name], right[name])
            ),
            None,
        )
        return None if name is None or not np.isfinite(plain[name]) else (name, right[name])

    def probed(self, place: int, anew: bool) -> tuple[float, list[float]] | None:
        """Return the number of an expression in a call, and those of others there; None where it has no single one."""
        self._seen = []
        self.answer(place, anew=anew)
        value = _number(self._seen[0][0]) if len(self._seen) == 1 else np.nan
        return (value, self._seen[0][1]) if np.isfinite(value) else None

    def with_number(self, place: int, number: float, name: str, anew: bool) -> float | None:
        """Return a result of a call with another number in a place; None where there is none."""
        self._number = number
        found = self.answer(place, anew=anew).get(name)
        return found if isinstance(found, float) and np.isfinite(found) else None

    # What the variables of a function say.

    def sense(self) -> int:
        """Count the variables of the student's functions whose numbers are all ones that the model's graph has."""
        good: dict[tuple[str, str], bool] = {}
        for place, known in enumerate(self._known):
            seen: dict[tuple[str, str], Any] = {}

            def local(frame: FrameType, event: str, _arg: Any, seen: dict[tuple[str, str], Any] = seen) -> Any:
                frame.f_trace_lines = False
                if event == "return":
                    seen.update({(frame.f_code.co_name, name): value for name, value in frame.f_locals.items()})
                return local

            sys.settrace(
                lambda frame, _event, _arg: local(frame, "call", None) if frame.f_code.co_filename == self.file else None
            )
            try:
                self.answer(place, anew=True)
            finally:
                sys.settrace(None)
            for key, value in seen.items():
                numbers = _flat(value)
                if numbers is not None:
                    good[key] = good.get(key, True) and _all_in(numbers, known)
        return sum(good.values())


def _number(value: Any) -> float:
    """Return a real number as a float; NaN for anything else."""
    plain = isinstance(value, float | int | np.floating | np.integer) or (isinstance(value, np.ndarray) and value.shape == ())
    return float(value) if plain and not isinstance(value, bool) else np.nan


def copied(value: Any) -> Any:
    """Return a copy, as `copy.deepcopy` does, but faster for numbers, arrays, and lists and dictionaries of them."""
    kind = type(value)
    if kind is np.ndarray and value.dtype.kind != "O":
        return value.copy()
    if kind in (float, int, str, bool, np.float64):
        return value
    if kind is dict:
        return {key: copied(one) for key, one in value.items()}
    if kind is list:
        return [copied(one) for one in value]
    return copy.deepcopy(value)


def _locate(node: ast.AST, near: ast.AST) -> None:
    """Give new nodes the lines of those that they stand for; that is faster than `ast.fix_missing_locations`."""
    if hasattr(node, "lineno") and not isinstance(node, ast.Match):
        return
    if "lineno" in node._attributes:
        ast.copy_location(node, near)
    for child in ast.iter_child_nodes(node):
        _locate(child, near)


def _small(answer: Answer) -> frozenset[str]:
    return frozenset(name for name, value in answer.items() if isinstance(value, float) and 0.0 < abs(value) < _SMALL)


def _flat(value: Any) -> NDArray[np.float64] | None:
    try:
        numbers = np.ravel(np.asarray(list(value.values()) if isinstance(value, dict) else value))
    except (TypeError, ValueError):
        return None
    return numbers.astype(np.float64) if numbers.dtype.kind in "fiu" and 0 < numbers.size <= _LARGEST else None


def _all_in(numbers: NDArray[np.float64], known: NDArray[np.float64]) -> bool:
    if not known.size:
        return False
    places = np.searchsorted(known, numbers)
    gaps = [np.abs(known[np.clip(places + shift, 0, known.size - 1)] - numbers) for shift in (-1, 0)]
    return bool(np.all(np.minimum(*gaps) <= _SAME * np.abs(numbers) + 1e-12))
