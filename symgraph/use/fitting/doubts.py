"""Doubts about the end of a fit, in words: warnings, after which it should not be used as it is, and remarks.

Sources: D. M. Bates and D. G. Watts, Technometrics 23 (1981), for the relative offset; J. Durbin and G. S. Watson, Biometrika
37 (1950); N. R. Draper and H. Smith, Applied Regression Analysis (1998), sections 1.5 and 2.1, for the F tests.
"""

import math
from collections.abc import Iterator

import numpy as np

from symgraph.use.fitting.found import Found
from symgraph.use.fitting.least_squares import is_singular
from symgraph.use.fitting.linearized import EPS, Linearized
from symgraph.use.fitting.problem import Array, Problem
from symgraph.use.fitting.statistics import Covariance, degrees_of_freedom, statistics, without_limit
from symgraph.use.fitting.streamed import StreamProblem

_OFFSET = 1e-3
"""Greatest relative offset of an end that counts as reached: beside errors, what is left of the way is then nothing."""
_RISE = 0.1
"""Least rise of chi2, in units of the reduced chi2, over a standard error; it is 1 where the model is linear."""
_BY_CHANCE = 0.05
"""Probability above which an F test says that a fit is no better than a constant."""
_LACKING = 0.001
"""Probability below which an F test says that a model lacks what repeated rows show."""
_POOR = 0.5
"""R2 below which a fit is poor."""
_SERIAL = 1.2
"""Durbin and Watson's statistic below which residuals go together from row to row; it is about 2 where they are independent."""
_FEW = 0.2
"""Share of the searches below which the best end may have been met by chance, where residuals go together."""
_LESS_SERIAL = 1.6
"""The same, below which a further search is worth its time where so many independent residuals have it once in 160 times."""
_STRONGLY_SERIAL = 0.5
"""The same, of which there is a remark."""
_UNDERFLOW = float(np.finfo(np.float64).tiny)
"""Sum of squares below which it has lost digits, as numbers below the least normal one have."""
_VAGUE = 1000.0
"""Ratio of a standard error to its weight above which a further search is worth its time."""


def warnings_of(problem: Problem, found: Found, known: Covariance | None) -> tuple[str, ...]:
    """Say in words why a fit should not be used as it is, and what helps; of an end that the search doubts that is enough.

    Args:
        problem: the fit.
        found: its end.
        known: the covariance of the free weights; None where the squares determine them all, and it is not needed.
    """
    return tuple(_of_search(problem, found, known)) or tuple(_of_end(problem, found))


def remarks_of(problem: Problem, found: Found) -> tuple[str, ...]:
    """Say in words what else is to be known of a fit: where it ended, and how well the model describes the data."""
    told = []
    if found.cost < found.alone - 1e-6 * abs(found.alone) - problem.cost_of_rounding:
        what, by = ("sum of squares", 2.0) if problem.is_plain_squares else ("sum of losses", 1.0)
        led = (
            f"the start alone leads to a {what} of {by * found.alone:.6g}"
            if math.isfinite(found.alone)
            else "the start alone leads nowhere"
        )
        told.append(f"{led}; another start, drawn about it or from the data, led to {by * found.cost:.6g}")
    if not problem.is_plain_squares or isinstance(problem, StreamProblem):
        return tuple(told)
    if _underflows(found):
        told.append(
            "the squares of the residuals are so small that they lost digits, so this end is not judged; "
            "give y in a smaller unit"
        )
    r2, serial = statistics(problem, found.v).r2, durbin_watson(problem, found.v)
    if r2 < _POOR:
        told.append(f"R2 is {r2:.3g}, below {_POOR:g}: the model leaves most of the scatter of y")
    if serial < _STRONGLY_SERIAL:
        told.append(
            f"residuals go together from row to row (Durbin-Watson {serial:.2g}, 2 where they are independent): the model "
            "lacks something, or errors are correlated, and are then greater than stated"
        )
    return (*told, *_lack_of_fit(problem, found.v))


def is_suspicious(problem: Problem, found: Found) -> bool:
    """Tell if a better minimum is likely: a poor fit, residuals that go together, or weights that count for next to nothing."""
    if found.at is None or problem.robust:
        return not problem.robust
    at = found.at
    if not found.success or is_singular(at):
        return True
    if _is_vague(problem, at):
        return True
    if not problem.is_difference or problem.cost_of_rounding >= found.cost:
        return False
    by_chance = 2.0 - 2.5 * 2.0 / math.sqrt(problem.residuals)  # the law of the statistic is about normal, of variance 4/n
    serial = max(_SERIAL, min(_LESS_SERIAL, by_chance))
    return bool(statistics(problem, found.v).r2 < _POOR or durbin_watson(problem, found.v) < serial)


