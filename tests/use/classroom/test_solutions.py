"""The solution of a worksheet computes what the model's module does, its penalty included."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from classes import SPECS, model_of

import symgraph
from symgraph.use.classroom.worksheet import write_worksheet


def test_the_mean_and_its_gradient_have_the_penalty_divided_by_the_rows(tmp_path: Path) -> None:
    model = model_of("logistic")
    write_worksheet(model, SPECS["logistic"], tmp_path / "week", solution=tmp_path / "solution.py")
    solution, module = runpy.run_path(str(tmp_path / "solution.py")), symgraph.compile(model, backend="numpy")
    rng: Any = np.random.default_rng(5)
    X, y, w = (
        rng.normal(size=(4, len(model.feature_inputs))),
        np.array([0.0, 1.0, 1.0, 0.0]),
        rng.normal(size=len(model.weight_inputs)),
    )
    # some roundings of each of four rows
    assert solution["loss"](X, y, w) == pytest.approx(module.loss(w, X, y), rel=1e-14, abs=0.0)
    np.testing.assert_allclose(solution["gradient"](X, y, w), module.value_and_grad(w, X, y)[1], rtol=1e-13, atol=1e-15)
