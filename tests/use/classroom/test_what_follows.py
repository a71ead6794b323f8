"""Gradient checks are judged by the steps they take; what follows from another wrong function is said to follow."""

from pathlib import Path

import numpy as np
import pytest
from classes import PATIENT, graded, model_of, wrong

from symgraph.use.classroom.grade_report import text
from symgraph.use.classroom.grading import Grade, grade
from symgraph.use.classroom.verdicts import Verdict, judged

pytestmark = pytest.mark.usefixtures("no_search")
FILE = """
import numpy as np

def forward_propagation(x, y, W):
    f, w = x, W
    t = w[0] * f[0] + w[1] * f[1]
    e = np.exp(t**2 + w[5])
    th = np.tanh(e + w[6])
    s = 1 / (1 + np.exp(-w[7] - ANGLE(w[2] * f[2]) * (w[3] * f[3] + w[4] * f[4])))
    err = y - th - w[8] * s
    return {"t": t, "exp": e, "tanh": th, "sigmoid": s, "y_hat": y - err, "loss": err**2, "err": err, "f": f}

def backward_propagation(L, W, d):
    f, r, q = d["f"], np.sin(W[2] * d["f"][2]), W[3] * d["f"][3] + W[4] * d["f"][4]
    dy = -2 * d["err"]
    d7 = dy * (1 - d["tanh"] ** 2)
    d6 = d7 * d["exp"]
    d8 = dy * W[8] * d["sigmoid"] * (1 - d["sigmoid"])
    d1, d2 = (d6 * 2 * d["t"] * f[j] for j in (0, 1))
    return [d1, d2, d8 * q * np.cos(W[2] * f[2]) * f[2], d8 * r * f[3], d8 * r * f[4], d6, d7, d8, dy * d["sigmoid"]]

def loss(X, y, W):
    return np.mean([forward_propagation(a, b, W)["loss"] for a, b in zip(X, y)])

def gradient(X, y, W):
    rows = [forward_propagation(a, b, W) for a, b in zip(X, y)]
    return np.mean([backward_propagation(d["loss"], W, d) for d in rows], axis=0)

def gradient_checking(row, W):
    def at(j, h):
        w = np.array(W)
        w[j] += h
        return forward_propagation(row[:5], row[5], w)["loss"]
    CHECK
"""
CENTRAL = "return [(at(j, 1e-5) - at(j, -1e-5)) / 2e-5 for j in range(9)]"
ONE_SIDE = "return [(at(j, 1e-6) - at(j, 0.0)) / 1e-6 for j in range(9)]"
BACKWARD = "d = forward_propagation(row[:5], row[5], W); n = at(0, 1e-5); return backward_propagation(d['loss'], W, d)"


def _file(check: str = CENTRAL, angle: str = "np.sin") -> str:
    return FILE.replace("CHECK", check).replace("ANGLE", angle)


def _check(folder: Path, check: str) -> Grade:
    return graded(folder, _file(check), "nine_weights", "gradient_checking")


def test_differences_of_one_side_are_remarked_and_do_not_pass_the_graders_of_a_worksheet(tmp_path: Path) -> None:
    found = _check(tmp_path, ONE_SIDE)
    assert found.passed
    assert found.points == found.of == 9
    assert found.tests[-1].text.startswith("its differences are of one side, W + h and W")
    strict = grade(tmp_path / "student.py", model_of("nine_weights"), ["gradient_checking"], complete=True, limits=PATIENT)
    assert [test.text for test in wrong(strict)] == [found.tests[-1].text]
    assert strict.points == 0
    both = "p, m, z = ([at(j, h) for j in range(9)] for h in (1e-5, -1e-5, 0.0)); return (np.array(p) - z) / 1e-5"
    assert "of one side" in _check(tmp_path, both).tests[-1].text


@pytest.mark.parametrize("check", [CENTRAL, CENTRAL.replace("1e-5", "1e-7").replace("2e-5", "2e-7")])
def test_central_differences_are_right_without_a_remark(check: str, tmp_path: Path) -> None:
    assert {test.text for test in _check(tmp_path, check).tests} == {"right"}


