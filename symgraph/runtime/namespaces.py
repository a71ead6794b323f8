"""Functions for the lines of modules on arrays of any library: those of the array API standard, and those that it lacks.

The latter are the runtime's functions for NumPy, with another library's functions in the place of NumPy's.
"""

import math
from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any

from symgraph.runtime.functions import erf
from symgraph.runtime.gamma import lgamma
from symgraph.runtime.kernels import exprel


def named_by_itself(array: Any) -> Any:
    """Give the library of an array that names it, which takes the place of array-api-compat where that is missing."""
    try:
        return array.__array_namespace__()
    except AttributeError:
        raise TypeError(f"a {type(array).__name__} does not name its functions; install array-api-compat") from None


try:
    from array_api_compat import array_namespace
except ModuleNotFoundError:
    array_namespace = named_by_itself

_STANDARD = {"power": "pow", "rint": "round"}
"""Names of the standard for functions that the runtime calls by NumPy's."""


class Namespace:
    """The functions of one library by the names of the array API standard, and those that it lacks.

    Args:
        library: the module that has the standard's functions.
    """

    def __init__(self, library: Any) -> None:
        self._library = library
        self._own: dict[str, Any] = {**erf.__globals__, **lgamma.__globals__, **exprel.__globals__}  # all of the three files
        own = [name for name, value in self._own.items() if isinstance(value, FunctionType)]
        self._own |= {name: FunctionType(self._own[name].__code__, self._own, name) for name in own}
        replaced: tuple[Callable[..., Any], ...] = (self.widened, self.narrowed, self.square_parts)
        self._own |= {method.__name__: method for method in replaced} | {"np": self, "select": library.where}

    def __getattr__(self, name: str) -> Any:
        found = self._own.get(name) or getattr(self._library, _STANDARD.get(name, name), None)
        if found is None:
            known = f"{self._library.__name__} lacks {name} of the array API standard"
            raise AttributeError(
                f"{known}, which the lines of this model need; a later version of array-api-compat may have it"
            )
        return found

    def is_double(self, x: Any) -> bool:
        """Tell if numbers have 53 bits."""
        return bool(self.finfo(x.dtype).bits == 64)

    def widened(self, x: Any) -> Any:
        """Give x in float64, where the library has it: JAX does if it is told so."""
        has_double = self.is_double(x) or "float64" in self.__array_namespace_info__().dtypes(kind="real floating")
        return self.astype(x, self.float64, copy=False) if has_double else x

    def narrowed(self, value: Any, x: Any) -> Any:
        """Give a value in the dtype of x."""
        return self.astype(value, x.dtype, copy=False)

    def square_parts(self, a: Any) -> tuple[Any, Any]:
        """Split off the leading half of the bits of a, whose square is exact, and give a*a less that square as well."""
        high = (134217729.0 if self.is_double(a) else 4097.0) * a
        high = high - (high - a)
        return high, (a - high) * (a + high)

    def columns(self, x: Any) -> tuple[Any, ...]:
        """Give the parts along the last axis: the columns of rows, the entries of one row or of weights."""
        return tuple(x[..., index] for index in range(x.shape[-1]))

    def cbrt(self, x: Any) -> Any:
        """Compute the cube root within 4 ulp: a power, and a step of Newton's method."""
        size = self.abs(x)
        ordinary = (size > 0.0) & (size < math.inf)
        a = self.where(ordinary, size, 1.0)
        root = self.pow(a, 1.0 / 3.0)
        return self.copysign(self.where(ordinary, root - (root - a / (root * root)) / 3.0, size), x)

    def sign(self, x: Any) -> Any:
        """Give -1, 0, 1 or nan; PyTorch's has no nan, and that of array-api-compat writes it in place, which vmap refuses."""
        return self.where(x > 0.0, 1.0, self.where(x < 0.0, -1.0, x))

    def heaviside(self, x: Any, at_zero: Any) -> Any:
        """Give 0 below 0, 1 above, and at_zero between."""
        return self.where(x > 0.0, 1.0, self.where(x < 0.0, 0.0, self.where(x == 0.0, at_zero, x)))


_over = cache(Namespace)


def namespace(array: Any) -> Namespace:
    """Give the functions of an array's library.

    Raises:
        TypeError: it is no array of a library that has the functions of the standard.
    """
    return _over(array_namespace(array))
