"""The public function ``fit``: it checks what it is given, searches, and puts a result together."""

import math
import time
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.data.extra import library
from symgraph.data.options import count
from symgraph.data.rows import Rows, as_sigma, as_weights, own_rows, refuse_outside
from symgraph.data.stream import Stream
from symgraph.errors import OptionError, SpecError, WeightsError, did_you_mean
from symgraph.module_functions import HESSIAN, HVP
from symgraph.runtime.facts import ArrayLike
from symgraph.runtime.weights import range_of_each
from symgraph.use.fitting.doubts import warnings_of
from symgraph.use.fitting.found import Found, best_of
from symgraph.use.fitting.natural import bounds_of, check_pair, fixed_of, natural_of, start_of
from symgraph.use.fitting.orthogonal import Orthogonal, checked_sigma_x
from symgraph.use.fitting.problem import Array, Problem, by_name
from symgraph.use.fitting.result import FitResult
from symgraph.use.fitting.search import methods_of, search
from symgraph.use.fitting.starts import best_end, is_searched_from_several, search_from_several
from symgraph.use.fitting.statistics import covariance
from symgraph.use.fitting.streamed import StreamProblem, rows_of
from symgraph.use.training.keywords import OF_FITS, explains

_BY_ENTRIES = 20
"""Most weights of a model whose Hessian is compiled entry by entry; a C compiler takes seconds for more, and for its products
with vectors about as long as for the gradient."""


class FitWarning(UserWarning):
    """Warning about a fit whose result should not be used before the warning is understood."""


@explains(OF_FITS)
def fit(
    module: Any,
    X: ArrayLike | None = None,
    y: ArrayLike | None = None,
    start: ArrayLike | None = None,
    *,
    sigma: ArrayLike | None = None,
    sigma_x: Any = None,
    absolute_sigma: bool = False,
    bounds: Any = None,
    fixed: Any = None,
    method: str = "auto",
    starts: int | None = None,
    seed: int = 0,
) -> FitResult:
    """Find the weights that minimize the sum of the losses, and their standard errors.

    A model with a residual is fitted by least squares or a robust loss; a model with a likelihood by maximum likelihood; a
    model with another loss by the minimum of its sum. Weights stay within the bounds of the spec.

    Args:
        module: a generated module with a loss, or a `symgraph.Model`, which is compiled; or a `symgraph.stream` of one.
        X: (n, d) rows, with one feature also (n,); a frame or mapping by the names of its columns; None without features.
        y: (n,) target, (n, p) of several; None without a target, or where X is a table that has it.
        start: (k,) weights as the module's functions take them; or numbers by the names of weights, natural values such as
            ``s`` of ``model.positive("s")``, the others then being drawn; None draws all from their laws. What is drawn is
            moved into its bounds.
        sigma: standard deviations of the observations, one, or one for each, of the shape of y: residuals are divided by them.
        sigma_x: standard deviations of the features: one, one per column, or one per value, of the shape of X; or by the names
            of columns, where others are exact. With it the fit minimizes distances from the curve; a module must have been
            built with `feature_jacobian`.
        absolute_sigma: standard errors follow from sigma alone; else only ratios of sigma count, and standard errors
            follow from the scatter about the fit.
        bounds: ranges by the names of weights, natural values too, or a pair (lower, upper) as SciPy takes them, of the vector;
            in place of the spec's.
        fixed: names of weights that are to stay at the start, or their (natural) values by name; beside the spec's.
        method: "auto"; for least squares "trf", "dogbox", or "lm" without bounds and robust losses; else "trust-exact",
            "L-BFGS-B" or "SLSQP", as SciPy has them.
        starts: from how many starts to search: 1 for the given one alone; more, the others drawn from the laws of the weights,
            or about the given one where these are no laws with a spread. None is 1, but for least squares in memory of at most
            20 weights, not all of them linear: then the given one, the best of 60 about it, and where that is not enough the
            best of some hundreds that are drawn from the data.
        seed: of what is drawn.

    Returns:
        The result; ``print`` shows its report.

    Raises:
        OptionError: an option is invalid; the message says why.
        DataError: X, y or sigma do not fit the model, or a row has a number that is not finite.
        WeightsError: start does not fit the model or its bounds, or the loss is not finite there.

    Warns:
        FitWarning: the fit should not be used as it is; the result's ``warnings`` say why, and what helps.

    Example:
        >>> from symgraph import Model, fit
        >>> result = fit(Model.from_formula("y ~ a*x + b", ("x", "y")), [0.0, 1.0, 2.0], [1.0, 3.0, 5.1])
        >>> {name: round(value, 3) for name, value in result.values.items()}
        {'a': 2.05, 'b': 0.983}
    """
    begun = time.perf_counter()
    library("scipy", "fit", "fits", "need")
    stream = module if isinstance(module, Stream) else None
    if stream is not None and not (X is None and y is None and sigma_x is None):
        raise OptionError("a stream has its rows; leave X and y out, and sigma_x, which is for rows in memory")
    module = module_of(module if stream is None else stream.module, () if sigma_x is None else ("feature-jacobian",))
    rows = rows_of(stream) if stream else own_rows(module, X, y)
    seed = count("seed", seed, at_least=0, at_most=2**32 - 1)
    problem = problem_of(module, rows, start, bounds, fixed, seed)
    if stream is not None:
        problem = problem.turned_into(StreamProblem, stream=stream)
    if sigma is not None or absolute_sigma:
        problem = with_sigma(problem, sigma, absolute_sigma)
    if sigma_x is not None:
        problem = problem.turned_into(Orthogonal, sigma_x=checked_sigma_x(problem, sigma_x))
    return solved(problem, method, starts, seed, begun)


