"""Points: the same total for each student of a class, a mistake that counts once, and ways of getting numbers that may cost."""

import csv
import io
from pathlib import Path

import pytest
from classes import LOGISTIC, PATIENT, model_of, wrong

from symgraph.use.classroom.grade_report import csv_text, gradescope, text
from symgraph.use.classroom.grading import Grade, grade
from symgraph.use.classroom.process import Limits

pytestmark = pytest.mark.usefixtures("no_search")
WHOLE = {
    "sigmoid": 1, "forward_propagation": 3, "backward_propagation": 4, "gradient_checking": 4, "loss": 1, "gradient": 4,
    "vanilla": 1, "momentum": 2, "adam": 3,
}  # fmt: skip
"""The points of the logistic model."""
SOLUTION = (
    LOGISTIC
    + """
def backward_propagation(L, W, d):
    return {f"d{name}": (d["p"] - d["y"]) * v for name, v in zip(["w1", "w2", "w3", "b"], [*d["x"], 1.0])}

def gradient_checking(row, W):
    def at(j, h):
        w = np.array(W)
        w[j] += h
        return forward_propagation(row[:3], row[3], w)["loss"]
    return [(at(j, 1e-5) - at(j, -1e-5)) / 2e-5 for j in range(4)]

def loss(X, y, W):
    return np.mean([forward_propagation(a, b, W)["loss"] for a, b in zip(X, y)]) + 0.05 * np.sum(W[:3] ** 2) / len(X)

def gradient(X, y, W):
    rows = [backward_propagation(0.0, W, forward_propagation(a, b, W)) for a, b in zip(X, y)]
    return np.mean([list(one.values()) for one in rows], axis=0) + 0.1 * np.append(W[:3], 0.0) / len(X)

def vanilla(W, dW, lr):
    return W - lr * dW

def momentum(W, dW, v, lr, gamma):
    v = gamma * v + lr * dW
    return W - v, v

def adam(W, dW, m, v, t, lr, beta1, beta2, epsilon):
    m, v = beta1 * m + (1 - beta1) * dW, beta2 * v + (1 - beta2) * dW**2
    return W - lr * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + epsilon), m, v
"""
)
"""A student's functions of the logistic model, all right."""
RMSPROP = "\ndef rmsprop(W, dW, v, lr, gamma, epsilon):\n    return W\n"


def judged(folder: Path, code: str, *functions: str, forbid: tuple[str, ...] = (), limits: Limits = PATIENT) -> Grade:
    file = folder / "student.py"
    file.write_text(code, encoding="utf-8")
    return grade(file, model_of("logistic"), functions, forbid=forbid, limits=limits)


def points(found: Grade) -> dict[str, tuple[float, float]]:
    """By function the points and what there are, of those that count."""
    names = dict.fromkeys(test.function for test in found.tests)
    parts = {name: [test for test in found.tests if test.function == name] for name in names}
    return {name: (sum(one.points for one in some), sum(one.of for one in some)) for name, some in parts.items()}


def without(name: str) -> str:
    """The solution without a function."""
    return "".join(part for part in SOLUTION.replace("\ndef ", "\0def ").split("\0") if not part.startswith(f"def {name}("))


def stopping(name: str, how: str = "raise NotImplementedError") -> str:
    """The solution with a function that stops."""
    head, begin, rest = SOLUTION.partition(f"def {name}(")
    arguments, _, body = rest.partition(":\n")
    return f"{head}{begin}{arguments}:\n    {how}\n{body}"


def test_a_right_solution_has_all_points_of_the_worksheet(tmp_path: Path) -> None:
    found = judged(tmp_path, SOLUTION)
    assert points(found) == {name: (count, count) for name, count in WHOLE.items()}
    assert {test.text for test in found.tests} == {"right"}
    assert dict(found.maxima) == WHOLE
    (tmp_path / "other.py").write_text("import nothing_like_it", encoding="utf-8")
    other = grade(tmp_path / "other.py", model_of("logistic"), limits=PATIENT)
    table = list(csv.reader(io.StringIO(csv_text(["a.py", "b,c.py"], [found, other]))))
    assert table[:2] == [["file", "points", *WHOLE], ["maximum", "23", *map(str, WHOLE.values())]]
    assert table[2:] == [["a.py", "23", *map(str, WHOLE.values())], ["b,c.py", "0", *["0"] * len(WHOLE)]]
    odd = [f"{sign}1.py" for sign in "=+-@"]  # which spreadsheets compute
    assert [row[0] for row in csv.reader(io.StringIO(csv_text(odd, [other] * 4)))][2:] == [f"./{name}" for name in odd]


