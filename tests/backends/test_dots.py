"""Sums over rows of products become dot products where nothing else needs the product."""

from symgraph import Model
from symgraph.backends.numpy.dots import dots, of_the_cotangent
from symgraph.generate import differentiated
from symgraph.ir.graph import Graph, GraphBuilder


def summed(build: str) -> Graph:
    """A graph of one sum over rows, with a feature x, a weight w, the target y and the cotangent at hand."""
    builder = GraphBuilder("g")
    names = {"x": builder.leaf("feature", "x"), "w": builder.leaf("weight", "w"), "y": builder.leaf("target", "y")}
    names["c"] = builder.leaf("cotangent", "cotangent")
    names |= {op: (lambda *args, op=op: builder.add(op, *args)) for op in ("mul", "exp", "rowsum")}
    roots: dict[str, int] = {}
    exec(build, {}, names | {"roots": roots})
    return builder.build(roots, {})


def ops(graph: Graph) -> list[str]:
    return [node.op for node in graph.nodes if node.data is None]


def test_a_product_for_a_sum_alone_is_not_computed_row_by_row() -> None:
    graph = dots(summed("roots['grad w'] = rowsum(mul(exp(x), y))"))
    assert ops(graph) == ["exp", "rowdot"]
    total = graph.nodes[graph.roots["grad w"]]
    assert [graph.nodes[arg].op for arg in total.args] == ["exp", "target"]
    assert not total.varying


def test_a_square_is_the_dot_product_with_itself() -> None:
    graph = dots(summed("e = exp(x); roots['grad w'] = rowsum(mul(e, e))"))
    first, second = graph.nodes[graph.roots["grad w"]].args
    assert first == second


def test_a_product_that_something_else_reads_is_summed_as_it_is() -> None:
    for build in (
        "p = mul(x, y); roots['grad w'] = rowsum(p); roots['loss'] = exp(p)",
        "p = mul(x, y); roots['grad w'] = rowsum(p); roots['loss'] = p",
    ):
        assert "rowdot" not in ops(dots(summed(build)))


def test_a_factor_that_may_be_one_number_for_all_rows_stays_in_the_product() -> None:
    for build in ("roots['grad w'] = rowsum(mul(c, x))", "roots['grad w'] = rowsum(mul(mul(c, w), x))"):
        assert "rowdot" not in ops(dots(summed(build)))
    assert "rowdot" in ops(dots(summed("roots['grad w'] = rowsum(mul(mul(c, y), x))")))


def test_only_arithmetic_of_the_cotangent_is_of_the_cotangent() -> None:
    graph = summed("p = mul(c, w); q = mul(p, x); roots['grad w'] = rowsum(q)")
    assert {graph.nodes[position].op for position in of_the_cotangent(graph)} == {"cotangent", "mul"}
    assert len(of_the_cotangent(graph)) == 2


def test_every_sum_of_a_linear_regression_is_a_dot_product_or_a_plain_sum() -> None:
    m = Model("plane")
    (x, z), (a, b, c) = m.features("x z"), m.weights("a b c")
    m.output("y_hat", a * x + b * z + c)
    m.target("y")
    m.loss("squared_error")
    graph = dots(differentiated(m))
    assert sorted(op for op in ops(graph) if op.startswith("row")) == ["rowdot", "rowdot", "rowsum"]
