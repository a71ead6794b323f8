"""The moments at which progress is told in a log: a line now and then, ever more rarely, so that hours are not thousands."""

import time
from collections.abc import Callable

_FIRST = 5.0
"""Seconds before the first line; what is done by then needs none."""
_LONGEST = 300.0
"""Seconds between two lines at most."""


class Pace:
    """Clock that says when the next line is due: after 5 seconds, and then whenever half as much time again has passed.

    Args:
        clock: returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start = clock()
        self._next = self._start + _FIRST

    def due(self) -> bool:
        """Tell if a line is due now; the next one is then due later."""
        now = self._clock()
        if now < self._next:
            return False
        self._next = now + min(max(_FIRST, (now - self._start) / 2.0), _LONGEST)
        return True
