"""Products and what is added to them are fused in C where that can only bring the result nearer to the truth."""

import pytest

from symgraph.backends.c.fused import fused
from symgraph.ir.graph import Graph, GraphBuilder


def built(build: str) -> Graph:
    """A graph of the root r, with features x and z and a weight w at hand."""
    builder = GraphBuilder("g")
    names = {"x": builder.leaf("feature", "x"), "z": builder.leaf("feature", "z"), "w": builder.leaf("weight", "w")}
    names |= {op: (lambda *args, op=op: builder.add(op, *args)) for op in ("add", "sub", "mul", "exp")}
    roots: dict[str, int] = {}
    exec(build, {}, names | {"c": builder.const, "roots": roots})
    return builder.build(roots, {})


def text(graph: Graph, position: int) -> str:
    node = graph.nodes[position]
    return str(node.data) if node.data is not None else f"{node.op}({', '.join(text(graph, arg) for arg in node.args)})"


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        ("add(mul(x, z), w)", "fma(x, z, w)"),
        ("add(w, mul(x, z))", "fma(x, z, w)"),
        ("sub(mul(x, z), w)", "fma(x, z, neg(w))"),
        ("sub(w, mul(x, z))", "fma(neg(x), z, w)"),
        ("sub(mul(x, z), c(1.0))", "fma(x, z, -1.0)"),
        ("add(mul(exp(x), exp(x)), c(1.0))", "fma(exp(x), exp(x), 1.0)"),
    ],
)
def test_what_is_added_to_an_exact_number_is_fused(build: str, expected: str) -> None:
    graph = fused(built(f"roots['r'] = {build}"))
    assert text(graph, graph.roots["r"]) == expected


@pytest.mark.parametrize(
    "build",
    [
        "roots['r'] = sub(mul(x, x), mul(z, z))",  # is 0 where x is z; one rounding of the two would leave the other's error
        "roots['r'] = add(mul(x, z), exp(w))",
        "p = mul(x, z); roots['r'] = add(p, w); roots['q'] = exp(p)",  # the product is needed anyway
        "p = mul(x, z); roots['r'] = add(p, w); roots['node p'] = p",
    ],
)
def test_what_was_rounded_is_added_with_a_rounding_of_its_own(build: str) -> None:
    assert not any(node.op == "fma" for node in fused(built(build)).nodes)
