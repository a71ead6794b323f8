"""Fits from poor starts: NIST's 27 problems from starts scattered about the certified weights.

    python benchmarks/starts.py --write      # writes STARTS.md

Each weight starts at the certified one times exp(spread*N), N from the normal law. A fit is right if its sum of squares is
the certified one, or less, to a relative 1e-6; Lanczos1, whose sum is rounding, to within ten times. One that is wrong is told
if the result has a warning, else silent. ``starts=1`` is one search. Times are those of fits from the published starts.
"""

import argparse
import time
import warnings
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import machine
import numpy as np
from fits import NAMES, Problem, read
from tables import markdown_table, text_table

import symgraph

PAGE = Path(__file__).parent / "STARTS.md"
SPREADS = (0.3, 0.7, 1.5)
WORDS = ("right", "right, doubtful", "wrong, told", "wrong, silent")


def verdict(problem: Problem, result: Any) -> str:
    """One of the words, of a fit."""
    exact = 10.0 if problem.sum_of_squares < 1e-20 else 1.0 + 1e-6
    right, doubtful = result.chi2 <= problem.sum_of_squares * exact, bool(result.warnings)
    return WORDS[(0 if right else 2) + (doubtful if right else not doubtful)]


def measured(seed: int, count: int) -> tuple[dict[str, Counter[str]], list[float]]:
    """Verdicts by spread and way, and the time of a first fit from each published start by that of one search."""
    found: dict[str, Counter[str]] = {f"{spread}, {way}": Counter() for spread in SPREADS for way in ("one", "several")}
    times = []
    for name in NAMES:
        problem = read(name)
        module = symgraph.compile(symgraph.Model.from_formula(problem.formula, ("x", "x1", "x2", "y"), name="problem"))
        for spread in SPREADS:
            rng = np.random.default_rng([seed, int(10 * spread), zlib.crc32(name.encode())])
            for factors in np.exp(spread * rng.normal(size=(count, len(problem.names)))):
                start = dict(zip(problem.names, (problem.weights * factors).tolist(), strict=True))
                for way, starts in (("one", 1), ("several", None)):
                    try:
                        word = verdict(problem, symgraph.fit(module, problem.X, problem.y, start, starts=starts))
                    except symgraph.SymgraphError:  # of a start at which the loss is not finite
                        word = "wrong, told"
                    found[f"{spread}, {way}"][word] += 1
        for published in problem.starts:
            start = dict(zip(problem.names, published.tolist(), strict=True))
            times.append(seconds(module, problem, start, None) / seconds(module, problem, start, 1))
    return found, times


def seconds(module: Any, problem: Problem, start: Any, starts: int | None) -> float:
    """The least time of three fits."""
    spent = []
    for _ in range(3):
        begun = time.process_time()
        symgraph.fit(module, problem.X, problem.y, start, starts=starts)
        spent.append(time.process_time() - begun)
    return min(spent)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and with ``--write`` write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--count", type=int, default=4, help="starts of each problem and spread")
    parser.add_argument("--write", action="store_true", help="write the page")
    asked = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    found, times = measured(asked.seed, asked.count)
    rows = [[name, *(str(counts[word]) for word in WORDS)] for name, counts in found.items()]
    head = ["spread, searches", *WORDS]
    line = f"Time of a first fit by that of one search: median {median(times):.1f}, greatest {max(times):.0f}.\n"
    print(text_table(head, rows), line, sep="\n")
    if asked.write:
        about = {**machine.describe(), **machine.versions()}
        PAGE.write_text(
            "# Starts\n\nWritten by `python benchmarks/starts.py --write`: NIST's problems from starts times exp(spread*N), "
            f"fitted\nby one search and with defaults (several); {27 * asked.count} fits each, seed {asked.seed}.\n\n"
            f"Machine: {'; '.join(f'{key} {value}' for key, value in about.items())}.\n\n{markdown_table(head, rows)}\n{line}",
            encoding="utf-8",
        )


if __name__ == "__main__":
    main()
