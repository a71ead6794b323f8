"""Rows in doubt whose errors do not count in sums: they are small beside these, or beside what these round."""

from collections.abc import Callable

import numpy as np

from symgraph.runtime.facts import Array

CARE = 1e-11
"""Rows whose bound is above this times a result are computed over pairs."""

_BITS, _KNOWN = 52.0, 44.0
"""A row that lost b bits is taken to be off by 2**(b - _BITS) of itself, unless these are more than the second number."""
_ROUNDING = 2.0**-49
"""Sums of rounded terms are off by so much of the sum of the sizes of these anyway."""
_MOST_TERMS = 2**22
"""Most terms that are computed for their sizes."""


def those_that_count(terms: Array, shares: Array, bits: Array, sums: Array, rows: int, sizes: Callable[[], Array]) -> Array:
    """Tell which rows in doubt count in sums over all rows.

    Args:
        terms: of these rows in each sum, (m, n).
        shares: the sizes of their factors in the sums, (m,) or ().
        bits: how many bits each of them may have lost, (m,).
        sums: by plain arithmetic, (n,).
        rows: how many there are in all.
        sizes: gives sums of the sizes of all terms, (n,), where errors are not small beside the sums.
    """
    if rows == 1:  # what is asked for is the row
        return np.ones(len(terms), bool)
    errors = np.abs(terms) * np.atleast_2d(shares * 2.0 ** np.minimum(bits - _BITS, 0.0)).T
    allowed = CARE / 8 * np.abs(sums)
    counts = those_beyond(errors, allowed, bits > _KNOWN)
    if counts.any() and rows * len(sums) <= _MOST_TERMS:
        counts = those_beyond(errors, np.maximum(allowed, _ROUNDING * sizes()), bits > _KNOWN)
    return counts


def those_beyond(errors: Array, allowed: Array, always: Array) -> Array:
    """Tell which rows remain if as many are let go, those of small errors first, as add up to what is allowed.

    Args:
        errors: of each row in each sum, (m, n).
        allowed: in each sum, (n,).
        always: rows that remain in any case, (m,).
    """
    parts = np.nan_to_num(errors / allowed, nan=0.0, posinf=np.inf).max(axis=1)
    parts[always] = np.inf
    order = np.argsort(parts)
    remaining = np.empty(len(parts), bool)
    remaining[order] = np.cumsum(parts[order]) > 1.0
    return remaining
