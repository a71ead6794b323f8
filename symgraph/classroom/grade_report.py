"""A grade as text, and as the results.json that Gradescope reads."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from symgraph.classroom.grading import Grade
from symgraph.classroom.verdicts import RIGHT, Verdict


def text(grade: Grade) -> str:
    """Return a grade as lines for people: what is wrong by function, with the student's line, and the points."""
    lines = [f"{grade.file}, model {grade.model}: {grade.points:g} of {grade.of:g} points"]
    for function, some in groupby(grade.tests, lambda test: test.function):
        tests = list(some)
        got, of = sum(test.points for test in tests), sum(test.of for test in tests)
        if function:
            right = got == of and all(map(_is_right, tests))
            lines.append(f"{function}: {'right' if right else f'{got:g} of {of:g}'}")
        lines += _lines(grade.file, tests)
    return "\n".join(lines)


def _is_right(test: Verdict) -> bool:
    return test.ok and test.text == RIGHT


def _lines(file: str, tests: list[Verdict]) -> Iterator[str]:
    """The lines about the tests of one function; those with one reason are said together."""
    reasons: dict[str, list[Verdict]] = {}
    for test in tests:
        if not _is_right(test):
            reasons.setdefault(test.text, []).append(test)
    for reason, alike in reasons.items():
        named = [test.result for test in alike if test.result]
        names = ", ".join(named)
        place = f"{file}:{alike[0].line}: " if alike[0].line else ""
        numbers = f" ({alike[0].result} {alike[0].numbers})" if alike[0].numbers else ""
        said = _of_several(reason) if len(named) > 1 else reason
        joint = " " if said.startswith(("is ", "has ", "are ", "have ")) else ": "
        yield f"  {place}{names}{joint if names else ''}{said}{numbers}"


def _of_several(reason: str) -> str:
    """Return what is said of one result as it is said of several."""
    if reason.startswith(("is ", "has ")):
        for verb, plural in (("is ", "are "), ("has ", "have ")):
            reason = reason.replace(f", and {verb}", f", and {plural}")
            reason = plural + reason.removeprefix(verb) if reason.startswith(verb) else reason
    return reason.removesuffix(", as all others").removesuffix(" (so are all others)")


def gradescope(grade: Grade) -> dict[str, Any]:
    """Return a grade in the form of Gradescope's results.json.

    The form is that of https://gradescope-autograders.readthedocs.io/en/latest/specs/: a score, and tests with name, score,
    max_score, status and output; extra_data has the mistake's kind, the line and the edge.
    """
    tests = []
    for test in grade.tests:
        name = ": ".join(filter(None, (test.function or grade.file, test.result)))
        output = "; ".join(filter(None, (f"{grade.file}:{test.line}" if test.line else "", test.numbers, test.text)))
        row: dict[str, Any] = {"name": name, "score": test.points, "max_score": test.of}
        row |= {"status": "passed" if test.ok else "failed", "output": output}
        if test.mistake:
            row["extra_data"] = {"mistake": test.mistake, "line": test.line, "edge": test.edge}
        tests.append(row)
    return {"score": grade.points, "output": text(grade), "output_format": "text", "tests": tests}
