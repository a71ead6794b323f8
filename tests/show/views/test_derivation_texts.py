"""Derivations as text, Markdown, LaTeX and HTML."""

import re
from html.parser import HTMLParser

import pytest
from corpus import CORPUS

from symgraph import Model
from symgraph.judge.reference import reference
from symgraph.judge.verification_points import Sampler
from symgraph.show.views.derivation import Derivation, derivation
from symgraph.show.views.derivation_texts import TEXTS, derivation_data, derivation_html
from symgraph.show.views.formulas import formula
from symgraph.show.views.styles import STYLES

VOID = {"meta", "mspace"}


class Balanced(HTMLParser):
    """Reads HTML and remembers the elements that are open, and all that there were."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def at_a_row(name: str) -> Derivation:
    model = CORPUS[name]()
    batch = Sampler(reference(model), 0, None, 1).draw()
    assert batch is not None
    return derivation(model, batch.points[0])


def line() -> Model:
    model = Model("line")
    x, y, (a, b) = model.feature("x"), model.target("y"), model.weights("a b")
    model.loss((y - model.output("y_hat", a * x + b)) ** 2)
    return model


def test_plain_text_and_data_have_each_step_and_its_number_and_a_part_of_a_page_is_a_section_alone() -> None:
    text = TEXTS["text"](derivation(line(), {"x": 2.0, "y": 1.0, "a": 3.0, "b": 0.5}))
    assert text.splitlines()[-9:] == [
        "Weight a: d loss / d a",
        "  d loss / d y_hat = -2*(y - y_hat)    = 11",
        "  d y_hat / d a    = x                 = 2",
        "  d loss / d a     = -2*(y - y_hat)*x  = 22",
        "",
        "Weight b: d loss / d b",
        "  d loss / d y_hat = -2*(y - y_hat)  = 11",
        "  d y_hat / d b    = 1               = 1",
        "  d loss / d b     = -2*(y - y_hat)  = 11",
    ]
    text = TEXTS["text"](derivation(line()))
    assert "Row" not in text
    assert "  d loss / d a     = -2*(y - y_hat)*x\n" in text
    data = derivation_data(derivation(line(), {"x": 2.0, "y": 1.0, "a": 3.0, "b": 0.5}))
    steps = [
        {"of": "loss", "by": "y_hat", "partial": "-2*(y - y_hat)", "value": 11.0},
        {"of": "y_hat", "by": "a", "partial": "x", "value": 2.0},
    ]
    chains = [{"from": "loss", "steps": steps, "value": 22.0}]
    assert data["weights"]["a"] == {"chains": chains, "formula": "-2*(y - y_hat)*x", "value": 22.0}
    part = derivation_html(derivation(line()))
    assert (part[:28], part[-11:], "<style" in part) == ('<section class="derivation">', "</section>\n", False)


def test_the_chains_of_a_weight_that_is_used_twice_are_told_from_the_weight_to_the_loss() -> None:
    model = Model("twice")
    y, a = model.target("y"), model.weight("a")
    model.loss((y - model.output("y_hat", a + model.node("square", a**2))) ** 2)
    lines = TEXTS["text"](derivation(model)).splitlines()
    assert [line for line in lines if line.startswith("  by ")] == ["  by square, y_hat, loss", "  by y_hat, loss"]


def test_partials_that_nobody_reads_are_told_by_their_number_of_operations() -> None:
    model = Model("loop")
    x, y, a = model.feature("x"), model.target("y"), model.weight("a")
    h = a * x
    for _ in range(3):
        h = h + a * h * (1 - h)  # a loop whose steps have no names
    model.loss((y - model.output("y_hat", h)) ** 2)
    derived = derivation(model)
    told = {form: TEXTS[form](derived) for form in TEXTS}
    assert re.search(r"^  d y_hat / d a += \([\d,]+ operations\)$", told["text"], re.MULTILINE)
    assert re.search(r"\\text\{[\d,]+ operations\}", told["latex"])
    assert "operations</mtext>" in told["html"]
    assert len(derivation_data(derived)["weights"]["a"]["formula"]) > 1_000


def test_latex_has_hats_and_environments_that_end_and_markdown_a_block_for_each_weight() -> None:
    text = TEXTS["latex"](at_a_row("nine_weights"))
    assert text.count(r"\begin{align*}") == text.count(r"\end{align*}") == 11
    assert r"\frac{\partial\,\mathrm{loss}}{\partial \hat{y}} &= -2 \, \left(y - \hat{y}\right) && = " in text
    assert (text.count("{"), text.count(r"\left")) == (text.count("}"), text.count(r"\right"))
    text = TEXTS["markdown"](derivation(line()))
    assert re.findall("^#+ .*", text, re.MULTILINE) == [
        "# line: the derivative of the loss by each weight",
        "## Graph",
        r"## Weight a: $\frac{\partial\,\mathrm{loss}}{\partial a}$",
        r"## Weight b: $\frac{\partial\,\mathrm{loss}}{\partial b}$",
    ]
    assert text.count("$$") == 2 * text.count(r"\begin{aligned}") == 6


@pytest.mark.parametrize("name", ["nine_weights", "pieces", "softmax", "penalty", "gaussian_beam", "haversine"])
def test_html_is_well_formed_and_uses_mathml_that_browsers_have(name: str) -> None:
    page = Balanced()
    page.feed(TEXTS["html"](at_a_row(name)))
    page.close()
    assert page.open == []
    # MathML Core, which Chromium and Firefox draw by themselves
    core = "math mrow mi mn mo mtext mspace mfrac msqrt msup msub mover mtable mtr mtd meta"
    assert {tag for tag in page.seen if tag.startswith("m")} <= set(core.split())
    assert "script" not in page.seen


@pytest.mark.parametrize(("name", "latex"), [
    ("y_hat", r"\hat{y}"), ("alpha_max", r"\alpha_{\mathrm{max}}"), ("x__y", r"\mathrm{x\_\_y}"), ("w1_2", "w_{1 2}"),
    ("log_sigma", r"\mathrm{log\_sigma}"), ("y_hat_part12", r"\hat{y}_{\mathrm{part12}}"),
])  # fmt: skip
def test_a_name_in_latex(name: str, latex: str) -> None:
    assert STYLES["latex"].name(name) == latex


model = Model("signs")
x, (a, b) = model.feature("x"), model.weights("a b")
plain, latex = STYLES["text"], STYLES["latex"]


def test_a_power_of_a_power_or_a_quotient_is_in_brackets() -> None:
    assert formula((x**b) ** a, plain) == "(x**b)**a"  # x**b**a is another number
    assert formula((x / b) ** a, latex) == r"\left(\frac{x}{b}\right)^{a}"
    assert (formula(-a + x, plain), formula(-a / (b * x), plain)) == ("x - a", "-a/(b*x)")
    assert (formula(-a / (b * x), latex), formula((x - a) ** -b, plain)) == (r"-\frac{a}{b \, x}", "1/(x - a)**b")
