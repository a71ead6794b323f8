"""symgraph.compiler.ir.graph: hash-consing, constants by their bits, uniform and varying, rebuilding."""

import dataclasses
import math
from typing import Any

import pytest
from graphs import graphs
from hypothesis import given, settings
from hypothesis import strategies as st

from symgraph.compiler.ir.graph import Graph, GraphBuilder, Node, keep, marked, reachable, rebuild, replaced
from symgraph.compiler.ir.well_formed import verify_graph
from symgraph.compiler.numerics.uses import alive


@pytest.fixture
def builder() -> GraphBuilder:
    return GraphBuilder("demo")


def test_asking_twice_gives_the_same_node_constants_are_told_by_their_bits_and_what_is_given_by_row_varies(
    builder: GraphBuilder,
) -> None:
    a, f = builder.leaf("weight", "a"), builder.leaf("feature", "f")
    assert (builder.leaf("weight", "a"), builder.add("mul", a, f)) == (a, builder.add("mul", a, f))
    assert builder.add("mul", a, f) != builder.add("mul", f, a)
    assert builder.leaf("feature", "a") != a
    assert len(builder.nodes) == 5
    assert builder.const(0.0) != builder.const(-0.0)
    assert (math.copysign(1, builder.nodes[builder.const(-0.0)].data), builder.const(1.0)) == (-1, builder.const(1))
    assert builder.const(math.nan) == builder.const(math.nan)
    assert builder.const(0.1 + 0.2) != builder.const(0.3)
    leaves = [builder.leaf(op, "q") for op in ("feature", "target", "cotangent", "weight", "input")]
    assert [builder.nodes[leaf].varying for leaf in leaves] == [True, True, True, False, False]
    a, f, one = builder.leaf("weight", "a"), builder.leaf("feature", "f"), builder.const(1)
    uniform, varying = builder.add("add", a, one), builder.add("mul", a, f)
    total = builder.add("rowsum", varying)
    assert [builder.nodes[position].varying for position in (one, uniform, varying, total)] == [False, False, True, False]
    assert not builder.nodes[builder.add("mul", total, a)].varying
    less = builder.add("lt", a, one)
    both = builder.add("and", less, builder.add("not", less))
    chosen = builder.add("select", both, a, one)
    assert [builder.nodes[position].boolean for position in (less, both, chosen)] == [True, True, False]


def test_a_node_keeps_its_first_origin_and_a_built_graph_does_not_change_with_its_builder(builder: GraphBuilder) -> None:
    a = builder.leaf("weight", "a")
    builder.origin = "first"
    square = builder.add("mul", a, a)
    builder.origin = "second"
    assert (builder.add("mul", a, a), builder.nodes[square].origin) == (square, "first")
    other = GraphBuilder("other", origin="third")
    moved = other.copy(builder.nodes[square], (other.leaf("weight", "a"),) * 2)
    assert (other.nodes[moved].origin, other.origin) == ("first", "third")
    roots = {"loss": a}
    graph = builder.build(roots, {"one": a, "other": a})
    builder.add("neg", a)
    roots["loss"] = 99
    assert (len(graph.nodes), (graph.roots, graph.names)) == (2, ({"loss": a}, {"one": a, "other": a}))
    with pytest.raises(AttributeError):
        graph.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize("idle", [0, 100])  # few roots among many nodes are found by another walk
def test_reachable_is_what_the_roots_depend_on(builder: GraphBuilder, idle: int) -> None:
    a, b = builder.leaf("weight", "a"), builder.leaf("weight", "b")
    total, other = builder.add("add", a, a), builder.add("mul", a, b)
    for number in range(idle):
        builder.leaf("weight", f"idle{number}")
    for roots, wanted in (((), set()), ((total,), {a, total}), ((other, total), {a, b, total, other}), ((a,), {a})):
        assert reachable(builder.nodes, roots) == wanted
        assert {at for at, mark in enumerate(marked(builder.nodes, roots)) if mark} == wanted
    last = a
    positions = [last := builder.add("sin", last) for _ in range(50)]
    assert reachable(builder.nodes, positions[:10]) == {a, *positions[:10]}  # many roots are followed in one walk


