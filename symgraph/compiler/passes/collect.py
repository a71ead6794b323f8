"""Reassociating: the constant factors of a product become one constant in front of it, which saves a rounding for each.

Constants far from 1 stay where they are, since a product with them may leave the range of numbers where the whole does not.
``fold_constants`` multiplies them.
"""

import math
from collections.abc import Sequence

from symgraph.compiler.ir.graph import Graph, GraphBuilder, replaced
from symgraph.compiler.numerics.uses import read_once
from symgraph.compiler.passes.prune import prune

_FAR = 2.0**60
"""Largest constant that is brought together with others; its inverse is the smallest."""


def collect(graph: Graph) -> Graph:
    """Bring constants together in products whose partial products nothing else needs."""
    graph = prune(graph)
    several = {position: found for position, found in _products(graph).items() if _worth_it(graph, found)}
    if not several:
        return graph

    def collected(builder: GraphBuilder, moved: Sequence[int], position: int) -> int:
        return _whole(builder, [moved[factor] for factor in several[position]])

    return prune(replaced(graph, several, collected)[0])


def _products(graph: Graph) -> dict[int, list[int]]:
    """Return the factors of every product, with those of products that only it needs."""
    nodes, once = graph.nodes, read_once(graph)
    found: dict[int, list[int]] = {}
    for position, node in enumerate(nodes):
        if node.op == "mul":
            found[position], right = [found.pop(arg) if arg in once and arg in found else [arg] for arg in node.args]
            found[position] += right
    return found


def _worth_it(graph: Graph, factors: Sequence[int]) -> bool:
    """Tell if there are two constants or more among some factors, none of them far from 1."""
    constants = [abs(data) for data in (graph.nodes[factor].data for factor in factors) if isinstance(data, float)]
    return len(constants) > 1 and all(1 / _FAR < constant < _FAR for constant in constants)


def _whole(builder: GraphBuilder, factors: Sequence[int]) -> int:
    """Write a product with its constants in front, without powers of two that multiply to 1 or -1."""
    numbers = {factor: data for factor in factors if isinstance(data := builder.nodes[factor].data, float)}
    constants = [factor for factor in factors if factor in numbers]
    rest = [factor for factor in factors if factor not in numbers]
    exact = math.prod(numbers[factor] for factor in constants)
    if rest and abs(exact) == 1 and all(math.frexp(abs(number))[0] == 0.5 for number in numbers.values()):
        return builder.chain("mul", rest) if exact > 0 else builder.add("neg", builder.chain("mul", rest))
    constant = builder.chain("mul", constants)
    return builder.add("mul", constant, builder.chain("mul", rest)) if rest else constant
