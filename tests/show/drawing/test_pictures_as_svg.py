"""The SVG, DOT and Mermaid of a picture: what programs find in it, what is said to those who do not see it, its colours."""

import re
from xml.etree import ElementTree

import pytest

from symgraph.show.drawing.colours import COLOURS
from symgraph.show.drawing.picture import KINDS, Arrow, Box, Picture
from symgraph.show.drawing.svg import svg
from symgraph.show.drawing.text_graphs import dot, mermaid

PICTURE = Picture(
    "line & <sons>",
    "row 0",
    "Graph of a line.",
    (
        Box("a", "weight", "a", (), "weight a", "2", "-1.5e-07"),
        Box("x", "feature", "x", (), "", "3", "0"),
        Box("y_hat", "output", "y_hat", ("a*x",), "output y_hat = a*x", "6", "1"),
    ),
    (Arrow("a", "y_hat", "d y_hat / d a = x", 1.0), Arrow("x", "y_hat", "", 0.0)),
    "nothing was left out",
)
SVG = "{http://www.w3.org/2000/svg}"


def texts(root: ElementTree.Element, style: str) -> list[str | None]:
    return [one.text for one in root.iter(f"{SVG}text") if style in str(one.get("class")).split()]


def test_boxes_are_groups_with_name_and_numbers_arrows_name_their_ends_and_screen_readers_have_a_description() -> None:
    root = ElementTree.fromstring(svg(PICTURE))
    groups = {one.get("data-node"): one for one in root.iter(f"{SVG}g") if one.get("data-node")}
    assert [one.get("class") for one in groups.values()] == ["vertex weight", "vertex feature", "vertex output"]
    for style, shown in {"name": ["a"], "value": ["2"], "cotangent": ["d_a", "-1.5e-07"]}.items():
        assert texts(groups["a"], style) == shown
    assert texts(groups["y_hat"], "formula") == ["a*x"]
    assert groups["y_hat"].findtext(f"{SVG}title") == "output y_hat = a*x"
    edges = {one.get("data-source"): one for one in root.iter(f"{SVG}path") if "edge" in str(one.get("class")).split()}
    assert {one.get("data-target") for one in edges.values()} == {"y_hat"}
    assert float(str(edges["a"].get("stroke-width"))) > 5 > 2 > float(str(edges["x"].get("stroke-width")))
    assert "carried" in str(edges["a"].get("class"))
    assert "carried" not in str(edges["x"].get("class"))
    assert root.get("role") == "img"
    assert [(child.tag, child.text) for child in root][:2] == [
        (f"{SVG}title", "line & <sons>"),
        (f"{SVG}desc", "Graph of a line."),
    ]
    assert texts(root, "note") == ["nothing was left out"]
    assert texts(ElementTree.fromstring(svg(Picture("empty", "", "Nothing.", (), ()))), "title") == ["empty"]


def test_inputs_in_a_column_are_as_wide_as_the_widest_of_them_whichever_comes_first() -> None:
    def widths(*names: str) -> set[str | None]:
        boxes = (*(Box(name, "weight", name) for name in names), Box("y_hat", "output", "y_hat"))
        root = ElementTree.fromstring(svg(Picture("", "", "", boxes, tuple(Arrow(name, "y_hat") for name in names))))
        rects = [one.find(f"{SVG}rect") for one in root.iter(f"{SVG}g") if one.get("class") == "vertex weight"]
        return {rect.get("width") for rect in rects if rect is not None}

    assert widths("a_long_name", "b") == widths("b", "a_long_name") == widths("a_long_name")


def test_colours_follow_the_reader_unless_one_theme_is_asked_for() -> None:
    assert "prefers-color-scheme: dark" in svg(PICTURE)
    for theme in ("light", "dark"):
        text = svg(PICTURE, theme)
        assert not re.search(r"var\(|@media", text)
        assert getattr(COLOURS["cotangent"], theme) in text


def luminance(colour: str) -> float:
    parts = [int(pair, 16) / 255 for pair in re.findall("[0-9a-f]{2}", colour)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", *KINDS])
def test_texts_have_the_contrast_that_level_aa_asks_for(theme: str, ground: str) -> None:
    for ink in ("ink", "muted", "value", "cotangent"):
        one, other = sorted(luminance(getattr(COLOURS[name], theme)) for name in (ink, ground))
        assert (other + 0.05) / (one + 0.05) >= 4.5, (ink, ground)  # WCAG 2.2, criterion 1.4.3


WORDS = Picture(
    'the "end"',
    "",
    "",
    (Box("end", "weight", "end", (), "", "2", "-1.5"), Box("r", "loss", "r", ('end < "1"',), "", "4", "1")),
    (Arrow("end", "r", "", 1.0),),
    "3 nodes are left out",
)


def test_dot_has_boxes_arrows_and_the_note_and_mermaid_calls_boxes_by_number_since_end_is_a_word_of_its_own() -> None:
    first, *lines, last = dot(WORDS).splitlines()
    assert (first, last) == ('digraph "the \\"end\\"" {', "}")
    assert '  "end" [label="end\\nvalue 2\\nd_end -1.5", fillcolor="#f2eafd", color="#8250df"];' in lines
    assert '  "r" [label="r\\nend < \\"1\\"\\nvalue 4\\nd_r 1", fillcolor="#ffecea", color="#cf222e"];' in lines
    assert {'  "end" -> "r" [penwidth=5.00];', '  label="3 nodes are left out";'} <= set(lines)
    lines = mermaid(WORDS).splitlines()
    assert lines[:2] == ["flowchart LR", "  %% 3 nodes are left out"]
    assert '  n0["end<br>value 2<br>d_end -1.5"]:::kind_weight' in lines
    assert '  n1["r<br>end #60; #34;1#34;<br>value 4<br>d_r 1"]:::kind_loss' in lines
    assert {"  n0 --> n1", "  linkStyle 0 stroke-width:5.00px"} <= set(lines)
