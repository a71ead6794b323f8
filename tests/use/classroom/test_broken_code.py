"""Code of students that fails, hangs or returns no number: one line each with the student's line, and the grader goes on."""

from pathlib import Path

import numpy as np
import pytest
from classes import PATIENT, graded, model_of, wrong

from symgraph.errors import OptionError
from symgraph.use.classroom.conventions import numbers_of
from symgraph.use.classroom.exercise import Exercise
from symgraph.use.classroom.grading import grade
from symgraph.use.classroom.optimizer_steps import EXERCISED
from symgraph.use.classroom.process import Limits
from symgraph.use.classroom.role_judges import JUDGES

pytestmark = pytest.mark.usefixtures("no_search")
FUNCTION = "def forward_propagation(x, y, W):\n    {}\n"


@pytest.mark.parametrize(
    ("body", "words", "line"),
    [
        ("return {'loss': 1 / 0}", "ZeroDivisionError: division by zero", 2),
        ("return undefined", "NameError: name 'undefined' is not defined", 2),
        ("t = x[0]", "returns None; is a return statement missing?", 1),
        ("return {'loss': 'a'}", "loss: is of type str; return a number", 2),
        ("return {'loss': 1j}", "loss: is the complex number 1j; return a real one", 2),
        ("return {'loss': W}", "loss: has the shape (9,); return one number", 2),
        ("return {'loss': [[1], [2, 3]]}", "loss: is of type list; return a number", 2),
        ("return {'t': W[0] * x[0] + W[1] * x[1]}", "loss: is missing; return it under the key 'loss'", 1),
        ("return {'f': 1.0}", "returns a dictionary without any of the keys t, exp, tanh", 1),
        ("return [1.0, 2.0]", "returns 2 numbers, not 1 or 5 or 6: loss", 1),
        ("return object()", "returns object with other things than numbers in it", 1),
        ("return (i for i in range(3))", "returns generator with other things than numbers in it", 1),
        ("import sys; sys.exit(3)", "ends the program by sys.exit or exit; return a value instead", 2),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", 2),
        ("import os; os._exit(3)", "ends the process (exit code 3) before there is an answer", 1),
        ("import ctypes; ctypes.string_at(0)", "the process was killed by SIGSEGV", 2),
        ("return forward_propagation(x, y, W)", "RecursionError: maximum recursion depth exceeded", 2),
        ("return {'loss': float(input())}", "EOFError", 2),
        ("raise NotImplementedError('forward_propagation is still to be written')", "is still to be written", 2),
        (
            "import numpy as np\n    e = np.log(W[0] - 1e3)\n    return {'loss': e + 1}",  # placed where it arises
            "loss: is nan: is there a division by 0",
            3,
        ),
    ],
)
def test_what_is_no_answer_is_one_line_with_the_place(body: str, words: str, line: int, tmp_path: Path) -> None:
    (test,) = wrong(graded(tmp_path, FUNCTION.format(body)))
    said = f"{test.result}: {test.text}" if test.result else test.text
    assert words in said
    assert (test.line, test.mistake, test.points) == (line, "error", 0)
    assert "\n" not in test.text


def test_an_argument_that_is_changed_and_printing_are_named_with_the_line(tmp_path: Path) -> None:
    *_, test = wrong(graded(tmp_path, FUNCTION.format("a = x[0]\n    W[0] = 0.0\n    return {'loss': a}")))
    assert (test.text, test.line) == ("it changes its argument W; work on a copy: W = W.copy()", 3)
    text = "import numpy\n\ndef sigmoid(z):\n    print('z is', z)\n    return 1 / (1 + numpy.exp(-z))\n"
    found = graded(tmp_path, text)
    assert found.passed
    assert [(test.text, test.line) for test in found.tests[1:]] == [("it prints; what it prints is not looked at", 4)]


def test_a_loop_without_an_end_is_stopped_and_the_other_functions_are_judged(tmp_path: Path) -> None:
    text = """
    import math

    def sigmoid(z):
        return 1 / (1 + math.exp(-z))

    def forward_propagation(x, y, W):
        while True:
            try:
                pass
            except BaseException:
                pass

    def backward_propagation(L, W, d):
        return {f"dw{i}": 0.0 for i in range(1, 10)}

    def vanilla(W, dW, lr):
        return W - lr * dW
    """
    found = graded(tmp_path, text, limits=Limits(seconds=3.0))
    by_function = {test.function: test for test in found.tests}
    forward = by_function["forward_propagation"]
    assert forward.text == "does not end within 3 s; is there a loop without an end?"
    assert forward.line in range(8, 13)
    assert by_function["backward_propagation"].text == "is 0, as all others"
    assert by_function["sigmoid"].ok
    assert by_function["vanilla"].ok


