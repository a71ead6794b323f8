"""Fits of several data sets that share weights."""

import json
import pickle
from functools import partial
from typing import Any

import nist
import numpy as np
import pytest
from curves import compiled, declared
from scipy.stats import f
from sympy import exp

import symgraph
from symgraph.errors import DataError, OptionError, SpecError, SymgraphError, WeightsError

RNG = np.random.default_rng(17)
T = np.linspace(0.0, 5.0, 30)
RUNS = {name: a * np.exp(-T / 1.7) + c + 0.03 * RNG.normal(size=30) for name, a, c in (("low", 1, 0.1), ("high", 4, 0.2))}

PUBLISHED = 1e-10
"""Half a unit of NIST's eleventh digit, and our own rounding."""

SOLVED = 1e-9
"""Both searches end by steps that only rounding stops; the condition of these problems, below 100, costs two digits or three,
and a search by the sum of squares alone would be right to 1e-8."""


def with_indicators(**robust: Any) -> Any:
    """The module of both runs as one model: a row says by two features of which it is."""
    model = symgraph.Model("both")
    x, low, high = model.features("x low high")
    tau, amp_low, off_low, amp_high, off_high = model.weights("tau amp_low off_low amp_high off_high", init=1.0)
    y_hat = low * (amp_low * exp(-x / tau) + off_low) + high * (amp_high * exp(-x / tau) + off_high)
    model.residual(model.output("y_hat", y_hat) - model.target("y"), **robust)
    return symgraph.compile(model, backend="numpy")


ROWS = np.column_stack([np.tile(T, 2), np.repeat([1.0, 0.0], 30), np.repeat([0.0, 1.0], 30)])
ALL = np.concatenate(list(RUNS.values()))


@pytest.fixture(scope="module")
def decay() -> Any:
    return compiled("y ~ amp*exp(-x/tau) + off", "decay")


@pytest.fixture(scope="module")
def both() -> Any:
    return with_indicators()


def runs(module: Any) -> dict[str, Any]:
    return {name: (module, T, y) for name, y in RUNS.items()}


@pytest.fixture(scope="module")
def found(decay: Any) -> symgraph.FitResult:
    return symgraph.fit_together(runs(decay), shared="tau")


def test_it_is_the_fit_of_one_model_with_indicators(decay: Any, found: symgraph.FitResult, both: Any) -> None:
    result, wanted = found, symgraph.fit(both, ROWS, ALL)
    assert result.names == ("tau", "amp[low]", "off[low]", "amp[high]", "off[high]")
    np.testing.assert_allclose(result.w, wanted.w, rtol=SOLVED)
    np.testing.assert_allclose(result.covariance, wanted.covariance, rtol=SOLVED)
    assert result.chi2 == pytest.approx(wanted.chi2, rel=SOLVED, abs=0.0)
    assert result.aic == pytest.approx(wanted.aic, rel=SOLVED, abs=0.0)
    assert (result.dof, result.statistics.n) == (wanted.dof, wanted.statistics.n) == (55, 60)
    # ends are found to 1e-6 of their distance
    np.testing.assert_allclose(result.profile("tau"), wanted.profile("tau"), rtol=1e-5)
    contours = result.contour("tau", "amp[high]", points=4), wanted.contour("tau", "amp_high", points=4)
    np.testing.assert_allclose(*contours, rtol=1e-5)
    ratio, same = result.derived("log(amp[high]/amp[low])*tau"), wanted.derived("log(amp_high/amp_low)*tau")
    assert (ratio.value, ratio.stderr) == pytest.approx((same.value, same.stderr), rel=SOLVED, abs=0.0)
    tables = {label: (decay, {"x": T, "y": y}) for label, y in RUNS.items()}  # whose targets are columns
    assert symgraph.fit_together(tables, shared="tau").values == result.values
    other = symgraph.fit_together(runs(decay), {"tau": 1e-3}, shared="tau", starts=12, method="lm")
    told, _, least = other.remarks[0].rpartition(" ")
    assert told.endswith("another start, drawn about it or from the data, led to")
    assert float(least) == pytest.approx(other.chi2, rel=1e-5, abs=0.0)  # of six digits
    np.testing.assert_allclose(other.w, result.w, rtol=1e-6)


