"""Worksheets of many models, each solved by its own solution; nothing of a student's is overwritten."""

import subprocess
import sys
from pathlib import Path

import pytest
from classes import PATIENT, SPECS, model_of
from corpus import CORPUS
from sympy import log

from symgraph import Model, sigmoid
from symgraph.data.reading import read_data
from symgraph.errors import OptionError
from symgraph.use.classroom.assertion import assert_right
from symgraph.use.classroom.exercise import Exercise
from symgraph.use.classroom.grading import grade
from symgraph.use.classroom.worksheet import drawn_rows, write_worksheet

QUICK = ("rosenbrock", "poisson", "hill", "net_relu")
SLOW = (
    "logistic", "constants", "softmax", "arrhenius", "butler_volmer", "biexponential", "damped_oscillator", "lennard_jones",
    "snell", "pseudo_voigt", "negative_binomial", "quantile", "box_cox", "weibull", "attention", "Misra1a",
)  # fmt: skip
SOLVED = [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)]
FUNCTIONS = ("forward_propagation", "backward_propagation", "gradient_checking", "loss", "gradient", "momentum")


@pytest.mark.parametrize("name", SOLVED)
def test_a_worksheet_is_solved_by_its_solution(name: str, tmp_path: Path) -> None:
    model, solution = CORPUS[name](), tmp_path / "solution.py"
    write_worksheet(model, SPECS["logistic"], tmp_path / "week", solution=solution)
    found = grade(solution, model, FUNCTIONS, complete=True, limits=PATIENT)
    assert found.passed, [test for test in found.tests if not test.ok]
    assert found.points == found.of == (len(model.nodes) + 1) + 3 * len(model.weight_inputs) + 1 + 2