@np.errstate(all="ignore")
def durbin_watson(problem: Problem, v: Array) -> float:
    """Return Durbin and Watson's statistic, of rows in the order of the feature where there is one; nan of residuals of 0."""
    total = along = 0.0
    for one, part in _each(problem, v):
        r = np.reshape(one.residual(part), (one.rows.n, -1))
        X = one.rows.X
        if X is not None and X.size == one.rows.n:
            r = r[np.argsort(np.reshape(X, -1), kind="stable")]
        total, along = total + float(np.sum(r * r)), along + float(np.sum(np.diff(r, axis=0) ** 2))
    return along / total if total > 0.0 else math.nan


def _each(problem: Problem, v: Array) -> Iterator[tuple[Problem, Array]]:
    """Yield the problem of each data set, and its weights."""
    places = getattr(problem, "places", None)
    if places is None:
        yield problem, v
    else:
        w = problem.all_weights(v)
        yield from ((one, w[place]) for one, place in zip(problem.data_sets, places, strict=True))


def _is_vague(problem: Problem, at: Linearized) -> bool:
    """Tell if the error of a weight is a thousand times the weight."""
    dof = problem.residuals - len(at.singular)
    if dof <= 0:
        return False
    inner = np.ones(len(at.v), np.bool_) if at.inner is None else at.inner
    scale = 1.0 if problem.absolute_sigma else at.squares / dof
    errors = np.sqrt(scale * np.sum(np.square(at.directions.T / at.singular), axis=1)) / at.scale[inner]
    return bool((errors > _VAGUE * np.abs(at.v[inner])).any())


def _of_search(problem: Problem, found: Found, known: Covariance | None) -> Iterator[str]:
    """Yield what is wrong with the search, or with the data for this model."""
    dof, undetermined = degrees_of_freedom(problem, found.v), "" if known is None else known.undetermined
    if not found.success:
        yield f"the search did not converge ({found.message.strip()}); try another start, or starts=10"
    if dof < 0:
        yield f"there are fewer residuals than free weights ({problem.residuals} and {len(found.v)}); fix some"
    elif dof == 0 and problem.is_least_squares and not problem.absolute_sigma:
        yield "there are as many residuals as free weights, so nothing is left to tell errors by"
    at, y = found.at, problem.rows.y
    if at is not None and at.squares == 0.0 and at.regular and np.any(y) and problem.squared(found.v).any():
        yield "the residuals are so small that their squares are 0 in floats; give y in a smaller unit"
    idle = _without_effect(problem, problem.start[problem.free]) if undetermined or not found.success else []
    if idle:
        names = ", ".join(problem.names[j] for j in idle)
        blind = "had next to no effect on the residuals, so no search can find them"
        yield f"at the start {names} {blind}; give a start from which they have"
    elif undetermined:
        yield f"the data do not determine {undetermined}; fix one of these weights, or give more data"
    if known is not None and not isinstance(problem, StreamProblem):  # a file is read for each loss
        endless = without_limit(problem, found.v, known.matrix)
        if endless:
            why = f"the likelihood has no maximum along {endless}, so errors there tell nothing"
            yield f"{why}; fix a weight of it, or add a penalty"


def _of_end(problem: Problem, found: Found) -> Iterator[str]:
    """Yield why an end of least squares is no good one."""
    at, dof = found.at, degrees_of_freedom(problem, found.v)
    if not problem.is_plain_squares or at is None or dof <= 0 or found.cost <= problem.cost_of_rounding or _underflows(found):
        return
    offset = relative_offset(problem, at)
    if at.regular and offset > _OFFSET and at.length > _of_rounding(problem, at):
        yield (
            f"the search ended before the minimum: what is left of the way is {offset:.1g} of the errors (relative offset, at "
            f"most {_OFFSET:g}); start from where it ended, or elsewhere"
        )
    if isinstance(problem, StreamProblem):
        return
    flat = _flat(problem, found, at) if at.regular else []
    if flat:
        yield (
            f"chi2 hardly rises where {', '.join(flat)} moves by its standard error, so the data do not determine it there; "
            "give another start, fix it, or give more data"
        )
    by_chance = _no_better_than_a_constant(problem, found.v)
    if by_chance > _BY_CHANCE:
        yield f"the fit is no better than a constant (F test, p {by_chance:.2g}); give another start, or another model"
    if found.searches > found.reached and found.reached < max(1.5, _FEW * found.searches):
        serial = durbin_watson(problem, found.v)
        if serial < _SERIAL:
            yield (
                f"only {found.reached} of {found.searches} searches ended here, and residuals go together from row to row "
                f"(Durbin-Watson {serial:.2g}), so another minimum may be better; give a start read off a plot, or another "
                "model"
            )


def _underflows(found: Found) -> bool:
    """Tell if the residuals are so small that their squares say little."""
    return found.at is not None and 0.0 < found.at.squares < _UNDERFLOW


def relative_offset(problem: Problem, at: Linearized) -> float:
    """Return Bates and Watts's relative offset: the length of the residuals along the derivatives, beside that across them."""
    weights = len(at.singular)
    across = at.squares - at.length**2
    rows = problem.residuals - weights
    return at.length / math.sqrt(across) * math.sqrt(rows / weights) if across > 0.0 and rows > 0 else 0.0


