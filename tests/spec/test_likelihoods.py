"""Likelihoods by name: the densities of scipy.stats with their constants, at ordinary and at extreme parameters."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf
from scipy import stats
from sympy import exp, log, loggamma, pi

import symgraph
from symgraph import Model, SpecWarning, sigmoid, xlogy
from symgraph.errors import DataError, SpecError
from symgraph.judge.reference import Reference, number
from symgraph.spec.likelihoods import LIKELIHOODS
from symgraph.use.training import as_rows

ORDINARY = 1e-13
"""Errors, relative to the density's logarithm or 1: scipy.stats rounds as we do, and some terms cancel to a tenth."""

GIVEN = {
    "gaussian": ("mean sigma", stats.norm.logpdf),
    "student_t": ("mean scale nu", lambda y, mean, scale, nu: stats.t.logpdf(y, nu, mean, scale)),
    "poisson": ("mean", stats.poisson.logpmf),
    "binomial": ("probability trials", lambda y, p, n: stats.binom.logpmf(y, n, p)),
    "binomial_with_logits": ("logit trials", lambda y, logit, n: stats.binom.logpmf(y, n, 1 / (1 + np.exp(-logit)))),
    "gamma": ("mean shape", lambda y, mean, shape: stats.gamma.logpdf(y, shape, scale=mean / shape)),
    "negative_binomial": ("mean dispersion", lambda y, mean, a: stats.nbinom.logpmf(y, 1 / a, 1 / (1 + a * mean))),
}
VALUES = {
    "gaussian": [(0.3, 1.0, 2.0), (-5.0, 4.0, 0.1)],
    "student_t": [(0.3, 1.0, 2.0, 3.0), (40.0, 0.0, 1.0, 0.7), (0.3, 1.0, 2.0, 49.9), (0.3, 1.0, 2.0, 50.1)],
    "poisson": [(0, 0.5), (3, 2.5), (0, 1e-300), (12, 9.0)],
    "binomial": [(0, 0.3, 4), (4, 0.3, 4), (2, 0.5, 7), (0, 1e-300, 9), (1, 1e-12, 9)],
    "binomial_with_logits": [(0, -1.5, 4), (4, 0.3, 4), (2, 3.0, 7)],
    "gamma": [(0.3, 1.0, 2.0), (7.0, 2.0, 0.5), (1.5, 1.4, 49.9), (1.5, 1.4, 50.1), (1e-9, 1.0, 0.1)],
    "negative_binomial": [(0, 1.5, 0.7), (6, 2.0, 3.0), (5, 4.0, 0.0199), (5, 4.0, 0.0201)],
}


@cache
def density(name: str) -> Any:
    """Build the model of a likelihood whose parameters are columns; a weight is added to the first of them."""
    model = Model(f"law_{name}")
    domain = (0.2, 0.8) if name == "binomial" else (0.5, 3.0)
    columns = [model.feature(f"p_{word}", domain=(4, 9) if word == "trials" else domain) for word in GIVEN[name][0].split()]
    model.target(domain=(0.5, 3.0))
    model.output("first", columns[0] + model.weight("shift", init=0.0))
    model.likelihood(name, **dict(zip(LIKELIHOODS[name].parameters[1:], columns[1:], strict=True)))
    return symgraph.compile(model, backend="numpy")


def test_every_likelihood_has_its_density_by_scipy_but_for_classes_of_which_another_test_knows_all() -> None:
    assert {*GIVEN, "categorical"} == {*LIKELIHOODS}
    assert GIVEN.keys() == VALUES.keys()


@pytest.mark.parametrize("name", [name for name in GIVEN if LIKELIHOODS[name].labels != "number"])
def test_the_loss_is_nan_at_labels_out_of_range(name: str) -> None:
    for _, *parameters in VALUES[name]:
        assert np.isnan([density(name).loss([0.0], parameters, label) for label in (-1.0, -2.5)]).all()


@pytest.mark.parametrize("name", GIVEN)
def test_the_loss_of_a_likelihood_is_the_negative_log_density_of_scipy_with_its_constants(name: str) -> None:
    module = density(name)
    assert module.METADATA["likelihood"] == name
    for y, *parameters in VALUES[name]:
        assert module.loss([0.0], parameters, y) == pytest.approx(-GIVEN[name][1](y, *parameters), rel=ORDINARY, abs=ORDINARY)


