"""Selections of 1 or of an exponential of at most 1 are written as the larger of two numbers."""

import numpy as np
import pytest

import symgraph
from symgraph import Model
from symgraph.backends.steps import steps
from symgraph.ir.falling import falls
from symgraph.ir.functions import sigmoid
from symgraph.ir.graph import Graph, GraphBuilder


def built(build: str) -> Graph:
    """A graph with a feature x, a weight w and the exponential p of a sigmoid of x at hand."""
    builder = GraphBuilder("g")
    names = {"x": builder.leaf("feature", "x"), "w": builder.leaf("weight", "w"), "one": builder.const(1.0)}
    names |= {op: (lambda *args, op=op: builder.add(op, *args)) for op in ("abs", "neg", "exp", "ge", "select", "mul", "add")}
    names["negation"] = lambda argument: builder.add("not", argument)
    names["zero"] = builder.const(0.0)
    names["p"] = builder.add("exp", builder.add("neg", builder.add("abs", names["x"])))
    roots: dict[str, int] = {}
    exec(build, {}, names | {"roots": roots})
    return builder.build(roots, {})


def test_one_or_an_exponential_of_at_most_one_is_the_larger_of_it_and_the_comparison() -> None:
    before = built("roots['r'] = select(ge(x, zero), one, p)")
    after = steps(before)
    root = after.nodes[after.roots["r"]]
    assert root.op == "max"
    assert [after.nodes[arg].op for arg in root.args] == ["exp", "ge"]
    assert not after.nodes[root.args[1]].boolean
    assert len(after.nodes) == len(before.nodes)


@pytest.mark.parametrize(
    "build",
    [
        "roots['r'] = select(ge(x, zero), one, exp(x))",  # which may be more than 1
        "roots['r'] = select(ge(x, zero), zero, p)",
        "roots['r'] = select(negation(ge(x, zero)), one, p)",
        "c = ge(x, zero); roots['r'] = add(select(c, one, p), select(c, x, p))",  # the comparison is needed as one
        "roots['r'] = select(ge(w, zero), one, p)",  # one comparison for all rows
    ],
)
def test_other_selections_stay_selections(build: str) -> None:
    graph = built(build)
    assert [node.op for node in steps(graph).nodes] == [node.op for node in graph.nodes]
    assert [node.boolean for node in steps(graph).nodes] == [node.boolean for node in graph.nodes]


def test_what_falls_is_seen_from_its_operations() -> None:
    graph = built("roots['r'] = exp(mul(x, x)); roots['s'] = exp(neg(mul(x, x))); roots['t'] = p")
    assert [falls(graph, graph.roots[root]) for root in "rst"] == [False, True, True]


def test_a_sigmoid_of_what_is_no_number_is_none_and_far_out_it_is_0_and_1() -> None:
    m = Model("line")
    (x,), (a,) = m.features("x"), m.weights("a")
    m.output("p", sigmoid(a * x))
    module = symgraph.compile(m)
    X = np.array([[-np.inf], [-800.0], [-1.0], [0.0], [1.0], [800.0], [np.inf], [np.nan]])
    expected = [0.0, 0.0, np.exp(-1.0) / (1 + np.exp(-1.0)), 0.5, 1 / (1 + np.exp(-1.0)), 1.0, 1.0, np.nan]
    # 2 ulp: an exponential, a sum, a quotient and a product, each rounded
    np.testing.assert_allclose(module.predict([1.0], X), expected, rtol=4 * 2.0**-52)
