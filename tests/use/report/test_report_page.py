"""The page of a report: whole without network and script, and with the script its controls do what they say."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from browser import measured, needs_browser
from corpus import CORPUS
from sympy import exp

from symgraph import Model
from symgraph.use.report.contents import Choices, Contents, Data, _weights, gather
from symgraph.use.report.page import page
from symgraph.use.training import OPTIMIZERS

HOSTILE = '<script>alert("&")</script>'


def decay() -> Model:
    model = Model("decay", doc=f"Decay of {HOSTILE}.")
    t, y = model.feature("t"), model.target("y")
    a, k = model.weights("a k", init=1.0)
    model.loss((y - model.output("y_hat", a * model.node("rest", exp(-k * t)))) ** 2)
    return model


def contents_of(model: Model, X: Any, y: Any, rows: int = 3, w: Any = None) -> Contents:
    choices = Choices(w, "a file", {name: OPTIMIZERS[name] for name in ("vanilla", "adam")}, 3, 1, 0, rows)
    return gather(model, Data(X, y, HOSTILE), choices)


@pytest.fixture(scope="module")
def contents() -> Contents:
    t = np.linspace(0.0, 4.0, 12)
    return contents_of(decay(), t, 2.5 * np.exp(-0.7 * t) + 0.01 * np.cos(9 * t))


@pytest.fixture(scope="module")
def text(contents: Contents) -> str:
    return page(contents)


def test_the_page_loads_nothing_from_elsewhere_and_what_users_have_written_stands_as_text(text: str) -> None:
    assert not re.search(r"\b(src|srcset|action|data-src)\s*=|@import|fetch\(|XMLHttpRequest|<link|<iframe|<object", text)
    assert all(target.startswith(("#", "data:image/png;")) for target in re.findall(r'\bhref="([^"]*)"', text))
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", text))
    ids = re.findall(r'\bid="([^"]*)"', text)
    assert len(ids) == len(set(ids))
    assert HOSTILE not in text
    assert text.count("&lt;script&gt;alert(") >= 3


def test_a_logit_is_not_held_against_classes_as_if_it_were_an_estimate_of_them(text: str) -> None:
    model = Model("classes")
    model.target("y")
    model.output("logit", model.weight("a") * model.feature("x"))
    model.loss("bce_with_logits")
    x = np.linspace(-2.0, 2.0, 12)
    of_classes = page(contents_of(model, x, (np.sin(9 * x) + x > 0).astype(float)))
    assert "logit is no estimate of y" in of_classes
    assert "Correlations of the weights" in of_classes
    for words in ("Observed over predicted", "Data and fit"):
        assert words in text
        assert words not in of_classes


def test_without_its_script_the_page_has_all_numbers_of_the_first_row(text: str, contents: Contents) -> None:
    body = text.partition('<script type="application/json"')[0]
    for name, value in contents.shown[0].numbers[0].cotangents.items():
        assert f">{value:.4g}</text>" in body, name
    assert 'id="graph-controls" hidden' in body
    for heading in ("Graph", "Derivation", "Verification", "Accuracy", "Training", "Fit", "Predictions"):
        assert f"<h2>{heading}</h2>" in body
    assert contents.fit is not None
    assert f"{contents.fit.values['k']:.4g}"[:5] in body.partition("<h2>Fit</h2>")[2]
    origins = [shown.origin for shown in contents.shown]
    assert origins[0] == "the initial weights of seed 0"
    assert origins[-1] == "the weights of the fit"
    assert {"the weights of training by vanilla", "the weights of training by adam"} == set(origins[1:-1])


def test_of_several_runs_the_best_one_comes_last() -> None:
    """Without a fit that succeeded, predictions are those of the last weights."""
    ended = {name: SimpleNamespace(epochs=3, best=(loss, 1), best_weights=name) for name, loss in (("adam", 0.1), ("sgd", 5.0))}
    for names in (("adam", "sgd"), ("sgd", "adam")):
        runs = {name: SimpleNamespace(result=ended[name]) for name in names}
        module, choices = SimpleNamespace(initial_weights=lambda seed: "initial"), SimpleNamespace(w=None, seed=0)
        assert [*_weights(module, choices, None, runs).values()] == ["initial", "sgd", "adam"]
        for success, last in ((True, "fitted"), (False, "adam")):  # a fit that failed has no weights to show
            fitted = SimpleNamespace(w="fitted", success=success)
            assert [*_weights(module, choices, fitted, runs).values()][-1] == last


def test_given_weights_are_shown_alone() -> None:
    found = contents_of(decay(), [0.0, 1.0], [2.0, 1.0], w=np.array([2.0, 0.5]))
    assert [(shown.origin, shown.w.tolist()) for shown in found.shown] == [("a file", [2.0, 0.5])]


# Clicks and types as a reader would, and writes down what is seen after each.
PROBE = """
<script>
window.faults = [];
window.addEventListener("error", (event) => window.faults.push(String(event.message)));
console.error = (...words) => window.faults.push(words.join(" "));
</script>
"""
READER = """
<pre id="result"></pre>
<script>
const seen = () => [...document.querySelectorAll("g.vertex")].map((group) => [
  group.dataset.node,
  ...[".value", ".cotangent:not(.label)"].map((side) => {
    const text = group.querySelector(side);
    return getComputedStyle(text).visibility === "visible" ? text.textContent : null;
  }),
]);
const caption = () => document.getElementById("graph-caption").textContent;
const figure = document.getElementById("graph-figure");
const press = (key) => figure.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
const choose = (id, index) => {
  const list = document.getElementById(id);
  list.selectedIndex = index;
  list.dispatchEvent(new Event("change"));
};
const told = {};
const write = (name) => { told[name] = { seen: seen(), caption: caption() }; };
write("opened");
document.getElementById("first").click(); write("start");
document.getElementById("forward").click(); write("inputs");
press("ArrowRight"); write("rest");
press("End"); press("ArrowLeft"); write("before the last");
document.getElementById("last").click();
choose("row", 2); write("row 2");
choose("weights", document.getElementById("weights").options.length - 1); write("fitted");
document.querySelector('g.vertex[data-node="rest"]').focus(); write("focused");
const light = (colour) => {
  const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ground = (element) => {
  for (let one = element; one; one = one.parentElement) {
    const colour = getComputedStyle(one).backgroundColor;
    if (!/, 0\\)$/.test(colour)) return colour;
  }
  return getComputedStyle(document.body).backgroundColor;
};
const faint = [];
let texts = 0;
for (const element of document.querySelectorAll("body *:not(svg):not(svg *):not(script):not(style):not(pre#result)")) {
  const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  if (!own || !element.getClientRects().length || element.disabled) continue;
  const [a, b] = [light(getComputedStyle(element).color), light(ground(element))].sort((x, y) => y - x);
  texts += 1;
  if ((a + 0.05) / (b + 0.05) < 4.5) faint.push(`${element.tagName} ${element.textContent.slice(0, 40)}`);
}
const dark = matchMedia("(prefers-color-scheme: dark)").matches;
const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
document.getElementById("result").textContent = JSON.stringify({ told, faults: window.faults, faint, texts, dark, wide });
</script>
"""


@pytest.fixture(scope="module", params=["light", "dark"])
def read(request: Any, text: str, tmp_path_factory: Any) -> Any:
    """Text that a reader finds, on a wide screen by day, or on a narrow one at night."""
    options = ["--blink-settings=preferredColorScheme=0", "--window-size=400,900"] if request.param == "dark" else []
    probed = text.replace("<head>", f"<head>{PROBE}").replace("</body>", f"{READER}</body>")
    found = measured(probed, tmp_path_factory.mktemp("read"), *options)
    assert found["dark"] == (request.param == "dark")
    return found


@needs_browser
def test_the_browser_finds_no_fault_in_the_page_which_is_never_wider_than_the_screen(read: Any) -> None:
    """Texts have the contrast of WCAG 2.2, 1.4.3: 4.5 for those of usual size. Pictures have a test of their own."""
    assert (read["faults"], read["faint"]) == ([], [])
    assert read["texts"] > 50
    assert read["wide"] <= 0


@needs_browser
def test_controls_do_what_they_say(read: Any, contents: Contents) -> None:
    told = read["told"]
    first, third = contents.shown[0].numbers[0], contents.shown[0].numbers[2]
    fitted = contents.shown[-1].numbers[2]
    names = [vertex.name for vertex in contents.graph.vertices]

    def whole(numbers: Any) -> list[list[str]]:
        return [[name, f"{numbers.values[name]:.4g}", f"{numbers.cotangents[name]:.4g}"] for name in names]

    assert told["opened"]["seen"] == whole(first)
    assert all(value is slope is None for _, value, slope in told["start"]["seen"])
    assert [name for name, value, _ in told["inputs"]["seen"] if value] == ["t", "a", "k", "y"]
    assert [name for name, value, _ in told["rest"]["seen"] if value] == ["t", "a", "k", "y", "rest"]
    assert told["rest"]["caption"].endswith(f"= {first.values['rest']:.4g}")
    assert [name for name, _, slope in told["before the last"]["seen"] if slope] == ["rest", "y_hat", "loss"]
    assert told["before the last"]["caption"].endswith(f"= {first.cotangents['rest']:.4g}")
    assert told["row 2"]["seen"] == whole(third)
    assert told["fitted"]["seen"] == whole(fitted)
    assert told["focused"]["caption"].startswith("node rest = exp(-k*t); value ")


def without_loss() -> Model:
    model = Model("without_loss")
    model.output("y_hat", model.weight("a") * model.feature("x"))
    return model


def several_outputs() -> Model:
    model = Model("several")
    x, (p, q) = model.feature("x"), model.targets("p q")
    u, v = model.weights("u v", init=0.5)
    first, second = model.outputs("one two", u * x, v * x**2)
    model.loss((first - p) ** 2 + (second - q) ** 2)
    model.penalty(0.1 * u**2)
    return model


@pytest.mark.parametrize("make", [without_loss, several_outputs])
def test_every_kind_of_model_has_a_report(make: Callable[[], Model]) -> None:
    model = make()
    y = np.array([[0.2, 0.1], [0.5, 0.4], [0.9, 2.0]]) if model.target_inputs else None
    text = page(contents_of(model, np.array([[0.5], [1.0], [2.0]]), y))
    assert "<h2>Graph</h2>" in text
    assert ("<h2>Training</h2>" in text) == (model.loss_expr is not None)
    json.loads(text.partition('id="graph-numbers">')[2].partition("</script>")[0])


def test_a_model_without_rows_has_a_report_that_speaks_of_none() -> None:
    model = Model("valley")
    a, b = model.weights("a b", init=0.5)
    model.loss((1 - a) ** 2 + 100 * (b - a**2) ** 2)
    choices = Choices(None, "", {"vanilla": OPTIMIZERS["vanilla"]}, 20, 1, 0, 3)  # its run diverges
    text = page(gather(model, Data(None, None, ""), choices))
    assert "2 weights, 0 nodes; no rows" in text
    assert "the derivative of the loss by it: at the initial weights of seed 0." in text
    assert "<label hidden>Data" in text
    assert "Correlations" not in text  # of one residual there are none


def test_a_large_model_is_drawn_by_levels_and_its_steps_name_boxes_that_are_there(tmp_path: Path) -> None:
    model = CORPUS["net_tanh"]()
    rng = np.random.default_rng(0)
    text = page(contents_of(model, rng.normal(size=(3, len(model.feature_inputs))), rng.normal(size=3), rows=1))
    told = json.loads(text.partition('id="graph-numbers">')[2].partition("</script>")[0])
    assert {name for step in told["steps"] for name in step["boxes"]} == set(told["hints"])
