"""Doubts about a run of training, in words: it has not converged, it cycles, the order of the rows leads it astray."""

from typing import Any, cast

import numpy as np

from symgraph.data.rows import as_rows
from symgraph.data.stream import Stream
from symgraph.runtime.generated_module import GeneratedModule
from symgraph.runtime.natural import natural_names
from symgraph.use.training.history import TrainResult
from symgraph.use.training.limits import limits_of

_SMALL = 0.01
"""Share of the rows' gradients that may be left of their sum at an end that counts as one."""
_SHAKES = 1e-3
"""Relative height of ups and downs of the loss above which a run cycles."""
_FEW = 10
"""Rows below which an order tells nothing."""


def doubts(trained: GeneratedModule | Stream, X: Any, y: Any, result: TrainResult) -> tuple[str, ...]:
    """List reasons why the weights of a run may not be at a minimum.

    At a minimum the gradients of the rows cancel. For each weight their sum is compared with the sum of their sizes, a ratio
    that does not depend on the scale of weights or loss.

    Args:
        trained: the module, with `per_sample_grad`, or the stream of one.
        X: (n, d) rows; None of a stream.
        y: (n,) target; None of a stream.
        result: of `train` on them; rows that it held out do not count.

    Returns:
        A line for each reason, the last one about convergence; none if the run was cut short, which its result says.
    """
    if result.reason in ("non-finite", "interrupted") or not result.epochs:
        return ()
    w, rows, module = result.weights, None, cast("Any", trained)
    if isinstance(trained, Stream):
        module, blocks = trained.module, trained.blocks()
    else:
        rows = as_rows(module, X, y)
        if result.held_out is not None:
            rows = rows.only(np.setdiff1d(np.arange(rows.n), result.held_out))
        blocks = iter([(rows.X, rows.y)])
    n, whole, sizes = 0, np.zeros(len(w)), np.zeros(len(w))
    for one in blocks:
        parts = np.reshape(module.per_sample_grad(w, *one), (-1, len(w)))
        n, whole, sizes = n + len(parts), whole + parts.sum(axis=0), sizes + np.abs(parts).sum(axis=0)
    if hasattr(module, "penalty"):
        slope = module.penalty(w)[1]
        whole, sizes = whole + slope, sizes + np.abs(slope)
    norm = float(np.linalg.norm(whole) / n)
    left = np.abs(whole) / np.where(sizes > 0.0, sizes, 1.0)
    limits = limits_of(module, w)
    if limits is not None:  # a weight at a bound may have a gradient that leads beyond it
        left[(w <= limits.low) | (w >= limits.high)] = 0.0
    found = [f"{line}, those after epoch {result.best_epoch}" for line in _cycles(result.losses)]
    if rows is not None and not result.shuffle and result.batch_size < n and n >= _FEW:
        found += _order(module, rows.X, rows.y)
    if np.max(left) > _SMALL:
        name, share = natural_names(module.WEIGHTS, module.METADATA)[int(np.argmax(left))], f"{np.max(left):.0%}"
        found.append(
            f"not converged: the gradient's norm is {norm:.3g}, and {share} of the rows' gradients by {name} are left over; "
            "try more epochs, another learning rate, or `symgraph fit`"
        )
    return tuple(found)


def _cycles(losses: Any) -> list[str]:
    """Tell of a loss that goes up and down at its end."""
    tail = losses[len(losses) // 2 :]
    steps = np.diff(tail)
    height, least = float(np.ptp(tail)), float(np.min(np.abs(tail)))
    ups = int(np.sum(steps > 0.0))
    if len(steps) < _FEW or min(ups, len(steps) - ups) < len(steps) // 5 or height <= _SHAKES * least:
        return []
    if losses[-1] - np.min(losses) <= _SHAKES * least:  # the last weights are the best, as a rate that falls makes them
        return []
    between = f"{tail.min():.6g} and {tail.max():.6g}"
    return [f"the loss goes up and down between {between}; lower the learning rate, or take the best weights"]


def _order(module: GeneratedModule, X: Any, y: Any) -> list[str]:
    """Tell of rows that are sorted, which unshuffled updates follow instead of the mean."""
    columns = {} if X is None else dict(zip(module.FEATURES, np.reshape(X, (len(X), -1)).T, strict=True))
    if y is not None and y.ndim == 1:
        columns[str(module.TARGET)] = y
    for name, column in columns.items():
        steps = np.diff(column)
        if np.ptp(column) > 0.0 and (np.all(steps >= 0.0) or np.all(steps <= 0.0)):
            return [f"the rows are sorted by {name} and visited in that order, which leads updates astray; shuffle them"]
    return []
