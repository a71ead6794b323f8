"""For each role of a student's function: the calls that are made, and the verdicts on what came back."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import sympy

from symgraph.show.views.named_graph import Numbers
from symgraph.use.classroom.conventions import ROLES
from symgraph.use.classroom.exercise import Exercise
from symgraph.use.classroom.formula_values import Array, column, evaluate
from symgraph.use.classroom.gradient_checks import check_verdicts
from symgraph.use.classroom.mistakes import Mistake, slips
from symgraph.use.classroom.optimizer_steps import EXERCISED, calls, stepped
from symgraph.use.classroom.suspects import ALONE, backward, forward, reductions, scaled
from symgraph.use.classroom.verdicts import (
    CARRIED,
    FOLLOWS,
    Answers,
    Tolerance,
    Verdict,
    agree,
    correct,
    failed,
    judged,
    remark,
    sorted_out,
)

_NUMBERS = (-1.3, -0.4, 0.3, 1.1, 2.0)
"""Arguments of functions of one number, inside most domains."""
_NEGLIGIBLE = 1e-12
"""Size of a partial derivative beside the largest of its row below which it may as well be 0."""


class Judge(NamedTuple):
    """Judge of one role.

    Attributes:
        calls: makes the arguments of each call.
        verdicts: judges the answers; with True, all results of a worksheet must be there.
        right: gives by result the right numbers of all calls, once for each definition that is in use.
        reading: the orders of results without names, that of all results first, and what keys mean; None for those of
            `Exercise.readings`.
    """

    calls: Callable[[Exercise], list[dict[str, Any]]]
    verdicts: Callable[[Exercise, Answers, bool], list[Verdict]]
    right: Callable[[Exercise], list[Mapping[str, Array]]]
    reading: tuple[Sequence[Sequence[str]], Mapping[str, str]] | None = None


# Functions of one row.


def _right_values(exercise: Exercise) -> list[Mapping[str, Array]]:
    return [{name: exercise.first_rows.values[name] for name in exercise.value_names}]


def _right_partials(exercise: Exercise) -> list[Mapping[str, Array]]:
    return [{name: exercise.first_rows.cotangents[name] for name in exercise.weights}]


def _forward_verdicts(exercise: Exercise, answers: Answers, complete: bool) -> list[Verdict]:
    right, names = exercise.first_rows.values, exercise.value_names
    found, faults = sorted_out(answers, names if complete else [exercise.root])
    if "" in faults:
        return [failed(faults[""])]
    verdicts, own = list[Verdict](), dict(right)
    for name in names:
        again = column(exercise.graph.by_name[name].expr, own, len(answers))
        if name in found and agree(found[name], again) and not agree(found[name], right[name]):
            verdicts.append(correct(name, CARRIED))
        else:
            given = {name: found[name]} if name in found else {}
            verdicts += judged(given, faults, {name: right[name]}, forward(exercise, name, own, list(found)))
        own[name] = found.get(name, again)
    if "dl" in found:  # another dl may be meant, so it is only remarked
        slope = exercise.first_rows.cotangents[str(exercise.output)]
        text = f"is {found['dl'][0]:.8g}; if it is meant as d loss / d {exercise.output}, right is {slope[0]:.8g}"
        verdicts.append(correct("dl") if agree(found["dl"], slope) else remark(text, "dl"))
    return verdicts


def _backward_verdicts(exercise: Exercise, answers: Answers, complete: bool) -> list[Verdict]:
    numbers = exercise.first_rows
    found, faults = sorted_out(answers, exercise.weights, "d")
    variants = list(ALONE)
    if exercise.penalty:
        text = "the penalty's derivative is in it, which belongs to no row"
        variants.append(Mistake(1.0, "penalty", text, lambda name, value: value + exercise.penalty.get(name, 0.0)))
    verdicts = _partials(exercise, numbers, found, faults, variants)
    if all(one.ok for one in verdicts) or not any("own" in answer for answer in answers):
        return verdicts
    own = [answer.get("own", {"values": {}, "partials": answer}) for answer in answers]

    def told(name: str, values: Array) -> Array:
        """Put the student's wrong values of a node in the place of right ones."""
        return np.array([one["values"].get(name, value) for one, value in zip(own, values, strict=True)], np.float64)

    wrong = exercise.written({one.name: numbers.values[one.name] for one in exercise.model.inputs}, told)
    given = _partials(exercise, wrong, *sorted_out([one["partials"] for one in own]), variants)
    better = _known(given) > _known(verdicts)
    return [correct(one.result, CARRIED) if one.ok else one for one in given] if better else verdicts


