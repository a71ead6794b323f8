"""symgraph.compiler.ir.text: printing and parsing are inverse."""

import math

import pytest
from graph_text import from_text
from graphs import bits, graphs
from hypothesis import given, settings
from hypothesis import strategies as st
from zoo import ZOO

from symgraph.compiler.derive.lowering import lower
from symgraph.compiler.generate import differentiated
from symgraph.compiler.ir.graph import Graph, GraphBuilder
from symgraph.compiler.ir.text import to_text

PRINTED = """\
graph demo
%0 = feature f
%1 = weight a
%2 = cotangent cotangent uniform
%3 = mul(%1, %0)                 ; t
%4 = const -0.0                  ; t
%5 = lt(%3, %4)                  ; y_hat
%6 = select(%5, %3, %2)          ; adjoint of mul in t
%7 = rowsum(%6)
name t = %3
name d_t (jacobian) = %6
root node t = %3
root grad a = %7
"""


def test_a_graph_prints_one_node_a_line_then_names_and_roots_and_is_read_in_any_order_with_comments() -> None:
    graph = from_text(PRINTED)
    assert to_text(graph) == PRINTED
    assert [node.varying for node in graph.nodes] == [True, False, False, True, False, True, True, False]
    assert [node.boolean for node in graph.nodes] == [False] * 5 + [True] + [False] * 2
    assert (math.copysign(1, graph.nodes[4].data), graph.nodes[6].origin) == (-1, "adjoint of mul in t")
    graph = from_text("# what this shows\n\ngraph g\n%7 = weight a\n  # more\n%3 = neg(%7)\nroot loss = %3\n")
    assert to_text(graph) == "graph g\n%0 = weight a\n%1 = neg(%0)\nroot loss = %1\n"


def same(one: Graph, other: Graph) -> bool:
    """Equality with constants compared by their bits."""

    def parts(graph: Graph) -> tuple[object, ...]:
        nodes = [node._replace(data=bits(node.data)) if isinstance(node.data, float) else node for node in graph.nodes]
        return nodes, graph.name, dict(graph.roots), dict(graph.names)

    return parts(one) == parts(other)


@given(graphs(constants=st.floats(allow_nan=False) | st.just(math.nan)))
@settings(max_examples=60)
def test_random_graphs_survive_printing(graph: Graph) -> None:
    assert same(from_text(to_text(graph)), graph)


@pytest.mark.parametrize("name", ZOO)
def test_graphs_of_models_survive_printing(name: str) -> None:
    for graph in (lower(ZOO[name]()), differentiated(ZOO[name]())):
        assert same(from_text(to_text(graph)), graph)


@given(st.text(min_size=1).filter(str.isidentifier))
def test_every_name_that_a_spec_may_use_survives_printing(name: str) -> None:
    builder = GraphBuilder("g")
    leaf = builder.leaf("weight", name)
    graph = builder.build({f"node {name}": leaf}, {name: leaf})
    assert same(from_text(to_text(graph)), graph)
