"""Memory that functions over rows of a C file take: the rows of a block, and what lies on the stack."""

from collections.abc import Sequence

from symgraph.compiler.backends.c.parts import CFunction

BLOCK_BYTES = 1 << 15
"""Most bytes of the columns and terms of a block, which are to stay in the first-level cache."""

MOST_ROWS, VECTOR_ROWS = 64, 8

STACK_BYTES = 1 << 16
"""Most bytes that a function is to take of the stack."""


def rows_of_block(columns: int, single: bool, besides: int) -> int:
    """Return the rows of a block, a power of two: as many as keep its columns in the first-level cache, but fewer than a vector
    has, which are slow, only where more would not fit on the stack.

    Args:
        columns: the numbers of a row.
        single: whether they are floats.
        besides: the bytes that lie on the stack beside them.
    """
    rows, size = MOST_ROWS, (4 if single else 8) * columns
    most = min(3 * STACK_BYTES // 4, max(STACK_BYTES // 4, STACK_BYTES - besides))
    while rows > 1 and rows * size > (BLOCK_BYTES if rows > VECTOR_ROWS else most):
        rows //= 2
    return rows


def beside(written: Sequence[CFunction]) -> int:
    """Return the bytes of stack that functions take at most beside their arrays."""
    # compilers keep values of a loop on the stack, as vectors of up to 64 bytes, one for two statements at most
    return 1024 + 32 * max(part.body.values for one in written for part in one.parts)
