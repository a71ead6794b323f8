"""Correct functions in all forms that students write are right, whatever they return them in."""

import subprocess
import sys
from pathlib import Path

import pytest
from classes import PATIENT, ROOT, graded, model_of, written

from symgraph.use.classroom.grading import grade

pytestmark = pytest.mark.usefixtures("no_search")
FORWARD = """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def forward_propagation(x, y, W):
    t = np.dot(W[:2], x[:2])
    e = np.exp(t**2 + W[5])
    th = np.tanh(e + W[6])
    s = sigmoid(np.sin(W[2] * x[2]) * np.dot(W[3:5], x[3:]) + W[7])
    p = th + W[8] * s
    return {"t": t, "exp": e, "tanh": th, "sigmoid": s, "y_pred": p, "L": (y - p) ** 2, "dl": 2 * (p - y), "x": x}
"""
BACKWARD = """
def partials(L, W, d):
    x, t = np.asarray(d["x"], float), d["t"]
    dth = d["dl"] * (1 - d["tanh"] ** 2)
    de = dth * d["exp"]
    ds = d["dl"] * W[8] * d["sigmoid"] * (1 - d["sigmoid"])
    q, r = np.dot(W[3:5], x[3:]), np.sin(W[2] * x[2])
    first = de * 2 * t * x[:2]
    return np.concatenate([first, [ds * q * np.cos(W[2] * x[2]) * x[2]], ds * r * x[3:], [de, dth, ds, d["dl"] * d["sigmoid"]]])

def backward_propagation(L, W, d):
    g = partials(L, W, d)
    return RETURNED
"""
CHECK = """
def gradient_checking(row, W):
    f = lambda w: forward_propagation(row[:5], row[5], w)["L"]
    d = forward_propagation(row[:5], row[5], W)
    a = backward_propagation(d["L"], W, d)
    n = np.array([(f(W + 1e-5 * one) - f(W - 1e-5 * one)) / 2e-5 for one in np.eye(9)])
    return RESULT
"""
FORMS = [
    *("g", "list(g)", "tuple(g.tolist())", "(g[:2], g[2:])", "g.reshape(3, 3)", "g.astype(np.float32)", "np.round(g, 8)"),
    *("{f'dw{i + 1}': v for i, v in enumerate(g)}", "{f'w{i + 1}': v for i, v in enumerate(g)}"),
    "{f'dL_dW{i + 1}': np.array([v]) for i, v in enumerate(g)}",
    *("{f'd_w{i + 1}': v for i, v in reversed(list(enumerate(g)))}", "{'W_inner': g[:5], 'rest': g[5:]}"),
]


@pytest.mark.parametrize("form", FORMS)
def test_partials_are_right_in_every_form(form: str, tmp_path: Path) -> None:
    found = graded(tmp_path, FORWARD + BACKWARD.replace("RETURNED", form))
    assert found.passed, found.tests
    assert found.points == found.of == 1 + 6 + 9  # no worksheet asks for dl


@pytest.mark.parametrize(
    "form",
    [
        *("(t, e, th, s, p, (y - p) ** 2)", "[t, e, th, s, p, (y - p) ** 2]", "Values(t, e, th, s, p, (y - p) ** 2)"),
        "np.array([t, e, th, s, p, (y - p) ** 2], dtype=np.float32)",
        *("(y - p) ** 2", "{'loss': (y - p) ** 2}", "{'exp': round(e, 8), 'cost': np.array([[(y - p) ** 2]])}"),
    ],
)
def test_forward_values_are_right_in_every_form(form: str, tmp_path: Path) -> None:
    named = "from collections import namedtuple\nValues = namedtuple('Values', 't exp tanh sigmoid y_hat loss')\n"
    text = FORWARD.replace("return {", f"return {form}\n    return {{")
    found = graded(tmp_path, named + text, "nine_weights", "forward_propagation")
    assert found.passed, found.tests


@pytest.mark.parametrize(
    ("header", "given"),
    [
        *(("W, x, y", "x, y, W"), ("weights, features, target", "features, target, weights"), ("*args", "*args")),
        *(("x, y, theta, verbose=False", "x, y, theta"), ("data, label, weights", "data, label, weights")),
    ],
)
def test_arguments_are_given_by_the_names_of_parameters_or_by_position(header: str, given: str, tmp_path: Path) -> None:
    text = FORWARD.replace("forward_propagation(x, y, W)", "inner(x, y, W)")
    text += f"\ndef forward({header}):\n    return inner({given})\n"
    found = graded(tmp_path, text, "nine_weights", "forward_propagation")
    assert found.passed, found.tests


def test_vectorized_functions_of_all_rows_are_right(tmp_path: Path) -> None:
    text = """
    import numpy as np

    def cost(X, y, w):
        p = 1 / (1 + np.exp(-(X @ w[:3] + w[3])))
        return -np.mean(y * np.log(p + 1e-9) + (1 - y) * np.log(1 - p + 1e-9)) + 0.05 * np.sum(w[:3] ** 2) / len(X)

    def compute_gradient(X, y, w):
        e = 1 / (1 + np.exp(-(X @ w[:3] + w[3]))) - y
        return {"dw": X.T @ e / len(X) + 0.1 * w[:3] / len(X), "db": e.mean()}
    """
    found = graded(tmp_path, text, "logistic")
    assert found.passed, found.tests
    assert found.points == 5


