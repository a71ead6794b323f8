"""`grade`: runs the functions of a student's file at random points and judges what they return."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from symgraph.classroom.conventions import ROLES, function_of
from symgraph.classroom.exercise import Exercise
from symgraph.classroom.process import Limits, Outcome, run
from symgraph.classroom.result_lines import result_lines
from symgraph.classroom.role_judges import CORE, Judge, judges_of
from symgraph.classroom.solution import helpers_of
from symgraph.classroom.verdicts import CARRIED, FOLLOWS, RIGHT, Verdict, failed, remark
from symgraph.errors import OptionError, did_you_mean
from symgraph.spec.model import Model

LIMITS = Limits()


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
    tests: tuple[Verdict, ...]

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
        functions: the functions that are judged and must be there, by the names of their roles; if it is empty, those of `CORE`
            must be there, and all that are found are judged.
        complete: whether all nodes must be returned by a forward function, or the loss alone.
        limits: of each process.
        seed: of the points.

    Raises:
        OptionError: there is no such file, a function has no role in this model, or the model cannot be graded.
    """
    path = checked_file(file)
    exercise = _exercise(model, seed)
    judges = judges_of(exercise)
    unknown = [name for name in functions if name not in judges]
    if unknown:
        known = f"there are {', '.join(judges)}{did_you_mean(unknown[0], judges)}"
        raise OptionError(f"{exercise.model.name} has no function {unknown[0]!r} to grade; {known}")
    return Grade(path.name, exercise.model.name, tuple(_tests(path, exercise, judges, functions, complete, limits)))


def checked_file(file: str | Path) -> Path:
    """Return a student's file as a path.

    Raises:
        OptionError: there is no such file, or it is a notebook.
    """
    path = Path(file)
    if not path.is_file():
        raise OptionError(f"there is no file {path}; name the student's Python file")
    if path.suffix == ".ipynb":
        raise OptionError(f"{path} is a notebook; `jupyter nbconvert --to script {path}` makes a Python file of it")
    return path


@lru_cache(maxsize=8)
def _exercise(model: Model, seed: int) -> Exercise:
    return Exercise(model, seed)


def _tests(
    path: Path, exercise: Exercise, judges: Mapping[str, Judge], functions: Sequence[str], complete: bool, limits: Limits
) -> Iterator[Verdict]:
    asked = functions or list(judges)
    readings = exercise.readings | {role: judge.reading for role, judge in judges.items() if judge.reading is not None}
    known = {"readings": readings, "root": exercise.root}
    known["helpers"] = {name: code for name, code in helpers_of(exercise).items() if name in asked}
    requests = [{**known, "role": role, "calls": judges[role].calls(exercise)} for role in asked]
    loaded, outcomes = run(path, requests, limits)
    needed = [role for role in asked if role in (functions or CORE)]
    whole = float(sum(len(readings[role][0][0]) for role in needed))
    if loaded.fault:
        yield replace(failed(loaded.fault, of=whole), line=loaded.line)
        return
    names = [function_of(role, loaded.functions) for role in asked]
    if not functions and not any(names):
        yield failed(f"it has no function to grade; write one of {', '.join(judges)}", of=whole)
        return
    faulty = set[str]()
    for role, name, outcome in zip(asked, names, outcomes, strict=True):
        (results, *_), keys = readings[role]
        size = float(len(results))
        if name and outcome.fault:
            faulty.add(role)
            yield replace(failed(outcome.fault, of=size), function=name, line=outcome.line or loaded.functions[name])
        elif name:
            with np.errstate(all="ignore"):  # mistakes divide by 0 and take roots of what is below 0
                verdicts = _together(judges[role].verdicts(exercise, outcome.calls, complete))
            lines = {"": loaded.functions[name], **result_lines(path, name, keys, results)}
            of_weights = "d" * (role in ("backward_propagation", "gradient", "gradient_checking"))
            for one in (*verdicts, *_remarks(outcome)):
                if one.follows and faulty & {"forward_propagation", "backward_propagation"}:
                    one = replace(one, ok=True, points=one.of, text=FOLLOWS.format(one.follows), mistake="follows")
                faulty |= set() if one.ok else {role}
                line = one.line or lines.get(one.result) or lines["return" if one.numbers and "return" in lines else ""]
                if one.text.startswith(("is nan", "is inf")):
                    line = outcome.remarks.get("nan") or line
                yield replace(
                    one,
                    function=name,
                    result=one.result and of_weights + one.result,
                    line=0 if one.text in (RIGHT, CARRIED) else line,
                    of=size if one.of and not one.result else one.of,
                )
        elif role in needed:
            form = f"{role}({', '.join(ROLES[role].arguments)})" if role in ROLES else f"{role}(z)"
            yield replace(failed(f"there is no function {form}", of=size), function=role)


_STANDS = re.compile(r"(?:^|, )(\w+) stands where (\w+) belongs")


def _together(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Say of two names that each stands in the other's place that they have changed places."""
    found = {one.result: _STANDS.search(one.text) for one in verdicts}
    pairs = {name: match.groups() for name, match in found.items() if match is not None}
    changed = []
    for one in verdicts:
        pair = pairs.get(one.result)
        if pair is not None and pair[::-1] in pairs.values():
            first, second = sorted(pair)
            text = f"{first} and {second} have changed places, here and elsewhere: is a matrix transposed, or an index wrong?"
            one = replace(one, mistake="swapped", text=text)
        changed.append(one)
    return changed


def _remarks(outcome: Outcome) -> Iterator[Verdict]:
    if "modifies" in outcome.remarks:
        name, line = outcome.remarks["modifies"]
        text = f"it changes its argument {name}; work on a copy: {name} = {name}.copy()"
        yield replace(failed(text, of=0.0), line=line)
    if outcome.prints:
        yield replace(remark("it prints; what it prints is not looked at"), line=outcome.prints)
