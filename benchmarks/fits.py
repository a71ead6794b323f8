"""Fits: NIST's 27 problems from both published starts, with default settings, beside lmfit, curve_fit and optimistix.

    python benchmarks/fits.py --write      # writes FITS.md

Each library gets the model as its manual writes it, in NumPy or JAX, and the start; nothing else. Digits are those of the
weights that agree with the certified ones, at most 11, the least of a problem; a success has 4 of them. Time is the median
of repeated calls, the libraries taking turns in one process, in another order each time; each is called twice in a row, and the
second call is timed, so that none pays for caches that others have filled. Compilation does not count. optimistix has no
standard errors.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import machine
import numpy as np
from tables import markdown_table, number, text_table

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "use" / "fitting"))
from nist import NAMES, Problem, read

import symgraph

PAGE = Path(__file__).parent / "FITS.md"
ENOUGH = 4
PUBLISHED = 11
ROUNDS = 5

Fit = Callable[[Any], tuple[Any, Any, int]]
"""From a start to weights, standard errors, or None, and calls of the model."""


def function_of(problem: Problem, namespace: Any) -> Callable[..., Any]:
    """The model as a function f(x, b1, ...) in a library's functions; the formulas are those of this repository's files."""
    scope = {name: getattr(namespace, name) for name in ("exp", "cos", "sin", "pi", "arctan")}
    text = problem.formula.partition("~")[2].replace("x1", "x[0]").replace("x2", "x[1]")
    return eval(f"lambda x, {', '.join(problem.names)}: {text}", scope)  # noqa: S307


def data_of(problem: Problem) -> tuple[Any, Any]:
    """x as the function takes it, and the left side of the formula."""
    x = problem.X[:, 0] if problem.X.shape[1] == 1 else problem.X.T
    return x, np.log(problem.y) if problem.formula.startswith("log") else problem.y


def by_symgraph(problem: Problem) -> Fit:
    """Our fit of the formula."""
    model = symgraph.Model.from_formula(problem.formula, ("x", "x1", "x2", "y"), name="problem")
    module = symgraph.compile(model)
    order = [module.WEIGHTS.index(name) for name in problem.names]

    def fit(start: Any) -> tuple[Any, Any, int]:
        begin = np.empty(len(start))
        begin[order] = start
        result = symgraph.fit(module, problem.X, problem.y, begin)
        return result.w[order], result.stderr[order], result.found.calls

    return fit


def by_curve_fit(problem: Problem) -> Fit:
    """SciPy's curve_fit, slopes by differences."""
    from scipy.optimize import curve_fit

    function, (x, y) = function_of(problem, np), data_of(problem)

    def fit(start: Any) -> tuple[Any, Any, int]:
        w, covariance, told, *_ = curve_fit(function, x, y, start, full_output=True)
        return w, np.sqrt(np.diag(covariance)), told["nfev"]

    return fit


def by_lmfit(problem: Problem) -> Fit:
    """A Model of lmfit."""
    import lmfit

    model, (x, y) = lmfit.Model(function_of(problem, np)), data_of(problem)

    def fit(start: Any) -> tuple[Any, Any, int]:
        result = model.fit(y, x=x, **dict(zip(problem.names, start, strict=True)))
        errors = [result.params[name].stderr for name in problem.names]
        return np.array(list(result.best_values.values())), np.array(errors, np.float64), result.nfev

    return fit


def by_optimistix(problem: Problem) -> Fit:
    """Levenberg and Marquardt's method of optimistix on JAX, float64, compiled."""
    import jax

    jax.config.update("jax_enable_x64", True)
    import optimistix

    function, (x, y) = function_of(problem, jax.numpy), map(jax.numpy.asarray, data_of(problem))
    solver = optimistix.LevenbergMarquardt(rtol=1e-10, atol=1e-10)

    @jax.jit
    def solved(start: Any) -> Any:
        found = optimistix.least_squares(lambda w, _: function(x, *w) - y, solver, start, max_steps=4000, throw=False)
        return found.value, found.stats["num_steps"]

    def fit(start: Any) -> tuple[Any, Any, int]:
        value, steps = solved(jax.numpy.asarray(start))
        return np.asarray(value), None, int(steps)

    return fit


