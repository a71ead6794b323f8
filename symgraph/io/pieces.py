"""Batches in pieces of a fixed size, so that threads may share them and results do not depend on the number of threads."""

import math
import os
from collections.abc import Callable, Sequence
from typing import TypeVar

from symgraph.runtime.contract import thread_count
from symgraph.runtime.replay import BUSY, pool

T = TypeVar("T")

PIECE = 65_536
"""Rows of a piece: starting a thread's work on it takes little of the time that the work takes."""


def in_pieces(work: Callable[[int, int], T], rows: int, threads: int) -> list[T]:
    """Call work for each piece of some rows, with its first row and the one after its last, and return the results.

    Args:
        work: the function; threads help only if it releases Python's lock for most of its time.
        rows: the number of rows.
        threads: the number of threads.

    Raises:
        ValueError: threads is no positive whole number.
    """
    workers = thread_count(threads)
    pieces = [(start, min(start + PIECE, rows)) for start in range(0, rows, PIECE)]
    nested = "shared" in vars(BUSY)  # a signal's handler calls: handing out work then may wait for itself
    if workers == 1 or len(pieces) == 1 or nested:
        return [work(*piece) for piece in pieces]
    BUSY.shared = True
    try:
        return list(pool(workers, os.getpid()).map(lambda piece: work(*piece), pieces))
    finally:
        del BUSY.shared


def summed(parts: Sequence[float]) -> float:
    """Return the sum of the pieces' sums, rounded once; inf or nan where one is, or where they overflow."""
    try:
        return math.fsum(parts)
    except (OverflowError, ValueError):
        return sum(parts)  # in Python, which gives no warning
