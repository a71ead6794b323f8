"""Fits speak of the natural values of weights that ``positive`` and ``unit_interval`` declare."""

from typing import Any

import numpy as np
import pytest
import sympy
from curves import compiled

import symgraph
from symgraph.data.weights import load_weights, save_weights
from symgraph.errors import OptionError, WeightsError
from symgraph.runtime.natural import transformed_back
from symgraph.show import plots
from symgraph.use.training import Recorder, doubts, train

X = np.linspace(0.0, 4.0, 40)
Y = 3.0 * np.exp(-0.7 * X) + 0.25 + 0.02 * np.cos(9.0 * X)


@pytest.fixture(scope="module")
def module() -> Any:
    model = symgraph.Model("decay")
    x, y = model.feature("x"), model.target("y")
    a, k, q = model.weight("a", init=1.0), model.positive("k", init=0.5), model.unit_interval("q", init=0.4)
    model.residual(model.output("y_hat", a * sympy.exp(-k * x) + q) - y)
    return symgraph.compile(model, backend="numpy")


@pytest.fixture(scope="module")
def found(module: Any) -> symgraph.FitResult:
    return symgraph.fit(module, X, Y)


def test_values_errors_and_correlations_are_those_of_a_fit_without_transforms(found: symgraph.FitResult) -> None:
    plain = symgraph.fit(compiled("y ~ a*exp(-k*x) + q"), X, Y)
    assert found.names == ("a", "k", "q")
    # two searches end within the rounding of the weights; the delta method of a monotone function is exact at the minimum
    assert found.values == pytest.approx(plain.values, rel=1e-7, abs=0.0)
    assert found.errors == pytest.approx(plain.errors, rel=1e-5, abs=0.0)
    np.testing.assert_allclose(found.covariance, plain.covariance, rtol=1e-4)
    np.testing.assert_allclose(found.correlations, plain.correlations, rtol=1e-4)
    np.testing.assert_allclose(found.stderr, np.sqrt(np.diag(found.covariance)), rtol=1e-14)
    assert found.profile("k") == pytest.approx(plain.profile("k"), rel=1e-4, abs=0.0)
    values = plain.values["k"] * np.array([0.95, 1.05])
    np.testing.assert_allclose(found.rises("k", values), plain.rises("k", values), rtol=1e-4)
    # points along other directions of the same border
    border = found.contour("k", "q", points=4)
    np.testing.assert_allclose(np.ptp(border, axis=0), np.ptp(plain.contour("k", "q", points=4), axis=0), rtol=0.05)
    np.testing.assert_allclose(found.confidence_band(X), plain.confidence_band(X), rtol=1e-6)
    assert found.derived("1/k").stderr == pytest.approx(plain.derived("1/k").stderr, rel=1e-5, abs=0.0)


def test_what_is_derived_may_name_the_weights_that_are_searched(found: symgraph.FitResult) -> None:
    k, q = found.values["k"], found.values["q"]
    assert found.derived("log_k").value == pytest.approx(np.log(k), rel=1e-12, abs=0.0)
    assert found.derived("logit_q").value == pytest.approx(np.log(q / (1.0 - q)), rel=1e-12, abs=0.0)
    told = [found.report(), repr(found), found._repr_html_(), found.to_json(), str(found.interval()), str(found.nodes)]
    assert not [text for text in told if "log_k" in text or "logit_q" in text]
    pytest.importorskip("pandas")
    assert list(found.to_frame().index) == ["a", "k", "q"]


def test_intervals_lie_within_the_range_of_the_transform_and_starts_bounds_and_fixed_values_are_natural(module: Any) -> None:
    few = symgraph.fit(module, X[::7], Y[::7] + 0.1 * np.array([1, -1, -1, 1, 1, -1]))
    ends = few.interval(0.999)
    assert 0.0 <= ends["k"][0] < few.values["k"] < ends["k"][1]
    assert 0.0 <= ends["q"][0] < few.values["q"] < ends["q"][1] <= 1.0
    found = symgraph.fit(module, X, Y, {"k": 0.2}, bounds={"k": (0.1, 0.3)}, fixed={"q": 0.25})
    assert (found.values["k"], found.values["q"], found.states) == (0.3, 0.25, ("", "at bound", "fixed"))
    assert symgraph.fit(module, X, Y, bounds={"k": (0, None), "q": (0, 1)}).problem.is_bounded is False
    start = symgraph.fit(module, X, Y, {"a": 1.0, "log_k": np.log(0.2), "q": 0.3}).problem.start
    np.testing.assert_allclose(start, [1.0, np.log(0.2), np.log(0.3 / 0.7)], rtol=1e-15)


