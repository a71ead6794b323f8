"""Plots of fits take and return Axes, and show the numbers of the fit."""

from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

import symgraph
from symgraph.errors import OptionError, WeightsError
from symgraph.show import plots

X = np.linspace(0.0, 3.0, 20)
Y = 2.0 * np.exp(-X) + 0.3 + 0.05 * np.sin(40.0 * X)


@pytest.fixture(autouse=True)
def pyplot() -> Any:
    mpl.use("Agg")
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")


@pytest.fixture(scope="module")
def decay() -> symgraph.FitResult:
    return symgraph.fit(symgraph.Model.from_formula("y ~ a*exp(-k*x) + c", ("x", "y"), name="decay"), X, Y, sigma=0.05)


def test_a_fit_is_drawn_into_two_axes_and_fit_and_residuals_are_also_plots_of_their_own(
    decay: symgraph.FitResult, pyplot: Any
) -> None:
    given = pyplot.subplots(2, 1)[1]
    upper, lower = decay.plot(given)
    assert (upper, lower) == tuple(given)
    curve = upper.get_lines()[0]
    level, points = lower.get_lines()
    assert set(level.get_ydata()) == {0.0}
    np.testing.assert_allclose(curve.get_ydata(), decay.predict(curve.get_xdata()))
    np.testing.assert_allclose(points.get_ydata(), Y - decay.predict(X))
    assert len(upper.collections) == 2  # the band, and bars of sigma
    assert len(decay.plot()) == 2
    with pytest.raises(OptionError, match="axes must be two Axes"):
        decay.plot(upper)
    for plot in (plots.fit, plots.residuals):
        given = pyplot.subplots()[1]
        assert plot(decay, given) is given
        assert plot(decay) is not given
    with pytest.raises(OptionError, match="ax must be an Axes of Matplotlib, not str"):
        plots.fit(decay, "upper")


def test_columns_in_backquotes_are_called_as_in_the_data() -> None:
    result = symgraph.fit(symgraph.Model.from_formula("log(`signal/mV`) ~ a - k*`time (s)`", ("time (s)", "signal/mV")), X, Y)
    upper, lower = result.plot()
    assert (upper.get_ylabel(), lower.get_xlabel()) == ("log(signal/mV)", "time (s)")
    assert lower.get_ylabel() == "observed\n- predicted"
    assert upper.get_legend_handles_labels()[1][1:] == ["signal/mV_hat", "log(signal/mV)"]


def test_no_text_of_a_plot_of_long_names_is_cut() -> None:
    rate, time = "measured_rate_of_disappearance_of_reactant_A", "time_since_the_valve_of_the_reactor_was_opened"
    weights = "a_first_amplitude_with_a_name_that_is_long", "and_a_rate_constant_whose_name_is_longer_still"
    result = symgraph.fit(symgraph.Model.from_formula(f"{rate} ~ {weights[0]}*exp(-{weights[1]}*{time})", (time, rate)), X, Y)
    for plot in (plots.fit, plots.residuals, plots.correlation):
        figure = Figure(figsize=(5.6, 3.9), layout="constrained")
        ax = plot(result, figure.subplots())
        figure.draw_without_rendering()
        x0, y0, x1, y1 = figure.bbox.extents
        ticks, words = [*ax.get_xticklabels(), *ax.get_yticklabels()], [ax.xaxis.label, ax.yaxis.label, ax.get_legend()]
        for text in filter(None, ticks if plot is plots.correlation else words):
            box = text.get_window_extent()
            assert x0 <= box.x0 <= box.x1 <= x1, text
            assert y0 <= box.y0 <= box.y1 <= y1, text


def test_a_profile_is_drawn_with_its_ends_and_threshold_or_one_side_and_correlations_as_a_matrix(
    decay: symgraph.FitResult, pyplot: Any
) -> None:
    given = pyplot.subplots()[1]
    axes = decay.plot_profile("k", given, points=9)
    assert axes is given
    profile, parabola, *lines = axes.get_lines()
    values = profile.get_xdata()
    np.testing.assert_allclose(parabola.get_ydata(), ((values - decay.values["k"]) / decay.errors["k"]) ** 2)
    assert [line.get_xdata()[0] for line in lines[1:]] == pytest.approx(decay.profile("k"))
    np.testing.assert_allclose(profile.get_ydata(), decay.rises("k", values))
    assert values[0] < decay.profile("k")[0] < decay.profile("k")[1] < values[-1]
    with pytest.raises(WeightsError, match="no weight"):
        decay.plot_profile("q")
    result = symgraph.fit(decay.problem.module, X, Y, bounds={"c": (0.5, None)})
    values = result.plot_profile("c", points=5).get_lines()[0].get_xdata()
    assert values[0] == 0.5
    assert values[-1] > result.profile("c")[1]
    given = pyplot.subplots()[1]
    assert decay.plot_correlation(given) is given
    np.testing.assert_allclose(given.images[0].get_array(), decay.correlations)
    assert [text.get_text() for text in given.get_xticklabels()] == list(decay.names)
    assert [text.get_text() for text in given.texts][:2] == ["1.00", f"{decay.correlations[0, 1]:.2f}"]
    held = symgraph.fit(decay.problem.module, X, Y, fixed={"c": 0.3}).plot_correlation()
    assert len(held.texts) == 4  # a fixed weight has no correlation
