"""Pictures of every model of the corpus as a browser lays them out: no two texts overlap, and none leaves its box."""

import re
from html import escape
from pathlib import Path

import pytest
from big_models import perceptron
from browser import measured, needs_browser
from corpus import CORPUS
from models_of_users import USERS
from sympy import S

from symgraph import Model
from symgraph.show.drawing.svg import svg
from symgraph.show.views.named_graph import Edge, NamedGraph, Numbers
from symgraph.show.views.operations import operations
from symgraph.show.views.picture import picture_of

LONGEST = -1.2345e-123
"""A number of as many signs as there can be."""

# Writes into the page, for each picture, the pairs of texts that overlap and the texts that leave their box or the picture.
SCRIPT = """
const faults = {}; let texts = 0;
const inside = (a, b) => a.left >= b.left && a.right <= b.right && a.top >= b.top - 1 && a.bottom <= b.bottom + 1;
const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top + 1 || b.bottom <= a.top + 1;
for (const picture of document.querySelectorAll("svg")) {
  const all = [...picture.querySelectorAll("text")].map(text => [text, text.getBoundingClientRect()]);
  const paper = picture.getBoundingClientRect(), found = [];
  const boxes = [...picture.querySelectorAll(".vertex > rect")].map(box => [box.parentNode, box.getBoundingClientRect()]);
  all.forEach(([text, place], index) => {
    texts += 1;
    if (!place.width) found.push(`${text.textContent} is not there`);
    if (!inside(place, paper)) found.push(`${text.textContent} leaves the picture`);
    for (const [vertex, box] of boxes)
      if (vertex === text.parentNode ? !inside(place, box) : !apart(place, box))
        found.push(`${text.textContent} and the box of ${vertex.dataset.node}`);
    for (const [other, taken] of all.slice(index + 1))
      if (!apart(place, taken)) found.push(`${text.textContent} and ${other.textContent}`);
  });
  boxes.forEach(([vertex, box], index) => {
    for (const [other, taken] of boxes.slice(index + 1))
      if (!apart(box, taken)) found.push(`boxes of ${vertex.dataset.node} and ${other.dataset.node}`);
  });
  if (found.length) faults[picture.parentNode.id] = found;
}
document.getElementById("result").textContent = JSON.stringify({texts, faults});
"""


def greek() -> Model:
    """Names in other alphabets, and one that is long."""
    model = Model("größe")
    x, y = model.feature("時間"), model.target("y")
    long, w = model.weights(["a_weight_whose_name_tells_everything_about_it", "β"])
    model.loss((y - model.output("ŷ_длина", w * x + long)) ** 2)
    return model


def pictures() -> dict[str, str]:
    """SVG of every model with the longest numbers; of the corpus without numbers too, and of small ones by operations."""
    found: dict[str, str] = {}
    users = {f"user {name}": make for name, make in USERS.items()}
    for name, make in {**CORPUS, **users, "greek": greek, "wide": lambda: perceptron(500)}.items():
        graph = NamedGraph(make())
        found[f"{name} with numbers"] = svg(picture_of(graph, longest(graph), row="row 0 of a file"))
        if name in CORPUS:
            found[name] = svg(picture_of(graph))
            if len(graph.vertices) <= 7:
                graph, signs = operations(graph.model)
                found[f"{name} by operations"] = svg(picture_of(graph, longest(graph), signs=signs))
    return found


def longest(graph: NamedGraph) -> Numbers[float]:
    values = {vertex.name: LONGEST for vertex in graph.vertices}
    return Numbers(values, values, {(edge.source, edge.target): LONGEST for edge in graph.edges})


@needs_browser
def test_no_texts_overlap_and_none_leaves_its_box_in_any_picture_of_the_corpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Edge, "partial", S.Zero)  # partials stand in hints, which are not laid out, and take most of the time
    drawn = pictures()
    # one picture is spoilt, to see that the measurement finds what is wrong: its names have moved to the left rim
    drawn["spoilt"] = re.sub(r'(<text class="name") x="[\d.]+"', r'\1 x="0"', drawn["line"])
    parts = [f'<div id="{escape(name)}" style="width: 40000px">{text}</div>' for name, text in drawn.items()]
    page = f'<!DOCTYPE html><meta charset="utf-8"><body>{"".join(parts)}<pre id="result"></pre><script>{SCRIPT}</script>'
    found = measured(page, tmp_path)
    assert any(fault.startswith("y_hat and the box of") for fault in found["faults"].pop("spoilt"))
    assert found["faults"] == {}
    assert found["texts"] == sum(text.count("<text ") for text in drawn.values()) > 5000
