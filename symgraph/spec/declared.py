"""SymPy symbols that stand for a model's features, weights, target and nodes.

SymPy sorts operands by the names of symbols, and chooses by them whether ``cos(a - b)`` or ``cos(b - a)`` is kept. Accuracy
must not depend on names, so these symbols are sorted by their roles and the order of their declaration.
"""

from typing import Any

import numpy as np
import sympy

from symgraph.errors import SpecError
from symgraph.spec.equivalents import takes_numbers

_ROLES = ("target", "weight", "constant", "feature", "node")
"""Roles in the order in which SymPy prints factors, a*x, and chooses signs: Abs(y - y_hat) stays as written."""


class _Name(str):
    """Name that compares by the place of its symbol, since SymPy sorts -x by ``str(x)``."""

    place: str

    def __lt__(self, other: str) -> bool:
        return self.place < other.place if isinstance(other, _Name) else str(self) < other

    def __gt__(self, other: str) -> bool:
        return self.place > other.place if isinstance(other, _Name) else str(self) > other


class DeclaredSymbol(sympy.Symbol):  # type: ignore[misc]  # SymPy has no types
    """Real symbol with a place among the symbols of its model.

    Args:
        name: as the user wrote it.
        place: a text whose alphabetical order is the order of the model's symbols.
    """

    __slots__ = ("place",)

    def __new__(cls, name: str, place: str) -> "DeclaredSymbol":
        symbol: DeclaredSymbol = sympy.Symbol.__xnew__(cls, name, real=True)
        symbol.place = place
        return symbol

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """Compute as NumPy does with objects; say what to write for a function of numbers, such as ``np.exp``.

        Raises:
            SpecError: NumPy's function takes numbers alone.
        """
        plain = [np.array(one, dtype=object) if isinstance(one, DeclaredSymbol) else one for one in inputs]
        try:
            return getattr(ufunc, method)(*plain, **options)
        except TypeError:
            arguments = "..." if any(map(np.ndim, inputs)) else ", ".join(map(str, inputs))
            raise SpecError(takes_numbers(ufunc.__name__, f"and {self.name} is a symbol", arguments)) from None

    def __getnewargs_ex__(self) -> tuple[tuple[str, str], dict[str, Any]]:
        return (self.name, self.place), {}

    def __str__(self) -> str:
        name = _Name(self.name)
        name.place = self.place
        return name

    def _hashable_content(self) -> tuple[Any, ...]:
        """Return the key that SymPy compares: the place before the name."""
        return (self.place, *super()._hashable_content())

    def _sympyrepr(self, _: object) -> str:
        """Return the text for ``srepr``, which can be read without symgraph."""
        return f"Symbol({self.name!r}, real=True)"

    def sort_key(self, order: object = None) -> tuple[Any, ...]:
        """Return SymPy's sort key, with the name compared by its place."""
        return self.class_key(), (1, (str(self),)), sympy.S.One.sort_key(), sympy.S.One


def declared(name: str, role: str, number: int) -> DeclaredSymbol:
    """Make the symbol of the given role that is declared after ``number`` others."""
    return DeclaredSymbol(name, f"{_ROLES.index(role)} {number:012d}")
