"""Reports: their text, their JSON, and that the worst point can be pasted."""

import json
import re

import numpy as np
import pytest
import sympy as sp
from judged import module_of
from matplotlib.figure import Figure
from written import written
from zoo import ZOO, nine_weights

from symgraph import Model
from symgraph.compiler.generate import generate
from symgraph.errors import OptionError
from symgraph.judge.digits import digits_lost
from symgraph.judge.judged_points import given, points
from symgraph.judge.judging import judge
from symgraph.judge.truth_report import COLUMNS, LEGEND, Report
from symgraph.options import AUTO, options_of
from symgraph.project.build.modules import load_artifact
from symgraph.runtime.care import UncertainDigitsWarning
from symgraph.show import plots


@pytest.fixture(scope="module")
def report() -> Report:
    model = ZOO["nine_weights"]()
    return judge(model, module_of(model), points(model, ("small weights", "normal"), n=16))


def test_the_text_has_a_row_for_every_result_and_the_worst_point(report: Report) -> None:
    lines = str(report).splitlines()
    assert lines[0] == "truth of nine_weights, float64: no faults at 16 points"
    assert re.split(r"  +", lines[1]) == list(COLUMNS)
    assert [line.split("  ")[0] for line in lines[2:22]] == [
        "loss", "output", *(f"grad w{i}" for i in range(1, 10)), *(f"jacobian w{i}" for i in range(1, 10)),
    ]  # fmt: skip
    assert sum(line.startswith("the bound, error <= 2.5 * kappa_graph ulp, was tried on ") for line in lines) == 1
    assert all(line.format(bound=report.bound()) in lines for line in LEGEND)
    assert lines[-2].startswith("worst: ")
    assert lines[-1].startswith("w = [")


def test_of_a_module_over_pairs_those_digits_die_that_were_seen_to() -> None:
    """The difference is u**4/2 to first order: at 1e-4, 16 digits below 1, and 24 at 1e-6, of which pairs leave 8."""
    model = Model("difference")
    u = model.weight("u", domain=(0, 1))
    model.loss(1 / (1 + u**2) - sp.exp(-(u**2)))
    careful = load_artifact(generate(model, options=options_of((), AUTO))[0])
    found = judge(model, careful, given(model, [{"u": 1e-4}]))
    with pytest.warns(UncertainDigitsWarning):
        lost = judge(model, careful, given(model, [{"u": 1e-6}]))
    assert str(found).splitlines()[0] == "truth of difference, float64: no faults at 1 points"
    assert re.search(r": [5-8]\.\d digits die where others remain at 1 points$", str(lost).splitlines()[0])
    assert "digits die here" not in str(lost)  # the worst point is named, with what was computed there
    plain = judge(model, module_of(model), given(model, [{"u": 1e-4}]))
    assert re.search(r"digits die|fault", str(plain).splitlines()[0])


def test_the_worst_point_reruns_from_its_text(report: Report) -> None:
    worst, scope = report.worst, {"np": np}
    exec(worst.literal, scope)
    module = module_of(ZOO["nine_weights"]())
    w, X, y = scope["w"], np.array([scope["X"]]), np.array([scope["y"]])
    again = {"loss": module.forward(w, X, y).loss[0], "output": module.predict(w, X)[0]}
    for kind, partials in (("grad", module.per_sample_grad(w, X, y)[0]), ("jacobian", module.jacobian(w, X)[0])):
        again |= {f"{kind} {weight}": partial for weight, partial in zip(module.WEIGHTS, partials, strict=True)}
    assert (again[worst.result], w[0]) == (worst.computed, worst.point["w1"])


def test_float32_points_are_pasted_as_float32() -> None:
    model = ZOO["line"]()
    found = judge(model, module_of(model), given(model, [dict.fromkeys("xaby", 0.1)]), dtype="float32")
    assert found.worst.literal == (
        "w = np.float32([0.10000000149011612, 0.10000000149011612]); X = np.float32([0.10000000149011612]); "
        "y = np.float32(0.10000000149011612)"
    )


def test_json_has_everything_but_the_samples(report: Report) -> None:
    document = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    loss = document["results"][0]
    assert (document["ok"], document["kinds"]) == (True, {"small weights": 8, "normal": 8})
    assert (loss["result"], loss["judged"], loss["nan"]) == ("loss", 16, 0)
    assert loss["worst"]["kappa_graph"] > 1
    assert set(loss["worst"]["point"]) == {"f1", "f2", "f3", "f4", "f5", "y", *(f"w{i}" for i in range(1, 10))}


