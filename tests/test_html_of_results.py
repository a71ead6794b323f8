"""HTML of results in notebooks: their numbers, verdicts that are not told by colour alone, both themes, no script."""

import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from zoo import ZOO

import symgraph
from symgraph.html import card, curve, table
from symgraph.judge.differences import gradcheck
from symgraph.judge.judged_points import points
from symgraph.judge.judging import judge
from symgraph.judge.verification_report import LostDigits, VerificationReport
from symgraph.use.training import adam, step_decay, train

X = np.linspace(0.0, 3.0, 20)
Y = 2.0 * np.exp(-X) + 0.3


class Text(HTMLParser):
    """Checks that tags are closed in order, and collects the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.said: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, _attributes: Any) -> None:
        self.open.append(tag)

    def handle_startendtag(self, tag: str, _attributes: Any) -> None:
        """A tag that closes itself."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open and data.strip():
            self.said.append(data.strip())


def text_of(result: Any) -> str:
    html = result._repr_html_()
    assert "<script" not in html
    assert "http" not in html
    assert "prefers-color-scheme:dark" in html
    return "\n".join(Text(html).said)


@pytest.fixture(scope="module")
def decay() -> Any:
    model = symgraph.Model.from_formula("y ~ a*exp(-k*x) + c", ("x", "y"), name="decay")
    return symgraph.fit(model, X, Y + 0.01 * np.sin(9 * X))


def test_a_module_shows_its_names_and_formulas_and_a_fit_its_table_and_warnings(decay: Any) -> None:
    said = text_of(decay.problem.module)
    assert said.startswith("decay\n")
    assert "weights\n3\na, k, c" in said
    assert "y_hat = a * exp(" in said
    said = text_of(decay)
    assert "\u2713 converged by" in said
    assert f"{decay.values['k']:.4f}" in said
    with pytest.warns(symgraph.FitWarning):
        poor = symgraph.fit(symgraph.Model.from_formula("y ~ a*b*x", ("x", "y")), X, Y)
    assert poor.warnings
    assert f"warning: {poor.warnings[0]}" in text_of(poor)
    assert "Akaike" not in text_of(symgraph.compare(decay, decay))


def test_a_run_of_training_shows_its_losses_and_why_it_ended(decay: Any) -> None:
    result = train(decay.problem.module, X, Y, optimizer=adam(0.05), epochs=20, seed=0, validation=0.2)
    said = text_of(result)
    assert "training by adam, rate 0.05" in said
    assert result.message in said
    assert f"{result.losses[-1]:.6g}" in said
    assert result._repr_html_().count("<polyline") == 1
    begun = train(decay.problem.module, X, Y, optimizer=adam(step_decay(0.05, every=2)), epochs=4, seed=0)
    goes_on = train(
        decay.problem.module, X, Y, optimizer=adam(step_decay(0.05, every=2)), epochs=2, w0=begun.weights, state=begun.state
    )
    assert "training by adam, rate 0.0125" in text_of(goes_on)
    assert "\u2717 stopped: in " in text_of(train(decay.problem.module, X, 1e300 * Y, optimizer=adam(0.05), epochs=1, seed=0))


def test_a_gradient_check_shows_wrong_weights_first(decay: Any) -> None:
    assert "\u2713 passed" in text_of(gradcheck(decay.problem.module, X, Y, points=1, rows=2))
    model = symgraph.Model("slope")
    x = model.feature("x")
    a, b = model.weights("a b")
    model.output("v", a * x + b)
    checked = symgraph.compile(model, backend="numpy")
    sound = checked.jacobian
    vars(checked)["jacobian"] = lambda w, X, *rest, **options: sound(w, X, *rest, **options) * np.array([1.0, 1.5])
    said = text_of(gradcheck(checked, X))
    assert "\u2717 failed" in said
    assert re.search(r"verdict\nb\njacobian\n.*?\nfailed\na\njacobian", said, re.DOTALL)


def test_a_judgement_shows_what_is_not_0_in_all_results_and_a_verification_what_was_not_verified() -> None:
    model = ZOO["line"]()
    said = text_of(judge(model, symgraph.compile(model, backend="numpy"), points(model, ("normal",), n=4)))
    assert "\u2713 no faults at 4 points" in said
    assert "0 in all results: NaN, infinite" in said
    whole = VerificationReport("m", 2, 12, 0, 1500, 0, 1.7, (), lost=LostDigits("grad a", "t", 3.0, 40.0, {"x": 1.0}))
    assert "\u2713 2 of 2 weights verified at 12 points" in text_of(whole)
    assert "1,500 values judged" in text_of(whole)
    part = VerificationReport("m", 2, 12, 0, 1500, 0, 1.7, ("b",))
    assert "not verified, partial 0 or unclear at every point: b" in text_of(part)


def test_names_of_users_are_escaped_and_odd_curves_are_left_out() -> None:
    html = card("<b>", "a & b", "bad", table(("<i>",), [("x<y",)], ["bad"]))
    assert "<b><b>" not in html
    assert Text(html).said == ["<b>", "\u2717 a & b", "<i>", "x<y"]
    assert curve([1.0], "loss") == curve([np.nan, 1.0], "loss") == ""
    assert curve([1.0, np.inf, 0.5], "loss").count("nan") == 0


def test_a_small_curve_of_many_values_has_its_ends() -> None:
    drawn = re.search(r'points="([^"]*)"', curve([9.0, *np.linspace(8.0, 2.0, 998), 1.0], "loss"))
    assert drawn is not None
    points = drawn[1].split()
    assert len(points) < 300
    assert (points[0], points[-1]) == ("0.0,2.0", "300.0,38.0")


def luminance(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255.0 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_has_the_contrast_of_wcag_aa_in_both_themes() -> None:
    for ground, colors in zip(("#ffffff", "#111111"), re.findall(r"--ink:[^}]*", card("m"))[:2], strict=True):
        for name in ("ink", "soft", "good", "bad"):
            color = re.search(rf"--{name}:(#\w+)", colors)
            assert color is not None
            bright, dim = sorted((luminance(color[1]), luminance(ground)), reverse=True)
            assert (bright + 0.05) / (dim + 0.05) >= 4.5, (name, ground)
