"""symgraph.ir.graph: hash-consing, constants by their bits, uniform and varying, rebuilding."""

import math

import pytest

from symgraph.ir.graph import GraphBuilder, reachable, rebuild


@pytest.fixture
def builder() -> GraphBuilder:
    return GraphBuilder("demo")


def test_asking_twice_gives_the_same_node(builder: GraphBuilder) -> None:
    a, f = builder.leaf("weight", "a"), builder.leaf("feature", "f")
    assert builder.leaf("weight", "a") == a
    assert builder.add("mul", a, f) == builder.add("mul", a, f)
    assert builder.add("mul", a, f) != builder.add("mul", f, a)
    assert builder.leaf("feature", "a") != a
    assert len(builder.nodes) == 5


def test_constants_are_told_apart_by_their_bits(builder: GraphBuilder) -> None:
    assert builder.const(0.0) != builder.const(-0.0)
    assert math.copysign(1, builder.nodes[builder.const(-0.0)].data) == -1
    assert builder.const(1.0) == builder.const(1)
    assert builder.const(math.nan) == builder.const(math.nan)
    assert builder.const(0.1 + 0.2) != builder.const(0.3)


@pytest.mark.parametrize(
    ("op", "varies"), [("feature", True), ("target", True), ("cotangent", True), ("weight", False), ("input", False)]
)
def test_what_is_given_by_row_varies(builder: GraphBuilder, op: str, varies: bool) -> None:
    assert builder.nodes[builder.leaf(op, "q")].varying is varies


def test_an_operation_varies_if_an_operand_does_and_rowsum_does_not(builder: GraphBuilder) -> None:
    a, f, one = builder.leaf("weight", "a"), builder.leaf("feature", "f"), builder.const(1)
    uniform, varying = builder.add("add", a, one), builder.add("mul", a, f)
    total = builder.add("rowsum", varying)
    assert [builder.nodes[position].varying for position in (one, uniform, varying, total)] == [False, False, True, False]
    assert not builder.nodes[builder.add("mul", total, a)].varying


def test_comparisons_and_logic_give_truth_values(builder: GraphBuilder) -> None:
    a, one = builder.leaf("weight", "a"), builder.const(1)
    less = builder.add("lt", a, one)
    both = builder.add("and", less, builder.add("not", less))
    chosen = builder.add("select", both, a, one)
    assert [builder.nodes[position].boolean for position in (less, both, chosen)] == [True, True, False]


def test_a_node_keeps_the_origin_under_which_it_was_first_made(builder: GraphBuilder) -> None:
    a = builder.leaf("weight", "a")
    builder.origin = "first"
    square = builder.add("mul", a, a)
    builder.origin = "second"
    assert builder.add("mul", a, a) == square
    assert builder.nodes[square].origin == "first"
    other = GraphBuilder("other", origin="third")
    moved = other.copy(builder.nodes[square], (other.leaf("weight", "a"),) * 2)
    assert other.nodes[moved].origin == "first"
    assert other.origin == "third"


def test_names_may_share_a_node_and_both_stay_visible(builder: GraphBuilder) -> None:
    a = builder.leaf("weight", "a")
    graph = builder.build({"loss": a}, {"one": a, "other": a})
    assert graph.names == {"one": a, "other": a}


def test_a_built_graph_does_not_change_with_its_builder(builder: GraphBuilder) -> None:
    a = builder.leaf("weight", "a")
    roots = {"loss": a}
    graph = builder.build(roots, {})
    builder.add("neg", a)
    roots["loss"] = 99
    assert len(graph.nodes) == 1
    assert graph.roots == {"loss": a}
    with pytest.raises(AttributeError):
        graph.name = "other"  # type: ignore[misc]


def test_a_rebuild_replaces_nodes_and_moves_names_and_roots_along(builder: GraphBuilder) -> None:
    a, f = builder.leaf("weight", "a"), builder.leaf("feature", "f")
    double = builder.add("add", a, a)
    graph = builder.build({"loss": builder.add("mul", double, f)}, {"double": double})

    def twice(into: GraphBuilder, node: object, args: tuple[int, ...]) -> int | None:
        return into.add("mul", into.const(2), args[0]) if getattr(node, "op", "") == "add" else None

    result = rebuild(graph, twice)
    assert result.nodes[result.names["double"]].op == "mul"
    assert result.nodes[result.roots["loss"]].args[0] == result.names["double"]
    assert graph.nodes[graph.names["double"]].op == "add"


def test_reachable_is_what_the_given_nodes_depend_on(builder: GraphBuilder) -> None:
    a, b = builder.leaf("weight", "a"), builder.leaf("weight", "b")
    total, other = builder.add("add", a, a), builder.add("mul", a, b)
    assert reachable(builder.nodes, [total]) == {a, total}
    assert reachable(builder.nodes, [other, total]) == {a, b, total, other}
    assert reachable(builder.nodes, []) == set()
