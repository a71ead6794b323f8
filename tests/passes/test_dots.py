"""dots: sums over rows of products are dot products where nothing else needs the product."""

from graph_text import from_text

from symgraph import Model
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
    m = Model("plane")
    (x, z), (a, b, c) = m.features("x z"), m.weights("a b c")
    m.output("y_hat", a * x + b * z + c)
    m.target("y")
    m.loss("squared_error")
    graph = dots(differentiated(m))
    assert sorted(op for op in (node.op for node in graph.nodes) if op.startswith("row")) == ["rowdot", "rowdot", "rowsum"]
