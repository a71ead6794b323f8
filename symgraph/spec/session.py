"""Answers to errors in a user's own code, shown with the error by Python and by IPython: what to write instead of a habit."""

import sys
from collections.abc import Callable
from functools import cache, partial
from types import TracebackType
from typing import Any

from symgraph.spec.habits import note

Hook = Callable[[type[BaseException], BaseException, TracebackType | None], Any]


@cache
def listen() -> None:
    """Have errors answered until the process ends; done by the first symbol of a model.

    IPython is asked to call us after each cell. Elsewhere, at a prompt or in a script, Python shows an error by
    ``sys.excepthook``; the function that is there stays the one that shows it.
    """
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is not None:
        shell.events.register("post_run_cell", after_cell)
    else:
        sys.excepthook = partial(show, before=sys.excepthook)


def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None, before: Hook) -> None:
    """Show an error that ends a program or a statement, with its answer as a note.

    Args:
        kind, error, trace: as ``sys.excepthook`` has them.
        before: shows the error.
    """
    note(error)
    before(kind, error, trace)


def after_cell(_: object) -> None:
    """Write the answer to the error that IPython has shown last, below it, unless it has been written before."""
    error = getattr(sys, "last_value", None)
    said = "" if error is None else note(error)
    if said:
        print(said, file=sys.stderr)