def test_statistics_are_those_of_the_samples(report: Report) -> None:
    errors = report.samples.ulp[:, 0]
    loss = report.results[0]
    assert (loss.figures["median"], loss.figures["largest"]) == (np.median(errors), np.max(errors))
    assert loss.figures["worst_in"] == np.max(errors / (1 + report.samples.kappa_in[:, 0]))
    assert loss.figures["worst_bound"] == np.max(errors / (report.largest_ulp * report.samples.kappa_graph[:, 0]))


def test_a_plot_shows_every_error_against_its_condition_and_the_bound(report: Report) -> None:
    ax = plots.conditioning(report, Figure().subplots())
    *kinds, bound = ax.get_lines()
    drawn = np.concatenate([one.get_ydata() for one in kinds])
    known = report.samples.ulp[np.isfinite(report.samples.ulp)]
    assert np.sort(drawn) == pytest.approx(np.sort(np.maximum(known, 2.0**-6)))
    np.testing.assert_allclose(bound.get_ydata(), report.largest_ulp * bound.get_xdata())
    assert ax.get_legend().get_texts()[-1].get_text() == report.bound()


def test_a_histogram_shows_the_shares_of_errors_of_each_kind_of_result(report: Report) -> None:
    ax = plots.errors(report, Figure().subplots())
    kinds = [text.get_text() for text in ax.get_legend().get_texts()]
    of_loss = report.samples.ulp[np.isfinite(report.samples.ulp[:, 0]), 0]
    assert kinds[0] == f"loss ({len(of_loss):,})"
    for one in ax.patches:
        assert one.get_data().values.sum() == pytest.approx(1.0)
    values, edges, _ = ax.patches[0].get_data()
    assert values[edges[:-1] >= 1.0].sum() == pytest.approx((of_loss >= 1.0).mean())


def test_nothing_judged_is_not_plotted() -> None:
    model = ZOO["location"]()
    at = given(model, [{"price": 0.0, "mu": 0.0}])
    # the output is 0, so is the loss, and the derivative of the output by mu is 1
    assert judge(model, module_of(model), at).judged == 1
    report = judge(model, module_of(model, "scalar"), at)
    assert "nothing could be judged" in report.verdict()
    for plot in (plots.conditioning, plots.errors):
        with pytest.raises(OptionError, match="nothing to plot"):
            plot(report)


def test_the_result_at_which_digits_die_is_named_with_its_node_and_point() -> None:
    """1 + u rounds, and the difference of it and 1 enlarges that error by 1/u; SymPy sees no difference through the node."""
    model = written(lambda m, x, a: a * (m.node("shifted", 1 + x) - 1))
    module, dying = module_of(model), {"x": 2.0**-40 / 3, "a": 3.0}
    found = judge(model, module, given(model, [dying, {"x": 0.5, "a": 3.0}]))
    assert found.ok, str(found)  # a warning: the bound is kept
    assert found.verdict().endswith(": 12.2 digits die where others remain at 2 points")  # log10 of 3.3e12/2
    assert (found.digits.where, found.digits.kappa_in, found.digits.point["x"]) == ("node shifted", 1, dying["x"])
    lines = str(found).splitlines()
    place = next(place for place, line in enumerate(lines) if line.startswith("digits die here: kappa_graph 3.3e+12 against"))
    assert "kappa_in 1: jacobian a, by rounding in node shifted (given)" in lines[place]
    assert lines[place + 1] == "w = [3.0]; X = [3.0316490059097606e-13]"
    assert "digits die here" not in str(judge(model, module, given(model, [{"x": 0.5, "a": 3.0}])))
    # a build may ask for the digits lost alone
    lost = digits_lost(model, given(model, [{"x": 0.5, "a": 3.0}, dying]))
    assert (lost.node, lost.kappa_in, lost.point["x"]) == ("node shifted", pytest.approx(1), dying["x"])
    assert lost.kappa_graph > 1e12
    assert digits_lost(model, given(model, [{"x": 0.0, "a": 0.0}])) is None


def cancelling(large: float) -> Model:
    """A model that adds a large number and takes it away again, in two nodes, so that SymPy does not see it."""
    number = sp.Float(large)
    return written(lambda m, x, a, y: (y - m.output("out", m.node("shifted", a * x + number) - number)) ** 2, "loss")


def test_a_node_whose_rounding_is_all_that_is_left_is_named_with_a_point() -> None:
    large = digits_lost(cancelling(1e8))
    assert (large.result in ("output", "loss", "grad a", "residual"), large.node) == (True, "node shifted")
    # the search finds an a*x that is as small beside 1e8 as a double has digits, which the smallest inputs, 1e-12, allow
    assert large.digits > 15
    assert str(large).count(" = ") == 3  # x, a and y, to be pasted


def test_a_sound_model_loses_a_digit_or_two_and_no_point_is_named() -> None:
    found = digits_lost(nine_weights())
    assert found.kappa_graph < 100 * (1 + found.kappa_in)
    assert " = " not in str(found)
