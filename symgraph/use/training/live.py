"""A callback that shows the loss while a run is under way: in a notebook, on a terminal, or in a log."""

import sys
import time
from contextlib import suppress
from importlib import import_module
from typing import Any

from symgraph.html import card, curve, notes
from symgraph.pace import Pace
from symgraph.use.training.history import EpochEnd

_REDRAWN = 0.2
"""Seconds between two changes of what is shown."""
_KEPT = 1000
"""Losses that are kept for the curve; of longer runs each second, fourth and so on."""


class Live:
    """Callback of ``train`` that shows epoch and loss: a growing curve in a notebook, an updated line on a terminal, and
    occasional lines, the first after 5 seconds, if stderr is a file or a pipe.

    Args:
        name: of the run, printed before the loss.
    """

    def __init__(self, name: str = "training") -> None:
        self._name = name
        self._losses: list[float] = []
        self._epochs, self._step = 0, 1
        self._pace, self._shown = Pace(), -_REDRAWN
        self._last: EpochEnd | None = None
        self._handle: Any = None
        self._where = "notebook" if _in_notebook() else "terminal" if sys.stderr.isatty() else "log"

    def __call__(self, end: EpochEnd) -> None:
        if self._epochs % self._step == 0:
            self._losses.append(end.loss)
        if len(self._losses) > _KEPT:
            self._losses, self._step = self._losses[::2], 2 * self._step
        self._epochs, self._last = self._epochs + 1, end
        now = time.monotonic()
        if self._pace.due() if self._where == "log" else now >= self._shown + _REDRAWN:
            self._shown = now
            self._show(end, finished=False)

    def close(self) -> None:
        """Show the last epoch; ``train`` calls this at the end of the run."""
        if self._last is not None and self._where != "log":
            self._show(self._last, finished=True)

    def _show(self, end: EpochEnd, *, finished: bool) -> None:
        held = "" if end.validation_loss is None else f", validation loss {end.validation_loss:.6g}"
        text = f"epoch {end.epoch}, loss {end.loss:.6g}{held}"
        if self._where == "notebook":
            display = import_module("IPython.display")
            content = display.HTML(card(self._name, "", "open", curve(self._losses, "loss"), notes([text])))
            if self._handle is None:
                self._handle = display.display(content, display_id=True)
            else:
                self._handle.update(content)
            return
        with suppress(OSError):  # the terminal is closed; the work goes on
            line = f"{self._name}: {text}"
            if self._where == "terminal":  # back to the left, and what was there is cleared
                line = f"\r\x1b[2K{line}"
            print(line, file=sys.stderr, end="\n" if finished or self._where == "log" else "", flush=True)


def _in_notebook() -> bool:
    """Tell if this is the kernel of a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None
