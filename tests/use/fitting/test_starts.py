"""Searches from several starts: the right minimum is found from poor starts and from none, with the same bits each time."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from curves import compiled, curve
from nist import read

import symgraph
from symgraph.use.fitting.starts import best_end

X = np.linspace(0.1, 6.0, 40)
PEAK = "y ~ a*exp(-((x - m)/s)**2) + c"
NOISE = 0.01 * np.random.default_rng(5).normal(size=40)


@cache
def native(formula: str) -> Any:
    """Compiled with the extension where there is a compiler, once for all tests of its searches."""
    return symgraph.compile(curve(formula))


def fit_of(name: str, factor: float, **how: Any) -> tuple[Any, Any]:
    """The fit of a problem of NIST from its certified weights, each times a factor or its inverse in turn."""
    problem = read(name)
    turns = np.where(np.arange(len(problem.weights)) % 2, factor, 1.0 / factor)
    start = dict(zip(problem.names, (problem.weights * turns).tolist(), strict=True))
    return problem, symgraph.fit(native(problem.formula), problem.X, problem.y, start, **how)


@pytest.mark.parametrize("name", ["BoxBOD", "Eckerle4", "MGH17", "Misra1a", "Rat43"])
def test_poor_starts_lead_to_the_certified_sum_of_squares(name: str) -> None:
    problem, result = fit_of(name, 5.0)
    assert result.chi2 == pytest.approx(problem.sum_of_squares, rel=1e-8, abs=0.0)  # of the published digits
    assert result.warnings == ()


def test_the_best_end_is_the_least_one_wherever_it_stands() -> None:
    result = symgraph.fit(compiled("y ~ a*exp(-k*x) + c"), X, np.exp(-X) + NOISE, {"k": 0.9}, starts=1)
    ends = [result.found._replace(cost=cost) for cost in (3.0, 1.0, 2.0)]
    for some in (ends, ends[::-1]):
        assert best_end(result.problem, some, result.found.v).cost == 1.0


NEXT_MINIMA = {
    "Gauss2": [[63, 0.008, 68, 58, 34, 580, 30, 100], [250, 0.015, 69, 18, 24, 59, 120, 5.2]],
    "Gauss3": [[84, 0.0063, 95, 170, 33, 57, 170, 16], [72, 0.0077, 120, 77, 17, 85, 120, 27]],
    "ENSO": [[11, 3.4, 0.79, 42, -1.6, 0.52, 31, 0.33, 1.5], [12, 2.9, 0.64, 38, -1.1, 0.57, 23, 0.16, 1.3]],
}
"""Starts from which draws about them and from the data lead to a minimum next to the best one."""


@pytest.mark.parametrize("name", NEXT_MINIMA)
def test_the_best_of_minima_next_to_each_other_is_found(name: str) -> None:
    problem = read(name)
    for start in NEXT_MINIMA[name]:
        begin = dict(zip(problem.names, map(float, start), strict=True))
        result = symgraph.fit(native(problem.formula), problem.X, problem.y, begin)
        assert result.chi2 == pytest.approx(problem.sum_of_squares, rel=1e-8, abs=0.0)  # of the published digits
        assert result.warnings == ()


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e7])
@pytest.mark.parametrize(("formula", "truth"), [
    ("y ~ a*exp(-k*x) + c", lambda x: 2.0 * np.exp(-0.7 * x) + 0.3),
    (PEAK, lambda x: 2.0 * np.exp(-(((x - 3.0) / 0.8) ** 2)) + 0.3), ("y ~ top*x/(half + x)", lambda x: 3.0 * x / (1.4 + x)),
])  # fmt: skip
def test_no_start_is_needed_whatever_the_unit_of_x(formula: str, truth: Any, scale: float) -> None:
    result = symgraph.fit(native(formula), X * scale, truth(X) + NOISE)
    assert result.r2 > 0.999
    assert result.warnings == ()


def test_the_same_fit_has_the_same_bits_and_without_an_extension_the_same_minimum_is_found() -> None:
    first, second = (symgraph.fit(native("y ~ a*exp(-k*x) + c"), X, np.exp(-X) + NOISE, {"k": 30.0}) for _ in range(2))
    np.testing.assert_array_equal(first.w, second.w)
    assert (first.found.calls, first.found.reached) == (second.found.calls, second.found.reached)
    y = 2.0 * np.exp(-(((X - 3.0) / 0.8) ** 2)) + NOISE
    result, other = (symgraph.fit(module, X, y) for module in (compiled(PEAK), native(PEAK)))
    assert result.chi2 == pytest.approx(other.chi2, rel=1e-9, abs=0.0)


def test_bounded_and_fixed_weights_keep_what_they_may_be() -> None:
    y, bounds = 2.0 * np.exp(-0.7 * X) + 0.3 + NOISE, {"a": (0.0, 1.5), "k": (0.0, 50.0)}
    result = symgraph.fit(native("y ~ a*exp(-k*x) + c"), X, y, {"k": 40.0}, bounds=bounds, fixed={"c": 0.3})
    assert (result.values["a"], result.values["c"], result.states) == (1.5, 0.3, ("at bound", "", "fixed"))
    assert 0.3 < result.values["k"] < 0.7


def test_one_search_is_one() -> None:
    """A linear model, and ``starts=1``, need no draws."""
    line = symgraph.fit(compiled("y ~ a*x + b"), X, X + NOISE)
    _, one = fit_of("Misra1a", 1.2, starts=1)
    _, several = fit_of("Misra1a", 1.2)
    assert (line.found.searches, one.found.searches) == (0, 0)
    assert several.found.searches > 3
    assert several.found.reached == several.found.searches
    np.testing.assert_allclose(one.w, several.w, rtol=1e-12)


def test_many_rows_are_searched_by_some_of_them_and_data_sets_from_several_starts_too() -> None:
    x = np.linspace(0.0, 6.0, 4000)
    result = symgraph.fit(native(PEAK), x, 2.0 * np.exp(-(((x - 3.0) / 0.2) ** 2)) + 0.01 * np.sin(1e4 * x))
    assert (result.values["m"], result.statistics.n) == (pytest.approx(3.0, abs=1e-3), 4000)
    peak = np.exp(-(((X - 3.0) / 0.5) ** 2))
    sets = {which: (native(PEAK), X, height * peak + NOISE) for which, height in (("low", 1.0), ("high", 5.0))}
    result = symgraph.fit_together(sets, shared=("m", "s"))
    assert result.values["m"] == pytest.approx(3.0, abs=0.01)
    assert result.values["a[high]"] == pytest.approx(5.0, abs=0.05)
