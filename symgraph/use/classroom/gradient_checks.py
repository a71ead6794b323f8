"""The verdicts on a student's gradient check: by the student's own functions, and by the steps that it is seen to take."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from symgraph.use.classroom.exercise import Exercise
from symgraph.use.classroom.formula_values import Array
from symgraph.use.classroom.mistakes import QUOTIENTS, Mistake
from symgraph.use.classroom.suspects import scaled
from symgraph.use.classroom.verdicts import (
    Answers,
    Tolerance,
    Verdict,
    agree,
    correct,
    failed,
    judged,
    mistaken,
    remark,
    sorted_out,
)

_NO_STEPS = "returns what backward_propagation gives, not differences of losses; call forward_propagation at W + h and W - h"
_ONE_SIDE = "its differences are of one side, W + h and W; central ones, of W + h and W - h, are much closer"
_LEAST, _MOST = 1e-9, 1e-3
"""Steps between which a difference quotient can be right."""
_ROUNDING = 4e-15
_ROUGH = 1e-3
"""Relative error of a difference quotient that is right."""
_NOISE = 1e-6
"""Its absolute error by rounding, relative to the loss and to the largest partial."""
_SEEN = 1e-2
"""Size of what a gradient check says of a partial that is wrong by half."""


def check_verdicts(exercise: Exercise, answers: Answers, complete: bool) -> list[Verdict]:
    """Judge a gradient check by the student's own functions: numerical partials, relative differences, or one difference."""
    found, faults = sorted_out([answer["check"] for answer in answers])
    own, _ = sorted_out([answer["own"] for answer in answers])
    if "" in faults:
        return [failed(faults[""])]
    if any(slope is None for answer in answers for slope in answer["slopes"]):
        return [failed("cannot be judged: forward_propagation gives no loss to differentiate")]
    slopes = dict(zip(exercise.weights, np.array([answer["slopes"] for answer in answers], np.float64).T, strict=True))
    known = {name: value for name, value in found.items() if name in slopes}
    way = _way(answers, exercise.weights, known, own)
    if way == _NO_STEPS or (way == _ONE_SIDE and complete):
        return [failed(way)]
    sizes = [exercise.first_rows.values[exercise.root], *slopes.values()]
    rough = Tolerance(_ROUGH, _NOISE * np.max(np.abs(sizes), axis=0))
    usual = any(agree(known[name], factor * slopes[name], rough) for name in known for factor in (1.0, -1.0, 0.5, 2.0))
    small = all(np.all(np.abs(value) < _ROUGH) for value in found.values())
    step = _wrong_step([answer["steps"] for answer in answers])
    rests = any(answer["found"] not in (None, answer["check"]) for answer in answers)  # on backward_propagation
    if not small and "difference" not in found and (usual or not rests):
        _, faults = sorted_out([answer["check"] for answer in answers], exercise.weights, "d")
        suspects = [one._replace(made={name: one.made * slope for name, slope in slopes.items()}) for one in QUOTIENTS]
        verdicts = judged(known, faults, slopes, [*suspects, *scaled(slopes)], close=rough)
        if step is not None:
            vague = ("unknown", "forgotten")
            verdicts = [replace(v, text=step.text, mistake=step.kind) if v.mistake in vague else v for v in verdicts]
    else:
        sound = {name: name not in own or agree(own[name], slope, rough) for name, slope in slopes.items()}
        verdicts = _differences(answers, found, {**sound, "difference": all(sound.values())}, step)
    return [*verdicts, *([remark(way)] if way else [])]


def _way(answers: Answers, weights: Sequence[str], known: Mapping[str, Array], own: Mapping[str, Array]) -> str:
    """Tell by the steps that were seen whether a check takes no differences, or those of one side; "" for any other way."""
    seen = [answer["steps"] for answer in answers]
    sides = [(up, down) for one in seen for up, down in zip(one["up"], one["down"], strict=True)]
    same = all(name in own and np.array_equal(value, own[name]) for name, value in known.items())
    if same and any(np.any(value) for value in known.values()):  # no quotient is the same to the last bit
        return _NO_STEPS
    if any(one["several"] for one in seen) or not any(up or down for up, down in sides):
        return ""
    if all(bool(up) != bool(down) or not np.isclose(up[0], down[0], rtol=1e-2) for up, down in sides):
        return _ONE_SIDE
    if set(known) != set(weights) or not all(up and down for up, down in sides):
        return ""
    rows = [
        (known[name][place], up[0], up[1], down[1], one["base"])
        for place, one in enumerate(seen)
        for name, up, down in zip(weights, one["up"], one["down"], strict=True)
    ]
    value, step, above, below, base = np.array(rows, np.float64).T  # NaN where there is no loss, which fits nothing
    slack = _ROUNDING * (1.0 + np.abs(base) + np.abs(value))
    fits = [bool(np.all(np.abs(step * value - one) <= slack)) for one in (above - base, base - below, (above - below) / 2.0)]
    return _ONE_SIDE if any(fits[:2]) and not fits[2] else ""


def _wrong_step(seen: Sequence[Mapping[str, Any]]) -> Mistake | None:
    """Return the mistake in the steps that were seen, which is the reason of results that are wrong for no usual one."""
    sizes = [side[0] for one in seen for side in (*one["up"], *one["down"]) if side]
    if all(one["several"] for one in seen):
        text = "several weights are changed at once: is a weight set back before the next is changed?"
    elif sizes and max(sizes) < _LEAST:
        text = f"the step {max(sizes):.1g} is so small that rounding is all that is left; take 1e-6 to 1e-4"
    elif sizes and min(sizes) > _MOST:
        text = f"the step {min(sizes):.1g} is too large; take 1e-6 to 1e-4"
    else:
        return None
    return Mistake(1.0, "step", text, {})


def _differences(
    answers: Answers, found: Mapping[str, Array], sound: Mapping[str, bool], step: Mistake | None
) -> list[Verdict]:
    """Judge differences between the student's partials and numerical ones: small where these agree, and only there."""
    if sound["difference"] and all(not np.any(value) for value in found.values()):
        return [failed("returns 0 always: differences of numbers are never that exact")]
    verdicts = []
    for name, value in found.items():
        passes = bool(np.all(np.abs(value) < _ROUGH) and (np.any(value) or name != "difference"))
        reason = step
        if np.all(np.abs(np.abs(value) - 1.0 / 3.0) < _ROUGH):
            text = "the difference is divided by delta instead of 2*delta, or by twice as much"
            reason = Mistake(1.0, "constant factor", text, {})
        if passes is sound[name]:
            verdicts.append(correct(name))
        elif passes:
            verdicts.append(
                failed("passes, though backward_propagation gives another number than the difference quotient", name)
            )
        elif reason is None:
            verdicts.append(failed("is not small, though backward_propagation agrees with the difference quotient", name))
        else:
            verdicts.append(mistaken(name, value[np.argmax(np.abs(value))], 0.0, reason))
    planted = [_notices(answer) for answer in answers if answer["found"]]
    if sound["difference"] and planted and not any(planted):
        verdicts.append(remark("it does not notice a partial that is made wrong by half: does it call backward_propagation?"))
    return verdicts


def _notices(answer: Mapping[str, Any]) -> bool:
    before, after = answer["check"], answer["found"]
    changes = [abs(float(after[name]) - float(before[name])) for name in before if isinstance(after.get(name), float)]
    return max(changes, default=0.0) > _SEEN