def test_far_degrees_of_freedom_shapes_and_dispersions_keep_the_digits_that_differences_of_log_gamma_lose() -> None:
    # nothing is left of 1e16 * log(1e16) in doubles; what these laws become there is known
    normal, poisson = stats.norm.logpdf(0.3, 1.0, 2.0), stats.poisson.logpmf(5, 4.0)
    assert density("student_t").loss([0.0], [1.0, 2.0, 1e16], 0.3) == pytest.approx(-normal, rel=1e-15, abs=0.0)
    assert density("negative_binomial").loss([0.0], [4.0, 1e-16], 5) == pytest.approx(-poisson, rel=2e-15, abs=0.0)
    with mp.workdps(60):
        shape, y, mean = mpf(10) ** 12, mpf(1.5), mpf(1.5) * (1 + mpf(2) ** -20)
        exact = mp.loggamma(shape) - shape * mp.log(shape / mean) - (shape - 1) * mp.log(y) + shape * y / mean
    # a relative error of 1e-16 of y/mean, 1e-6 away from 1, becomes 1e-10 in the product with the shape
    assert density("gamma").loss([0.0], [float(mean), 1e12], 1.5) == pytest.approx(float(exact), abs=1e-9)


def test_a_binomial_and_classes_are_exact_where_a_probability_rounds_to_0_or_1() -> None:
    for logit in (-800.0, -40.0, 0.0, 40.0, 800.0):
        with mp.workdps(400):
            p = 1 / (1 + mp.exp(-mpf(logit)))
            exact = -(mp.log(mp.binomial(7, 2)) + 2 * mp.log(p) + 5 * mp.log(1 - p))
        found = density("binomial_with_logits").loss([0.0], [logit, 7.0], 2)
        assert found == pytest.approx(float(exact), rel=ORDINARY, abs=0.0), logit
    model = Model("classes")
    columns, shift, _ = model.features("l0 l1 l2"), model.weight("shift"), model.target()
    model.likelihood("categorical", logits=[columns[0] + shift, columns[1], columns[2]])
    module = symgraph.compile(model, backend="numpy")
    for logits in ((0.5, -1.0, 2.0), (90.0, 0.0, 30.0), (-700.0, 800.0, 0.0)):
        for y in range(3):
            with mp.workdps(900):
                exact = mp.log(mp.fsum(mp.exp(mpf(one) - mpf(logits[y])) for one in logits))
            assert module.loss([0.0], logits, y) == pytest.approx(float(exact), rel=ORDINARY, abs=1e-300)


def plain(name: str, y: Any, first: Any, second: Any, third: Any = 0) -> Any:
    """The losses as docs/spec.md defines them; the parameters in order."""
    size = 1 / second
    ways = loggamma(second + 1) - loggamma(y + 1) - loggamma(second - y + 1)
    return {
        "student_t": (third + 1) / 2 * log(1 + ((y - first) / second) ** 2 / third) + log(second) + log(third * pi) / 2
        + loggamma(third / 2) - loggamma((third + 1) / 2),
        "poisson": first - xlogy(y, first) + loggamma(y + 1),
        "gamma": loggamma(second) - second * log(second / first) - (second - 1) * log(y) + second * y / first,
        "binomial": -xlogy(y, first) - xlogy(second - y, 1 - first) - ways,
        "binomial_with_logits": y * log(1 + exp(-first)) + (second - y) * log(1 + exp(first)) - ways,
        "negative_binomial": loggamma(y + 1) + loggamma(size) - loggamma(y + size) + (y + size) * log(1 + second * first)
        - xlogy(y, second * first),
    }[name]  # fmt: skip


