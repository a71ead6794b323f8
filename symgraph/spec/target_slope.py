"""Derivative of a model's residual by its target, by which a density of the residual becomes one of the target."""

from contextlib import suppress
from typing import Any

import sympy

from symgraph.errors import SpecError
from symgraph.spec.formula import Reader
from symgraph.spec.model import Model
from symgraph.spec.residuals import residual_of

_MOST = 4
"""Targets up to which a determinant is written out."""
UNKNOWN = "unknown"
"""Text in place of a derivative that cannot be written as formulas are read."""


def target_slope(model: Model) -> str:
    """Write the derivative of the residual by the target; of several, the determinant of their derivatives.

    Args:
        model: any.

    Returns:
        A formula of weights, features and targets as `symgraph.spec.formula` reads them; "" where it is 1 or -1, as of the
        output less the target, and where there is no residual or no target; ``UNKNOWN`` where it cannot be written.
    """
    residual, targets = residual_of(model), [entry.symbol for entry in model.target_inputs]
    exprs = residual.exprs
    if not exprs or not targets or residual.is_difference(model):
        return ""
    with sympy.evaluate(True):
        if len(exprs) != len(targets):
            return UNKNOWN
        table = sympy.Matrix([[_by(model, expr, target) for target in targets] for expr in exprs])
        if len(targets) > _MOST and not table.is_diagonal():
            return UNKNOWN
        slope = sympy.prod(table.diagonal()) if table.is_diagonal() else table.det()
        numbers: dict[Any, Any] = {entry.symbol: entry.init for entry in model.constant_inputs}
        slope = slope.xreplace({symbol: sympy.Float(law.value) for symbol, law in numbers.items()})
    if slope in (1, -1):
        return ""
    text, known = str(slope), {entry.name for entry in model.inputs}
    with suppress(SpecError):
        reader = Reader(text, sympy.Symbol, own=known)
        reader.read()
        if known.issuperset(reader.names):
            return text
    return UNKNOWN


def _by(model: Model, expr: Any, target: Any) -> Any:
    """Return the derivative of an expression by a target, in terms of the model's inputs.

    Nodes are written out where they depend on the target, and then where the derivative has them.
    """
    nodes = model.leading_to(expr)
    on_target = {target}
    for node in nodes:
        if node.expr.free_symbols & on_target:
            on_target.add(node.symbol)
    slope = sympy.diff(_without(expr, [node for node in nodes if node.symbol in on_target]), target)
    return _without(slope, nodes)


def _without(expr: Any, nodes: list[Any]) -> Any:
    """Return an expression with some nodes, of which later ones depend on earlier ones, written out."""
    for node in reversed(nodes):
        if node.symbol in expr.free_symbols:
            expr = expr.xreplace({node.symbol: node.expr})
    return expr
