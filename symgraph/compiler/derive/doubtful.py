"""Operations in which digits may be lost: sums that may be much smaller than their terms, functions near roots and ends.

A sum of values that were rounded has the errors of its terms, and few digits where it is small beside them; so has log near 1,
a sine of many turns near its roots, and atanh where its argument is close to 1. What is given is exact, so that its sums lose
nothing.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from symgraph.compiler.ir.graph import Graph, Node
from symgraph.compiler.numerics.intervals import Interval, intervals
from symgraph.spec.ops.ops import OPS

_SMALL_BESIDE_1 = frozenset({"log", "lgamma", "digamma"})
_SMALL_BESIDE_ARGUMENT = frozenset({"sin", "cos", "tan"})
"""Functions with roots at which the argument is not 0, by what they are small beside where digits are lost."""


class Doubtful(NamedTuple):
    """A value that may have few digits where it is near a number.

    Attributes:
        position: of the value.
        beside: a node beside which its distance from that number is small then; None for the number itself, or for 1.
        end: the number; 0, or an end of the domain of a function of the value.
    """

    position: int
    beside: int | None
    end: float = 0.0


_EXACT = frozenset({"neg", "abs", "max", "min", "select"})
"""Operations that give one of their operands but for the sign."""

_BESIDE = 0.75
"""Where one term is never larger than so much of the other, their sum is at least a quarter of it."""


def losing(graph: Graph) -> tuple[Doubtful, ...]:
    """Return the values that may lose digits.

    A target less what a model computes is left out: a residual is as small as noise, and loses nothing that anyone measured.
    """
    nodes, found, near = graph.nodes, dict[int, int | None](), set[Doubtful]()
    given = [node.data is not None for node in nodes]  # or chosen among what is
    bounds: list[Interval] = []
    for position, node in enumerate(nodes):
        if node.op in _SMALL_BESIDE_1 | _SMALL_BESIDE_ARGUMENT and not given[node.args[0]]:
            found[position] = node.args[0] if node.op in _SMALL_BESIDE_ARGUMENT else None
        if len(node.args) == 1 and not given[node.args[0]]:
            near |= {Doubtful(node.args[0], None, end) for end in _ends(node.op)}
            near |= {Doubtful(node.args[0], position)} if node.op == "tan" else set()  # near its poles
        if node.op in _EXACT:
            given[position] = all(given[arg] for arg in node.args[node.op == "select" :])
        if node.op not in ("add", "sub") or all(given[arg] for arg in node.args):
            continue
        if any(nodes[arg].op == "target" for arg in node.args) or _is_in_turn(nodes, node) or _is_beyond(nodes, node):
            continue
        bounds = bounds or intervals(graph)
        a, b = (bounds[arg] for arg in node.args)
        if not _is_harmless(a, b if node.op == "add" else Interval(-b.high, -b.low)):
            found[position] = _beside(node, found, given)
    return tuple(sorted([*(Doubtful(*one) for one in found.items()), *near], key=lambda one: one[::2]))


def _ends(op: Any) -> Iterator[float]:
    """Yield the ends of a function's domain near which an argument that was rounded has few digits: those but 0."""
    spans = OPS[op].domain if op in OPS else None
    yield from (end for end in (spans[0].low, spans[0].high) if spans and end and math.isfinite(end)) if spans else ()


def _beside(node: Node, found: Mapping[int, int | None], given: Sequence[bool]) -> int:
    """Return the term that a sum is watched beside: in a chain of sums the one before, else one that is given."""
    return min(node.args, key=lambda arg: (arg not in found, not given[arg]))


def _is_in_turn(nodes: Sequence[Node], node: Node) -> bool:
    """Tell if one term is 0 wherever the other is not: if both are selected, by the same condition."""
    (one, zero), (other, other_zero) = (_selected(nodes, nodes[arg]) for arg in node.args)
    return one is not None and one == other and {zero, other_zero} == {1, 2}


def _selected(nodes: Sequence[Node], node: Node) -> tuple[int | None, int]:
    """Return the condition of a value that is 0 where it does not hold, or where it does, and the place of the 0."""
    zeros = [place for place in (1, 2) if node.op == "select" and nodes[node.args[place]].data == 0.0]
    return (node.args[0], zeros[0]) if zeros else (None, 0)


def _is_beyond(nodes: Sequence[Node], node: Node) -> bool:
    """Tell if a difference is how far a value is beyond some limits, by which exponents are shifted: exact within them."""
    value, limited = node.args
    inner = [arg for arg in nodes[limited].args if nodes[limited].op in ("max", "min")]
    inner += [arg for one in inner if nodes[one].op in ("max", "min") for arg in nodes[one].args]
    return node.op == "sub" and value in inner


def _is_harmless(a: Interval, b: Interval) -> bool:
    """Tell if the sum of two numbers is never much smaller than they are."""
    if (a.low >= 0 and b.low >= 0) or (a.high <= 0 and b.high <= 0):
        return True
    return any(_least(one) * _BESIDE >= max(abs(other.low), abs(other.high)) for one, other in ((a, b), (b, a)))


def _least(one: Interval) -> Any:
    """Return the least magnitude in an interval."""
    return max(one.low, -one.high, 0)
