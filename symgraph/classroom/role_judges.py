"""For each role of a student's function: the calls that are made, and the verdicts on what came back."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import sympy

from symgraph.classroom.exercise import Exercise, Numbers
from symgraph.classroom.formula_values import Array, evaluate
from symgraph.classroom.mistakes import slips
from symgraph.classroom.optimizer_steps import EXERCISED, calls
from symgraph.classroom.suspects import Suspect, Variant, backward, forward, reductions, scaled
from symgraph.classroom.verdicts import Tolerance, Verdict, agree, explained, judged, with_factors

Answers = Sequence[Mapping[str, Any]]
_ROUGH = 1e-3
"""Relative error of a difference quotient that is right."""
_NOISE = 1e-6
"""Its absolute error by rounding, relative to the loss and to the largest partial."""
_SEEN = 1e-2
"""Size of what a gradient check says of a partial that is wrong by half."""
_NUMBERS = (-1.3, -0.4, 0.3, 1.1, 2.0)
"""Arguments of functions of one number, inside most domains; others are halved towards 0.5 until they are."""


class Judge(NamedTuple):
    """How one role is judged.

    Attributes:
        request: makes the calls, and how answers are read, for `symgraph.classroom.student_calls.Calls`.
        verdicts: judges the answers; with True, all results of a worksheet must be there.
        results: the names of all results.
    """

    request: Callable[[Exercise], dict[str, Any]]
    verdicts: Callable[[Exercise, Answers, bool], list[Verdict]]
    results: Callable[[Exercise], Sequence[str]]


def sorted_out(answers: Answers) -> tuple[dict[str, Array], dict[str, str]]:
    """Return by name the numbers (n,) of all calls, and the reasons why there are none."""
    found, faults = dict[str, Array](), dict[str, str]()
    for name in dict.fromkeys(name for answer in answers for name in answer):
        values = [answer.get(name, "is not always there") for answer in answers]
        texts = [value for value in values if isinstance(value, str)]
        if texts:
            faults[name] = texts[0]
        else:
            found[name] = np.array(values, np.float64)
            bad = [value for value in found[name] if not np.isfinite(value)]
            if bad:
                faults[name] = f"is {bad[0]}: is there a division by 0, or a logarithm or root of what is not above 0?"
    return {name: value for name, value in found.items() if name not in faults}, faults


def _missing(faults: dict[str, str], found: Mapping[str, Any], names: Iterable[str], key: Callable[[str], str]) -> None:
    if "" in faults:
        return
    for name in names:
        if name not in found and name not in faults:
            faults[name] = f"is missing; return it under the key {key(name)!r}"


# Functions of one row.


def _forward_request(exercise: Exercise) -> dict[str, Any]:
    rows = [exercise.row(points[0]) for points in exercise.batches]
    return {"calls": rows, "order": exercise.value_orders, "known": exercise.value_spellings}


def _forward_verdicts(exercise: Exercise, answers: Answers, complete: bool) -> list[Verdict]:
    numbers = exercise.first_rows
    found, faults = sorted_out(answers)
    names = [*exercise.nodes, *([exercise.root] if exercise.root not in exercise.nodes else [])]
    _missing(faults, found, names if complete else [exercise.root], str)
    right = {name: numbers.values[name] for name in names}
    verdicts = []
    own = dict(numbers.values)
    for name in names:
        if name not in found:
            own[name] = _formula(exercise, name, own)
        if name in found:
            (verdict,) = judged(
                {name: found[name]}, {}, {name: right[name]}, partial(_forward_reason, exercise, name, found, own)
            )
            carried = not verdict.ok and agree(found[name], _formula(exercise, name, own))
            verdicts.append(verdict._replace(carried=carried, suspect=None if carried else verdict.suspect))
            own[name] = found[name]
        elif name in faults:
            verdicts += judged({}, faults, {name: right[name]}, dict)
    verdicts += [_kept_slope(exercise, found["dl"])] if "dl" in found else []
    return [Verdict("", np.nan, np.nan, False, None, faults[""])] if "" in faults else verdicts


def _formula(exercise: Exercise, name: str, own: Mapping[str, Array]) -> Array:
    return np.broadcast_to(np.asarray(evaluate(exercise.graph.by_name[name].expr, own), np.float64), own[name].shape)


def _forward_reason(exercise: Exercise, name: str, found: Mapping[str, Array], own: Mapping[str, Array]) -> dict[str, Suspect]:
    right = {name: _formula(exercise, name, own)}
    return explained(
        {name: found[name]}, right, right, forward(exercise, name, own, list(found)), reductions([1] * len(found[name]))
    )


def _kept_slope(exercise: Exercise, found: Array) -> Verdict:
    """Look at the derivative of the loss by the output that a forward function keeps as dl; another dl may be meant, so it is
    only remarked.
    """
    right = exercise.first_rows.cotangents[str(exercise.output)]
    if agree(found, right):
        return Verdict("dl", float(found[0]), float(right[0]), True)
    text = f"is {found[0]:.8g}; if it is meant as d loss / d {exercise.output}, right is {right[0]:.8g}"
    return Verdict("dl", float(found[0]), float(right[0]), True, None, text)


def _backward_request(exercise: Exercise) -> dict[str, Any]:
    numbers, rows = exercise.first_rows, []
    for place, points in enumerate(exercise.batches):
        right = {name: float(numbers.values[name][place]) for name in (*exercise.nodes, exercise.root)}
        rows.append({**exercise.row(points[0]), "L": right[exercise.root], "right": right})
    return {
        "calls": rows,
        "order": [exercise.weights],
        "known": exercise.partial_spellings,
        "values": exercise.value_spellings,
    }


def _backward_verdicts(exercise: Exercise, answers: Answers, complete: bool) -> list[Verdict]:
    numbers = exercise.first_rows
    found, faults = sorted_out(answers)
    _missing(faults, found, exercise.weights, lambda name: f"d{name}")
    variants = reductions([1] * len(exercise.batches))
    if numbers.penalty:
        text = "the penalty's derivative is in it, which belongs to no row"
        variants.append(Variant(1.0, "penalty", text, lambda name, value: value + numbers.penalty.get(name, 0.0)))
    return _partials(exercise, numbers, found, faults, variants)


def _partials(
    exercise: Exercise, numbers: Numbers, found: Mapping[str, Array], faults: Mapping[str, str], variants: Sequence[Variant]
) -> list[Verdict]:
    """Judge partial derivatives of a row, or of several rows that the variants make one number of."""
    if "" in faults:
        return [Verdict("", np.nan, np.nan, False, None, faults[""])]
    rows = {name: numbers.cotangents[name] for name in (*exercise.weights, *exercise.nodes)}
    right = {name: variants[0].reduce(name, value) for name, value in rows.items()}

    def why() -> dict[str, Suspect]:
        wrong = [name for name in found if not agree(found[name], right[name])]
        suspects = list(backward(exercise, numbers, wrong))
        known = explained(found, right, rows, suspects, variants)
        unknown = [name for name in wrong if name not in known]
        single = all(len(rows[name]) == len(right[name]) for name in rows)
        return {**known, **(with_factors(found, right, suspects, unknown) if single else {})}

    return judged(found, faults, right, why)


# Functions of all rows.


def _rows_request(exercise: Exercise, results: Sequence[str], known: Mapping[str, str]) -> dict[str, Any]:
    return {"calls": [exercise.rows(points) for points in exercise.batches], "order": [list(results)], "known": dict(known)}


def _counted(exercise: Exercise) -> dict[str, int]:
    """Return what is counted by mistake in the place of the rows."""
    counted = {"features": len(exercise.features), "weights": len(exercise.weights)}
    return {name: count for name, count in counted.items() if count > 1}


def _loss_verdicts(exercise: Exercise, answers: Answers, complete: bool) -> list[Verdict]:
    numbers = exercise.all_rows
    found, faults = sorted_out(answers)
    added = {"loss": exercise.first_rows.values["penalty"]} if "penalty" in numbers.values else {}
    variants = reductions(exercise.counts, added, _counted(exercise))
    rows = {"loss": numbers.values["loss"]}
    right = {"loss": variants[0].reduce("loss", rows["loss"])}

    def why() -> dict[str, Suspect]:
        return explained(found, right, rows, forward(exercise, "loss", numbers.values, ["loss"]), variants)

    return judged(found, faults, right, why) if "" not in faults else [Verdict("", np.nan, np.nan, False, None, faults[""])]


def _gradient_verdicts(exercise: Exercise, answers: Answers, complete: bool) -> list[Verdict]:
    found, faults = sorted_out(answers)
    _missing(faults, found, exercise.weights, lambda name: f"d{name}")
    variants = reductions(exercise.counts, exercise.first_rows.penalty, _counted(exercise))
    return _partials(exercise, exercise.all_rows, found, faults, variants)


# Gradient checks.


def _check_request(exercise: Exercise) -> dict[str, Any]:
    request = _backward_request(exercise)
    request["calls"] = [{**one, "planted": place % len(exercise.weights)} for place, one in enumerate(request["calls"])]
    return {
        **request,
        "order": [exercise.weights, ["difference"]],
        "weights": exercise.weights,
        "partials": exercise.partial_spellings,
        "values order": exercise.value_orders,
        "root": exercise.root,
    }


def _check_verdicts(exercise: Exercise, answers: Answers, complete: bool) -> list[Verdict]:
    """Judge a gradient check by the student's own functions: numerical partials, relative differences, or one difference."""
    found, faults = sorted_out([answer["check"] for answer in answers])
    if "" in faults:
        return [Verdict("", np.nan, np.nan, False, None, faults[""])]
    if any(slope is None for answer in answers for slope in answer["slopes"]):
        return [
            Verdict("", np.nan, np.nan, False, None, "cannot be judged: forward_propagation gives no loss to differentiate")
        ]
    slopes = dict(zip(exercise.weights, np.array([answer["slopes"] for answer in answers], np.float64).T, strict=True))
    known = {name: value for name, value in found.items() if name in slopes}
    sizes = [exercise.first_rows.values[exercise.root], *slopes.values()]
    rough = Tolerance(_ROUGH, _NOISE * np.max(np.abs(sizes), axis=0))
    numeric = sum(agree(value, slopes[name], rough) for name, value in known.items())
    small = all(np.all(np.abs(value) < _ROUGH) for value in found.values())
    if (
        not small
        and "difference" not in found
        and (numeric or not any(answer["found"] for answer in answers) or _is_scaled(known, slopes, rough))
    ):
        _missing(faults, found, exercise.weights, lambda name: f"d{name}")
        suspects = _quotients(slopes)
        variants = reductions([1] * len(answers))
        return judged(known, faults, slopes, lambda: explained(known, slopes, slopes, suspects, variants, rough), rough)
    return _differences(answers, found, slopes, rough)