DOMAINS = {("binomial", "probability"): (0, 1), ("student_t", "mean"): None, ("binomial_with_logits", "logit"): None}
EXTREME: dict[str, list[tuple[float, ...]]] = {
    "student_t": [
        (0, 0.3, 1e-300, 0.3), (1, 0.3, 2.7, 1e-8), (1, 0.3, 2.7, 1e20), (-1e8, 0.3, 0.3, 1e300), (1, 0.5, 1e150, 2),
        (1e300, -1e300, 1e-300, 1e-300), (1e-300, 1e300, 1e300, 1e-300), (1e300, -1e300, 1e300, 1e300),
    ],
    "poisson": [(0, 1e-310), (7, 1e-300), (2, 1e300), (1e15, 1e15), (1e12, 1.001e12), (1e6, 1.2e5), (50, 1e20)],
    "binomial": [(0, 1e-300, 9), (9, 1e-300, 9), (5, 1 - 2.0**-53, 9), (1e6, 1.000001e-9, 1e15), (999, 0.999, 1000)],
    "binomial_with_logits": [
        (3, 1000.0, 9), (3, -1000.0, 9), (9, 40.0, 9), (0, -40.0, 9), (1e6, -21.0, 1e15), (0, 0.5, 1), (1, 0.5, 1), (4, 0.0, 4),
        # half of the trials beside a logit of 0, where sums of sigmoids cancel, and near the likeliest logit
        (500, 1e-20, 1000), (500, 0.0, 1000), (501, 0.004, 1000), (5e14, 1e-12, 1e15), (5, 1e-3, 10),
        (2e14, 1e-3 - 2 * log(2), 1e15),
    ],
    "gamma": [(1e300, 1e-3, 1e-3), (1e-300, 1e300, 1e-3), (1.5, 1.5 + 2e-8, 1e15), (2.7, 1.0, 1e-300), (1.0, 3.0, 1e300)],
    "negative_binomial": [
        (y, mean, spread)
        for y in (0, 1, 50, 1e15)
        for mean in (5e-324, 1e-300, 0.3, 40.0, 1.001e15, 1e300)
        for spread in (5e-324, 1e-300, 1e-16, 1e-3, 2.7, 1e8, 1e300)
        # of the slope by the dispersion nothing is left but rounding errors there, and 1/mean**2 overflows on the way
        if y != 1 or mean > 1e-3
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", EXTREME)
def test_value_and_derivatives_are_as_exact_as_the_last_bits_of_the_parameters_at_extreme_ones(name: str) -> None:
    """Up to 16 ulp of what a last bit of the parameters does; second derivatives, which have no condition, up to 2**-40."""
    modules = []
    for definition in (None, plain):
        model = Model(f"extreme_{name}_{definition is None}")
        parameters: dict[str, Any] = {
            word: model.feature(word) if word == "trials" else model.weight(word, domain=DOMAINS.get((name, word), (0, 1e309)))
            for word in LIKELIHOODS[name].parameters
        }
        y = model.target()
        if definition is None:
            model.likelihood(name, **parameters)
        else:
            model.loss(definition(name, y, *parameters.values(), *[1] * (3 - len(parameters))))
        modules.append(model)
    module, words = symgraph.compile(modules[0], backend="numpy", extras=["hessian"]), modules[0].weight_inputs
    truths = Reference(modules[1])
    for point in EXTREME[name]:
        given = dict(zip(("y", *LIKELIHOODS[name].parameters), map(float, point), strict=True))
        w = np.array([given[word.name] for word in words])
        X = np.array([given["trials"]]) if "trials" in given else None
        truth, bends = truths.truth(given), truths.hessian(given)
        slopes = np.array([number(truth.partials["loss"][word.name]) for word in words])
        curves = np.array([[number(bends[max(i, j)][min(i, j)]) for j in range(len(w))] for i in range(len(w))])
        value = number(truth.values["loss"])
        with np.errstate(all="ignore"):
            room = 16 * 2.0**-52 * (abs(value) + np.abs(slopes * w).sum())
            assert abs(module.loss(w, X, given["y"]) - value) <= room, point
            off = np.abs(module.grad(w, X, given["y"]) - slopes)
            room = 16 * 2.0**-52 * (np.abs(slopes) + np.abs(curves * w).sum(1)) + 1e-307
            assert ((off <= room) | ~np.isfinite(room)).all(), point
            off = np.abs(module.hessian(w, X, given["y"]) - curves)
            room = 2.0**-40 * (np.abs(curves) + np.abs(slopes / w[:, None]) + np.abs(slopes[:, None] / w)) + 1e-307
            assert ((off <= room) | ~np.isfinite(room)).all(), point


@pytest.mark.parametrize(("name", "columns", "y", "text"), [
    ("poisson", [[1.0], [1.0]], [1.0, -1.0], "row 1 (counted from 0) has y = -1"),
    ("poisson", [[1.0], [1.0]], [0.5, -1.0], "row 0 (counted from 0) has y = 0.5"),
    ("poisson", [[1.0], [1.0]], [1.0, np.inf], "row 1 (counted from 0) has y = inf; the likelihood poisson of law_poisson"),
    ("gamma", [[1.0, 1.0], [1.0, 1.0]], [2.0, 0.0], "needs a number above 0"),
    ("binomial", [[0.5, 4.0], [0.5, 5.0]], [4.0, 6.0], "of p_trials = 5 at most"),
    ("binomial", [[0.5, 4.0], [0.5, 4.5]], [3.0, 4.0], "of p_trials = 4.5 at most, and a whole number as p_trials"),
])  # fmt: skip
def test_targets_out_of_range_are_refused_with_their_row(name: str, columns: object, y: object, text: str) -> None:
    with pytest.raises(DataError) as caught:
        as_rows(density(name), np.array(columns), np.array(y))
    assert text in str(caught.value)


@pytest.mark.parametrize(("name", "parameters", "text"), [
    ("bernoulli", {}, "'bernoulli' is unknown; that law is 'binomial', or 'binomial_with_logits', with trials=1"),
    ("binomial", {"trials": 2.5}, "trials must be a feature or a positive whole number, not 2.5"),
    ("categorical", {}, "'categorical' needs logits; give logits=..."), ("poisson", {"mean": "x"}, "mean: 'x' is a string"),
    ("gamma", {"mean": 1, "shape": -1}, "shape"),
])  # fmt: skip
def test_mistakes_are_told_in_one_line(name: str, parameters: dict[str, object], text: str) -> None:
    """Others are in the table of tests/cli/spec_mistakes.py."""
    model = Model("mistaken")
    model.target()
    model.output("first", model.feature("x") * model.weight("a"))
    with pytest.raises(SpecError) as caught:
        model.likelihood(name, **parameters)
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_likelihood_needs_a_target_and_something_for_its_first_parameter() -> None:
    model = Model("bare")
    a = model.positive("a")
    with pytest.raises(SpecError, match=r"declare model\.target first"):
        model.likelihood("poisson", mean=a)
    model.target()
    with pytest.raises(SpecError, match=r"needs mean; give mean=\.\.\., or declare model\.output first"):
        model.likelihood("poisson")
    model.likelihood("poisson", mean=a)
    with pytest.raises(SpecError, match="has a loss already"):
        model.loss("squared_error")


def test_a_cross_entropy_of_logits_warns_where_the_output_is_a_sigmoid_already() -> None:
    model = Model("twice")
    model.target()
    model.output("p", model.node("inner", sigmoid(model.feature("x") * model.weight("a"))))
    with pytest.warns(SpecWarning, match="the output p is a sigmoid already"):
        model.loss("bce_with_logits")
    again = Model("again")
    again.target()
    again.output("p", sigmoid(again.feature("x") * again.weight("a")))
    with pytest.warns(SpecWarning, match="'binomial_with_logits' takes a logit, and is given a sigmoid"):
        again.likelihood("binomial_with_logits", trials=3)


def test_the_page_of_specs_has_every_likelihood_with_its_parameters() -> None:
    page = (Path(__file__).parents[2] / "docs" / "spec.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (`[^|]*) \|", page, re.MULTILINE))
    for name, row in LIKELIHOODS.items():
        assert re.findall(r"`(\w+)`", rows[name]) == list(row.parameters)


def test_second_derivatives_by_a_dispersion_near_0_keep_their_digits() -> None:
    model = Model("near_poisson")
    _, d = model.target(), model.weight("d", bounds=(0, None), init=1)
    model.likelihood("negative_binomial", mean=2, dispersion=d)
    module: Any = symgraph.compile(model, "numpy", extras=["hessian"])

    def loss(d: Any) -> Any:
        a, y = 1 / mpf(d), 3
        return mp.loggamma(a) - mp.loggamma(y + a) + (y + a) * mp.log(1 + 2 / a) - y * mp.log(2 / a)

    for dispersion in (1e-15, 1e-10, 1e-7, 9e-4, 2e-3):
        with mp.workdps(120):
            want = float(mp.diff(loss, mpf(dispersion), 2, h=mpf(dispersion) / 10**20))
        # of terms of size 1/(6*d) from 0.001 on, which cancel, some 4e-14 is left
        np.testing.assert_allclose(module.hessian([dispersion], None, 3.0), want, rtol=1e-11)


def test_a_likelihood_of_classes_without_output_predicts_their_probabilities() -> None:
    """As multinomial models of the field do: (n, K), or (K,) for one row, natively too."""
    model = Model("softmax")
    x, _, (a, b, c) = model.feature("x"), model.target(), model.weights("a b c")
    model.likelihood("categorical", logits=[0, a + b * x, c * x])
    w, X = np.array([0.1, 0.2, 900.0]), np.array([-1.0, 0.0, 0.3, 2.0])
    logits = np.stack([0.0 * X, w[0] + w[1] * X, w[2] * X], axis=1)
    likely = np.exp(logits - logits.max(axis=1, keepdims=True))
    for backend in ("numpy", "auto"):
        module = symgraph.compile(model, backend)
        # an exponent up to 1,800 is rounded
        np.testing.assert_allclose(module.predict(w, X), likely / likely.sum(axis=1, keepdims=True), rtol=1e-12, atol=1e-300)
        np.testing.assert_array_equal(module.predict(w, [0.3]), module.predict(w, X)[2:3])
        np.testing.assert_array_equal(module.predict(w, 0.3), module.predict(w, X)[2])
        assert (module.OUTPUTS, hasattr(module, "jacobian")) == ((), False)
    model = Model("scores")
    x, _ = model.feature("x"), model.target()
    score = model.output("score", model.weight("a") * x)  # what is predicted
    model.likelihood("categorical", logits=[0, score])
    assert symgraph.compile(model, backend="numpy").predict([2.0], [1.0, 2.0]).tolist() == [2.0, 4.0]
