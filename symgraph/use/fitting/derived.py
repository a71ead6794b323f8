"""Values that follow from the weights: expressions as texts such as "1/f", with their slopes."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from symgraph.errors import SpecError, did_you_mean
from symgraph.use.fitting.problem import Array


class Derived(NamedTuple):
    """A value that follows from the weights.

    Attributes:
        value: at the weights found.
        stderr: its standard error.
        interval: symmetric, of the level asked for.
    """

    value: float
    stderr: float
    interval: tuple[float, float]


def nodes_of(result: Any, names: Sequence[str]) -> dict[str, Derived]:
    """Return nodes that depend on weights alone with their errors, by name; without those that are not finite here.

    Args:
        result: a `FitResult`.
        names: of the nodes.
    """
    found = {}
    for name in names:
        with suppress(SpecError):
            found[name] = result.derived(name)
    return found


def value_and_slopes(expression: str, values: Mapping[str, float], nodes: Mapping[str, str]) -> tuple[float, Array]:
    """Return the value of an expression of weights, and its derivatives by them, (k,).

    Args:
        expression: as formulas are read; see ``symgraph.spec.formula``.
        values: the weights by name.
        nodes: the formulas of nodes that depend on weights alone, by name, in terms of weights and of nodes before them.

    Raises:
        SpecError: it cannot be read, names no weight, or is not finite at the weights.
    """
    from sympy import S, Symbol, diff

    from symgraph.spec.formula import Reader

    if not isinstance(expression, str):
        raise SpecError(f"an expression of weights is a text, such as '1/f', not {expression!r}")
    symbols = {name: Symbol(name, real=True) for name in values}
    known = (*values, *nodes)

    @cache
    def meant(name: str) -> Any:
        """Return the symbol of a weight, the expression of a node, or a symbol of its own for what is refused below."""
        return Reader(nodes[name], meant, own=known).read() if name in nodes else symbols.get(name, Symbol(name))

    reader = Reader(expression, meant, what="expression", own=known)
    expr = reader.read()
    for name, column in reader.names.items():
        if name not in known:
            there = f"there are {', '.join(known)}{did_you_mean(name, known)}"
            raise SpecError(f"expression, column {column + 1}: {name} is no weight; {there}")
    at = {symbols[name]: value for name, value in values.items()}
    moving = expr.free_symbols
    slopes_by = (diff(expr, symbol) if symbol in moving else S.Zero for symbol in symbols.values())
    numbers = [expr.evalf(17, subs=at), *(slope.evalf(17, subs=at) for slope in slopes_by)]
    if not all(number.is_real and number.is_finite for number in numbers):
        raise SpecError(f"{expression} is not finite at the weights, or its derivative is not")
    value, *slopes = map(float, numbers)
    return value, np.array(slopes)
