"""gradcheck on models that are odd in one way each: it raises no false alarm, and says what it could not judge."""

from typing import Any

import numpy as np
import pytest
from handmade import module
from numpy import abs as absolute
from numpy import cos, cosh, exp, float32, log, maximum, sign, sin, sqrt, tanh, where

from symgraph.judge.differences import GradcheckReport, gradcheck

pytestmark = pytest.mark.slow


def _reports(checked: Any, seeds: int = 6) -> list[GradcheckReport]:
    return [gradcheck(checked, seed=seed) for seed in range(seeds)]


def _of(loss: Any, *partials: Any, weights: str = "a", **options: Any) -> Any:
    """A model of one feature x without target; formulas take (a, x) or (a, b, x)."""
    return module(
        weights,
        features="x",
        loss=lambda w, X, _y: loss(*w, X[0]),
        partials=lambda w, X, _y: [partial(*w, X[0]) for partial in partials],
        **options,
    )


def _fitted(loss: Any, partials: Any, weights: str = "a b", **options: Any) -> Any:
    """A model of one feature and a target; formulas take the weights, x and y, partials are given all at once."""
    of_rows = {"loss": lambda w, X, y: loss(*w, X[0], y), "partials": lambda w, X, y: partials(*w, X[0], y)}
    return module(weights, features="x", target="y", **of_rows, **options)


def _line(scale: float, offset: float) -> Any:
    """offset + scale * (y - a x - b)**2"""
    return _fitted(
        lambda a, b, x, y: offset + scale * (y - a * x - b) ** 2,
        lambda a, b, x, y: (-2 * scale * (y - a * x - b) * x, -2 * scale * (y - a * x - b)),
    )


def _relu_net() -> Any:
    def partials(a: Any, b: Any, c: Any, x: Any, y: Any) -> Any:
        hidden, alive = maximum(a * x + b, 0.0), where(a * x + b > 0, 1.0, 0.0)
        r = -2 * (y - c * hidden)
        return r * c * alive * x, r * c * alive, r * hidden

    return _fitted(lambda a, b, c, x, y: (y - c * maximum(a * x + b, 0.0)) ** 2, partials, weights="a b c")


def _misra() -> Any:
    """b1 (1 - exp(-b2 x)) at its natural size: weights near 500 and 1e-4, x in the hundreds (NIST's Misra1a has this form)."""

    def partials(b1: Any, b2: Any, x: Any, y: Any) -> Any:
        decay = exp(-b2 * x)
        r = -2 * (y - b1 * (1 - decay))
        return r * (1 - decay), r * b1 * x * decay

    natural = {"start": (500.0, 1e-4), "domains": {"x": (70.0, 770.0)}}
    return _fitted(lambda b1, b2, x, y: (y - b1 * (1 - exp(-b2 * x))) ** 2, partials, **natural)


def _single_precision() -> Any:
    def residual(a: Any, b: Any, x: Any, y: Any) -> Any:
        return np.asarray(y, float32) - float32(a) * x.astype(float32) - float32(b)

    return _fitted(
        lambda *given: residual(*given) ** 2,
        lambda a, b, x, y: (-2 * residual(a, b, x, y) * x.astype(float32), -2 * residual(a, b, x, y)),
    )


def _exponentials(w: Any, X: Any, _: Any) -> Any:
    return exp(w[1] * X[0]), w[0] * X[0] * exp(w[1] * X[0])