@pytest.mark.parametrize("absolute", [False, True])
def test_each_data_set_has_a_sigma_of_its_own(decay: Any, both: Any, absolute: bool) -> None:
    scales = np.linspace(0.02, 0.04, 30)
    result = symgraph.fit_together(runs(decay), shared="tau", sigma={"low": 0.01, "high": scales}, absolute_sigma=absolute)
    wanted = symgraph.fit(both, ROWS, ALL, sigma=np.concatenate([np.full(30, 0.01), scales]), absolute_sigma=absolute)
    np.testing.assert_allclose(result.w, wanted.w, rtol=SOLVED)
    np.testing.assert_allclose(result.covariance, wanted.covariance, rtol=SOLVED)
    assert result.statistics.log_likelihood == pytest.approx(wanted.statistics.log_likelihood, rel=SOLVED, abs=0.0)
    by_order = symgraph.fit_together(list(runs(decay).values()), shared="tau", sigma=[0.01, scales], absolute_sigma=absolute)
    np.testing.assert_array_equal(by_order.w, result.w)
    assert by_order.names[1] == "amp[1]"


def test_robust_losses_are_added_up_with_sandwich_errors() -> None:
    robust = {"loss": "soft_l1", "f_scale": 0.02}

    def loss(model: symgraph.Model, x: Any, y: Any, amp: Any, tau: Any, off: Any) -> None:
        model.residual(model.output("y_hat", amp * exp(-x / tau) + off) - y, **robust)

    module = symgraph.compile(declared(loss, "amp tau off"), backend="numpy")
    result, wanted = symgraph.fit_together(runs(module), shared="tau"), symgraph.fit(with_indicators(**robust), ROWS, ALL)
    # robust fits are not polished: a flat minimum shows its place to the root of the search's tolerance of 1e-14
    np.testing.assert_allclose(result.w, wanted.w, rtol=1e-6)
    np.testing.assert_allclose(result.covariance, wanted.covariance, rtol=1e-5, atol=1e-12)
    assert result.how == wanted.how


def test_likelihoods_of_different_models_are_added_up() -> None:
    counts = declared(lambda m, x, y, a, b: m.likelihood("poisson", mean=exp(a + b * x)), init=0.1)
    classes = declared(lambda m, x, y, a, b: m.likelihood("binomial_with_logits", logit=a + b * x, trials=1), init=0.1)
    whole = symgraph.Model("whole")
    x, y, first, (b, c, d) = whole.feature("x"), whole.target("y"), whole.feature("first"), whole.weights("b c d", init=0.1)
    whole.loss(first * (exp(c + b * x) - y * (c + b * x)) + (1 - first) * (symgraph.softplus(d + b * x) - y * (d + b * x)))
    x = np.linspace(-1.0, 2.0, 50)
    n, hit = RNG.poisson(np.exp(0.5 + 0.8 * x)).astype(float), (RNG.uniform(size=50) < 1 / (1 + np.exp(-0.8 * x))).astype(float)
    one, two = (symgraph.compile(model, extras=["hessian"], backend="numpy") for model in (counts, classes))
    result = symgraph.fit_together({"n": (one, x, n), "hit": (two, x, hit)}, shared=["b"])
    rows, y = np.column_stack([np.tile(x, 2), np.repeat([1.0, 0.0], 50)]), np.concatenate([n, hit])
    module = symgraph.compile(whole, extras=("hessian",), backend="numpy")
    assert result.names == ("b", "a[n]", "a[hit]")
    np.testing.assert_allclose(result.w, symgraph.fit(module, rows, y).w, rtol=SOLVED)
    np.testing.assert_allclose(result.covariance, np.linalg.inv(module.hessian(result.w, rows, y, reduction="sum")), rtol=1e-8)
    assert result.statistics.parameters == 3
    assert np.isfinite(result.aic)
    assert np.isnan(result.sets["n"].chi2)
    low, high = result.profile("b")
    assert low < result.values["b"] < high


