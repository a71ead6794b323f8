"""Speed: the founding model, its training and a fit beside their peers; which promises hold. One command writes RESULTS.md.

    python benchmarks/speed.py                                  # a quarter of an hour
    python benchmarks/speed.py --quick --peers 'JAX jit;tuned C'   # does it run? prints the tables, and writes no page

Each group of peers has a process of its own, pinned to one core (two for two threads), with one thread in libraries of linear
algebra. Peers take turns in it; medians over rounds count, and a ratio is the median of the rounds' ratios. Time is that of the
process on one core, which counts nothing that others do there, and that of the clock for two threads.
"""

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import machine
import timing
from tables import answered, duration, markdown_table, names_of, number, own_process, save, text_table

PAGE = Path(__file__).parent / "RESULTS.md"
PEERS = "speed_peers"


class Group(NamedTuple):
    """Peers that take turns: a function of ``speed_peers``, its arguments, and the cores that the process may use."""

    function: str
    arguments: Mapping[str, Any]
    cores: int = 1


GROUPS = MappingProxyType(
    {
        "1 row": Group("batch", {"rows": 1}),
        "506 rows": Group("batch", {"rows": 506}),
        "1,000,000 rows": Group("batch", {"rows": 1_000_000}),
        "1,000,000 rows, two threads": Group("batch", {"rows": 1_000_000, "threads": 2}, 2),
        "10,000,000 rows, two threads": Group("batch", {"rows": 10_000_000, "threads": 2}, 2),
        "1,000,000 rows, float32": Group("batch", {"rows": 1_000_000, "dtype": "float32"}),
        "506 rows, two compilers": Group("compilers", {"rows": 506}),
        "1,000,000 rows, two compilers": Group("compilers", {"rows": 1_000_000}),
        "train, sgd": Group("training", {"rule": "sgd"}),
        "train, momentum": Group("training", {"rule": "momentum"}),
        "train, adam": Group("training", {"rule": "adam"}),
        "least_squares, six Gaussians": Group("fit", {}),
        "normal equations": Group("normal_equations", {"backend": "native"}),
        "normal equations, backend numpy": Group("normal_equations", {"backend": "numpy"}),
        "Hessian": Group("hessian", {}),
        "output and Jacobian in C": Group("jacobian_rows", {}),
    }
)
"""What is timed: the mean loss and its gradient, 30 epochs of training, one update a row, a fit by SciPy, other derivatives."""


class Promise(NamedTuple):
    """Promise about a group: a peer takes so many times our time at least, or we take so many times its time at most."""

    group: str
    peer: str
    at_least: float | None = None
    at_most: float | None = None


ONE_THREAD = "symgraph, one thread"
GRADIENT = "symgraph, value_and_grad"
PROMISES = (
    Promise("1 row", "JAX jit", at_least=4.0),
    Promise("1 row", "PyTensor", at_least=1.0),
    Promise("506 rows", "JAX jit", at_least=5.0),
    Promise("506 rows", "torch.compile", at_least=4.0),
    Promise("506 rows", "numba, notebook's formulas", at_least=1.5),
    Promise("506 rows", "PyTensor", at_least=2.5),
    Promise("1,000,000 rows", "JAX jit", at_least=8.0),
    Promise("1,000,000 rows", "torch.compile", at_least=1.4),
    Promise("1,000,000 rows", "tuned C", at_most=1.15),
    Promise("1,000,000 rows, two threads", ONE_THREAD, at_least=1.8),
    Promise("10,000,000 rows, two threads", ONE_THREAD, at_least=1.8),
    Promise("1,000,000 rows, float32", "symgraph, float64", at_least=1.6),
    Promise("506 rows, two compilers", "symgraph, by gcc", at_most=1.05),
    Promise("1,000,000 rows, two compilers", "symgraph, by gcc", at_most=1.05),
    Promise("train, sgd", "tuned C", at_most=1.3),
    Promise("train, momentum", "tuned C", at_most=1.3),
    Promise("train, adam", "tuned C", at_most=1.3),
    Promise("train, sgd", "JAX scan", at_least=1.3),
    Promise("train, momentum", "JAX scan", at_least=5.0),
    Promise("train, adam", "JAX scan", at_least=8.0),
    Promise("least_squares, six Gaussians", "JAX jit, jacfwd", at_least=4.0),
    Promise("normal equations", GRADIENT, at_most=1.6),
    Promise("normal equations, backend numpy", GRADIENT, at_most=1.6),
    Promise("Hessian", GRADIENT, at_most=6.0),
    Promise("Hessian", "JAX jit, hessian", at_least=1.0),
    Promise("output and Jacobian in C", "CasADi, C code", at_least=1.0),
)
EFFORT = timing.Effort(rounds=15, slice=0.02, longest=3.0)
ONE_ROW = 2.0e-6
"""Most time of a call with one row."""


