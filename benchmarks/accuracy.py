"""How right the founding model's loss and nine partials are, and how fast: symgraph beside other libraries, at the same points.

    python benchmarks/accuracy.py --points 5000

The truth at each point comes from the spec itself, at as many digits as it takes. Where it is within the range of float64, a
result must not be NaN or infinite. Where it is a normal number besides, a result is zero, garbage (off by more than half of the
truth), or has an error, given in units of 2**-52 of the truth. No method can be expected to do better than some 1 + kappa_in
such units, where kappa_in says by how many units the truth moves if every input moves by one. An exception counts as NaN.
Writes accuracy.txt and accuracy.png into a folder.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

import numpy as np
from drawing import draw
from numpy.typing import NDArray
from peers import Peer, present
from timing import Effort, side_by_side

from examples.nine_weights.model import model
from symgraph.judge.judged_points import given
from symgraph.judge.truth_at_points import KNOWN, truths

Floats = NDArray[np.float64]
RESULTS = Path(__file__).parent / "results"
NAMES = (*(entry.name for entry in (*model.weight_inputs, *model.feature_inputs)), "y")
ROOTS = ("loss", *(f"grad {entry.name}" for entry in model.weight_inputs))

NORMAL, LARGEST = 2.0**-1022, float(np.finfo(np.float64).max)
TIMED_ROWS = 5000
ROUNDS = 15
"""Timings of each peer, of which the median counts; peers take turns."""

WIDTH = 16
"""Of a column of the table."""


def _uniform(random: np.random.RandomState, n: int) -> Floats:
    return np.hstack([random.uniform(-10, 10, (n, 9)), random.uniform(-5, 5, (n, 6))])


def _log_uniform(random: np.random.RandomState, n: int) -> Floats:
    return random.choice([-1.0, 1.0], (n, 15)) * 10.0 ** random.uniform(-3, 3, (n, 15))


SETS: Mapping[str, Callable[[np.random.RandomState, int], Floats]] = MappingProxyType(
    {
        "0.1*N(0,1)": lambda random, n: 0.1 * random.normal(size=(n, 15)),
        "N(0,1)": lambda random, n: random.normal(size=(n, 15)),
        "|w|<=10, |f|<=5": _uniform,
        "1e-3..1e3": _log_uniform,
    }
)
"""Laws of all inputs: nine weights, five features, the target."""


@dataclass(frozen=True, slots=True, eq=False)
class Truths:
    """Truth at n points, for the loss and the nine partials.

    Attributes:
        high: (n, 10) the truth as a float64 within one unit; NaN where there is none.
        low: (n, 10) the rest: the two together have about 100 bits.
        kappa_in: (n, 10) condition numbers with respect to the inputs.
    """

    high: Floats
    low: Floats
    kappa_in: Floats

    @property
    def in_range(self) -> NDArray[np.bool_]:
        """(n, 10) whether the truth is a number within the range, however small."""
        return np.abs(self.high) <= LARGEST

    @property
    def normal(self) -> NDArray[np.bool_]:
        """(n, 10) whether the truth is a normal number."""
        return self.in_range & (np.abs(self.high) >= NORMAL)


@dataclass(frozen=True, slots=True)
class Figures:
    """A peer at one set of points, or at all.

    Attributes:
        in_range: how many results have a truth within the range.
        normal: how many of these truths are normal numbers.
        counts: of "NaN" and "Inf" among the first, "zero" and "garbage" among the second.
        ulps: median, 99 % and worst error of the finite ones, in units of 2**-52 of the truth.
        scaled: the same of error / (1 + kappa_in).
    """

    in_range: int
    normal: int
    counts: Mapping[str, int]
    ulps: tuple[float, float, float]
    scaled: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the table: a peer, its figures by set ("all" among them), and its time a row in seconds."""

    name: str
    version: str
    figures: Mapping[str, Figures]
    errors: Floats
    seconds: float


def truths_at(points: Floats) -> Truths:
    """Evaluate the spec at points (n, 15), columns in the order of NAMES."""
    rows = [dict(zip(NAMES, values, strict=True)) for values in points.tolist()]
    found = truths(model, given(model, rows), names=ROOTS)
    exponent = np.clip(found.exponent, -5000, 5000)  # far outside the range as well
    with np.errstate(all="ignore"):
        high = np.where(found.state == KNOWN, np.ldexp(found.high, exponent), np.nan)
        return Truths(high, np.ldexp(found.low, exponent), found.sizes.kappa_in)


def ulps(results: Floats, exact: Truths) -> Floats:
    """The errors of results (n, 10) in units of 2**-52 of the truth; NaN and inf where the result is."""
    with np.errstate(all="ignore"):
        return np.abs((results - exact.high) - exact.low) / (2.0**-52 * np.abs(exact.high))


