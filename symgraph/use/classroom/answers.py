"""Answers of a student's process, checked as they come: a process that runs a stranger's code may write anything."""

import json
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from symgraph.use.classroom.conventions import arguments_of, names_of
from symgraph.use.classroom.edits import KINDS

_TEXT = 300
"""Signs that are kept of a text."""
_LAST_LINE = 10**7
_REPAIRS = 8
_FEW = 10_000
"""Functions that a file may have, and calls that a gradient check may make."""


class Repair(NamedTuple):
    """A change of a function that makes wrong results right, as a student's process tells it; nothing rests on it but words.

    Attributes:
        kind: of the mistake that it undoes.
        said: that mistake in words; "" where the code says it all.
        code: what of the text is changed; "" where the words say it.
        line: where it is.
        results: those that are right with the change.
    """

    kind: str
    said: str
    code: str
    line: int
    results: tuple[str, ...]

    @property
    def text(self) -> str:
        """The mistake in words and code."""
        return ": ".join(filter(None, (self.said, self.code)))


@dataclass(frozen=True, slots=True)
class Outcome:
    """Answer of one function, or of loading the file.

    Attributes:
        place: 0 for the loading of the file, 1 for the first function that was asked for, and so on.
        fault: the reason why there are no answers; "" if there are.
        line: the line of the student's file that has the fault; 0 where no line is known.
        prints: the line that prints something, or 0.
        calls: the answer of each call; none if the function is not there or failed.
        remarks: by kind the line where something was seen, or a name and a line.
        functions: those of the file, with the lines where they begin.
        lines: of the results of the function, where they are computed.
        repairs: of the function, where they were asked for.
    """

    fault: str = ""
    place: int = 0
    line: int = 0
    prints: int = 0
    calls: Sequence[Mapping[str, Any]] = ()
    remarks: Mapping[str, Any] = field(default_factory=dict)
    functions: Mapping[str, int] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    repairs: Sequence[Repair] = ()


