"""How far the constants of a graph are from the numbers that they stand for.

A graph holds floats: the spec's 1/3 or pi is rounded on its way there, and a constant folded from others inherits their errors.
An accurate module adds what is lacking; an error bound counts it. This finds the numbers that the constants stand for: those
that lowering may have made of the spec and of the op table, and what folding made of them. A float for which there are several
numbers, as 0.1 beside 1/10, counts as the one that is not exact.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import mpmath
import sympy

from symgraph.ir.evaluate import MPMATH
from symgraph.ir.graph import Graph
from symgraph.ir.ops import OPS, late, over
from symgraph.spec.canonical import postorder
from symgraph.spec.model import Model

_DIGITS = 60
_POWERS = tuple(2.0**k for k in range(-6, 7))
_EXACT = 2.0**-150
"""What is left of a number relative to it, below which the float is the number."""
_PLAIN_BITS = 40
"""A constant of no more bits that no rule knows, such as the 2.0 or 0.5 of an identity, is the number it is meant to be."""
_UNIT = 2.0**-53
_OUTWARD = 1.0 + 2.0**-40

_Rests = dict[float, float]


def remainders(model: Model, graphs: Sequence[Graph]) -> Mapping[float, float]:
    """Find what the constants of a model's graph lack.

    Args:
        model: the spec.
        graphs: the graph after lowering and after each step from there, the one that is emitted last.

    Returns:
        Constant -> what to add to it, for the constants of the last graph that are not exact.
    """
    rests = _known(model, graphs)
    found = {constant: _rest(rests, constant) for constant in _constants(graphs[-1])}
    return {constant: rest for constant, rest in found.items() if rest}


def constant_radii(model: Model, graphs: Sequence[Graph]) -> Mapping[float, float]:
    """Bound the error of every constant of a model's graph.

    Args:
        model: the spec.
        graphs: as for ``remainders``.

    Returns:
        Constant -> radius, for the constants of the last graph that may not be exact. What no rule knows is taken for exact if
        it has few bits, else for rounded once.
    """
    rests = _known(model, graphs)
    radii: dict[float, float] = {}
    for constant in _constants(graphs[-1]):
        rest = _rest(rests, constant)
        if rest is not None:
            radii[constant] = (abs(rest) + (_EXACT * abs(constant) if rest else 0.0)) * _OUTWARD
        elif _bits(constant) > _PLAIN_BITS:
            radii[constant] = _UNIT * abs(constant) * _OUTWARD
    return {constant: radius for constant, radius in radii.items() if radius}


def _constants(graph: Graph) -> list[float]:
    """The constants of a graph, without NaN, in order of size."""
    return sorted({node.data for node in graph.nodes if isinstance(node.data, float) and node.data == node.data})


def _known(model: Model, graphs: Sequence[Graph]) -> _Rests:
    """What is lacking of every number that is known, by the magnitude of the float that stands for it."""
    with mpmath.workdps(_DIGITS):
        exprs = [*(node.expr for node in model.nodes), *([] if model.loss_expr is None else [model.loss_expr])]
        ops = sorted({node.op for graph in graphs for node in graph.nodes if node.op in OPS})
        rests = _of_expressions(expr for op in ops for expr in _lowered(op)) | _of_expressions(exprs)
        for before, after in itertools.pairwise(graphs):
            _follow(rests, before, after)
    return rests


def _bits(constant: float) -> int:
    """The bits from the first to the last one that is set; 0 for 0 and for what stands for itself, as inf does."""
    if constant == 0.0 or constant - constant != 0.0:
        return 0
    numerator = abs(Fraction(constant).numerator)
    return (numerator // (numerator & -numerator)).bit_length()


def _lowered(op: str) -> list[Any]:
    """Everything in an op's row that is lowered."""
    row = OPS[op]
    factors = [factor.expr if isinstance(factor, over | late) else factor for factors in row.partials for factor in factors]
    return [*factors, *(expr for _, expr in row.aux), *([] if row.stable is None else [row.stable])]


def _of_expressions(exprs: Iterable[Any]) -> _Rests:
    """What is left of all numbers that lowering may make a constant of: see ``Scope.constant`` and ``_product`` there."""
    rests: _Rests = {}
    fixed: dict[Any, bool] = {}
    for part in postorder(exprs):
        fixed[part] = not isinstance(part, sympy.Symbol) and all(fixed[arg] for arg in part.args)
        numbers = [part] if fixed[part] else []
        if isinstance(part, sympy.Mul):
            numbers.append(sympy.Mul(*(arg for arg in part.args if fixed[arg])))
        for number in numbers:
            if isinstance(number, sympy.Expr):
                _note_number(rests, number)
                if isinstance(number, sympy.Rational):
                    _note_number(rests, sympy.Integer(number.q))
    return rests


def _note_number(rests: _Rests, number: Any) -> None:
    value = number.evalf(_DIGITS)
    if value.is_Rational:
        _note(rests, mpmath.mpf(value.p) / value.q)
    elif value.is_Float:
        _note(rests, mpmath.mp.make_mpf(value._mpf_))


def _note(rests: _Rests, exact: Any, constant: float | None = None) -> None:
    """Enter a number, by the magnitude of the float that stands for it: the given one or the nearest."""
    magnitude = abs(exact)
    if mpmath.isfinite(magnitude) and magnitude != 0:
        head = float(magnitude) if constant is None else abs(constant)
        rest = magnitude - mpmath.mpf(head)
        if 0 < head < float("inf"):
            rests[head] = rests.get(head) or (float(rest) if abs(rest) > _EXACT * magnitude else 0.0)


def _follow(rests: _Rests, before: Graph, after: Graph) -> None:
    """Enter what folding the constant operations of one graph may bring into the next.

    Folding rounds after each operation, so that its result is not always the float nearest to the number meant.
    """
    new = {abs(node.data) for node in after.nodes if isinstance(node.data, float)} - rests.keys()
    values: dict[int, tuple[Any, Any]] = {}  # as folding computes it, and as it is meant
    for position, node in enumerate(before.nodes if new else ()):
        if isinstance(node.data, float):
            rounded = mpmath.mpf(node.data)
            values[position] = rounded, rounded + mpmath.mpf(_rest(rests, node.data) or 0.0)
        elif node.op in MPMATH and node.args and all(arg in values for arg in node.args):
            try:
                rounded, exact = (MPMATH[node.op](*operands) for operands in zip(*(values[a] for a in node.args), strict=True))
            except (ZeroDivisionError, ValueError):
                continue
            if isinstance(exact, bool):
                values[position] = rounded, exact
            elif isinstance(exact, mpmath.mpf) and isinstance(rounded, mpmath.mpf):
                values[position] = mpmath.mpf(float(rounded)), exact
                if abs(float(rounded)) in new:
                    _note(rests, exact, float(rounded))


def _rest(rests: _Rests, constant: float) -> float | None:
    """What a constant lacks; an identity may have scaled it. None where nothing is known of it."""
    magnitude = abs(constant)
    for power in (1.0, *_POWERS):
        if magnitude * power in rests:
            rest = rests[magnitude * power] / power
            return rest if constant > 0 else -rest
    return None
