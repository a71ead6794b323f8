"""Switch for Python's collector of reference cycles, which is off during big builds."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep Python from looking for cycles among objects that have none.

    Graphs and expressions are millions of tuples that refer to earlier ones. The collector walks over all that are alive again
    and again while more are made, which takes a third of the time of a big build. At the end they count as old, so that the
    next collection of young objects does not walk over them either.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            if not gc.get_freeze_count():  # else objects that other code has frozen would be unfrozen
                gc.freeze()
                gc.unfreeze()
            gc.enable()
