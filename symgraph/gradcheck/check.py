"""The gradient check: draw points, judge every partial there, compare the functions, report."""

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import compress
from typing import Any, NamedTuple

import numpy as np

from symgraph.errors import DataError, OptionError, WeightsError
from symgraph.gradcheck.differences import Array
from symgraph.gradcheck.functions import compare
from symgraph.gradcheck.judge import SAFETY, judge
from symgraph.gradcheck.points import PARTIALS, Point, draw
from symgraph.gradcheck.report import Finding, GradcheckReport, report_on
from symgraph.module import GeneratedModule

_SINGLES, _LEAST_SINGLES, _SINGLES_WORK = 48, 4, 20_000
"""How many weights are judged one by one at a point: at most, at least, and what number of weights times that is enough."""
_DIRECTIONS = 4

# Weights that the first points could not judge get this many attempts for each point asked for.
_PATIENCE = 5


def gradcheck(
    module: GeneratedModule,
    X: Any = None,
    y: Any = None,
    *,
    w: Any = None,
    points: int = 4,
    rows: int = 8,
    seed: int = 0,
    singles: int | None = None,
) -> GradcheckReport:
    """Check a generated module's derivatives against differences of its values.

    The partials of each row (`per_sample_grad`; `jacobian` where the model has no loss) are compared with central differences,
    extrapolated to step 0, whose own error estimate is the tolerance; what rounding does is taken from the module's
    `error_bound` where it has that, and estimated elsewhere. Weights are drawn at random and never equal, because a
    swapped index would go unseen there. Then every function of the module is compared with the rows: on several rows, on one
    row alone and as a batch, on more rows than fit a block, in other memory layouts, in float32, and where sums overflow. A
    weight whose partials could not be told from zero or from noise is tried at more points, and reported as not judged if that
    is in vain.

    Of a model with many weights, only a random sample is judged one by one at each point; all of them together are judged
    along random directions, where a fault in one of thousands shows if it is larger than about a thousandth of the whole
    derivative. The report says which weights were seen in which way.

    Args:
        module: a module of any backend; of the scalar one, `row` alone is checked.
        X: (n, d) float rows to choose from; by default rows are drawn, from the declared domains where there are some.
        y: (n,) their targets.
        w: (k,) the only weights to check at; by default weights are drawn.
        points: how many weight vectors to check at, at least 1.
        rows: how many rows to check at each of them, at least 1.
        seed: of all that is drawn.
        singles: how many weights are judged one by one at a point, at most; by default 48, and fewer of more than 400 weights.

    Returns:
        The report; its `ok` says whether nothing was found wrong, its `unjudged` what went unseen.

    Raises:
        OptionError: points, rows or singles is less than 1, the seed is negative, or the module has no derivatives.
        ModuleError: a function on which the check rests raises.
        DataError: X or y does not fit the model, or one is given without the other.
        WeightsError: w does not fit the model.
    """
    if points < 1 or rows < 1:
        raise OptionError(f"gradcheck needs at least 1 point and 1 row, not {points} and {rows}")
    if not module.METADATA["has_loss"] and not module.OUTPUTS:
        raise OptionError(f"{module.MODEL} has neither a loss nor an output: there are no derivatives to check")
    needed = ("per_sample_grad", "row") if module.METADATA["has_loss"] else ("jacobian",)
    if not any(hasattr(module, name) for name in needed):
        text = f"{module.MODEL} cannot be checked: this module has no {' or '.join(needed)}, which gives derivatives"
        raise OptionError(f"{text}; give the module of another backend")
    if seed < 0:
        raise OptionError(f"gradcheck's seed must be 0 or more, not {seed}")
    if singles is not None and singles < 1:
        raise OptionError(f"gradcheck needs singles of at least 1, not {singles}")
    count = len(module.WEIGHTS)
    most = max(_LEAST_SINGLES, min(_SINGLES, _SINGLES_WORK // count)) if singles is None else singles
    data, fixed = _data(module, X, y), None if w is None else _weights(module, w)
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
    lines = [_axis(point, j) for j in wanted]
    if len(wanted) > most:
        lines = [_axis(point, j) for j in sorted(rng.choice(np.asarray(wanted), most, replace=False).tolist())]
        lines += [_direction(point, rng) for _ in range(_DIRECTIONS)]
    rows = point.values()
    sway = point.sway(rows, rng)
    if whole:
        yield from compare(point, rows, sway, rng)
    for value, partials in PARTIALS.items():
        if partials in rows and (whole or value == point.main):
            noise, blur = sway[partials], np.full(len(rows[partials]), np.inf)
            if value == "loss":
                blur, rounding = point.bounds()
                noise = np.where(np.isfinite(rounding), rounding / SAFETY, noise)
            yield from (line.judged(value, rows[partials], noise, blur) for line in lines)


class _Line(NamedTuple):
    """A line in the space of the weights, through those of a point, along which values are differentiated.

    Attributes:
        point: where.
        names: of what moves; all weights together are one name.
        weights: gives the weights (k,) at a coordinate.
        at, scale: the coordinate of the point, and the size of that.
        columns, factors: the weights that move, and how far when the coordinate grows by 1.
    """

    point: Point
    names: tuple[str, ...]
    weights: Callable[[float], Array]
    at: float
    scale: float
    columns: slice
    factors: Array

    def judged(self, value: str, partials: Array, sway: Array, blur: Array) -> Finding:
        """Judge the derivatives of a value along the line, made of partials (n, k) that rounding moves so far (n, k)."""
        slopes = partials[:, self.columns] @ self.factors
        moved = np.abs(sway[:, self.columns]) @ np.abs(self.factors)
        entries = judge(lambda x: self.point.each(value, self.weights(x)), self.at, self.scale, slopes, moved, blur)
        is_main, weights = value == self.point.main, self.point.module.WEIGHTS[self.columns]
        function, seen = "" if is_main else PARTIALS[value], np.full(len(weights), entries.judged.any())
        if len(weights) > 1:
            function, seen = f"{function or 'partials'} along", (partials[entries.judged] != 0.0).any(axis=0)
        return Finding(function, self.point, self.names, entries, shows=tuple(compress(weights, seen)) if is_main else ())


def _axis(point: Point, j: int) -> _Line:
    """The line on which one weight moves; its coordinate is that weight."""
    w, name, one = point.given.w, point.module.WEIGHTS[j : j + 1], slice(j, j + 1)
    return _Line(point, name, lambda x: np.concatenate([w[:j], [x], w[j + 1 :]]), float(w[j]), point.scale(j), one, np.ones(1))


def _direction(point: Point, rng: np.random.Generator) -> _Line:
    """A line on which every weight moves by about its own size while the coordinate goes from 0 to 1, where the point is."""
    w = point.given.w
    sizes = np.array([point.scale(j) for j in range(len(w))])
    move = sizes * rng.choice((-1.0, 1.0), len(sizes)) * rng.uniform(0.5, 1.5, len(sizes))
    return _Line(point, (f"all {len(w)} weights",), lambda t: w + (t - 1.0) * move, 1.0, 1.0, slice(None), move)


def _data(module: GeneratedModule, X: Any, y: Any) -> tuple[Any, Any] | None:
    if X is None and y is None:
        return None
    needs_target = module.TARGET is not None and module.METADATA["has_loss"]
    for name, part, exists in (("X", X, bool(module.FEATURES)), ("y", y, needs_target)):
        if exists != (part is not None):
            raise DataError(f"{name} is missing; {module.MODEL} needs it" if exists else f"{module.MODEL} takes no {name}")
    matrix = None if X is None else np.asarray(X, np.float64)
    if matrix is not None and matrix.ndim == 1 and len(module.FEATURES) == 1:
        matrix = matrix[:, None]
    if matrix is not None and (matrix.ndim != 2 or matrix.shape[1] != len(module.FEATURES)):
        raise DataError(f"X has shape {matrix.shape}, {module.MODEL} needs rows of {', '.join(module.FEATURES)}")
    column = None if y is None else np.asarray(y, np.float64)
    if column is not None and (column.ndim != 1 or (matrix is not None and len(column) != len(matrix))):
        raise DataError(f"y has shape {column.shape}; it must be one number for each row")
    if 0 in (len(part) for part in (matrix, column) if part is not None):
        raise DataError("there are no rows to check at")
    return matrix, column


def _weights(module: GeneratedModule, w: Any) -> Array:
    weights = np.asarray(w, np.float64)
    if weights.shape != (len(module.WEIGHTS),) or not np.isfinite(weights).all():
        raise WeightsError(f"w must be {len(module.WEIGHTS)} finite numbers ({', '.join(module.WEIGHTS)}), not {w!r}")
    return weights
