"""gradcheck's arguments, its report, and the differences it rests on."""

import json
import math
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from built import verified
from handmade import module
from sympy import exp

import symgraph
from symgraph import Model
from symgraph.errors import DataError, OptionError, WeightsError
from symgraph.judge.differences import gradcheck
from symgraph.judge.differences.drawing import KINDS, SCALES, inside
from symgraph.judge.differences.quotients import differentiate, look
from symgraph.project.native.loading import load

NINE_WEIGHTS = load(Path(__file__).parent.parent.parent / "data" / "modules" / "nine_weights.py", backend="numpy")


def _slope_model(slope: Any = 1.0, **options: Any) -> Any:
    return module("a", features="x", loss=lambda w, X, _y: w[0] * X[0], partials=lambda _w, X, _y: (slope * X[0],), **options)


def test_the_same_seed_gives_the_same_report_another_one_other_points_and_given_weights_are_the_only_point() -> None:
    first, again, other = (gradcheck(NINE_WEIGHTS, points=2, rows=5, seed=seed) for seed in (1, 1, 2))
    assert first.to_dict() == again.to_dict()
    assert first.points != other.points
    assert (len(first.points), {weight.entries for weight in first.weights}) == (2, {10})
    assert {len(set(point)) for point in first.points + other.points} == {9}  # weights are never drawn equal
    w = np.linspace(0.1, 0.9, 9)
    report, by_name = (gradcheck(NINE_WEIGHTS, w=one) for one in (w, dict(zip(NINE_WEIGHTS.WEIGHTS, w, strict=True))))
    assert report.points == (tuple(w.tolist()),)
    assert repr(by_name) == repr(report)  # NaN, where nothing was judged, is not equal to itself


def test_given_rows_are_used_and_the_worst_one_is_named_by_its_index() -> None:
    def partials(_w: Any, X: Any, _y: Any) -> Any:
        return (np.where(X[0] == 7.0, 8.0, X[0]),)

    faulty = module("a", features="x", loss=lambda w, X, _y: w[0] * X[0], partials=partials)
    x = np.arange(1.0, 13.0)
    for X in (x, x[:, None]):
        worst = gradcheck(faulty, X, rows=12).weights[0]
        assert (worst.verdict, worst.row, worst.analytic, worst.entries) == ("failed", 6, 8.0, 48)
        assert worst.numeric == pytest.approx(7.0, rel=1e-9, abs=0.0)  # an exact slope; rounding of differences alone
        assert worst.worst == pytest.approx(1 / 8, rel=1e-6, abs=0.0)


def test_rows_at_which_the_loss_is_not_finite_are_passed_over() -> None:
    report = gradcheck(_slope_model(), [np.nan, 1.0, np.inf, 2.0], w=[1.0])
    assert report.verdict == "passed"
    assert report.weights[0].entries == 2


@pytest.mark.parametrize(
    "domain", [(5.0, 6.0), (0.0, math.inf), (1e6, math.inf), (-math.inf, -1e6), (2e3, 5e3), (-1e9, 1e9), (-math.inf, math.inf)]
)
def test_what_any_law_draws_lies_in_the_domain(domain: tuple[float, float]) -> None:
    draw, weight = random.Random(0), SimpleNamespace(domain=domain, range=domain, kind="weight", values=None)
    for law in (*KINDS.values(), *SCALES.values()):
        assert all(domain[0] <= inside(law, draw, weight) <= domain[1] for _ in range(50))


def test_declared_domains_are_where_points_lie() -> None:
    seen: list[Any] = []

    def loss(w: Any, X: Any, _y: Any) -> Any:
        seen.append(X[0])
        return w[0] * X[0]

    domains = {"a": (5.0, 6.0), "x": (-3.0, -2.0)}
    report = gradcheck(module("a", features="x", loss=loss, partials=lambda _w, X, _y: (X[0],), domains=domains))
    assert all(5.0 < point[0] < 6.0 for point in report.points)
    assert all(np.min(x) > -3.0 and np.max(x) < -2.0 for x in seen)


def test_constants_are_drawn_too_since_a_weight_may_count_at_other_values_alone() -> None:
    model = Model("arrhenius")
    x, y, T = model.feature("x"), model.target("y"), model.constant("T", 350, domain=(300, 400))
    k, energy = model.weights("k energy", domain=(0.5, 2))
    model.loss((y - model.output("rate", k * x * exp(-energy * (T / 350 - 1)))) ** 2)
    for backend in ("numpy", "native", "scalar"):
        assert gradcheck(verified(model, backend), points=1).verdict == "passed"


def test_the_report_prints_a_line_a_weight_and_a_line_a_failed_function() -> None:
    passed = str(gradcheck(NINE_WEIGHTS)).splitlines()
    assert passed[0] == "gradient check of nine_weights: passed (9 of 9 weights judged, 4 points, seed 0)"
    assert [line.split()[:2] for line in passed[1:]] == [[f"w{i}", "ok"] for i in range(1, 10)]
    blind = module("a", loss=lambda w, _X, _y: 0.0 * w[0], partials=lambda *_: (0.0,))
    nothing = "nothing judged (0 of 1 weights judged", "no partial could be told from zero or noise"
    for checked, said in ((_slope_model(slope=1.5), ("a  failed", "at point")), (blind, nothing)):
        assert all(words in str(gradcheck(checked)) for words in said)