def test_keep_drops_nodes_and_their_names_and_a_rebuild_asks_where_it_is_told_until_something_changes(
    builder: GraphBuilder,
) -> None:
    a = builder.leaf("weight", "a")
    dead = builder.add("exp", a)
    square = builder.add("mul", a, a)
    total = builder.add("add", square, a)
    graph = builder.build({"loss": total}, {"gone": dead, "kept": square})
    left = keep(graph, reachable(graph.nodes, [total]))
    assert [(node.op, node.args) for node in left.nodes] == [("weight", ()), ("mul", (0, 0)), ("add", (1, 0))]
    assert (left.roots, left.names) == ({"loss": 2}, {"kept": 1})
    assert left.nodes[0] is graph.nodes[0]
    graph = builder.build({"loss": a}, {})
    assert alive(graph) == {a}
    assert alive(graph) is alive(graph)  # worked out once
    assert graph == builder.build({"loss": a}, {})
    assert alive(dataclasses.replace(graph, roots={"loss": dead})) == {a, dead}
    builder = GraphBuilder("other")
    second = builder.add("exp", builder.add("exp", builder.leaf("weight", "a")))
    third = builder.add("exp", second)
    graph = builder.build({"loss": builder.add("exp", third)}, {})
    asked: list[int] = []

    def rewrite(to: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
        asked.append(graph.nodes.index(node))
        return to.add("sin", *args) if node is graph.nodes[second] else None

    rebuilt = rebuild(graph, rewrite, {"exp"}, at=[second])
    assert asked == [second, third, third + 1]  # behind the change every node of the ops is asked for
    assert [node.op for node in rebuilt.nodes] == ["weight", "exp", "sin", "exp", "exp"]


def looked_up(graph: Graph, rewrite: Any, ops: Any = None) -> Graph:
    """A copy of a graph through a rewrite, of which every node is looked up among those before."""
    builder, moved = GraphBuilder(graph.name, graph.domains), []
    for node in graph.nodes:
        args = tuple(moved[arg] for arg in node.args)
        builder.origin = node.origin
        found = rewrite(builder, node, args) if ops is None or node.op in ops else None
        moved.append(builder.copy(node, args) if found is None else found)
    roots, names = ({name: moved[at] for name, at in aliases.items()} for aliases in (graph.roots, graph.names))
    return builder.build(roots, names)


@given(graphs(("add", "mul", "sub", "neg", "select"), size=24), st.randoms(use_true_random=False))
@settings(max_examples=300)
def test_a_copy_in_which_few_nodes_are_looked_up_is_that_in_which_all_are(graph: Graph, draw: Any) -> None:
    chosen = {position: draw.randrange(5) for position in range(len(graph.nodes)) if draw.random() < 0.3}
    places = {id(node): position for position, node in enumerate(graph.nodes)}

    def rewrite(into: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
        way = chosen.get(places[id(node)])
        if way is None or node.boolean or not args:
            return None
        # an operand, a constant, an operation that may stand there already, a new one, and nothing although one was added
        made = (lambda: args[-1], lambda: into.const(1.0), lambda: into.add("mul", args[-1], args[-1]))
        ways = (*made, lambda: into.add("exp", args[-1]), lambda: into.add("neg", args[-1]) and None)
        return ways[way]()

    for asked in (None, {"add", "mul"}):
        assert verify_graph(rebuild(graph, rewrite, asked)) == looked_up(graph, rewrite, asked)


@given(graphs(("add", "mul", "sub"), size=24), st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_nodes_are_replaced_by_what_is_made_of_any_before(graph: Graph, draw: Any) -> None:
    operations = [position for position, node in enumerate(graph.nodes) if node.args and not node.boolean]
    pairs = {position: draw.sample(range(position), 1)[0] for position in operations if draw.random() < 0.4}
    pairs = {position: other for position, other in pairs.items() if not graph.nodes[other].boolean}

    def make(builder: GraphBuilder, moved: Any, position: int) -> int:
        return builder.add("mul", moved[pairs[position]], moved[pairs[position]])

    found, moved = replaced(graph, pairs, make)
    builder, wanted = GraphBuilder(graph.name, graph.domains), []
    for position, node in enumerate(graph.nodes):
        builder.origin = node.origin
        copied = None if position in pairs else builder.copy(node, tuple(wanted[arg] for arg in node.args))
        wanted.append(make(builder, wanted, position) if copied is None else copied)
    assert (moved, verify_graph(found).nodes) == (wanted, tuple(builder.nodes))
    assert found.roots == {root: wanted[position] for root, position in graph.roots.items()}


@pytest.mark.parametrize("length", [10, 100])
def test_nodes_behind_one_that_is_replaced_are_not_looked_up(
    builder: GraphBuilder, length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = builder.leaf("weight", "a")
    for _ in range(length):
        last = builder.add("sin", builder.add("exp", last))
    graph, copies = builder.build({"loss": last}, {}), []
    copy = GraphBuilder.copy
    monkeypatch.setattr(GraphBuilder, "copy", lambda *args: copies.append(args) or copy(*args))

    def rewrite(into: GraphBuilder, node: Node, args: tuple[int, ...]) -> int | None:
        return into.add("neg", into.add("cos", args[0])) if node is graph.nodes[1] else None

    assert len(rebuild(graph, rewrite, {"exp"}).nodes) == len(graph.nodes) + 1
    assert not copies
