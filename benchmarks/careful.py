"""Modules of --precision auto beside plain ones: digits at points where formulas lose them, and the price elsewhere.

    python benchmarks/careful.py            both tables
    python benchmarks/careful.py FILE       the first one for other models, in a file like trap_models.py

A result is bad if it is off by more than 1e-11 of the truth, enclosed by the reference, or NaN where that is finite. The second
table has ratios of times of value_and_grad on 10,000 rows and on one, medians of turns in one process.
"""

import argparse
import runpy
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from flint import arb, ctx
from machine import describe
from sympy import cos, exp, log
from timing import FULL, Effort, side_by_side

import symgraph
from symgraph import Model
from symgraph.compiler.generate import generate
from symgraph.errors import SpecError
from symgraph.judge.reference import reference
from symgraph.options import options_of
from symgraph.project.build.modules import load_artifact

MODELS = Path(__file__).parent / "trap_models.py"
POINTS, SEED = 12, 77
BAD = 1e-11

CURVES: Mapping[str, Callable[[Any, Any, Any], Any]] = {
    "a*(1 - exp(-k*t))": lambda a, k, t: a * (1 - exp(-k * t)),
    "a*t/(k + t)": lambda a, k, t: a * t / (k + t),
    "a/(1 + exp(k*(2 - t)))": lambda a, k, t: a / (1 + exp(-k * (t - 2))),
    "a*(1 - exp(k*(1 - t)))**2": lambda a, k, t: a * (1 - exp(-k * (t - 1))) ** 2,
    "a*log(1 + k*t)": lambda a, k, t: a * log(1 + k * t),
    "exp(-a*t)*cos(k*t)": lambda a, k, t: exp(-a * t) * cos(k * t),
}


def of(model: Model, precision: str) -> ModuleType:
    """Return the module of NumPy in a precision."""
    return load_artifact(generate(model, options=options_of((), precision))[0])


def judged(models: Sequence[Any], rng: Any) -> Mapping[str, Counter[str]]:
    """Count, at trap points and at ordinary ones, results, bad ones, rows in doubt, careful ones, and those announced."""
    found = {"trap": Counter[str](), "ordinary": Counter[str]()}
    for name, args, formula, ordinary, trap, domains in models:
        model = Model("".join(letter if letter.isalnum() else "_" for letter in name))
        weights = [model.weight(one, **({"domain": domains[one]} if one in domains else {})) for one in args]
        model.loss(formula(*weights))
        try:
            modules = {"plain": of(model, "double"), "auto": of(model, "auto")}
        except SpecError as error:
            found["trap"][f"refused: {error}"] += 1
            continue
        for kind, draw in (("trap", trap), ("ordinary", ordinary)):
            rng.seed(SEED)
            for _ in range(POINTS):
                found[kind] += at_point(model, modules, [float(one) for one in draw()])
    return found


def at_point(model: Model, modules: Mapping[str, ModuleType], point: Sequence[float]) -> Counter[str]:
    """Count the same at one point."""
    names = [str(one.name) for one in model.weight_inputs]
    truth = reference(model).truth(dict(zip(names, point, strict=True))).named(names)
    truths = [truth["loss"], *(truth[f"grad {one}"] for one in names)]
    with modules["auto"].counting() as care, np.errstate(all="ignore"):
        results = {name: modules[name].value_and_grad(np.array(point)) for name in modules}
    counts = Counter({"rows": 1, "in doubt": care.suspect, "careful": care.careful, "announced": care.uncertain})
    for name, (value, gradient) in results.items():
        bad = [is_bad(one, true) for one, true in zip([value, *gradient], truths, strict=True) if is_known(true)]
        counts[f"bad, {name}"] += sum(bad)
        if name == "auto":
            counts["results"] += len(bad)
            counts["wrong rows"] += any(bad)
            counts["silent"] += any(bad) and not care.uncertain
    return counts


def is_known(true: Any) -> bool:
    """Tell if a truth is a number within the range of doubles."""
    return isinstance(true, arb) and true.is_finite() and float(abs(true)) < 1.7e308


def is_bad(found: float, true: arb) -> bool:
    """Tell if a result is off by more than BAD, or by more than what subnormal numbers allow."""
    with ctx.workprec(300):
        return not np.isfinite(found) or bool(abs(arb(float(found)) - true) > BAD * abs(true) + arb((1, -1022)))


def prices(effort: Effort) -> Mapping[str, tuple[float, ...]]:
    """Return by curve how many times as long as plain modules those of auto take: for a batch and for one row by NumPy, and
    for these natively."""
    found = {}
    for name, formula in CURVES.items():
        model = Model("curve")
        t = model.feature("t", domain=(0.1, 5.0))
        model.output("y_hat", formula(*(model.weight(one, domain=(0.1, 3.0)) for one in "ak"), t))
        model.target("y")
        model.loss("squared_error")
        rng, w = np.random.default_rng(0), np.array([0.7, 1.3])
        X, precisions = rng.uniform(0.1, 5.0, (10_000, 1)), {"plain": "double", "auto": "auto"}
        y = of(model, "double").predict(w, X) + 0.1 * rng.normal(size=len(X))
        ratios = []
        for backend in ("numpy", "native"):
            modules = {one: symgraph.compile(model, backend, precision=precision) for one, precision in precisions.items()}
            for rows in ((X, y), (X[0], y[0])):
                tasks = {one: partial(module.value_and_grad, w, *rows) for one, module in modules.items()}
                ratios.append(side_by_side(tasks, "plain", effort)["auto"].ratio)
        found[name] = tuple(ratios)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=MODELS)
    given = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    models = runpy.run_path(str(given.file))
    for kind, counts in judged(models["M"], models["rng"]).items():
        print(f"{kind} points: " + ", ".join(f"{count} {what}" for what, count in counts.items()))
    if given.file == MODELS:
        print(f"times of plain modules, a batch and one row, by NumPy and natively, on {', '.join(describe().values())}")
        for name, ratios in prices(FULL).items():
            print(f"{name:28} " + " ".join(f"{ratio:6.2f}" for ratio in ratios))


if __name__ == "__main__":
    main()
