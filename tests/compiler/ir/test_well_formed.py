"""symgraph.compiler.ir.well_formed: a malformed graph does not pass."""

import pytest
from graphs import graphs
from hypothesis import given, settings

from symgraph.compiler.ir.graph import Graph, Node
from symgraph.compiler.ir.well_formed import verify_graph

WEIGHT = Node("weight", (), "a", False, False, "")
FEATURE = Node("feature", (), "f", False, True, "")
ONE = Node("const", (), 1.0, False, False, "")
LESS = Node("lt", (0, 1), None, True, True, "")


def graph_of(*nodes: Node, roots: dict[str, int] | None = None, names: dict[str, int] | None = None) -> Graph:
    return Graph("demo", nodes, roots or {}, names or {})


@given(graphs())
@settings(max_examples=30)
def test_graphs_from_a_builder_are_well_formed(graph: Graph) -> None:
    assert verify_graph(graph) is graph


LEAF = "is a leaf with operands or without its data"


def varying(op: str, *args: int, boolean: bool = False) -> Node:
    return Node(op, args, None, boolean, True, "")


@pytest.mark.parametrize(("nodes", "problem"), [
    ((Node("neg", (0,), None, False, False, ""),), "refers to a node that does not stand before it"),
    ((WEIGHT, Node("neg", (5,), None, False, False, "")), "refers to a node that does not stand before it"),
    ((WEIGHT, Node("frobnicate", (0,), None, False, False, "")), "is no row of the op table"),
    ((WEIGHT, Node("add", (0,), None, False, False, "")), "has 1 operands instead of 2"),
    ((WEIGHT, WEIGHT), "is the same operation as %0"), ((ONE, ONE._replace(origin="elsewhere")), "is the same operation as %0"),
    ((ONE._replace(data=None),), LEAF), ((ONE._replace(data="a"),), LEAF), ((WEIGHT._replace(data=1.0),), LEAF),
    ((ONE, WEIGHT._replace(args=(0,))), LEAF), ((WEIGHT._replace(varying=True),), "varies by row, which its kind does not"),
    ((WEIGHT, FEATURE, LESS, varying("neg", 2)), "has operand %2, which is a truth value"),
    ((WEIGHT, FEATURE, varying("and", 0, 1, boolean=True)), "has operand %0, which is a number"),
    ((WEIGHT, FEATURE, varying("select", 0, 0, 1)), "has operand %0, which is a number"),
    ((WEIGHT, FEATURE, LESS._replace(boolean=False)), "has the wrong kind"),
    ((WEIGHT, FEATURE, varying("mul", 0, 1)._replace(varying=False)), "has a wrong mark of varying by row"),
    ((WEIGHT, FEATURE, varying("rowsum", 1)), "has a wrong mark of varying by row"),
])  # fmt: skip
def test_a_malformed_node_is_named_with_what_is_wrong(nodes: tuple[Node, ...], problem: str) -> None:
    with pytest.raises(ValueError, match=f"graph demo: node %{len(nodes) - 1} .*{problem}"):
        verify_graph(graph_of(*nodes))


def test_names_and_roots_must_point_at_nodes_and_zeros_of_either_sign_are_two_constants() -> None:
    with pytest.raises(ValueError, match="graph demo: root loss points at %3, which does not exist"):
        verify_graph(graph_of(WEIGHT, roots={"loss": 3}))
    with pytest.raises(ValueError, match="graph demo: name t points at %-1"):
        verify_graph(graph_of(WEIGHT, names={"t": -1}))
    verify_graph(graph_of(ONE._replace(data=0.0), ONE._replace(data=-0.0)))