def solved(problem: Problem, method: str, starts: int | None, seed: int, begun: float) -> FitResult:
    """Search a problem and put its result together; see ``fit``.

    Args:
        problem: what is to be fitted.
        method: as for ``fit``.
        starts: as for ``fit``.
        seed: as for ``fit``, checked.
        begun: the time at which the fit began.
    """
    module, begin = problem.module, problem.start[problem.free]
    _check_start(problem, begin)
    if method != "auto" and method not in methods_of(problem):
        methods = methods_of(problem)
        asked = f"not {method!r}{did_you_mean(method, methods)}"
        raise OptionError(f"method must be one of {', '.join(methods)} for {module.MODEL}, {asked}")
    if not len(begin):
        raise OptionError(f"every weight of {module.MODEL} is fixed; leave one free")
    if starts is None:
        found = _end(problem, begin, method, seed)
    else:
        begins = [begin, *_others(problem, count("starts", starts) - 1, seed)]
        ends = [_end(problem, one, method, None) for one in begins]
        found = ends[0] if len(ends) == 1 else best_end(problem, ends, begin)
    is_regular = found.at is not None and found.at.regular and not problem.is_exact(found.v)
    known = None if is_regular else covariance(problem, found)
    told = warnings_of(problem, found, known)
    for one in told:
        warnings.warn(f"{module.MODEL}: {one}", FitWarning, stacklevel=3)
    return FitResult(problem, found, known, told, time.perf_counter() - begun)


def module_of(given: Any, extras: tuple[str, ...] = ()) -> Any:
    """Return a module with a loss; a model is compiled with some extras, and its Hessian where it has no residual."""
    if not hasattr(given, "WEIGHTS"):
        return compiled(given, extras)
    if not hasattr(given, "value_and_grad") or not hasattr(given, "pack"):
        raise OptionError(f"{given.MODEL} is no module with a loss for arrays; build its numpy module, with model.loss(...)")
    return given


def compiled(model: Any, extras: tuple[str, ...] = ()) -> Any:
    """Compile a model with what its fit uses: second derivatives where it has a loss and no residual.

    Args:
        model: a Model.
        extras: what else the module is to have.

    Raises:
        OptionError: it is no Model.
    """
    from symgraph.project.build.modules import compile  # noqa: A004  what users call as symgraph.compile
    from symgraph.spec.model import Model
    from symgraph.spec.residuals import residual_of

    if not isinstance(model, Model):
        raise OptionError(f"fit needs a module or a Model, not {model!r:.60}; Model.from_formula makes one of a text")
    if model.freeze().loss_expr is None:
        declare = "declare model.loss(...) or model.residual(...)"
        raise OptionError(f"{model.name} has no loss, so nothing says what fits best; {declare}")
    if residual_of(model).reason and model.loss_expr is not None:
        second = HESSIAN if len(model.weight_inputs) <= _BY_ENTRIES else HVP
        try:
            return compile(model, extras=(second, *extras))
        except SpecError:  # of such a model Hessians are refused, and differences of its gradient will do
            return compile(model, extras=extras)
    return compile(model, extras=extras)


