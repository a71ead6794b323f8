"""The streams of a command: what a terminal would obey is shown as an escape, and a stream that takes nothing is an error."""

import errno
import io
import os
import re
import shlex
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from symgraph.errors import SymgraphError

_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Signs that a terminal does not show but obeys, and those without an encoding: controls but for tab and the end of a line, the
directions of writing and ends of lines of Unicode 16 (properties Bidi_Control and Line_Break), and surrogates."""
_UNQUOTED = re.compile(f"{_OBEYED.pattern[:-1]}\n\t]")
"""These, and what ends the line of a command or looks like a blank."""
_REDRAW = "\r\x1b[2K"
"""With which a line is drawn anew on a terminal."""
_MOST = 1400
"""Signs of one message on stderr; of a longer one the middle is left out."""


class StreamError(SymgraphError):
    """Stdout takes nothing more."""


def shown(text: str) -> str:
    """Return a text in which what a terminal would obey is an escape, such as \\x1b."""
    return _OBEYED.sub(_escape, text)


def cut(text: str) -> str:
    """Return a text without its middle if it is long."""
    return text if len(text) <= _MOST else f"{text[: _MOST // 2]} [...] {text[-_MOST // 2 :]}"


def quoted(words: Iterable[object]) -> str:
    """Return words as a shell reads them: in quotes where need be, with escapes for what a terminal would obey."""
    return " ".join(f"$'{_in_quotes(word)}'" if _UNQUOTED.search(word) else shlex.quote(word) for word in map(str, words))


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape", "surrogatepass").decode()


def _in_quotes(word: str) -> str:
    """Return a word by the rules of $'...' of bash and zsh: bytes that are no text as those that they are."""
    plain = re.sub(r"[\\']", lambda found: f"\\{found[0]}", word)
    return _UNQUOTED.sub(lambda found: "".join(f"\\x{byte:02x}" for byte in os.fsencode(found[0])), plain)


class Shown(io.TextIOBase):
    """A stream on which texts are shown.

    Args:
        stream: where they go; None if it was closed when Python began.
        lossy: whether what cannot be written is left out without an error, as remarks are; long texts are then cut.

    Attributes:
        plain: the stream itself, for what is not text of others: bars and rules.
    """

    def __init__(self, stream: TextIO | None, *, lossy: bool) -> None:
        self.plain = stream
        self._lossy = lossy

    def write(self, text: str) -> int:
        """Write a text.

        Raises:
            StreamError: the stream is closed, or the disk behind it is full.
            BrokenPipeError: its reader has gone.
        """
        start = _REDRAW if text.startswith(_REDRAW) and self.isatty() else ""
        kept = shown(text[len(start) :])
        kept = cut(kept) if self._lossy else kept
        with self._watched():
            if self.plain is None:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            self.plain.write(
                start + (kept if kept.isascii() else kept.encode(self.encoding, "backslashreplace").decode(self.encoding))
            )
        return len(text)

    def flush(self) -> None:
        """Flush it; raises as `write` does."""
        with self._watched():
            if self.plain is not None:
                self.plain.flush()

    def isatty(self) -> bool:
        """Tell if it is a terminal."""
        return self.plain is not None and self.plain.isatty()

    def fileno(self) -> int:
        """Return the number of the file.

        Raises:
            OSError: it has none.
        """
        if self.plain is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return self.plain.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # the attribute of the base
        """Its encoding."""
        return getattr(self.plain, "encoding", None) or "utf-8"

    @property
    def buffer(self) -> Any:
        """The stream of bytes below it."""
        return self.plain.buffer if self.plain is not None else None

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Give the stream up at the first error: Python would complain of what is left when it ends."""
        try:
            yield
        except OSError as error:
            if self.plain is not None:
                _lead_nowhere(self.plain.fileno())
            if isinstance(error, BrokenPipeError) and not self._lossy:
                raise
            if not self._lossy:
                raise StreamError(f"stdout cannot be written: {error.strerror}") from error


@contextmanager
def shown_streams() -> Iterator[None]:
    """Show on stdout and stderr inside the block, and let no file that is opened there take the place of a closed stream."""
    before = sys.stdin, sys.stdout, sys.stderr
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            _lead_nowhere(number)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  it is open as long as the process
    sys.stdout, sys.stderr = Shown(sys.stdout, lossy=False), Shown(sys.stderr, lossy=True)
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


def _lead_nowhere(number: int) -> None:
    """Let a file of this process be the null device."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere != number:
        os.dup2(nowhere, number)
        os.close(nowhere)
