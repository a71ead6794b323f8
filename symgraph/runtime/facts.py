"""The facts that a generated module states about itself, and the types that its lines share with the runtime."""

from collections.abc import Mapping, Sequence
from math import prod
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class HasArray(Protocol):
    """Something that NumPy makes an array of: its own arrays, frames, series, tensors."""

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        """Give the array."""


ArrayLike = HasArray | Sequence[float] | Sequence[Sequence[float]] | Sequence[HasArray] | Mapping[str, Any] | float
"""Numbers as functions take them: arrays, lists, frames, columns by name, one number; no texts."""
Reduction = Literal["mean", "sum"]
"""Ways of making one number of the losses of rows."""

DOUBLE = np.dtype(np.float64)

MODULE_ABI = 2
"""The form of generated modules that this runtime binds."""


class Inputs(NamedTuple):
    """Checked arguments of one dtype: w, rows (n, d) or (d,) or None, target (n,) or a scalar or None.

    w has the k weights, and behind them the constants of the model. Of several targets y is (n, p) or (p,), and X is (n, 0) or
    (0,) where the model has no features.
    """

    w: Array
    X: Any
    y: Any


class RowSum(Protocol):
    """Adds up what it is given over the rows, or leaves the rows as they are."""

    def __call__(self, rows: Array, others: Array | None = None, /) -> Array:
        """Give the sum of rows, or of their products with others."""


class Facts(NamedTuple):
    """A model as its generated module describes it.

    Attributes:
        module: the module's `__name__`, by which other processes find it.
        abi: the form of the module.
        model: the name of the model.
        features: names of the columns of X, none where the model has no features.
        target: name of y, or None; also where there are several targets.
        weights: names of the weights, in order.
        outputs: names of the outputs, fields of the tape.
        metadata: further facts.
        dtypes: in which it computes.
        constants: numbers given at the call, by name.
        targets: names of the columns of y, where there are several targets.
    """

    module: str
    abi: int
    model: str
    features: tuple[str, ...]
    target: str | None
    weights: tuple[str, ...]
    outputs: tuple[str, ...]
    metadata: Mapping[str, object]
    dtypes: tuple[str, ...] = ("float32", "float64")
    constants: Mapping[str, float] = MappingProxyType({})
    targets: tuple[str, ...] = ()

    @property
    def target_names(self) -> tuple[str, ...]:
        """The names of all targets: none, one or several."""
        return self.targets or (() if self.target is None else (self.target,))


OF_OUTPUTS = ("predict", "residual", "jvp")
"""Functions that give a number for each row and column; others give its partials."""


def output_fields(facts: Facts) -> tuple[str, ...]:
    """Give the fields of the tape that hold outputs; a name that Python or the module needs itself is changed there."""
    fields = facts.metadata.get("fields", {})
    return tuple(str(fields.get(name, name)) if isinstance(fields, Mapping) else name for name in facts.outputs)


def result_shape(facts: Facts, name: str, rows: tuple[int, ...]) -> tuple[int, ...]:
    """Give the shape of what a function gives for rows: (n,) and (n, k) of one column, (n, m) and (n, m, k) of m outputs.

    Residuals follow one another row by row, (n*p,) and (n*p, k), as least squares want them.

    Args:
        facts: of the model.
        name: of the function.
        rows: (n,) for a batch, () for one row.
    """
    columns: Any = 1
    if name.startswith("residual"):
        columns = facts.metadata.get("residuals", 1)
        rows = (prod(rows) * columns,) if columns > 1 else rows
    elif name in ("predict", "jacobian", "feature_jacobian", "jvp") and len(facts.outputs) > 1:
        rows = (*rows, len(facts.outputs))
    if name in OF_OUTPUTS:
        return rows
    return (*rows, len(facts.features if name == "feature_jacobian" else facts.weights))
