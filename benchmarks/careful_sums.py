"""Sums over rows by modules of --precision auto, by NumPy and natively, where a few of many rows lose digits.

    python benchmarks/careful_sums.py

The models of traps_in_rows.py with squared errors, batches of 30 and of 3,000 ordinary rows with up to three trap rows, and
targets with noise of 0, a tenth and once the outputs' size. A sum is bad if it is off from that of a module of --precision
accurate by more than 1e-11 of itself and 2**-48 of the sizes of its terms, which are rounded. A bad one is silent if its call
announced no row. The last line says what calls of natively run modules take beside plain ones in batches without trap rows.
"""

import runpy
import statistics
import timeit
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from careful import of
from machine import describe

from symgraph import Model
from symgraph.compiler.generate import generate
from symgraph.errors import SpecError
from symgraph.options import options_of
from symgraph.project.build.modules import load_artifact
from symgraph.project.native.loading import Floats, compiled_model, native_module

MODELS = Path(__file__).parent / "traps_in_rows.py"
PRECISIONS = {"plain": "double", "auto": "auto"}
ROWS, TRAPS, NOISES = (30, 3000), (0, 1, 3), (0.0, 0.1, 1.0)
SEED = 5
REPEATS = 7
BAD, ROUNDING = 1e-11, 2.0**-48


def modules_of(name: str, weights: Sequence[str], features: Sequence[str], formula: Any) -> dict[str, Any]:
    """Compile a model in each precision, and load its accurate module.

    Raises:
        SpecError: it has a function that has no pairs.
    """
    model = Model(name)
    model.output("f_", formula(*(model.weight(one) for one in weights), *(model.feature(one) for one in features)))
    model.target("y_")
    model.loss("squared_error")
    natives = {one: native(model, precision) for one, precision in PRECISIONS.items()}
    return {"truth": of(model, "accurate"), "auto, NumPy": of(model, "auto"), **natives}


def native(model: Model, precision: str) -> Any:
    """Compile a model without verifying it, since a build refuses some at points where plain arithmetic has no digits."""
    numpy, *c = generate(model, ("numpy", "c"), options=options_of((), precision))
    files = {artifact.name: artifact.text for artifact in c}
    made = compiled_model(model.name, files, "native", None)
    assert made is not None
    return native_module(load_artifact(numpy), made, files, Floats(made, dict))


def batches(truth: Any, draws: Sequence[Any], rng: Any) -> Iterator[tuple[str, Any, Any, Any]]:
    """Yield batches, each with what it is called, the weights, the features and the targets."""
    weights, ordinary, trap = draws
    for rows in ROWS:
        for traps in TRAPS:
            w = np.array(weights(), float)
            X = np.array([ordinary() for _ in range(rows)] + [trap(tuple(w)) for _ in range(traps)], float)
            output = truth.predict(w, X)
            X, output = X[np.isfinite(output)], output[np.isfinite(output)]
            for noise in NOISES:
                off = noise * np.abs(output).mean() * rng.normal(size=len(output)) if noise else output / 2
                yield f"{rows} rows and {traps} traps", w, X, output + off


def judged(models: Sequence[Any], ratios: list[float]) -> dict[str, Counter[str]]:
    """Count by kinds of batches: sums, bad ones, silent ones, rows in doubt and those computed over pairs.

    Args:
        models: rows as in ``traps_in_rows.py``.
        ratios: gets the time of an auto call over that of a plain one, both native, for each batch without trap rows.
    """
    counts, rng = dict[str, Counter[str]](), np.random.default_rng(SEED)
    for name, weights, features, formula, *draws in models:
        try:
            modules = modules_of(name, weights, features, formula)
        except SpecError as error:
            counts.setdefault("refused", Counter())[str(error)] += 1
            continue
        truth = modules.pop("truth")
        with np.errstate(all="ignore"):
            for kind, *given in batches(truth, draws, rng):
                count(counts.setdefault(kind, Counter()), truth, modules, given)
                if kind.endswith(" 0 traps"):
                    ratios.append(seconds(modules["auto"], given) / seconds(modules["plain"], given))
    return counts


def count(counts: Counter[str], truth: Any, modules: dict[str, Any], given: Sequence[Any]) -> None:
    """Count the sums of one batch."""
    value, gradient = truth.value_and_grad(*given)
    exact = np.array([value, *gradient])
    sizes = np.array([abs(value), *np.abs(truth.per_sample_grad(*given)).mean(axis=0)])
    known = np.isfinite(exact)
    with modules["auto"].counting() as care:
        modules["auto"].value_and_grad(*given)
    counts.update({"sums": int(known.sum()), "in doubt": care.suspect, "careful": care.careful, "announced": care.uncertain})
    for name, module in modules.items():
        loss, partials = module.value_and_grad(*given)
        bad = ~(np.abs(np.array([loss, *partials]) - exact) <= BAD * np.abs(exact) + ROUNDING * sizes) & known
        counts[f"bad, {name}"] += int(bad.sum())
        counts["silent"] += int(bad.sum()) if name.startswith("auto") and not care.uncertain else 0


def seconds(module: Any, given: Sequence[Any]) -> float:
    """Time calls, and give the median."""
    return statistics.median(timeit.repeat(lambda: module.value_and_grad(*given), number=5, repeat=REPEATS)) / 5


def main() -> None:
    """Print a line for each kind of batches, and one of times."""
    warnings.simplefilter("ignore")
    models, ratios = runpy.run_path(str(MODELS)), list[float]()
    models["rng"].seed(SEED)
    for kind, counts in judged(models["M"], ratios).items():
        print(f"{kind}: " + ", ".join(f"{number} {what}" for what, number in counts.items()))
    tenths, machine = statistics.quantiles(ratios, n=10), ", ".join(describe().values())
    print(f"time over plain, median {tenths[4]:.2f}, ninetieth {tenths[8]:.1f}, worst {max(ratios):.0f}; {machine}")


if __name__ == "__main__":
    main()
