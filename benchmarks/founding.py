"""The promise about the founding model, tried at many points: nothing lost, 4 * (1 + kappa_in) ulp, inside the error bound.

    python benchmarks/founding.py --points 20000

Points are drawn in turn from weights 0.1*N(0,1) with rows N(0,1), all N(0,1), weights up to 10 with rows up to 5, and
log-uniform magnitudes from 1e-3 to 1e3. The truth comes from the spec by ball arithmetic (``symgraph.judge``). A line a setup:
results whose truth is a normal number; how many are NaN, infinite, 0, without a digit, an exception, off by more than
kappa_graph or the module's own bound explain, or wrong where nothing is promised; the median and largest error in ulp and the
largest error / (1 + kappa_in); how many results are beyond that promise since exp(t**2 + w6) is subnormal, and so has lost
digits, though they are not; how many errors exceed the module's own bound, the median of bound / max(error, half an ulp), and
how many bounds are infinite. Exits 1 if the promise is broken.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

from examples.nine_weights.model import model
from symgraph.compiler.generate import generate
from symgraph.judge.differences.drawing import ORDINARY
from symgraph.judge.faults import WHAT
from symgraph.judge.judged_points import Points, points
from symgraph.judge.judging import compare
from symgraph.judge.runs import compute, names_of
from symgraph.judge.truth_at_points import KNOWN, Truths, truths
from symgraph.options import Options
from symgraph.project.build.modules import load_artifact

SETUPS = (("numpy", "float64"), ("scalar", "float64"), ("numpy", "float32"))
FAULTS = (*WHAT, "outside_range")
LARGEST_SCALED = 4.0
"""What the largest error / (1 + kappa_in) may be, in ulp."""
LOOSEST = 100.0
"""What the median of bound / max(error, half an ulp) must stay below."""
_TRUTH = mpmath.ldexp(1, -98)
"""The relative error of a truth."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Outcome of a module's error_bound.

    Attributes:
        exceeded: how many errors are larger.
        infinite: how many bounds are infinite, of ``count``.
        count: how many there are.
        looseness: the median of bound / max(error, half an ulp) among finite ones of normal results.
    """

    exceeded: int
    infinite: int
    count: int
    looseness: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Outcome of a module.

    Attributes:
        judged: results whose truth is a normal number.
        faults: by name, how many there are, errors above the bound and what is wrong where nothing is promised among them.
        median, largest: errors in ulp.
        scaled: the largest error / (1 + kappa_in) in ulp, where no value on the way is subnormal.
        subnormal: how many results are above LARGEST_SCALED where one is.
        bounds: of the loss and its partials; None for a module that has no error_bound.
    """

    judged: int
    faults: dict[str, int]
    median: float
    largest: float
    scaled: float
    subnormal: int
    bounds: Bounds | None

    @property
    def kept(self) -> bool:
        """Tell if the promise is kept."""
        bounded = self.bounds is None or (self.bounds.exceeded == 0 and self.bounds.looseness < LOOSEST)
        return not any(self.faults.values()) and self.scaled <= LARGEST_SCALED and bounded


def figures(backend: str, dtype: str, drawn: Points) -> Figures:
    """Hold the founding model's module against the truth.

    Args:
        backend: "numpy" or "scalar".
        dtype: "float64", or "float32" for numpy.
        drawn: the points.
    """
    (artifact,) = generate(model, (backend,), options=Options(error_bound=backend == "numpy"))
    module, rounded = load_artifact(artifact), drawn.rounded(dtype)
    found = truths(model, rounded, backend=backend, dtype=dtype, names=names_of(module))
    results = compute(module, rounded, dtype)
    report = compare(found, results)
    errors = report.samples.ulp[np.isfinite(report.samples.ulp)]
    faults = {name: sum(one.counts[name] for one in report.results) for name in FAULTS}
    scaled = np.nan_to_num(report.samples.ulp / (1 + found.sizes.kappa_in))
    digits = found.sizes.lowest > np.finfo(dtype).minexp
    subnormal = int((scaled[~digits] > LARGEST_SCALED).sum())
    bounds = _bounds(module, found, results.values, report.samples.ulp) if backend == "numpy" else None
    return Figures(
        report.judged, faults, float(np.median(errors)), float(errors.max()), float(scaled[digits].max()), subnormal, bounds
    )


