"""What a command prints: signs that a terminal would obey, words for a shell, streams that take nothing."""

import io
import subprocess

import pytest

from symgraph.cli.streams import Shown, StreamError, cut, quoted, shown

ODD = "a\x1b[31m\a\x9b\u202e\u2028\udcffb\r\x00"


def test_what_a_terminal_obeys_is_an_escape_remarks_are_cut_and_results_are_not() -> None:
    assert shown(ODD) == "a\\x1b[31m\\x07\\x9b\\u202e\\u2028\\udcffb\\r\\x00"
    text = "two\tlines\nof \u00fcber \u4e2d \U0001f600 \\x1b \u200d"
    assert shown(text) == text
    for lossy, size in ((True, 1407), (False, 10**5)):
        stream = io.StringIO()
        Shown(stream, lossy=lossy).write("x" * 10**5)
        assert len(stream.getvalue()) == size
    assert cut("x" * 1400) == "x" * 1400
    with pytest.raises(StreamError, match="stdout cannot be written: Bad file descriptor"):
        Shown(None, lossy=False).write("x")
    assert Shown(None, lossy=True).write("x") == 1


@pytest.mark.parametrize("word", ["plain", "two words", "it's", "a\x1b[0m'\\b", "line\nend\u2028", "half\udcff", "$HOME", ""])
def test_a_shell_reads_the_words_that_are_quoted_for_it(word: str) -> None:
    line = quoted(["printf", "%s", word])
    assert (shown(line), line.splitlines()) == (line, [line])
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True)
    assert done.stdout == word.encode("utf-8", "surrogateescape")


def test_an_encoding_without_a_sign_has_its_escape_and_a_line_is_drawn_anew_on_a_terminal_alone() -> None:
    under = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    Shown(under, lossy=False).write("\u00fc\u4e2d\n")
    under.flush()
    assert under.buffer.getvalue() == b"\\xfc\\u4e2d\n"  # type: ignore[attr-defined]
    for is_terminal, start in ((True, "\r\x1b[2K"), (False, "\\r\\x1b[2K")):
        stream = io.StringIO()
        stream.isatty = lambda is_terminal=is_terminal: is_terminal  # type: ignore[method-assign]
        Shown(stream, lossy=True).write("\r\x1b[2Kepoch \x1b[2K")
        assert stream.getvalue() == f"{start}epoch \\x1b[2K"