def _of_rounding(problem: Problem, at: Linearized) -> float:
    """Return the length that rounding may give residuals along the derivatives."""
    return 8.0 * EPS * float(np.linalg.norm(at.scale * at.v)) + math.sqrt(2.0 * problem.cost_of_rounding)


@np.errstate(all="ignore")
def _flat(problem: Problem, found: Found, at: Linearized) -> list[str]:
    """Return weights that may move by their error, the others as their covariance has it, while chi2 hardly rises."""
    v, inner = found.v, np.arange(len(found.v)) if at.inner is None else np.flatnonzero(at.inner)
    scale = 1.0 if problem.absolute_sigma else 2.0 * found.cost / degrees_of_freedom(problem, v)
    rows = at.directions.T / at.singular  # whose products are the covariance, each weight in a unit of its own
    steps = math.sqrt(scale) * (rows / np.linalg.norm(rows, axis=1, keepdims=True)) @ rows.T / at.scale[inner]
    names = []
    for j, step in zip(inner, steps, strict=True):
        ends = np.array([v, v])
        ends[:, inner] += [step, -step]
        rises = [float(np.sum(np.square(problem.squared(problem.inside(end))))) - 2.0 * found.cost for end in ends]
        if min(rises) < _RISE * scale:  # nan, of residuals that are not finite, is no small rise
            names.append(problem.names[j])
    return names


@np.errstate(all="ignore")
def _no_better_than_a_constant(problem: Problem, v: Array) -> float:
    """Return the probability that a constant is so much worse than the fit by chance; 0 where the model holds no constant.

    It holds one where some multiples of the derivatives by the linear weights add up to 1 in every row, the other weights being
    those found, or 0.
    """
    dof = degrees_of_freedom(problem, v)
    free = problem.residuals - dof
    if not problem.is_difference or free < 2 or dof < 1 or len(problem.data_sets) > 1 or problem.has_penalty:
        return 0.0
    r = problem.residual(v)
    squares, about = float(r @ r), problem.about_mean() ** 2
    if about - squares > 0.5 * about * (1.0 + 10.0 / dof) or squares <= 0.0 or not len(problem.linear):
        return 0.0  # far beyond chance for all but a few rows; the quick way out
    if not _holds_a_constant(problem, v):
        return 0.0
    from scipy.special import fdtrc

    return float(fdtrc(free - 1, dof, max(about - squares, 0.0) / (free - 1) / (squares / dof)))


def _holds_a_constant(problem: Problem, v: Array) -> bool:
    ones = np.ones(problem.residuals) if problem.sigma is None else 1.0 / np.broadcast_to(problem.sigma, problem.residuals)
    at_0 = np.zeros(len(v))
    at_0[problem.linear] = v[problem.linear]
    for w in (v, at_0):
        J = problem.jacobian(w)[:, problem.linear]
        if np.isfinite(J).all():
            scale = np.linalg.norm(J, axis=0)
            J = J / np.where(scale > 0.0, scale, 1.0)
            left = ones - J @ np.linalg.lstsq(J, ones, rcond=None)[0]
            if np.linalg.norm(left) <= 1e-6 * np.linalg.norm(ones):
                return True
    return False


def _lack_of_fit(problem: Problem, v: Array) -> list[str]:
    """Say if the residuals of rows with the same features lie together further from 0 than their scatter allows."""
    X = problem.rows.X
    r = problem.residual(v) if len(problem.data_sets) == 1 else np.zeros(0)
    if X is None or len(r) != problem.rows.n:
        return []
    _, group = np.unique(np.reshape(X, (len(r), -1)), axis=0, return_inverse=True)
    group = np.reshape(group, -1)
    often = np.bincount(group)
    pure, free = len(r) - len(often), len(r) - degrees_of_freedom(problem, v)
    between = len(often) - free
    within = float(np.sum((r - (np.bincount(group, r) / often)[group]) ** 2))
    if pure < 2 or between < 1 or within <= 0.0:
        return []
    from scipy.special import fdtrc

    chance = float(fdtrc(between, pure, (float(r @ r) - within) / between / (within / pure)))
    if not chance < _LACKING:
        return []
    return [f"the model lacks something that rows with the same features show together (F test of lack of fit, p {chance:.1g})"]


@np.errstate(all="ignore")
def _without_effect(problem: Problem, v: Array) -> list[int]:
    """Return the places of free weights that, changed by their own size, change residuals by less than rounding does."""
    if not problem.is_plain_squares:
        return []
    moved = np.linalg.norm(problem.slopes(v), axis=0) * np.maximum(np.abs(v), 1.0)
    return [int(j) for j in np.flatnonzero(moved <= np.finfo(np.float64).eps * np.linalg.norm(problem.squared(v)))]
