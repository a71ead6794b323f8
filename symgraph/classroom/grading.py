"""`grade`: runs the functions of a student's file at random points and judges what they return."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from symgraph.classroom.conventions import ROLES, function_of
from symgraph.classroom.exercise import Exercise
from symgraph.classroom.process import Limits, Outcome, run
from symgraph.classroom.result_lines import result_lines
from symgraph.classroom.role_judges import JUDGES, Judge, elementary
from symgraph.classroom.verdicts import Verdict
from symgraph.errors import OptionError, did_you_mean
from symgraph.spec.model import Model

LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Test:
    """One thing that was judged.

    Attributes:
        function: the student's function; "" for the file as a whole.
        result: what of it: a node, a weight; "" for the function as a whole.
        ok: whether it is right, or right for wrong numbers before it.
        text: the verdict in words.
        numbers: of a wrong result its number and the right one, in words.
        line: the line of the student's file that it is about; 0 where none is known.
        points, of: what it counts.
        mistake: the kind of the mistake; "" where there is none, or none is known.
        edge: source and target of the local partial that is wrong, if one is.
    """

    function: str
    result: str
    ok: bool
    text: str
    line: int = 0
    numbers: str = ""
    points: float = 0.0
    of: float = 0.0
    mistake: str = ""
    edge: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Grade:
    """The verdict on a file.

    Attributes:
        file: its name.
        model: the model's name.
        tests: what was judged, in order.
    """

    file: str
    model: str
    tests: tuple[Test, ...]

    @property
    def points(self) -> float:
        """The points that were reached."""
        return sum(test.points for test in self.tests)

    @property
    def of(self) -> float:
        """The points that there are."""
        return sum(test.of for test in self.tests)

    @property
    def passed(self) -> bool:
        """Tell whether everything is right."""
        return all(test.ok for test in self.tests)


def grade(
    file: str | Path,
    model: Model,
    functions: Sequence[str] = (),
    *,
    complete: bool = False,
    limits: Limits = LIMITS,
    seed: int = 0,
) -> Grade:
    """Run a student's functions, each in a process of its own, and judge what they return at random points.

    The processes have limits of time and memory and are no sandbox: they may do whatever their user may do.

    Args:
        file: the student's Python file.
        model: the spec; it is frozen by this.
        functions: the functions that must be there, by the names of their roles; all that are found if it is empty.
        complete: whether all nodes must be returned by a forward function, or the loss alone.
        limits: of each process.
        seed: of the points.

    Raises:
        OptionError: there is no such file, a function has no role in this model, or the model cannot be graded.
    """
    path = Path(file)
    if not path.is_file():
        raise OptionError(f"there is no file {path}; name the student's Python file")
    if path.suffix == ".ipynb":
        raise OptionError(f"{path} is a notebook; `jupyter nbconvert --to script {path}` makes a Python file of it")
    exercise = _exercise(model, seed)
    judges = judges_of(exercise)
    unknown = [name for name in functions if name not in judges]
    if unknown:
        known = f"there are {', '.join(judges)}{did_you_mean(unknown[0], judges)}"
        raise OptionError(f"{exercise.model.name} has no function {unknown[0]!r} to grade; {known}")
    return Grade(path.name, exercise.model.name, tuple(_tests(path, exercise, judges, functions, complete, limits)))


@lru_cache(maxsize=8)
def _exercise(model: Model, seed: int) -> Exercise:
    return Exercise(model, seed)


def judges_of(exercise: Exercise) -> dict[str, Judge]:
    """Return the judges of a model's functions, those of its own functions of one number first, by their names."""
    own = {function.__name__: elementary(function) for function in exercise.functions}
    needs_loss = ("loss", "gradient", "gradient_checking")
    has_loss = exercise.root == "loss"
    return {**own, **{name: judge for name, judge in JUDGES.items() if has_loss or name not in needs_loss}}


