"""symgraph.backends.section: operations become statements; those used once are written inside their consumer."""

from graph_text import from_text

from symgraph.backends import BACKENDS
from symgraph.backends.layout import WIDTH, columns
from symgraph.backends.names import Numbering
from symgraph.backends.section import SectionWriter
from symgraph.ir.graph import LEAVES, GraphBuilder

NAMES = ("f", "g", "a", "b")


def lines_of(
    text: str, *, backend: str = "numpy", constant: str = "", labels: dict[int, str] | None = None, kept: set[int] | None = None
) -> list[str]:
    """The statements for a graph whose last node is the result, called r."""
    graph = from_text(text)
    order = [position for position, node in enumerate(graph.nodes) if node.data is None]
    chosen = BACKENDS[backend]
    writer = SectionWriter(
        graph,
        chosen.texts,
        {position: str(node.data) for position, node in enumerate(graph.nodes) if node.op in LEAVES},
        Numbering(),
        labels or {order[-1]: "r"},
        chosen.literals,
        constant,
    )
    return [line.text for line in writer.write(order, kept or {order[-1]})]


LEAVES_TEXT = "graph g\n%0 = feature f\n%1 = weight a\n%2 = weight b\n"


def test_what_is_used_once_is_written_where_it_is_used() -> None:
    assert lines_of(LEAVES_TEXT + "%3 = mul(%1, %0)\n%4 = add(%3, %2)\n%5 = exp(%4)\n") == ["r = np.exp(a * f + b)"]


def test_what_is_used_twice_has_a_name() -> None:
    assert lines_of(LEAVES_TEXT + "%3 = mul(%1, %0)\n%4 = exp(%3)\n%5 = add(%4, %3)\n") == ["v0 = a * f", "r = np.exp(v0) + v0"]


def test_what_is_kept_or_labelled_has_a_name() -> None:
    text = LEAVES_TEXT + "%3 = mul(%1, %0)\n%4 = exp(%3)\n%5 = add(%4, %2)\n"
    assert lines_of(text, kept={3, 5}) == ["v0 = a * f", "r = np.exp(v0) + b"]
    assert lines_of(text, labels={3: "t", 5: "r"}) == ["t = a * f", "r = np.exp(t) + b"]


def test_an_operand_that_the_text_repeats_is_computed_once() -> None:
    text = LEAVES_TEXT + "%3 = exp(%0)\n%4 = sub(%3, %1)\n%5 = sign(%4)\n%6 = mul(%5, %2)\n"
    assert lines_of(text, backend="scalar") == [
        "v0 = math.exp(f) - a",
        "r = (1.0 if v0 > 0.0 else -1.0 if v0 < 0.0 else v0) * b",
    ]
    assert lines_of(text) == ["r = np.sign(np.exp(f) - a) * b"]


def test_constants_round_trip_and_what_has_no_decimal_form_is_spelled() -> None:
    text = "graph g\n%0 = feature f\n%1 = const {}\n%2 = mul(%1, %0)\n"
    for value, expected in [("0.1", "0.1"), ("1e+300", "1e300"), ("-2.0", "-2.0"), ("nan", "np.nan"), ("-inf", "-np.inf")]:
        assert lines_of(text.format(value)) == [f"r = {expected} * f"]
    assert lines_of(text.format("nan"), backend="scalar") == ["r = math.nan * f"]


def test_an_operation_on_constants_alone_is_given_the_dtype() -> None:
    text = LEAVES_TEXT + "%3 = gt(%0, %1)\n%4 = const 1.0\n%5 = const 2.0\n%6 = select(%3, %4, %5)\n%7 = mul(%6, %2)\n"
    assert lines_of(text, constant="w.dtype.type({value})") == ["r = select(f > a, w.dtype.type(1.0), 2.0) * b"]
    assert lines_of(text, backend="scalar") == ["r = (1.0 if f > a else 2.0) * b"]
    infinite = "graph g\n%0 = const 1.0\n%1 = const 0.0\n%2 = div(%0, %1)\n"
    assert lines_of(infinite, constant="w.dtype.type({value})") == ["r = w.dtype.type(1.0) / 0.0"]


def test_a_long_expression_is_split_into_named_parts_that_fit() -> None:
    builder = GraphBuilder("g")
    total = builder.leaf("feature", "f")
    for index in range(60):
        total = builder.add("add", total, builder.add("sin", builder.add("mul", builder.leaf("weight", f"k{index}"), total)))
    graph = builder.build({"r": total}, {})
    order = [position for position, node in enumerate(graph.nodes) if node.data is None]
    bound = {position: str(node.data) for position, node in enumerate(graph.nodes) if node.data is not None}
    writer = SectionWriter(graph, BACKENDS["numpy"].texts, bound, Numbering(), {total: "r"})
    lines = writer.write(order, {total})
    assert all(columns(line.text) + 4 <= WIDTH for line in lines)
    assert lines[-1].text.startswith("r = ")


def test_lines_say_which_node_they_assign_and_where_it_comes_from() -> None:
    graph = from_text("graph g\n%0 = feature f\n%1 = exp(%0) ; t\n%2 = neg(%1) ; u\n")
    writer = SectionWriter(graph, BACKENDS["numpy"].texts, {0: "f"}, Numbering())
    lines = writer.write((1, 2), {1, 2})
    assert [(line.node, line.origin) for line in lines] == [(1, "t"), (2, "u")]


def test_names_are_known_to_what_is_written_afterwards() -> None:
    graph = from_text("graph g\n%0 = feature f\n%1 = exp(%0)\n%2 = neg(%1)\n")
    writer = SectionWriter(graph, BACKENDS["numpy"].texts, {0: "f"}, Numbering())
    assert [line.text for line in writer.write((1,), {1})] == ["v0 = np.exp(f)"]
    assert [line.text for line in writer.write((2,), {2})] == ["v1 = -v0"]
    assert writer.operand(2).text == "v1"