def _quotients(slopes: Mapping[str, Array]) -> list[Suspect]:
    """Suspect the usual mistakes in a difference quotient."""
    said = {
        2.0: "the difference is divided by delta instead of 2*delta",
        0.5: "it is halved: a difference of one side over 2*delta",
    }
    said[-1.0] = "the sides of the difference have changed places"
    made = [Suspect(0.0, "constant factor", text, {n: c * slope for n, slope in slopes.items()}) for c, text in said.items()]
    return [*made, *scaled(slopes)]


def _is_scaled(found: Mapping[str, Array], slopes: Mapping[str, Array], rough: Tolerance) -> bool:
    """Tell whether numbers are partials with a constant factor, rather than differences."""
    return any(agree(found[name], factor * slopes[name], rough) for name in found for factor in (-1.0, 0.5, 2.0))


def _differences(answers: Answers, found: Mapping[str, Array], slopes: Mapping[str, Array], rough: Tolerance) -> list[Verdict]:
    """Judge differences between the student's partials and numerical ones: small where these agree, and only there."""
    own, _ = sorted_out([answer["own"] for answer in answers])
    sound = {name: name not in own or agree(own[name], slope, rough) for name, slope in slopes.items()}
    sound["difference"] = all(sound.values())
    if sound["difference"] and all(not np.any(value) for value in found.values()):
        return [Verdict("", np.nan, np.nan, False, None, "returns 0 always: differences of numbers are never that exact")]
    verdicts = []
    for name, value in found.items():
        place = int(np.argmax(np.abs(value)))
        says_yes = name == "difference" and bool(np.all(value == 1.0))
        passes = says_yes or bool(np.all(np.abs(value) < _ROUGH) and (np.any(value) or name != "difference"))
        suspect, fault = None, ""
        if passes and not sound[name]:
            fault = "passes, though backward_propagation gives another number than the difference quotient"
        elif not passes and sound[name]:
            third = np.all(np.abs(np.abs(value) - 1.0 / 3.0) < _ROUGH)
            text = "the difference is divided by delta instead of 2*delta, or by twice as much"
            suspect = Suspect(1.0, "constant factor", text, {}) if third else None
            fault = "" if third else "is not small, though backward_propagation agrees with the difference quotient"
        verdicts.append(Verdict(name, float(value[place]), 0.0, passes is sound[name], suspect, fault))
    planted = [_notices(answer) for answer in answers if answer["found"]]
    if sound["difference"] and planted and not any(planted):
        text = "it does not notice a partial that is made wrong by half: does it call backward_propagation?"
        verdicts.append(Verdict("", np.nan, np.nan, True, None, text))
    return verdicts


