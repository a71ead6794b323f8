"""Training row by row as anyone would write it with a scalar module: the yardstick of every loop."""

import math
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from built import MODELS, artifacts, sample, texts_of

from symgraph import Model, load
from symgraph.generate import generate
from symgraph.io.module import GeneratedModule
from symgraph.training import Optimizer, TrainResult, shuffled, train


class Built(NamedTuple):
    """The modules of a model, in files beside each other."""

    arrays: GeneratedModule
    scalar: Any


def build(folder: Path, model: str | Model, *, with_c: bool = False) -> Built:
    """Write the modules of a model, of the zoo or another, into a folder, and load them from there."""
    made = MODELS[model]() if isinstance(model, str) else model
    texts = [*(artifacts(model) if isinstance(model, str) else texts_of(made)), *(generate(made, ("c",)) if with_c else ())]
    for artifact in texts:
        (folder / artifact.name).write_text(artifact.text, encoding="utf-8")
    return Built(load(folder / texts[0].name, backend="numpy"), load(folder / texts[1].name))


def data(name: str, rows: int) -> tuple[Any, Any, Any]:
    """Initial weights, X and y for a model of the zoo; one row where it has no data."""
    w, X, y = sample(name, rows=rows)
    return w, (X[:, 0] if X is not None and X.shape[1] == 1 else X), y


def train_in_order(*given: Any, **run: Any) -> TrainResult:
    """Train with the rows in the order of the file, unless a test shuffles them."""
    return train(*given, **{"shuffle": False, **run})


class End(NamedTuple):
    """Where a run ends."""

    weights: list[float]
    slots: list[list[float]]


def train_plainly(
    scalar: ModuleType,
    start: Any,
    X: Any,
    y: Any,
    optimizer: Optimizer,
    epochs: int,
    *,
    seed: int | None = None,
    max_norm: float | None = None,
) -> End:
    """Train with one update a row on Python floats, the rule called for each weight.

    Args:
        scalar: the module.
        start: (k,) the weights.
        X: (n, d), (n,) or None.
        y: (n,) or None.
        optimizer: its rule, its rate and its slots.
        epochs: how many.
        seed: of the order of the rows; None is the order they have.
        max_norm: the norm that gradients are shortened to.
    """
    update = optimizer.rule(math.sqrt)
    w, n, step = list(map(float, start)), 1 if X is None and y is None else len(y if X is None else X), 0
    slots = [[0.0] * len(w) for _ in range(optimizer.slots)]
    for epoch in range(epochs):
        order = range(n) if seed is None else shuffled(n, seed, epoch)
        for i in order:
            step += 1
            grad = [0.0] * len(w)
            scalar.row(w, [] if X is None else np.atleast_1d(X[i]).tolist(), 0.0 if y is None else float(y[i]), grad)
            if max_norm is not None:
                grad = shortened(grad, max_norm)
            for j, g in enumerate(grad):
                w[j], kept = update(w[j], g, tuple(slot[j] for slot in slots), step, optimizer.rate_at(epoch))
                for slot, value in zip(slots, kept, strict=True):
                    slot[j] = value
    return End(w, slots)


def shortened(grad: list[float], max_norm: float) -> list[float]:
    """Clip by norm in the order of the components, with the norm in units of the largest one."""
    largest = max(map(abs, grad))
    if largest == 0.0:
        return grad
    square = 0.0
    for g in grad:
        square += (g / largest) * (g / largest)
    longest = max_norm / math.sqrt(square)
    return [g / largest * longest for g in grad] if largest > longest else grad
