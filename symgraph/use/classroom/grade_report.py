"""A grade as text, and as the results.json that Gradescope reads."""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from symgraph.use.classroom.answers import printable
from symgraph.use.classroom.conventions import function_of
from symgraph.use.classroom.grading import Grade
from symgraph.use.classroom.verdicts import RIGHT, Verdict


def text(grade: Grade) -> str:
    """Return a grade as lines for people: what is wrong by function, with the student's line, and the points."""
    lines = [f"{printable(grade.file)}, model {grade.model}: {grade.points:g} of {grade.of:g} points"]
    for tests, counts in ((grade.tests, True), (grade.not_counted, False)):
        for function, group in groupby(tests, lambda test: test.function):
            some = list(group)
            got, of = sum(test.points for test in some), sum(test.of for test in some)
            right = all(map(_is_right, some))
            if counts and function:
                lines.append(f"{function}: {'right' if right and got == of else f'{got:g} of {of:g}'}")
            elif function:
                lines.append(f"{function}: {'right, ' * right}not counted")
            lines += _lines(printable(grade.file), some)
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
    for test in (*grade.tests, *grade.not_counted):
        name = ": ".join(filter(None, (test.function or printable(grade.file), test.result)))
        name += " (not counted)" * (test in grade.not_counted)
        place = f"{printable(grade.file)}:{test.line}" if test.line else ""
        output = "; ".join(filter(None, (place, test.numbers, test.text)))
        row: dict[str, Any] = {"name": name, "score": test.points, "max_score": test.of}
        row |= {"status": "passed" if test.ok else "failed", "output": output}
        if test.mistake:
            row["extra_data"] = {"mistake": test.mistake, "line": test.line, "edge": test.edge}
        tests.append(row)
    return {"score": grade.points, "output": text(grade), "output_format": "text", "tests": tests}


def csv_text(files: Sequence[str], grades: Sequence[Grade]) -> str:
    """Return the points of several files as CSV: a row a file, a column a function, and a row of the maxima before them.

    A file whose name a spreadsheet would compute begins with its folder, as "./=1+1.py".

    Args:
        files: the names of the files.
        grades: of each, by the same functions of the same model; there is at least one.
    """
    maxima = grades[0].maxima
    rows = [["file", "points", *maxima], ["maximum", *map(_plain, (grades[0].of, *maxima.values()))]]
    for file, grade in zip(files, grades, strict=True):
        points = (
            sum(test.points for test in grade.tests if test.function and function_of(role, [test.function])) for role in maxima
        )
        rows.append([f"./{file}" if file.startswith(("=", "+", "-", "@")) else file, *map(_plain, (grade.points, *points))])
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue()


def _plain(points: float) -> str:
    return f"{points:g}"
