"""Pictures of models: every vertex and edge is there, with the numbers of the reference; operations have theirs."""

import math
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from big_models import perceptron
from corpus import CORPUS
from sympy import Piecewise, exp

from symgraph import Model, SymgraphError
from symgraph.show.drawing.picture import INPUTS
from symgraph.show.drawing.svg import svg
from symgraph.show.views.operations import operations
from symgraph.show.views.picture import lines_of, pictured


def decay() -> Model:
    model = Model("decay", doc="An exponential decay.")
    x, y, (a, k), c = model.feature("x"), model.target("y"), model.weights("a k"), model.constant("c", 0.5)
    model.loss((y - model.output("y_hat", a * model.node("t", exp(-k * x)) + c)) ** 2)
    model.penalty(k**2)
    return model


W, ROW = {"a": 3.0, "k": 0.5}, {"x": 2.0, "y": 1.0}
T = math.exp(-1.0)
SLOPE = 2 * (3 * T + 0.5 - 1)


def boxes(picture: Any) -> dict[str, tuple[str, str, str]]:
    return {box.key: (box.kind, box.value, box.cotangent) for box in picture.boxes}


def test_a_drawing_has_a_box_for_each_input_node_and_end_with_its_formula_and_the_numbers_of_a_row() -> None:
    picture = decay().draw().picture
    assert [(box.key, box.kind, " ".join(box.lines)) for box in picture.boxes] == [
        ("x", "feature", ""), ("a", "weight", ""), ("k", "weight", ""), ("c", "constant", ""), ("y", "target", ""),
        ("t", "node", "exp(-k*x)"), ("y_hat", "output", "a*t + c"), ("loss", "loss", "(y - y_hat)**2"),
        ("penalty", "penalty", "k**2"),
    ]  # fmt: skip
    assert (picture.title, picture.subtitle) == ("decay", "An exponential decay.")
    assert (picture.has_numbers, len(picture.arrows)) == (False, 8)
    picture = decay().draw(W, ROW).picture
    found = boxes(picture)
    assert (found["t"], found["a"]) == (("node", f"{T:.4g}", f"{3 * SLOPE:.4g}"), ("weight", "3", f"{SLOPE * T:.4g}"))
    assert found["k"] == ("weight", "0.5", f"{3 * SLOPE * T * -2 + 1:.4g}")
    assert found["loss"][1:] == (f"{(SLOPE / 2) ** 2:.4g}", "1")
    share = {(arrow.source, arrow.target): arrow.share for arrow in picture.arrows}
    assert max(share.values()) == 1.0
    carried = {("t", "y_hat"): 3 * SLOPE, ("a", "y_hat"): SLOPE * T}
    assert (share["a", "y_hat"] / share["t", "y_hat"]) ** 2 == pytest.approx(carried["a", "y_hat"] / carried["t", "y_hat"])
    assert "gradient" in picture.description
    assert decay().draw([3.0, 0.5], [2.0, 1.0]).picture == picture  # arrays, in the order of declaration


def test_a_likelihood_is_drawn_as_textbooks_write_it_with_its_numbers() -> None:
    model = Model("counts")
    (x, b), _ = (model.feature("x"), model.weight("b")), model.target("y")
    model.likelihood("poisson", mean=model.output("mean", exp(b * x)))
    picture = model.draw({"b": 0.0}, {"x": 2.0, "y": 3.0}).picture
    (loss,) = (box for box in picture.boxes if box.key == "loss")
    assert "".join(loss.lines).replace(" ", "") == "mean+loggamma(y+1)-y*log(mean)"
    assert boxes(picture)["loss"][1] == f"{1 + math.log(6):.4g}"
    assert boxes(picture)["b"][2] == "-4"  # (mean - y)*x


def test_a_long_docstring_is_broken_below_the_title_and_makes_a_picture_no_wider() -> None:
    narrow = ElementTree.fromstring(svg(decay().draw().picture))
    long = Model("decay", doc=" ".join(["An exponential decay of something that has a long description."] * 3))
    x, y, a = long.feature("x"), long.target("y"), long.weight("a")
    long.loss((y - long.output("y_hat", a * x)) ** 2)
    texts = ElementTree.fromstring(svg(long.draw().picture))
    assert float(texts.get("width", "inf")) <= float(narrow.get("width", "0"))
    assert len([one for one in texts.iter() if one.get("class") == "subtitle"]) > 2


@pytest.mark.parametrize(("w", "row", "said"), [
    (None, ROW, "model decay: w is missing; numbers need values of a, k"),
    (W, None, "model decay: row is missing; numbers need values of x, y"),
    ([1.0], ROW, "model decay: w has shape (1,); it needs (2,): a, k"), (W, {"x": 1.0}, "model decay: row has no y; it has x"),
    ([1.0, math.nan], ROW, "model decay: w must be finite numbers, not [1.0, nan]"),
])  # fmt: skip
def test_what_does_not_fit_the_model_is_refused(w: Any, row: Any, said: str) -> None:
    with pytest.raises(SymgraphError) as caught:
        decay().draw(w, row)
    assert str(caught.value) == said


def test_a_model_in_the_making_is_drawn_and_stays_open() -> None:
    model = Model("half")
    node = model.node("double", 2 * model.feature("x"))
    assert [box.key for box in model.draw().picture.boxes] == ["x", "double"]
    assert "double" in model._repr_html_()
    model.output("y_hat", model.weight("a") * node)
    assert [box.key for box in model.draw().picture.boxes] == ["x", "a", "double", "y_hat"]
    text = decay()._repr_html_()  # the picture above the formulas
    assert text.index("<svg") < text.index("</svg>") < text.index(r"\begin{aligned}")
    assert "&amp;=" in text


