"""Bounds and fixed weights in training: every update is projected, by every backend; runs with constants."""

from typing import Any

import numpy as np
import pytest
import sympy as sp

import symgraph
from symgraph import Model
from symgraph.compiler.generate import generate
from symgraph.data.rows import as_rows
from symgraph.errors import WeightsError
from symgraph.project.build.modules import load_verified
from symgraph.use.training import OPTIMIZERS, adam, sgd, train
from symgraph.use.training.epoch import Work
from symgraph.use.training.epochs_in_c import compiled_rows
from symgraph.use.training.limits import limits_of
from symgraph.use.training.other_backends import Siblings

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 2))
Y = X @ [-1.0, 2.0] + 0.5


def line() -> Model:
    """y_hat = a*x1 + b*x2 + c with a at least 0 and c fixed; the data want a = -1 and c = 0.5."""
    model = Model("limited")
    x1, x2 = model.features("x1 x2")
    a, b = model.weight("a", bounds=(0, None), init=0.5), model.weight("b", bounds=(None, 1.5))
    model.output("y_hat", a * x1 + b * x2 + model.weight("c", fixed=True))
    model.target()
    model.loss("squared_error")
    return model


@pytest.fixture(scope="module")
def modules() -> Siblings:
    artifacts = generate(line(), ("numpy", "scalar", "c"))
    found, _ = load_verified(line(), artifacts, None)
    files = tuple((artifact.name, artifact.text) for artifact in artifacts if artifact.backend == "c")
    return Siblings(found["numpy"], lambda: found["scalar"], tuple(sorted(files)), {})


def test_weights_stay_within_their_bounds_and_fixed_ones_where_they_are(modules: Siblings) -> None:
    result = train(modules.arrays, X, Y, optimizer=sgd(0.05), epochs=20, batch_size=8, shuffle=False, w0=[0.5, 0.0, 0.125])
    assert result.weights.tolist() == [0.0, 1.5, 0.125]  # the data want a less, and b more
    with pytest.raises(WeightsError, match=r"w0 has a = -1, which is not within its bounds 0 to inf"):
        train(modules.arrays, X, Y, optimizer=sgd(0.05), epochs=1, w0=[-1.0, 0.0, 0.0])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_backend_projects_alike(modules: Siblings, name: str) -> None:
    w0 = np.array([0.5, 0.0, 0.125])
    run: Any = {"optimizer": OPTIMIZERS[name].tuned(0.05), "epochs": 3, "w0": w0, "shuffle": False}
    on_arrays = train(modules.arrays, X, Y, backend="numpy", **run).weights
    on_floats = train(modules.scalar, X, Y, backend="scalar", **run).weights
    rows, limits = as_rows(modules.arrays, X, Y), limits_of(modules.arrays, w0)
    engine = compiled_rows(Work(modules, rows, run["optimizer"], None, 1, by_rows=False, limits=limits))
    end, *_ = engine.epochs(w0, run["optimizer"].init(w0), 3, None)
    assert on_arrays[2] == on_floats[2] == end.weights[2] == 0.125
    # 120 updates, each with some roundings, of weights of size 1
    assert on_floats == pytest.approx(on_arrays, abs=120 * 8 * 2**-53)
    assert end.weights == pytest.approx(on_arrays, abs=120 * 8 * 2**-53)


def test_a_module_trains_with_the_constants_that_it_has() -> None:
    model = Model("heated")
    x, T, y = model.feature("x"), model.constant("T", 2.0), model.target()
    model.residual(model.output("y_hat", model.weight("a", init=1.0) * sp.exp(-x / T)) - y)
    module, rows = symgraph.compile(model, backend="numpy").with_constants(T=4.0), np.linspace(0.0, 2.0, 20)
    result = train(module, rows, 3.0 * np.exp(-rows / 4.0), optimizer=adam(0.3), epochs=100, seed=0)
    assert result.weights == pytest.approx([3.0], rel=1e-3, abs=0.0)  # Adam ends within its rate of the minimum