def test_lines_with_one_slope_are_those_of_linear_algebra() -> None:
    x = [np.linspace(0, 1 + j, 8 + j) for j in range(5)]
    y = [j + 2 * one + 0.1 * RNG.normal(size=len(one)) for j, one in enumerate(x)]
    result = symgraph.fit_together([(compiled("y ~ a + b*x"), *one) for one in zip(x, y, strict=True)], shared=["b"])
    design = np.zeros((sum(map(len, x)), 6))
    design[:, 0], design[np.arange(len(design)), np.repeat(np.arange(1, 6), [len(one) for one in x])] = np.concatenate(x), 1.0
    w, total, *_ = np.linalg.lstsq(design, np.concatenate(y), rcond=None)
    np.testing.assert_allclose(result.w, w, rtol=1e-12)  # the condition of the design, 10, times some ulp of 50 terms
    np.testing.assert_allclose(result.covariance, np.linalg.inv(design.T @ design) * total[0] / (len(design) - 6), rtol=1e-11)
    assert result.r2 == pytest.approx(1 - total[0] / sum(np.sum((one - one.mean()) ** 2) for one in y), rel=1e-12, abs=0.0)


def test_nothing_shared_gives_each_data_set_the_weights_that_nist_certifies() -> None:
    problems = {name: nist.read(name) for name in ("Chwirut2", "DanWood")}
    sets: dict[str, Any] = {name: (compiled(one.formula), one.X, one.y) for name, one in problems.items()}
    starts = {f"{w}[{name}]": v for name, one in problems.items() for w, v in zip(one.names, one.starts[1], strict=True)}
    result = symgraph.fit_together(sets, starts, shared=())
    for name, one in problems.items():
        alone = result.sets[name]
        np.testing.assert_allclose([alone.values[weight] for weight in one.names], one.weights, rtol=PUBLISHED)
        assert alone.chi2 == pytest.approx(one.sum_of_squares, rel=PUBLISHED, abs=0.0)


TREATED = (
    [0.02, 0.02, 0.06, 0.06, 0.11, 0.11, 0.22, 0.22, 0.56, 0.56, 1.1, 1.1],
    [76, 47, 97, 107, 123, 139, 159, 152, 191, 201, 207, 200],
)
UNTREATED = (TREATED[0][:11], [67, 51, 84, 86, 98, 115, 131, 124, 144, 158, 160])
"""Rates of an enzyme's reaction with Puromycin and without it (Treloar 1974), as in Bates and Watts, Nonlinear Regression
Analysis and Its Applications, 1988, table A1.3."""


def test_one_km_for_two_curves_is_what_r_reports_for_puromycin() -> None:
    module = compiled("y ~ vm*x/(km + x)", "kinetics", vm=200.0, km=0.1)
    sets = {"treated": (module, *TREATED), "untreated": (module, *UNTREATED)}
    one, two = (symgraph.fit_together(sets, shared=shared) for shared in ("km", ()))
    # R's help on nls: K 0.05797 (0.005910), Vm 166.60 (5.807), its difference 42.03 (6.272), 10.59 on 20 degrees of freedom
    assert (one.values["km"], one.errors["km"]) == pytest.approx((0.05797, 0.005910), abs=6e-6)
    assert (one.values["vm[untreated]"], one.errors["vm[untreated]"]) == pytest.approx((166.60, 5.807), abs=6e-3)
    more = one.derived("vm[treated] - vm[untreated]")
    assert (more.value, more.stderr) == pytest.approx((42.03, 6.272), abs=6e-3)
    assert (np.sqrt(one.reduced_chi2), one.dof) == (pytest.approx(10.59, abs=6e-3), 20)
    # the treated alone: 212.7 and 0.0641, Bates and Watts, section 2.4
    assert list(two.sets["treated"].values.values()) == pytest.approx([212.7, 0.0641], rel=8e-4, abs=0.0)
    verdict = symgraph.compare(one, two)
    extra = (one.chi2 - two.chi2) / two.reduced_chi2
    assert (verdict.test, verdict.statistic) == ("F", pytest.approx(extra, rel=1e-12, abs=0.0))
    assert verdict.p_value == pytest.approx(f.sf(extra, 1, 19), rel=1e-12, abs=0.0)
    assert verdict.models == ("kinetics (km shared)", "kinetics (nothing shared)")