def _notices(answer: Mapping[str, Any]) -> bool:
    before, after = answer["check"], answer["found"]
    changes = [abs(float(after[name]) - float(before[name])) for name in before if isinstance(after.get(name), float)]
    return max(changes, default=0.0) > _SEEN


# Optimizers, and functions of one number.


def _optimizer(name: str) -> Judge:
    exercised = EXERCISED[name]
    results = ("W", *exercised.states)

    def request(exercise: Exercise) -> dict[str, Any]:
        return {"calls": calls(max(3, len(exercise.weights))), "order": [list(results)], "known": {}, "step": True}

    def verdicts(exercise: Exercise, answers: Answers, complete: bool) -> list[Verdict]:
        texts = [value for answer in answers for value in answer.values() if isinstance(value, str)]
        if texts:
            return [Verdict("", np.nan, np.nan, False, None, texts[0])]
        given = [{key: np.asarray(value) for key, value in one.items()} for one in request(exercise)["calls"]]
        returned = [part for part in results if all(part in answer for answer in answers)]
        found = {part: np.concatenate([np.asarray(answer[part], np.float64) for answer in answers]) for part in returned}

        def stepped(step: Any) -> dict[str, Array]:
            made = [dict(zip(results, step(one), strict=True)) for one in given]
            return {part: np.concatenate([one[part] for one in made]) for part in returned}

        choices = [stepped(step) for step in exercised.right]
        right = max(choices, key=lambda one: sum(agree(found[part], one[part]) for part in returned))

        def why() -> dict[str, Suspect]:
            made = ((text, stepped(step)) for text, step in exercised.wrong.items())
            suspects = [Suspect(float(place), "step", text, values) for place, (text, values) in enumerate(made)]
            size = len(found["W"])
            return explained(found, right, right, suspects, reductions([1] * size))

        return judged(found, {}, right, why)

    return Judge(request, verdicts, lambda _: results)