def _bounds(module: ModuleType, found: Truths, values: Floats, ulps: Floats) -> Bounds:
    """Compare the errors of the loss and its partials with the module's own bounds."""
    kind = np.dtype(found.dtype).type
    columns = [found.names.index(name) for name in ("loss", *(f"grad {weight}" for weight in module.WEIGHTS))]
    bounds = np.array([_bounds_at(module, found.points.point(place), kind) for place in range(len(found.points))])
    known = found.state[:, columns] == KNOWN
    exceeded = [
        not _within(float(bounds[place, at]), float(values[place, column]), found, place, column)
        for at, column in enumerate(columns)
        for place in np.flatnonzero(known[:, at] & np.isfinite(bounds[:, at]))
    ]
    unit = np.finfo(found.dtype).eps
    normal = np.isfinite(ulps[:, columns]) & np.isfinite(bounds)
    with np.errstate(all="ignore"):
        ratios = bounds / (np.abs(found.values[:, columns]) * np.maximum(ulps[:, columns], 0.5) * unit)
    infinite = known & ~np.isfinite(bounds)
    return Bounds(sum(exceeded), int(infinite.sum()), int(known.sum()), float(np.median(ratios[normal])))


def _bounds_at(module: ModuleType, point: dict[str, float], kind: Any) -> list[float]:
    w, x = (np.array([point[name] for name in names], kind) for names in (module.WEIGHTS, module.FEATURES))
    loss, partials = module.error_bound(w, x, kind(point[module.TARGET]))
    return [float(loss), *map(float, partials)]


def _within(bound: float, value: float, found: Truths, place: int, column: int) -> bool:
    """Tell if a result is as close to the truth as its bound says."""
    if not np.isfinite(value):
        return False
    with mpmath.workprec(160):
        high, low = mpmath.mpf(float(found.high[place, column])), mpmath.mpf(float(found.low[place, column]))
        exact = mpmath.ldexp(high + low, int(found.exponent[place, column]))
        return bool(abs(value - exact) <= bound + _TRUTH * abs(exact))


def line(backend: str, dtype: str, found: Figures) -> str:
    """A setup's figures as a line of the table."""
    counts = "".join(f"{count:8d}" for count in (found.judged, *found.faults.values()))
    text = f"{backend:8}{dtype:8}{counts}{found.median:9.3f}{found.largest:9.3g}{found.scaled:10.2f}{found.subnormal:10d}"
    if found.bounds is None:
        return text
    share = found.bounds.infinite / found.bounds.count
    return f"{text}{found.bounds.exceeded:9d}{found.bounds.looseness:11.1f}{found.bounds.infinite:6d} = {share:.3%}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the table to stdout; exit 1 if the promise is broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--points", type=int, default=20_000, help="of the four sets together")
    parser.add_argument("--seed", type=int, default=0, help="of the points")
    options = parser.parse_args(arguments)
    drawn = points(model, ORDINARY, n=options.points, seed=options.seed)
    print(f"The founding model at {options.points} points of {', '.join(ORDINARY)}, seed {options.seed}.")
    heads = "".join(f"{head:>8}" for head in ("judged", "NaN", "Inf", "to 0", "wrong", "raised", ">bound", ">own", "outside"))
    print(
        f"{'backend':8}{'dtype':8}{heads}{'median':>9}{'largest':>9}{'/(1+kin)':>10}{'subnormal':>10}{'exceeded':>9}{'loose':>11}{'inf':>6}"
    )
    kept = True
    for backend, dtype in SETUPS:
        with np.errstate(all="ignore"):
            found = figures(backend, dtype, drawn)
        print(line(backend, dtype, found), flush=True)
        kept = kept and found.kept
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
