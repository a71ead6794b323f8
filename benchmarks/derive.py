"""From a model's formulas to its first gradient: symgraph beside what derives expressions or programs, up to 100,000 weights.

    python benchmarks/derive.py --quick

Each run is a process of its own, pinned to one core: it imports the library, then the clock starts: write the formulas,
derive, make a function, call it once. Time is the median of some runs, memory the largest that a run's process ever held,
imports included. Gradients are compared with symgraph's first. A run that lasts too long is ended, and larger ones of its
kind are not tried. The exponent is the slope of log(time) over log(weights), from the first size that takes 0.1 s on.
"""

import resource
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import machine
import numpy as np
import timing
from tables import answered, duration, names_of, number, options_of, own_process, report

SIZES: Mapping[str, tuple[int, ...]] = {
    "founding model": (9,),
    "perceptron": (100, 300, 1_000, 10_000, 100_000),
    "chain": (100, 1_000, 10_000, 100_000),
    "random graph": (10, 100, 1_000, 10_000),
}
"""Weights of each model; a random graph has ten operations a weight."""
QUICK_SIZES: Mapping[str, tuple[int, ...]] = {
    "founding model": (9,),
    "perceptron": (100, 300),
    "chain": (100,),
    "random graph": (10,),
}
LIMIT, QUICK_LIMIT = 300.0, 30.0
"""Seconds that a run may take, import included."""
RUNS = 3
LONG = 20.0
"""A run that takes longer (in seconds) is not repeated."""
BASE, MOST_MEMORY = 400 << 20, 12 << 30
"""Bytes that an import may take, and that a run may."""
FROM = 0.1
"""Seconds below which a time says more about start-up than about the size."""


def measure(sizes: Mapping[str, Sequence[int]], peers: Sequence[str] | None, runs: int, limit: float) -> dict[str, Any]:
    """Measure all models with all peers.

    Args:
        sizes: weights by kind of model.
        peers: names of peers; None for all.
        runs: of each.
        limit: seconds that a run may take.
    """
    import derive_peers

    names = [name for name in derive_peers.PEERS if peers is None or name in peers]
    times: list[dict[str, Any]] = []
    missing: dict[str, str] = {}
    for kind, wanted in sizes.items():
        last: dict[str, dict[str, Any]] = {}
        for size in wanted:
            for name in names:
                before = last.get(name, {})
                if name in missing or before.get("failure"):
                    continue
                task = {"kind": kind, "size": size, "peer": name}
                one = _hopeless(task, before, limit) or _measured(task, runs, limit)
                if one.get("missing"):
                    missing[name] = one["missing"]
                elif not one.get("unfit"):
                    last[name] = one
                    times.append(one)
    return {"machine": machine.describe(), "versions": machine.versions(), "times": times, "missing": missing}


def _hopeless(task: Mapping[str, Any], before: Mapping[str, Any], limit: float) -> dict[str, Any] | None:
    """A failure where even growth in proportion to the size would exceed the limits; else None.

    Args:
        task: what is to be done.
        before: the same at a smaller size, or nothing.
        limit: seconds that a run may take.
    """
    if not before:
        return None
    growth = task["size"] / before["size"]
    if before["seconds"] * growth > limit:
        return {**task, "weights": task["size"], "failure": f"more than {limit:g} s"}
    if (before["memory"] - BASE) * growth > MOST_MEMORY:
        return {**task, "weights": task["size"], "failure": f"more than {MOST_MEMORY >> 30} GiB"}
    return None


def _measured(task: Mapping[str, Any], runs: int, limit: float) -> dict[str, Any]:
    seconds: list[float] = []
    memory, weights, check = 0.0, 0, 0.0
    for _ in range(runs):
        try:
            found = own_process("derive.py", task, limit=limit)
        except (TimeoutError, ChildProcessError) as error:
            return {**task, "weights": task["size"], "failure": str(error)[:200]}
        if "missing" in found or "unfit" in found:
            return {**task, **found}
        seconds.append(found["seconds"])
        memory, weights, check = max(memory, found["memory"]), found["weights"], found["norm"]
        if found["seconds"] > LONG:
            break
    return {**task, "weights": weights, "seconds": float(np.median(seconds)), "memory": memory, "norm": check}


