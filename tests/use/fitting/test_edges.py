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
from curves import compiled, declared
from scipy.stats import t

import symgraph
from symgraph.errors import SymgraphError

mpl.use("Agg")

X = np.linspace(0.0, 3.0, 12)
RNG = np.random.default_rng(4)
NOISE = RNG.normal(size=12)
DECAY = 2.0 * np.exp(-0.7 * X) + 0.3
LINE = 2.0 * X + 1.0
KNOWN = {"sigma": 0.1, "absolute_sigma": True}

FORMULAS = {
    "line": "y ~ a*x + c", "decay": "y ~ a*exp(-k*x) + c", "product": "y ~ a*exp(c)*x + b", "power": "log(y) ~ a - k*x",
}  # fmt: skip
START = {"decay": {"a": 1.0, "k": 1.0, "c": 0.1}, "power": {"k": 0.5}}

CASES: dict[str, tuple[str, Any, Any, dict[str, Any]]] = {
    "ordinary": ("decay", X, DECAY + 0.1 * NOISE, {}),
    "exact": ("decay", X, DECAY, {}),
    "exact, relative sigma": ("decay", X, DECAY, {"sigma": 0.1}),
    "exact, absolute sigma": ("decay", X, DECAY, KNOWN),
    "exact line": ("line", X, LINE, {}),
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
    "a product alone, exact": ("product", X, LINE, {}),
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


def module_of(name: str) -> Any:
    return compiled(FORMULAS[name], name, **START.get(name, {}))


@cache
def line_by(loss: str) -> Any:
    """The module of a line whose loss, and output, a row of a table declares."""
    losses: dict[str, Callable[..., Any]] = {
        "robust": lambda m, x, y, a, c: m.residual(m.output("f", a * x + c) - y, loss="huber"),
        "without an output": lambda m, x, y, a, c: m.residual(a * x + c - y),
        "a stated scale": lambda m, x, y, a, c: m.residual((m.output("f", a * x + c) - y) / (1 + x)),
        "absolute errors": lambda m, x, y, a, c: (m.output("f", a * x + c), m.loss("absolute_error")),
        "a constraint": lambda m, x, y, a, c: (m.residual(m.output("f", a * x + c) - y), m.constraint("sum", a + c, 3, 3)),
    }
    return symgraph.compile(declared(losses[loss], "a c", init=0.5), backend="numpy")


OTHERS: dict[str, Callable[[], symgraph.FitResult]] = {
    "robust, exact": lambda: symgraph.fit(line_by("robust"), X, LINE),
    "without an output, exact": lambda: symgraph.fit(line_by("without an output"), X, LINE),
    "a stated scale, exact": lambda: symgraph.fit(line_by("a stated scale"), X, LINE),
    "absolute errors": lambda: symgraph.fit(line_by("absolute errors"), X, LINE + NOISE),
    "absolute errors, exact": lambda: symgraph.fit(line_by("absolute errors"), X, LINE),
    "absolute errors of one row": lambda: symgraph.fit(line_by("absolute errors"), X[:1], LINE[:1]),
    "a constraint": lambda: symgraph.fit(line_by("a constraint"), X, LINE + NOISE),
    "a constraint, exact": lambda: symgraph.fit(line_by("a constraint"), X, LINE),
    "data sets, exact": lambda: symgraph.fit_together([(module_of("line"), X, LINE)] * 2, shared="a"),
    "data sets of zeros": lambda: symgraph.fit_together([(module_of("line"), X, 0.0 * X)] * 2, shared="a"),
    "a stream, exact": lambda: symgraph.fit(symgraph.stream(module_of("line"), X, LINE, rows=5)),
    "a stream at a bound": lambda: symgraph.fit(symgraph.stream(module_of("line"), X, LINE, rows=5), bounds={"c": (3, None)}),
}


@cache
def result_of(case: str) -> symgraph.FitResult:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", symgraph.FitWarning)
        if case in OTHERS:
            return OTHERS[case]()
        name, x, y, how = CASES[case]
        return symgraph.fit(module_of(name), x, y, **how)


def free(result: symgraph.FitResult) -> str:
    return str(result.problem.names[-1])


def cells(report: str) -> list[str]:
    table = report.partition("  relative  start\n")[2].partition("\n\n")[0]
    return [line.split()[2] for line in table.splitlines()]


ASKED: dict[str, Callable[[symgraph.FitResult], Any]] = {
    "interval": lambda r: [high - low for name, (low, high) in r.interval().items() if name in r.problem.names],
    "profile": lambda r: np.diff(r.profile(free(r))),
    "rises": lambda r: 1.0 + r.rises(free(r), [r.values[free(r)] + 0.1]),
    "contour": lambda r: np.ptp(r.contour(*r.problem.names[:2], points=4), axis=0) if len(r.problem.names) > 1 else 1.0,
    "bootstrap": lambda r: len(r.bootstrap(2)) + 1.0 if r.statistics.n < 100 else 1.0,
    "derived": lambda r: r.derived(f"2*{free(r)}").stderr if "[" not in free(r) else 1.0,
    "confidence_band": lambda r: np.subtract(*r.confidence_band(X[2:3])[::-1]),
    "prediction_band": lambda r: np.subtract(*r.prediction_band(X[2:3])[::-1]),
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
@pytest.mark.parametrize("case", [*CASES, *OTHERS])
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

    result, (upper, lower) = result_of(case), Figure().subplots(2, 1)
    result.plot((upper, lower))
    result.plot_correlation(upper)
    with suppress(SymgraphError):  # as from what a profile is of
        result.plot_profile(free(result), lower, points=3)


def test_what_the_data_determine_of_weights_that_they_do_not_has_an_error() -> None:
    x, y = X, DECAY + 0.1 * NOISE
    with pytest.warns(symgraph.FitWarning, match="do not determine"):
        result = symgraph.fit(module_of("product"), x, y)
    assert result.states == ("undetermined", "undetermined", "")
    design = np.column_stack([x, np.ones(12)])
    w, (squares,), *_ = np.linalg.lstsq(design, y, rcond=None)
    C = np.linalg.inv(design.T @ design) * squares / 9.0  # three free weights are counted, of which the data see two
    value, error, _ = result.derived("a*exp(c)")
    assert (value, error) == (pytest.approx(w[0], rel=1e-7, abs=0.0), pytest.approx(np.sqrt(C[0, 0]), rel=1e-7, abs=0.0))
    assert math.isnan(result.derived("a").stderr)
    low, high = result.confidence_band(x)
    half = t.ppf(0.975, 9) * np.sqrt(np.einsum("ni,ij,nj->n", design, C, design))
    np.testing.assert_allclose((high - low) / 2.0, half, rtol=1e-7)
    low, high = result.profile("a")
    assert low == -math.inf
    assert high == pytest.approx(0.0, abs=1e-2)  # the product is negative, and c as large as need be


def test_exact_data_keep_errors_of_a_known_sigma_and_have_no_others() -> None:
    for case in ("exact", "exact, relative sigma", "exact line", "exact logarithm", "constant line", "zeros"):
        result = result_of(case)
        assert set(result.states) == {"no error"}
        assert np.isnan([result.aic, *result.stderr]).all()
        assert "the residuals are rounding" in result.report()
        with pytest.raises(SymgraphError, match=r"nothing tells the size of the errors .*; give sigma and absolute_sigma"):
            result.profile(free(result))
    assert result_of("constant").states == ("no error", "undetermined", "no error")
    assert result_of("constant").warnings == ("the data do not determine k; fix one of these weights, or give more data",)
    known = result_of("exact, absolute sigma")
    scattered = symgraph.fit(module_of("decay"), X, DECAY + 1e-9 * NOISE, **KNOWN)
    np.testing.assert_allclose(known.stderr, scattered.stderr, rtol=1e-6)
    np.testing.assert_allclose(known.profile("a"), scattered.profile("a"), rtol=1e-5)


@pytest.mark.parametrize("factor", [1e-155, 1e-158, 1e-160])
def test_squares_below_the_least_normal_number_are_told(factor: float) -> None:
    result = symgraph.fit(module_of("decay"), X, factor * (DECAY + 0.1 * NOISE), {"a": factor, "c": 0.0})
    assert result.warnings == ()
    assert "lost digits, so this end is not judged; give y in a smaller unit" in " ".join(result.remarks)


@pytest.mark.parametrize("factor", [1e-160, 1e-9, 1e140])
def test_data_in_any_unit_have_the_same_fit(factor: float) -> None:
    start = {"a": 2.0 * factor, "k": 1.0, "c": 0.1 * factor}
    bounds = {} if factor == 1e-160 else {"a": (0.0, None)}  # trust regions square derivatives by weights of that size
    plain = symgraph.fit(module_of("decay"), X, DECAY + 0.1 * NOISE, bounds=bounds)
    result = symgraph.fit(module_of("decay"), X, factor * (DECAY + 0.1 * NOISE), start, bounds=bounds)
    units = np.array([factor, 1.0, factor])
    np.testing.assert_allclose(result.w / units, plain.w, rtol=1e-8)
    np.testing.assert_allclose(result.stderr / units, plain.stderr, rtol=1e-7)
    np.testing.assert_allclose(result.correlations, plain.correlations, rtol=1e-7)
    assert result.r2 == pytest.approx(plain.r2, rel=1e-9, abs=0.0)
    assert result.aic == pytest.approx(plain.aic + 24.0 * math.log(factor), rel=1e-9, abs=0.0)
    np.testing.assert_allclose(np.array(result.profile("k")), plain.profile("k"), rtol=1e-5)