def test_names_of_weights_mean_one_data_set_or_all(decay: Any) -> None:
    start, bounds = {"amp": 3.0, "amp[low]": 2.0}, {"amp[high]": (None, 3.5), "amp": (0, 9)}
    result = symgraph.fit_together(runs(decay), start, shared="tau", fixed={"off": 0.1}, bounds=bounds)
    start = dict(zip(result.names, result.problem.start.tolist(), strict=True))
    assert start == {"tau": 1.0, "amp[low]": 2.0, "off[low]": 0.1, "amp[high]": 3.0, "off[high]": 0.1}
    assert result.states == ("", "", "fixed", "at bound", "fixed")
    assert result.sets["high"].states == ("at bound", "", "fixed")
    assert result.problem.lower.tolist() == [-np.inf, 0.0, -np.inf]
    fixed, bounds = ["off[low]", "off[high]"], {"amp[high]": (None, 3.5)}
    again = symgraph.fit_together(runs(decay), start, shared="tau", fixed=fixed, bounds=bounds)
    np.testing.assert_allclose(again.w, result.w, rtol=1e-9)


def test_a_data_set_has_its_output_its_bands_and_its_part_of_chi2_and_a_result_shows_all_and_travels(
    found: symgraph.FitResult, both: Any
) -> None:
    result, wanted = found, symgraph.fit(both, ROWS, ALL)
    assert list(result.sets) == ["low", "high"]
    assert sum(one.chi2 for one in result.sets.values()) == pytest.approx(result.chi2, rel=1e-12, abs=0.0)
    for number, one in enumerate(result.sets.values()):
        rows = slice(30 * number, 30 * number + 30)
        np.testing.assert_allclose(one.predict(T), wanted.predict(ROWS)[rows], rtol=SOLVED)
        for band in ("confidence_band", "prediction_band"):
            np.testing.assert_allclose(getattr(one, band)(T), np.array(getattr(wanted, band)(ROWS))[:, rows], rtol=SOLVED)
        assert (one.interval()["tau"], set(one.values)) == (result.interval()["tau"], {"amp", "tau", "off"})
        assert one.derived("amp*tau").stderr > 0
    from matplotlib.figure import Figure

    result, text = found, str(found)
    for part in ("decay (tau shared): converged by", "60 residuals, 5 free weights", "data set  model  rows", "amp[low]"):
        assert part in text
    told = json.loads(result.to_json())
    assert (told["sets"]["low"]["n"], told["weights"]["amp[high]"]["value"]) == (30, result.values["amp[high]"])
    again = pickle.loads(pickle.dumps(result))  # noqa: S301  our own bytes
    assert again.report() == text
    np.testing.assert_array_equal(again.sets["low"].predict(T), result.sets["low"].predict(T))
    upper, lower = result.plot(Figure().subplots(2, 1))
    assert upper.get_legend_handles_labels()[1] == ["low", "high"]
    assert (upper.get_ylabel(), lower.get_xlabel(), lower.get_ylabel()) == ("y", "x", "y - y_hat")