@pytest.mark.parametrize("name", ["softmax", "nine_weights", "pieces", "gated", "aliases", "every_op", "sums"])
def test_each_vertex_of_the_corpus_is_drawn_or_counted_in_a_group(name: str) -> None:
    model = CORPUS[name]()
    picture = pictured(model)
    root = ElementTree.fromstring(svg(picture))
    assert [one.get("data-node") for one in root.iter() if one.get("data-node")] == [box.key for box in picture.boxes]
    many = sum(int(box.name.split()[0]) if box.key.startswith("group ") else 1 for box in picture.boxes)
    assert many == len(model.inputs) + len(model.nodes) + (model.loss_expr is not None) + (model.penalty_expr is not None)


def test_operations_have_the_numbers_of_the_chain_rule_a_choice_is_one_and_too_many_give_way_to_named_nodes() -> None:
    picture = pictured(decay(), {**W, **ROW, "c": 0.5}, ops=True)
    by_name = {box.name: (box.kind, box.value, box.cotangent) for box in picture.boxes}
    assert by_name["\N{MULTIPLICATION SIGN}"] == ("operation", f"{3 * T:.4g}", f"{SLOPE:.4g}")  # a * t
    assert by_name["y \N{MINUS SIGN} y_hat"] == ("operation", f"{-SLOPE / 2:.4g}", f"{-SLOPE:.4g}")
    assert boxes(picture)["k"][2] == f"{3 * SLOPE * T * -2 + 1:.4g}"
    assert {box.key: box.lines for box in picture.boxes if box.kind == "loss"} == {"loss": ("square",)}
    picture = pictured(CORPUS["perceptron"](), ops=True)
    assert picture.note.startswith("All operations would be ")
    assert not any(box.kind == "operation" for box in picture.boxes)
    model = Model("choice")
    x, a = model.feature("x"), model.weight("a")
    model.output("y_hat", Piecewise((a * x, x > 1), (a, True)))
    graph, signs = operations(model)
    assert (signs["y_hat"], graph.numbers({"x": 2.0, "a": 3.0}).values["y_hat"]) == ("if x > 1", 6.0)
    assert graph.numbers({"x": 0.5, "a": 3.0}).values["y_hat"] == 3.0


@pytest.mark.parametrize("name", ["nine_weights", "haversine", "ordered", "softmax_of_ratio", "penalty", "aliases", "energy"])
def test_operations_give_nodes_their_values_and_inputs_their_cotangents(name: str) -> None:
    """Nodes may share an operation, whose cotangent then is that of all of them; those of inputs are the same either way."""
    model = CORPUS[name]()
    point = {one.name: 0.3 + 0.1 * index for index, one in enumerate(model.inputs)}
    single = boxes(pictured(model, point, ops=True))
    for key, (kind, value, cotangent) in boxes(pictured(model, point)).items():
        assert single[key][1] == value
        if kind in INPUTS:
            assert single[key][2] == cotangent


def test_a_large_model_is_drawn_by_level_without_a_partial_of_each_edge() -> None:
    picture = pictured(perceptron(2000))
    assert next(box.name for box in picture.boxes if box.key.startswith("group ")).endswith(" features")
    assert len(picture.boxes) <= 10


def test_long_formulas_are_broken_at_operators_and_end_in_three_points() -> None:
    assert (lines_of(""), lines_of("a + b")) == ((), ("a + b",))
    broken = lines_of(" + ".join(f"weight_{index}*feature_{index}" for index in range(4)))
    assert broken == ("weight_0*feature_0 + weight_1*", "feature_1 + weight_2*feature_2", "+ weight_3*feature_3")
    choice = lines_of("z0 if a_long_feature == 0 else z1 if k == 2 else 0")
    assert choice == ("z0 if a_long_feature == 0 else z1", "if k == 2 else 0")
    long = lines_of(" + ".join("abcdefghi" for _ in range(30)))
    assert (len(long), long[0], long[-1][-4:]) == (4, "abcdefghi + abcdefghi + abcdefghi", " ...")


def test_a_drawing_is_saved_in_the_format_of_its_suffix_and_png_is_the_light_picture_at_twice_its_size(tmp_path: Path) -> None:
    drawing = decay().draw()
    for name, start in (("a.svg", b"<svg "), ("a.dot", b"digraph"), ("a.gv", b"digraph"), ("a.mmd", b"flowchart LR")):
        drawing.save(tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(start)
    assert drawing._repr_svg_() == (tmp_path / "a.svg").read_text(encoding="utf-8")
    with pytest.raises(SymgraphError, match=r"a\.txt: a picture can be written as \.svg, \.png, "):
        drawing.save(tmp_path / "a.txt")
    with pytest.raises(SymgraphError, match="cannot be written"):
        drawing.save(tmp_path / "nowhere" / "a.svg")
    pytest.importorskip("resvg_py", reason="the extra png is not installed")
    try:
        drawing.save(tmp_path / "a.png")
    except SymgraphError as error:
        pytest.skip(str(error))  # a machine without fonts
    content = (tmp_path / "a.png").read_bytes()
    width = int.from_bytes(content[16:20], "big")
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert width == pytest.approx(2 * float(str(ElementTree.fromstring(drawing._repr_svg_()).get("width"))), abs=2)
