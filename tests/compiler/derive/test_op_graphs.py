"""symgraph.compiler.derive.op_graphs: rows of the op table as graphs, and copies of them."""

import pytest

from symgraph.compiler.derive.op_graphs import STABLE, instantiate
from symgraph.compiler.ir.graph import GraphBuilder


def test_what_value_and_partials_share_becomes_one_node_and_copies_take_the_origin_of_the_moment() -> None:
    builder = GraphBuilder("g", origin="adjoint of sigmoid in s")
    z = builder.leaf("weight", "z")
    value = instantiate(builder, "sigmoid", STABLE, [z])
    for factor in range(3):
        instantiate(builder, "sigmoid", f"partial 0 {factor}", [z], value)
    assert sum(node.op == "exp" for node in builder.nodes) == 2  # exp(-|z|) of both, and exp(-|z|/2) of the slope alone
    assert sum(node.op == "div" for node in builder.nodes) == 1
    assert builder.nodes[value].origin == "adjoint of sigmoid in s"
    with pytest.raises(ValueError, match="the fragment of exp uses the op's value, which was not given"):
        instantiate(builder, "exp", "partial 0 0", [z])
