"""Verdicts on a student's numbers: right, wrong, or wrong for a reason that is known."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from symgraph.classroom.formula_values import Array
from symgraph.classroom.row_means import ALONE, Variant
from symgraph.classroom.suspects import Suspect

Answers = Sequence[Mapping[str, Any]]
"""What came back of each call."""

CLOSE = 1e-5
"""Relative error of a right number: more than single precision and a guard as in log(p + 1e-8) need, less than any mistake."""


_ROUGH = 10.0
"""Added to the rank of a mistake that gives a number to five digits alone, where another gives all its digits."""
_TWO = 3.0
"""Added to the rank of two mistakes at once, which are less usual than one."""


class Tolerance(NamedTuple):
    """Error that a right number may have: relative to it, and absolute (n,) beside that."""

    relative: float = CLOSE
    absolute: Array | float = 0.0


EXACT = Tolerance()
"""Tolerance for numbers that are computed by formulas."""


class Verdict(NamedTuple):
    """The verdict on one result.

    Attributes:
        name: the result: of a forward dictionary the node, of a backward one the weight.
        found, right: its first number that is wrong, or the first; NaN where there is none.
        suspect: the mistake that explains it; None if it is right, or wrong for a reason unknown.
        fault: why there is no number.
        carried: whether it is right for the wrong numbers before it.
    """

    name: str
    found: float
    right: float
    ok: bool
    suspect: Suspect | None = None
    fault: str = ""
    carried: bool = False


def sorted_out(answers: Answers) -> tuple[dict[str, Array], dict[str, str]]:
    """Return by name the numbers (n,) of all calls, and the reasons why there are none; "own" is no result."""
    found, faults = dict[str, Array](), dict[str, str]()
    for name in dict.fromkeys(name for answer in answers for name in answer if name != "own"):
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


def note_missing(faults: dict[str, str], found: Mapping[str, Any], names: Iterable[str], key: Callable[[str], str]) -> None:
    """Add to the faults those results that are not there, with the key that they are to be returned under."""
    if "" in faults:
        return
    for name in names:
        if name not in found and name not in faults:
            faults[name] = f"is missing; return it under the key {key(name)!r}"


def agree(found: Array, right: Array, close: Tolerance = EXACT) -> bool:
    """Tell whether numbers are the same to rounding at all points; NaN and infinities never are."""
    if not np.isfinite(found).all() or not np.isfinite(right).all():
        return False
    size = float(np.max(np.abs(right), initial=0.0))
    slack = min(6e-9, 1e-4 * size) + close.absolute  # eight decimals are enough
    return bool(np.all(np.abs(found - right) <= close.relative * np.abs(right) + slack))


def _explained(
    found: Mapping[str, Array],
    right: Mapping[str, Array],
    rows: Mapping[str, Array],
    wrong: Sequence[str],
    suspects: Iterable[Suspect],
    variants: Sequence[Variant],
    close: Tolerance,
) -> dict[str, Suspect]:
    """Find for each wrong result the mistake that explains most: other wrong results, and none that are right.

    One that is 0 at all points is said to be 0.
    """
    zero = [name for name in wrong if not np.any(found[name])]
    none = Suspect(0.0, "forgotten", "is 0, as all others" if len(zero) == len(found) > 1 else "is 0", {})
    left = [name for name in wrong if name not in zero]
    scored: list[tuple[frozenset[str], int, Suspect]] = []
    first = variants[0]
    for suspect in [Suspect(0.0, "", "", {}), *suspects]:
        for variant in variants:
            if variant is not first and suspect.rank > 3.0:
                continue
            values = suspect.values if variant is first else {**rows, **suspect.values}
            given = {name: variant.reduce(name, value) for name, value in values.items() if name in found}
            hits = frozenset(name for name in left if name in given and agree(found[name], given[name], close))
            if hits:
                missed = sum(name not in left and not agree(given[name], right[name], close) for name in given)
                text = " and ".join(filter(None, (variant.text, suspect.text)))
                rank = variant.rank + suspect.rank + _TWO * bool(variant.text and suspect.text)
                rank += _ROUGH * (not all(np.allclose(found[name], given[name], 1e-9, 0.0) for name in hits))
                both = Suspect(rank, suspect.kind or variant.kind, text, given, suspect.edge)
                scored.append((hits, missed, both))
    return dict.fromkeys(zero, none) | _fewest(left, scored)


def _fewest(wrong: Sequence[str], scored: Sequence[tuple[frozenset[str], int, Suspect]]) -> dict[str, Suspect]:
    known: dict[str, Suspect] = {}
    while True:
        left = set(wrong) - set(known)
        useful = [(hits & left, missed, suspect) for hits, missed, suspect in scored if hits & left]
        if not useful:
            return known
        hits, _, best = min(useful, key=lambda one: (one[1] - len(one[0]), one[2].rank))
        known |= dict.fromkeys(hits, best)


def _with_factors(
    found: Mapping[str, Array], right: Mapping[str, Array], suspects: Sequence[Suspect], unknown: Sequence[str]
) -> dict[str, Suspect]:
    """Explain results by two of the most usual mistakes at once, each of which multiplies the right number by something."""
    known: dict[str, Suspect] = {}
    for name in unknown:
        if not np.all(right[name]):
            continue
        fitting = sorted((one for one in suspects if name in one.values and one.rank <= 3.0), key=lambda one: one.rank)[:400]
        ratios = np.array([one.values[name] / right[name] for one in fitting]).reshape(len(fitting), -1)
        with np.errstate(all="ignore"):
            wanted = found[name] / right[name] / ratios
        for place, ratio in enumerate(ratios):
            gaps = np.abs(wanted - ratio) <= CLOSE * np.abs(ratio)
            partner = next((int(other) for other in np.flatnonzero(gaps.all(axis=1)) if other > place), None)
            if partner is not None:
                one, other = fitting[place], fitting[partner]
                text = f"{one.text}; and {other.text}"
                known[name] = Suspect(one.rank + other.rank, one.kind, text, {name: found[name]}, one.edge or other.edge)
                break
    return known


def failed(text: str) -> list[Verdict]:
    """Return the verdict on a function as a whole that cannot be judged result by result, for a reason."""
    return [Verdict("", np.nan, np.nan, False, None, text)]


def judged(
    found: Mapping[str, Array],
    faults: Mapping[str, str],
    rows: Mapping[str, Array],
    suspects: Iterable[Suspect],
    variants: Sequence[Variant] = ALONE,
    close: Tolerance = EXACT,
    pairs: bool = False,
) -> list[Verdict]:
    """Return the verdicts on results, in the order of the right ones.

    Args:
        found: the student's numbers.
        faults: by name, why there are none.
        rows: the right numbers of rows, from which the variants make results.
        suspects: the hypotheses, which are made only if something is wrong.
        variants: how results are made of rows, the right way first.
        close: the error that a right number may have.
        pairs: whether two mistakes at once are tried where no single one explains a result.
    """
    if "" in faults:
        return failed(faults[""])
    right = {name: variants[0].reduce(name, value) for name, value in rows.items()}
    wrong = [name for name in found if name in right and not agree(found[name], right[name], close)]
    made = list(suspects) if wrong else []
    reasons = _explained(found, right, rows, wrong, made, variants, close) if wrong else {}
    if pairs:
        reasons |= _with_factors(found, right, made, [name for name in wrong if name not in reasons])
    verdicts = []
    for name, values in right.items():
        if name in faults:
            verdicts.append(Verdict(name, np.nan, float(values[0]), False, None, faults[name]))
        elif name in found:
            ok = name not in wrong
            place = 0 if ok else int(np.argmax(~np.isclose(found[name], values, rtol=close.relative, atol=0.0)))
            verdicts.append(Verdict(name, float(found[name][place]), float(values[place]), ok, reasons.get(name)))
    return verdicts
