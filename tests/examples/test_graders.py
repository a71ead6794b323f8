"""The founding notebook's three graders, on its first row with all weights 0.1."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from examples.nine_weights import (
    backward_propagation,
    forward_propagation,
    grader_backprop,
    grader_forwardprop,
    grader_sigmoid,
    gradient_checking,
    notebook,
    sigmoid,
)
from symgraph.data.reading import read_data
from symgraph.project.native.loading import load

ROOT = Path(__file__).resolve().parents[2]
FACTS = json.loads((Path(__file__).parent.parent / "data" / "notebook.json").read_text(encoding="utf-8"))
W = np.full(9, 0.1)


@pytest.fixture(scope="module")
def module() -> Any:
    return load("nine_weights", backend="numpy")


@pytest.fixture(scope="module")
def row(module: Any) -> np.ndarray:
    data = read_data(ROOT / "data" / "nine_weights.csv", module.FEATURES, module.TARGET)
    return np.append(data.X[0], data.y[0])


@pytest.fixture
def forward(row: np.ndarray) -> dict[str, Any]:
    return forward_propagation(row[:5], row[5], W)


def test_the_package_holds_the_notebooks_figures() -> None:
    graders, check = FACTS["graders"], FACTS["gradient_check"]
    assert graders["grader_sigmoid"]["value_exactly"] == notebook.SIGMOID_OF_2
    assert {name: graders["grader_forwardprop"][name] for name in notebook.FORWARD} == notebook.FORWARD
    assert {name: graders["grader_backprop"][name] for name in notebook.BACKWARD} == notebook.BACKWARD
    digits = graders["grader_forwardprop"]["round"], graders["grader_backprop"]["round"]
    assert digits == (notebook.FORWARD_DIGITS, notebook.BACKWARD_DIGITS)
    assert (check["printed"], check["delta"]) == (notebook.CHECK, notebook.DELTA)
    assert tuple(FACTS["training"]["adam"]["weights_before_epoch_1"]) == notebook.ADAM_AFTER_FIRST_EPOCH


def test_sigmoid_is_exact_at_2_and_right_everywhere() -> None:
    assert sigmoid(2) == FACTS["graders"]["grader_sigmoid"]["value_exactly"]
    for z in (-800.0, -40.0, -2.0, -0.0, 0.0, 0.5, 40.0, 800.0):
        truth = 1.0 / (1.0 + np.exp(-np.longdouble(z)))
        assert sigmoid(z) == pytest.approx(float(truth), rel=5e-16, abs=0.0)  # three roundings of half a unit each


def test_forward_propagation_gives_the_notebooks_dictionary(row: np.ndarray, forward: dict[str, Any]) -> None:
    assert set(forward) == {"dl", "loss", "exp", "tanh", "sigmoid", "x"}
    assert forward["loss"] == pytest.approx((forward["dl"] / 2.0) ** 2, rel=4e-16, abs=0.0)  # one rounding of the square
    np.testing.assert_array_equal(forward["x"], row[:5])


def test_backward_propagation_is_the_gradient_of_the_module(row: np.ndarray, module: Any) -> None:
    rng = np.random.default_rng(0)
    for _ in range(5):
        w = rng.normal(size=9)
        forward = forward_propagation(row[:5], row[5], w)
        partials = backward_propagation(forward["loss"], w, forward)
        assert list(partials) == [f"dw{j}" for j in range(1, 10)]
        # the same products in another order: a few roundings each
        np.testing.assert_allclose(list(partials.values()), module.grad(w, row[:5], row[5]), rtol=2e-15)


def test_graders_return_true_and_reject_a_figure_that_is_off_by_its_last_digit(forward: dict[str, Any]) -> None:
    backward = backward_propagation(forward["loss"], W, forward)
    assert grader_sigmoid(2) is grader_forwardprop(forward) is grader_backprop(backward) is True
    parts = ((grader_forwardprop, forward, notebook.FORWARD, 1e-4), (grader_backprop, backward, notebook.BACKWARD, 1e-8))
    for grader, values, figures, digit in parts:
        for name in figures:
            with pytest.raises(AssertionError, match=f"^{name} is"):
                grader({**values, name: values[name] + digit})
    with pytest.raises(AssertionError, match="sigmoid is"):
        grader_sigmoid(np.nextafter(2.0, 3.0) + 1e-15)


def test_the_gradient_check_is_as_small_as_the_notebooks_and_leaves_the_weights_alone(row: np.ndarray) -> None:
    w = W.copy()
    for aliased in (True, False):
        check = gradient_checking(row, w, aliased=aliased)
        assert list(check) == list(FACTS["gradient_check"]["printed"])
        assert all(abs(value) < 1e-6 for value in check.values())  # "only their size means anything"
    np.testing.assert_array_equal(w, W)


def test_the_aliased_gradient_check_has_the_notebooks_figures_where_they_are_more_than_noise(row: np.ndarray) -> None:
    """Rounding of the loss by one unit, 2**-53, moves the metric of a partial g by 2**-53 / (2 delta * 2 g)."""
    check = gradient_checking(row, W)
    for name, printed in FACTS["gradient_check"]["printed"].items():
        noise = 2.0**-53 / (4.0 * notebook.DELTA * abs(notebook.BACKWARD[name]))
        assert abs(check[name] - printed) < 2.0 * noise


def test_a_wrong_partial_is_seen_only_if_the_weights_are_put_back_and_not_equal(row: np.ndarray, module: Any) -> None:
    """What the notebook's check cannot see is why `symgraph.gradcheck` exists."""
    swapped = type("Swapped", (), dict(vars(module)))
    swapped.grad = staticmethod(lambda w, x, y: module.grad(w[[0, 1, 2, 4, 3, 5, 6, 7, 8]], x, y))
    assert all(abs(value) < 1e-6 for value in gradient_checking(row, W, module=swapped).values())
    w = np.linspace(0.1, 0.9, 9)
    assert any(abs(value) > 1e-3 for value in gradient_checking(row, w, module=swapped).values())
