"""Sums over rows in float64, in an order that depends on the number of rows alone."""

import numpy as np

from symgraph.runtime.facts import DOUBLE, Array

PIECE = 10_000
"""Rows of a dot product: of more, NumPy's BLAS may use threads, and give other last bits."""

ONES = np.ones(PIECE)


def rowsum(rows: Array, others: Array | None = None, /) -> Array:
    """Add up the rows, or their products with others, in float64.

    Pieces are dot products, in the order of NumPy's BLAS, and are added pairwise. The order
    depends on the number of rows alone, not on threads or memory layout. The error is at
    most (min(n, 10_000) + 32 + log2(n)) * 2**-53 times the sum of the terms' sizes.
    """
    if rows.ndim == 0:
        return product_of_one(rows, others)
    a = np.ascontiguousarray(rows, np.float64)
    b = None if others is None else np.ascontiguousarray(others, np.float64)
    sums = []
    for start in range(0, len(a), PIECE):
        piece = a[start : start + PIECE]
        other = ONES if b is None else b[start : start + PIECE]
        sums.append(piece.dot(other[: len(piece)]))
    return added(np.array(sums), len(a) // PIECE)


def product_of_one(rows: Array, others: Array | None = None, /) -> Array:
    """Give what rowsum gives of one row."""
    alone: Array = rows if rows.dtype is DOUBLE else rows.astype(np.float64)
    return alone if others is None else alone * others


def unsummed(rows: Array, others: Array | None = None, /) -> Array:
    """Give the rows, or their products with others, in the place of their sum."""
    return rows if others is None else rows * others


def added(parts: Array, whole: int) -> Array:
    """Add the sums of pieces along the last axis: whole pieces pairwise, then that of the rest, if there is one."""
    total: Array = np.add.reduce(parts[..., :whole], axis=-1)
    return total if parts.shape[-1] == whole else total + parts[..., whole]
