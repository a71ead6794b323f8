"""``symgraph fit``: a built model, or a formula, and a file."""

import io
import json
import pickle
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from command_line import Project, Run, refused

from symgraph import load
from symgraph.data.weights import load_weights
from symgraph.use.fitting import least_squares

MISRA = Path(__file__).parent.parent / "data" / "nist" / "Misra1a.csv"
FORMULA = "y ~ b1*(1 - exp(-b2*x))"
FIT = ("fit", FORMULA, "--data", MISRA)
START = ("--start", "b1=500,b2=1e-4")
SPEC_OF_MISRA = """
from sympy import exp
from symgraph import Model

model = Model("misra")
x, y = model.feature("x"), model.target("y")
b1, b2 = model.weights("b1 b2", init=[500, 1e-4])
model.residual(model.output("y_hat", b1 * (1 - exp(-b2 * x))) - y)
"""
CERTIFIED = {"b1": (2.3894212918e02, 2.7070075241), "b2": (5.5015643181e-04, 7.2668688436e-06)}
"""NIST: weight and standard error."""


def test_a_formula_is_fitted_to_the_certified_digits(command: Run) -> None:
    done = command(*FIT, *START, "--json")
    assert (done.code, done.err) == (0, f"{FORMULA}: features x; weights b1, b2\n")
    for name, (value, error) in CERTIFIED.items():
        found = json.loads(done.out)["weights"][name]
        assert (found["value"], found["stderr"]) == pytest.approx((value, error), rel=1e-10, abs=0.0)  # 11 digits are published


def test_a_built_model_is_fitted_and_its_weights_saved(command: Run, built: Project) -> None:
    done = command(f"fit {built.module} --data {built.rows} --save w.json --plot fit.svg")
    assert (done.code, "decay: converged by" in done.out) == (0, True)
    assert done.notes == "weights written to w.json\nplot written to fit.svg\n"
    # the rows are 2 * exp(-time / 2) to six digits
    assert load_weights(Path("w.json"), load(built.module)) == pytest.approx([2.0, 0.5], abs=1e-6)
    assert "<svg" in Path("fit.svg").read_text()


def test_fixed_weights_ranges_and_sigma_are_taken(command: Run) -> None:
    def fitted(*options: str) -> Any:
        return json.loads(command(*FIT, *START, "--json", "-q", *options).out)

    assert fitted("--fix", "b1=240")["weights"]["b1"] == {"value": 240.0, "stderr": 0.0, "state": "fixed"}
    assert fitted("--bounds", "b1=300:")["weights"]["b1"]["state"] == "at bound"
    sigma, column = fitted("--sigma", "0.1", "--absolute-sigma"), fitted("--sigma", "x")
    assert sigma["absolute_sigma"] is True
    assert column["statistics"]["chi2"] < sigma["statistics"]["chi2"]
    assert fitted("--sigma", "x*1")["statistics"] == column["statistics"]


def test_a_warning_is_one_line(fresh: Project) -> None:
    fresh.path("peak.csv").write_text("x,y\n0,1\n1,0.5\n2,0.3\n3,0.1\n")
    done = fresh.run("fit", "y ~ a*voigt(x, 1, g)", "--data", "peak.csv")
    (warning,) = (line for line in done.err.splitlines() if line.startswith("warning: "))
    assert "formula runs on NumPy: model formula: y_hat needs wofz_re, which the backend c lacks" in warning
    assert "fit.py" not in done.err


def test_a_formula_needs_a_file_with_named_columns(command: Run) -> None:
    np.save("rows.npy", np.array([[0.0, 1.0], [1.0, 3.0]]))
    said = "rows.npy has columns without names, and a formula needs some; make it a structured array or a dict"
    refused(command("fit", FORMULA, "--data", "rows.npy"), said)


def test_arrays_with_names_are_fitted_and_a_spec_that_was_not_built(command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    table = np.genfromtxt(MISRA, delimiter=",", names=True)
    np.save("rows.npy", table)
    Path("rows.pkl").write_bytes(pickle.dumps({name: table[name] for name in ("x", "y")}))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(Path("rows.pkl").read_bytes())))
    Path("curve.py").write_text(SPEC_OF_MISRA)
    for what in (*((FORMULA, "--data", file, *START) for file in ("rows.npy", "rows.pkl", "-")), ("curve.py", "--data", MISRA)):
        found = json.loads(command("fit", *what, "--json").out)["weights"]["b1"]["value"]
        assert found == pytest.approx(CERTIFIED["b1"][0], rel=1e-10, abs=0.0)
    assert not Path("generated").exists()


