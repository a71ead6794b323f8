"""Further starts of a fit, drawn about the given one, about the best end and from the data; linear weights are solved, and the
best searched.

Sources: A. H. G. Rinnooy Kan and G. T. Timmer, Mathematical Programming 39 (1987), for searches from several starts; H. R.
Lourenco, O. C. Martin and T. Stuetzle, Iterated Local Search, Handbook of Metaheuristics (2003), for those about the best end.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from symgraph.use.fitting.doubts import is_suspicious
from symgraph.use.fitting.found import Found
from symgraph.use.fitting.least_squares import is_poor, polished, quick_search
from symgraph.use.fitting.linear import solve_linear
from symgraph.use.fitting.problem import Array, Problem
from symgraph.use.fitting.search import search, search_by
from symgraph.use.fitting.streamed import StreamProblem

_NEAR = 60
"""Starts that are drawn about the given one."""
_FAR = 300
"""Starts that are drawn from the data too."""
_ABOUT_THE_END = 60
"""Starts that are drawn about the best end."""
_APART_FROM_IT = 0.5
"""Standard deviation of the logarithms of the factors of these: the next minima are near in most models, see benchmarks."""
_MOVES = 4
"""Most times that starts are drawn about the best end, again while they lead to a better one."""
_SEARCHED = 5, 4, 8
"""Most starts that are searched, of those about the given one, about the best end and from the data: those with the least
squares.
"""
_CALLS = 30, 150
"""Most calls of each search, and of the two that lead lowest and go on."""
_ENOUGH = 3
"""Searches that end at the least sum of squares, from which on it is the least one unless the end looks wrong."""
_ROUNDS = 3
"""Most draws from the data."""
_SHARE = 0.35
"""Share of the searches that end at the least sum of squares, from which on one draw from the data is enough."""
_MOST_WEIGHTS = 20
"""Free weights beyond which draws no longer come near a minimum by chance."""
_ROWS = 7.0
"""Rows that draws are searched by, for each square root of a row of the data; they are spread evenly."""
_APART = 3
"""Most ends by some of the rows from which a search goes on by all."""


def is_searched_from_several(problem: Problem) -> bool:
    """Tell if a first fit draws starts: it is one of least squares, in memory, of few weights, some of which are not linear."""
    return (
        problem.by_squares
        and not isinstance(problem, StreamProblem)
        and len(problem.free) <= _MOST_WEIGHTS
        and problem.residuals > len(problem.free)
        and len(problem.linear) < len(problem.free)
    )


def search_from_several(problem: Problem, start: Array, method: str, seed: int) -> Found:
    """Search from a start and from the best of others that are drawn, see the module; the end with the least squares counts.

    Args:
        problem: one of which ``is_searched_from_several``.
        start: (f,) the given free weights.
        method: as for `search`.
        seed: of what is drawn.
    """
    return search_by(lambda one: _from_several(one, start, method, seed), problem, start)


def _from_several(problem: Problem, start: Array, method: str, seed: int) -> Found:
    rng, few = np.random.default_rng(seed), _thinned(problem)
    first = polished(problem, quick_search(problem, start, method))
    ends = [first if few is problem else quick_search(few, first.v, method, _CALLS[0])]
    near = _about(problem, start, rng)
    ends += _searched(few, near, method, _SEARCHED[0])
    found = _settled(problem, few, first, ends, start, method)
    for turn in range(1 + _ROUNDS):
        is_own = turn > 0 and is_as_good(problem, first.cost, found.cost)  # nothing about the best end was better
        if (is_own or found.reached >= _ENOUGH) and not is_suspicious(problem, found):
            break
        if turn > 1 and (is_own or found.reached >= _SHARE * len(ends)):
            break
        if turn > 0:
            ends += _searched(few, _from_data(problem, near, _FAR, rng), method, _SEARCHED[2])
        ends += _ends_about(few, best_end(few, ends, start), method, rng)
        found = _settled(problem, few, first, ends, start, method)
    if found.success and not (found.reached < _ENOUGH and is_poor(problem, found)):
        return found
    otherwise = search(problem, start, method)
    calls, derivatives = found.calls + otherwise.calls, found.derivatives + otherwise.derivatives
    is_better = not is_as_good(problem, found.cost, otherwise.cost) or (otherwise.success and not found.success)
    best = otherwise._replace(searches=found.searches, reached=1, alone=first.cost) if is_better else found
    return best._replace(calls=calls, derivatives=derivatives)


def _ends_about(problem: Problem, best: Found, method: str, rng: np.random.Generator) -> list[Found]:
    """Return other ends to which starts about the best one lead, and about a better one in turn; none if all ends are one."""
    ends: list[Found] = []
    for _ in range(_MOVES if best.reached < best.searches else 0):
        factors = np.exp(_APART_FROM_IT * rng.normal(size=(_ABOUT_THE_END, len(best.v))))
        more = _searched(problem, np.ascontiguousarray(problem.inside(best.v * factors)), method, _SEARCHED[1])
        # an end that is as good says nothing: its start was drawn about it
        ends += [one for one in more if not is_as_good(problem, best.cost, one.cost)]
        least = min([best, *more], key=lambda one: (not np.isfinite(one.cost), one.cost))
        if is_as_good(problem, best.cost, least.cost):
            break
        best = least
    return ends


def best_end(problem: Problem, ends: Sequence[Found], start: Array) -> Found:
    """Return the end with the least cost, with the calls of all and the number of ends as good as it.

    Of ends that are as good the first counts if it is among them, as that of the given start, else the one next to the start:
    where peaks of one kind are added up, each may stand for the other.
    """
    least = min(ends, key=lambda one: (not np.isfinite(one.cost), one.cost, not one.success))
    same = [one for one in ends if is_as_good(problem, one.cost, least.cost)] or [least]
    best = same[0] if same[0] is ends[0] else min(same, key=lambda one: (not one.success, _distance(one.v, start)))
    calls, derivatives = sum(one.calls for one in ends), sum(one.derivatives for one in ends)
    return best._replace(calls=calls, derivatives=derivatives, searches=len(ends), reached=len(same), alone=ends[0].cost)


def is_as_good(problem: Problem, cost: float, least: float) -> bool:
    """Tell if a cost is the least one within what an end without polishing lacks; rounding of the data counts for nothing."""
    return bool(cost <= least * (1.0 + 1e-6) + problem.cost_of_rounding)


def _distance(v: Array, start: Array) -> float:
    """Return how far weights are from the start, each by its own size."""
    return float(np.sum(np.abs(v - start) / (np.abs(v) + np.abs(start) + np.finfo(np.float64).tiny)))


def _settled(problem: Problem, few: Problem, first: Found, ends: list[Found], start: Array, method: str) -> Found:
    """Return the best end by all rows, polished, of ends by some of them; the first of these is that of the first search."""
    best = best_end(few, ends, start)
    calls, derivatives = best.calls, best.derivatives
    found = first
    if best.v is not ends[0].v:
        chosen = [best] if few is problem else _apart(few, ends)
        last = [one if few is problem and one.success else quick_search(problem, one.v, method) for one in chosen]
        found = best_end(problem, [first, *(polished(problem, one) for one in last)], start)
        calls, derivatives = calls + found.calls, derivatives + found.derivatives
    return found._replace(calls=calls, derivatives=derivatives, searches=best.searches, reached=best.reached, alone=first.cost)


def _apart(few: Problem, ends: list[Found]) -> list[Found]:
    """Return the best ends of different costs, which all rows may put into another order."""
    found: list[Found] = []
    for one in sorted((one for one in ends if np.isfinite(one.cost)), key=lambda one: one.cost):
        if len(found) < _APART and not any(is_as_good(few, one.cost, other.cost) for other in found):
            found.append(one)
    return found


def _searched(problem: Problem, starts: Array, method: str, many: int) -> list[Found]:
    """Search from the starts with the least squares; two searches that are long go on, those that lead lowest."""
    squares = solve_linear(problem, starts)
    order = np.argsort(squares, kind="stable")[:many]
    ends = [quick_search(problem, starts[place], method, _CALLS[0]) for place in order if np.isfinite(squares[place])]
    ends.sort(key=lambda one: (not np.isfinite(one.cost), one.cost))
    for place in [place for place, one in enumerate(ends) if not one.success and np.isfinite(one.cost)][:2]:
        one, longer = ends[place], quick_search(problem, ends[place].v, method, _CALLS[1])
        ends[place] = longer._replace(calls=one.calls + longer.calls, derivatives=one.derivatives + longer.derivatives)
    return ends


def _thinned(problem: Problem) -> Problem:
    """Return the problem with some rows, evenly spread, which lead to the same places; the problem itself of few rows."""
    step = int(np.sqrt(problem.rows.n) / _ROWS)
    if step < 2 or type(problem) is not Problem:
        return problem
    return problem.of_rows(np.arange(0, problem.rows.n, step))


def _about(problem: Problem, start: Array, rng: np.random.Generator) -> Array:
    """Draw starts about the given one, which is the first: each weight times exp(N), 0 by N, N from the normal law."""
    normal = rng.normal(size=(_NEAR, len(start)))
    drawn = np.where(start == 0.0, normal, start * np.exp(normal))
    drawn[0] = start
    return np.ascontiguousarray(problem.inside(drawn))


def _from_data(problem: Problem, near: Array, many: int, rng: np.random.Generator) -> Array:
    """Draw starts of which each weight is, with equal chance, that of a start above, a value of a column of the features, a
    part of its range, or the inverse of that; each times exp(.7 N).
    """
    size = many, near.shape[1]
    found = near[rng.integers(len(near), size=size), np.arange(size[1])]
    columns = list(_columns(problem))
    if columns:
        quantiles = np.array([np.quantile(column, np.linspace(0.0, 1.0, 21)) for column in columns])
        ranges = quantiles[:, -1] - quantiles[:, 0]
        of_column = rng.integers(len(columns), size=size)
        places = quantiles[of_column, rng.integers(21, size=size)]
        parts = ranges[of_column] / np.exp(rng.uniform(np.log(3.0), np.log(30.0), size=size))
        signs = np.where(rng.random(size) < 0.25, -1.0, 1.0) * np.where(near[0] < 0.0, -1.0, 1.0)
        found = np.choose(rng.integers(4, size=size), [found, places, signs * parts, signs / parts])
    found = found * np.exp(0.7 * rng.normal(size=size))
    return np.ascontiguousarray(problem.inside(np.where(np.isfinite(found), found, near[0])))


def _columns(problem: Problem) -> Iterable[Array]:
    """Yield the columns of the features that are not the same in all rows, of each data set."""
    for one in problem.data_sets:
        X = one.rows.X
        for column in np.reshape(X, (len(X), -1)).T if X is not None else ():
            if np.ptp(column) > 0.0:
                yield column.astype(np.float64)
