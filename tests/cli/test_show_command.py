"""``symgraph show``: formulas as text and LaTeX, and the graph."""

import json
import math
import re
import shutil
from pathlib import Path

import pytest
from command_line import LINE, Project, Run, refused
from graph_text import from_text

from symgraph.compiler.ir.text import to_text
from symgraph.show.views.styles import STYLES


def test_a_built_module_shows_nodes_loss_and_partials(built: Project) -> None:
    done = built.run("show decay")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[:2] == ["y_hat = top*exp(-rate*time)", "loss = (y - y_hat)**2"]
    assert [line.split(" = ")[0] for line in lines[2:]] == ["d loss / d top", "d loss / d rate"]


def test_a_spec_with_several_models_shows_each_under_its_name_also_in_json(command: Run, built: Project) -> None:
    spec = built.path("models.py")
    first, second = command(f"show {spec}").out.split("\n\n")
    assert first.splitlines()[:2] == ["# decay", "y_hat = top*exp(-rate*time)"]
    assert second.splitlines()[0] == "# valley"
    assert "d loss / d b = " in second
    document = json.loads(command(f"show {spec} --json").out)
    assert [entry["model"] for entry in document["models"]] == ["decay", "valley"]
    assert list(document["models"][0]["formulas"]) == ["y_hat", "loss", "d loss / d top", "d loss / d rate"]
    assert json.loads(command(f"show {spec} --json --graph").out)["models"][1]["graph"].startswith("graph valley\n")
    text = command(f"show {spec} --graph").out
    graph = text[: text.index("\ngraph valley")]
    assert to_text(from_text(graph)) == graph


def test_latex_sets_words_upright_and_hats_on_top(command: Run, built: Project) -> None:
    shown = command(f"show {built.path('models.py')} --format latex").out
    assert shown.splitlines()[:3] == [
        "% decay",
        r"\begin{align*}",
        r"\hat{y} &= \mathrm{top} \cdot e^{-\mathrm{rate} \cdot \mathrm{time}} \\",
    ]
    assert r"\frac{\partial\,\mathrm{loss}}{\partial \mathrm{rate}} &= " in shown
    assert shown.count("\\begin{align*}") == shown.count("\\end{align*}") == 2
    names = {"w1": "w_{1}", "alpha_max": r"\alpha_{\mathrm{max}}", "lambda": r"\lambda", "k1_2": "k_{1 2}"}
    assert {name: STYLES["latex"].name(name) for name in names} == names


def test_a_packaged_model_and_a_module_in_another_folder_are_shown(command: Run, built: Project) -> None:
    assert "sigmoid = sigmoid(w8 + (w4*f4 + w5*f5)*sin(w3*f3))" in command("show nine_weights").out.splitlines()
    done = command(f"show {built.module}")  # whose spec the manifest beside it names
    assert (done.code, done.err) == (0, "")
    assert "y_hat = top*exp(-rate*time)" in done.out
    shutil.copy(built.module, "decay.py")
    refused(command("show decay.py"), "was built from models.py", "name the spec file")


def test_a_spec_that_was_not_built_is_shown_by_its_name_and_one_without_the_model_refused(command: Run) -> None:
    Path("line.py").write_text(LINE, encoding="utf-8")
    for name in ("line", "line.py"):
        done = command(f"show {name}")
        assert (done.out, done.err) == ("y_hat = a*x + b\n", "line has no loss, and so no partial derivatives\n")
    assert command("show line --quiet").err == ""
    assert command("build line.py --backend numpy").code == 0
    Path("line.py").write_text(LINE.replace('"line"', '"edge"'), encoding="utf-8")
    refused(command("show line"), "built from line.py, where line is gone")


def test_the_derivation_has_the_steps_for_each_weight_and_numbers_at_a_row_of_data(command: Run, built: Project) -> None:
    done = built.run("show decay --derivation")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[0] == "decay: the derivative of the loss by each weight"
    assert "  d loss / d rate  = 2*(y - y_hat)*y_hat*time" in done.out.splitlines()
    done = command(f"show {built.module} --derivation --data {built.rows} --weights {built.weights} --row 2 --json")
    assert (done.code, done.err) == (0, "")
    document = json.loads(done.out)
    assert document["row"]["time"] == 2.0
    top = document["weights"]["top"]
    product = math.prod(step["value"] for step in top["chains"][0]["steps"])
    assert top["value"] == pytest.approx(product, rel=1e-15, abs=2**-51)  # an ulp of y is left where the fit is this good


@pytest.mark.parametrize(("form", "start"), [("markdown", "# decay"), ("latex", "% decay"), ("html", "<!DOCTYPE html>")])
def test_a_derivation_is_written_to_a_file_in_each_format(command: Run, built: Project, form: str, start: str) -> None:
    for _ in range(2):
        done = command(f"show {built.module} --derivation --format {form} -o steps")
        assert (done.code, done.out, done.err) == (0, "", "")
    assert Path("steps").read_text(encoding="utf-8").startswith(start)


def test_a_text_replaces_one_of_ours_and_none_of_others(command: Run, built: Project) -> None:
    line = f"show {built.module} -o steps.md"
    for options in ("", "--format latex", "--graph", "--derivation", ""):
        assert command(f"{line} {options}").code == 0
    Path("steps.md").write_text("# My thesis\n\nin ten chapters\n", encoding="utf-8")
    refused(command(line), "--out: steps.md is there and no text of `symgraph show`; choose another name, or delete it first")


def test_derivatives_through_many_paths_are_left_to_the_derivation(command: Run) -> None:
    Path("swing.py").write_text(
        "from sympy import sin\nfrom symgraph import Model\n"
        "model = Model('swing')\nstart, y, (g, d) = model.feature('start'), model.target('y'), model.weights('g d')\n"
        "theta, _ = model.rk4(lambda s, t: (s[1], -g * sin(s[0]) - d * s[1]), {'theta': start, 'omega': 0}, (0, 2), steps=10)\n"
        "model.output('angle', theta)\nmodel.residual(theta - y)\n",
        encoding="utf-8",
    )
    done = command("show swing.py")
    # the tenth step is reached on some 10**14 paths
    assert re.search(r"^d loss / d g = \([\d,]{18,} operations; --derivation has them step by step\)$", done.out, re.MULTILINE)
    assert "d loss / d g" in command("show swing.py --derivation").out
