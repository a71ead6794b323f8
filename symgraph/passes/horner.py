"""Reassociating: polynomials are evaluated by Horner's rule, ((c3*x + c2)*x + c1)*x + c0.

Runs on the forward graph, before the adjoint, whose sweep then multiplies cotangents by x again and again: no power of x is
computed at all. The error of both forms is bounded by a small multiple of the degree times the sum of all |c_k * x**k| (Higham,
Accuracy and Stability of Numerical Algorithms, 2nd ed., 2002, section 5.1). A sum with the squares of two values of opposite
sign is left alone, since ``factor`` may know it as a difference of squares.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from symgraph.ir.graph import Graph, GraphBuilder, Node, replaced
from symgraph.ir.uses import read_once

LARGEST = 64
"""Largest exponent that counts as a degree of a polynomial."""

_TERMS = frozenset({"add", "sub", "mul", "div"})
"""Ops whose operands may be powers of a polynomial."""


class _Term(NamedTuple):
    """Node of a sum, and whether it is subtracted."""

    position: int
    negative: bool


class _Power(NamedTuple):
    """Term coefficient / divisor * base**degree; a coefficient or divisor of 1 is None."""

    base: int
    degree: int
    coefficient: int | None = None
    divisor: int | None = None


class _Polynomial(NamedTuple):
    """Terms of a sum by degree in one base, the highest first, and the terms that are left."""

    terms: Sequence[tuple[_Term, _Power]]
    rest: Sequence[_Term]


def horner(graph: Graph) -> Graph:
    """Rewrite sums that have powers of one value, of two degrees at least and one of them above 1."""
    if not _has_powers(graph):
        return graph
    once = read_once(graph)
    inner = {arg for node in graph.nodes if _is_sum(node) for arg in node.args if arg in once and _is_sum(graph.nodes[arg])}
    found = {}
    for position, node in enumerate(graph.nodes):
        if _is_sum(node) and position not in inner:
            polynomial = _polynomial(graph, once, _terms(graph, inner, position))
            if polynomial is not None:
                found[position] = polynomial
    return _rewritten(graph, found) if found else graph


def _has_powers(graph: Graph) -> bool:
    """Tell by a quick look if a power is an operand of a sum, product or quotient, without which there is no polynomial."""
    nodes = graph.nodes
    powers = {position for position, node in enumerate(nodes) if node.op == "pow" and _power(graph, position)[1] > 1}
    return bool(powers) and any(not powers.isdisjoint(node.args) for node in nodes if node.op in _TERMS)


def _is_sum(node: Node) -> bool:
    return node.op in ("add", "sub")


def _terms(graph: Graph, inner: set[int], position: int) -> list[_Term]:
    """Return the terms of a sum from left to right, those of inner sums that nothing else needs included."""
    terms: list[_Term] = []
    stack = [_Term(position, False)]
    while stack:
        top = stack.pop()
        node = graph.nodes[top.position]
        if top.position == position or top.position in inner:
            stack.append(_Term(node.args[1], top.negative != (node.op == "sub")))
            stack.append(_Term(node.args[0], top.negative))
        else:
            terms.append(top)
    return terms


def _polynomial(graph: Graph, once: frozenset[int], terms: list[_Term]) -> _Polynomial | None:
    """Return the polynomial that takes the most terms of a sum, or None."""
    powers = [_powers(graph, once, term.position) for term in terms]
    degrees: dict[int, set[int]] = {}
    for choice in powers:
        for power in choice:
            degrees.setdefault(power.base, set()).add(power.degree)
    bases = [base for base, known in degrees.items() if len(known) > 1 and max(known) > 1]
    if not bases or _has_opposite_squares(graph, terms):
        return None
    base = max(bases, key=lambda one: (len(degrees[one]), max(degrees[one]), -one))
    taken: dict[int, tuple[_Term, _Power]] = {}
    rest: list[_Term] = []
    for term, choice in zip(terms, powers, strict=True):
        fitting = [power for power in choice if power.base == base and power.degree not in taken]
        if fitting:
            taken[fitting[0].degree] = term, fitting[0]
        else:
            rest.append(term)
    return _Polynomial([taken[degree] for degree in sorted(taken, reverse=True)], rest)


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


def _has_opposite_squares(graph: Graph, terms: list[_Term]) -> bool:
    """Tell if the squares of two values have opposite signs in a sum."""
    squares = {(power[0], term.negative) for term in terms for power in [_power(graph, term.position)] if power[1] == 2}
    return any(a[0] != b[0] and a[1] != b[1] for a in squares for b in squares)


def _rewritten(graph: Graph, found: Mapping[int, _Polynomial]) -> Graph:
    def evaluated(builder: GraphBuilder, moved: Sequence[int], position: int) -> int:
        return _evaluated(builder, moved, found[position])

    return replaced(graph, found, evaluated)[0]


def _evaluated(builder: GraphBuilder, moved: Sequence[int], polynomial: _Polynomial) -> int:
    """Evaluate a polynomial by Horner's rule, then add the terms that are left, one after another."""
    (first, leading), *others = polynomial.terms
    base, degree = moved[leading.base], leading.degree
    result = None if leading.coefficient is leading.divisor is None else _coefficient(builder, moved, leading)
    if first.negative:
        result = builder.const(-1.0) if result is None else builder.add("neg", result)
    for term, power in others:
        result = _times_power(builder, result, base, degree - power.degree)
        result = builder.add("sub" if term.negative else "add", result, _coefficient(builder, moved, power))
        degree = power.degree
    result = _times_power(builder, result, base, degree)
    for term in polynomial.rest:
        result = builder.add("sub" if term.negative else "add", result, moved[term.position])
    return result


def _coefficient(builder: GraphBuilder, moved: Sequence[int], power: _Power) -> int:
    above = builder.const(1.0) if power.coefficient is None else moved[power.coefficient]
    return above if power.divisor is None else builder.add("div", above, moved[power.divisor])


def _times_power(builder: GraphBuilder, value: int | None, base: int, exponent: int) -> int:
    """Return value * base**exponent, where a value of None stands for 1."""
    power = base if exponent == 1 else builder.add("pow", base, builder.const(float(exponent)))
    return power if value is None else builder.add("mul", value, power)