def test_the_report_becomes_json_without_numbers_that_json_lacks() -> None:
    never = module("a", loss=lambda *_: math.nan, partials=lambda *_: (0.0,))
    for checked in (NINE_WEIGHTS, _slope_model(slope=math.nan), never):
        report = gradcheck(checked, points=1)
        document = json.loads(json.dumps(report.to_dict(), allow_nan=False))
        assert document["verdict"] == report.verdict
        assert [weight["weight"] for weight in document["weights"]] == list(checked.WEIGHTS)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.ones((4, 5)), None, "y is missing; nine_weights needs its target"),
        (None, np.ones(4), "X is missing; nine_weights needs "),
        (np.ones((4, 4)), np.ones(4), r"X has shape \(4, 4\); nine_weights needs \(n, 5\): f1, f2, f3, f4, f5"),
        (np.ones(5), np.ones(4), r"X has shape \(5,\)"),
        (np.ones((4, 5)), np.ones(3), "X has 4 rows and y has 3"),
        (np.ones((4, 5)), np.ones((4, 1)), r"y has shape \(4, 1\)"),
        (np.ones((0, 5)), np.ones(0), "no rows"),
    ],
)
def test_data_that_do_not_fit_are_refused(X: Any, y: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        gradcheck(NINE_WEIGHTS, X, y)


def test_models_weights_and_numbers_that_do_not_fit_are_refused() -> None:
    for option, value in (("points", 0), ("points", 2.5), ("rows", 0), ("rows", None), ("singles", -1)):
        with pytest.raises(OptionError, match=rf"{option} must be a whole number of at least 1\b.*, not {value}"):
            gradcheck(NINE_WEIGHTS, **{option: value})
    with pytest.raises(OptionError, match="neither a loss nor an output"):
        gradcheck(module("a"))
    with pytest.raises(DataError, match="handmade has no target"):
        gradcheck(_slope_model(), [1.0], [1.0])
    for w in (np.ones(8), np.ones((9, 1)), np.full(9, np.nan)):
        with pytest.raises(WeightsError, match=r"w has shape .* nine_weights needs \(9,\): w1, w2|w has w1 = nan"):
            gradcheck(NINE_WEIGHTS, w=w)


def test_a_target_that_no_loss_reads_may_be_missing() -> None:
    model = symgraph.Model("line")
    x, (a, b), _ = model.feature("x"), model.weights("a b"), model.target("y")
    model.output("v", a * x + b)
    module = symgraph.compile(model, backend="numpy")
    for y in (None, np.ones(9)):
        assert gradcheck(module, np.linspace(1.0, 2.0, 9), y, points=1).verdict == "passed"


# The differences.

SMOOTH = {
    "exp": (np.exp, np.exp), "sin": (np.sin, np.cos), "logarithm": (np.log, lambda x: 1 / x),
    "cube": (lambda x: x**3, lambda x: 3 * x**2), "reciprocal": (lambda x: 1 / x, lambda x: -1 / x**2),
}  # fmt: skip


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("x", [0.3, 1.0, 2.7, 40.0])
def test_extrapolated_differences_are_right_to_nine_digits_and_know_their_error(name: str, x: float) -> None:
    f, derivative = SMOOTH[name]
    rows = lambda at: np.array([f(at), 2.0 * f(at)])  # noqa: E731
    truth, close = np.array([derivative(x), 2.0 * derivative(x)]), look(rows, x, x)
    for step, how in ((0.11 * x, {}), (0.11 * x, {"one_sided": True}), (-0.11 * x, {"one_sided": True})):
        estimate = differentiate(rows, x, step, close, **how)
        # truncation after extrapolation is below 1e-10 of f / x here, and rounding of f / h below 1e-12 of it
        np.testing.assert_allclose(estimate.value, truth, rtol=1e-9, atol=1e-9 * abs(f(x) / x))
        # the safety factor with which gradcheck uses the estimate
        assert (np.abs(estimate.value - truth) <= 10.0 * estimate.error + 1e-15 * np.abs(truth)).all()


def test_each_row_has_its_own_estimate_and_one_that_is_not_finite_has_none() -> None:
    rows = lambda x: np.array([x**2, np.nan, np.exp(30.0 * x)])  # noqa: E731
    estimate = differentiate(rows, 1.0, 0.11, look(rows, 1.0, 1.0))
    # the third is steep: f''' is 2.7e4 f
    np.testing.assert_allclose(estimate.value[[0, 2]], [2.0, 30.0 * np.exp(30.0)], rtol=1e-7)
    assert estimate.error[1] == np.inf


def test_blur_is_the_noise_that_was_put_in() -> None:
    rng = np.random.default_rng(0)
    for deviation in (1e-12, 1e-9):
        rows = lambda x, s=deviation: 1.0 + x + s * rng.normal(size=1000)  # noqa: E731
        blur = look(rows, 1.0, 1.0).blur
        # the largest of six fourth differences of normal noise: 1.5 deviations in the median
        assert 0.7 * deviation < np.median(blur) < 3.0 * deviation