ODD = "time (s),signal [mV],\u00b5,gamma\n0,1,0,1\n1,3,0,2\n2,5.5,1,2\n3,7,1,3\n4,9.5,0,1\n"


def test_columns_of_any_name_are_read(command: Run) -> None:
    Path("odd.csv").write_text(ODD, encoding="utf-8")
    formula = "`signal [mV]` ~ a + b*`time (s)` + \u03b2*\u00b5 + c*gamma"
    done = command("fit", formula, "--data", "odd.csv", "--json", "--plot", "fit.svg")
    assert done.code == 0, done.err
    assert done.err.startswith(f"{formula}: features time_s, \u03bc, gamma; weights a, b, ")
    found = {name: one["value"] for name, one in json.loads(done.out)["weights"].items()}
    t, y, mu, gamma = np.genfromtxt("odd.csv", delimiter=",", skip_header=1, encoding="utf-8").T
    wanted = np.linalg.lstsq(np.column_stack([np.ones(5), t, mu, gamma]), y, rcond=None)[0]
    assert list(found.values()) == pytest.approx(wanted.tolist(), rel=1e-12, abs=0.0)


def test_a_fit_of_a_function_of_the_target_is_drawn_as_such(command: Run) -> None:
    assert command("fit", "log(y) ~ log(b1) + b2*log(x)", "--data", MISRA, "--plot", "fit.svg", "--json", "-q").code == 0
    svg = Path("fit.svg").read_text()
    assert "log(y)" in svg
    assert "- predicted" in svg  # the residuals, whose difference is too long to be written beside them
    assert "y_hat - y<" not in svg


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("log(y) ~ a + b*x", "or leave out 1 of 4 rows: the residual of row 1 (counted from 0) is not finite"),
        ("y ~ a*log(b*x)", "the sum of the losses is nan at the start; give another one\n"),
    ],
)
def test_what_stumbles_says_why_in_one_line(command: Run, formula: str, said: str) -> None:
    Path("rows.csv").write_text("x,y\n1,2\n2,-1\n3,4\n4,4\n")
    done = command("fit", formula, "--data", "rows.csv", "--start", "b=-1")
    assert said in done.err
    assert sum(line.startswith("error: ") for line in done.err.splitlines()) == (done.code == 2)


def test_no_start_is_needed_and_a_doubtful_or_early_end_exits_with_1(command: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    done = command(*FIT)
    assert (done.code, "warning: " in done.out) == (0, False)
    assert "  b1          238.9      2.7 " in done.out
    assert "remark: the start alone leads to a sum of squares of 6761.79; another start" in done.out
    one = command(*FIT, "--starts", "1")
    assert (one.code, one.err.count("next:")) == (1, 0)
    assert one.out.startswith("formula: DOUBTFUL, see the warnings: ended by ")
    assert "warning: the fit is no better than a constant (F test, p 1)" in one.out
    monkeypatch.setattr(least_squares, "MOST_CALLS", {"native": 2, "lm": 2, "trf": 2})
    done = command(*FIT, *START, "--starts", "1")
    assert done.code == 1
    assert done.out.startswith("formula: NOT CONVERGED by ")
    assert "warning: the search did not converge" in done.out


def test_errors_of_features_are_taken_as_a_number_a_column_or_by_name(command: Run) -> None:
    Path("rows.csv").write_text("x,y,sx,sy\n" + "\n".join(f"{i},{2 * i + (-1) ** i},0.5,1" for i in range(8)))
    line = ("fit", "y ~ a + b*x", "--data", "rows.csv", "--json", "-q", "--sigma", "sy")
    found = [command(*line, "--sigma-x", text).out for text in ("0.5", "sx", "x=0.5", "x=sx")]
    weights = [json.loads(text)["weights"] for text in found]
    assert weights == [weights[0]] * 4
    assert weights[0]["b"] != json.loads(command(*line).out)["weights"]["b"]
