"""The symbols that stand for what a model declares.

SymPy sorts operands by the names of symbols, and chooses by them whether ``cos(a - b)`` or ``cos(b - a)`` is kept. Accuracy
must not hang on names, so these symbols are sorted by what they are and by when they were declared.
"""

from typing import Any

import sympy

_ROLES = ("target", "feature", "node", "weight")
"""Where SymPy chooses a sign, what stands first is positive: ``Abs(y - y_hat)`` stays what it is."""


class DeclaredSymbol(sympy.Symbol):  # type: ignore[misc]  # SymPy has no types
    """A real symbol with a place among the symbols of its model.

    Args:
        name: as the user wrote it.
        place: a text that sorts as the symbols of the model are to be sorted.
    """

    __slots__ = ("place",)

    is_Dummy = True  # noqa: N815  in a product SymPy asks a dummy for its sort key, and any other symbol for its text

    def __new__(cls, name: str, place: str) -> "DeclaredSymbol":
        symbol: DeclaredSymbol = sympy.Symbol.__xnew__(cls, name, real=True)
        symbol.place = place
        return symbol

    def __getnewargs_ex__(self) -> tuple[tuple[str, str], dict[str, Any]]:
        return (self.name, self.place), {}

    def _hashable_content(self) -> tuple[Any, ...]:
        """What SymPy compares: the place before the name."""
        return (self.place, *super()._hashable_content())

    def sort_key(self, order: object = None) -> tuple[Any, ...]:
        """What SymPy sorts by."""
        return self.class_key(), (2, (self.place, "")), sympy.S.One.sort_key(), sympy.S.One

    def _sympyrepr(self, _: object) -> str:
        """What ``srepr`` prints; it would ask a dummy for a number that this one lacks."""
        return f"Symbol({self.name!r}, real=True)"


def declared(name: str, role: str, number: int) -> DeclaredSymbol:
    """The symbol of the given role that is declared after so many others."""
    return DeclaredSymbol(name, f"{_ROLES.index(role)} {number:012d}")
