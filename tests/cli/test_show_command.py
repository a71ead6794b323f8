"""``symgraph show``: formulas as text and LaTeX, and the graph."""

import json
import math
import re
import shutil
from pathlib import Path

import pytest
from command_line import LINE, Project, Run
from graph_text import from_text

from symgraph.ir.text import to_text
from symgraph.views.styles import STYLES

FORMULAS = [
    "y_hat = top*exp(-rate*time)",
    "loss = (y - y_hat)**2",
]


def test_a_built_module_shows_nodes_loss_and_partials(built: Project) -> None:
    done = built.run("show", "decay")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[:2] == FORMULAS
    assert [line.split(" = ")[0] for line in lines[2:]] == ["d loss / d top", "d loss / d rate"]


def test_a_spec_with_several_models_shows_each_under_its_name(command: Run, built: Project) -> None:
    done = command("show", built.path("models.py"))
    first, second = done.out.split("\n\n")
    assert first.splitlines()[:2] == ["# decay", "y_hat = top*exp(-rate*time)"]
    assert second.splitlines()[0] == "# valley"
    assert "d loss / d b = " in second


def test_json_holds_all_models(command: Run, built: Project) -> None:
    document = json.loads(command("show", built.path("models.py"), "--json").out)
    assert [entry["model"] for entry in document["models"]] == ["decay", "valley"]
    assert list(document["models"][0]["formulas"]) == ["y_hat", "loss", "d loss / d top", "d loss / d rate"]
    graphs = json.loads(command("show", built.path("models.py"), "--json", "--graph").out)
    assert graphs["models"][1]["graph"].startswith("graph valley\n")


def test_latex_sets_words_upright_and_hats_on_top(command: Run, built: Project) -> None:
    done = command("show", built.path("models.py"), "--format", "latex")
    assert done.out.splitlines()[:3] == [
        "% decay",
        r"\begin{align*}",
        r"\hat{y} &= \mathrm{top} \cdot e^{-\mathrm{rate} \cdot \mathrm{time}} \\",
    ]
    assert r"\frac{\partial\,\mathrm{loss}}{\partial \mathrm{rate}} &= " in done.out
    assert done.out.count("\\begin{align*}") == done.out.count("\\end{align*}") == 2


@pytest.mark.parametrize(
    ("name", "latex"),
    [
        ("y_hat", r"\hat{y}"),
        ("w1", "w_{1}"),
        ("alpha_max", r"\alpha_{\mathrm{max}}"),
        ("speed", r"\mathrm{speed}"),
        ("lambda", r"\lambda"),
        ("k1_2", "k_{1 2}"),
    ],
)
def test_a_name_in_latex(name: str, latex: str) -> None:
    assert STYLES["latex"].name(name) == latex


def test_the_graph_parses_back(command: Run, built: Project) -> None:
    done = command("show", built.path("models.py"), "--graph")
    first = done.out[: done.out.index("\ngraph valley")]
    assert to_text(from_text(first)) == first


def test_a_packaged_model_is_shown_from_any_folder(command: Run) -> None:
    done = command("show", "nine_weights")
    assert done.code == 0
    assert "sigmoid = sigmoid(w8 + (w4*f4 + w5*f5)*sin(w3*f3))" in done.out.splitlines()


def test_the_spec_of_a_module_in_another_folder_is_found_by_the_manifest_beside_it(command: Run, built: Project) -> None:
    done = command("show", built.path("generated") / "decay.py")
    assert (done.code, done.err) == (0, "")
    assert "y_hat = top*exp(-rate*time)" in done.out


def test_a_module_without_its_spec_is_refused_with_what_to_name(command: Run, built: Project) -> None:
    shutil.copy(built.path("generated") / "decay.py", "decay.py")
    done = command("show", "decay.py")
    assert done.code == 2
    assert "was built from models.py" in done.err
    assert "name the spec file" in done.err


def test_a_module_whose_model_is_gone_from_the_spec_is_refused(command: Run) -> None:
    Path("line.py").write_text(LINE, encoding="utf-8")
    assert command("build", "line.py").code == 0
    Path("line.py").write_text(LINE.replace('"line"', '"edge"'), encoding="utf-8")
    done = command("show", "line")
    assert done.code == 2
    assert "built from line.py, where line is gone" in done.err


def test_a_spec_that_was_not_built_yet_is_shown_by_its_name_too(command: Run) -> None:
    Path("line.py").write_text(LINE, encoding="utf-8")
    assert command("show", "line").out == command("show", "line.py").out == "y_hat = a*x + b\n"