def test_a_function_that_takes_all_memory_is_stopped(tmp_path: Path) -> None:
    (test,) = wrong(graded(tmp_path, FUNCTION.format("return {'loss': [0.0] * 2**40}"), limits=Limits(60.0, 512)))
    assert (test.text, test.line) == ("needs more memory than it may have", 2)


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ("def forward_propagation(x, y, W):\n    return {\n", "SyntaxError: '{' was never closed", 2),
        ("x = 1\ny = x[3]\n", "TypeError: 'int' object is not subscriptable", 2),
        ("import nothing_of_this_name\n", "ModuleNotFoundError: No module named 'nothing_of_this_name'", 1),
        ("raise SystemExit\n", "ends the program by sys.exit", 1),
        ("x = 1\n", "it has no function to grade; write one of sigmoid, forward_propagation", 0),
        ("from numpy import *\n", "it has no function to grade", 0),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line(text: str, words: str, line: int, tmp_path: Path) -> None:
    (test,) = graded(tmp_path, text).tests
    assert words in test.text
    assert (test.line, test.points) == (line, 0)


def test_the_functions_of_a_worksheet_cost_their_points_where_they_are_left_out(tmp_path: Path) -> None:
    """Two files are judged."""
    file, whole = tmp_path / "student.py", 1 + 6 + 9 + 9 + 1 + 9 + 1 + 2 + 3
    file.write_text("import math\n\ndef sigmoid(z):\n    return 1 / (1 + math.exp(-z))\n")
    found = grade(file, model_of("nine_weights"), limits=PATIENT)
    assert (found.points, found.of) == (1, whole)
    left_out = ["forward_propagation", "backward_propagation", "gradient_checking", "loss", "gradient"]
    assert [test.function for test in wrong(found)] == [*left_out, "vanilla", "momentum", "adam"]
    assert all(test.text.startswith(f"there is no function {test.function}(") for test in wrong(found))
    file.write_text("def forward_propagation(x, y, W):\n    return {\n")
    found = grade(file, model_of("nine_weights"), limits=PATIENT)
    assert (found.points, found.of) == (0, whole)


def test_a_wrong_number_is_placed_where_it_is_returned_and_a_function_where_it_is_written_last(tmp_path: Path) -> None:
    twice = "def vanilla(W, dW, lr):\n    return W\n\n\ndef vanilla(W, dW, lr):\n    return W + lr * dW\n\n\n"
    returned = "    a = 1.0\n    b = a\n    return [a, a, a, b, a, a, a, a,\n        7.0]\n"
    *tests, step = wrong(graded(tmp_path, f"{twice}def backward_propagation(L, W, d):\n{returned}"))
    assert len(tests) == 9
    assert tests[-1].line == 13
    assert (step.mistake, step.line) == ("step", 6)


def test_what_lies_beside_a_students_file_can_be_imported_and_read_and_a_notebook_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import math\n\ndef sigmoid(z):\n    return 1 / (1 + math.exp(-z))\n")
    (tmp_path / "random.py").write_text("raise RuntimeError('a file that has the name of a module of Python')\n")
    (tmp_path / "data.csv").write_text("1\n")
    found = graded(tmp_path, "from mine import sigmoid\n\nopen('data.csv').read()\n", "nine_weights", "sigmoid")
    assert found.passed, found.tests
    (tmp_path / "a.ipynb").write_text("{}")
    with pytest.raises(OptionError, match="is a notebook; `jupyter nbconvert --to script"):
        grade(tmp_path / "a.ipynb", model_of("nine_weights"))


JUNK = (
    None, True, 0, float("nan"), float("inf"), "text", b"bytes", 1j, object(), [], (), {}, [None], [[1], [2, 3]],
    ["a"] * 9, [0.0] * 9, {"dw1": None}, {"loss": [1, 2]}, {1: 2, None: 3}, {"w1": {"w2": 3}},
    {f"dw{i}": float("inf") for i in range(1, 10)}, np.zeros((3, 3)), np.zeros(0), np.array([None, 1], dtype=object),
    np.array(["a"]), range(9), {1, 2}, iter([1.0]), len,
)  # fmt: skip


@pytest.mark.parametrize("role", [role for role, judge in JUDGES.items() if role not in (*EXERCISED, "gradient_checking")])
def test_whatever_comes_back_is_judged(role: str) -> None:
    exercise, judge = Exercise(model_of("nine_weights")), JUDGES[role]
    order, known = exercise.readings[role]
    for junk, other in zip(JUNK, reversed(JUNK), strict=True):
        read = [numbers_of(one, [tuple(names) for names in order], known) for one in (junk, junk, junk, junk, other)]
        with np.errstate(all="ignore"):
            verdicts = judge.verdicts(exercise, read, False)
        assert verdicts
        assert not all(verdict.ok for verdict in verdicts)