def test_a_check_that_returns_the_partials_of_backward_propagation_is_no_check(tmp_path: Path) -> None:
    (test,) = wrong(_check(tmp_path, BACKWARD))
    assert test.text.startswith("returns what backward_propagation gives, not differences of losses")
    assert (test.points, test.of) == (0, 9)


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (CENTRAL.replace("1e-5", "1e-12").replace("2e-5", "2e-12"), "is so small that rounding is all that is left"),
        (CENTRAL.replace("1e-5", "0.3").replace("2e-5", "0.6"), "the step 0.3 is too large; take 1e-6 to 1e-4"),
        (
            "n, w = [], np.array(W)\n    for j in range(9):\n        for h in (1e-2, -2e-2):\n            w[j] += h\n"
            "            n.append(forward_propagation(row[:5], row[5], w)['loss'])\n"
            "    return [(n[2 * j] - n[2 * j + 1]) / 2e-2 for j in range(9)]",
            "is a weight set back before the next is changed?",
        ),
    ],
    ids=["small", "large", "not set back"],
)
def test_a_wrong_step_is_named(check: str, words: str, tmp_path: Path) -> None:
    found = _check(tmp_path, check)
    assert {test.mistake for test in wrong(found)} == {"step"}
    assert all(words in test.text for test in wrong(found))
    right = [float(test.numbers.rpartition(" ")[2]) for test in wrong(found)]  # the derivatives, beside what is wrong
    assert 0.0 not in right
    assert not any("does it call backward_propagation" in test.text for test in found.tests)


def test_what_follows_from_a_wrong_forward_function_is_said_to_follow(tmp_path: Path) -> None:
    found = graded(tmp_path, _file(angle="0.9 * np.sin"))
    assert {test.function for test in wrong(found)} == {"forward_propagation"}
    later = [test for test in found.tests if test.function in ("loss", "gradient") and test.text != "right"]
    assert {test.function for test in later} == {"loss", "gradient"}
    assert {test.text for test in later} == {"follows from forward_propagation, which is wrong"}
    backward = [test for test in found.tests if test.function == "backward_propagation"]
    assert {test.text for test in backward} == {"right for the wrong values before it"}  # it reads err, which is wrong
    assert sum(test.points for test in backward) == 9


HELPED = "def sigmoid(z):\n    return 1 / (1 + np.exp(z))\n" + FILE.replace(
    "1 / (1 + np.exp(-w[7] - ANGLE(w[2] * f[2]) * (w[3] * f[3] + w[4] * f[4])))",
    "sigmoid(w[7] + np.sin(w[2] * f[2]) * (w[3] * f[3] + w[4] * f[4]))",
)
"""A sign is wrong in sigmoid, which forward_propagation calls."""


@pytest.mark.parametrize(
    ("text", "function"),
    [
        (HELPED.replace("CHECK", CENTRAL), "sigmoid"),
        (_file().replace("d8 * r * f[3], d8 * r * f[4]", "d8 * r * f[4], d8 * r * f[4]"), "backward_propagation"),
    ],
    ids=["a helper", "a partial"],
)
def test_a_mistake_counts_once_though_other_functions_rest_on_it(text: str, function: str, tmp_path: Path) -> None:
    found = graded(tmp_path, text)
    (test,) = wrong(found)
    assert test.function == function
    assert found.points == found.of - 1
    assert {one.function for one in found.tests} >= {"forward_propagation", "loss", "gradient", "gradient_checking"}
    alone = graded(tmp_path, text, "nine_weights", "gradient")
    assert not alone.passed  # what it rests on is not judged here, and so it is wrong


@pytest.mark.parametrize(
    ("right", "off", "ok"), [(1e-4, 5e-9, True), (1e-4, 1e-8, False), (1e-9, 9e-14, True), (1e-9, 1e-9, False)]
)
def test_a_number_is_right_to_eight_decimals_or_to_four_digits_where_it_is_smaller(right: float, off: float, ok: bool) -> None:
    (verdict,) = judged({"w": np.array([right + off])}, {}, {"w": np.array([right])}, [])
    assert verdict.ok == ok


def test_several_results_are_spoken_of_in_the_plural_and_the_number_shown_is_the_one_that_is_most_wrong() -> None:
    (verdict,) = judged({"w": np.zeros(2)}, {}, {"w": np.array([1e-25, 2.0])}, [])
    assert verdict.numbers == "is 0, right is 2"
    one = Verdict("f", "dw1", False, "has the wrong sign, and is half of what is right, as all others")
    said = text(Grade("a.py", "m", (one, Verdict("f", "dw2", False, one.text))))
    assert said.endswith("  dw1, dw2 have the wrong sign, and are half of what is right")
    assert text(Grade("a.py", "m", (one,))).endswith("dw1 has the wrong sign, and is half of what is right, as all others")
