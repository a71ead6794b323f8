"""How far the constants of a graph are from the numbers that they stand for.

A graph holds floats. The spec's 1/3 or pi is rounded on its way there, and a constant folded from others inherits their errors.
An error bound must count them. Radii are kept by the constant's magnitude: where two numbers round to one float, the larger
radius serves both.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import mpmath
import sympy

from symgraph.canonical import postorder
from symgraph.ir.evaluate import MPMATH
from symgraph.ir.graph import Graph
from symgraph.model import Model

Radii = dict[float, float]

_DIGITS = 60
_PLAIN_BITS = 40
"""A constant of no more bits that no rule knows, such as the 2.0 or 0.5 of an identity, is the number it is meant to be."""
_UNIT = 2.0**-53
_OUTWARD = 1.0 + 2.0**-40
_POWERS = tuple(2.0**k for k in range(-6, 7))


def constant_radii(model: Model, graphs: Sequence[Graph]) -> Mapping[float, float]:
    """Bound the error of every constant of a model's graph.

    Args:
        model: the spec.
        graphs: the graph after lowering and after each step from there, the one that is emitted last.

    Returns:
        Constant -> radius for the constants of the last graph that are not exact.
    """
    with mpmath.workdps(_DIGITS):
        radii = _spec_radii(model)
        for before, after in itertools.pairwise(graphs):
            _follow(radii, before, after)
        _complete(radii, graphs[-1])
    constants = [node.data for node in graphs[-1].nodes if isinstance(node.data, float)]
    return {constant: radii[abs(constant)] for constant in constants if radii.get(abs(constant))}


def _spec_radii(model: Model) -> Radii:
    """The radii of all numbers that lowering may make a constant of: see ``Scope.constant`` and ``_product`` there."""
    radii: Radii = {}
    exprs = [*(node.expr for node in model.nodes), *([] if model.loss_expr is None else [model.loss_expr])]
    fixed: dict[Any, bool] = {}
    for part in postorder(exprs):
        fixed[part] = not isinstance(part, sympy.Symbol) and all(fixed[arg] for arg in part.args)
        numbers = [part] if fixed[part] else []
        if isinstance(part, sympy.Mul):
            numbers.append(sympy.Mul(*(arg for arg in part.args if fixed[arg])))
        for number in numbers:
            if isinstance(number, sympy.Expr):
                _note_number(radii, number)
                if isinstance(number, sympy.Rational):
                    _note_number(radii, sympy.Integer(number.q))
    return radii


def _note_number(radii: Radii, number: Any) -> None:
    value = number.evalf(_DIGITS)
    if value.is_Number and value.is_finite:
        _note(radii, mpmath.mpf(value.p) / value.q if value.is_Rational else mpmath.mp.make_mpf(value._mpf_))


def _note(radii: Radii, exact: Any, spread: Any = 0) -> float:
    """Enter the float that stands for a number known up to a spread, and give its radius."""
    constant = float(exact)
    radius = float(abs(exact - constant) + spread) * _OUTWARD
    key = abs(constant)
    radii[key] = max(radius, radii.get(key, 0.0))
    return radius


def _follow(radii: Radii, before: Graph, after: Graph) -> None:
    """Enter what folding the constant operations of one graph may bring into the next."""
    new = {abs(node.data) for node in after.nodes if isinstance(node.data, float)} - radii.keys()
    if not new:
        return
    values: dict[int, tuple[float, float]] = {}
    for position, node in enumerate(before.nodes):
        if isinstance(node.data, float):
            values[position] = node.data, _radius(radii, node.data)
        elif node.op in MPMATH and not node.boolean and node.args and all(arg in values for arg in node.args):
            folded = _folded(node.op, [values[arg] for arg in node.args])
            if folded is not None:
                exact, spread = folded
                values[position] = float(exact), _note(radii, exact, spread)


def _folded(op: str, operands: Iterable[tuple[float, float]]) -> tuple[Any, Any] | None:
    """An operation on constants: its value, and how far it moves when they move within their radii."""
    listed = list(operands)
    corners = itertools.product(*([mpmath.mpf(v), v - mpmath.mpf(r), v + mpmath.mpf(r)] for v, r in listed))
    try:
        centre, *others = [MPMATH[op](*corner) for corner in corners]
    except (ZeroDivisionError, ValueError):
        return None
    if not all(isinstance(value, mpmath.mpf) and mpmath.isfinite(value) for value in (centre, *others)):
        return None
    return centre, max(abs(value - centre) for value in others) * _OUTWARD


def _radius(radii: Radii, constant: float) -> float:
    """The radius of a constant; what no rule knows is exact if it has few bits, else rounded once."""
    key = abs(constant)
    if key in radii:
        return radii[key]
    for power in _POWERS:  # an identity has scaled it
        if key * power in radii and key * power / power == key:
            return radii[key * power] / power
    return 0.0 if key == 0.0 or _bits(key) <= _PLAIN_BITS else _UNIT * key * _OUTWARD


def _bits(constant: float) -> int:
    """The bits from the first to the last one that is set; many for what is not finite."""
    if constant - constant != 0.0:
        return 0  # inf and NaN stand for themselves
    numerator = abs(Fraction(constant).numerator)
    return (numerator // (numerator & -numerator)).bit_length()


def _complete(radii: Radii, graph: Graph) -> None:
    for node in graph.nodes:
        if isinstance(node.data, float):
            radii[abs(node.data)] = _radius(radii, node.data)