@pytest.mark.parametrize("code", [without("momentum"), stopping("momentum")], ids=["left out", "blank"])
def test_a_function_that_is_left_out_costs_what_a_blank_one_costs(code: str, tmp_path: Path) -> None:
    found = judged(tmp_path, code + RMSPROP)
    assert (found.points, found.of) == (sum(WHOLE.values()) - 2, sum(WHOLE.values()))
    assert {test.function for test in wrong(found)} == {"momentum"}
    assert {test.function for test in found.not_counted} == {"rmsprop"}  # which no worksheet asks for
    assert "rmsprop: not counted\n  student.py:" in text(found)
    row = gradescope(found)["tests"][-1]
    assert (row["name"], row["score"], row["max_score"], row["status"]) == ("rmsprop: W (not counted)", 0, 0, "failed")


def test_the_functions_that_are_chosen_count_and_the_others_are_judged(tmp_path: Path) -> None:
    found = judged(tmp_path, SOLUTION.replace("W - lr * dW", "W + lr * dW"), "loss", "sigmoid")
    assert points(found) == {"sigmoid": (1, 1), "loss": (1, 1)}
    assert found.passed  # vanilla is wrong, and does not count
    assert "vanilla: not counted\n" in text(found)
    assert "momentum: right, not counted" in text(found)
    alone = grade(tmp_path / "student.py", model_of("logistic"), ["sigmoid"], others=False, limits=PATIENT)
    assert (alone.of, alone.not_counted) == (1, ())


def test_the_total_does_not_depend_on_what_a_function_returns(tmp_path: Path) -> None:
    code = SOLUTION.replace('{"z": z, "p": p, "loss"', '{"kept": p, "loss"').replace('d["p"]', 'd["kept"]')
    partials = "    d = backward_propagation(0.0, W, forward_propagation(row[:3], row[3], W))\n"
    code = code.replace("return W - v, v", "return W - v").replace("    return [(at(j", f"{partials}    n = [(at(j")
    code = code.replace("for j in range(4)]", "for j in range(4)]\n    return np.linalg.norm(np.subtract(n, list(d.values())))")
    assert points(judged(tmp_path, code)) == {name: (count, count) for name, count in WHOLE.items()}
    wrong_loss = judged(tmp_path, code.replace("(1 - y) * np.log(1 - p)", "(1 + y) * np.log(1 - p)"))
    assert points(wrong_loss)["forward_propagation"] == (0, 3)


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("forward_propagation", "raise NotImplementedError"),
        ("forward_propagation", "return undefined[0]"),
        ("backward_propagation", "raise SystemExit"),
        ("sigmoid", "raise NotImplementedError"),
        pytest.param("forward_propagation", "import os; os._exit(3)", marks=pytest.mark.slow),
        pytest.param("sigmoid", "import os; os.abort()", marks=pytest.mark.slow),
        pytest.param("backward_propagation", "import ctypes; ctypes.string_at(0)", marks=pytest.mark.slow),
    ],
)
def test_a_function_that_stops_costs_its_own_points_alone(name: str, how: str, tmp_path: Path) -> None:
    """As one does that gives a wrong number: its callers get right ones. A process is started for each."""
    found = judged(tmp_path, stopping(name, how))
    assert {test.function for test in wrong(found)} == {name}
    assert found.of - found.points == WHOLE[name]


def test_right_numbers_come_in_the_form_that_callers_know(tmp_path: Path) -> None:
    """Two processes are started, since this is of two forms."""
    code = SOLUTION.replace("def forward_propagation(x, y, W):", "def forward(x, y, W):\n    raise OSError")
    code = code.replace("forward_propagation(", "forward(").replace('(row[:3], row[3], w)["loss"]', "(row[:3], row[3], w)[0]")
    code = code.replace('(a, b, W)["loss"]', "(a, b, W)[0]").replace("forward(a, b, W))", "forward(a, b, W)[1])")
    found = judged(tmp_path, code)
    assert {test.function for test in wrong(found)} == {"forward"}
    arrays = stopping("backward_propagation").replace("list(one.values())", "one * 1.0")
    assert {test.function for test in wrong(judged(tmp_path, arrays))} == {"backward_propagation"}


def test_a_caller_that_needs_what_nobody_knows_is_told_why(tmp_path: Path) -> None:
    found = judged(tmp_path, stopping("forward_propagation").replace('d["p"]', 'd["my_own"]'))
    (test, *_) = (one for one in wrong(found) if one.function == "backward_propagation")
    assert test.text.startswith("KeyError: 'my_own'; ")
    assert "forward_propagation stops with an error, and right values under the names of the worksheet come" in test.text


