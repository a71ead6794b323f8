"""`grade`: runs the functions of a student's file at random points and judges what they return."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from symgraph.errors import OptionError, did_you_mean
from symgraph.spec.model import Model
from symgraph.use.classroom.answers import Outcome, Repair
from symgraph.use.classroom.conventions import arguments_of, function_of
from symgraph.use.classroom.exercise import Exercise
from symgraph.use.classroom.process import Limits, StudentFile, read_student, run
from symgraph.use.classroom.remarks import DERIVATIVES, Remark, checked_forbidden, large_calls, remarks_of
from symgraph.use.classroom.repairs import repairs_of, shown_result, told, wanted
from symgraph.use.classroom.role_judges import judges_of, worksheet_functions
from symgraph.use.classroom.solution import helpers_of
from symgraph.use.classroom.verdicts import CARRIED, FOLLOWS, RIGHT, Verdict, failed, remark
from symgraph.use.classroom.worksheet import solution_text

LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Grade:
    """The verdict on a file.

    Attributes:
        file: its name.
        model: the model's name.
        tests: what counts, in order.
        maxima: the points that there are for each function that counts; they depend on the model alone.
        not_counted: what was judged beside that: functions that nobody asked for.
    """

    file: str
    model: str
    tests: tuple[Verdict, ...]
    maxima: Mapping[str, float] = field(default_factory=dict)
    not_counted: tuple[Verdict, ...] = ()

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
        """Tell whether everything that counts is right."""
        return all(test.ok for test in self.tests)


def grade(
    file: str | Path | StudentFile,
    model: Model,
    functions: Sequence[str] = (),
    *,
    complete: bool = False,
    others: bool = True,
    forbid: Sequence[str] = (),
    limits: Limits = LIMITS,
    seed: int = 0,
) -> Grade:
    """Judge the functions of a student's file.

    Args:
        file: the student's Python file, or what `read_student` has read of it.
        model: the spec; it is frozen by this.
        functions: the functions that count, by the names of their roles; if it is empty, those of the model's worksheet.
        complete: whether all nodes must be returned by a forward function, or the loss alone.
        others: whether functions that do not count are judged too.
        forbid: the ways of getting numbers that cost a function its points, of `symgraph.use.classroom.remarks.FORBIDDEN`.
        limits: of each process.
        seed: of the points.

    Raises:
        OptionError: there is no such file, a function has no role in this model, the model cannot be graded, or something else
            is forbidden than what can be.
    """
    student = file if isinstance(file, StudentFile) else read_student(file)
    grading = _Grading(_exercise(model, seed), functions, complete, checked_forbidden(forbid), limits)
    return grading.grade(student, others)


def checked_maxima(model: Model, functions: Sequence[str] = (), *, seed: int = 0) -> Mapping[str, float]:
    """Return the points that there are for each function that counts.

    Args:
        model, functions, seed: as of `grade`.

    Raises:
        OptionError: a function has no role in this model, or the model cannot be graded.
    """
    return _Grading(_exercise(model, seed), functions, False, (), LIMITS).maxima


@lru_cache(maxsize=8)
def _exercise(model: Model, seed: int) -> Exercise:
    return Exercise(model, seed)


class _Grading:
    """Judgement of students' files by one model; see `grade`.

    Args:
        exercise: the model.
        functions, complete, forbid, limits: as of `grade`.

    Raises:
        OptionError: a function has no role in this model.
    """

    def __init__(
        self, exercise: Exercise, functions: Sequence[str], complete: bool, forbid: Sequence[str], limits: Limits
    ) -> None:
        self.exercise, self.complete, self.forbid, self.limits = exercise, complete, forbid, limits
        self.judges, self.chosen = judges_of(exercise), bool(functions)
        unknown = next((name for name in functions if name not in self.judges), None)
        if unknown is not None:
            known = f"there are {', '.join(self.judges)}{did_you_mean(unknown, self.judges)}"
            raise OptionError(f"{exercise.model.name} has no function {unknown!r} to grade; {known}")
        self.readings = exercise.readings | {
            role: judge.reading for role, judge in self.judges.items() if judge.reading is not None
        }
        self.counted = [role for role in self.judges if role in (functions or worksheet_functions(exercise))]
        self.maxima = {role: self._size(role) for role in self.counted}

    def _size(self, role: str) -> float:
        """Return the points of a function: one for each of its results."""
        return float(len(self.readings[role][0][0]))

    def grade(self, student: StudentFile, others: bool) -> Grade:
        """Judge a file, and with others the functions in it that do not count."""
        roles = [*self.counted, *(role for role in self.judges if others and role not in self.counted)]
        large = [role for role in roles if large_calls(self.exercise, role)]
        loaded, outcomes = run(
            student, [*map(self._request, roles), *(self._request(role, True) for role in large)], self.limits
        )
        maxima, fault = self.maxima, loaded.fault
        if not fault and not self.chosen and not any(function_of(role, loaded.functions) for role in roles):
            fault = f"it has no function to grade; write one of {', '.join(self.judges)}"
        if fault:
            tests = [replace(failed(fault, of=sum(maxima.values())), line=loaded.line)]
            return Grade(student.path.name, self.exercise.model.name, tuple(tests), maxima)
        at_large = dict(zip(large, outcomes[len(roles) :], strict=True))
        judged = {role: (outcome, at_large.get(role, Outcome())) for role, outcome in zip(roles, outcomes, strict=False)}
        if any("autodiff" in outcome.remarks for outcome, _ in judged.values()):
            loaded = replace(loaded, remarks={})  # the functions that use the library are known
        tests = list(self._tests(loaded, {role: judged[role] for role in self.counted}))
        there = {role: judged[role] for role in roles[len(self.counted) :] if function_of(role, loaded.functions)}
        others_judged = list(self._tests(loaded, there))
        found = self._repairs(student, loaded, [*tests, *others_judged])
        not_counted = [replace(one, points=0.0, of=0.0) for one in told(others_judged, found)]
        return Grade(student.path.name, self.exercise.model.name, tuple(told(tests, found)), maxima, tuple(not_counted))

    def _repairs(self, student: StudentFile, loaded: Outcome, tests: Sequence[Verdict]) -> dict[str, Sequence[Repair]]:
        """Search the functions that are wrong for what makes them right; return that by their names."""
        requests, names = [], []
        for role in self.judges:
            name = function_of(role, loaded.functions)
            verdicts = [one for one in tests if name is not None and one.function == name]
            more = wanted(self.exercise, role, self.judges[role], verdicts, self.limits.seconds)
            if name is not None and more is not None:
                requests.append({**self._request(role), **more})
                names.append(name)
        if not requests:
            return {}
        stopped = [role for role in self.judges if any(_stops(one, function_of(role, loaded.functions)) for one in tests)]
        for request in requests:
            request["stopped"] = [role for role in stopped if role != request["role"]]
        _, outcomes = run(student, requests, self.limits)
        return dict(zip(names, map(repairs_of, requests, outcomes), strict=False))

    def _request(self, role: str, large: bool = False) -> dict[str, Any]:
        """Return what a process is asked for: calls of one function, which may get right values of others that count."""
        return {
            "role": role,
            "calls": large_calls(self.exercise, role) if large else self.judges[role].calls(self.exercise),
            "large": large,
            "readings": self.readings,
            "root": self.exercise.root,
            "helpers": {name: code for name, code in helpers_of(self.exercise).items() if name in self.counted},
            "saved": self.counted,
            "solution": solution_text(self.exercise),
        }

    def _tests(self, loaded: Outcome, judged: Mapping[str, tuple[Outcome, Outcome]]) -> Iterator[Verdict]:
        """Yield the verdicts on functions, by role what came of their calls and of those at large inputs."""
        faulty = set[str]()
        for role, (outcome, large) in judged.items():
            size, name = self._size(role), function_of(role, loaded.functions)
            if name is None:
                form = f"{role}({', '.join(arguments_of(role) or ('z',))})"
                yield replace(failed(f"there is no function {form}", of=size), function=role)
            elif outcome.fault or not outcome.calls:
                faulty.add(role)
                fault = outcome.fault or "is not there any more when it is called"
                yield replace(failed(fault, of=size), function=name, line=outcome.line or loaded.functions[name])
            else:
                verdicts = self._verdicts(role, outcome, faulty)
                faulty |= {role for one in verdicts if not one.ok}
                said = list(self._remarks(role, loaded, outcome, large, verdicts))
                cost = next((one for one in said if one.kind in self.forbid), None)
                if cost is not None:
                    verdicts = [replace(failed(f"{cost.text}; that is forbidden here"), line=cost.line, mistake=cost.kind)]
                    faulty.add(role)
                verdicts = _weighed(verdicts, self.readings[role][0][0], self.exercise.root)
                verdicts += [replace(remark(one.text), line=one.line) for one in said if cost is None or one.kind != cost.kind]
                yield from (self._placed(one, role, name, loaded, outcome) for one in (*verdicts, *_seen(outcome)))

    def _verdicts(self, role: str, outcome: Outcome, faulty: set[str]) -> list[Verdict]:
        """Return the verdicts on the results of a function; what follows from another that is wrong, and counts, is right."""
        with np.errstate(all="ignore"):  # mistakes divide by 0 and take roots of what is below 0
            verdicts = _together(self.judges[role].verdicts(self.exercise, outcome.calls, self.complete))
        rests = bool(faulty & {"forward_propagation", "backward_propagation"})
        return [
            replace(one, ok=True, points=one.of, text=FOLLOWS.format(one.follows), mistake="follows")
            if one.follows and rests
            else one
            for one in verdicts
        ]

    def _remarks(
        self, role: str, loaded: Outcome, outcome: Outcome, large: Outcome, verdicts: Sequence[Verdict]
    ) -> Iterator[Remark]:
        yield from remarks_of(self.exercise, role, outcome, large, verdicts)
        if role in DERIVATIVES and "autodiff" in loaded.remarks:
            library, line = loaded.remarks["autodiff"]
            yield Remark("autodiff", f"the file imports {library}, which differentiates by itself", line)

    def _placed(self, one: Verdict, role: str, name: str, loaded: Outcome, outcome: Outcome) -> Verdict:
        """Return a verdict with the function's name, the line it is about, and the result as students write it."""
        lines = {"": loaded.functions[name], **outcome.lines}
        line = one.line or lines.get(one.result) or lines["return" if one.numbers and "return" in lines else ""]
        if one.text.startswith(("is nan", "is inf")):
            line = outcome.remarks.get("nan") or line
        return replace(
            one, function=name, result=shown_result(role, one.result), line=0 if one.text in (RIGHT, CARRIED) else line
        )


