"""Signs of a model's symbols, as far as the declared domains tell them to SymPy."""

from collections.abc import Iterable
from typing import Any

import sympy

from symgraph.spec.inputs import Input, NamedNode


def positive_symbols(inputs: Iterable[Input], nodes: Iterable[NamedNode]) -> dict[Any, Any]:
    """Return a positive symbol for each input and node that is positive inside the declared domains, by its own symbol."""
    stands: dict[Any, Any] = {
        entry.symbol: sympy.Dummy(entry.name, positive=True) for entry in inputs if entry.domain and entry.domain[0] >= 0.0
    }
    for node in nodes:
        if node.expr.xreplace(stands).is_positive:
            stands[node.symbol] = sympy.Dummy(node.name, positive=True)
    return stands
