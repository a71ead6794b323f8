"""The posterior density for emcee."""

import pickle
from typing import Any

import emcee
import numpy as np
import pytest
from built import numpy_module
from fitted_models import T, Y, circle_module, constrained_module, decay, decay_module
from scipy.stats import norm

import symgraph
from symgraph import Model
from symgraph.errors import DataError, OptionError
from symgraph.use.bridges import log_probability

WALKERS = np.array([[2.0, 0.7, 0.5], [1.9, 0.6, 0.4], [2.0, -0.7, 0.5]])
ULPS = 1e-14
"""Of sums of a few terms."""


def line(**of_slope: Any) -> Model:
    """Return y ~ slope*x with normal errors of standard deviation 1/2."""
    model = Model("line")
    x, y = model.feature("x"), model.target("y")
    model.residual((model.output("y_hat", model.weight("slope", **{"init": 1.0, **of_slope}) * x) - y) / 0.5)
    return model


def test_it_is_the_logarithm_of_the_density_up_to_a_constant() -> None:
    for sigma in (0.02, 0.01 + 0.01 * T):
        found = log_probability(decay_module(), T, Y, sigma=sigma)(WALKERS)
        expected = np.array([norm.logpdf(Y, decay_module().predict(w, T), sigma).sum() for w in WALKERS])
        # sums of 30 squares, up to 1e5 in size
        assert np.allclose(found - found[0], expected - expected[0], rtol=1e-12)
    X, y = np.arange(8.0).reshape(4, 2) / 7.0, np.ones((4, 2))  # several residuals have a density too
    residuals = circle_module().residual([1.0, 0.5], X, y)
    found = log_probability(circle_module(), X, y, sigma=0.1)(np.array([[1.0, 0.5]]))
    assert np.allclose(found, -0.5 * np.sum((residuals / 0.1) ** 2), rtol=ULPS)


def test_the_scale_of_a_loss_of_squares_does_not_count_and_likelihoods_and_penalties_are_taken_as_they_are() -> None:
    model = Model("scaled")
    x, y, a = model.feature("x"), model.target("y"), model.weight("a", init=1.0)
    model.loss(3.0 * ((model.output("y_hat", a * x) - y) / 0.5) ** 2)
    v = np.array([[1.0], [1.5]])
    found = log_probability(symgraph.compile(model, backend="numpy"), [2.0], [2.5], sigma=1.0)(v)
    assert np.allclose(found, norm.logpdf(2.5, 2.0 * v[:, 0], 0.5) - norm.logpdf(0.0, 0.0, 0.5), rtol=ULPS)
    prior = Model("prior")
    prior.target("y")
    mu, s = prior.weight("mu", init=0.0), prior.weight("s", init=1.0, bounds=(0.0, None))
    prior.likelihood("gaussian", mean=mu, sigma=s)
    prior.penalty(mu**2 / 2)
    found = log_probability(symgraph.compile(prior, backend="numpy"), None, [0.5, 1.5])(np.array([[0.2, 0.7]]))
    # the constant of the prior is no part of its penalty
    assert np.allclose(found, norm.logpdf([0.5, 1.5], 0.2, 0.7).sum() - 0.2**2 / 2, rtol=ULPS)


def test_a_penalty_beside_half_squares_is_the_negative_logarithm_of_a_prior() -> None:
    """A declared residual r has the loss r**2/2, so that loss and penalty are negative logarithms as they stand."""
    model = line()
    model.penalty(model.weight_inputs[0].symbol ** 2 / 2)
    v = np.array([[1.0], [1.5]])
    found = log_probability(symgraph.compile(model, backend="numpy"), [2.0], [2.5], sigma=1.0)(v)
    expected = norm.logpdf(2.5, 2.0 * v[:, 0], 0.5) + norm.logpdf(v[:, 0])
    assert found[1] - found[0] == pytest.approx(expected[1] - expected[0], rel=ULPS, abs=0.0)


def test_bounds_are_priors_fixed_weights_are_left_out_and_a_loss_that_is_nan_has_density_0() -> None:
    module, w0 = symgraph.compile(decay(fixed_c=True, bounds=(0.0, None))), {"a": 1.0, "k": 1.0, "c": 0.25}
    within = log_probability(module, T, Y, w0, sigma=0.02)
    assert within.names == ("a", "k")
    values = within(WALKERS[:, :2])
    assert np.isfinite(values).tolist() == [True, True, False]
    assert values[2] == -np.inf
    with_c = np.column_stack([WALKERS[:, :2], np.full(3, 0.25)])
    assert np.array_equal(values[:2], log_probability(decay_module(), T, Y, sigma=0.02)(with_c)[:2])
    above = symgraph.compile(line(init=5.5, bounds=(5, 6)), backend="numpy")
    assert log_probability(above, [1.0], [1.0], sigma=1.0)(np.zeros((2, 1))).tolist() == [-np.inf] * 2
    root = Model("root")
    root.residual((root.output("y_hat", root.weight("b", init=1.0) ** 0.5 * root.feature("x")) - root.target("y")) / 0.5)
    density = log_probability(symgraph.compile(root, backend="numpy"), [1.0], [1.5], sigma=1.0)
    assert density(np.array([[1.0], [-1.0]])).tolist() == [-0.5, -np.inf]


def test_emcee_samples_the_posterior_of_a_line() -> None:
    rng = np.random.default_rng(1)
    x = np.linspace(0.0, 1.0, 20)
    y = 2.0 * x + 0.5 * rng.normal(size=20)
    density = pickle.loads(pickle.dumps(log_probability(symgraph.compile(line()), x, y, sigma=1.0)))  # noqa: S301  made here
    sampler = emcee.EnsembleSampler(32, 1, density, vectorize=True)
    sampler.random_state = np.random.RandomState(0).get_state()
    sampler.run_mcmc(rng.normal(2.0, 0.1, (32, 1)), 1500)
    drawn = sampler.get_chain(discard=100, flat=True)[:, 0]
    # the posterior is normal: mean x.y/x.x, standard deviation 0.5/|x|; 44,800 draws with an autocorrelation of some 30 steps
    # give the mean to 0.026 of its standard deviation, and that to 2 %; bounds are five times these
    deviation = 0.5 / np.linalg.norm(x)
    assert abs(drawn.mean() - x @ y / (x @ x)) < 0.13 * deviation
    assert abs(drawn.std() / deviation - 1.0) < 0.1


def test_what_has_no_density_is_refused() -> None:
    for module, data, sigma, said in (
        (decay_module(), (T, Y), None, "decay has residuals; give sigma, their standard deviations, 1 where they state"),
        (numpy_module("rosenbrock"), (), 1.0, "rosenbrock has no residuals that are normal; leave sigma out"),
        (constrained_module(), (T, Y), 0.02, r"decay has constraints, which only symgraph\.fit keeps"),
    ):
        with pytest.raises(OptionError, match=said):
            log_probability(module, *data, sigma=sigma)
    density = log_probability(decay_module(), T, Y, sigma=0.02)
    with pytest.raises(DataError, match=r"vectors have shape \(3,\); give \(S, 3\), and EnsembleSampler vectorize=True"):
        density(WALKERS[0])
