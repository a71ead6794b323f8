"""The facts that a generated module states about itself, and the types that its lines share with the runtime."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

DOUBLE = np.dtype(np.float64)

MODULE_ABI = 2
"""The form of generated modules that this runtime binds."""


class Inputs(NamedTuple):
    """Checked arguments of one dtype: w, rows (n, d) or (d,) or None, target (n,) or a scalar or None.

    w has the k weights, and behind them the constants of the model.
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
        target: name of y, or None.
        weights: names of the weights, in order.
        outputs: names of the outputs, fields of the tape.
        metadata: further facts.
        dtypes: in which it computes.
        constants: numbers given at the call, by name.
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


def output_field(facts: Facts) -> str:
    """Give the field of the tape that holds the output; a name that Python or the module needs itself is changed there."""
    fields, name = facts.metadata.get("fields", {}), next(iter(facts.outputs), "")
    return str(fields.get(name, name)) if isinstance(fields, Mapping) else name
