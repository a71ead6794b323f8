"""Operations that only one backend has, such as fma: a pass writes them, and each says what it means in ops of the table.

Code that reasons about a printed graph need not know them: ``elementary`` replaces each by its meaning.
"""

import math
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from symgraph.compiler.ir.graph import Graph, GraphBuilder, Node, rebuild, replaced
from symgraph.spec.ops.ops import OPS


class Special(NamedTuple):
    """One such operation.

    Attributes:
        arity: the number of its operands.
        meaning: a function that takes a builder and the operands, and adds the same value in ops of the table.
        of: the op of which it is a variant, "" for none; it makes a truth value where that does.
    """

    arity: int
    meaning: Callable[..., int]
    of: str = ""


def _variant(op: str) -> Special:
    """Make the row of an operation that is an op of the table, written in its own way."""
    return Special(OPS[op].arity, lambda builder, *args: builder.add(op, *args), op)


def _double_sine(builder: GraphBuilder, x: int) -> int:
    return builder.add("mul", *_tangent(builder, x))


def _double_cosine(builder: GraphBuilder, x: int) -> int:
    return builder.add("sub", _tangent(builder, x)[1], builder.const(1.0))


def _tangent(builder: GraphBuilder, x: int) -> tuple[int, int]:
    """Add the tangent t of a value, and 2/(1 + t*t)."""
    t = builder.add("tan", x)
    d = builder.add("add", builder.add("mul", t, t), builder.const(1.0))
    return t, builder.add("div", builder.const(2.0), d)


def _lost(builder: GraphBuilder, value: int, beside: int) -> int:
    """Add the binary logarithm of 1.87 times how small a value is beside another, 0 where that is not below 1."""
    add, const = builder.add, builder.const
    logarithm = add("log", add("mul", add("abs", add("div", value, beside)), const(2.0**0.9)))
    return add("mul", add("min", logarithm, const(0.0)), const(1 / math.log(2.0)))


def _below_0(builder: GraphBuilder, value: int, chosen: int) -> int:
    return builder.add("select", builder.add("lt", value, builder.const(0.0)), chosen, builder.const(0.0))


def _left_range(builder: GraphBuilder, value: int, one: int, other: int) -> int:
    """Add 2000 where a value is no normal number, although two others are not 0."""
    add, const = builder.add, builder.const
    size, zero = add("abs", value), const(0.0)
    is_out = add("or", add("lt", size, const(sys.float_info.min)), add("gt", size, const(sys.float_info.max)))
    unlike = add("and", add("ne", one, zero), add("ne", other, zero))
    return add("select", add("and", is_out, unlike), const(2000.0), zero)


SPECIAL: Mapping[str, Special] = MappingProxyType(
    {
        # sine and cosine of 2*x by the tangent of x
        "double_sine": Special(1, _double_sine),
        "double_cosine": Special(1, _double_cosine),
        # the sum over rows of a product
        "rowdot": Special(2, lambda builder, a, b: builder.add("rowsum", builder.add("mul", a, b))),
        # a*b + c, a*b - c and c - a*b with a single rounding where the machine has that
        "fma": Special(3, lambda builder, a, b, c: builder.add("add", builder.add("mul", a, b), c)),
        "fms": Special(3, lambda builder, a, b, c: builder.add("sub", builder.add("mul", a, b), c)),
        "fnma": Special(3, lambda builder, a, b, c: builder.add("sub", c, builder.add("mul", a, b))),
        # the exponential of a number that is never above 0
        "exp_minus": _variant("exp"),
        # how many bits a value has lost that is small beside another, within 0.09, of which one bit less 0.1 is free
        "lost": Special(2, _lost),
        # the second operand where the first is below 0, else 0; comparisons, which compilers join, would not become vector code
        "below_0": Special(2, _below_0),
        # 2000, more bits than there are, where a value left the normal range though two others are not 0
        "left_range": Special(3, _left_range),
    }
)
"""Every special operation by name."""


def arity_of(op: str) -> int:
    """Return the number of operands of an operation."""
    return SPECIAL[op].arity if op in SPECIAL else OPS[op].arity


@cache
def parts_of(op: str) -> tuple[str, ...]:
    """Return the ops of the table of which an operation consists."""
    if op not in SPECIAL:
        return (op,)
    builder = GraphBuilder(op)
    SPECIAL[op].meaning(builder, *(builder.leaf("input", f"x{place}") for place in range(SPECIAL[op].arity)))
    return tuple(node.op for node in builder.nodes if node.data is None)


def marked_as(graph: Graph, positions: Collection[int], variant: Callable[[str], str]) -> Graph:
    """Return a graph in which some nodes are special operations, variants of their ops.

    Args:
        graph: the graph.
        positions: those of the nodes.
        variant: gives the name of the special operation for an op.
    """

    def marked(builder: GraphBuilder, moved: Sequence[int], position: int) -> int:
        node = graph.nodes[position]
        return builder.copy(node._replace(op=variant(node.op)), tuple(moved[arg] for arg in node.args))

    return replaced(graph, positions, marked)[0] if positions else graph


def elementary(graph: Graph, operations: Collection[str] = SPECIAL) -> Graph:
    """Return a graph with what the given special operations mean, by default all, in operations of the op table."""

    def meant(builder: GraphBuilder, node: Node, args: tuple[int, ...]) -> int:
        return SPECIAL[node.op].meaning(builder, *args)

    return rebuild(graph, meant, operations)
