"""Asks a student's process for the single changes that make wrong functions right, and tells them beside the verdicts.

What comes back is no more than words about the student's own text: points never depend on it.
"""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from symgraph.use.classroom.answers import Outcome, Repair
from symgraph.use.classroom.exercise import Exercise
from symgraph.use.classroom.role_judges import Judge
from symgraph.use.classroom.verdicts import CLOSE, Verdict
from symgraph.use.classroom.worksheet import solution_text

_OF_WEIGHTS = ("backward_propagation", "gradient", "gradient_checking")
"""Roles of the functions whose results are derivatives by weights."""
_ROUGH = 1e-4
"""Relative error of a difference quotient that is right."""
_PART = 0.4
"""Part of the time of a function that the search in it may take."""
_TELLING = ("mean", "rows", "penalty", "step", "local derivative", "degrees", "forgotten")
"""Kinds of mistakes whose words say more than those of a repair; others do if they are of the repair's kind."""
_QUESTION = re.compile(r": [^:]*\?$")
"""The question behind a mistake, which the code answers."""
_LONG = 120
"""Signs of words above which the code alone is told."""
_MOST = 4.0
"""Seconds of the processor that it may take at most."""
_NOT_SEARCHED = ("follows", "differences", "autodiff", "constants", "overflow")
"""Kinds of mistakes that are not in the function itself, or in no single place of it."""


def shown_result(role: str, result: str) -> str:
    """Return the name of a result as students write it: dw1 for the derivative by w1."""
    return f"d{result}" if role in _OF_WEIGHTS and result not in ("", "difference") else result


def wanted(exercise: Exercise, role: str, judge: Judge, verdicts: Sequence[Verdict], seconds: float) -> dict[str, Any] | None:
    """Return what a process has to know beside the calls of a function to search it; None where there is nothing to search.

    Args:
        exercise: the model.
        role: of the function.
        judge: of it.
        verdicts: on it.
        seconds: the time of a function.
    """
    wrong = [one for one in verdicts if not one.ok and one.of and one.mistake not in _NOT_SEARCHED]
    if not wrong:
        return None
    right = [{name: np.asarray(values).tolist() for name, values in one.items()} for one in judge.right(exercise)]
    count = len(next(iter(right[0].values())))
    names = {shown_result(role, name): name for name in (*right[0], "difference")}
    return {
        "right": [[{name: values[place] for name, values in one.items()} for place in range(count)] for one in right],
        "wrong": [names[one.result] for one in wrong if one.result in names],
        "line": next((one.line for one in wrong if one.mistake == "error"), 0),
        "known": _known(exercise, judge, count),
        "numbers": _numbers(exercise),
        "close": _ROUGH if role == "gradient_checking" else CLOSE,
        "search": min(_MOST, _PART * seconds),
    }


def _known(exercise: Exercise, judge: Judge, count: int) -> list[list[float]]:
    """Return the numbers of the graph at each call, which the variables of a right program have."""
    calls = judge.calls(exercise)
    if "x" in calls[0]:
        numbers, bounds = exercise.first_rows, list(range(count + 1))
    elif "X" in calls[0]:
        numbers, bounds = exercise.all_rows, [0, *np.cumsum(exercise.counts).tolist()]
    else:
        return []
    every = np.array([*numbers.values.values(), *numbers.cotangents.values(), *numbers.partials.values()], np.float64)
    found = []
    for first, last in pairwise(bounds):
        part = every[:, first:last]
        some = np.unique(np.concatenate([part.ravel(), 1.0 - part.ravel(), part.sum(axis=1), part.mean(axis=1)]))
        found.append(some[np.isfinite(some)].tolist())
    return found


@cache
def _numbers(exercise: Exercise) -> list[float]:
    """Return the numbers that the formulas of the model have, as a solution writes them."""
    nodes = ast.walk(ast.parse(solution_text(exercise)))
    found = [float(node.value) for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, int | float)]
    return list(dict.fromkeys(found))[:24]


def repairs_of(request: Mapping[str, Any], outcome: Outcome) -> list[Repair]:
    """Return the repairs that a process has told, with the names of results as verdicts have them."""
    role = request["role"]
    return [one._replace(results=("", *(shown_result(role, name) for name in one.results))) for one in outcome.repairs]


def told(verdicts: Sequence[Verdict], repairs: Mapping[str, Sequence[Repair]]) -> list[Verdict]:
    """Return verdicts with the mistakes that repairs name.

    Args:
        verdicts: on a file.
        repairs: by the name of the student's function.
    """
    return [_told(one, repairs.get(one.function, ())) for one in verdicts]


def _told(one: Verdict, repairs: Sequence[Repair]) -> Verdict:
    if one.ok or not one.of or one.mistake in _NOT_SEARCHED:
        return one
    repair = next((repair for repair in repairs if one.result in repair.results), None)
    if repair is None:
        return one
    if one.mistake == "error":
        return replace(one, text=f"{one.text}; {repair.text}", line=repair.line)
    kinds = (repair.kind, "missing path") if repair.kind == "missing term" else (repair.kind,)
    same = one.mistake in kinds and len(one.text) <= _LONG
    vague = one.text.startswith(("is ", "has ")) or (repair.kind == "sign" and one.text.startswith("the factor"))
    tells = one.mistake in _TELLING or (same and not vague)  # a sign may be wrong in any factor of a product
    if tells and repair.code:
        return replace(one, text=f"{_QUESTION.sub('', one.text)}: {repair.code}", line=repair.line)
    return replace(one, text=repair.text, line=repair.line, mistake=repair.kind, edge=one.edge if same else None)
