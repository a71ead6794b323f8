"""How models with traps draw their points: all from one generator, which their user seeds."""

import random

rng = random.Random(5)
U = rng.uniform


def LU(low: float, high: float) -> float:  # noqa: N802
    """Draw a positive number that is even in the exponent, between two powers of ten."""
    return float(10 ** U(low, high))


def S() -> int:  # noqa: N802
    """Draw a sign."""
    return rng.choice([-1, 1])


def N() -> float:  # noqa: N802
    """Draw from the standard normal law."""
    return rng.gauss(0, 1)
