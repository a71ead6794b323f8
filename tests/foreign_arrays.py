"""Modules of the backend array_api on arrays of other libraries: a stand-in takes NumPy's arrays and gives NumPy's back."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

Make = Callable[[Any], Any]

_OF_ARRAYS = (
    "forward", "backward", "predict", "value_and_grad", "loss", "grad", "per_sample_grad", "jacobian", "residual",
    "residual_jacobian",
)  # fmt: skip


class Fields:
    """A tape whose fields are seen as NumPy's arrays."""

    def __init__(self, tape: Any) -> None:
        self.tape = tape

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.tape, name)
        return None if value is None else np.asarray(value)


class Foreign(ModuleType):
    """A module of the backend array_api whose functions compute with the arrays that ``make`` makes of NumPy's."""

    def __init__(self, module: ModuleType, make: Make) -> None:
        super().__init__(module.__name__)
        self._own, self._make = module, make

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._own, name)
        return (lambda *values, **options: self._called(found, values, options)) if name in _OF_ARRAYS else found

    def _called(self, function: Callable[..., Any], values: Any, options: Any) -> Any:
        result = function(*map(self._made, values), **{name: self._made(value) for name, value in options.items()})
        if hasattr(result, "_fields"):
            return Fields(result)
        return tuple(map(np.asarray, result)) if isinstance(result, tuple) else np.asarray(result)

    def _made(self, value: Any) -> Any:
        if isinstance(value, Fields):
            return value.tape
        return self._make(np.array(value)) if isinstance(value, np.ndarray | np.generic) else value
