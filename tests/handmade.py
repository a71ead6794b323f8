"""Modules of the contract made from two formulas, for tests that need a model which is odd in one chosen way."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

Rows = Callable[[Any, Any, Any], Any]  # (w, X, y) -> one value, or one list of k partials, for each row


@dataclass(frozen=True)
class Tape:
    w: Any
    X: Any
    y: Any
    loss: Any


def module(
    weights: str,
    *,
    loss: Rows | None = None,
    partials: Rows | None = None,
    output: Rows | None = None,
    jacobian: Rows | None = None,
    features: str = "",
    target: str | None = None,
    domains: Mapping[str, tuple[float, float]] | None = None,
    start: Sequence[float] | None = None,
) -> Any:
    """A module whose rows are the given formulas.

    X reaches a formula as the tuple of its columns, and w as a tuple, so that `w[0] * X[0]` is a row-varying value. A formula
    of partials returns one value a weight; they are broadcast to the rows.
    """
    names = tuple(weights.split())
    columns = tuple(features.split())

    def call(formula: Rows, w: Any, X: Any, y: Any) -> Any:
        w = np.asarray(w)
        X = None if X is None else rows_of(X)
        with np.errstate(all="ignore"):
            return formula(tuple(w), () if X is None else tuple(X.T), y)

    def rows_of(X: Any) -> Any:
        rows = np.asarray(X)
        return rows[..., None] if len(columns) == 1 and rows.ndim < 2 else rows

    def shape(X: Any, y: Any) -> tuple[int, ...]:
        return np.shape(y) if y is not None else () if X is None else rows_of(X).shape[:-1]

    def values(formula: Rows, w: Any, X: Any, y: Any) -> Any:
        return np.broadcast_to(np.asarray(call(formula, w, X, y)), shape(X, y))[()]

    def stacked(formula: Rows, w: Any, X: Any, y: Any) -> Any:
        return np.stack([np.broadcast_to(np.asarray(part), shape(X, y)) for part in call(formula, w, X, y)], axis=-1)

    def forward(w: Any, X: Any = None, y: Any = None) -> Tape:
        return Tape(w, X, y, None if loss is None else values(loss, w, X, y))

    def backward(tape: Tape, cotangent: Any = 1.0) -> Any:
        rows = stacked(partials, tape.w, tape.X, tape.y) * np.asarray(cotangent)[..., None]
        return rows if rows.ndim == 1 else rows.sum(axis=0)

    def value_and_grad(w: Any, X: Any = None, y: Any = None, *, sample_weight: Any = None, reduction: str = "mean") -> Any:
        tape = forward(w, X, y)
        s = np.ones(np.shape(tape.loss)) if sample_weight is None else np.asarray(sample_weight)
        total = s.sum() if reduction == "mean" else 1.0
        with np.errstate(all="ignore"):
            return float(np.sum(s * tape.loss) / total), backward(tape, s) / total

    members: dict[str, Any] = {
        "ABI": 1,
        "MODEL": "handmade",
        "FEATURES": columns,
        "TARGET": target,
        "WEIGHTS": names,
        "NODES": (),
        "OUTPUTS": ("output",) if output else (),
        "METADATA": {"has_loss": loss is not None, "domains": domains or {}, "model_hash": "sha256:0"},
        "forward": forward,
        "initial_weights": lambda seed: np.array(start) if start else np.random.RandomState(seed).normal(0, 0.01, len(names)),
    }
    if loss is not None:
        members |= {
            "backward": backward,
            "value_and_grad": value_and_grad,
            "loss": lambda w, X=None, y=None, **options: value_and_grad(w, X, y, **options)[0],
            "grad": lambda w, X=None, y=None, **options: value_and_grad(w, X, y, **options)[1],
            "per_sample_grad": lambda w, X=None, y=None: stacked(partials, w, X, y),
        }
    if output is not None:
        members |= {
            "predict": lambda w, X=None: values(output, w, X, None),
            "jacobian": lambda w, X=None, _y=None: stacked(jacobian, w, X, None),
        }
    return SimpleNamespace(**members)