def elementary(function: Any) -> Judge:
    """Return how a student's version of a function of one number is judged.

    Args:
        function: the class of SymPy or symgraph.
    """
    z = sympy.Symbol("z", real=True)
    expr = function(z)

    def places(_: Exercise) -> list[float]:
        found = []
        for number in _NUMBERS:
            while not np.isfinite(evaluate(expr, {"z": number})) and abs(number - 0.5) > 1e-3:
                number = 0.5 + (number - 0.5) / 2.0
            found.append(number)
        return found

    def request(exercise: Exercise) -> dict[str, Any]:
        return {"calls": [{"z": number} for number in places(exercise)], "order": [["value"]], "known": {}}

    def verdicts(exercise: Exercise, answers: Answers, complete: bool) -> list[Verdict]:
        found, faults = sorted_out(answers)
        values = {"z": np.array(places(exercise))}
        right = {"value": np.asarray(evaluate(expr, values))}
        definition = expr.definition() if hasattr(expr, "definition") else expr

        def why() -> dict[str, Suspect]:
            derivative = Suspect(
                0.0, "local derivative", "it is the derivative", {"value": evaluate(sympy.diff(definition, z), values)}
            )
            made = [
                Suspect(s.rank, s.kind, s.text, {"value": evaluate(s.expr, values) + 0.0 * values["z"]})
                for s in slips(definition)
            ]
            return explained(found, right, right, [derivative, *scaled(right), *made], reductions([1] * len(_NUMBERS)))

        return judged(found, faults, right, why) if "" not in faults else [Verdict("", np.nan, np.nan, False, None, faults[""])]

    return Judge(request, verdicts, lambda _: ("value",))


def _values_asked(exercise: Exercise) -> list[str]:
    return [*exercise.nodes, *([] if exercise.root in exercise.nodes else [exercise.root])]


JUDGES: Mapping[str, Judge] = MappingProxyType(
    {
        "forward_propagation": Judge(_forward_request, _forward_verdicts, _values_asked),
        "backward_propagation": Judge(_backward_request, _backward_verdicts, lambda exercise: exercise.weights),
        "gradient_checking": Judge(_check_request, _check_verdicts, lambda exercise: exercise.weights),
        "loss": Judge(lambda e: _rows_request(e, ["loss"], {"loss": "loss"}), _loss_verdicts, lambda _: ["loss"]),
        "gradient": Judge(
            lambda e: _rows_request(e, e.weights, e.partial_spellings), _gradient_verdicts, lambda exercise: exercise.weights
        ),
        **{name: _optimizer(name) for name in EXERCISED},
    }
)
"""The judges by the names of `ROLES`."""
