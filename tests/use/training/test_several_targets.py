"""Training of models with several targets: every engine, on every module, takes y as rows by columns."""

from typing import Any

import numpy as np
import pytest
from several import pair

import symgraph
from symgraph.compiler.generate import generate
from symgraph.errors import DataError
from symgraph.project.native.module import from_source
from symgraph.use.training import as_rows, sgd, train

RNG = np.random.default_rng(5)
X = RNG.normal(size=(40, 2))
TRUTH = np.array([0.5, 0.75, 1.5])


@pytest.fixture(scope="module")
def module() -> Any:
    return symgraph.compile(pair(), backend="numpy")


def test_training_finds_the_weights_of_exact_data_on_floats_as_on_arrays(module: Any) -> None:
    y = module.predict(TRUTH, X)
    # not by Adam, which leaves a solution where gradients are rounding, and so by last bits
    result = train(module, X, y, optimizer=sgd(0.03), epochs=500, shuffle=False, w0=[0.4, 0.6, 1.2])
    # exact data: at the solution the gradient of every row is 0, so what is left is rounding of sums of 40 rows
    np.testing.assert_allclose(result.weights, TRUTH, rtol=0, atol=40 * np.finfo(np.float64).eps)
    named = {"q": y[:, 1], "p": y[:, 0]}
    one, other = (train(module, X, part, optimizer=sgd(0.01), epochs=2, seed=0) for part in (y, named))
    assert one.weights.tobytes() == other.weights.tobytes()
    scalar = from_source(generate(pair(), ["scalar"])[0].text, "pair", "<pair>")
    run: Any = {"optimizer": sgd(0.01), "epochs": 3, "seed": 0, "w0": [0.4, 0.6, 1.2]}
    arrays, floats = train(module, X, y, backend="numpy", **run), train(scalar, X, y, backend="scalar", **run)
    # 120 updates, each off by roundings of math and NumPy
    np.testing.assert_allclose(floats.weights, arrays.weights, rtol=1e-12)
    np.testing.assert_allclose(floats.losses, arrays.losses, rtol=1e-11)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, r"y is missing; pair needs its targets p, q, \(n, 2\)"),
        (np.zeros(40), r"y has shape \(40,\); pair needs its targets p, q as \(n, 2\), n at least 1"),
        (np.zeros((40, 3)), r"y has shape \(40, 3\); pair needs its targets p, q as \(n, 2\), n at least 1"),
    ],
)
def test_targets_that_do_not_fit_are_refused(module: Any, y: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        as_rows(module, X, y)
