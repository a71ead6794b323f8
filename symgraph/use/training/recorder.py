"""A callback that keeps the weights of every epoch."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from symgraph.data.rows import Array, as_rows
from symgraph.errors import OptionError
from symgraph.runtime.generated_module import GeneratedModule
from symgraph.use.training.history import EpochEnd


class Recorder:
    """Callback of ``train`` that records the weights before the first epoch and after each, for plots and tables.

    A recorder serves one run and its continuations.

    Attributes:
        first_epoch: the number of epochs done at the first weights; 0 unless the run goes on from a state.
    """

    def __init__(self) -> None:
        self.first_epoch = 0
        self._vectors: list[Array] = []

    def __call__(self, end: EpochEnd) -> None:
        if not self._vectors:
            self.first_epoch = end.epoch - 1
            self._vectors.append(end.previous)
        self._vectors.append(end.weights)

    @property
    def weights(self) -> Array:
        """Return the weights, (epochs + 1, k): before the first epoch, and after each.

        Raises:
            OptionError: no run has called the recorder yet.
        """
        if not self._vectors:
            raise OptionError("the recorder has nothing: give it to a run, train(..., callbacks=[recorder])")
        return np.array(self._vectors)

    def gradient_norms(self, module: GeneratedModule, X: Any = None, y: Any = None) -> NDArray[np.float64]:
        """Compute the norm of the gradient of the mean loss over rows, before the first epoch and after each.

        Args:
            module: the module that was trained, of the numpy backend.
            X: (n, d) rows, as for ``train``.
            y: (n,) targets, as for ``train``.

        Returns:
            (epochs + 1,) Euclidean norms.

        Raises:
            OptionError: no run has called the recorder yet.
            DataError: X or y do not fit the model.
        """
        rows = as_rows(module, X, y)
        with np.errstate(over="ignore"):  # of a run that diverges, before its loss is infinite
            return np.array([np.linalg.norm(module.grad(w.astype(np.float64), rows.X, rows.y)) for w in self.weights])
