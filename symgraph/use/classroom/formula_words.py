"""Formulas as students read them: those of several cases in words, all others as SymPy prints them."""

from functools import lru_cache
from typing import Any

from sympy import Or
from sympy.printing.str import StrPrinter


class _Words(StrPrinter):  # type: ignore[misc]  # SymPy ships no types
    """SymPy's printer, with cases and conditions in words."""

    def _print_Piecewise(self, expr: Any) -> str:  # noqa: N802  SymPy's names
        *cases, (last, condition) = expr.args
        told = [f"{self._print(value)} where {self._print(one)}" for value, one in cases]
        rest = f"{self._print(last)}" if condition == True else f"{self._print(last)} where {self._print(condition)}"  # noqa: E712
        return f"({', '.join(told)}{', else ' * bool(told)}{rest})"

    def _print_Equality(self, expr: Any) -> str:  # noqa: N802
        return f"{self._print(expr.lhs)} is {self._print(expr.rhs)}"

    def _print_Unequality(self, expr: Any) -> str:  # noqa: N802
        return f"{self._print(expr.lhs)} is not {self._print(expr.rhs)}"

    def _print_Or(self, expr: Any) -> str:  # noqa: N802
        return " or ".join(sorted(map(self._print, expr.args)))

    def _print_And(self, expr: Any) -> str:  # noqa: N802
        return " and ".join(sorted(f"({self._print(one)})" if isinstance(one, Or) else self._print(one) for one in expr.args))

    def _print_Not(self, expr: Any) -> str:  # noqa: N802
        return f"not ({self._print(expr.args[0])})"


@lru_cache(maxsize=2**12)
def words(expr: Any) -> str:
    """Return a formula as it is told to students."""
    return str(_Words().doprint(expr))