def figures(results: Floats, exact: Truths, among: NDArray[np.bool_]) -> Figures:
    """Count and measure what a peer gave.

    Args:
        results: (n, 10) the loss and the partials.
        exact: the truth at the same n points.
        among: (n,) which points to look at.
    """
    counted, normal = exact.in_range & among[:, None], exact.normal & among[:, None]
    values, errors, kappa = results[normal], ulps(results, exact)[normal], exact.kappa_in[normal]
    finite = np.isfinite(values)
    counts = {
        "NaN": int(np.isnan(results[counted]).sum()),
        "Inf": int(np.isinf(results[counted]).sum()),
        "zero": int((values == 0).sum()),
        "garbage": int((finite & (values != 0) & (errors > 2.0**51)).sum()),
    }
    scaled = (errors / (1.0 + kappa))[finite]
    return Figures(int(counted.sum()), int(normal.sum()), counts, _quantiles(errors[finite]), _quantiles(scaled))


def _quantiles(errors: Floats) -> tuple[float, float, float]:
    if not errors.size:
        return (np.nan, np.nan, np.nan)
    middle, high, worst = np.quantile(errors, [0.5, 0.99, 1.0])
    return float(middle), float(high), float(worst)


def seconds_a_row(peers: Mapping[str, Peer], rows: int, rounds: int, seed: int) -> dict[str, float]:
    """Time the mean loss with its gradient at one vector of weights; the peers take turns, and medians are given.

    Args:
        peers: by name.
        rows: how many, drawn from N(0, 1).
        rounds: timings of each peer.
        seed: of weights and rows.
    """
    random = np.random.RandomState(seed)
    w, X, y = random.normal(size=9), random.normal(size=(rows, 5)), random.normal(size=rows)
    tasks = {name: partial(peer.mean, w, X, y) for name, peer in peers.items()}
    found = side_by_side(tasks, None, Effort(rounds, slice=0.0, longest=60.0))
    return {name: one.seconds / rows for name, one in found.items()}


def measure_all(points: int, *, seed: int, rows: int, rounds: int) -> tuple[list[Entry], list[str]]:
    """Put every peer that is installed to every point; the entries, and the names of what is missing.

    Args:
        points: in each set.
        seed: of the points.
        rows: of the timings.
        rounds: of the timings.
    """
    peers, missing = present()
    random = np.random.RandomState(seed)
    inputs = np.vstack([law(random, points) for law in SETS.values()])
    labels = np.repeat(list(SETS), points)
    exact = truths_at(inputs)
    with np.errstate(all="ignore"):
        seconds = seconds_a_row(peers, rows, rounds, seed)
        entries = []
        for name, peer in peers.items():
            losses, partials = peer.rows(inputs[:, :9], inputs[:, 9:14], inputs[:, 14])
            results = np.column_stack([losses, partials])
            chosen = {"all": np.ones(len(labels), bool), **{label: labels == label for label in SETS}}
            by_set = {label: figures(results, exact, among) for label, among in chosen.items()}
            scaled = (ulps(results, exact) / (1.0 + exact.kappa_in))[exact.normal]
            entries.append(Entry(name, peer.version, by_set, scaled, seconds[name]))
    return entries, missing


def table(entries: Sequence[Entry], missing: Sequence[str], points: int, rows: int) -> str:
    """The entries as text."""
    lines = [
        f"The founding model's loss and nine partials at {points} points of each set, float64.",
        "NaN and Inf where the truth is in range; the rest where it is a normal number. Errors are in units of 2**-52 of the",
        "truth; scaled ones are divided by 1 + kappa_in. An exception counts as NaN.",
    ]
    for label in ("all", *SETS):
        one = entries[0].figures[label]
        title = "all points" if label == "all" else label
        lines += ["", f"{title}: {one.in_range} results whose truth is in range, of {one.normal} it is a normal number"]
        heads = ("NaN", "Inf", "zero", "garbage", "median", "99 %", "worst", "scaled: median", "99 %", "worst")
        lines.append(f"{'':18}" + "".join(f"{head:>{WIDTH}}" for head in heads))
        for entry in entries:
            found = entry.figures[label]
            cells = [f"{count:{WIDTH}d}" for count in found.counts.values()]
            cells += [f"{value:{WIDTH}.3g}" for value in (*found.ulps, *found.scaled)]
            lines.append(f"{entry.name:18}{''.join(cells)}")
    lines += ["", f"Time of the mean loss with its gradient, ns a row at {rows} rows, medians, side by side in one process:"]
    lines += [f"{entry.name:18}{entry.seconds * 1e9:{WIDTH}.1f}   {entry.version}" for entry in entries]
    lines += ["", f"not installed: {', '.join(missing)}"] if missing else []
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the table to stdout and both files into the folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--points", type=int, default=5000, help="points in each of the four sets")
    parser.add_argument("--seed", type=int, default=0, help="of the points")
    parser.add_argument("--rows", type=int, default=TIMED_ROWS, help="rows of the timings")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="timings of each peer, of which the median counts")
    parser.add_argument("--out", type=Path, default=RESULTS, help="the folder that accuracy.txt and accuracy.png go to")
    options = parser.parse_args(arguments)
    entries, missing = measure_all(options.points, seed=options.seed, rows=options.rows, rounds=options.rounds)
    text = table(entries, missing, options.points, options.rows)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "accuracy.txt").write_text(text, encoding="utf-8")
    draw(entries, options.out / "accuracy.png")
    print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
