"""Checks of the functions that a model's user brings, at the arguments that they get at the points of a verification."""

from collections import Counter
from collections.abc import Iterator
from functools import partial

import numpy as np

from symgraph.errors import SpecError, VerificationError, placed
from symgraph.judge.differences.agreement import judge
from symgraph.judge.reference import Point, Reference
from symgraph.judge.verification_points import Batch
from symgraph.spec.ops.user_functions import UserOp

_ENOUGH = 24
"""Arguments at which a partial is judged at most."""
_ROWS = 3
"""Entries at least of the arrays that a function is called with."""
_APART = 1e-9
"""Difference, relative to the largest of a few values, that is allowed between a call with an array and calls with numbers."""


class UserFunctions:
    """Holds the users' functions of one model against differences and calls with arrays against those with numbers."""

    def __init__(self, reference: Reference) -> None:
        model = reference.model
        self._model = model
        self._names = {op: name for name, op in model.functions.items()}
        self._references = [one for one in (reference, reference.penalty, reference.constraints) if one is not None]
        self._judged: Counter[tuple[UserOp, int]] = Counter()
        self._tried: Counter[tuple[UserOp, int]] = Counter()

    def check(self, batch: Batch) -> None:
        """Check a batch's calls; raise a VerificationError where a partial is wrong, or arrays do not do as numbers do."""
        calls: dict[UserOp, dict[tuple[float, ...], tuple[bool, ...]]] = {}
        for point in batch.points:
            for op, at, varying in self._calls(point):
                calls.setdefault(op, {})[at] = varying
        for op, places in calls.items():
            for one in op.every:
                self._check_arrays(op, one, [*places])
            for at, varying in places.items():
                for place, slope in enumerate(op.partials):
                    if slope is not None and varying[place]:
                        self._check_partial(op, slope, place, at)

    def finish(self) -> None:
        """Raise a SpecError if a partial could be judged nowhere."""
        for (op, place), times in self._tried.items():
            if not self._judged[op, place]:
                raise SpecError(
                    f"{self._where(op)}: its partial by argument {place + 1} cannot be checked: "
                    f"differences of the function tell it at none of {times} points; make the function smoother, or declare "
                    "domains where it is smooth"
                )

    def _calls(self, point: Point) -> Iterator[tuple[UserOp, tuple[float, ...], tuple[bool, ...]]]:
        """Yield the calls of one row: the function, its arguments, and which of them depend on inputs."""
        for reference in self._references:
            for step, at in reference.calls(point):
                assert isinstance(step.name, UserOp)
                yield step.name, at, tuple(reference.program.steps[arg].varies for arg in step.args)

    def _check_arrays(self, op: UserOp, one: UserOp, places: list[tuple[float, ...]]) -> None:
        """Hold a call with arrays against calls with numbers."""
        rows = (places * _ROWS)[: max(_ROWS, len(places))]
        wanted = [one.at(*row) for row in rows]
        if None in wanted:
            raise VerificationError(f"{self._where(op)}: {one.trouble}")
        numbers, columns = np.array(wanted, np.float64), np.array(rows).T.copy()
        columns.flags.writeable = False
        where = f"{self._where(op)}: {one.path}"
        try:
            with np.errstate(all="ignore"):
                found = np.asarray(one.function(*columns))
        except Exception as error:
            raise VerificationError(
                f"{where} takes numbers, but raises {type(error).__name__}: {error} for arrays of {len(rows)} of them; it must "
                "take arrays too, and leave them as they are (numpy.vectorize makes such a function)"
            ) from error
        if found.shape != numbers.shape or found.dtype.kind not in "biuf":
            raise VerificationError(
                f"{where} gives an array of shape {found.shape} and dtype {found.dtype} for arrays of shape {numbers.shape}; "
                "it must give a real number for each entry"
            )
        apart = np.abs(found - numbers)
        worst = int(np.argmax(apart))
        if not apart[worst] <= _APART * np.abs(numbers).max():
            raise VerificationError(
                f"{where} gives {found[worst]} at {_said(rows[worst])} in an array and {numbers[worst]} alone; each entry of "
                "the result must depend on the same entry of its arguments alone"
            )

    def _check_partial(self, op: UserOp, slope: UserOp, place: int, at: tuple[float, ...]) -> None:
        """Hold a partial against differences of the function."""
        self._tried[op, place] += 1
        if self._judged[op, place] >= _ENOUGH:
            return
        nothing = np.zeros(1)
        given = np.array([slope.at(*at)], np.float64)
        scale = abs(at[place]) or 1.0
        found = judge(partial(_moved, op, place, at), at[place], scale, given, nothing, nothing + np.inf)
        if found.failed[0]:
            raise VerificationError(
                f"{self._where(op)}: its partial by argument {place + 1}, {slope.path}, gives "
                f"{given[0]} at {_said(at)}; differences of the function give {found.numeric[0]}"
            )
        self._judged[op, place] += bool(found.judged[0] or given[0] == found.numeric[0] == 0.0)

    def _where(self, op: UserOp) -> str:
        name = self._names.get(op, "")  # a partial that a spec applies itself has no name
        said = f"{name} ({op.path})" if name else op.path
        return placed(f"model {self._model.name}: function {said}", self._model.place(name))


def _moved(op: UserOp, place: int, at: tuple[float, ...], moved: float) -> np.typing.NDArray[np.float64]:
    """A function at arguments of which one is changed, as an array of one entry; NaN where it has no value."""
    return np.array([op.at(*at[:place], moved, *at[place + 1 :])], np.float64)


def _said(at: tuple[float, ...]) -> str:
    return f"({', '.join(map(repr, at))})"


def trouble_of(reference: Reference) -> str:
    """Say what users' functions did that gave no finite number the last time that they gave none; "" if none did so."""
    ops = dict.fromkeys(one for step in reference.program.steps if isinstance(step.name, UserOp) for one in step.name.every)
    return "".join(f"; {op.trouble}" for op in ops if op.trouble)
