"""dots: sums over rows of products are dot products where nothing else needs the product."""

from built import one_output
from graph_text import from_text

from symgraph.generate import differentiated
from symgraph.passes.dots import dots

PRODUCTS = """graph g
%0 = cotangent cotangent
%1 = weight w
%2 = feature x
%3 = mul(%0, %1)
%4 = mul(%3, %2)
%5 = rowsum(%4)
root grad w = %5
"""


def test_what_varies_with_the_cotangent_alone_is_no_factor_of_a_dot_product() -> None:
    graph = dots(from_text(PRODUCTS))
    assert graph.nodes[graph.roots["grad w"]].op == "rowsum"


def test_every_sum_of_a_linear_regression_is_a_dot_product_or_a_plain_sum() -> None:
    plane = one_output(lambda x, z, a, b, c: a * x + b * z + c, features="x z", weights="a b c")
    ops = [node.op for node in dots(differentiated(plane)).nodes]
    assert sorted(op for op in ops if op.startswith("row")) == ["rowdot", "rowdot", "rowsum"]