def _stops(verdict: Verdict, name: str | None) -> bool:
    return verdict.function == name is not None and verdict.mistake == "error" and not verdict.result


def _weighed(verdicts: Sequence[Verdict], results: Sequence[str], root: str) -> list[Verdict]:
    """Give the verdicts on a function the points of all its results, of which it need not return each.

    What it does not return counts with the loss, or else with the first that it returns; what is no result counts nothing.
    """
    counted = [one for one in verdicts if one.of and one.result in results] or [one for one in verdicts if one.of]
    if not counted:
        return [*verdicts, failed("returns nothing that can be judged", of=float(len(results)))]
    main = next((one for one in counted if one.result == root), counted[0])
    weighed = []
    for one in verdicts:
        of = float(any(one is other for other in counted)) + (len(results) - len(counted)) * (one is main)
        weighed.append(replace(one, of=of, points=of * one.ok))
    return weighed


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


def _seen(outcome: Outcome) -> Iterator[Verdict]:
    """Yield the verdicts on what a function does beside returning numbers."""
    if "modifies" in outcome.remarks:
        name, line = outcome.remarks["modifies"]
        text = f"it changes its argument {name}; work on a copy: {name} = {name}.copy()"
        yield replace(failed(text, of=0.0), line=line)
    if outcome.prints:
        yield replace(remark("it prints; what it prints is not looked at"), line=outcome.prints)
