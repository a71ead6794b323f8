"""The gradient check: draw points, judge every partial there, compare the functions, report."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.errors import DataError, OptionError, WeightsError
from symgraph.gradcheck.differences import Array, Function
from symgraph.gradcheck.functions import compare
from symgraph.gradcheck.judge import SAFETY, Entries, judge
from symgraph.gradcheck.points import Data, Point, draw
from symgraph.gradcheck.report import Finding, GradcheckReport, report_on, weight_report
from symgraph.io.module import GeneratedModule

Values = Callable[[Array], NDArray[np.floating[Any]]]

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
    given, fixed = _data(module, X, y), None if w is None else _weights(module, w)
    chance, record = random.Random(seed), _Record(module, np.random.default_rng(seed), most)
    for index in range(points * (1 + _PATIENCE) if fixed is None else 1):
        wanted = range(count) if index < points else record.unjudged()
        point = draw(module, chance, index, rows, given, fixed) if wanted else None
        if point is not None:
            with np.errstate(all="ignore"):
                record.visit(point, wanted, whole=index < points)
    return record.report(seed)


class _Record:
    """What was found so far: of each weight alone, of all together along random directions, of every function.

    Attributes:
        weights: for each weight the partials that were judged, with the number of their point.
        together: the weights that have a part in a derivative along a direction that was judged.
        findings: of functions, with the number of the point.
    """

    def __init__(self, module: GeneratedModule, rng: np.random.Generator, most: int) -> None:
        self.module, self.rng, self.most = module, rng, most
        self.points: list[Point] = []
        self.weights: dict[int, list[tuple[int, Entries]]] = {}
        self.together: set[int] = set()
        self.findings: list[tuple[int, Finding]] = []
        has_loss = module.METADATA["has_loss"]
        self.main = "jacobian" if not has_loss else "per_sample_grad" if hasattr(module, "per_sample_grad") else "row"

    def unjudged(self) -> list[int]:
        """The weights of which no partial has been judged, alone or with others."""
        judged = self.together | {j for j, found in self.weights.items() if any(entries.judged.any() for _, entries in found)}
        return [j for j in range(len(self.module.WEIGHTS)) if j not in judged]

    def visit(self, point: Point, wanted: Sequence[int], *, whole: bool) -> None:
        """Judge the partials of some weights at a point, and if it is to be the whole check, all functions too."""
        number = len(self.points)
        self.points.append(point)
        alone = wanted
        if len(wanted) > self.most:
            alone = sorted(self.rng.choice(np.asarray(wanted), self.most, replace=False).tolist())
        moves = _moves(point, self.rng) if len(alone) < len(wanted) else ()
        rows = point.values()
        sway = point.sway(rows, self.rng)
        has_loss = "gradient" in rows
        part, values = ("gradient", point.losses) if has_loss else ("jacobian", point.outputs)
        main, noise, blur = rows[part], sway[part], np.full(len(point.rows), np.inf)
        if has_loss:
            known, rounding = point.bounds()
            blur, noise = known, np.where(np.isfinite(rounding), rounding / SAFETY, noise)
        for j, entries in _judged(point, alone, values, main, noise, blur):
            self.weights.setdefault(j, []).append((number, entries))
        found = self._along("partials", moves, values, main, noise, blur)
        seen = np.logical_or.reduce([finding.entries.judged for finding in found]) if found else np.zeros(len(main), bool)
        self.together |= set(np.flatnonzero((main[seen] != 0.0).any(axis=0)).tolist())
        if whole:
            found += compare(point, rows, sway, self.rng, first=number == 0)
            if has_loss and "jacobian" in rows:
                given = point.outputs, rows["jacobian"], sway["jacobian"], np.full(len(main), np.inf)
                judged = _judged(point, alone, *given)
                found += [Finding("jacobian", self.module.WEIGHTS[j : j + 1], entries) for j, entries in judged]
                found += self._along("jacobian", moves, *given)
        self.findings += [(number, finding) for finding in found]

    def _along(
        self, text: str, moves: Sequence[Array], values: Values, partials: Array, sway: Array, blur: Array
    ) -> list[Finding]:
        """Judge the derivatives along directions: those by t at t = 1, where the weights are w + (t - 1) * move."""
        w, names = self.points[-1].w, (f"all {len(self.module.WEIGHTS)} weights",)

        def moved(move: Array) -> Function:
            return lambda t: values(w + (t - 1.0) * move)

        return [
            Finding(f"{text} along", names, judge(moved(move), 1.0, 1.0, partials @ move, np.abs(sway) @ np.abs(move), blur))
            for move in moves
        ]

    def report(self, seed: int) -> GradcheckReport:
        """The report on all that was found."""
        names = self.module.WEIGHTS
        weights = [
            weight_report(name, self.main, self.points, self.weights.get(j, []), together=j in self.together)
            for j, name in enumerate(names)
        ]
        counts = Counter(finding.function for _, finding in self.findings)
        findings = [
            (number, finding._replace(function=f"{finding.function} {counts[finding.function]} random directions"))
            if finding.function.endswith(" along")
            else (number, finding)
            for number, finding in self.findings
        ]
        return report_on(self.module.MODEL, seed, self.points, weights, findings)


def _moves(point: Point, rng: np.random.Generator) -> tuple[Array, ...]:
    """Directions in which every weight moves by about its own size, (k,)."""
    sizes = np.array([point.scale(j) for j in range(len(point.w))])
    return tuple(sizes * rng.choice((-1.0, 1.0), len(sizes)) * rng.uniform(0.5, 1.5, len(sizes)) for _ in range(_DIRECTIONS))


def _judged(
    point: Point, weights: Sequence[int], values: Values, partials: Array, sway: Array, blur: Array
) -> Iterator[tuple[int, Entries]]:
    """Judge the partials of some weights, one after the other."""

    def moved(j: int) -> Function:
        return lambda x: values(np.concatenate([point.w[:j], [x], point.w[j + 1 :]]))

    for j in weights:
        yield j, judge(moved(j), float(point.w[j]), point.scale(j), partials[:, j], sway[:, j], blur)


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
    if not data.size:
        raise DataError("there are no rows to check at")
    return data


def _weights(module: GeneratedModule, w: Any) -> Array:
    weights = np.asarray(w, np.float64)
    if weights.shape != (len(module.WEIGHTS),) or not np.isfinite(weights).all():
        raise WeightsError(f"w must be {len(module.WEIGHTS)} finite numbers ({', '.join(module.WEIGHTS)}), not {w!r}")
    return weights