@pytest.mark.parametrize("name", ["soft_maximum", "net_relu"])
def test_every_function_that_a_worksheet_has_a_grader_for_can_be_graded(name: str, tmp_path: Path) -> None:
    model = CORPUS[name]()  # sigmoid is the slope of softplus in soft_maximum, and in no formula of it
    write_worksheet(model, SPECS["logistic"], tmp_path)
    graders = (tmp_path / "test_functions.py").read_text(encoding="utf-8")
    functions = [line.split('"')[1] for line in graders.splitlines() if line.startswith("    judge(")]
    found = grade(tmp_path / "functions.py", model, functions, limits=PATIENT)
    assert {test.function for test in found.tests} == set(functions)


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The worksheet of the founding model, and its solution beside the folder."""
    folder = tmp_path_factory.mktemp("week3")
    write_worksheet(model_of("nine_weights"), SPECS["nine_weights"], folder / "week3", solution=folder / "solution.py")
    return folder


def test_a_worksheet_has_functions_data_graders_spec_and_a_text(week: Path) -> None:
    names = {path.name for path in (week / "week3").iterdir()}
    assert names == {"functions.py", "data.csv", "test_functions.py", "spec.py", "README.md"}
    blank = (week / "week3" / "functions.py").read_text(encoding="utf-8")
    assert blank.count("is still to be written") == 9
    assert all(f"        {node.name} = {node.expr}\n" in blank for node in model_of("nine_weights").nodes)
    assert max(map(len, blank.splitlines())) <= 128
    table = read_data(week / "week3" / "data.csv", ["f1", "f2", "f3", "f4", "f5"], "y")
    assert table.X.shape == (24, 5)
    assert len(set(table.y.tolist())) > 1


def _classes(loss: str) -> Model:
    """A model of two or three classes."""
    model = Model("classes")
    x, (w, b) = model.feature("x"), model.weights("w b")
    y = model.target("y", domain=(0, 1) if loss == "cross entropy" else None)
    z = w * x + b
    if loss == "bce_with_logits":
        model.output("z", z)
        model.loss(loss)
    elif loss == "cross entropy":
        p = model.output("p", sigmoid(z))
        model.loss(-y * log(p) - (1 - y) * log(1 - p))
    elif loss == "binomial":
        model.likelihood(loss, probability=model.output("p", sigmoid(z)), trials=1)
    else:
        model.likelihood(loss, **({"logits": [z, w, 0]} if loss == "categorical" else {"logit": z, "trials": 1}))
    return model


@pytest.mark.parametrize("loss", ["bce_with_logits", "cross entropy", "binomial", "binomial_with_logits", "categorical"])
def test_the_data_of_a_model_of_classes_have_classes(loss: str) -> None:
    exercise = Exercise(_classes(loss))
    rows = [line.split(",") for line in drawn_rows(exercise).splitlines()[1:]]
    labels = {0.0, 1.0, 2.0} if loss == "categorical" else {0.0, 1.0}
    assert {float(row[-1]) for row in rows} == set(exercise.first_rows.values["y"].tolist()) == labels


def test_a_likelihood_is_asked_for_in_the_form_of_textbooks(tmp_path: Path) -> None:
    write_worksheet(_classes("binomial"), SPECS["logistic"], tmp_path)
    assert "loss = -y*log(p) - (1 - y)*log(1 - p)\n" in (tmp_path / "functions.py").read_text(encoding="utf-8")


def test_a_derivative_that_is_negligible_beside_the_others_may_be_0(tmp_path: Path) -> None:
    model = Model("tiny")
    x, y, (a, b) = model.feature("x"), model.target("y"), model.weights("a b")
    model.loss((y - model.output("y_hat", x * (a / 10**25 + b))) ** 2)
    file = tmp_path / "student.py"
    forward = "def forward_propagation(x, y, W):\n    r = y - W[1] * x[0]\n    return {'loss': r**2, 'r': r, 'x': x[0]}\n"
    file.write_text(f"{forward}def backward_propagation(L, W, d):\n    return {{'da': 0.0, 'db': -2 * d['r'] * d['x']}}\n")
    found = grade(file, model, ["forward_propagation", "backward_propagation"], limits=PATIENT)
    assert found.passed, found.tests


def test_the_graders_of_the_founding_notebook_are_an_instance(week: Path) -> None:
    graders = (week / "week3" / "test_functions.py").read_text(encoding="utf-8")
    for function in ("sigmoid", "forward_propagation", "backward_propagation"):
        assert f"def test_{function}():\n" in graders
        assert_right(week / "solution.py", week / "week3" / "spec.py", "nine_weights", function)
    with pytest.raises(AssertionError, match=r"functions.py:\d+: NotImplementedError: sigmoid is still to be written"):
        assert_right(week / "week3" / "functions.py", week / "week3" / "spec.py", "nine_weights", "sigmoid")


@pytest.mark.slow
def test_pytest_runs_the_graders_of_a_worksheet(week: Path, tmp_path: Path) -> None:
    for name in ("spec.py", "test_functions.py"):
        (tmp_path / name).write_text((week / "week3" / name).read_text(encoding="utf-8"), encoding="utf-8")
    text = (week / "solution.py").read_text(encoding="utf-8").replace("d_exp = d_tanh * (1 - tanh**2)", "d_exp = d_tanh")
    (tmp_path / "functions.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_functions.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "2 failed, 7 passed" in done.stdout
    assert "the factor d tanh / d exp = 1 - tanh**2 is missing" in done.stdout  # and `gradient` rests on it
    assert "assertion.py" not in done.stdout


def test_a_file_that_is_there_is_left_as_it_is_and_a_solution_is_kept_out_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    week, solution = tmp_path / "week", tmp_path / "solution.py"
    monkeypatch.chdir(tmp_path)
    for inside in (week / "solution.py", Path("week") / "solution.py"):
        with pytest.raises(OptionError, match="lies in the folder that students get"):
            write_worksheet(model_of("logistic"), SPECS["logistic"], week, solution=inside)
    solution.write_text("")
    with pytest.raises(OptionError, match="is there already"):
        write_worksheet(model_of("logistic"), SPECS["logistic"], week, solution=solution)
    assert not week.exists()
    week.mkdir()
    own, data = week / "functions.py", tmp_path / "own.csv"
    own.write_text("# a night's work\n")
    data.write_text("y,x1,x2,x3,more\n1,0.5,1,2,7\n")
    solution.unlink()
    written, left = write_worksheet(model_of("logistic"), SPECS["logistic"], week, data=data, solution=solution)
    assert own.read_text() == "# a night's work\n"
    assert (len(written), left) == (5, [own])
    assert (week / "data.csv").read_text() == data.read_text()
    asked = " ".join(solution.read_text().split())
    assert "and the penalty lam*(w1**2 + w2**2 + w3**2) divided by the number of rows" in asked
    data.write_text("y,x1,x2\n1,0.5,1\n")
    with pytest.raises(OptionError, match="has no column x3; its first line names y, x1, x2"):
        write_worksheet(model_of("logistic"), SPECS["logistic"], tmp_path / "other", data=data)


def test_a_formula_that_numpy_has_no_words_for_is_refused_with_its_name(tmp_path: Path) -> None:
    model = Model("own")
    x, y, a = model.feature("x"), model.target("y"), model.weight("a")
    model.loss((y - model.output("y_hat", model.function("bend", "math:sin", partials=["math:cos"])(a * x))) ** 2)
    with pytest.raises(OptionError, match=r"own: bend\(a\*x\) cannot be written with NumPy and SciPy"):
        write_worksheet(model, SPECS["logistic"], tmp_path)