def problem_of(module: Any, rows: Rows, start: Any, bounds: Any, fixed: Any, seed: int) -> Problem:
    names, metadata, natural = module.WEIGHTS, module.METADATA, natural_of(module)
    start, bounds = start_of(natural, start), bounds_of(natural, bounds)
    held: dict[str, Any] = dict.fromkeys(metadata.get("fixed", ()))
    held |= by_name("fixed", fixed_of(natural, fixed_by_name(fixed)), names)
    w = _start(module, start, seed)
    for name, value in held.items():
        if value is not None:
            w[names.index(name)] = _number(f"fixed weight {name}", value)
    low, high = _ranges(names, metadata.get("bounds", {}) if bounds is None else bounds)
    free = np.array([j for j, name in enumerate(names) if name not in held], np.intp)
    given = [names.index(name) for name, value in held.items() if value is not None]
    refuse_outside("fixed", [natural.names[j] for j in given], *(natural.values(one)[given] for one in (w, low, high)))
    if start is None or isinstance(start, Mapping):
        drawn = [j for j in free if start is None or names[j] not in start]
        w[drawn] = np.clip(w[drawn], low[drawn], high[drawn])
    refuse_outside("start", [natural.names[j] for j in free], *(natural.values(one)[free] for one in (w, low, high)))
    return Problem(module, rows, w, free, low[free], high[free])


def fixed_by_name(fixed: Any) -> Mapping[str, Any]:
    """Return the values of the weights that are to stay, by name; None for one that stays at the start.

    Raises:
        OptionError: ``fixed`` is neither None, names, nor a mapping.
    """
    if isinstance(fixed, Mapping):
        return fixed
    try:
        return dict.fromkeys(() if fixed is None else (fixed,) if isinstance(fixed, str) else fixed)
    except TypeError as error:
        raise OptionError(f"fixed must be names of weights, or values by their names, not {fixed!r}") from error


def _start(module: Any, start: Any, seed: int) -> Array:
    names = module.WEIGHTS
    if start is None:
        return np.array(module.initial_weights(seed), np.float64)
    if isinstance(start, Mapping) and not set(names) <= set(start):
        drawn = np.array(module.initial_weights(seed), np.float64)
        for name, value in by_name("start", start, names).items():
            drawn[names.index(name)] = _number(f"start {name}", value)
        return drawn
    return np.array(as_weights(module, start, "start"), np.float64)