PEERS: Mapping[str, Callable[[Problem], Fit]] = {
    "symgraph": by_symgraph,
    "curve_fit": by_curve_fit,
    "lmfit": by_lmfit,
    "optimistix": by_optimistix,
}


def digits(found: Any, certified: Any) -> float:
    """Digits that agree, the least of all; 0 where there are none."""
    if found is None or not np.isfinite(found).all():
        return 0.0
    apart = np.abs((np.asarray(found) - certified) / certified).max()
    return float(np.clip(-np.log10(max(apart, 1e-300)), 0.0, PUBLISHED))


def measured(fits: Mapping[str, Fit], problem: Problem, start: Any) -> dict[str, dict[str, float]]:
    """Digits, calls and time of each library from one start."""
    found: dict[str, dict[str, float]] = {}
    times: dict[str, list[float]] = {name: [] for name in fits}
    names = [*fits]
    for turn in range(ROUNDS + 1):
        for name in (names * 2)[turn % len(names) :][: len(names)]:
            for _ in range(2):
                begun = time.process_time()
                try:
                    w, errors, calls = fits[name](start)
                except (RuntimeError, ValueError, np.linalg.LinAlgError):  # of libraries that give up
                    w, errors, calls = None, None, 0
                spent = time.process_time() - begun
            if turn:
                times[name].append(spent)
            else:  # the first one compiles
                found[name] = {"weights": digits(w, problem.weights), "calls": calls}
                found[name] |= {} if errors is None else {"errors": digits(errors, problem.errors)}
    return {name: {**one, "seconds": median(times[name])} for name, one in found.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and with ``--write`` write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", default=",".join(NAMES), help="separated by commas")
    parser.add_argument("--peers", default=",".join(PEERS), help="separated by commas; missing ones are left out")
    parser.add_argument("--write", action="store_true", help="write the page")
    asked = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    rows: dict[str, dict[str, dict[str, float]]] = {}
    for name in asked.problems.split(","):
        problem, fits = read(name), {}
        for peer in asked.peers.split(","):
            try:
                fits[peer] = PEERS[peer](problem)
            except ImportError as error:
                print(f"{peer}: {error}")
        for which, start in enumerate(problem.starts, start=1):
            rows[f"{name}, start {which}"] = measured(fits, problem, start)
    texts = tables(rows)
    print("\n".join(text_table(*one) for one in texts))
    if asked.write:
        about = {**machine.describe(), **machine.versions()}
        PAGE.write_text(
            "# Fits\n\nWritten by `python benchmarks/fits.py --write`: NIST's problems from both starts, with defaults.\n"
            f"A success has {ENOUGH} digits of all weights or more; time is compared where both succeed.\n\n"
            f"Machine: {'; '.join(f'{key} {value}' for key, value in about.items())}.\n\n"
            + "\n".join(markdown_table(*one) for one in texts),
            encoding="utf-8",
        )


def middle(values: Iterable[float]) -> str:
    """The median as text, "-" of nothing."""
    found = [*values]
    return number(median(found)) if found else "-"


def tables(rows: Mapping[str, Mapping[str, Mapping[str, float]]]) -> list[tuple[list[str], list[list[str]]]]:
    """The summary, and digits and milliseconds of each fit."""
    peers = list(next(iter(rows.values())))
    good = {peer: [row for row in rows.values() if row[peer]["weights"] >= ENOUGH] for peer in peers}
    summary = [
        [
            peer,
            f"{len(good[peer])} of {len(rows)}",
            middle(row[peer]["weights"] for row in good[peer]),
            middle(row[peer]["errors"] for row in good[peer] if "errors" in row[peer]),
            middle(row[peer]["calls"] for row in good[peer]),
            middle(row[peer]["seconds"] / row[peers[0]]["seconds"] for row in good[peer]),
        ]
        for peer in peers
    ]
    each = [
        [name, *(f"{row[peer]['weights']:.1f} / {1e3 * row[peer]['seconds']:.2f} ms" for peer in peers)]
        for name, row in rows.items()
    ]
    head = ["library", "successes", "digits of weights", "digits of errors", "calls", "time by ours"]
    return [(head, summary), (["digits / time", *peers], each)]


if __name__ == "__main__":
    main()
