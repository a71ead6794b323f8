"""The gradient check: draw points, judge every partial there, compare the functions, report."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import DataError, OptionError, WeightsError
from symgraph.gradcheck.differences import Array, Function
from symgraph.gradcheck.functions import compare
from symgraph.gradcheck.judge import SAFETY, judge
from symgraph.gradcheck.points import Data, Point, draw
from symgraph.gradcheck.report import GradcheckReport
from symgraph.gradcheck.summary import Finding, Visit, summarize, unjudged
from symgraph.module import GeneratedModule

Values = Callable[[Array], NDArray[np.floating[Any]]]

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
) -> GradcheckReport:
    """Check a generated module's derivatives against differences of its values.

    The partials of each row (`per_sample_grad`; `jacobian` where the model has no loss) are compared with central differences,
    extrapolated to step 0, whose own error estimate is the tolerance; what rounding does is taken from the module's
    `error_bound` where it has that, and estimated elsewhere. Weights are drawn at random and never equal, because a
    swapped index would go unseen there. Then every other function of the module is compared with the rows. A weight whose
    partials could not be told from zero or from noise is tried at more points, and reported as not judged if that is in vain.

    Args:
        module: any module of the numpy backend.
        X: (n, d) float rows to choose from; by default rows are drawn, from the declared domains where there are some.
        y: (n,) their targets.
        w: (k,) the only weights to check at; by default weights are drawn.
        points: how many weight vectors to check at, at least 1.
        rows: how many rows to check at each of them, at least 1.
        seed: of all that is drawn.

    Returns:
        The report; its `ok` says whether nothing was found wrong, its `unjudged` what went unseen.

    Raises:
        OptionError: points or rows is less than 1, the seed is negative, or the module has neither a loss nor an output.
        DataError: X or y does not fit the model, or one is given without the other.
        WeightsError: w does not fit the model.
    """
    if points < 1 or rows < 1:
        raise OptionError(f"gradcheck needs at least 1 point and 1 row, not {points} and {rows}")
    if not module.METADATA["has_loss"] and not module.OUTPUTS:
        raise OptionError(f"{module.MODEL} has neither a loss nor an output: there are no derivatives to check")
    if seed < 0:
        raise OptionError(f"gradcheck's seed must be 0 or more, not {seed}")
    given, fixed = _data(module, X, y), None if w is None else _weights(module, w)
    rng = np.random.default_rng(seed)
    visits: list[Visit] = []
    for index in range(points * (1 + _PATIENCE) if fixed is None else 1):
        weights = range(len(module.WEIGHTS)) if index < points else unjudged(module, visits)
        point = draw(module, rng, index, rows, given, fixed) if weights else None
        if point is not None:
            with np.errstate(all="ignore"):
                visits.append(_visit(point, weights, rng, whole=index < points))
    return summarize(module, visits, seed)


def _visit(point: Point, weights: Sequence[int], rng: np.random.Generator, *, whole: bool) -> Visit:
    """Judge the partials of some weights at a point, and if it is to be the whole check, the functions and the Jacobian too."""
    module, has_loss = point.module, point.module.METADATA["has_loss"]
    values = point.losses if has_loss else point.outputs
    unit = float(np.finfo(values(point.w).dtype).eps)
    function = module.per_sample_grad if has_loss else module.jacobian
    partials, sway = point.partials(function, target=has_loss), point.sway(function, rng, target=has_loss)
    blur, rounding = point.bounds() if has_loss else (np.full(len(partials), np.inf), np.full_like(partials, np.inf))
    judged = _judge(point, values, weights, partials, np.where(np.isfinite(rounding), rounding / SAFETY, sway), blur)
    if not whole:
        return Visit(point, unit, judged)
    moderate = np.flatnonzero((np.abs(partials) < _SUMMABLE).all(axis=1) & (np.abs(values(point.w)) < _SUMMABLE))
    comparisons = tuple(compare(point.take(moderate), partials[moderate], rng)) if len(moderate) else ()
    if not has_loss or not module.OUTPUTS:
        return Visit(point, unit, judged, comparisons)
    slopes, blur = point.partials(module.jacobian), np.full(len(partials), np.inf)
    jacobian = _judge(point, point.outputs, weights, slopes, point.sway(module.jacobian, rng), blur)
    return Visit(point, unit, judged, comparisons, jacobian)


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
