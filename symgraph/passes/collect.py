"""Reassociating: the constant factors of a product become one constant in front of it, which saves a rounding for each.

Constants far from 1 stay where they are, since a product with them may leave the range of numbers where the whole does not.
``fold_constants`` multiplies them.
"""

import math
from typing import NamedTuple

from symgraph.ir.graph import Graph, GraphBuilder
from symgraph.ir.uses import product, read_once
from symgraph.passes.prune import prune

_FAR = 2.0**60
"""Largest constant that is brought together with others; its inverse is the smallest."""


class _Parts(NamedTuple):
    """Product as its constant factors and the product of the others, None where there is no other."""

    constants: tuple[int, ...]
    rest: int | None


def collect(graph: Graph) -> Graph:
    """Bring constants together in products whose partial products nothing else needs."""
    graph = prune(graph)
    inner = _inner_products(graph)
    many = _with_several(graph, inner)
    if not many:
        return graph
    builder = GraphBuilder(graph.name, graph.domains)
    moved: list[int] = []
    parts: dict[int, _Parts] = {}
    for position, node in enumerate(graph.nodes):
        builder.origin = node.origin
        if position in many:
            pieces = [parts[arg] if arg in many and arg in inner else _leaf(builder, moved[arg]) for arg in node.args]
            constants = tuple(constant for piece in pieces for constant in piece.constants)
            rests = [piece.rest for piece in pieces if piece.rest is not None]
            parts[position] = _Parts(constants, product(builder, rests) if rests else None)
        if position not in many:
            moved.append(builder.copy(node, tuple(moved[arg] for arg in node.args)))
        elif position in inner:
            moved.append(-1)  # read by the product around it alone
        else:
            moved.append(_whole(builder, parts[position]))
    return builder.build(
        {root: moved[position] for root, position in graph.roots.items()},
        {name: moved[position] for name, position in graph.names.items()},
    )


def _inner_products(graph: Graph) -> frozenset[int]:
    """Return the products that one other product needs and nothing else."""
    once = read_once(graph)
    products = {position: node for position, node in enumerate(graph.nodes) if node.op == "mul"}
    return once.intersection(products) & {arg for node in products.values() for arg in node.args}


def _with_several(graph: Graph, inner: frozenset[int]) -> frozenset[int]:
    """Return the multiplications of all products with two constants or more, none of them far from 1."""
    nodes = graph.nodes
    products = [position for position, node in enumerate(nodes) if node.op == "mul"]
    counts: dict[int, int] = {}
    far: set[int] = set()
    for position in products:
        counts[position] = 0
        for arg in nodes[position].args:
            constant = nodes[arg].data
            if isinstance(constant, float):
                counts[position] += 1
            elif arg in inner:
                counts[position] += counts[arg]
            if (arg in inner and arg in far) or (isinstance(constant, float) and not 1 / _FAR < abs(constant) < _FAR):
                far.add(position)
    found: set[int] = set()
    for position in reversed(products):
        if position in found or (position not in inner and counts[position] > 1 and position not in far):
            found.add(position)
            found.update(arg for arg in nodes[position].args if arg in inner)
    return frozenset(found)


def _whole(builder: GraphBuilder, parts: _Parts) -> int:
    """Write a product with its constants in front, without powers of two that multiply to 1 or -1."""
    constants, rest = parts
    values = [builder.nodes[constant].data for constant in constants]
    exact = [value for value in values if isinstance(value, float) and math.frexp(abs(value))[0] == 0.5]
    if rest is not None and len(exact) == len(values) and abs(math.prod(exact)) == 1:
        return rest if math.prod(exact) > 0 else builder.add("neg", rest)
    constant = product(builder, constants)
    return constant if rest is None else builder.add("mul", constant, rest)


def _leaf(builder: GraphBuilder, position: int) -> _Parts:
    return _Parts((position,), None) if builder.nodes[position].op == "const" else _Parts((), position)
