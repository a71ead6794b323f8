"""Times of the founding model bound by the runtime beside its generated module of ABI 1: CPU time, in one process, by turns.

OPENBLAS_NUM_THREADS=1 .venv/bin/python tests/runtime/times_beside_today.py
"""

import importlib.util
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nine_weights_lines
import numpy as np

GENERATED = Path(__file__).parents[2] / "generated" / "nine_weights.py"

TURNS = ((1, 2000, 15), (506, 1000, 15), (10_000, 60, 21), (1_000_000, 1, 9))
"""Rows, calls of a turn, turns."""


def microseconds(call: Callable[[], Any], calls: int) -> float:
    """CPU time of one call."""
    start = time.process_time()
    for _ in range(calls):
        call()
    return (time.process_time() - start) / calls * 1e6


def measured(name: str, arguments: tuple[Any, ...], calls: int, turns: int, today: Any) -> tuple[float, float, float]:
    """Medians of today's time, of the runtime's, and of their ratio turn by turn."""
    functions = [getattr(today, name), getattr(nine_weights_lines, name)]
    for function in functions:
        function(*arguments)
    pairs = [[microseconds(lambda f=f: f(*arguments), calls) for f in functions] for _ in range(turns)]
    before, after = (statistics.median(column) for column in zip(*pairs, strict=True))
    return before, after, statistics.median(new / old for old, new in pairs)


def main() -> None:
    spec = importlib.util.spec_from_file_location("nine_weights_of_abi_1", GENERATED)
    assert spec is not None
    assert spec.loader is not None
    today = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(today)
    rng = np.random.RandomState(0)
    for dtype in (np.float64, np.float32):
        for rows, calls, turns in TURNS:
            w, X, y = (
                part.astype(dtype) for part in (0.3 * rng.normal(size=9), rng.normal(size=(rows, 5)), rng.normal(size=rows))
            )
            layouts = {"row": X[0]} if rows == 1 else {"C": X, "F": np.asfortranarray(X)}
            for layout, given in layouts.items():
                target = y[0] if rows == 1 else y
                for name in ("value_and_grad", "predict", "jacobian", "per_sample_grad"):
                    arguments = (w, given) if name in ("predict", "jacobian") else (w, given, target)
                    before, after, ratio = measured(name, arguments, calls, turns, today)
                    print(
                        f"{np.dtype(dtype)} {rows:8d} {layout:3s} {name:15s} {before:9.1f} {after:9.1f} us {ratio:6.2f}",
                        flush=True,
                    )


if __name__ == "__main__":
    main()
