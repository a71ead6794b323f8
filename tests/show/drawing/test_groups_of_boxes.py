"""Pictures of more boxes than can be read: those of a level share one, and the note says what was left out."""

import pytest

from symgraph.show.drawing.groups import MOST, grouped
from symgraph.show.drawing.layers import ranked
from symgraph.show.drawing.picture import Arrow, Box, Picture


def network(inputs: int, hidden: int, layers: int = 1) -> Picture:
    boxes = [Box(f"w{index}", "weight", f"w{index}", (), "", "1", "2") for index in range(inputs)]
    arrows, before = [], [box.key for box in boxes]
    for layer in range(layers):
        own = [f"h{layer}_{index}" for index in range(hidden)]
        boxes += [Box(key, "node", key, ("...",), f"node {key}", "1", "2") for key in own]
        arrows += [Arrow(source, target, "slope", 0.5) for source in before for target in own]
        before = own
    boxes += [Box("y_hat", "output", "y_hat", (), "", "3", "4"), Box("loss", "loss", "loss", (), "", "5", "1")]
    arrows += [*(Arrow(source, "y_hat", "", 1.0) for source in before), Arrow("y_hat", "loss", "only one", 0.1)]
    return Picture("network", "", "", tuple(boxes), tuple(arrows))


def test_a_picture_that_can_be_read_stays_as_it_is_and_many_outputs_share_a_box_where_there_is_no_other_way() -> None:
    picture = network(MOST - 12, 10)
    assert len(picture.boxes) == MOST
    assert grouped(picture) is picture
    boxes = [Box("w", "weight", "w"), *(Box(f"o{index}", "output", f"o{index}") for index in range(80))]
    found = grouped(Picture("many", "", "", tuple(boxes), tuple(Arrow("w", box.key) for box in boxes[1:])))
    assert [box.name for box in found.boxes] == ["w", "80 outputs"]


def test_an_arrow_of_groups_carries_what_its_arrows_carry_together() -> None:
    found = grouped(network(70, 10))
    shares = {(arrow.source, arrow.target): arrow.share for arrow in found.arrows}
    weights, hidden = (box.key for box in found.boxes[:2])
    # shares are square roots: 700 arrows carry 0.25 each, 10 carry 1
    assert shares == {
        (weights, hidden): pytest.approx(1.0),
        (hidden, "y_hat"): pytest.approx((10 / 175) ** 0.5),
        ("y_hat", "loss"): pytest.approx((0.01 / 175) ** 0.5),
    }
    assert [arrow.hint for arrow in found.arrows] == ["700 uses", "10 uses", "only one"]
    weights, hidden, output, loss = found.boxes
    assert (weights.kind, weights.name, weights.value) == ("weight", "70 weights", "")
    assert weights.lines[0].startswith("w0, w1, w2")
    listed = sum(line.count(",") for line in weights.lines)
    assert weights.lines[-1].endswith(f"and {70 - listed} more")
    assert (hidden.kind, hidden.name, hidden.lines[-1][-4:]) == ("group", "10 nodes", "h0_9")
    assert "node h0_3" in hidden.hint
    assert (output.value, loss.value) == ("3", "5")
    assert found.note == ("82 boxes are more than the 60 that can be read: 80 share 2. Left out: their formulas and numbers.")


def test_of_a_deep_graph_several_levels_share_a_box_and_the_arrows_within_are_counted() -> None:
    found = grouped(network(3, 2, layers=60))
    assert len(found.boxes) < 20
    at = {box.key: index for index, box in enumerate(found.boxes)}
    edges = [(at[arrow.source], at[arrow.target]) for arrow in found.arrows]
    ranks = ranked(len(at), edges)
    assert all(ranks[source] < ranks[target] for source, target in edges)  # no circle
    assert "arrows between those that share one" in found.note