@pytest.mark.parametrize(("given", "says"), [
    ({"start": {"k": -1.0}}, "start has k = -1; k is above 0"),
    ({"fixed": {"q": 1.5}}, r"fixed has q = 1.5; q is within \(0, 1\)"),
    ({"bounds": {"k": (-2, -1)}}, "bounds of k are -2 to -1; k is above 0"),
    ({"bounds": {"k": (2, 1)}}, "bounds of k are 2 to 1; the lower must be below the upper"),
    ({"bounds": {"k": 3}}, "bounds of k must be a pair"), ({"start": {"kk": 1.0}}, "there are a, k, q; did you mean k"),
    ({"start": {"k": 1.0, "log_k": 0.0}}, "which are one weight; give k"), ({"start": {"q": 1.0}}, "start has q = 1; q is"),
    ({"start": {"k": 0.0}}, "start has k = 0; k is"), ({"start": {"k": "much"}}, "start k must be a finite number, not 'much'"),
    ({"start": {"k": 5.0}, "bounds": {"k": (0, 2)}}, "start has k = 5, which is not within its bounds 0 to 2"),
])  # fmt: skip
def test_what_cannot_be_is_refused_by_its_natural_name(module: Any, given: dict[str, Any], says: str) -> None:
    with pytest.raises((OptionError, WeightsError), match=says):
        symgraph.fit(module, X, Y, **given)


def test_a_bootstrap_and_data_sets_fitted_together_have_natural_values(module: Any, found: symgraph.FitResult) -> None:
    np.testing.assert_allclose(np.median(found.bootstrap(5), axis=0), found.natural_values, rtol=0.2)
    both = symgraph.fit_together(
        {"A": (module, X, Y), "B": (module, X, Y)}, {"q": 0.3}, shared="k", fixed=("q",), bounds={"a": (0, 9)}
    )
    assert both.names == ("k", "a[A]", "q[A]", "a[B]", "q[B]")
    assert both.values["q[B]"] == both.sets["B"].values["q"] == 0.3
    assert both.sets["A"].errors["k"] == both.errors["k"]


def test_steps_of_rk4_and_the_total_of_a_simplex_are_no_results() -> None:
    model = symgraph.Model("steps")
    x, y, k = model.feature("x"), model.target("y"), model.positive("k", init=0.7)
    (end,) = model.rk4(lambda state, _: (-k * state[0],), {"s": 1}, (0, 1), 2)
    first, _ = model.simplex("p", 2)
    model.node("twice", 2 * k)
    model.residual(model.output("y_hat", end * x + first) - y)
    result = symgraph.fit(symgraph.compile(model, backend="numpy"), X, 0.5 * X + 0.4)
    assert set(result.nodes) == {"twice", "p1", "p2"}
    assert result.derived("s_2").value == pytest.approx(0.5, rel=1e-3, abs=0.0)  # it can be asked for


def test_weights_go_by_natural_names_in_modules_and_files(module: Any, found: symgraph.FitResult, tmp_path: Any) -> None:
    assert module.unpack(found.w) == found.values
    np.testing.assert_allclose(module.pack(found.values), found.w, rtol=1e-13, atol=1e-15)
    assert module.loss(found.values, X, Y) == pytest.approx(module.loss(found.w, X, Y), rel=1e-12, abs=0.0)
    with pytest.raises(ValueError, match=r"missing \['k'\], unknown \['kk'\]; did you mean k"):
        module.pack({"a": 1.0, "kk": 2.0, "q": 0.5})
    for w in (found.w, found.w.astype(np.float32), np.array([1.0, 1e-9, -800.0])):
        save_weights(tmp_path / "w.json", module, w)
        again = load_weights(tmp_path / "w.json", module)
        assert (again.dtype, again.tobytes()) == (w.dtype, w.tobytes())


def test_an_edited_file_of_weights_counts_as_it_stands_there(module: Any, tmp_path: Any) -> None:
    path = tmp_path / "w.json"
    save_weights(path, module, np.array([1.0, np.log(2.0), 0.0]))
    path.write_text(path.read_text().replace('"k": 2.0', '"k": 3.0'))
    np.testing.assert_array_equal(load_weights(path, module), [1.0, np.log(3.0), 0.0])
    path.write_text(path.read_text().replace('"k": 3.0', '"k": -3.0'))
    with pytest.raises(WeightsError, match="k = -3; k is above 0"):
        load_weights(path, module)


def test_training_and_plots_speak_of_natural_values_too(module: Any, found: symgraph.FitResult) -> None:
    pytest.importorskip("matplotlib").use("Agg")
    recorder = Recorder()
    result = train(module, X, Y, optimizer="adam", epochs=2, w0={"a": 1.0, "k": 0.5, "q": 0.4}, seed=0, callbacks=[recorder])
    assert recorder.weights[0].tolist() == [1.0, np.log(0.5), float(transformed_back("sigmoid", 0.4))]
    assert "log_k" not in " ".join(doubts(module, X, Y, result))
    ax = plots.loss_surface(module, X, Y, recorder, ("a", "k"))
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_lines()[0].get_ydata()[0]) == ("a", "k", 0.5)
    ax, (low, high) = found.plot_profile("k", points=5), found.profile("k")
    x = ax.get_lines()[0].get_xdata()
    assert (x[0] < low, x[-1] > high, ax.get_xlabel()) == (True, True, "k")
