"""The losses of all rows in compiled runs: the numpy module's to rounding, and its own where the loop cannot tell."""

import numpy as np
import pytest
from built import one_output
from reference import build, data
from sympy import Piecewise, sin

from symgraph.training import loops, sgd, train

MODELS = ["nine_weights", "line", "rosenbrock", "location", "logistic", "pieces", "perceptron", "Misra1a", "weight_loss"]


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory):
    """A cache folder of the tests' own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYMGRAPH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def last(built, X, y, **run):
    """The loss after an epoch, and the numpy module's at the same weights."""
    result = train(built.arrays, X, y, optimizer=sgd(1e-6), epochs=1, backend="numba", **run)
    assert (result.backend, result.fallback) == ("numba", None)
    return result.losses[-1], built.arrays.loss(result.weights, X, y)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_every_model_has_the_losses_of_the_numpy_module_to_rounding(tmp_path, name):
    built = build(tmp_path, name)
    w, X, y = data(name, 37)
    found, expected = last(built, X, y, w0=w)
    # each row's loss is off by some ulp of what goes into it, which is of the loss's size here
    assert found == pytest.approx(expected, rel=64 * 2.0**-52)


def test_what_the_loss_does_not_read_is_not_computed(tmp_path):
    built = build(tmp_path, "nine_weights")
    texts = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loops, "_kept", lambda name, text: texts.append(text))
        loops.numba_losses.cache_clear()
        last(built, np.ones((3, 5)), np.ones(3), w0=np.full(9, 0.1))
    (text,) = [text for text in texts if "def losses(" in text]
    assert "d_w" not in text
    assert text.count("__exp(") == 2


def test_the_argument_of_a_sine_that_is_too_large_leaves_the_losses_to_the_numpy_module(tmp_path):
    # the comparison hides what a sine of a large argument gives: a nan would take the other branch
    built = build(tmp_path, one_output(lambda f, g, a, b: Piecewise((a * f, sin(g) > 0), (b * g, True))))
    random = np.random.default_rng(5)
    X, y = np.column_stack([random.normal(size=50), random.uniform(1.1e6, 1e8, 50)]), random.normal(size=50)
    found, expected = last(built, X, y, w0=np.array([0.3, 1e-8]))
    assert found == expected


def test_a_mean_of_losses_whose_sum_overflows_is_the_numpy_modules(tmp_path):
    built = build(tmp_path, "line")
    x, y = np.zeros(4), np.full(4, 1e154)
    found, expected = last(built, x, y, w0=np.zeros(2))
    assert found == expected == pytest.approx(1e308, rel=1e-4)


def test_a_long_row_and_rows_too_many_to_keep_have_the_losses_of_the_numpy_module(tmp_path, monkeypatch):
    built = build(tmp_path, "nine_weights")
    random = np.random.default_rng(6)
    run = {"X": random.normal(size=(300, 5)), "y": random.normal(size=300), "w0": random.normal(size=9)}
    with monkeypatch.context() as patch:
        patch.setattr(loops, "LONGEST_LOSSES", 3)
        loops.numba_losses.cache_clear()
        found, expected = last(built, **run)
        assert found == expected
    loops.numba_losses.cache_clear()
    monkeypatch.setattr("symgraph.training.engines._KEPT", 0)
    found, expected = last(built, **run)
    assert found == expected