NORMS = "np.linalg.norm(a - n) / (np.linalg.norm(a) + np.linalg.norm(n))"
HALF = "g * [0.5, 1, 1, 1, 1, 1, 1, 1, 1]"
PASSES = "passes, though backward_propagation gives another number"


@pytest.mark.parametrize(
    ("partials", "result", "words"),
    [
        ("g", "{f'dw{j + 1}': one for j, one in enumerate(n)}", ""),
        ("g", "[(f(W + 1e-7 * one) - f(W)) / 1e-7 for one in np.eye(9)]", ""),
        ("g", "(a - n) / (a + n)", ""),
        ("g", NORMS, ""),
        ("g", "bool(np.allclose(a, n, rtol=1e-4))", ""),
        ("g", "bool(np.abs(a - n).max() > 1e-4)", "is not small"),
        ("-g", NORMS, ""),
        ("-g", "True", PASSES),
        pytest.param(HALF, "(a - n) / (a + n)", "", marks=pytest.mark.slow),
        pytest.param(HALF, "bool(np.allclose(a, n, rtol=1e-4))", "", marks=pytest.mark.slow),
        pytest.param(HALF, "1e-9 * a", PASSES, marks=pytest.mark.slow),
        pytest.param(HALF, "True", PASSES, marks=pytest.mark.slow),
    ],
)
def test_a_check_is_right_if_it_has_differences_of_losses_or_tells_right_partials_from_wrong_ones(
    partials: str, result: str, words: str, tmp_path: Path
) -> None:
    text = FORWARD + BACKWARD.replace("RETURNED", partials) + CHECK.replace("RESULT", result)
    tests = [test for test in graded(tmp_path, text, "nine_weights", "gradient_checking").tests if not test.ok]
    assert bool(tests) == bool(words), tests
    assert all(words in test.text for test in tests)


@pytest.mark.parametrize(
    "step",
    [
        "def momentum(W, dW, v, lr, gamma):\n    v = gamma * v + dW\n    return W - lr * v, v",
        "def sgd_momentum(w, grad, velocity, learning_rate, mu):\n"
        "    velocity = mu * velocity - learning_rate * grad\n    return w + velocity",
        "def update_parameters_with_momentum(parameters, grads, v, beta, learning_rate):\n"
        "    v = beta * v + (1 - beta) * grads\n    return parameters - learning_rate * v, {'v': v}",
        "def sgd(W, dW, lr=0.01):\n    W -= lr * dW",
        "def vanilla(W, dW, lr):\n    return [w - lr * g for w, g in zip(W, dW)]",
        "def rmsprop(W, dW, v, lr, gamma, epsilon):\n"
        "    v = gamma * v + (1 - gamma) * dW**2\n    return W - lr * dW / (v**0.5 + epsilon), v",
        "def update_parameters_with_adam(parameters, grads, v, s, t, learning_rate, beta1, beta2, epsilon):\n"
        "    v = beta1 * v + (1 - beta1) * grads\n    s = beta2 * s + (1 - beta2) * grads**2\n"
        "    return parameters - learning_rate * v / (1 - beta1**t) / ((s / (1 - beta2**t)) ** 0.5 + epsilon), v, s",
    ],
)
def test_every_usual_definition_of_an_optimizer_is_right(step: str, tmp_path: Path) -> None:
    found = graded(tmp_path, step)
    assert found.passed, found.tests


def test_the_functions_of_the_founding_notebook_are_right() -> None:
    file, model = ROOT / "examples" / "nine_weights" / "functions.py", model_of("nine_weights")
    found = grade(file, model, written(file, model), limits=PATIENT)
    assert found.passed, found.tests
    assert len({test.function for test in found.tests}) == 4
    assert {test.result for test in found.tests} >= {"dl", "exp", "tanh", "sigmoid", "loss", "dw1", "dw9"}


def test_a_student_may_keep_what_he_likes_under_any_other_name(tmp_path: Path) -> None:
    head = """
    import numpy as np

    def forward_propagation(x, y, W):
        z = np.dot(W, [*x, 1.0])
        p = 1 / (1 + np.exp(-z))
        loss = -y * np.log(p) - (1 - y) * np.log(1 - p)
    """
    kept = """
        return {"z": z, "p": p, "dz": p * (1 - p), "dl": y - p, "L": loss, "x": x}

    def backward_propagation(L, W, d):
        return {"dz": -d["dl"], "dw": [-d["dl"] * v for v in [*d["x"], 1.0]]}
    """
    found = graded(tmp_path, head + kept, "logistic")
    assert found.passed, found.tests
    (said,) = (test.text for test in found.tests if test.result == "dl")
    assert said.startswith("is ")
    other_word = """
        return {"error": p - y, "z": z, "p": p, "loss": loss, "x": x}

    def backward_propagation(L, W, d):
        return d["error"] * np.array([*d["x"], 1.0])
    """
    assert {test.text for test in graded(tmp_path, head + other_word, "logistic").tests} == {"right"}


def test_the_process_of_a_student_loads_no_sympy() -> None:
    code = "import sys, symgraph.use.classroom.student_process; print('sympy' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False True\n"