def _tests(
    path: Path, exercise: Exercise, judges: Mapping[str, Judge], functions: Sequence[str], complete: bool, limits: Limits
) -> Iterator[Test]:
    asked = functions or list(judges)
    requests = [{**exercise.reading, "role": role, **judges[role].request(exercise)} for role in asked]
    loaded, outcomes = run(path, requests, limits)
    if loaded.fault is not None:
        yield _error("", loaded.fault.text, loaded.fault.line, float(len(functions) or 1))
        return
    names = [function_of(role, loaded.functions) for role in asked]
    if not functions and not any(names):
        yield _error("", f"it has no function to grade; write one of {', '.join(judges)}", 0, 1.0)
    for name, request, outcome in zip(names, requests, outcomes, strict=True):
        role, size = request["role"], float(len(request["order"][0]))
        if name and outcome.fault is not None:
            yield _error(name, outcome.fault.text, outcome.fault.line or loaded.functions[name], size)
        elif name:
            with np.errstate(all="ignore"):  # mistakes divide by 0 and take roots of what is below 0
                verdicts = _together(judges[role].verdicts(exercise, outcome.calls, complete))
            lines = result_lines(path, name, request["known"])
            for verdict in verdicts:
                nan = outcome.remarks.get("nan", 0) if "is nan" in verdict.fault or "is inf" in verdict.fault else 0
                of = size if not verdict.name and len(verdicts) == 1 else 1.0
                yield _test(verdict, role, name, nan or lines.get(verdict.name, 0) or loaded.functions[name], of)
            yield from _remarks(name, outcome)
        elif functions:
            form = f"{role}({', '.join(ROLES[role].arguments)})" if role in ROLES else f"{role}(z)"
            yield _error(role, f"there is no function {form}", 0, size)


def _error(function: str, text: str, line: int, of: float) -> Test:
    return Test(function, "", False, text, line, "", 0.0, of, "error")


def _test(verdict: Verdict, role: str, name: str, line: int, of: float) -> Test:
    of_weights = role in ("backward_propagation", "gradient", "gradient_checking")
    said = f"d{verdict.name}" if verdict.name and of_weights else verdict.name
    if verdict.ok and verdict.fault:
        return Test(name, said, True, verdict.fault, line)
    if verdict.ok or verdict.carried:
        return Test(name, said, True, "right" if verdict.ok else "right for the wrong values before it", 0, "", of, of)
    if verdict.fault:
        return Test(name, said, False, verdict.fault, line, "", 0.0, of, "error")
    numbers = f"is {verdict.found:.8g}, right is {verdict.right:.8g}"
    text, kind, edge = "no usual mistake gives this", "unknown", None
    if verdict.suspect is not None:
        text, kind, edge = verdict.suspect.text, verdict.suspect.kind, verdict.suspect.edge
    return Test(name, said, False, text, line, numbers, 0.0, of, kind, edge)


_STANDS = re.compile(r"(?:^|, )(\w+) stands where (\w+) belongs")


def _together(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Say of two names that each stands in the other's place that they have changed places."""
    found = {one.name: _STANDS.search(one.suspect.text) for one in verdicts if one.suspect is not None}
    pairs = {name: match.groups() for name, match in found.items() if match is not None}
    changed = []
    for one in verdicts:
        pair = pairs.get(one.name)
        if one.suspect is not None and pair is not None and pair[::-1] in pairs.values():
            first, second = sorted(pair)
            text = f"{first} and {second} have changed places, here and elsewhere: is a matrix transposed, or an index wrong?"
            one = one._replace(suspect=one.suspect._replace(kind="swapped", text=text))
        changed.append(one)
    return changed


def _remarks(name: str, outcome: Outcome) -> Iterator[Test]:
    changed = outcome.remarks.get("modifies")
    if changed:
        text = f"it changes its argument {changed[0]}; work on a copy: {changed[0]} = {changed[0]}.copy()"
        yield _error(name, text, changed[1], 0.0)
    if outcome.prints:
        yield Test(name, "", True, "it prints; what it prints is not looked at", outcome.prints)
