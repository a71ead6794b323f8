"""Runs a student's function with single changes of its text, in the student's process; NumPy only."""

import ast
import copy
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import CodeType, FrameType, ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.classroom.conventions import ROLES, bound, role_of
from symgraph.classroom.program_parts import names_bound
from symgraph.classroom.student_calls import Answer, Calls, array_of

CHOICE, NUDGE = "_edit_", "_nudged_"
"""Names in a changed program: the number of the change that is tried, and the function that changes a number by a little."""
_LEAST_SECONDS = 0.2
_LARGEST = 64
"""Numbers of an array that are looked at."""
_SAME = 1e-7
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
        self._values: list[Any] = []
        self.unknown = False
        self.seconds = 5.0
        vars(module)[NUDGE] = self._nudged

    @contextmanager
    def others_right(self) -> Iterator[None]:
        """Have the student's other functions give right values where they stop or are judged by themselves, for a while."""
        with self._replaced(self._stood_in()):
            yield

    # What is right.

    def names(self) -> frozenset[str]:
        """Return the results that have a right value."""
        return frozenset(self._right[0][0])

    def right(self, answers: Sequence[Answer], places: Sequence[int]) -> frozenset[str]:
        """Return the results that are right in some calls, by the definition that fits best.

        Args:
            answers: of these calls.
            places: their numbers.
        """
        if self._small:
            return frozenset(answers[0]) & frozenset.intersection(*map(_small, answers))
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
        gap, size = np.abs(np.asarray(found, np.float64) - right), np.abs(right)
        return bool(np.all(gap <= self._close * size + min(6e-9, 1e-4 * float(np.max(size)))))  # never for NaN

    def notices(self) -> bool:
        """Tell whether a gradient check that returns small differences notices a partial that is made wrong."""
        if not self._small:
            return True
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
        arguments = ROLES[self.role].arguments if self.role in ROLES else ()
        if "dW" in arguments:
            return self._step(given)
        if "d" in arguments:
            given = {**given, "d": self._told(given)[0] if anew else self._cached(place)}
        return self._read(self.role, self._tried(given)[0])

    def _cached(self, place: int) -> Any:
        if not self._values:
            self._values = [self._told(given)[0] for given in self.given]
        return copy.deepcopy(self._values[place])

    def sound(self) -> frozenset[tuple[int, str]]:
        """Return the values of the student's forward function that are right, with the numbers of the calls."""
        found = set[tuple[int, str]]()
        for place, given in enumerate(self.given):
            with suppress(Exception, _TooLongError):
                values = self._limited(lambda given=given: self._read("forward_propagation", self._forward(given)))
                right = given["right"]
                found |= {(place, name) for name in right if name in values and self._agree(values[name], right[name])}
        return frozenset(found)

    def forget(self) -> None:
        """Compute the values of the forward function again."""
        self._values = []

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

    def limit(self, seconds: float) -> None:
        """Set the time that a call may take, by the time that it has taken without changes."""
        self.seconds = _LEAST_SECONDS + 20.0 * seconds

    # Changes.

    def compiled(self, unit: ast.stmt) -> CodeType | None:
        """Return the code of a statement of the file; None where the change makes no program of it."""
        tree = ast.fix_missing_locations(ast.Module([unit], []))
        try:
            return compile(tree, self.file, "exec")
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

            sys.settrace(lambda frame, _event, _arg: local(frame, "call", None) if frame.f_code.co_filename == self.file else None)
            try:
                self.answer(place, anew=True)
            finally:
                sys.settrace(None)
            for key, value in seen.items():
                numbers = _flat(value)
                if numbers is not None:
                    good[key] = good.get(key, True) and _all_in(numbers, known)
        return sum(good.values())


def _small(answer: Answer) -> frozenset[str]:
    return frozenset(
        name for name, value in answer.items() if isinstance(value, float) and (0.0 < abs(value) < _SMALL or value == 1.0)
    )


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


def others(module: ModuleType, name: str, but: Sequence[str] = ()) -> list[str]:
    """Return the names of a file's functions with roles of their own, but for some roles."""
    return [one for one in vars(module) if one != name and (role := role_of(one)) is not None and role not in but]
