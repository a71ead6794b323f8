"""Buffers: no row is given away while its value is still read."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from symgraph.backends.buffers import Buffers, last_reads
from symgraph.ir.graph import Graph, GraphBuilder


def program(seed: int, size: int) -> Graph:
    """A random straight-line program over two features."""
    draw, builder = random.Random(seed), GraphBuilder("program")
    values = [builder.leaf("feature", "f"), builder.leaf("feature", "g")]
    for _ in range(size):
        values.append(builder.add(draw.choice(("add", "mul", "div")), draw.choice(values[-6:]), draw.choice(values)))
    return builder.build({"node out": values[-1]}, {})


@given(st.integers(0, 10_000), st.integers(1, 40), st.booleans())
@settings(max_examples=200)
def test_a_value_stands_in_its_row_until_it_is_read_last(seed: int, size: int, careful: bool) -> None:
    graph = program(seed, size)
    order = [position for position, node in enumerate(graph.nodes) if node.args]
    kept = {graph.roots["node out"]}
    reads, buffers, holder = last_reads(graph, order, kept), Buffers(), {}
    for position in order:
        node = graph.nodes[position]
        for arg in node.args:
            if arg in buffers.at:
                assert holder[buffers.at[arg]] == arg, "the row of an operand holds something else"
        spoiled = node.args[:1] if careful else ()
        row = buffers.place(position, node.args, reads[position], spoiled)
        assert not any(buffers.at.get(arg) == row for arg in spoiled)
        holder[row] = position
    assert all(holder[buffers.at[position]] == position for position in kept)
    assert buffers.count <= len(order)


def test_a_chain_needs_one_row() -> None:
    builder = GraphBuilder("chain")
    value = builder.leaf("feature", "f")
    for _ in range(9):
        value = builder.add("exp", value)
    graph = builder.build({"node out": value}, {})
    order = [position for position, node in enumerate(graph.nodes) if node.args]
    reads, buffers = last_reads(graph, order, [value]), Buffers()
    assert {buffers.place(position, graph.nodes[position].args, reads[position]) for position in order} == {0}