def worker(task: Mapping[str, Any]) -> dict[str, Any]:
    """Do one run in this process."""
    timing.pin(1)
    import derive_peers
    from libraries import UnfitError

    try:
        work = derive_peers.PEERS[task["peer"]]()
    except ImportError as error:
        return {"missing": str(error)}
    case = _case(task["kind"], task["size"])
    random = np.random.RandomState(0)
    w, x, y = 0.3 * random.normal(size=case.weights), random.normal(size=8), 0.5
    try:
        start = time.perf_counter()
        gradient = work(case, w, x, y)
        seconds = time.perf_counter() - start
    except UnfitError as error:
        return {"unfit": str(error)}
    unit = 2**10 if sys.platform.startswith("linux") else 1  # of ru_maxrss: kilobytes there, bytes on other systems
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return {"seconds": seconds, "memory": memory, "weights": case.weights, "norm": float(np.linalg.norm(gradient))}


def _case(kind: str, size: int) -> Any:
    import programs

    return programs.FOUNDING if kind == "founding model" else programs.KINDS[kind](size)


def exponents(times: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], float]:
    """The exponent of each peer for each kind of model that has two sizes or more."""
    found = {}
    for kind, peer in dict.fromkeys((one["kind"], one["peer"]) for one in times):
        points = [
            (one["weights"], one["seconds"])
            for one in times
            if (one["kind"], one["peer"]) == (kind, peer) and one.get("seconds", 0.0) >= FROM
        ]
        if len(points) > 1:
            sizes, seconds = np.log(np.array(points, float)).T
            found[kind, peer] = float(np.polyfit(sizes, seconds, 1)[0])
    return found


def tables(result: Mapping[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    """The result as a table a kind of model: a title, a head, lines."""
    slopes = exponents(result["times"])
    found = []
    for kind in dict.fromkeys(one["kind"] for one in result["times"]):
        times = [one for one in result["times"] if one["kind"] == kind]
        sizes = list(dict.fromkeys(one["size"] for one in times))
        cells = {(one["peer"], one["size"]): _cell(one) for one in times}
        head = [kind, *(f"{size:,} weights" for size in sizes), "exponent"]
        lines = [
            [peer, *(cells.get((peer, size), "-") for size in sizes), number(slopes.get((kind, peer)))]
            for peer in dict.fromkeys(one["peer"] for one in times)
        ]
        found.append((f"{kind}: time from formulas to the first gradient, and largest memory", head, lines))
    return found


def _cell(one: Mapping[str, Any]) -> str:
    if "failure" in one:
        return one["failure"] if one["failure"].startswith("more than") else "failed"
    return f"{duration(one['seconds'])}, {number(one['memory'] / 2**20)} MiB"


def _model_of(one: Mapping[str, Any]) -> tuple[str, int]:
    return one["kind"], one["size"]


def remarks(result: Mapping[str, Any]) -> list[str]:
    """Remarks beside the tables."""
    lines = []
    for one in result["times"]:
        where = f"{one['peer']}, {one['kind']} of {one['size']:,} weights"
        same = [other["norm"] for other in result["times"] if "norm" in other and _model_of(other) == _model_of(one)]
        middle = float(np.median(same)) if same else np.nan
        if "norm" in one and abs(one["norm"] - middle) > 1e-9 * middle:
            lines.append(f"gradient differs: {where}: norm {one['norm']!r}, not {middle!r}")
        if "failure" in one and not one["failure"].startswith("more than"):
            lines.append(f"failed: {where}: {one['failure']}")
    return [*lines, *(f"missing: {name}: {why}" for name, why in result["missing"].items())]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables and save the result."""
    parser = options_of("derive", __doc__, "small models, one run")
    parser.add_argument("--kinds", help="kinds of models separated by commas; all if left out")
    parser.add_argument("--limit", type=float, help="seconds that a run may take")
    options = parser.parse_args(arguments)
    if answered(options, worker):
        return 0
    sizes = QUICK_SIZES if options.quick else SIZES
    if options.kinds is not None:
        sizes = {kind.strip(): sizes[kind.strip()] for kind in options.kinds.split(",")}
    peers = names_of(options.peers)
    limit = options.limit or (QUICK_LIMIT if options.quick else LIMIT)
    found = measure(sizes, peers, 1 if options.quick else RUNS, limit)
    report("derive", found, tables(found), remarks(found), options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