# Models that are right and can be judged throughout.
SOUND: dict[str, Any] = {
    "relu": _relu_net(),
    "absolute error": _fitted(
        lambda a, b, x, y: absolute(y - a * x - b), lambda a, b, x, y: (-sign(y - a * x - b) * x, -sign(y - a * x - b))
    ),
    "steep": _of(lambda a, x: exp(50 * a * x), lambda a, x: 50 * x * exp(50 * a * x)),
    "steeper": _of(lambda a, x: exp(500 * a * x), lambda a, x: 500 * x * exp(500 * a * x)),
    "high power": _of(lambda a, x: (a * x) ** 51, lambda a, x: 51 * x * (a * x) ** 50),
    "fast": _of(lambda a, x: sin(1000 * a * x), lambda a, x: 1000 * x * cos(1000 * a * x)),
    "ripple": _of(lambda a, x: a**2 + 1e-3 * sin(1000 * a * x), lambda a, x: 2 * a + x * cos(1000 * a * x)),
    "saw": _of(lambda a, x: absolute((a * x * 1e3) % 2 - 1), lambda a, x: sign((a * x * 1e3) % 2 - 1) * 1e3 * x),
    "jump": _of(lambda a, x: where(a > x, a**2, a * x + 5), lambda a, x: where(a > x, 2 * a, x)),
    "maximum": _of(
        lambda a, b, x: maximum(a * x, b), lambda a, b, x: x * (a * x > b), lambda a, b, x: a * x <= b, weights="a b"
    ),
    "pole": _of(lambda a, x: 1 / (a - x), lambda a, x: -1 / (a - x) ** 2),
    "close to the pole": _of(
        lambda a, x: 1 / (a - x), lambda a, x: -1 / (a - x) ** 2, domains={"a": (1.0, 1.001), "x": (1.0, 1.001)}
    ),
    "root": _of(lambda a, x: sqrt(a - x), lambda a, x: 0.5 / sqrt(a - x)),
    "root of magnitude": _of(lambda a, x: sqrt(absolute(a - x)), lambda a, x: 0.5 * sign(a - x) / sqrt(absolute(a - x))),
    "logarithms": _of(
        lambda a, b, x: log(a) * log(b + x), lambda a, b, x: log(b + x) / a, lambda a, b, x: log(a) / (b + x), weights="a b"
    ),
    "half-open domain": _of(lambda a, x: log(a - 1e6) * x, lambda a, x: x / (a - 1e6), domains={"a": (1e6, np.inf)}),
    "tiny": _line(1e-12, 0.0),
    "offset 1e8": _line(1.0, 1e8),
    "huge": _of(lambda a, x: 1e300 * (a * x) ** 2, lambda a, x: 2e300 * a * x**2),
    "denormal": _of(lambda a, x: 1e-310 * (a * x) ** 2, lambda a, x: 2e-310 * a * x**2),
    "natural size": _misra(),
    "single precision inside": _single_precision(),
    "no features": module(
        "a b",
        loss=lambda w, _X, _y: (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2,
        partials=lambda w, _X, _y: (-2 * (1 - w[0]) - 400 * w[0] * (w[1] - w[0] ** 2), 200 * (w[1] - w[0] ** 2)),
    ),
    "target alone": module(
        "a", target="y", loss=lambda w, _X, y: (y - w[0]) ** 2, partials=lambda w, _X, y: (-2 * (y - w[0]),)
    ),
    "no loss": module("a b", features="x", output=lambda w, X, _: w[0] * exp(w[1] * X[0]), jacobian=_exponentials),
    "started at zero": _of(
        lambda a, b, x: a * b * x, lambda _a, b, x: b * x, lambda a, _b, x: a * x, weights="a b", start=(0.0, 0.0)
    ),
}

# Models that are right but where a fault of the named weights would go unseen, each with the reason.
BLIND: dict[str, tuple[str, Any]] = {
    "saturated": (
        "a",
        _of(lambda a, b, x: tanh(100 + a * x) + b, lambda a, _b, x: x / cosh(100 + a * x) ** 2, lambda *_: 1.0, weights="a b"),
    ),
    "step": (
        "a",
        _of(lambda a, b, x: where(a * x > 0.3, b, 0.0), lambda *_: 0.0, lambda a, _b, x: 1.0 * (a * x > 0.3), weights="a b"),
    ),
    "stairs": ("a", _of(lambda a, x: np.round(a * 1e4) + x, lambda *_: 0.0)),
    "fine stairs": ("a", _of(lambda a, x: np.floor(a * x * 1e6) + x, lambda *_: 0.0)),
    "lost in an offset": ("a b", _line(1.0, 1e16)),
    "rounded away": ("a", _of(lambda a, x: (sin(a * x) + 1e14) - 1e14, lambda a, x: x * cos(a * x), domains={"x": (0.5, 2.0)})),
    "never finite": ("a", _of(lambda a, x: log(-1 - (a * x) ** 2), lambda a, x: a * x)),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_model_passes_at_every_seed(name: str) -> None:
    for report in _reports(SOUND[name]):
        assert report.verdict == "passed", report


@pytest.mark.parametrize("name", BLIND)
def test_what_cannot_be_judged_is_said_and_not_called_wrong(name: str) -> None:
    weights, checked = BLIND[name]
    for report in _reports(checked):
        assert report.unjudged == tuple(weights.split())
        assert report.verdict == ("nothing judged" if report.unjudged == checked.WEIGHTS else "incomplete"), report


@pytest.mark.parametrize("factor", [1.001, 0.999, -1.0, 2.0, 0.0])
@pytest.mark.parametrize("name", SOUND)
def test_the_same_models_fail_with_their_first_partial_off_by_a_factor(name: str, factor: float) -> None:
    """The counterpart of the silence above: what is quiet on sound models must speak on faulty ones."""
    checked = SOUND[name]
    what = "per_sample_grad" if checked.METADATA["has_loss"] else "jacobian"
    sound, scale = getattr(checked, what), np.ones(len(checked.WEIGHTS))
    scale[0] = factor
    for report in _reports(type(checked)(**{**vars(checked), what: lambda *args: sound(*args) * scale}), seeds=3):
        assert report.weights[0].verdict == "failed", report
        assert all(weight.verdict == "ok" for weight in report.weights[1:]), report


def test_rows_that_are_met_exactly_raise_no_alarm() -> None:
    """Where the target equals the prediction to the last bit, loss and gradient are 0 or pure rounding."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        w, X = rng.normal(size=3), rng.normal(size=(200, 1))
        exact = w[2] * np.maximum(w[0] * X[:, 0] + w[1], 0.0)
        for y in (exact, np.nextafter(exact, 9.0), exact + 1e-14 * rng.normal(size=200)):
            assert gradcheck(SOUND["relu"], X, y, w=w, rows=200).ok


def _kinked(slope: float, at: float, offset: float) -> Any:
    """Slope 0 to the left of `at` and 1 to the right, by differences."""
    return module("a", loss=lambda w, _X, _y: offset + maximum(w[0] - at, 0.0), partials=lambda _w, _X, _y: (slope,))


@pytest.mark.parametrize("at", [0.0, 1.0, -0.5])
def test_at_a_kink_any_derivative_between_the_sides_is_accepted_and_no_other(at: float) -> None:
    """Next to an offset the kink looks smooth from close by; without one it looks rough, and nothing is judged there."""
    for slope in (0.0, 0.3, 0.5, 0.9, 1.0):
        for offset in (0.0, 1.0, 1e6):
            report = gradcheck(_kinked(slope, at, offset), w=[at])
            assert report.ok, report
    for slope in (-0.1, 1.1, 3.0):
        assert not gradcheck(_kinked(slope, at, 1e6), w=[at]).ok
        assert gradcheck(_kinked(slope, at, 0.0), w=[at]).unjudged == ("a",)


def test_a_kink_at_any_distance_raises_no_alarm() -> None:
    for distance in (*-(10.0 ** np.arange(-15, 0)), *10.0 ** np.arange(-15, 0)):
        kinked = module(
            "a",
            loss=lambda w, _X, _y, at=0.7 + distance: maximum(w[0] - at, 0.0) + 0.1 * w[0] ** 3,
            partials=lambda w, _X, _y, at=0.7 + distance: ((1.0 if w[0] > at else 0.0) + 0.3 * w[0] ** 2,),
        )
        report = gradcheck(kinked, w=[0.7])
        assert report.ok, report


def test_a_partial_that_is_not_finite_is_wrong_where_the_loss_has_a_slope_and_counted_where_it_is_flat() -> None:
    root = _of(lambda a, x: sqrt(a * x) + a, lambda a, x: 0.5 * x / sqrt(a * x) + 1.0 - (x == 0) * 1.0)
    assert gradcheck(root, [0.0, 0.0, 1.0, 2.0], w=[1.5]).weights[0].non_finite == 2
    assert gradcheck(_of(lambda a, x: sqrt(a * x), lambda a, x: 0.5 * x / sqrt(a * x)), [0.0, 1.0, 2.0], w=[1.5]).ok
    for bad in (np.nan, np.inf, -np.inf):
        faulty = _of(lambda a, x: a * x, lambda _a, x, bad=bad: where(x > 1.5, bad, x))
        (weight,) = gradcheck(faulty, [1.0, 2.0], w=[1.5]).weights
        assert (weight.verdict, weight.row, weight.non_finite) == ("failed", 1, 1)
