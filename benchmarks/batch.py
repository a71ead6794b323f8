"""The founding model's mean loss and gradient at 1 to 10,000,000 rows: symgraph beside its peers, and how right each is.

    python benchmarks/batch.py --quick

Peers take turns in one process, pinned to one core (two for two threads); medians of rounds, and medians of the rounds'
ratios to ``symgraph numpy``. Only public calls, with their validation. float64 and float32, one thread and two, each pair of
them in a process of its own. Errors are taken at ordinary points, a row a call: results that are NaN, infinite, 0 or garbage
though the truth is not, and the median and largest error as in ``accuracy.py``.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import machine
import numpy as np
import timing
from tables import answered, duration, names_of, number, options_of, own_process, report

ROWS = (1, 32, 506, 10_000, 1_000_000, 10_000_000)
QUICK_ROWS = (1, 32, 506, 10_000)
THREADED_ROWS = 10_000
"""From how many rows on two threads are tried."""
SETTINGS = (("float64", 1), ("float32", 1), ("float64", 2), ("float32", 2))
REFERENCE = "symgraph numpy"
ALONE = "symgraph numpy, one thread"
POINTS = ("0.1*N(0,1)", "N(0,1)")
"""Sets of points of accuracy.py: where models live."""


def measure(rows: Sequence[int], peers: Sequence[str] | None, effort: timing.Effort, points: int) -> dict[str, Any]:
    """Measure everything.

    Args:
        rows: numbers of rows.
        peers: names of peers; None for all.
        effort: how much is measured.
        points: in each set, for the errors.
    """
    result: dict[str, Any] = {"machine": machine.describe(), "versions": machine.versions(), "times": [], "missing": {}}
    for dtype, threads in SETTINGS:
        wanted = [n for n in rows if threads == 1 or n >= THREADED_ROWS]
        first = (dtype, threads) == SETTINGS[0]
        task = {
            "dtype": dtype,
            "threads": threads,
            "rows": wanted,
            "peers": peers,
            "effort": asdict(effort),
            "points": points if first else 0,
        }
        found = own_process("batch.py", task)
        result["times"] += found["times"]
        if first:
            result |= {"missing": found["missing"], "errors": found["errors"]}
        if threads > 1:
            result.setdefault("same_bits", {})[dtype] = found["same_bits"]
    return result


def worker(task: Mapping[str, Any]) -> dict[str, Any]:
    """Measure one dtype with one number of threads, in this process."""
    timing.pin(task["threads"])
    import batch_peers  # libraries count the cores as they are imported

    setting = batch_peers.Setting(task["dtype"], task["threads"])
    made, missing = _made(batch_peers, setting, task["peers"])
    effort = timing.Effort(**task["effort"])
    times: list[dict[str, Any]] = []
    with np.errstate(all="ignore"):  # the plain formulas overflow at random points
        for n in task["rows"]:
            times += _times(made, setting, n, effort)
        errors = _errors(made, task["points"]) if task["points"] else {}
        bits = _same_bits(made, setting) if task["threads"] > 1 else None
    return {"times": times, "missing": missing, "errors": errors, "same_bits": bits}


def _made(batch_peers: Any, setting: Any, wanted: Sequence[str] | None) -> tuple[dict[str, Any], dict[str, str]]:
    """The peers that can do it, and why the others cannot."""
    made, missing = {}, {}
    for name, make in batch_peers.PEERS.items():
        if name == ALONE and setting.threads == 1:
            continue  # is the first line then
        if wanted is None or name in wanted or name in (REFERENCE, ALONE):
            try:
                made[name] = make(setting)
            except (ImportError, batch_peers.UnfitError) as error:
                missing[name] = str(error)
    return made, missing


def _data(n: int, dtype: str) -> tuple[Any, Any, Any]:
    random = np.random.RandomState(n % 1000)
    drawn = (random.normal(size=9), random.normal(size=(n, 5)), random.normal(size=n))
    w, X, y = (array.astype(dtype) for array in drawn)
    return w, X, y


def _times(made: Mapping[str, Any], setting: Any, n: int, effort: timing.Effort) -> list[dict[str, Any]]:
    data = _data(n, setting.dtype)
    tasks: dict[str, Callable[[], Any]] = {
        name: batch.prepare(*data) for name, batch in made.items() if batch.most_rows is None or n <= batch.most_rows
    }
    found = timing.side_by_side(tasks, REFERENCE, effort)
    where = {"dtype": setting.dtype, "threads": setting.threads, "rows": n}
    return [{**where, "peer": name, **asdict(one)} for name, one in found.items()]


def _errors(made: Mapping[str, Any], points: int) -> dict[str, dict[str, Any]]:
    """How right each peer is at the points, by name."""
    import accuracy
    from libraries import as_arrays

    random = np.random.RandomState(0)
    inputs = np.vstack([accuracy.SETS[label](random, points) for label in POINTS])
    exact = accuracy.truths_at(inputs)
    found = {}
    for name, batch in made.items():
        results = np.empty((len(inputs), 10))
        for row, given in zip(results, inputs, strict=True):
            loss, gradient = as_arrays(batch.prepare(given[:9], given[None, 9:14], given[14:])())
            row[:] = [loss, *gradient]
        one = accuracy.figures(results, exact, np.ones(len(inputs), bool))
        found[name] = {
            "results": one.in_range,
            **one.counts,
            "median": one.ulps[0],
            "worst": one.ulps[2],
            "scaled": one.scaled[2],
        }
    return found


def _same_bits(made: Mapping[str, Any], setting: Any) -> bool | None:
    """Whether symgraph gives the same bits with all threads as with one; None where it takes no threads."""
    if REFERENCE not in made or ALONE not in made:
        return None
    data = _data(100_003, setting.dtype)
    (loss, gradient), (loss1, gradient1) = made[REFERENCE].prepare(*data)(), made[ALONE].prepare(*data)()
    return bool(loss == loss1 and np.array_equal(gradient, gradient1))


def tables(result: Mapping[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    """The result as tables: a title, a head, lines."""
    found = []
    for dtype, threads in dict.fromkeys((one["dtype"], one["threads"]) for one in result["times"]):
        times = [one for one in result["times"] if (one["dtype"], one["threads"]) == (dtype, threads)]
        sizes = list(dict.fromkeys(one["rows"] for one in times))
        cells = {(one["peer"], one["rows"]): _cell(one) for one in times}
        head = [f"{dtype}, {threads} thread{'s' if threads > 1 else ''}", *(f"{n:,} row{'s' if n > 1 else ''}" for n in sizes)]
        lines = [[peer, *(cells.get((peer, n), "-") for n in sizes)] for peer in dict.fromkeys(one["peer"] for one in times)]
        title = (
            f"Time of a call ({dtype}, {threads} thread{'s' if threads > 1 else ''}), and how many times that of {REFERENCE}"
        )
        found.append((title, head, lines))
    head = ["errors at ordinary points", "NaN", "Inf", "zero", "garbage", "median ulp", "worst ulp", "worst / (1 + kappa_in)"]
    lines = [
        [
            name,
            *(str(one[kind]) for kind in ("NaN", "Inf", "zero", "garbage")),
            *(number(one[key]) for key in ("median", "worst", "scaled")),
        ]
        for name, one in result["errors"].items()
    ]
    return [*found, ("Errors, float64, a row a call", head, lines)]


def _cell(one: Mapping[str, Any]) -> str:
    return f"{duration(one['seconds'])} ({number(one['ratio'], 2)})"


def remarks(result: Mapping[str, Any]) -> list[str]:
    """What the tables do not say."""
    lines = [f"same bits with two threads as with one, {dtype}: {same}" for dtype, same in result.get("same_bits", {}).items()]
    return [*lines, *(f"missing: {name}: {why}" for name, why in result["missing"].items())]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables and save the result."""
    parser = options_of("batch", __doc__, "few rows and rounds")
    parser.add_argument("--rows", type=int, nargs="*", help="numbers of rows")
    options = parser.parse_args(arguments)
    if answered(options, worker):
        return 0
    effort, rows, points = (timing.QUICK, QUICK_ROWS, 20) if options.quick else (timing.FULL, ROWS, 200)
    peers = names_of(options.peers)
    result = measure(options.rows or rows, peers, effort, points)
    report("batch", result, tables(result), remarks(result), options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
