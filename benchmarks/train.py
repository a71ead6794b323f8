"""Training row by row: symgraph's train() beside the notebook's loop, JAX, numba, torch and C.

    python benchmarks/train.py --quick

The founding data, 506 rows in order, one update a row, from the notebook's initial weights; gradient descent, momentum and
Adam. Peers take turns in one process on one core; what a step costs is the time of the whole call by its steps, medians, and
medians of the rounds' ratios. Compilation does not count. train() also computes the loss over all rows after each epoch and
looks for values that are not finite; the other loops do neither.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import machine
import numpy as np
import timing
from tables import answered, duration, names_of, number, options_of, own_process, report

DATA = Path(__file__).parent.parent / "data" / "nine_weights.csv"
RULES = ("sgd", "momentum", "adam")
REFERENCE = "notebook"
QUICK_EPOCHS, EPOCHS = 1, 30
"""Of a call: the runs of the founding notebook end after 27 to 62."""
QUICK = timing.Effort(rounds=3, slice=0.005, longest=60.0)
FULL = timing.Effort(rounds=15, slice=0.02, longest=60.0)


def measure(peers: Sequence[str] | None, effort: timing.Effort, epochs: int) -> dict[str, Any]:
    """Measure all rules, in a process of its own.

    Args:
        peers: names of peers; None for all.
        effort: how much is measured.
        epochs: of each call.
    """
    found = own_process("train.py", {"peers": peers, "effort": asdict(effort), "epochs": epochs})
    return {"machine": machine.describe(), "versions": machine.versions(), **found}


def worker(task: Mapping[str, Any]) -> dict[str, Any]:
    """Measure in this process."""
    timing.pin(1)
    import train_peers  # libraries count the cores as they are imported

    X, y = _data()
    w = 0.1 * np.random.RandomState(42).normal(size=9)
    steps = task["epochs"] * len(y)
    times, missing = [], {}
    for rule in RULES:
        tasks: dict[str, Callable[[], Any]] = {}
        for name, make in train_peers.PEERS.items():
            if task["peers"] is not None and name not in (*task["peers"], REFERENCE):
                continue
            try:
                tasks[name] = _call(make(rule), (X, y), task["epochs"], train_peers.RATES[rule], w)
            except (ImportError, train_peers.UnfitError) as error:
                missing[name] = str(error)
        ends = {name: one()[0] for name, one in tasks.items()}
        for name, one in timing.side_by_side(tasks, REFERENCE, timing.Effort(**task["effort"])).items():
            apart = float(np.abs(ends[name] - ends[REFERENCE]).max())
            times.append({"rule": rule, "peer": name, "step": one.seconds / steps, "ratio": one.ratio, "apart": apart})
    return {"times": times, "missing": missing}


def _data() -> tuple[Any, Any]:
    from symgraph.io.data import read_data

    rows = read_data(DATA, [f"f{j}" for j in range(1, 6)], "y")
    return np.ascontiguousarray(rows.X, np.float64), np.ascontiguousarray(rows.y, np.float64)


def _call(loop: Any, data: tuple[Any, Any], epochs: int, rate: float, w: Any) -> Callable[[], Any]:
    return lambda: loop(data, epochs, rate, w)


def tables(result: Mapping[str, Any]) -> list[tuple[str, list[str], list[list[str]]]]:
    """The result as one table: a title, a head, lines."""
    cells = {(one["peer"], one["rule"]): one for one in result["times"]}
    head = ["a step", *(f"{rule}" for rule in RULES), "weights apart"]
    lines = []
    for peer in dict.fromkeys(one["peer"] for one in result["times"]):
        found = [cells[peer, rule] for rule in RULES if (peer, rule) in cells]
        times = [f"{duration(one['step'])} ({number(1 / one['ratio'], 3)}x)" for one in found]
        lines.append([peer, *times, number(max(one["apart"] for one in found), 2)])
    title = "Time of a step, how many times faster than the notebook, and how far its weights end from the notebook's"
    return [(title, head, lines)]


def remarks(result: Mapping[str, Any]) -> list[str]:
    """What the table does not say."""
    return [f"missing: {name}: {why}" for name, why in result["missing"].items()]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table and save the result."""
    parser = options_of("train", __doc__, "one epoch a call, three rounds")
    options = parser.parse_args(arguments)
    if answered(options, worker):
        return 0
    peers = names_of(options.peers)
    found = measure(peers, *((QUICK, QUICK_EPOCHS) if options.quick else (FULL, EPOCHS)))
    report("train", found, tables(found), remarks(found), options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