def test_a_bootstrap_draws_from_each_data_set(decay: Any) -> None:
    few = {"low": (decay, T[:4], RUNS["low"][:4]), "high": (decay, T, RUNS["high"])}
    result = symgraph.fit_together(few, shared="tau", fixed={"off": 0.1})
    weights = result.bootstrap(60, seed=2)
    # drawn from all rows at once, one sample in nine would have no row of the first run, and end without a weight for it
    assert len(weights) == 60
    np.testing.assert_array_equal(result.bootstrap(3, seed=2), weights[:3])
    free = result.stderr > 0
    np.testing.assert_allclose(weights.std(axis=0)[free][[0, 2]], result.stderr[free][[0, 2]], rtol=0.4)


def test_labels_may_be_what_groups_of_a_frame_are_called(decay: Any) -> None:
    import pandas as pd

    frame = pd.DataFrame({"x": np.tile(T, 2), "y": ALL, "run": np.repeat([0.5, 2.0], 30), "day": "a b"})
    result = symgraph.fit_together({key: (decay, one, one["y"]) for key, one in frame.groupby("run")}, shared="tau")
    assert (result.names[1], result.sets[2.0].values["amp"]) == ("amp[0.5]", result.values["amp[2.0]"])
    assert result.derived("amp[0.5]").value == result.values["amp[0.5]"]
    two = symgraph.fit_together({key: (decay, one, one["y"]) for key, one in frame.groupby(["run", "day"])}, shared="tau")
    total = two.values["tau"] + two.values["amp[0.5,a b]"]
    assert two.derived("tau + amp[0.5,a b]").value == pytest.approx(total, rel=1e-15, abs=0.0)


NAN = np.where(T[3] == T, np.nan, RUNS["low"])


def squares(model: symgraph.Model, x: Any, y: Any, k: Any, **robust: Any) -> None:
    model.residual(model.output("y_hat", k * x) - y, **robust)


def of_one(loss: Any = squares, **of_weight: Any) -> list[Any]:
    """A data set for a model with the weight k, whose best value is 2.6."""
    module = symgraph.compile(declared(loss, "k", **of_weight), extras=["hessian"], backend="numpy")
    return [(module, [1.0, 2.0], [3.0, 5.0])]


K = {"shared": "k"}


