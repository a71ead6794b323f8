"""DOT and Mermaid: one line a box, one an arrow, and signs of their languages quoted."""

from symgraph.drawing.picture import Arrow, Box, Picture
from symgraph.drawing.text_graphs import dot, mermaid

PICTURE = Picture(
    'the "end"',
    "",
    "",
    (Box("end", "weight", "end", (), "", "2", "-1.5"), Box("r", "loss", "r", ('end < "1"',), "", "4", "1")),
    (Arrow("end", "r", "", 1.0),),
    "3 nodes are left out",
)


def test_dot_has_boxes_arrows_and_the_note() -> None:
    lines = dot(PICTURE).splitlines()
    assert lines[0] == 'digraph "the \\"end\\"" {'
    assert '  "end" [label="end\\nvalue 2\\nd_end -1.5", fillcolor="#f2eafd", color="#8250df"];' in lines
    assert '  "r" [label="r\\nend < \\"1\\"\\nvalue 4\\nd_r 1", fillcolor="#ffecea", color="#cf222e"];' in lines
    assert '  "end" -> "r" [penwidth=5.00];' in lines
    assert '  label="3 nodes are left out";' in lines
    assert lines[-1] == "}"


def test_mermaid_calls_boxes_by_number_since_end_is_a_word_of_its_own() -> None:
    lines = mermaid(PICTURE).splitlines()
    assert lines[:2] == ["flowchart LR", "  %% 3 nodes are left out"]
    assert '  n0["end<br>value 2<br>d_end -1.5"]:::kind_weight' in lines
    assert '  n1["r<br>end #60; #34;1#34;<br>value 4<br>d_r 1"]:::kind_loss' in lines
    assert "  n0 --> n1" in lines
    assert "  linkStyle 0 stroke-width:5.00px" in lines
