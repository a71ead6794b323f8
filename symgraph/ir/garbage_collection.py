"""Switch for Python's collector of reference cycles, which is off during big builds."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar
from weakref import WeakMethod

P = ParamSpec("P")
T = TypeVar("T")


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


def weakly(method: Callable[P, T]) -> Callable[P, T]:
    """Wrap a method so that it does not keep its object alive, for an object that stores the results of its own method.

    So there is no reference cycle, and the parts of a build are freed without the collector.
    """
    reference = WeakMethod(method)

    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        alive = reference()
        if alive is None:
            raise ReferenceError("the object of a method is gone")
        return alive(*args, **kwargs)

    return call
