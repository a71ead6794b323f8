"""Models as lmfit's minimizers."""

import lmfit
import numpy as np
import pytest
from fitted_models import T, Y, circle_module, constrained_module, decay, decay_module
from sympy import exp

import symgraph
from symgraph import Model, fit
from symgraph.errors import DataError, OptionError, WeightsError
from symgraph.use.bridges import to_lmfit

START = {"a": 1.0, "k": 1.0, "c": 0.0}


def test_lmfit_finds_weights_and_errors_of_our_fit_by_our_jacobian() -> None:
    minimizer, ours = to_lmfit(decay_module(), T, Y, START), fit(decay_module(), T, Y, START)
    jacobian = minimizer.kws["Dfun"](minimizer.params)
    assert np.array_equal(jacobian, decay_module().residual_jacobian([1.0, 1.0, 0.0], T, Y))
    assert minimizer.leastsq().nfev < lmfit.Minimizer(minimizer.userfcn, minimizer.params).leastsq().nfev
    for method in ("leastsq", "least_squares"):
        theirs = to_lmfit(decay_module(), T, Y, START).minimize(method=method)
        assert theirs.success
        # what its tolerance of 1.5e-8 of the sum of squares leaves of digits
        assert np.allclose([theirs.params[name].value for name in ours.names], ours.w, rtol=1e-6)
        assert np.allclose([theirs.params[name].stderr for name in ours.names], ours.stderr, rtol=1e-4)


def test_bounds_and_fixed_weights_are_those_of_the_spec_and_may_be_changed() -> None:
    module = symgraph.compile(decay(init=0.3, bounds=(0.0, 0.35), fixed_c=True), backend="numpy")
    minimizer = to_lmfit(module, T, Y, START | {"k": 0.3})
    assert (minimizer.params["k"].min, minimizer.params["k"].max) == (0.0, 0.35)
    assert [name for name, one in minimizer.params.items() if one.vary] == ["a", "k"]
    found = minimizer.least_squares().params
    assert found["c"].value == 0.0
    assert np.allclose(found["k"].value, 0.35, rtol=1e-6)  # the bound, to the digits that its inner points reach
    minimizer.params["c"].vary, minimizer.params["k"].max = True, np.inf
    assert np.allclose(minimizer.leastsq().params["k"].value, fit(decay_module(), T, Y, START).values["k"], rtol=1e-6)


def test_sigma_several_residuals_and_a_penalty_go_along() -> None:
    sigma = 0.01 + 0.01 * T
    ours, theirs = fit(decay_module(), T, Y, START, sigma=sigma), to_lmfit(decay_module(), T, Y, START, sigma=sigma).minimize()
    assert np.allclose(theirs.chisqr, ours.chi2, rtol=1e-8)  # the tolerance of its sum of squares
    X, y = np.arange(8.0).reshape(4, 2) / 7.0, np.ones((4, 2))
    params = to_lmfit(circle_module(), X, y).minimize().params
    assert np.allclose([one.value for one in params.values()], fit(circle_module(), X, y).w, rtol=1e-6)
    ridge = Model("ridge")
    x, _, a = ridge.feature("x"), ridge.target("y"), ridge.weight("a", init=1.0)
    ridge.output("y_hat", a * x)
    ridge.loss("squared_error")
    ridge.penalty(100.0 * a**2)
    # (2*a - 2)**2 + 100*a**2 is least at a = 4/104
    found = to_lmfit(symgraph.compile(ridge, backend="numpy"), [2.0], [2.0]).minimize()
    assert np.isclose(found.params["a"].value, 4.0 / 104.0, rtol=1e-8)


def test_what_lmfit_cannot_take_is_refused() -> None:
    counts = Model("counts")
    x, _ = counts.feature("x"), counts.target("y")
    counts.output("rate", counts.positive("rate_0", init=1.0) * x)
    counts.likelihood("poisson")
    poisson, within = (symgraph.compile(one, backend="numpy") for one in (counts, decay(init=0.3, bounds=(0.0, 0.35))))
    module, x, y = decay_module(), [0.0, 1.0], [1.0, 2.0]
    for given, how, error, said in (
        ((poisson, [1.0, 2.0], [1, 2]), {}, OptionError, "counts is not fitted by the squares of residuals, as lmfit does"),
        ((module, [0.0, np.nan], y), {}, DataError, "X is nan in row 1"),
        ((module, x, y), {"sigma": [1.0, 0.0]}, DataError, r"sigma is .* in row 1; standard deviations are above 0"),
        ((module, x, y), {"sigma": np.ones(3)}, DataError, r"sigma has shape \(3,\); give one number, or \(2,\) as y"),
        ((constrained_module(), T, Y), {}, OptionError, r"decay has constraints, which only symgraph\.fit keeps"),
        ((within, T, Y, START), {}, WeightsError, r"start has k = 1, which is not within its bounds 0 to 0\.35"),
        ((decay(), T, Y), {}, OptionError, "is no numpy or native module with a loss; compile the model"),
    ):
        with pytest.raises(error, match=said):
            to_lmfit(*given, **how)
    minimizer = to_lmfit(module, T, Y, START)
    minimizer.params["c"].expr = "a/4"
    with pytest.raises(OptionError, match=r"c is an expression of others, which its derivatives do not know; use model\.tie"):
        minimizer.minimize()


def test_a_positive_weight_is_a_parameter_of_its_own_name() -> None:
    x = np.linspace(0.0, 4.0, 20)
    y = 3.0 * np.exp(-0.7 * x) + 0.02 * np.cos(9.0 * x)
    model = Model("natural_decay")
    t, target = model.feature("x"), model.target("y")
    a, k = model.weight("a", init=1.0), model.positive("k", init=0.5)
    model.residual(model.output("y_hat", a * exp(-k * t)) - target)
    module = symgraph.compile(model, backend="numpy")
    minimizer = to_lmfit(module, x, y)
    assert (minimizer.params["k"].value, minimizer.params["k"].min) == (0.5, 0.0)
    theirs, ours = minimizer.minimize("least_squares"), fit(module, x, y)
    assert theirs.params["k"].value == pytest.approx(ours.values["k"], rel=1e-6, abs=0.0)
    # MINPACK's covariance of a bounded parameter goes through lmfit's own change of variables
    assert theirs.params["k"].stderr == pytest.approx(ours.errors["k"], rel=1e-3, abs=0.0)
