"""Remarks on how a function gets its numbers: differences, libraries that differentiate, constants, forms that overflow.

They cost nothing, unless a teacher forbids them.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import sympy

from symgraph.errors import OptionError, did_you_mean
from symgraph.use.classroom.answers import Outcome
from symgraph.use.classroom.exercise import Exercise
from symgraph.use.classroom.verdicts import Answers, Verdict

FORBIDDEN: Mapping[str, str] = MappingProxyType(
    {
        "differences": "differences of losses, or a complex step, where derivatives are asked for",
        "autodiff": "libraries that differentiate by themselves",
        "constants": "the same numbers whatever a function is given",
        "overflow": "forms that overflow at large inputs where the model's does not",
    }
)
"""The ways of getting numbers that a teacher may forbid."""
DERIVATIVES = ("backward_propagation", "gradient")
"""The functions that differences and libraries are of use to."""

_LARGE = (1000.0, -1000.0, 100.0, -100.0)
"""Factors of weights, and arguments of functions of one number, that make them large."""
_ENOUGH = 4


class Remark(NamedTuple):
    """A remark on a function.

    Attributes:
        kind: one of `FORBIDDEN`.
        text: what is said.
        line: where it was seen; 0 where no line is known.
    """

    kind: str
    text: str
    line: int = 0


def checked_forbidden(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of what is forbidden.

    Raises:
        OptionError: one of them is none of `FORBIDDEN`.
    """
    unknown = next((name for name in names if name not in FORBIDDEN), None)
    if unknown is not None:
        raise OptionError(
            f"--forbid: {unknown!r} cannot be forbidden; there are {', '.join(FORBIDDEN)}{did_you_mean(unknown, FORBIDDEN)}"
        )
    return tuple(names)


def remarks_of(
    exercise: Exercise, role: str, outcome: Outcome, large: Outcome, verdicts: Sequence[Verdict]
) -> Iterator[Remark]:
    """Yield the remarks on a function.

    Args:
        exercise: the model.
        role: the function's.
        outcome: what came of its calls.
        large: what came of those at large inputs.
        verdicts: on its results.
    """
    seen = outcome.remarks
    if "complex" in seen:
        yield Remark("differences", "it takes a complex step; the chain rule needs none", seen["complex"])
    elif "differences" in seen:
        text = "it changes a weight by a little, as differences of losses do; the chain rule needs no such step"
        yield Remark("differences", text, seen["differences"])
    if "autodiff" in seen:
        library, line = seen["autodiff"]
        yield Remark("autodiff", f"it uses {library}, which differentiates by itself", line)
    same = _constants(outcome.calls, verdicts)
    if same:
        text = f"{', '.join(same)}: the same at every point, whatever the function is given; is it written into the code?"
        yield Remark("constants", text, outcome.lines.get(same[0], 0))
    overflow = _overflow(exercise, role, outcome.calls, large.calls)
    if overflow:
        yield Remark("overflow", overflow)


def _constants(answers: Answers, verdicts: Sequence[Verdict]) -> list[str]:
    """Return the wrong results that are one number at all points, other than 0."""
    found = [answer.get("check", answer) for answer in answers]
    wrong = [one.result for one in verdicts if one.result and not one.ok]
    values = {name: [answer.get(name) for answer in found] for name in wrong}
    return [name for name, some in values.items() if isinstance(some[0], float) and some[0] and some == [some[0]] * len(some)]


# Large inputs.


class _Large(NamedTuple):
    """A call at large inputs.

    Attributes:
        given: its arguments.
        finite: the results that are finite there by the formulas as they are written.
        text: the inputs in words.
    """

    given: dict[str, Any]
    finite: frozenset[str]
    text: str


def large_calls(exercise: Exercise, role: str) -> list[dict[str, Any]]:
    """Return the arguments of calls at large inputs where the model is finite; none for functions that are not looked at so."""
    return [one.given for one in _large(exercise, role)]


@cache
def _large(exercise: Exercise, role: str) -> tuple[_Large, ...]:
    if role == "forward_propagation":
        return tuple(_rows(exercise))[:_ENOUGH]
    function = next((one for one in exercise.functions if one.__name__ == role), None)
    return () if function is None else tuple(_numbers(function))


def _numbers(function: Any) -> Iterator[_Large]:
    z = sympy.Symbol("z", real=True)
    for number in _LARGE[:2]:
        with suppress(TypeError, OverflowError):  # it has no real value there, or one beyond all floats
            if np.isfinite(float(function(z).definition().subs(z, int(number)).evalf())):
                yield _Large({"z": number}, frozenset({"value"}), f"z = {number:g}")


def _rows(exercise: Exercise) -> Iterator[_Large]:
    for points in exercise.batches[:2]:
        for factor in _LARGE:
            point = {**points[0], **{name: factor * points[0][name] for name in exercise.weights}}
            with suppress(ArithmeticError, OptionError):  # the model has no value there
                if not all(np.isfinite(value).all() for value in exercise.numbers([point]).values.values()):
                    continue
                values = [  # some students compute in single precision
                    exercise.written({name: np.array([value]).astype(kind) for name, value in point.items()}).values
                    for kind in (np.float64, np.float32)
                ]
                finite = frozenset(name for name in exercise.value_names if all(np.isfinite(one[name]).all() for one in values))
                text = ", ".join(f"{name} = {point[name]:.6g}" for name in (*exercise.features, *exercise.weights)[:8])
                yield _Large(exercise.given_row(point), finite, text)


def _overflow(exercise: Exercise, role: str, ordinary: Answers, large: Answers) -> str:
    """Say where a function overflows though the model does not; "" where it does not, or is not finite at ordinary inputs."""
    for one, answer in zip(_large(exercise, role), large, strict=False):
        if "" in answer and answer[""] == "OverflowError":
            return f"it stops with an OverflowError at {one.text}, where the model is finite"
        for name in sorted(one.finite & answer.keys()):
            if _is_infinite(answer[name]) and not any(_is_infinite(usual.get(name)) for usual in ordinary):
                return f"it overflows: {name} is {answer[name]} at {one.text}, where the formula as it is written is finite"
    return ""


def _is_infinite(value: Any) -> bool:
    return isinstance(value, float) and not np.isfinite(value)
