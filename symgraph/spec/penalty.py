"""Rows of least squares that a penalty is, where it is written as a sum of squares."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import sympy

from symgraph.spec.canonical import symbols_of
from symgraph.spec.chain_rule import chain_rule
from symgraph.spec.inputs import NamedNode
from symgraph.spec.model import Model
from symgraph.spec.residuals import residual_of


def penalty_rows(model: Model) -> tuple[Any, ...]:
    """Return r1, r2, ... such that the penalty is the sum of their squares times the factor of the model's residual.

    There are none where the penalty is not written as a sum of squares with constant factors that are not negative, or the loss
    is no multiple of a residual's square.
    """
    factor = residual_of(model).factor
    if model.penalty_expr is None or not factor:
        return ()
    with sympy.evaluate(True):
        found = list(_squares(model.penalty_expr, sympy.Integer(1), {node.symbol: node.expr for node in model.nodes}, model))
        squares = [square for square in found if square is not None]
        if len(squares) < len(found):
            return ()
        return tuple(sympy.sqrt(share / sympy.nsimplify(factor, rational=True)) * base for share, base in squares)


class Rows(NamedTuple):
    """Rows of a penalty.

    Attributes:
        part: a model whose nodes are the rows and their derivatives that are not 0.
        rows: the name of the node of each row.
        slopes: the name of the node of each derivative, by the numbers of row and weight.
    """

    part: Model
    rows: tuple[str, ...]
    slopes: Mapping[tuple[int, int], str]


def rows_of(model: Model) -> Rows | None:
    """Write the rows of a penalty as a model; None where there are none."""
    rows = penalty_rows(model)
    if not rows:
        return None
    own, prefix = model.penalty_part().nodes, "row"
    while any(name.startswith(f"{prefix}_") for name in (*(node.name for node in own), *(i.name for i in model.inputs))):
        prefix += "_"
    nodes, slopes = list(own), dict[tuple[int, int], str]()
    for number, row in enumerate(rows):
        name = f"{prefix}_{number}"
        nodes.append(NamedNode(name, sympy.Dummy(real=True), row))
        with sympy.evaluate(True):
            partials = chain_rule(row, own, model.weight_inputs)
        for place, (weight, partial) in enumerate(partials.items()):
            if partial != 0:
                slopes[number, place] = f"{name}_by_{weight}"
                nodes.append(NamedNode(slopes[number, place], sympy.Dummy(real=True), partial))
    return Rows(model.part(nodes, None), tuple(f"{prefix}_{number}" for number in range(len(rows))), slopes)


def _squares(expr: Any, share: Any, nodes: Mapping[Any, Any], model: Model) -> Iterator[tuple[Any, Any] | None]:
    """Yield factor and base of each square; None for a term that is none."""
    if expr in nodes and not isinstance(nodes[expr], sympy.Symbol):
        expr = nodes[expr]
    if isinstance(expr, sympy.Add):
        for term in expr.args:
            yield from _squares(term, share, nodes, model)
        return
    factors = expr.args if isinstance(expr, sympy.Mul) else (expr,)
    fixed = [factor for factor in factors if _is_constant(factor, model)]
    rest = [factor for factor in factors if not _is_constant(factor, model)]
    if len(rest) == 1 and fixed:
        yield from _squares(rest[0], sympy.Mul(share, *fixed), nodes, model)
    elif rest and all(isinstance(factor, sympy.Pow) and factor.exp == 2 for factor in rest):
        yield (share * sympy.Mul(*fixed), sympy.Mul(*(factor.base for factor in rest)))
    else:
        yield None


def _is_constant(factor: Any, model: Model) -> bool:
    """Tell if a factor is a constant that is not negative: a number, or a constant of the model with such a domain."""
    known = {
        entry.symbol: sympy.Dummy(nonnegative=True)
        for entry in model.constant_inputs
        if entry.domain is not None and entry.domain[0] >= 0.0
    }
    return symbols_of(factor) <= known.keys() and bool(factor.xreplace(known).is_nonnegative)
