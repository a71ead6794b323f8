"""Training row by row as anyone would write it with a scalar module: the yardstick of every loop."""

import math
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from built import MODELS, artifacts, sample, texts_of
from own_rules import HIDING

from symgraph import Model, load
from symgraph.compiler.generate import generate
from symgraph.runtime.generated_module import GeneratedModule
from symgraph.use.training import Failure, Optimizer, TrainResult, adam, clip_by_norm, clip_by_value, sgd, shuffled, train


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
    """Train with one update a row on Python floats, the rule called for each weight; without a seed in the rows' order."""
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


class Fault(NamedTuple):
    """A run that meets a number that is not finite, and what it is to say of it."""

    model: str
    X: Any
    y: Any
    run: dict[str, Any]
    failure: Failure


def faults() -> list[Fault]:
    """Losses, gradients, weights and states that stop being finite, of the founding model and of a line."""
    random = np.random.default_rng(3)
    w, X, y = random.normal(0.0, 0.3, 9), random.uniform(-1, 1, (60, 5)), random.normal(size=60)
    spoilt, spoilt_X = y.copy(), X.copy()
    spoilt[[17, 40]], spoilt_X[17, 2] = np.nan, np.inf  # math.sin raises there
    nine, line = {"w0": w, "optimizer": adam()}, {"w0": np.zeros(2)}
    steep = np.array([0.0, 1e200]), np.array([0.0, 1e150])  # the loss (1e150)**2 is finite, its derivative 2e150 * 1e200 is not
    gradient = Failure(1, 1, "gradient")
    return [
        Fault("nine", X, spoilt, nine, Failure(1, 17, "loss")),
        Fault("nine", spoilt_X, y, nine, Failure(1, 17, "loss")),
        Fault("line", *steep, line | {"optimizer": sgd()}, gradient),
        Fault("line", *steep, line | {"optimizer": sgd(), "clip": clip_by_norm(1.0)}, gradient),
        Fault("line", *steep, line | {"optimizer": sgd(), "clip": clip_by_value(1.0)}, gradient),
        Fault("line", *steep, line | {"optimizer": sgd(), "clip": lambda grad: np.zeros(2)}, gradient),
        Fault("line", [1e200], [1e150], line | {"optimizer": HIDING}, Failure(1, 0, "gradient")),
        Fault("line", np.ones(3), np.array([0.0, 1e10, 1e10]), line | {"optimizer": sgd(1e300)}, Failure(1, 1, "weights")),
        # A gradient of 1e200: its square in Adam's state is infinite, and holds the weights still.
        Fault("line", [1e100], [1e100], line | {"optimizer": adam()}, Failure(1, None, "optimizer state")),
        # The update by row 1 takes a to 2e100, where the square at row 0 overflows.
        Fault("line", [1e60, 1.0], [0.0, 1e100], line | {"optimizer": sgd(1.0)}, Failure(1, 0, "loss")),
    ]


def assert_all_fail_alike(fault: Fault, built: Built, backends: tuple[str, ...]) -> None:
    """See that runs by all backends fail as a fault says, and keep the same weights."""
    results = [train_in_order(built.arrays, fault.X, fault.y, backend=name, epochs=3, **fault.run) for name in backends]
    for name, result in zip(backends, results, strict=True):
        assert (result.failure, result.reason) == (fault.failure, "non-finite")
        assert result.backend == name or callable(fault.run.get("clip"))
        assert np.isfinite(result.weights).all()
        assert len(result.losses) == result.epochs == fault.failure.epoch - 1
        np.testing.assert_allclose(result.weights, results[0].weights, rtol=1e-12)
