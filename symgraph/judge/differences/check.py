"""The gradient check: draw points, judge every partial there, compare the functions, report."""

import random
from collections.abc import Iterator, Sequence
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.data.options import MOST, count
from symgraph.data.rows import as_rows, as_weights
from symgraph.errors import OptionError
from symgraph.judge.differences.agreement import SAFETY, judge
from symgraph.judge.differences.calls import Array, is_value, partials_fact
from symgraph.judge.differences.compared_functions import compare
from symgraph.judge.differences.points import Point, draw
from symgraph.judge.differences.report import Finding, GradcheckReport, report_on
from symgraph.runtime.facts import ArrayLike
from symgraph.runtime.generated_module import GeneratedModule

_SINGLES, _LEAST_SINGLES, _SINGLES_WORK = 48, 4, 20_000
"""Number of weights judged one by one at a point: most, least, and the most that it times the number of all may be."""
_DIRECTIONS = 4

# Weights that the first points could not judge get this many attempts for each point asked for.
_PATIENCE = 5


def gradcheck(
    module: GeneratedModule,
    X: ArrayLike | None = None,
    y: ArrayLike | None = None,
    *,
    w: ArrayLike | None = None,
    points: int = 4,
    rows: int = 8,
    seed: int = 0,
    singles: int | None = None,
) -> GradcheckReport:
    """Check a generated module's derivatives against finite differences of its values.

    The partials of each row (`per_sample_grad`, or `jacobian` if the model has no loss) are compared with central differences,
    extrapolated to step 0, whose error estimate is the tolerance; the module's `error_bound`, or else an estimate, gives the
    effect of rounding. Weights are random and never equal, since equal weights would hide a swapped index. Then every function
    of the module is compared with these rows: on several rows, on one row alone and as a batch, on more rows than a block has,
    in other memory layouts, in float32, and where sums overflow. A weight whose partials could not be distinguished from zero
    or from noise is tried at more points, and reported as not judged if that does not help.

    In a model with many weights, only a random sample is judged one by one at each point. All weights together are judged
    along random directions, where a fault in one of thousands is found if it is larger than about a thousandth of the whole
    derivative. The report says how each weight was judged.

    Args:
        module: a module of any backend; of a scalar module only `row` is checked.
        X: (n, d) rows to choose from, as for ``train``; by default rows are drawn, from the declared domains if there are any.
        y: (n,) their targets.
        w: (k,) the only weights to check at, or by name; by default weights are drawn.
        points: the number of weight vectors, at least 1.
        rows: the number of rows at each of them, at least 1.
        seed: of all random numbers.
        singles: the largest number of weights judged one by one at a point; by default 48, fewer for more than 400 weights.

    Returns:
        The report; `ok` says that no fault was found, `unjudged` lists weights that could not be judged.

    Raises:
        OptionError: an option is out of bounds, or the module has no derivatives.
        ModuleError: a function that the check needs raises.
        DataError: X or y does not fit the model, or one is given without the other.
        WeightsError: w does not fit the model.

    Example:
        >>> from symgraph import load
        >>> from symgraph.gradcheck import gradcheck
        >>> gradcheck(load("nine_weights")).verdict
        'passed'
    """
    for option, value in ({"points": points, "rows": rows} | ({} if singles is None else {"singles": singles})).items():
        count(option, value, at_most=MOST)
    count("seed", seed, at_least=0)
    if not module.METADATA["has_loss"] and not module.OUTPUTS:
        raise OptionError(f"{module.MODEL} has neither a loss nor an output: there are no derivatives to check")
    needed = ("per_sample_grad", "row") if module.METADATA["has_loss"] else ("jacobian",)
    if not any(hasattr(module, name) for name in needed):
        text = f"{module.MODEL} cannot be checked: this module has no {' or '.join(needed)}, which gives derivatives"
        raise OptionError(f"{text}; give the module of another backend")
    most = max(_LEAST_SINGLES, min(_SINGLES, _SINGLES_WORK // len(module.WEIGHTS))) if singles is None else singles
    data, fixed = _data(module, X, y), None if w is None else as_weights(module, w, "w").astype(np.float64)
    chance, rng = random.Random(seed), np.random.default_rng(seed)
    visited, findings = list[Point](), list[Finding]()
    for index in range(points * (1 + _PATIENCE) if fixed is None else 1):
        shown = {name for finding in findings for name in finding.shows}
        wanted = [j for j, name in enumerate(module.WEIGHTS) if index < points or name not in shown]
        point = draw(module, chance, index, rows, data, fixed) if wanted else None
        if point is not None:
            visited.append(point._replace(number=len(visited)))
            with np.errstate(all="ignore"):
                findings += _visit(visited[-1], wanted, most, rng, whole=index < points)
    return report_on(module, seed, visited, findings)


def _visit(point: Point, wanted: Sequence[int], most: int, rng: np.random.Generator, *, whole: bool) -> Iterator[Finding]:
    """Judge the partials of some weights at a point, and if it is to be the whole check, all functions too."""
    alone, moves = wanted, list[Array]()
    if len(wanted) > most:
        alone = sorted(rng.choice(np.asarray(wanted), most, replace=False).tolist())
        sizes = np.array([point.scale(j) for j in range(len(point.given.w))])
        # directions in which every weight moves by about its own size
        moves = [sizes * rng.choice((-1.0, 1.0), len(sizes)) * rng.uniform(0.5, 1.5, len(sizes)) for _ in range(_DIRECTIONS)]
    facts = point.facts(rng)
    if whole:
        yield from compare(point, facts, rng)
    for value in filter(is_value, facts):
        if whole or value in point.mains:
            partials, sway = facts[partials_fact(value)].want, facts[partials_fact(value)].radius
            blur = np.full(len(partials), np.inf)
            if value == "loss":
                blur, rounding = point.bounds()
                sway = np.where(np.isfinite(rounding), rounding / SAFETY, sway)
            yield from (_alone(point, value, j, partials[:, j], sway[:, j], blur) for j in alone)
            yield from (_along(point, value, move, partials, sway, blur) for move in moves)


def _alone(point: Point, value: str, j: int, partials: Array, sway: Array, blur: Array) -> Finding:
    """Judge the partials of a value by one weight; those of outputs beside a loss are no findings about the weight."""
    w, name = point.given.w, point.module.WEIGHTS[j : j + 1]

    def moved(x: float) -> NDArray[np.floating[Any]]:
        return point.each(value, np.concatenate([w[:j], [x], w[j + 1 :]]))

    entries = judge(moved, float(w[j]), point.scale(j), partials, sway, blur)
    fact = "" if value in point.mains else partials_fact(value)
    shows = entries.judged.any() and value.partition(" ")[0] in (point.mains[0].partition(" ")[0], "penalty", "constraint")
    return Finding(fact, point, name, entries, shows=name if shows else ())


def _along(point: Point, value: str, move: Array, partials: Array, sway: Array, blur: Array) -> Finding:
    """Judge the derivatives of a value along a direction: those by t at t = 1, where the weights are w + (t - 1) * move."""
    w, main = point.given.w, value in point.mains
    slopes, noise = partials @ move, np.abs(sway) @ np.abs(move)
    entries = judge(lambda t: point.each(value, w + (t - 1.0) * move), 1.0, 1.0, slopes, noise, blur)
    seen = (partials[entries.judged] != 0.0).any(axis=0) & main
    label = f"{'partials' if main else partials_fact(value)} along"
    return Finding(label, point, (f"all {len(move)} weights",), entries, shows=tuple(compress(point.module.WEIGHTS, seen)))


def _data(module: GeneratedModule, X: Any, y: Any) -> tuple[Any, Any] | None:
    """Return the rows to choose from, X as (n, d); None where rows are to be drawn."""
    if X is None and y is None:
        return None
    rows = as_rows(module, X, y, dtype=np.dtype(np.float64), need_target=module.METADATA["has_loss"])
    return None if rows.X is None else rows.X.reshape(rows.n, -1), rows.y
