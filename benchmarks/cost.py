"""Cost of stability: the founding model's loss with its gradient, beside the same graph with plain derivatives.

    python benchmarks/cost.py

The plain module comes from the same spec through the same generator, but for its table of operations and its passes: tanh'
is 1 - tanh**2, sigmoid is 1/(1 + exp(-z)), sigmoid' is s*(1 - s), and nothing guards or orders products. Both run in one
process and take turns; a round times one call of each (many calls at few rows), in alternating order, by the time of the
processor, since the machine may be shared. Prints medians in nanoseconds a row and their ratio, and exits 1 if a ratio exceeds
1.35.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from types import ModuleType
from unittest.mock import patch

import numpy as np
import sympy

from examples.nine_weights.model import model
from symgraph.compiler.derive.op_graphs import fragment
from symgraph.compiler.generate import generate
from symgraph.compiler.passes import STEPS
from symgraph.project.build.modules import load_artifact
from symgraph.spec.ops.op import Op
from symgraph.spec.ops.ops import OPS, v, x0

ROWS = (1, 506, 5_000, 20_000, 1_000_000)
LARGEST_RATIO = 1.35
_READERS = ("compiler.derive.adjoint", "compiler.derive.op_graphs", "compiler.passes.expand")
"""The modules that derive and expand by the table."""
_GUARDS = ("limit", "order")
"""The passes that only make products safe."""
_BLOCK = 20_000
"""Rows that a timing covers at least, in several calls where one has fewer."""
_SETTLING = 2**24
"""Bytes that are allocated and freed at first. From then on glibc keeps what is freed (its thresholds follow the largest block
that was freed, up to 32 MiB), as in any process that has handled large arrays. Before, it may hand pages back after each call,
which costs more than the arithmetic and hits one module and not the other, whichever has the one temporary too many."""

PLAIN: Mapping[str, Op] = {
    **OPS,
    "tanh": replace(OPS["tanh"], partials=((1 - v * v,),), aux=()),
    "sigmoid": replace(OPS["sigmoid"], stable=1 / (1 + sympy.exp(-x0)), partials=((v, 1 - v),), aux=()),
}
"""The table with what every textbook has."""


@contextmanager
def plain_derivatives() -> Iterator[None]:
    """Generate by the plain table, without the passes that guard, as long as this lasts."""
    steps = tuple(step for step in STEPS if step.__name__ not in _GUARDS)
    fragment.cache_clear()
    try:
        with ExitStack() as stack:
            for name in _READERS:
                # by sys.modules: the package ``passes`` has a function of the name of its module
                __import__(f"symgraph.{name}")
                stack.enter_context(patch.object(sys.modules[f"symgraph.{name}"], "OPS", PLAIN))
            stack.enter_context(patch.object(sys.modules["symgraph.compiler.generate"], "STEPS", steps))
            yield
    finally:
        fragment.cache_clear()


def both() -> tuple[ModuleType, ModuleType]:
    """The stable numpy module and the plain one."""
    (stable,) = generate(model)
    with plain_derivatives():
        (plain,) = generate(model)
    return load_artifact(stable), load_artifact(plain)


def seconds(modules: Sequence[ModuleType], rows: int, rounds: int, seed: int) -> list[float]:
    """The median time of a call of value_and_grad for each module.

    Args:
        modules: they take turns.
        rows: of the call, drawn from N(0, 1).
        rounds: timings of each, after two that do not count.
        seed: of weights and rows.
    """
    random = np.random.RandomState(seed)
    w, X, y = random.normal(size=9), random.normal(size=(rows, 5)), random.normal(size=rows)
    calls = max(1, min(200, _BLOCK // rows))
    tasks = [partial(_timed, module.value_and_grad, (w, X, y), calls) for module in modules]
    times: list[list[float]] = [[] for _ in tasks]
    for turn in range(rounds + 2):
        for place in range(len(tasks)) if turn % 2 else reversed(range(len(tasks))):
            times[place].append(tasks[place]())
    return [float(np.median(spent[2:])) for spent in times]


def _timed(function: Callable[..., object], arguments: tuple[object, ...], calls: int) -> float:
    start = time.process_time()
    for _ in range(calls):
        function(*arguments)
    return (time.process_time() - start) / calls


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the table to stdout; exit 1 if stability costs more than it may."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, nargs="*", default=list(ROWS), help="of a call")
    parser.add_argument("--rounds", type=int, default=101, help="timings of each module; a fifth at 100,000 rows or more")
    parser.add_argument("--seed", type=int, default=0, help="of weights and rows")
    options = parser.parse_args(arguments)
    modules = both()
    np.ones(_SETTLING // 8).sum()
    print(f"{'rows':>9}{'stable, ns a row':>20}{'plain, ns a row':>20}{'ratio':>8}")
    worst = 0.0
    for rows in options.rows:
        rounds = options.rounds if rows < 100_000 else max(1, options.rounds // 5)
        stable, plain = seconds(modules, rows, rounds, options.seed)
        worst = max(worst, stable / plain)
        print(f"{rows:9d}{stable / rows * 1e9:20.1f}{plain / rows * 1e9:20.1f}{stable / plain:8.2f}", flush=True)
    return 0 if worst <= LARGEST_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
