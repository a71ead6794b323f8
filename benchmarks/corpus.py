"""Every model of the corpus at many points, ordinary and extreme, in both backends and in float32, against the judge.

    python benchmarks/corpus.py --points 2000

A line a model and setup: how many results have a normal number as truth; how many are wrong that nothing excuses; how many
wrong ones are excused, since a value leaves the range of numbers ("range") or the formula itself cancels ("cancels"), as
tests/corpus.py says; how many zeros and errors above 1/2 no method could avoid ("blurred"), and how many results hang on a
decision within rounding errors ("doubtful"); how often the bound, error <= (largest figure of an operation) * kappa_graph
ulp, was tried, and the largest error as a share of that; the largest error / (1 + kappa_in). Ends with the worst of what is
wrong, and exits 1 if anything is.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from corpus import CORPUS, Outcome, examine

from symgraph.compiler.generate import generate
from symgraph.judge.differences.drawing import KINDS
from symgraph.judge.judged_points import points
from symgraph.project.build.modules import load_artifact

SETUPS = (("numpy", "float64"), ("scalar", "float64"), ("numpy", "float32"))
COUNTS = ("judged", "blurred", "doubtful", "tried")
SHOWN = 3
"""Wrong results that are printed of each model and setup."""

Line = tuple[str, str, str, Outcome]


def outcomes(name: str, count: int, seed: int) -> list[Line]:
    """Examine one model in every setup.

    Args:
        name: of the corpus.
        count: how many points, of all kinds in turn.
        seed: of the points.
    """
    model = CORPUS[name]()
    modules = {artifact.backend: load_artifact(artifact) for artifact in generate(model, ("numpy", "scalar"))}
    drawn = points(model, tuple(KINDS), n=count, seed=seed)
    with np.errstate(all="ignore"):
        return [(name, backend, dtype, examine(model, modules[backend], drawn, dtype)) for backend, dtype in SETUPS]


def all_outcomes(names: Sequence[str], count: int, seed: int, jobs: int) -> Iterator[Line]:
    """Examine models, several at a time, in order."""
    task = partial(outcomes, count=count, seed=seed)
    if jobs == 1:
        for name in names:
            yield from task(name)
        return
    with ProcessPoolExecutor(jobs) as pool:
        for lines in pool.map(task, names):
            yield from lines


def row(name: str, backend: str, dtype: str, outcome: Outcome) -> str:
    """One line of the table."""
    results = outcome.report.results
    counts = {key: sum(one.counts[key] for one in results) for key in COUNTS}
    wrong = (len(outcome.wrong), outcome.range_left, outcome.cancelled)
    cells = (counts["judged"], *wrong, counts["blurred"], counts["doubtful"], counts["tried"])
    text = "".join(f"{cell:9d}" for cell in cells)
    share, scaled = _top([one.figures["worst_bound"] for one in results]), _top([one.figures["worst_in"] for one in results])
    return f"{name:22}{backend:7}{dtype:8}{text}{share:9.2f}{scaled:10.3g}"


def _top(values: Sequence[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return max(known, default=float("nan"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the table to stdout; exit 1 if a result is wrong and not excused."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--points", type=int, default=2000, help="points of each model, in turn of every kind")
    parser.add_argument("--seed", type=int, default=0, help="of the points")
    parser.add_argument("--models", nargs="*", default=list(CORPUS), help="names; all unless given")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    options = parser.parse_args(arguments)
    heads = ("judged", "wrong", "range", "cancels", "blurred", "doubtful", "tried", "/bound", "/(1+kin)")
    print(f"{options.points} points a model, of the kinds {', '.join(KINDS)}")
    print(f"{'model':22}{'backend':7} {'dtype':7}" + "".join(f"{head:>9}" for head in heads))
    wrong: list[str] = []
    totals = np.zeros(4, int)
    for line in all_outcomes(options.models, options.points, options.seed, options.jobs):
        print(row(*line), flush=True)
        outcome = line[-1]
        wrong += outcome.wrong[:SHOWN]
        totals += (outcome.report.judged, len(outcome.wrong), outcome.range_left, outcome.cancelled)
    judged, bad, left, cancelled = totals
    print(f"{judged} results judged, {bad} wrong; excused: {left} whose way leaves the range, {cancelled} that cancel")
    print("\n".join(wrong), end="\n" if wrong else "")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
