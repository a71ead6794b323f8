"""Signals that ask a command to end while it has results to save: Ctrl-C, SIGTERM and SIGHUP."""

import signal
import threading
from types import FrameType
from typing import Any, Self

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP


class Interrupts:
    """Block in which the first signal is recorded, and raised where interruptible; a second one ends the process at once.

    A second SIGHUP does not: a terminal that closes sends it from the kernel and from the shell. A signal ignored before,
    as `nohup` ignores SIGHUP, stays ignored. The former handlers are restored at the end of the block.

    Attributes:
        received: the first signal's number, or None.
        interruptible: whether that signal raises KeyboardInterrupt at once, or is only recorded.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self.interruptible = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # no other may set handlers
            numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
            self._before = {number: signal.getsignal(number) for number in numbers}
            for number, handler in self._before.items():
                if handler is not signal.SIG_IGN:
                    signal.signal(number, self._receive)
        return self

    def __exit__(self, *_error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raise KeyboardInterrupt if a signal has come: code that ignores errors may have swallowed the first."""
        if self.received is not None:
            raise KeyboardInterrupt

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        self.received = number
        for other, handler in self._before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(other, signal.SIG_IGN if signal.Signals(other).name == "SIGHUP" else signal.SIG_DFL)
        if self.interruptible:
            self.interruptible = False
            raise KeyboardInterrupt
