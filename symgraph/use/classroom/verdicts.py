"""Verdicts on a student's numbers: right, wrong, or wrong for a reason that is known."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from symgraph.use.classroom.formula_values import Array
from symgraph.use.classroom.mistakes import Mistake
from symgraph.use.classroom.suspects import ALONE

Answers = Sequence[Mapping[str, Any]]
"""Outcomes of each call."""

RIGHT, CARRIED = "right", "right for the wrong values before it"
"""Said of right results."""
FOLLOWS = "follows from {}, which is wrong"
"""Said of results that are right for what another function of the student's gives."""

CLOSE = 1e-5
"""Relative error of a right number: more than single precision and a guard as in log(p + 1e-8) need, less than any mistake."""

_ROUGH = 10.0
"""Added to the rank of a mistake that gives a number to five digits alone, where another gives all its digits."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one thing that was judged.

    Attributes:
        function: the student's function; "" for the file as a whole.
        result: what of it: a node, a weight; "" for the function as a whole.
        ok: whether it is right, or right for wrong numbers before it.
        text: the verdict in words.
        line: the line of the student's file that it is about; 0 where none is known.
        numbers: of a wrong result its number and the right one, in words.
        points, of: what it counts.
        mistake: the kind of the mistake; "" where there is none, or none is known.
        edge: source and target of the local partial that is wrong, if one is.
        follows: the role of the function of one row from whose results a wrong one follows; "" if it follows from none.
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
    follows: str = ""


class Tolerance(NamedTuple):
    """Error that a right number may have: relative to it, and absolute (n,) beside that."""

    relative: float = CLOSE
    absolute: Array | float = 0.0


EXACT = Tolerance()
"""Tolerance for numbers that are computed by formulas."""


def correct(result: str, text: str = RIGHT) -> Verdict:
    """Return the verdict on a result that is right, in some way."""
    return Verdict("", result, True, text, points=1.0, of=1.0)


def remark(text: str, result: str = "") -> Verdict:
    """Return what is said of a result, or of a function as a whole, without counting."""
    return Verdict("", result, True, text)


def failed(text: str, result: str = "", of: float = 1.0) -> Verdict:
    """Return the verdict on a result, or a function as a whole, that cannot be judged, for a reason."""
    return Verdict("", result, False, text, of=of, mistake="error")


def mistaken(result: str, found: float, value: float, reason: Mistake | None) -> Verdict:
    """Return the verdict on a wrong result, with a number of it, the right one, and the mistake that explains it."""
    numbers = f"is {found:.8g}, right is {value:.8g}"
    known = reason or Mistake(0.0, "unknown", "no usual mistake gives this", {})
    return Verdict("", result, False, known.text, 0, numbers, 0.0, 1.0, known.kind, known.edge)


def sorted_out(answers: Answers, needed: Iterable[str] = (), before: str = "") -> tuple[dict[str, Array], dict[str, str]]:
    """Return by name the numbers (n,) of all calls, and the reasons why there are none; "own" is no result.

    Args:
        answers: of each call.
        needed: results that must be there.
        before: what is written before their names in the keys that they are to be returned under.
    """
    found, faults = dict[str, Array](), dict[str, str]()
    for name in dict.fromkeys(name for answer in answers for name in answer if name != "own"):
        values = [answer.get(name, "is not always there") for answer in answers]
        texts = [value for value in values if isinstance(value, str)]
        bad = [value for value in values if not texts and not np.isfinite(value)]
        texts += [f"is {value}: is there a division by 0, or a logarithm or root of what is not above 0?" for value in bad]
        if texts:
            faults[name] = texts[0]
        else:
            found[name] = np.array(values, np.float64)
    for name in needed if "" not in faults else ():
        if name not in found:
            faults.setdefault(name, f"is missing; return it under the key {before + name!r}")
    return found, faults


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
    wrong: Sequence[str],
    suspects: Iterable[Mistake],
    close: Tolerance,
) -> dict[str, Mistake]:
    """Find for each wrong result the mistake that explains most: other wrong results, and none that are right.

    One that is 0 at all points is said to be 0.
    """
    zero = [name for name in wrong if not np.any(found[name])]
    none = Mistake(0.0, "forgotten", "is 0, as all others" if len(zero) == len(found) > 1 else "is 0", {})
    left = [name for name in wrong if name not in zero]
    scored: list[tuple[frozenset[str], int, Mistake]] = []
    for suspect in suspects:
        given = {name: value for name, value in suspect.made.items() if name in found}
        hits = frozenset(name for name in left if name in given and agree(found[name], given[name], close))
        if "all others" in suspect.text and len(hits) < max(2, len(given)):
            continue  # it is not said of others that are right
        if hits:
            missed = sum(name not in left and not agree(given[name], right[name], close) for name in given)
            exact = all(np.allclose(found[name], given[name], 1e-9, 0.0) for name in hits)
            scored.append((hits, missed, suspect._replace(rank=suspect.rank + _ROUGH * (not exact), made=given)))
    return dict.fromkeys(zero, none) | _fewest(left, scored)


def _made(rows: Mapping[str, Array], suspects: Iterable[Mistake], variants: Sequence[Mistake]) -> Iterator[Mistake]:
    """Yield the mistakes in making results of rows, and those in the rows themselves, with what they make of results."""
    for variant in variants[1:]:
        yield variant._replace(made={name: variant.made(name, value) for name, value in rows.items()})
    for suspect in suspects:
        yield suspect._replace(made={name: variants[0].made(name, value) for name, value in suspect.made.items()})


def _fewest(wrong: Sequence[str], scored: Sequence[tuple[frozenset[str], int, Mistake]]) -> dict[str, Mistake]:
    known: dict[str, Mistake] = {}
    while True:
        left = set(wrong) - set(known)
        useful = [(hits & left, missed, suspect) for hits, missed, suspect in scored if hits & left]
        if not useful:
            return known
        hits, _, best = min(useful, key=lambda one: (one[1] - len(one[0]), one[2].rank))
        known |= dict.fromkeys(hits, best)


def judged(
    found: Mapping[str, Array],
    faults: Mapping[str, str],
    rows: Mapping[str, Array],
    suspects: Iterable[Mistake],
    variants: Sequence[Mistake] = ALONE,
    close: Tolerance = EXACT,
) -> list[Verdict]:
    """Return the verdicts on results, in the order of the right ones.

    Args:
        found: the student's numbers.
        faults: by name, why there are none.
        rows: the right numbers of rows, from which the variants make results.
        suspects: the hypotheses, which are made only if something is wrong.
        variants: how results are made of rows, the right way first.
        close: the error that a right number may have.
    """
    if "" in faults:
        return [failed(faults[""])]
    true = {name: variants[0].made(name, value) for name, value in rows.items()}
    bad = [name for name in found if name in true and not agree(found[name], true[name], close)]
    reasons = _explained(found, true, bad, _made(rows, suspects, variants), close) if bad else {}
    verdicts = []
    for name, values in true.items():
        if name in faults:
            verdicts.append(failed(faults[name], name))
        elif name in bad:
            place = int(np.argmax(np.abs(found[name] - values)))
            verdicts.append(mistaken(name, found[name][place], values[place], reasons.get(name)))
        elif name in found:
            verdicts.append(correct(name))
    return verdicts