def test_a_model_without_loss_shows_its_nodes(command: Run) -> None:
    Path("line.py").write_text(LINE, encoding="utf-8")
    assert command("show", "line.py").out == "y_hat = a*x + b\n"


def test_a_missing_loss_is_noted_unless_quiet(command: Run) -> None:
    Path("line.py").write_text(LINE, encoding="utf-8")
    assert command("show", "line.py").err == "line has no loss, and so no partial derivatives\n"
    assert command("show", "line.py", "--quiet").err == ""


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_the_graph_as_latex_is_refused(command: Run, form: tuple[str, ...]) -> None:
    done = command("show", "nine_weights", "--graph", "--format", "latex", *form)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: --graph and --format latex exclude each other")


def test_the_derivation_has_the_steps_for_each_weight(command: Run, built: Project) -> None:
    done = built.run("show", "decay", "--derivation")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[0] == "decay: the derivative of the loss by each weight"
    assert "  d loss / d rate  = 2*(y - y_hat)*y_hat*time" in done.out.splitlines()


def test_the_derivation_has_numbers_at_a_row_of_data(command: Run, built: Project) -> None:
    files = ("--data", built.path("rows.csv"), "--weights", built.path("weights.json"))
    done = command("show", built.path("generated") / "decay.py", "--derivation", *files, "--row", "2", "--json")
    assert (done.code, done.err) == (0, "")
    document = json.loads(done.out)
    assert document["row"]["time"] == 2.0
    top = document["weights"]["top"]
    product = math.prod(step["value"] for step in top["chains"][0]["steps"])
    assert top["value"] == pytest.approx(product, rel=1e-15, abs=2**-51)  # an ulp of y is left where the fit is this good


@pytest.mark.parametrize(("form", "start"), [("markdown", "# decay"), ("latex", "% decay"), ("html", "<!DOCTYPE html>")])
def test_a_derivation_is_written_to_a_file_in_each_format(command: Run, built: Project, form: str, start: str) -> None:
    done = command("show", built.path("generated") / "decay.py", "--derivation", "--format", form, "-o", "steps")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert Path("steps").read_text(encoding="utf-8").startswith(start)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ("--derivation --graph", "--graph and --derivation exclude each other"),
        ("--format html", "--format html is for --derivation"),
        ("--row 1", "--data, --weights and --row are for --derivation"),
        ("--derivation --row 1", "--weights is missing"),
        ("--derivation --weights {weights}", "--data is missing; decay needs the columns time, y"),
        ("--derivation --weights {weights} --data {rows} --row 6", "there is no row 6 in "),
        ("--derivation --weights {weights} --data {rows} --row -1", "there is no row -1 in "),
        ("--derivation -o no/steps.txt", "there is no folder no"),
    ],
)
def test_options_of_a_derivation_that_do_not_fit_are_refused(command: Run, built: Project, options: str, fault: str) -> None:
    given = options.format(weights=built.path("weights.json"), rows=built.path("rows.csv")).split()
    done = command("show", built.path("generated") / "decay.py", *given)
    assert (done.code, done.out) == (2, "")
    assert fault in done.err


def test_a_derivation_of_a_spec_with_several_models_is_refused(command: Run, built: Project) -> None:
    done = command("show", built.path("models.py"), "--derivation")
    assert (done.code, done.out) == (2, "")
    assert "defines 2 models (decay, valley); build them and give the name of one" in done.err


def test_a_derivation_without_a_loss_is_refused(command: Run) -> None:
    Path("line.py").write_text(LINE, encoding="utf-8")
    done = command("show", "line.py", "--derivation")
    assert done.code == 2
    assert "model line: it has no loss to derive" in done.err


def test_derivatives_through_many_paths_are_left_to_the_derivation(command: Run) -> None:
    Path("swing.py").write_text(
        "from sympy import sin\nfrom symgraph import Model\n"
        "model = Model('swing')\nstart, y, (g, d) = model.feature('start'), model.target('y'), model.weights('g d')\n"
        "theta, _ = model.rk4(lambda s, t: (s[1], -g * sin(s[0]) - d * s[1]), {'theta': start, 'omega': 0}, (0, 2), steps=10)\n"
        "model.output('angle', theta)\nmodel.residual(theta - y)\n",
        encoding="utf-8",
    )
    done = command("show", "swing.py")
    assert done.code == 0
    # the tenth step is reached on some 10**14 paths
    assert re.search(r"^d loss / d g = \([\d,]{18,} operations; --derivation has them step by step\)$", done.out, re.MULTILINE)
    assert "d loss / d g" in command("show", "swing.py", "--derivation").out
