"""Expressions of weights with their slopes, as texts such as "1/f"."""

import re
from collections.abc import Mapping

import numpy as np

from symgraph.errors import SpecError
from symgraph.fitting.problem import Array


def value_and_slopes(expression: str, values: Mapping[str, float]) -> tuple[float, Array]:
    """Return the value of an expression of weights, and its derivatives by them, (k,).

    Args:
        expression: as formulas are read; see ``symgraph.spec.formula``.
        values: the weights by name.

    Raises:
        SpecError: it cannot be read, names no weight, or is not finite at the weights.
    """
    from sympy import Symbol, diff

    from symgraph.spec.formula import Reader

    text, spelled = _without_brackets(expression, values)
    symbols = {name: Symbol(name, real=True) for name in values}
    reader = Reader(text, lambda name: symbols.get(spelled.get(name, name), Symbol(name)), what="expression")
    try:
        expr = reader.read()
    except SpecError as error:
        raise SpecError(re.sub("\u01c2\\d+", lambda found: spelled[found[0]], str(error))) from None
    for name, column in reader.names.items():
        if spelled.get(name, name) not in values:
            raise SpecError(f"expression, column {column + 1}: {name} is no weight; there are {', '.join(values)}")
    at = {symbols[name]: value for name, value in values.items()}
    numbers = [expr.evalf(17, subs=at), *(diff(expr, symbols[name]).evalf(17, subs=at) for name in values)]
    if not all(number.is_real and number.is_finite for number in numbers):
        raise SpecError(f"{expression} is not finite at the weights, or its derivative is not")
    value, *slopes = map(float, numbers)
    return value, np.array(slopes)


def _without_brackets(expression: str, values: Mapping[str, float]) -> tuple[str, dict[str, str]]:
    """Return an expression in which weights such as ``a[run 1]`` have names that Python reads, as long, and what these mean."""
    spelled = {}
    for number, name in enumerate(values):
        if not name.isidentifier():
            short = f"\u01c2{number:0{len(name) - 1}}"  # a letter that nobody's names begin with
            expression, spelled[short] = re.sub(rf"(?<!\w){re.escape(name)}", short, expression), name
    return expression, spelled
