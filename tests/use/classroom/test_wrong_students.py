"""Twenty wrong functions, written before the grader: it names the mistake of each, and faults nothing else."""

from pathlib import Path

import pytest
from classes import PATIENT, model_of, sections, written, wrong

from symgraph.use.classroom.grading import grade

FIRST_LAYER = {"dw11", "dw12", "dw21", "dw22", "db1", "db2"}
SAID = {
    "founding_chain_of_sine": ("missing factor", "f3 is missing", {"dw3"}),
    "founding_check_without_two": ("constant factor", "divided by delta instead of 2*delta", {f"dw{i}" for i in range(1, 10)}),
    "founding_inner_t_forgotten": ("missing factor", "the factors 2 and t", {"dw1"}),
    "founding_sign_in_sigmoid": ("sign", "the argument of sigmoid", {"sigmoid"}),
    "founding_square_forgotten": ("power", "the square in t**2 is forgotten", {"exp"}),
    "founding_swapped_features": ("swapped", "`g8 * a * x[4]` and `g8 * a * x[3]` have changed places", {"dw4", "dw5"}),
    "founding_tanh_not_differentiated": ("missing factor", "1 - tanh**2 is missing", {"dw1", "dw2", "dw6", "dw7"}),
    "founding_wrong_node": ("wrong name", "tanh stands where sigmoid belongs", {"dw9"}),
    "logistic_ascent": ("step", "up the gradient instead of down", {"W"}),
    "logistic_loss_second_term": ("sign", "the term (1 - y)*log(1 - p)", {"loss"}),
    "logistic_mean_forgotten": ("mean", "not divided by their number", {"dw1", "dw2", "dw3", "db"}),
    "logistic_penalty_forgotten": ("penalty", "the penalty is forgotten", {"dw1", "dw2", "dw3"}),
    "logistic_residual_sign": ("sign", "`cache['y'] - cache['p']` stands where", {"dw1", "dw2", "dw3", "db"}),
    "logistic_sigmoid_slope_twice": ("extra factor", "p*(1 - p) comes twice", {"dw1", "dw2", "dw3", "db"}),
    "perceptron_adam_uncorrected": ("step", "bias correction of both moments is forgotten", {"W"}),
    "perceptron_crossed_output_weights": ("swapped", "v1 and v2", FIRST_LAYER),
    "perceptron_half_loss": ("constant factor", "the factor 2 in d loss / d y_hat", {*FIRST_LAYER, "dv1", "dv2", "dc"}),
    "perceptron_hidden_slope": ("missing factor", "h1**2 is missing", FIRST_LAYER),
    "perceptron_slope_of_z": ("wrong name", "z1 stands where h1 belongs", FIRST_LAYER),
    "perceptron_transposed": ("swapped", "w12 and w21 have changed places", {"z1", "z2"}),
}
"""What is to be said of each: the kind, some words, and the results that are wrong."""
FILES = sections("students.txt")
STUDENTS = {title.partition(": ")[0]: title for title in FILES if not title.startswith("before: ")}
"""The titles, which tell the model, the function that is wrong, and what stands before it, by the names of the files."""


@pytest.mark.parametrize("name", STUDENTS)
def test_the_mistake_in_the_head_of_a_students_file_is_named_and_nothing_else_is_faulted(name: str, tmp_path: Path) -> None:
    kind, words, results = SAID[name]
    facts, _, before = STUDENTS[name].partition(", behind ")
    (model, function), head = facts.partition(": ")[2].split(", "), FILES.get(f"before: {before}", "")
    file = tmp_path / f"{name}.py"
    file.write_text(head + FILES[STUDENTS[name]], encoding="utf-8")
    tests = wrong(grade(file, model_of(model), written(file, model_of(model)), limits=PATIENT))
    assert {test.result for test in tests} == results
    assert {test.function for test in tests} == {function}
    assert {test.mistake for test in tests} == {kind}
    assert words in tests[0].text
    assert all(test.line > head.count("\n") for test in tests)
