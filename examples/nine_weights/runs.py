"""The notebook's three training runs, with all that it did in its own way.

It starts each epoch with the moments at 0, divides both of Adam's moments by the constant 1 - beta1**2, and stops when no
weight has increased by more than the tolerance, however far it may have decreased. None of that is in `symgraph.training`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from examples.nine_weights import notebook
from symgraph.runtime.generated_module import GeneratedModule
from symgraph.training import Clip, Failure, Optimizer, Parameter, as_rows, batches, momentum, run_epoch, sgd

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Setup:
    """A run as the notebook set it up.

    Attributes:
        name: what it is called.
        optimizer: its rule with its rate.
        tolerance: the increase that no weight exceeds at the stop.
        stops_at: the epoch after which the notebook's run stopped.
        chaotic: whether a change in the last bit moves the stop.
    """

    name: str
    optimizer: Optimizer
    tolerance: float
    stops_at: int
    chaotic: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A run as it went.

    Attributes:
        setup: what was run.
        clip: how gradients were clipped, or None.
        weights: (epochs + 1, 9); entry i is the vector before epoch i.
        losses: (epochs,) the mean loss over all rows after each epoch.
        stopped_at: the epoch after which the stop was met, or None.
        failure: where a value stopped being finite, or None.
    """

    setup: Setup
    clip: Clip | None
    weights: Array
    losses: Array
    stopped_at: int | None
    failure: Failure | None

    @property
    def name(self) -> str:
        """The setup's name, and whether gradients were clipped."""
        return self.setup.name if self.clip is None else f"{self.setup.name}, clipped"


def _adam_rule(sqrt: Any, *, beta1: float, beta2: float, epsilon: float) -> Any:
    """Adam with the notebook's constant in place of the bias corrections."""
    correction = 1.0 - beta1**2

    def update(w: Any, g: Any, slots: tuple[Any, ...], step: int, rate: float) -> tuple[Any, tuple[Any, ...]]:
        m, v = slots
        m = beta1 * m + (1.0 - beta1) * g
        v = beta2 * v + (1.0 - beta2) * (g * g)
        return w - rate * (m / correction) / (sqrt(v / correction) + epsilon), (m, v)

    return update


_ADAM = Optimizer(
    "the notebook's adam",
    _adam_rule,
    slots=2,
    rate=0.001,
    parameters=(Parameter("beta1", 0.9, below=1.0), Parameter("beta2", 0.99, below=1.0), Parameter("epsilon", 1e-7)),
)

SETUPS = (
    Setup("vanilla", sgd(0.1), tolerance=1e-3, stops_at=62),
    Setup("momentum", momentum(0.1, gamma=0.9), tolerance=1e-3, stops_at=27),
    Setup("adam", _ADAM, tolerance=1e-2, stops_at=25, chaotic=True),
)


def initial_weights(count: int) -> Array:
    """The weights that all runs start from."""
    return notebook.DEVIATION * np.random.RandomState(notebook.SEED).randn(count)


def train_as_notebook(module: GeneratedModule, X: Array, y: Array, setup: Setup, clip: Clip | None = None) -> Run:
    """Train as the notebook did.

    Args:
        module: the module of the founding model.
        X: (n, 5) the rows, in the order of the file.
        y: (n,) the targets.
        setup: which run.
        clip: changes each gradient before it is used; the notebook did not clip.
    """
    rows = as_rows(module, X, y)
    vectors: list[NDArray[np.floating[Any]]] = [initial_weights(len(module.WEIGHTS))]
    losses: list[float] = []
    for epoch in range(notebook.EPOCHS):
        fresh = setup.optimizer.init(vectors[-1], epoch=epoch)  # the moments are forgotten
        end = run_epoch(module, rows, vectors[-1], fresh, optimizer=setup.optimizer, batches=batches(rows.n, 1), clip=clip)
        if end.failure is not None:
            return Run(setup, clip, np.array(vectors), np.array(losses), None, end.failure)
        vectors.append(end.weights)
        losses.append(module.loss(end.weights, X, y))
        if not np.any(vectors[-1] - vectors[-2] > setup.tolerance):
            return Run(setup, clip, np.array(vectors), np.array(losses), epoch, None)
    return Run(setup, clip, np.array(vectors), np.array(losses), None, None)
