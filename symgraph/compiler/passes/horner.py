"""Reassociating: polynomials are evaluated by Horner's rule, ((c3*x + c2)*x + c1)*x + c0.

Runs on the forward graph, before the adjoint, whose sweep then multiplies cotangents by x again and again: no power of x is
computed at all. The error of both forms is bounded by a small multiple of the degree times the sum of all |c_k * x**k| (Higham,
Accuracy and Stability of Numerical Algorithms, 2nd ed., 2002, section 5.1). A sum with the squares of two values of opposite
sign is left alone, since ``factor`` may know it as a difference of squares.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from symgraph.compiler.ir.graph import Graph, GraphBuilder, replaced
from symgraph.compiler.numerics.uses import read_once

LARGEST = 64
"""Largest exponent that counts as a degree of a polynomial."""

_TERMS = frozenset({"add", "sub", "mul", "div"})
"""Ops whose operands may be powers of a polynomial."""


Term = tuple[int, bool]
"""Node of a sum, and whether it is subtracted."""


class _Power(NamedTuple):
    """Term coefficient / divisor * base**degree; a coefficient or divisor of 1 is None."""

    base: int
    degree: int
    coefficient: int | None = None
    divisor: int | None = None


Polynomial = tuple[Sequence[tuple[Term, _Power]], Sequence[Term]]
"""Terms of a sum by degree in one base, the highest first, and the terms that are left."""


def horner(graph: Graph) -> Graph:
    """Rewrite sums that have powers of one value, of two degrees at least and one of them above 1."""
    nodes = graph.nodes
    powers = {position for position, node in enumerate(nodes) if node.op == "pow" and _power(graph, position)[1] > 1}
    if not any(node.op in _TERMS and not powers.isdisjoint(node.args) for node in nodes if powers):
        return graph  # without a power in a sum, product or quotient there is no polynomial
    once, sums = read_once(graph), {position for position, node in enumerate(nodes) if node.op in ("add", "sub")}
    inner = once & sums & {arg for position in sums for arg in nodes[position].args}
    found = {position: _polynomial(graph, once, _terms(graph, inner, position)) for position in sorted(sums - inner)}
    polynomials = {position: polynomial for position, polynomial in found.items() if polynomial is not None}

    def evaluated(builder: GraphBuilder, moved: Sequence[int], position: int) -> int:
        return _evaluated(builder, moved, polynomials[position])

    return replaced(graph, polynomials, evaluated)[0] if polynomials else graph


def _terms(graph: Graph, inner: Collection[int], position: int) -> list[Term]:
    """Return the terms of a sum from left to right, those of inner sums that nothing else needs included."""
    terms: list[Term] = []
    stack = [(position, False)]
    while stack:
        top, negative = stack.pop()
        node = graph.nodes[top]
        if top == position or top in inner:
            stack += [(node.args[1], negative != (node.op == "sub")), (node.args[0], negative)]
        else:
            terms.append((top, negative))
    return terms


def _polynomial(graph: Graph, once: frozenset[int], terms: list[Term]) -> Polynomial | None:
    """Return the polynomial that takes the most terms of a sum, or None."""
    powers = [_powers(graph, once, position) for position, _ in terms]
    degrees: dict[int, set[int]] = {}
    for choice in powers:
        for power in choice:
            degrees.setdefault(power.base, set()).add(power.degree)
    bases = [base for base, known in degrees.items() if len(known) > 1 and max(known) > 1]
    if not bases or _has_opposite_squares(graph, terms):
        return None
    base = max(bases, key=lambda one: (len(degrees[one]), max(degrees[one]), -one))
    taken: dict[int, tuple[Term, _Power]] = {}
    rest: list[Term] = []
    for term, choice in zip(terms, powers, strict=True):
        fitting = [power for power in choice if power.base == base and power.degree not in taken]
        if fitting:
            taken[fitting[0].degree] = term, fitting[0]
        else:
            rest.append(term)
    return [taken[degree] for degree in sorted(taken, reverse=True)], rest


def _powers(graph: Graph, once: frozenset[int], position: int) -> list[_Power]:
    """Return a term as a power with a coefficient, in every way; a product that is needed elsewhere stays whole."""
    node, (power, exponent) = graph.nodes[position], _power(graph, position)
    if exponent > 1 or node.op not in ("mul", "div") or position not in once:
        return [_Power(power, exponent)]
    if node.op == "div":
        divisor = node.args[1]
        if graph.nodes[divisor].op != "const":
            return []
        return [one._replace(divisor=divisor) for one in _powers(graph, once, node.args[0]) if one.divisor is None]
    left, right = node.args
    return [_Power(*_power(graph, left), right), _Power(*_power(graph, right), left)]


def _power(graph: Graph, position: int) -> tuple[int, int]:
    """Return a node as base and degree of a power."""
    node = graph.nodes[position]
    exponent = graph.nodes[node.args[1]].data if node.op == "pow" else None
    if isinstance(exponent, float) and 1 < exponent <= LARGEST and exponent == int(exponent):
        return node.args[0], int(exponent)
    return position, 1


def _has_opposite_squares(graph: Graph, terms: list[Term]) -> bool:
    """Tell if the squares of two values have opposite signs in a sum."""
    squares = {(power[0], negative) for at, negative in terms for power in [_power(graph, at)] if power[1] == 2}
    return any(a[0] != b[0] and a[1] != b[1] for a in squares for b in squares)


def _evaluated(builder: GraphBuilder, moved: Sequence[int], polynomial: Polynomial) -> int:
    """Evaluate a polynomial by Horner's rule, then add the terms that are left, one after another."""
    ((_, negative), leading), *others = polynomial[0]
    base, degree = moved[leading.base], leading.degree
    result = None if leading.coefficient is leading.divisor is None else _coefficient(builder, moved, leading)
    if negative:
        result = builder.const(-1.0) if result is None else builder.add("neg", result)
    for (_, negative), power in others:
        result = _times_power(builder, result, base, degree - power.degree)
        result = builder.add("sub" if negative else "add", result, _coefficient(builder, moved, power))
        degree = power.degree
    result = _times_power(builder, result, base, degree)
    for position, negative in polynomial[1]:
        result = builder.add("sub" if negative else "add", result, moved[position])
    return result


def _coefficient(builder: GraphBuilder, moved: Sequence[int], power: _Power) -> int:
    above = builder.const(1.0) if power.coefficient is None else moved[power.coefficient]
    return above if power.divisor is None else builder.add("div", above, moved[power.divisor])


def _times_power(builder: GraphBuilder, value: int | None, base: int, exponent: int) -> int:
    """Return value * base**exponent, where a value of None stands for 1."""
    power = base if exponent == 1 else builder.add("pow", base, builder.const(float(exponent)))
    return power if value is None else builder.add("mul", value, power)