def worker(task: Mapping[str, Any]) -> dict[str, Any]:
    """Measure one group in this process."""
    group = GROUPS[task["group"]]
    timing.pin(group.cores)
    import speed_peers  # libraries count the cores as they are imported

    tasks, missing = getattr(speed_peers, group.function)(task["peers"], **group.arguments)
    clock = time.process_time if group.cores == 1 else time.perf_counter
    found = timing.side_by_side(tasks, next(iter(tasks)), timing.Effort(**task["effort"]), clock)
    return {"times": {name: asdict(one) for name, one in found.items()}, "missing": missing}


def measure(groups: Sequence[str], peers: Sequence[str] | None, effort: timing.Effort) -> dict[str, Any]:
    """Measure groups, one process each.

    Args:
        groups: their names.
        peers: names of peers; None for all.
        effort: the extent of the measurement.
    """
    os.environ |= {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL")}
    found = {}
    for name in groups:
        print(f"measuring {name}", file=sys.stderr, flush=True)
        threads = {"OMP_NUM_THREADS": str(GROUPS[name].cores)}  # torch's own
        os.environ |= threads
        found[name] = own_process("speed.py", {"group": name, "peers": peers, "effort": asdict(effort)})
    load = {"load": f"{os.getloadavg()[0]:.1f} at the end"} if hasattr(os, "getloadavg") else {}
    return {"machine": {**machine.describe(), **load}, "versions": machine.versions(), "groups": found}


def promises(result: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """The table of promises: a head and lines."""
    lines = []
    for one in PROMISES:
        times = result["groups"].get(one.group, {"times": {}})["times"]
        if one.peer not in times:
            continue
        ratio = times[one.peer]["ratio"]
        if one.at_least is not None:
            kept, asked, value = ratio >= one.at_least, f"at least {one.at_least:g}", ratio
            what = f"time of {one.peer} by ours"
        else:
            kept, asked, value = 1.0 / ratio <= one.at_most, f"at most {one.at_most:g}", 1.0 / ratio
            what = f"our time by that of {one.peer}"
        lines.append([one.group, what, asked, number(value), "yes" if kept else "**no**"])
    if "1 row" in result["groups"]:
        seconds = next(iter(result["groups"]["1 row"]["times"].values()))["seconds"]
        asked = f"at most {duration(ONE_ROW)}"
        lines.insert(0, ["1 row", "our time", asked, duration(seconds), "yes" if seconds <= ONE_ROW else "**no**"])
    return ["", "", "asked", "found", "kept"], lines


def times_table(result: Mapping[str, Any], columns: Mapping[str, str]) -> tuple[list[str], list[list[str]]]:
    """A table of times, and of ratios to our own: a line for each peer.

    Args:
        result: of ``measure``.
        columns: the groups, and the heads of their columns.
    """
    there = {name: result["groups"][name]["times"] for name in columns if name in result["groups"]}
    peers = dict.fromkeys(peer for times in there.values() for peer in times)
    cells = {
        (group, peer): f"{duration(one['seconds'])} ({number(one['ratio'], 2)})"
        for group, times in there.items()
        for peer, one in times.items()
    }
    lines = [[peer, *(cells.get((group, peer), "-") for group in there)] for peer in peers]
    return ["", *(columns[group] for group in there)], lines


TABLES = MappingProxyType(
    {
        "Mean loss and gradient of the founding model, float64, one thread": {
            "1 row": "1 row",
            "506 rows": "506 rows",
            "1,000,000 rows": "1,000,000 rows",
        },
        "Two threads, and float32": {
            "1,000,000 rows, two threads": "1,000,000 rows, two threads",
            "10,000,000 rows, two threads": "10,000,000 rows, two threads",
            "1,000,000 rows, float32": "1,000,000 rows, float32",
        },
        "Two compilers": {"506 rows, two compilers": "506 rows", "1,000,000 rows, two compilers": "1,000,000 rows"},
        "Training on 506 rows, one update a row, 30 epochs": {
            "train, sgd": "sgd",
            "train, momentum": "momentum",
            "train, adam": "adam",
        },
        "A fit by SciPy's least_squares, 18 weights, 500 rows": {"least_squares, six Gaussians": "six Gaussians"},
        "Other derivatives of the founding model, 1,000,000 rows": {
            "normal equations": "normal_equations",
            "normal equations, backend numpy": "normal_equations, backend numpy",
            "Hessian": "hessian",
        },
        "Output and Jacobian of 1,000 rows, each by a call from C of a C function": {"output and Jacobian in C": "1,000 rows"},
    }
)
"""Titles of the tables of times, and their columns."""


def page(result: Mapping[str, Any]) -> str:
    """The text of RESULTS.md."""
    about = "; ".join(f"{key} {value}" for key, value in {**result["machine"], **result["versions"]}.items())
    head, lines = promises(result)
    broken = sum(line[-1] != "yes" for line in lines)
    parts = [
        "# Results\n",
        "Written by `python benchmarks/speed.py`; [README.md](README.md) says how things are measured and what is fair here,",
        "and [c/README.md](c/README.md) what the tuned C is. A number says what a call costs on the machine named here, and",
        "that only: ratios to other libraries change with vector units, caches, versions and what else the machine does: its",
        "load is about 1 where it does nothing else. Training and threads suffer most from neighbours.\n",
        f"Machine: {about}.\n",
        "## Promises\n",
        f"{len(lines) - broken} of {len(lines)} are kept; those that are not are in bold.\n",
        markdown_table(head, lines),
        "## Times\n",
        "Medians of a call, and how many times our own time each takes in the same rounds.\n",
    ]
    for title, columns in TABLES.items():
        if any(group in result["groups"] for group in columns):
            parts += [f"**{title}**\n", markdown_table(*times_table(result, columns))]
    parts += [f"- {line}" for line in missing(result)]
    return "\n".join(parts).rstrip() + "\n"


def missing(result: Mapping[str, Any]) -> list[str]:
    """Say which peers are missing, why, and in which groups."""
    found: dict[tuple[str, str], list[str]] = {}
    for group, one in result["groups"].items():
        for name, why in one["missing"].items():
            found.setdefault((name, why), []).append(group)
    return [f"missing: {name} at {'; '.join(groups)}: {why}" for (name, why), groups in found.items()]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the tables, save the result, and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--quick", action="store_true", help="three rounds; writes nothing unless --out is given")
    parser.add_argument("--peers", help="names separated by semicolons; all if left out")
    parser.add_argument("--groups", help=f"of {'; '.join(GROUPS)}")
    parser.add_argument("--out", type=Path, help="folder for speed.json and RESULTS.md; else RESULTS.md beside this script")
    parser.add_argument("--worker", type=Path, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if answered(options, worker):
        return 0
    groups = names_of(options.groups) or list(GROUPS)
    result = measure(groups, names_of(options.peers), timing.QUICK if options.quick else EFFORT)
    for head, lines in (promises(result), *(partial(times_table, result)(columns) for columns in TABLES.values())):
        print(text_table(head, lines))
    print("\n".join(missing(result)))
    if options.out is not None:
        save("speed", result, options.out)
        (options.out / "RESULTS.md").write_text(page(result), encoding="utf-8")
    elif not options.quick and options.peers is None and options.groups is None:
        PAGE.write_text(page(result), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