def outcome_of(message: bytes, expected: Sequence[Mapping[str, Any] | None]) -> Outcome:
    """Read an answer.

    Args:
        message: what a student's process has written.
        expected: what it was asked for, by place; None for the loading of the file.

    Raises:
        ValueError: it is none, or its parts are not of the types that they should be.
    """
    try:
        found = _mapping(json.loads(message))
        parts = {name: part(found[name]) for name, part in _PARTS.items() if name in found}
        request = expected[parts["place"]]
        if request is not None and "calls" in found:
            parts["calls"] = _calls(found["calls"], request)
        if request is not None and "repairs" in found:
            parts["repairs"] = _repairs(found["repairs"], request)
        if found.keys() - parts.keys():
            raise ValueError("it has parts that nobody asked for")
    except (LookupError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
    return Outcome(**parts)


def printable(text: str) -> str:
    """Return a text with escapes in the place of what cannot be printed, such as half a surrogate pair or a terminal's code."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in text)


# The parts, by what they are; each raises ValueError or TypeError for anything else.


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("no mapping")
    return value


def _list(value: Any, sizes: Collection[int]) -> list[Any]:
    if not isinstance(value, list) or len(value) not in sizes:
        raise TypeError("no list of that length")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return printable(value[:_TEXT])


def _line(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= _LAST_LINE:
        raise TypeError("no line")
    return value


def _number(value: Any) -> float:
    if type(value) not in (int, float):
        raise TypeError("no number")
    return float(value)


def _number_or_none(value: Any) -> float | None:
    return None if value is None else _number(value)


def _number_or_text(value: Any) -> float | str:
    return _text(value) if isinstance(value, str) else _number(value)


def _identifier(value: Any) -> str:
    if not isinstance(value, str) or not value.isidentifier():
        raise TypeError("no name")
    return value


def _lines(value: Any) -> dict[str, int]:
    lines = _mapping(value)
    if len(lines) > _FEW:
        raise ValueError("too many names")
    return {_text(name): _line(line) for name, line in lines.items()}


def _functions(value: Any) -> dict[str, int]:
    return {_identifier(name): line for name, line in _lines(value).items()}


def _named_line(value: Any) -> list[Any]:
    name, line = _list(value, (2,))
    return [_text(name), _line(line)]


def _remarks(value: Any) -> dict[str, Any]:
    return {kind: _REMARKS[kind](one) for kind, one in _mapping(value).items()}


_REMARKS: Mapping[str, Callable[[Any], Any]] = {
    "nan": _line,
    "modifies": _named_line,
    "differences": _line,
    "complex": _line,
    "autodiff": _named_line,
}
_PARTS: Mapping[str, Callable[[Any], Any]] = {
    "fault": _text,
    "place": _line,
    "line": _line,
    "prints": _line,
    "remarks": _remarks,
    "functions": _functions,
    "lines": _lines,
}


# The answers of calls, by role.


def _calls(value: Any, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Check the answers to all calls of a request, or to none where its function is not there."""
    asked = request["calls"]
    answers = _list(value, (0, len(asked)))
    return [_answer(_mapping(one), request, given) for one, given in zip(answers, asked, strict=False)]


def _answer(answer: Mapping[str, Any], request: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    role = request["role"]
    arguments = arguments_of(role)
    if "row" in arguments:
        return _check(answer, request, len(given["W"]))
    if "dW" in arguments:
        results = {*request["readings"][role][0][0], ""}
        return {_among(name, results): _vector(one, len(given["W"])) for name, one in answer.items()}
    found = _numbers({name: one for name, one in answer.items() if name != "own"}, request, role)
    if "own" not in answer:
        return found
    own = _mapping(answer["own"])
    if "d" in arguments:
        values = _numbers(own["values"], request, "forward_propagation")
        if any(isinstance(value, str) for value in values.values()):
            raise TypeError("no number")
        return {**found, "own": {"values": values, "partials": _numbers(own["partials"], request, role)}}
    return {**found, "own": {_among(name, {"loss", *_weights(request)}): _number(one) for name, one in own.items()}}


def _repairs(value: Any, request: Mapping[str, Any]) -> list[Repair]:
    """Check the repairs of a function."""
    names = names_of(request["readings"][request["role"]]) - {""}
    found = []
    for one in map(_mapping, _list(value, range(_REPAIRS + 1))):
        results = tuple(_among(name, names) for name in _list(one["results"], range(len(names) + 1)))
        found.append(Repair(_among(one["kind"], KINDS), _text(one["said"]), _text(one["code"]), _line(one["line"]), results))
    return found


def _among(name: str, names: Collection[str]) -> str:
    if name not in names:
        raise KeyError(printable(name[:_TEXT]))
    return name


def _weights(request: Mapping[str, Any]) -> Sequence[str]:
    return request["readings"]["backward_propagation"][0][0]  # type: ignore[no-any-return]


def _numbers(value: Any, request: Mapping[str, Any], role: str) -> dict[str, Any]:
    """Check numbers by the names of a role's results, or texts that say why there is none."""
    names = names_of(request["readings"][role])
    return {_among(name, names): _number_or_text(one) for name, one in _mapping(value).items()}


def _vector(value: Any, size: int) -> list[float] | str:
    return _text(value) if isinstance(value, str) else [_number(one) for one in _list(value, (size,))]


def _check(answer: Mapping[str, Any], request: Mapping[str, Any], k: int) -> dict[str, Any]:
    """Check the answer of a gradient check, with the steps that were seen."""
    steps = _mapping(answer["steps"])
    several = steps["several"]
    if type(several) is not int or several < 0:
        raise TypeError("no number of calls")
    found = answer["found"]
    return {
        "check": _numbers(answer["check"], request, "gradient_checking"),
        "found": None if found is None else _numbers(found, request, "gradient_checking"),
        "own": _numbers(answer["own"], request, "backward_propagation"),
        "steps": {
            "base": _number_or_none(steps["base"]),
            "several": several,
            **{side: [_side(one) for one in _list(steps[side], (k,))] for side in ("up", "down")},
        },
        "slopes": [_number_or_none(one) for one in _list(answer["slopes"], (k,))],
    }


def _side(value: Any) -> list[float | None] | None:
    if value is None:
        return None
    step, loss = _list(value, (2,))
    if not math.isfinite(_number(step)):
        raise ValueError("a step that is not finite")
    return [_number(step), _number_or_none(loss)]


def bytes_of(request: Mapping[str, Any] | None) -> int:
    """Return the bytes that an answer may have: far more than any honest one, and too few to fill a memory."""
    if request is None:
        return 2**18
    results = len(names_of(request["readings"][request["role"]])) + len(request["readings"]["backward_propagation"][0][0])
    return int(2**16 + 2**9 * results * len(request["calls"]))
