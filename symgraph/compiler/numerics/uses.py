"""Uses of nodes, and walks along them: a pass may compute in another way what only one operation needs.

Results are kept with the graph, since several passes in a row ask the same of a graph that they leave as it is.
"""

from collections import Counter
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence
from functools import wraps
from itertools import chain
from typing import TypeVar

from symgraph.compiler.ir.graph import Graph, Node, reachable

T = TypeVar("T")


def kept(find: Callable[[Graph], T]) -> Callable[[Graph], T]:
    """Make a function of a graph keep its result, which nobody may change, among the graph's facts."""
    name = f"{find.__module__}.{find.__qualname__}"

    @wraps(find)
    def once(graph: Graph) -> T:
        if name not in graph.facts:
            graph.facts[name] = find(graph)
        found: T = graph.facts[name]
        return found

    return once


@kept
def alive(graph: Graph) -> frozenset[int]:
    """Return the nodes that the roots need."""
    return reachable(graph.nodes, graph.roots.values())


@kept
def readers(graph: Graph) -> Counter[int]:
    """Count the operands, names and roots that refer to each node, as far as the roots need them."""
    nodes, living = graph.nodes, alive(graph)
    uses = Counter(chain.from_iterable([nodes[position].args for position in living]))
    uses.update({*graph.roots.values(), *(position for position in graph.names.values() if position in living)})
    return uses


@kept
def read_once(graph: Graph) -> frozenset[int]:
    """Return the nodes that are an operand once, and have no name and no other reader."""
    named = {*graph.roots.values(), *graph.names.values()}
    return frozenset([position for position, count in readers(graph).items() if count == 1]) - named


def factors_of(nodes: Sequence[Node], position: int, inner: Collection[int]) -> list[int]:
    """Return the factors of a product from left to right.

    Args:
        nodes: of the graph.
        position: the product.
        inner: products whose own factors are wanted where one is the first factor.
    """
    found = list(nodes[position].args)
    while found[0] in inner:
        found[:1] = nodes[found[0]].args
    return found


def influenced(nodes: Sequence[Node], by: str, *, real: bool = False) -> list[bool]:
    """Tell for each node if it depends on a leaf of a kind.

    Args:
        nodes: of a graph.
        by: the op of such a leaf.
        real: whether truth values, which have no derivative, count as independent.
    """
    found: list[bool] = []
    for node in nodes:
        found.append(node.op == by)
        if not (real and node.boolean):
            for arg in node.args:
                if found[arg]:
                    found[-1] = True
                    break
    return found


def operands_first(
    nodes: Sequence[Node], position: int, known: Container[int], read: Callable[[Node], Iterable[int]]
) -> Iterator[int]:
    """Yield a node and those on which it depends, operands first, without the known ones.

    Args:
        nodes: of a graph or builder.
        position: the node.
        known: nodes that are passed over; whoever asks adds each node that is yielded.
        read: gives the operands of a node that come before it.
    """
    stack = [position]
    while stack:
        waiting = [arg for arg in read(nodes[stack[-1]]) if arg not in known]
        if waiting:
            stack.extend(waiting)
        elif (top := stack.pop()) not in known:
            yield top
