"""Names and expressions of a model as LaTeX, the same wherever they are shown."""

import re
from collections.abc import Iterable
from typing import Any

import sympy

from symgraph.spec.canonical import symbols_of


def latex_name(name: str) -> str:
    r"""Return a name as LaTeX: words upright, so that they do not read as products of letters; y_hat as ``\hat{y}``.

    Args:
        name: of an input or a node.
    """
    accented = re.sub(r"_(hat|bar|tilde)$", r"\1", name)
    return re.sub(r"(?<![\\A-Za-z])[A-Za-z]{2,}", r"\\mathrm{\g<0>}", str(sympy.latex(sympy.Symbol(accented))))


def latex_of(expr: Any) -> str:
    """Return an expression over a model's symbols as LaTeX, its names by `latex_name`.

    Args:
        expr: a SymPy expression, or a symbol that ``model.feature``, ``model.node`` and so on returned.
    """
    names = {symbol: latex_name(str(symbol.name)) for symbol in symbols_of(expr)}
    return str(sympy.latex(expr, symbol_names=names, mul_symbol=r" \, "))


def aligned(rows: Iterable[tuple[str, str]]) -> str:
    """Return rows of a left and a right side as lines that are aligned at their equals signs, for the inside of a display.

    Args:
        rows: both sides of each, as LaTeX.
    """
    return " \\\\\n".join(f"{left} &= {right}" for left, right in rows)
