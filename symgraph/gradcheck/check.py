"""The gradient check: draw points, judge every partial there, compare the functions, report."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import DataError, OptionError, WeightsError
from symgraph.gradcheck.differences import Array, Function
from symgraph.gradcheck.functions import compare
from symgraph.gradcheck.judge import SAFETY, Entries, judge
from symgraph.gradcheck.points import Data, Point, draw
from symgraph.gradcheck.report import GradcheckReport
from symgraph.gradcheck.summary import Finding, Visit, summarize, unjudged
from symgraph.module import GeneratedModule

Values = Callable[[Array], NDArray[np.floating[Any]]]

_SINGLES, _LEAST_SINGLES, _SINGLES_WORK = 48, 4, 20_000
"""How many weights are judged one by one at a point: at most, at least, and what number of weights times that is enough."""
_DIRECTIONS = 4

# Weights that the first points could not judge get this many attempts for each point asked for.
_PATIENCE = 5
_SUMMABLE = 1e150  # sums over rows beyond this may overflow, and NaN is not below it


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
    swapped index would go unseen there. Then every other function of the module is compared with the rows. A weight whose
    partials could not be told from zero or from noise is tried at more points, and reported as not judged if that is in vain.

    Of a model with many weights, only a random sample is judged one by one at each point; all of them together are judged
    along random directions, where a fault in one of thousands shows if it is larger than about a thousandth of the whole
    derivative. The report says which weights were seen in which way.

    Args:
        module: any module of the numpy backend.
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
        OptionError: points, rows or singles is less than 1, the seed is negative, or there is neither a loss nor an output.
        DataError: X or y does not fit the model, or one is given without the other.
        WeightsError: w does not fit the model.
    """
    if points < 1 or rows < 1:
        raise OptionError(f"gradcheck needs at least 1 point and 1 row, not {points} and {rows}")
    if not module.METADATA["has_loss"] and not module.OUTPUTS:
        raise OptionError(f"{module.MODEL} has neither a loss nor an output: there are no derivatives to check")
    if seed < 0:
        raise OptionError(f"gradcheck's seed must be 0 or more, not {seed}")
    if singles is not None and singles < 1:
        raise OptionError(f"gradcheck needs singles of at least 1, not {singles}")
    count = len(module.WEIGHTS)
    most = max(_LEAST_SINGLES, min(_SINGLES, _SINGLES_WORK // count)) if singles is None else singles
    given, fixed = _data(module, X, y), None if w is None else _weights(module, w)
    rng = np.random.default_rng(seed)
    visits: list[Visit] = []
    for index in range(points * (1 + _PATIENCE) if fixed is None else 1):
        weights = range(count) if index < points else unjudged(module, visits)
        point = draw(module, rng, index, rows, given, fixed) if weights else None
        if point is not None:
            with np.errstate(all="ignore"):
                visits.append(_visit(point, _Choice(weights, most), rng, whole=index < points))
    return summarize(module, visits, seed)


class _Choice(NamedTuple):
    """Which weights are to be judged, and how many of them one by one at most."""

    weights: Sequence[int]
    most: int

    def alone(self, rng: np.random.Generator) -> Sequence[int]:
        """The weights that are judged one by one."""
        if len(self.weights) <= self.most:
            return self.weights
        return sorted(rng.choice(np.asarray(self.weights), self.most, replace=False).tolist())


def _visit(point: Point, choice: _Choice, rng: np.random.Generator, *, whole: bool) -> Visit:
    """Judge the partials of some weights at a point, and if it is to be the whole check, the functions and the Jacobian too."""
    weights = choice.alone(rng)
    moves = _moves(point, rng) if len(weights) < len(choice.weights) else ()
    module, has_loss = point.module, point.module.METADATA["has_loss"]
    values = point.losses if has_loss else point.outputs
    unit = float(np.finfo(values(point.w).dtype).eps)
    function = module.per_sample_grad if has_loss else module.jacobian
    partials, sway = point.partials(function, target=has_loss), point.sway(function, rng, target=has_loss)
    blur, rounding = point.bounds() if has_loss else (np.full(len(partials), np.inf), np.full_like(partials, np.inf))
    sway = np.where(np.isfinite(rounding), rounding / SAFETY, sway)
    judged = _judge(point, values, weights, partials, sway, blur)
    along = _along(point, values, moves, partials, sway, blur)
    if not whole:
        return Visit(point, unit, judged, along=along, together=_together(partials, along))
    moderate = np.flatnonzero((np.abs(partials) < _SUMMABLE).all(axis=1) & (np.abs(values(point.w)) < _SUMMABLE))
    comparisons = tuple(compare(point.take(moderate), partials[moderate], rng)) if len(moderate) else ()
    visit = Visit(point, unit, judged, comparisons, along=along, together=_together(partials, along))
    if not has_loss or not module.OUTPUTS:
        return visit
    slopes, blur = point.partials(module.jacobian), np.full(len(partials), np.inf)
    sway = point.sway(module.jacobian, rng)
    jacobian = _judge(point, point.outputs, weights, slopes, sway, blur)
    return replace(visit, jacobian=jacobian, jacobian_along=_along(point, point.outputs, moves, slopes, sway, blur))


def _moves(point: Point, rng: np.random.Generator) -> tuple[Array, ...]:
    """Directions in which every weight moves by about its own size, (k,)."""
    sizes = np.array([point.scale(j) for j in range(len(point.w))])
    return tuple(sizes * rng.choice((-1.0, 1.0), len(sizes)) * rng.uniform(0.5, 1.5, len(sizes)) for _ in range(_DIRECTIONS))


def _along(
    point: Point, values: Values, moves: Sequence[Array], partials: Array, sway: Array, blur: Array
) -> tuple[Entries, ...]:
    """Judge the derivatives along directions: those by t at t = 1, where the weights are w + (t - 1) * move."""

    def moved(move: Array) -> Function:
        return lambda t: values(point.w + (t - 1.0) * move)

    return tuple(judge(moved(move), 1.0, 1.0, partials @ move, np.abs(sway) @ np.abs(move), blur) for move in moves)


def _together(partials: Array, along: Sequence[Entries]) -> frozenset[int]:
    """The weights that have a part in a derivative along a direction that was judged."""
    rows = np.logical_or.reduce([entries.judged for entries in along]) if along else np.zeros(len(partials), bool)
    return frozenset(np.flatnonzero((partials[rows] != 0.0).any(axis=0)).tolist())


def _judge(
    point: Point, values: Values, weights: Sequence[int], partials: Array, sway: Array, blur: Array
) -> tuple[Finding, ...]:
    def moved(j: int) -> Function:
        return lambda x: values(np.concatenate([point.w[:j], [x], point.w[j + 1 :]]))

    return tuple(
        Finding(j, judge(moved(j), float(point.w[j]), point.scale(j), partials[:, j], sway[:, j], blur)) for j in weights
    )


def _data(module: GeneratedModule, X: Any, y: Any) -> Data | None:
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
    data = Data(matrix, column)
    if not len(data):
        raise DataError("there are no rows to check at")
    return data


def _weights(module: GeneratedModule, w: Any) -> Array:
    weights = np.asarray(w, np.float64)
    if weights.shape != (len(module.WEIGHTS),) or not np.isfinite(weights).all():
        raise WeightsError(f"w must be {len(module.WEIGHTS)} finite numbers ({', '.join(module.WEIGHTS)}), not {w!r}")
    return weights