def _known(verdicts: Sequence[Verdict]) -> tuple[int, int]:
    """Count what is right, and what is wrong for a reason that is known."""
    return sum(one.ok for one in verdicts), sum(one.mistake not in ("", "error", "unknown") for one in verdicts)


def _partials(
    exercise: Exercise,
    numbers: Numbers[Array],
    found: Mapping[str, Array],
    faults: Mapping[str, str],
    variants: Sequence[Mistake],
) -> list[Verdict]:
    """Judge partial derivatives of a row, or of several rows that the variants make one number of."""
    rows = {name: numbers.cotangents[name] for name in (*exercise.weights, *exercise.nodes)}
    wrong = [name for name in found if not agree(found[name], variants[0].made(name, rows[name]))]
    sizes = np.abs([variants[0].made(name, rows[name]) for name in exercise.weights])
    close = Tolerance(absolute=_NEGLIGIBLE * np.max(sizes, axis=0, initial=0.0, where=np.isfinite(sizes)))
    return judged(found, faults, rows, backward(exercise, numbers, wrong), variants, close)


# Functions of all rows.


def _ways(exercise: Exercise, penalty: Mapping[str, Array]) -> list[Mistake]:
    """Return the ways of making a result of rows, by mistake also with what is counted in the place of the rows."""
    counted = {"features": len(exercise.features), "weights": len(exercise.weights)}
    return reductions(exercise.counts, penalty, {name: count for name, count in counted.items() if count > 1})


def _right_loss(exercise: Exercise) -> list[Mapping[str, Array]]:
    values = exercise.all_rows.values
    (right, *_) = _ways(exercise, {"loss": exercise.first_rows.values["penalty"]} if "penalty" in values else {})
    return [{"loss": right.made("loss", values["loss"])}]


def _right_gradient(exercise: Exercise) -> list[Mapping[str, Array]]:
    right = _ways(exercise, exercise.penalty)[0].made
    return [{name: right(name, exercise.all_rows.cotangents[name]) for name in exercise.weights}]


def _loss_verdicts(exercise: Exercise, answers: Answers, complete: bool) -> list[Verdict]:
    values = exercise.all_rows.values
    ways = _ways(exercise, {"loss": exercise.first_rows.values["penalty"]} if "penalty" in values else {})
    ways.append(
        Mistake(2.9, "mean", "it is the root of the mean", lambda name, value: np.sqrt(np.abs(ways[0].made(name, value))))
    )
    suspects = forward(exercise, "loss", values, ["loss"])
    verdicts = judged(*sorted_out(answers), {"loss": values["loss"]}, suspects, ways)
    return _followed(exercise, answers, verdicts, ways)


def _gradient_verdicts(exercise: Exercise, answers: Answers, complete: bool) -> list[Verdict]:
    found, faults = sorted_out(answers, exercise.weights, "d")
    ways = _ways(exercise, exercise.penalty)
    return _followed(exercise, answers, _partials(exercise, exercise.all_rows, found, faults, ways), ways)


def _followed(exercise: Exercise, answers: Answers, verdicts: Sequence[Verdict], ways: Sequence[Mistake]) -> list[Verdict]:
    """Note which wrong results follow from the student's functions of one row; say so where no mistake explains them."""
    own = [answer.get("own", {}) for answer in answers]
    found, _ = sorted_out(answers)
    means, _ = sorted_out(own)

    def mean(name: str, rows: Array) -> Array:
        return np.asarray(reductions(exercise.counts)[0].made(name, rows))

    sound = "loss" in means and agree(means["loss"], mean("loss", exercise.all_rows.values[exercise.root]))
    source = f"{'backward' if sound else 'forward'}_propagation"
    changed = []
    for one in verdicts:
        if not one.ok and all(own) and one.result in means and one.result in found:
            penalty = ways[0].made(one.result, np.zeros(sum(exercise.counts)))
            if agree(found[one.result], means[one.result] + penalty):
                one = replace(one, follows=source)
                one = replace(one, text=FOLLOWS.format(source), mistake="follows") if one.mistake == "unknown" else one
        changed.append(one)
    return changed