def _number(what: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not math.isfinite(value):
        raise WeightsError(f"{what} must be a finite number, not {value!r}")
    return float(value)


def _ranges(names: tuple[str, ...], bounds: Any) -> tuple[Array, Array]:
    """Return the least and the greatest value of each weight, of ranges by name or a pair as SciPy takes them."""
    if isinstance(bounds, Mapping):
        for name, pair in by_name("bounds", bounds, names).items():
            check_pair(name, pair)
        pairs = {
            name: (-math.inf if low is None else float(low), math.inf if high is None else float(high))
            for name, (low, high) in bounds.items()
        }
        low, high = range_of_each(names, pairs)
    else:
        try:
            low, high = (np.array(np.broadcast_to(np.asarray(end, np.float64), len(names))) for end in bounds)
        except (TypeError, ValueError) as error:
            raise OptionError(
                f"bounds must be ranges by the names of weights, or a pair (lower, upper) of numbers or of {len(names)} each"
            ) from error
    wrong = [j for j in range(len(names)) if not low[j] < high[j]]
    if wrong:
        name, j = names[wrong[0]], wrong[0]
        raise OptionError(f"bounds of {name} are {low[j]:g} to {high[j]:g}; the lower must be below the upper, else fix it")
    return low, high


def with_sigma(problem: Problem, sigma: Any, absolute_sigma: bool) -> Problem:
    """Return the problem with the standard deviations of its residuals."""
    module = problem.module
    stated = hasattr(module, "residual") and not problem.is_difference
    if sigma is None:
        if absolute_sigma and not stated:
            raise OptionError("absolute_sigma says that sigma is known; give sigma, or leave it out")
        return replace(problem, absolute_sigma=bool(absolute_sigma))
    if not hasattr(module, "residual"):
        why = f"the likelihood {module.METADATA['likelihood']}" if module.METADATA.get("likelihood") else "a loss of its own"
        raise OptionError(f"sigma belongs to least squares, and {module.MODEL} has {why}; leave it out")
    if stated:
        raise OptionError(
            f"the residual of {module.MODEL} is not the prediction less the target, so it states its own scale; leave sigma out"
        )
    if problem.robust or problem.has_penalty:
        what = "robust loss" if problem.robust else "penalty"
        raise OptionError(f"{module.MODEL} has a {what}, which is in units of its residual; declare residual (y_hat - y)/sigma")
    return replace(problem, sigma=as_sigma(sigma, problem.rows.y), absolute_sigma=bool(absolute_sigma))


def _check_start(problem: Problem, v: Array) -> None:
    with np.errstate(all="ignore"):
        if problem.is_plain_squares:
            r, gradient = problem.squared(v), problem.slopes(v)
            value = 0.5 * float(r @ r)
        else:
            value, gradient = problem.value_and_grad(v)
    if math.isfinite(value) and np.isfinite(gradient).all():
        return
    what = f"the sum of the losses is {value}" if not math.isfinite(value) else "a derivative is not finite"
    bad = _rows_at_fault(problem, v)
    text = f"{problem.module.MODEL}: {what} at the start; give another one"
    if not len(bad):
        raise WeightsError(f"{text}{', or data in units that are not so large' if math.isinf(value) else ''}")
    left_out = f"leave out {len(bad)} of {problem.rows.n} rows"
    raise WeightsError(f"{text}, or {left_out}: the residual of row {bad[0]} (counted from 0) is not finite").at_row(bad[0])


def _rows_at_fault(problem: Problem, v: Array) -> NDArray[np.int64]:
    """Return the rows with a residual that is not finite, where others have one."""
    if not (problem.has_residual and problem.rows.given):
        return np.empty(0, np.int64)
    bad = np.flatnonzero(~np.isfinite(problem.residual(v)))
    return bad if len(bad) < problem.rows.n else bad[:0]


def _others(problem: Problem, number: int, seed: int) -> list[Array]:
    """Return further starts: drawn from the laws of the weights; about the given start for weights whose law has no spread."""
    if not number:
        return []
    rng, free = np.random.default_rng(seed), problem.free
    given, first = problem.start[free], np.asarray(problem.module.initial_weights(seed), np.float64)[free]
    begins: list[Array] = []
    for tried in range(50 * number):
        if len(begins) == number:
            break
        drawn = np.asarray(problem.module.initial_weights((seed + 1 + tried) % 2**32), np.float64)[free]
        about = given + np.maximum(np.abs(given), 1.0) * rng.normal(size=len(given))
        v = problem.inside(np.where(drawn == first, about, drawn))
        value, gradient = problem.value_and_grad(v)
        if math.isfinite(value) and np.isfinite(gradient).all():
            begins.append(v)
    return begins


def _end(problem: Problem, begin: Array, method: str, seed: int | None) -> Found:
    """Search from a start, with a seed from others too that are drawn with it.

    With errors in x the search also begins where a fit without them leads, and the better counts.
    """
    if problem.sigma_x is None:
        if seed is not None and is_searched_from_several(problem):
            return search_from_several(problem, begin, method, seed)
        return search(problem, begin, method)
    plain = _end(problem.turned_into(Problem, sigma_x=None), begin, method, seed)
    return best_of([search(problem, one, method) for one in (begin, plain.v)])
