"""Scatter: as much as rounding does to a result, to any order, and nothing where nothing rounds."""

import numpy as np
import pytest
import sympy as sp

from symgraph import Model
from symgraph.ir.overflow import FAST
from symgraph.truth import given, truths
from symgraph.truth.measure import _FAST
from symgraph.truth.scatter import INPUT_ULP


def scattered(expr: object, point: dict[str, float], model: Model, dtype: str = "float64") -> float:
    model.output("out", expr)
    found = truths(model, given(model, [point]), names=("output",), dtype=dtype)
    return float(found.scatter(0)[0])


@pytest.mark.parametrize(("dtype", "unit"), [("float64", 2.0**-52), ("float32", 2.0**-23)])
def test_results_scatter_by_the_units_of_their_inputs_and_operations(dtype: str, unit: float) -> None:
    model = Model("product")
    a, b = model.weights("a b")
    most = (2 * INPUT_ULP + 0.5) * unit  # two inputs and a product, which is 1
    found = scattered(a * b, {"a": 0.5, "b": 2.0}, model, dtype)
    assert most / 30 < found <= most * (1 + 1e-6)


def test_what_vanishes_scatters_to_second_order() -> None:
    model = Model("square")
    a, b, c = model.weights("a b c")
    found = scattered((a * b - c) ** 2, {"a": 0.5, "b": 2.0, "c": 1.0}, model)
    most = ((3 * INPUT_ULP + 1) * 2.0**-52) ** 2
    assert most / 1000 < found <= most


def test_what_is_0_whatever_the_errors_does_not_scatter() -> None:
    model = Model("nothing")
    a, b = model.weights("a b")
    assert scattered(a * sp.exp(b), {"a": 0.0, "b": 2.0}, model) == 0


def test_values_below_the_normal_numbers_scatter_by_the_units_of_the_smallest() -> None:
    model = Model("tiny")
    a, b = model.weights("a b")
    t = model.node("t", a * a)
    # t is 1e-400, which any code has as 0
    found = scattered(t / b / b, {"a": 1e-200, "b": 1e-160}, model)
    assert 2.0**-1074 / 1e-320 / 60 < found < 2.0**-1074 / 1e-320


def test_an_infinite_result_of_a_run_is_no_bound() -> None:
    model = Model("root")
    a, b = model.weights("a b")
    assert scattered(sp.sqrt(a - b), {"a": 1.0, "b": 1.0}, model) == np.inf


def test_the_exponentials_that_are_guarded_may_leave_the_range() -> None:
    assert FAST < _FAST