# Optimizers, and functions of one number.


def _optimizer(name: str) -> Judge:
    results = ("W", *(one for one in ROLES[name].arguments if one in ("m", "v")))

    def arguments(exercise: Exercise) -> list[dict[str, Any]]:
        return calls(max(3, len(exercise.weights)))

    def verdicts(exercise: Exercise, answers: Answers, complete: bool) -> list[Verdict]:
        texts = [value for answer in answers for value in answer.values() if isinstance(value, str)]
        if texts:
            return [failed(texts[0])]
        given = [{key: np.asarray(value) for key, value in one.items()} for one in arguments(exercise)]
        returned = [part for part in results if all(part in answer for answer in answers)]
        found = {part: np.concatenate([np.asarray(answer[part], np.float64) for answer in answers]) for part in returned}

        def made(step: str) -> dict[str, Array]:
            after = [stepped(step, one) for one in given]
            return {part: np.concatenate([one[part] for one in after]) for part in returned}

        exercised = EXERCISED[name]
        right = max(map(made, exercised.right), key=lambda one: sum(agree(found[part], one[part]) for part in returned))
        wrong = enumerate(exercised.wrong.items())
        return judged(found, {}, right, (Mistake(float(place), "step", text, made(step)) for place, (text, step) in wrong))

    def right(exercise: Exercise) -> list[Mapping[str, Array]]:
        given = [{key: np.asarray(value) for key, value in one.items()} for one in arguments(exercise)]
        after = [[stepped(step, one) for one in given] for step in EXERCISED[name].right]
        return [{part: np.array([one[part] for one in some]) for part in results} for some in after]

    return Judge(arguments, verdicts, right, ([results], {}))


def elementary(function: Any) -> Judge:
    """Return how a student's version of a function of one number is judged.

    Args:
        function: its class, a SpecFunction.
    """
    z = sympy.Symbol("z", real=True)
    expr = function(z)
    definition = expr.definition()
    values = {"z": np.array([_inside(expr, number) for number in _NUMBERS])}

    def value(expr: Any) -> dict[str, Array]:
        return {"value": column(expr, values, len(_NUMBERS))}

    def suspects() -> Iterator[Mistake]:
        yield Mistake(0.0, "local derivative", "it is the derivative", value(sympy.diff(definition, z)))
        yield from scaled(value(expr))
        for slip in slips(definition):
            yield slip._replace(made=value(slip.made))

    return Judge(
        lambda _: [{"z": number} for number in values["z"].tolist()],
        lambda exercise, answers, complete: judged(*sorted_out(answers), value(expr), suspects()),
        lambda _: [value(expr)],
        ([["value"]], {}),
    )


def _inside(expr: Any, number: float) -> float:
    """Return an argument where a function of z has a value: a number, halved towards 0.5 as often as it takes."""
    while not np.isfinite(evaluate(expr, {"z": number})) and abs(number - 0.5) > 1e-3:
        number = 0.5 + (number - 0.5) / 2.0
    return number


JUDGES: Mapping[str, Judge] = MappingProxyType(
    {
        "forward_propagation": Judge(Exercise.of_row, _forward_verdicts, _right_values),
        "backward_propagation": Judge(Exercise.of_row, _backward_verdicts, _right_partials),
        "gradient_checking": Judge(Exercise.of_row, check_verdicts, _right_partials),
        "loss": Judge(Exercise.of_rows, _loss_verdicts, _right_loss),
        "gradient": Judge(Exercise.of_rows, _gradient_verdicts, _right_gradient),
        **{name: _optimizer(name) for name in EXERCISED},
    }
)
"""The judges by the names of `ROLES`."""

_BESIDE = ("rmsprop",)
"""Functions that no worksheet asks for; they are judged if they are there."""


def judges_of(exercise: Exercise) -> dict[str, Judge]:
    """Return the judges of a model's functions, those of its own functions of one number first, by their names."""
    own = {function.__name__: elementary(function) for function in exercise.functions}
    needs_loss = ("loss", "gradient", "gradient_checking")
    has_loss = exercise.root == "loss"
    return {**own, **{name: judge for name, judge in JUDGES.items() if has_loss or name not in needs_loss}}


def worksheet_functions(exercise: Exercise) -> list[str]:
    """Return the names of the functions that a model's worksheet asks for."""
    return [name for name in judges_of(exercise) if name not in _BESIDE]
