"""Rows in doubt whose errors do not count in sums: they are small beside these, or beside what these round."""

from collections.abc import Callable

import numpy as np

from symgraph.runtime.facts import Array

CARE = 1e-11
"""Rows whose bound is above this times a result are computed over pairs."""

ALLOWED = CARE / 8
"""A sum may be off by so much of itself through rows in doubt that are let go."""

SMALLEST = 2.0**-1022
"""The smallest normal number: smaller errors are let go."""

_ROUNDING = 2.0**-49
"""Sums of rounded terms are off by so much of the sum of the sizes of these anyway."""
_MOST_TERMS = 2**22
"""Most terms that are computed for their sizes."""


def those_that_count(errors: Array, sums: Array, rows: int, sizes: Callable[[], Array]) -> Array:
    """Tell which rows in doubt count in sums over all rows.

    Args:
        errors: bounds of those of these rows in each sum, (m, n).
        sums: by plain arithmetic, (n,).
        rows: how many there are in all.
        sizes: gives sums of the sizes of all terms, (n,), where errors are not small beside the sums.
    """
    if rows == 1:  # what is asked for is the row
        return np.ones(len(errors), bool)
    allowed = ALLOWED * np.abs(sums)
    counts = those_beyond(errors, allowed)
    if counts.any() and rows * len(sums) <= _MOST_TERMS:
        counts = those_beyond(errors, np.maximum(allowed, _ROUNDING * sizes()))
    return counts


def those_beyond(errors: Array, allowed: Array) -> Array:
    """Tell which rows remain if as many are let go, those of small errors first, as add up to what is allowed.

    Args:
        errors: of each row in each sum, (m, n).
        allowed: in each sum, (n,).
    """
    parts = np.nan_to_num(errors / allowed, nan=0.0, posinf=np.inf)
    order = np.argsort(parts.max(axis=1))
    remaining = np.empty(len(parts), bool)
    remaining[order] = np.cumsum(parts[order], axis=0).max(axis=1) > 1.0
    return remaining
