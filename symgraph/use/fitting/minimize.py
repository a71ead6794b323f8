"""The search for the least sum of losses that are no squares: likelihoods, and whatever else a spec may declare."""

from typing import Any

import numpy as np

from symgraph.use.fitting.found import Found
from symgraph.use.fitting.problem import Array, Problem

_LARGE = 200
"""Free weights beyond which Hessians are left alone: k * k numbers, and k times the work of a gradient by differences."""

_AGAIN = 20
"""Most searches by L-BFGS-B from where the last one gave up, as it does where a step has met a loss that is not finite."""

METHODS = ("trust-exact", "L-BFGS-B", "SLSQP")
"""SciPy's names."""


def least_loss(problem: Problem, start: Array, method: str) -> Found:
    """Search the free weights with the least sum of losses.

    Args:
        problem: any with a loss.
        start: (f,) free weights.
        method: "auto", or one of ``METHODS``. "auto" takes trust regions with the Hessian where no weight has bounds, L-BFGS-B
            where some have or there are many weights, and SLSQP where there are constraints.
    """
    end = _search(problem, start, method)
    for _ in range(_AGAIN):
        gave_up = end.method == "L-BFGS-B" and not end.success and np.isfinite(end.cost)
        again = _search(problem, end.v, method) if gave_up else end
        if not again.cost < end.cost:
            break
        end = again._replace(calls=end.calls + again.calls, derivatives=end.derivatives + again.derivatives)
    v, taken = problem.snapped(end.v), 0
    if end.method != "SLSQP" and len(v) <= _LARGE and np.isfinite(end.cost):
        v, taken = _polished(problem, v)
    converged = end.success or _is_flat(problem, v)
    message = end.message if converged == end.success else "the gradient is as small as rounding lets it be"
    calls, derivatives = end.calls + taken, end.derivatives + taken
    return Found(v, problem.value_and_grad(v)[0], converged, message, end.method, calls, derivatives)


def _search(problem: Problem, start: Array, method: str) -> Found:
    from scipy.optimize import minimize

    limits = _constraints(problem)
    by_hessian = not problem.is_bounded and len(start) <= _LARGE
    taken = method if method != "auto" else "SLSQP" if limits else "trust-exact" if by_hessian else "L-BFGS-B"
    how: dict[str, Any] = {"options": {"maxiter": 2000}}
    if taken == "trust-exact":
        how |= {"hess": problem.hessian}
        how["options"] |= {"gtol": 1e-10 * max(1.0, abs(problem.value_and_grad(start)[0]))}
    elif taken == "L-BFGS-B":
        how |= {"bounds": np.column_stack([problem.lower, problem.upper])}
        how["options"] |= {"ftol": 1e-15, "gtol": 1e-10, "maxfun": 20000}
    else:
        how |= {"bounds": np.column_stack([problem.lower, problem.upper]), "constraints": limits}
        how["options"] |= {"ftol": 1e-12}
    try:
        with np.errstate(all="ignore"):
            end = minimize(problem.value_and_grad, start, jac=True, method=taken, **how)
    except (ValueError, np.linalg.LinAlgError) as error:  # losses or slopes that are not finite
        return Found(start, np.inf, success=False, message=str(error), method=taken, calls=1, derivatives=1)
    cost = problem.value_and_grad(end.x)[0]  # SciPy's may be that of the last step, which led too far
    return Found(end.x, cost, bool(end.success), str(end.message), taken, end.nfev, end.nfev)


def _constraints(problem: Problem) -> tuple[Any, ...]:
    """Return the model's constraints as SciPy takes them, functions of the free weights."""
    from scipy.optimize import NonlinearConstraint

    module: Any = problem.module
    if not hasattr(module, "constraints"):
        return ()
    low, high = np.array(list(module.METADATA["constraints"].values())).T
    return (
        NonlinearConstraint(
            lambda v: module.constraints(problem.all_weights(v)),
            low,
            high,
            jac=lambda v: module.constraints_jacobian(problem.all_weights(v))[:, problem.free],
        ),
    )


def _polished(problem: Problem, v: Array) -> tuple[Array, int]:
    """Take Newton steps from a minimum until they no longer get shorter; weights at a bound stay there."""
    inner, last, taken = ~problem.at_bound(v), np.inf, 0
    value, gradient = problem.value_and_grad(v)
    with np.errstate(all="ignore"):
        while inner.any() and taken < 20:
            H = problem.hessian(v)[np.ix_(inner, inner)]
            scale = np.sqrt(np.abs(np.diag(H)))
            if not (np.isfinite(H).all() and (scale > 0).all()):
                break
            try:
                root = np.linalg.cholesky(H / np.outer(scale, scale))
            except np.linalg.LinAlgError:  # no minimum in all directions
                break
            step = -np.linalg.solve(root.T, np.linalg.solve(root, gradient[inner] / scale)) / scale
            moved = v.copy()
            moved[inner] += step
            moved = problem.inside(moved)
            length, taken = float(np.max(np.abs(step) * scale)), taken + 1
            then, slopes = problem.value_and_grad(moved)
            rounding = problem.rows.n * np.finfo(np.float64).eps * max(1.0, abs(value))
            if not (length < last / 2 and then <= value + rounding):
                break
            v, value, gradient, last = moved, then, slopes, length
    return v, taken


def _is_flat(problem: Problem, v: Array) -> bool:
    """Tell if a Newton step from there would change the sum by no more than rounding does."""
    value, gradient = problem.value_and_grad(v)
    inner = ~problem.at_bound(v)
    if not np.isfinite(gradient).all() or len(v) > _LARGE:
        return False
    H = problem.hessian(v)[np.ix_(inner, inner)]
    try:
        gain = float(gradient[inner] @ np.linalg.solve(H, gradient[inner]))
    except np.linalg.LinAlgError:
        return False
    return 0.0 <= gain <= 1e-12 * max(1.0, abs(value))
