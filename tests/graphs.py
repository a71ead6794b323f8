"""Random graphs, and an arithmetic of doubles that goes on where ``math`` raises, for tests of graphs and passes."""

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st

from symgraph.compiler.ir.evaluate import FLOAT, evaluate
from symgraph.compiler.ir.graph import BOOLEAN_OPS, Graph, GraphBuilder
from symgraph.runtime import functions, gamma, kernels
from symgraph.runtime.special import SpecialFunctions
from symgraph.spec.ops.op import SCIPY, WHOLE_NUMBERS
from symgraph.spec.ops.ops import OPS
from symgraph.spec.ops.ops_kernels import KERNELS

SCIPYS = SpecialFunctions()

NUMPY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "neg": np.negative, "abs": np.abs,
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal,
    "and": np.logical_and, "or": np.logical_or, "not": np.logical_not,
    "select": lambda condition, chosen, other: chosen if condition else other,
    "rowsum": lambda a: a,
    **{
        name: getattr(np, row.numpy.removeprefix("np."))
        for name, row in OPS.items()
        if isinstance(row.numpy, str) and row.numpy.startswith("np.")
    },
    **{
        name: (lambda a, function=FLOAT[name]: np.float64(function(float(a))))
        for name in ("erf", "erfc", "erfcx", "ierfcx", "gauss")
    },
    "power_slope": functions.power_slope,
    **{row.name: getattr(kernels, row.name) for row in KERNELS},
    **{name: getattr(gamma, name) for name in ("lgamma", "digamma", "trigamma", "stirlerr", "stirlerr_slope")},
    **{
        name: getattr(SCIPYS, row.numpy.removeprefix(f"{SCIPY}."))
        for name, row in OPS.items()
        if isinstance(row.numpy, str) and row.numpy.startswith(f"{SCIPY}.")
    },
}  # fmt: skip

EXACT = ("add", "sub", "mul", "div", "neg", "abs", "sqrt", "max", "min", "select")
"""Ops that IEEE 754 rounds correctly or that do not round."""

REAL_OPS = tuple(name for name, row in OPS.items() if name not in BOOLEAN_OPS and name != "rowsum" and row.stable is None)
COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")
LEAVES = ("f", "g", "a", "b", "y")


def values_of(graph: Graph, leaves: Mapping[str, float]) -> dict[str, Any]:
    """The value of every root, in doubles, at values of the leaves."""
    with np.errstate(all="ignore"):
        values = evaluate(graph, {name: np.float64(value) for name, value in leaves.items()}, NUMPY, np.float64)
    return {root: values[position] for root, position in graph.roots.items()}


def bits(value: Any) -> object:
    """Key that tells two results apart bit by bit; every NaN counts as the same."""
    return bool(value) if isinstance(value, bool | np.bool_) else "nan" if value != value else struct.pack("<d", value)


@st.composite
def graphs(draw: st.DrawFn, ops: tuple[str, ...] = REAL_OPS, size: int = 16, constants: Any = None) -> Graph:
    """A graph of the given ops with comparisons and a few constants, every node a root.

    Few leaves and constants, and operands that are often the newest, make equal and related operands frequent. Operands that
    are whole constants by the table, such as the orders of Bessel functions, are that.

    Args:
        draw: Hypothesis's.
        ops: the real ops to choose from.
        size: at most so many operations.
        constants: a strategy of constants; small ones, 0, 1 and -1 above all, unless given.
    """
    builder = GraphBuilder("random")
    kinds = {"f": "feature", "g": "feature", "a": "weight", "b": "weight", "y": "target"}
    chosen = draw(st.lists(st.sampled_from(LEAVES), min_size=1, max_size=3, unique=True))
    real = [builder.leaf(kinds[name], name) for name in chosen]
    usual = st.sampled_from([0.0, 1.0, -1.0, 2.0, 0.5, -0.0, 3.0, -2.5])
    real += [
        builder.const(value) for value in draw(st.lists(usual if constants is None else constants, min_size=1, max_size=4))
    ]
    truth: list[int] = []

    def operand() -> int:
        return draw(st.sampled_from(real[-3:] if draw(st.booleans()) else real))

    for _ in range(draw(st.integers(1, size))):
        if draw(st.integers(0, 4)) == 0:
            truth.append(builder.add(draw(st.sampled_from(COMPARISONS)), operand(), operand()))
            if len(truth) > 1 and draw(st.booleans()):
                truth.append(builder.add(draw(st.sampled_from(("and", "or"))), draw(st.sampled_from(truth)), truth[-1]))
                truth.append(builder.add("not", draw(st.sampled_from(truth))))
            continue
        op = draw(st.sampled_from(ops))
        if op != "select":
            orders = {place for place, span in enumerate(OPS[op].domain or ()) if span == WHOLE_NUMBERS}
            places = range(OPS[op].arity)
            args = [builder.const(float(draw(st.integers(0, 4)))) if place in orders else operand() for place in places]
            real.append(builder.add(op, *args))
            if len(args) == 2 and not orders and draw(st.booleans()):
                real.append(builder.add(op, *reversed(args)))
        elif truth:
            real.append(builder.add("select", draw(st.sampled_from(truth)), operand(), operand()))
    computed = dict.fromkeys(position for position in real if builder.nodes[position].data is None)
    names = {f"n{index}": position for index, position in enumerate(computed)}
    return builder.build({f"node {name}": position for name, position in names.items()}, names)


def points(low: float = -4, high: float = 4) -> Any:
    """Values for the leaves."""
    number = st.floats(low, high) | st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5])
    return st.fixed_dictionaries(dict.fromkeys(LEAVES, number))
