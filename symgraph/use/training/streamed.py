"""Training on rows that are read in blocks: every epoch is one update with the mean gradient of all rows."""

from typing import Any, cast

import numpy as np

from symgraph.data.rows import as_weights
from symgraph.data.stream import Stream
from symgraph.errors import OptionError
from symgraph.runtime.generated_module import GeneratedModule


class StreamedModule:
    """A stream in the form of a module without features and target, whose loss is the mean over the stream's rows.

    Args:
        stream: the rows.
    """

    FEATURES: tuple[str, ...] = ()
    TARGET = None

    def __init__(self, stream: Stream) -> None:
        module = stream.module
        self.MODEL, self.WEIGHTS, self.OUTPUTS, self.METADATA = module.MODEL, module.WEIGHTS, module.OUTPUTS, module.METADATA
        self.stream, self.pack = stream, module.pack
        if hasattr(module, "initial_weights"):
            self.initial_weights = module.initial_weights

    def value_and_grad(self, w: Any, X: None, y: None) -> tuple[float, Any]:
        """Compute the mean loss and its gradient."""
        return self.stream.value_and_grad(w)

    def loss(self, w: Any, X: None, y: None) -> float:
        """Compute the mean loss."""
        return self.stream.loss(w)


def streamed_run(stream: Stream, X: Any, y: Any, batch_size: Any, backend: str, w0: Any) -> tuple[GeneratedModule, Any]:
    """Return the module and the initial weights that train the weights of a stream.

    Raises:
        OptionError: an option asks for what a stream cannot do, or the model has no loss.
    """
    if not (X is None and y is None):
        raise OptionError("a stream has its rows; leave X and y out")
    if batch_size is not None:
        raise OptionError(f"batch_size is {batch_size!r}; a stream is trained on all rows at once: give batch_size=None")
    if backend not in ("auto", "numpy"):
        raise OptionError(f"backend is {backend!r}, which goes by rows; a stream is trained by arrays")
    if not hasattr(stream.module, "value_and_grad"):
        raise OptionError(f"{stream.module.MODEL} has no loss and cannot be trained; give its spec a model.loss(...)")
    module = cast("GeneratedModule", StreamedModule(stream))  # all of it that training on all rows at once calls
    return module, None if w0 is None else as_weights(stream.module, w0, "w0").astype(np.float64)
