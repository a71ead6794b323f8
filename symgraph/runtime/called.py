"""Calls of functions that users bring, for numbers, arrays, and values that are being recorded."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symgraph.runtime.facts import DOUBLE, Array
from symgraph.runtime.recording import Traced


def called(function: Callable[..., Any], *values: Any) -> Any:
    """Call a user's function on numbers and arrays, and check what it gives; recorded values record the call.

    Raises:
        ValueError: it gives no real number for each row.
    """
    return Called(function)(*values)


@dataclass(frozen=True, slots=True, eq=False)  # a callable need not be hashable
class Called:
    """A user's function as an operation, which may be recorded; it gets arrays that it cannot change."""

    function: Callable[..., Any]
    types = ()

    @property
    def __name__(self) -> str:
        return str(getattr(self.function, "__qualname__", getattr(self.function, "__name__", self.function)))

    def __call__(self, *values: Any) -> Any:
        """Compute a value in the dtype of the arguments."""
        recorder = next((value.recorder for value in values if isinstance(value, Traced)), None)
        if recorder is not None:
            return recorder.apply(self, values)
        typed = [value.dtype for value in values if isinstance(value, np.generic | np.ndarray)]
        result = self.checked([locked(value) for value in values], np.broadcast_shapes(*map(np.shape, values)))
        return result.astype(np.result_type(*typed) if typed else DOUBLE)[()]

    def into(self, out: Array, values: Sequence[Any]) -> None:
        """Compute a row of values."""
        np.copyto(out, self.checked(values, out.shape), casting="same_kind")

    def checked(self, values: Sequence[Any], shape: tuple[int, ...]) -> Array:
        """Call the function, and refuse results that are not a real number for each row."""
        try:
            result = np.asarray(self.function(*values))
        except Exception as error:
            error.add_note(f"raised in {self.__name__}, a function that the model's user brought")
            raise
        if result.shape != shape or result.dtype.kind not in "biuf":
            raise ValueError(
                f"the function {self.__name__} gives an array of shape {result.shape} and dtype {result.dtype} for arguments "
                f"of shape {shape}; it must give a real number for each entry of its arguments"
            )
        return result


def locked(value: Any) -> Any:
    """Give a view of an array that cannot be written to; other values as they are."""
    if not isinstance(value, np.ndarray):
        return value
    view = value.view()
    view.flags.writeable = False
    return view