@pytest.mark.parametrize(("sets", "options", "error", "said"), [
    (lambda m: {}, {}, OptionError, "sets is empty"),
    (lambda m: 3, {}, OptionError, "sets must be a mapping or a sequence of data sets"),
    (lambda m: {"a": (m,)}, {}, OptionError, r"data set a must be \(module, X, y\), not a tuple of 1"),
    (lambda m: {"a": (m, T)}, {}, DataError, "data set a: y is missing; decay needs its target y"),
    (lambda m: ["abc"], {}, OptionError, r"data set 1 must be \(module, X, y\), not a str"),
    (lambda m: {1: (m, T, RUNS["low"]), "1": (m, T, RUNS["low"])}, {}, OptionError, "two data sets have the label 1"),
    (lambda m: {"a": (m, T, NAN)}, {}, DataError, "data set a: y is nan in row 3; leave that row out"),
    (lambda m: {"a": (m, T[:3], RUNS["low"])}, {}, DataError, "data set a: X has 3 rows and y has 30"),
    (runs, {"shared": "q"}, OptionError, "shared names 'q', which is no weight; there are amp, tau, off"),
    (runs, {"shared": ["tau", "tau"]}, OptionError, "shared names tau twice"),
    (runs, {"start": {"q": 1}}, WeightsError, r"start names 'q', which is no weight; there are tau, amp\[low\]"),
    (runs, {"start": {"amp[mid]": 1}}, WeightsError, r"start names 'amp\[mid\]', which is no weight"),
    (runs, {"start": [1, 2]}, WeightsError, r"start has shape \(2,\); decay \(tau shared\) needs \(5,\)"),
    (runs, {"start": {"amp": np.inf}}, WeightsError, r"start amp\[low\] must be a finite number"),
    (runs, {"start": {"tau": 0.0}}, WeightsError, "is nan at the start|not finite at the start"),
    (runs, {"fixed": ["amp", "tau", "off"]}, OptionError, "every weight of decay .* is fixed"),
    (runs, {"fixed": "q"}, WeightsError, "fixed names 'q'"),
    (runs, {"bounds": {"amp": (2, 1)}}, OptionError, r"bounds of amp\[low\] are 2 to 1"),
    (runs, {"bounds": {"amp": 2}}, OptionError, r"bounds of amp\[low\] must be a pair"),
    (runs, {"sigma": {"low": 1.0}}, OptionError, "sigma has low; give one for each of low, high"),
    (runs, {"sigma": [1.0]}, OptionError, "sigma has 1 parts for 2 data sets"),
    (runs, {"sigma": {"low": 1.0, "high": 0.0}}, DataError, "data set high: sigma is 0"),
    (runs, {"sigma": [np.ones(3), 1.0]}, DataError, r"data set low: sigma has shape \(3,\)"),
    (runs, {"absolute_sigma": True}, OptionError, "data set low: absolute_sigma says that sigma is known"),
    (runs, {"method": "newton"}, OptionError, "method must be one of auto, lm, trf, dogbox"),
    (runs, {"starts": 0}, OptionError, "starts"), (runs, {"seed": -1}, OptionError, "seed"),
    (lambda _: of_one() + of_one(lambda m, x, _, k: m.likelihood("poisson", mean=exp(k * x))), K, OptionError,
     "data set 1 has a sum of squares and data set 2 a likelihood; one fit needs losses of one kind"),
    (lambda _: of_one() + of_one(partial(squares, loss="cauchy")), K, OptionError,
     "data set 2 the robust loss cauchy of scale 1"),
    (lambda _: of_one(bounds=(0, 1), init=0.5) + of_one(bounds=(1, 2), init=1.5), K, OptionError,
     "the ranges of the shared weight k in its models exclude each other"),
    (lambda _: of_one(lambda m, x, y, k: (squares(m, x, y, k), m.penalty(0.1 * k**2))), K, OptionError,
     "data set 1: declared has a penalty, which a fit of several data sets does not take"),
    (lambda _: of_one(lambda m, x, y, k: (squares(m, x, y, k), m.constraint("least", 2 * k, 0.0))), K, OptionError,
     "data set 1: declared has constraints, which a fit of several data sets does not take"),
])  # fmt: skip
def test_what_cannot_be_fitted_is_refused(decay: Any, sets: Any, options: Any, error: type[SymgraphError], said: str) -> None:
    with pytest.raises(error, match=said):
        symgraph.fit_together(sets(decay), **({"shared": "tau"} | options))


def test_the_ranges_of_all_models_hold_for_a_shared_weight() -> None:
    result = symgraph.fit_together(of_one(bounds=(0, 3)) + of_one(bounds=(-1, 2)), shared="k")
    assert (result.values["k"], result.states) == (2.0, ("at bound",))


def test_what_belongs_to_one_data_set_or_to_all_is_refused_for_the_other(found: symgraph.FitResult) -> None:
    for ask in ("predict", "confidence_band", "prediction_band"):
        with pytest.raises(OptionError, match=rf"{ask} is that of one data set: result.sets.*{ask}.* one of 'low', 'high'"):
            getattr(found, ask)(T)
    for ask, given in (("profile", ["tau"]), ("rises", ["tau", [1.0]]), ("contour", ["tau", "amp"]), ("bootstrap", [3])):
        with pytest.raises(OptionError, match="takes all data sets; ask the result of fit_together"):
            getattr(found.sets["low"], ask)(*given)
    for expression, said in (
        ("amp/tau", "expression, column 1: amp is no weight; there are tau, amp"),
        ("tau*amp[mid]", r"expression, column 8: '\[' is not read"),
        ("amp[low](2)", r"expression, column 1: amp\[low\] is no function"),
        ("tau + (amp[low]", "expression, column 7: '\\(' was never closed"),
    ):
        with pytest.raises(SpecError, match=said):
            found.derived(expression)