QUOTIENTS = """
def gradient(X, y, W):
    def step(j, h):
        w = np.array(W, float)
        w[j] += h
        return w
    return [(loss(X, y, step(j, 1e-6)) - loss(X, y, step(j, -1e-6))) / 2e-6 for j in range(4)]
"""
COMPLEX = """
def gradient(X, y, W):
    found = []
    for j in range(4):
        w = W.astype(complex)
        w[j] += 1e-30j
        p = 1 / (1 + np.exp(-(X @ w[:3] + w[3])))
        value = np.mean(-y * np.log(p) - (1 - y) * np.log(1 - p)) + 0.05 * np.sum(w[:3] ** 2) / len(X)
        found.append(value.imag / 1e-30)
    return found
"""
SCALARS = """
def gradient(X, y, W):
    def mean(a, b, c, e):
        return loss(X, y, np.array([a, b, c, e]))
    a, b, c, e = map(float, W)
    h = 1e-6
    return [(mean(a + h, b, c, e) - mean(a - h, b, c, e)) / 2 / h, (mean(a, b + h, c, e) - mean(a, b - h, c, e)) / 2 / h,
            (mean(a, b, c + h, e) - mean(a, b, c - h, e)) / 2 / h, (mean(a, b, c, e + h) - mean(a, b, c, e - h)) / 2 / h]
"""
BORROWED = "import symgraph\n" + SOLUTION.replace("def gradient(X, y, W):", "def gradient(X, y, W):\n    symgraph.load")
OVERFLOWING = SOLUTION.replace("1 / (1 + np.exp(-z))", "np.exp(z) / (1 + np.exp(z))")
RAISING = "import math\n" + SOLUTION.replace("1 / (1 + np.exp(-z))", "1 / (1 + math.exp(-z))")
CONSTANT = SOLUTION.replace("    p = sigmoid(z)", "    p = 0.7310585786300049")


@pytest.mark.parametrize(
    ("code", "kind", "function", "words"),
    [
        (SOLUTION + QUOTIENTS, "differences", "gradient", "it changes a weight by a little, as differences of losses do"),
        (SOLUTION + SCALARS, "differences", "gradient", "it changes a weight by a little"),
        (SOLUTION + COMPLEX, "differences", "gradient", "it takes a complex step"),
        (BORROWED, "autodiff", "gradient", "it uses symgraph, which differentiates by itself"),
        (OVERFLOWING, "overflow", "sigmoid", "it overflows: value is nan at z = 1000"),
        (RAISING, "overflow", "sigmoid", "it stops with an OverflowError at z = -1000"),
    ],
    ids=["differences", "of numbers", "a complex step", "autodiff", "overflow", "an error"],
)
def test_ways_of_getting_numbers_are_remarked_and_cost_where_they_are_forbidden(
    code: str, kind: str, function: str, words: str, tmp_path: Path
) -> None:
    """A process is started for each of two grades."""
    found = judged(tmp_path, code)
    assert found.passed
    assert found.points == sum(WHOLE.values())
    (said,) = (test for test in found.tests if test.text != "right" and test.function == function)
    assert said.text.startswith(words)
    assert said.line > 0
    forbidden = judged(tmp_path, code, forbid=(kind,))
    (test,) = wrong(forbidden)
    assert (test.function, test.mistake, test.points, test.of) == (function, kind, 0, WHOLE[function])
    assert test.text == f"{said.text}; that is forbidden here"
    assert forbidden.points == sum(WHOLE.values()) - WHOLE[function]


def test_an_unused_import_is_remarked_where_derivatives_are_asked_for(tmp_path: Path) -> None:
    code = "try:\n    import torch\nexcept ImportError:\n    torch = None\n" + SOLUTION
    found = judged(tmp_path, code, forbid=("differences",))
    said = {test.function: test.text for test in found.tests if test.text != "right"}
    told = "the file imports torch, which differentiates by itself"
    assert said == {"backward_propagation": told, "gradient": told}
    assert found.passed
    assert {test.function for test in wrong(judged(tmp_path, code, forbid=("autodiff",)))} == set(said)


def test_a_number_that_is_written_into_the_code_is_remarked(tmp_path: Path) -> None:
    found = judged(tmp_path, CONSTANT, "forward_propagation", forbid=("constants",))
    said = "p: the same at every point, whatever the function is given; is it written into the code?"
    assert any(test.text.startswith(said) for test in found.tests)
    assert found.points == 0
