"""Rounding errors of a graph's constants: the differences from the exact numbers that they stand for.

A graph holds floats: the spec's 1/3 or pi is rounded on its way there, and a constant folded from others inherits their errors.
An accurate module adds the difference; an error bound counts it. This finds the numbers that the constants stand for: those
that lowering may have made of the spec and of the op table, and what folding made of them. A float for which there are several
numbers, as 0.1 beside 1/10, counts as the one that is not exact.
"""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import mpmath
import sympy

from symgraph.compiler.ir.evaluate import MPMATH
from symgraph.compiler.ir.graph import Graph
from symgraph.spec.canonical import postorder
from symgraph.spec.model import Model
from symgraph.spec.ops.ops import OPS

_DIGITS = 60
_POWERS = tuple(2.0**k for k in range(-6, 7))
_EXACT = 2.0**-150
"""Relative remainder below which a float counts as exact."""
_PLAIN_BITS = 40
"""Most bits of an unknown constant, such as the 2.0 or 0.5 of an identity, that is taken for exact."""
_UNIT = 2.0**-53
_OUTWARD = 1.0 + 2.0**-40

_Rests = dict[float, float]


def remainders(model: Model, graphs: Sequence[Graph]) -> Mapping[float, float]:
    """Find the rounding remainder (exact minus float) of each constant of a model's graph.

    Args:
        model: the spec.
        graphs: the graph after lowering and after each step from there, the one that is emitted last.

    Returns:
        Constant -> remainder to add to it, for the constants of the last graph that are not exact.
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
        Constant -> radius, for the constants of the last graph that may not be exact. An unknown constant is taken for exact if
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
    """Return the constants of a graph, without NaN, in order of size."""
    return sorted({node.data for node in graph.nodes if isinstance(node.data, float) and node.data == node.data})


def _known(model: Model, graphs: Sequence[Graph]) -> _Rests:
    """Return the rounding remainder (exact minus float) of each known number, by the magnitude of its float."""
    with mpmath.workdps(_DIGITS):
        ops = sorted({node.op for graph in graphs for node in graph.nodes if node.op in OPS})
        of_ops = (expr for op in ops for expr in (*OPS[op].formulas.values(), *dict(OPS[op].aux).values()))
        rests = _of_expressions((*of_ops, *model.exprs))
        for before, after in itertools.pairwise(graphs):
            _follow(rests, before, after)
    return rests


def _bits(constant: float) -> int:
    """Count the bits from the first to the last one that is set; 0 for 0, inf and NaN."""
    if constant == 0.0 or constant - constant != 0.0:
        return 0
    numerator = abs(Fraction(constant).numerator)
    return (numerator // (numerator & -numerator)).bit_length()


def _of_expressions(exprs: Iterable[Any]) -> _Rests:
    """Return the remainders of all numbers that lowering may make constants: see ``Lowering.constant``, ``_product``."""
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
    """Record the remainder of a number by the magnitude of its float: the given one or the nearest."""
    magnitude = abs(exact)
    if mpmath.isfinite(magnitude) and magnitude != 0:
        head = float(magnitude) if constant is None else abs(constant)
        rest = magnitude - mpmath.mpf(head)
        if 0 < head < float("inf"):
            rests[head] = rests.get(head) or (float(rest) if abs(rest) > _EXACT * magnitude else 0.0)


def _follow(rests: _Rests, before: Graph, after: Graph) -> None:
    """Record the remainders of constants that folding operations of one graph may bring into the next.

    Folding rounds after each operation, so that its result is not always the float nearest to the number meant.
    """
    new = {abs(node.data) for node in after.nodes if isinstance(node.data, float)} - rests.keys()
    values: dict[int, tuple[Any, Any]] = {}  # as folding computes it, and without rounding
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
    """Return the remainder of a constant, which an identity may have scaled; None where it is unknown."""
    magnitude = abs(constant)
    for power in (1.0, *_POWERS):
        if magnitude * power in rests:
            rest = rests[magnitude * power] / power
            return rest if constant > 0 else -rest
    return None
