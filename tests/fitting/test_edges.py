"""Edges: everything that a result can be asked, of fits whose data or weights leave something open.

Each pair of a fit and a question ends in numbers or in an error of symgraph, never in another exception; no free weight has an
error of 0, and no likelihood is told of residuals that are rounding.
"""

import json
import math
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

import symgraph
from symgraph.errors import SymgraphError

mpl.use("Agg")

X = np.linspace(0.0, 3.0, 12)
RNG = np.random.default_rng(4)
NOISE = RNG.normal(size=12)
DECAY = 2.0 * np.exp(-0.7 * X) + 0.3
KNOWN = {"sigma": 0.1, "absolute_sigma": True}

FORMULAS = {
    "line": "y ~ a*x + c",
    "decay": "y ~ a*exp(-k*x) + c",
    "product": "y ~ a*exp(c)*x + b",
    "power": "log(y) ~ a - k*x",
}
START = {"decay": {"a": 1.0, "k": 1.0, "c": 0.1}, "power": {"k": 0.5}}

CASES: dict[str, tuple[str, Any, Any, dict[str, Any]]] = {
    "ordinary": ("decay", X, DECAY + 0.1 * NOISE, {}),
    "exact": ("decay", X, DECAY, {}),
    "exact, relative sigma": ("decay", X, DECAY, {"sigma": 0.1}),
    "exact, absolute sigma": ("decay", X, DECAY, KNOWN),
    "exact line": ("line", X, 2.0 * X + 1.0, {}),
    "exact logarithm": ("power", X, np.exp(1.0 - 0.7 * X), {}),
    "constant": ("decay", X, np.full(12, 1.1), {}),
    "constant line": ("line", X, np.full(12, 0.1), {}),
    "zeros": ("line", X, np.zeros(12), {}),
    "zeros, curved": ("decay", X, np.zeros(12), {}),
    "one row": ("line", X[:1], DECAY[:1], {}),
    "one row, absolute sigma": ("line", X[:1], DECAY[:1], KNOWN),
    "as many rows as weights": ("line", X[:2], DECAY[:2], {}),
    "as many rows as weights, absolute sigma": ("line", X[:2], DECAY[:2], KNOWN),
    "a product alone": ("product", X, DECAY + 0.1 * NOISE, {}),
    "a product alone, exact": ("product", X, 2.0 * X + 1.0, {}),
    "one feature value": ("line", np.full(12, 0.5), DECAY + 0.1 * NOISE, {}),
    "y of 1e-160": ("line", X, 1e-160 * (X + NOISE), {}),
    "y of 1e-160, curved": ("decay", X, 1e-160 * (DECAY + 0.1 * NOISE), {}),
    "y of 1e150": ("line", X, 1e150 * (X + NOISE), {}),
    "duplicates": ("line", np.repeat(X, 2000), np.repeat(DECAY + 0.1 * NOISE, 2000), {}),
    "sigma of 1e-120": ("line", X, X + NOISE, {"sigma": 1e-120}),
    "sigma of 1e-9, absolute": ("line", X, X + NOISE, {"sigma": 1e-9, "absolute_sigma": True}),
    "sigma of 1e160, absolute": ("line", X, X + NOISE, {"sigma": 1e160, "absolute_sigma": True}),
    "all but one fixed": ("decay", X, DECAY + 0.1 * NOISE, {"fixed": {"k": 0.7, "c": 0.3}}),
    "at a bound of 0": ("decay", X, DECAY - 0.3 + 0.01 * NOISE - 0.01, {"bounds": {"c": (0, None)}}),
    "at a bound, exact": ("decay", X, DECAY - 0.3, {"bounds": {"c": (0, None)}}),
    "all at bounds": ("line", X, -1.0 - X, {"bounds": {"a": (0, None), "c": (0, None)}}),
}


@cache
def module_of(name: str) -> Any:
    """Compile a formula once; the NumPy module, for which no compiler is waited for."""
    model = symgraph.Model.from_formula(FORMULAS[name], ("x", "y"), START.get(name, {}), name=name)
    return symgraph.compile(model, backend="numpy")


@cache
def result_of(case: str) -> symgraph.FitResult:
    name, x, y, how = CASES[case]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", symgraph.FitWarning)
        return symgraph.fit(module_of(name), x, y, **how)


def free(result: symgraph.FitResult) -> str:
    """The name of the last free weight."""
    return str(result.problem.names[-1])


def cells(report: str) -> list[str]:
    """The standard errors of the weights in a report."""
    table = report.partition("  relative  start\n")[2].partition("\n\n")[0]
    return [line.split()[2] for line in table.splitlines()]


ASKED: dict[str, Callable[[symgraph.FitResult], Any]] = {
    "interval": lambda r: [high - low for name, (low, high) in r.interval().items() if name in r.problem.names],
    "profile": lambda r: np.diff(r.profile(free(r))),
    "rises": lambda r: 1.0 + r.rises(free(r), [r.values[free(r)] + 0.1]),
    "contour": lambda r: np.ptp(r.contour(*r.problem.names[:2], points=4), axis=0) if len(r.problem.names) > 1 else 1.0,
    "bootstrap": lambda r: len(r.bootstrap(2)) + 1.0 if r.statistics.n < 100 else 1.0,
    "derived": lambda r: r.derived(f"2*{free(r)}").stderr,
    "confidence_band": lambda r: np.subtract(*r.confidence_band(r.problem.rows.X[-1:])[::-1]),
    "prediction_band": lambda r: np.subtract(*r.prediction_band(r.problem.rows.X[-1:])[::-1]),
    "nodes": lambda r: len(r.nodes) + 1.0,
    "report": lambda r: r.report(),
    "html": lambda r: r._repr_html_(),
    "to_dict": lambda r: [one["stderr"] or math.nan for one in r.to_dict()["weights"].values() if one["state"] != "fixed"],
    "to_json": lambda r: json.loads(r.to_json()) and 1.0,
    "to_frame": lambda r: r.to_frame()["stderr"][[state != "fixed" for state in r.states]].to_numpy(),
    "stderr": lambda r: r.stderr[r.problem.free],
    "correlations": lambda r: r.correlations[np.ix_(r.problem.free, r.problem.free)] + 2.0,
    "reduced chi2": lambda r: r.reduced_chi2 if r.statistics.log_likelihood == r.statistics.log_likelihood else 1.0,
}
"""By a question what it gives: numbers of which none may be 0, or a text."""


@pytest.mark.parametrize("question", ASKED)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.filterwarnings("error")
def test_a_question_at_an_edge_has_an_answer_or_an_error_that_says_why(case: str, question: str) -> None:
    result = result_of(case)
    try:
        answer = ASKED[question](result)
    except SymgraphError:  # whose texts other tests read
        return
    if isinstance(answer, str):
        assert "weight" in answer
        assert "nan" not in answer
        assert "0" not in cells(answer)
    else:
        numbers = np.atleast_1d(np.asarray(answer, np.float64))
        assert not (numbers == 0.0).any()
        assert numbers.size


@pytest.mark.parametrize("case", [name for name in CASES if "duplicates" not in name])
def test_a_plot_at_an_edge_is_drawn(case: str) -> None:
    """Drawn with one Figure, of which making is most of the time."""
    from matplotlib.figure import Figure

    result = result_of(case)
    upper, lower = Figure().subplots(2, 1)
    result.plot((upper, lower))
    result.plot_correlation(upper)
    with suppress(SymgraphError):  # as from what a profile is of
        result.plot_profile(free(result), lower, points=3)
