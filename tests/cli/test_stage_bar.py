"""The bar of a build: on a terminal alone, and only once the build lasts."""

import io
import time

import pytest

from symgraph.cli import terminal
from symgraph.cli.terminal import stage_bar

NAMES = ("lower", "fold", "simplify", "fold", "verify")


class Terminal(io.StringIO):
    """A stderr that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def screen(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Make stderr a terminal; not a fixture, since pytest sets stderr again before the test itself."""
    stderr = Terminal()
    monkeypatch.setattr("sys.stderr", stderr)
    monkeypatch.setenv("TERM", "xterm")
    return stderr


def test_nothing_is_shown_off_a_terminal_in_quiet_of_a_short_build_and_after_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = screen(monkeypatch)
    with stage_bar(NAMES, quiet=True) as watch:
        assert watch is None
    monkeypatch.setattr("sys.stderr", io.StringIO())
    with stage_bar(NAMES, quiet=False) as watch:
        assert watch is None
    assert stderr.getvalue() == ""
    stderr = screen(monkeypatch)
    monkeypatch.setattr(terminal, "_PATIENCE", 3600.0)
    with stage_bar(NAMES, quiet=False) as watch:
        assert watch is not None
        for name in NAMES:
            watch("m", name)
    assert "lower" not in stderr.getvalue()
    assert "verify" not in stderr.getvalue()
    stderr = screen(monkeypatch)
    with pytest.raises(KeyError), stage_bar(NAMES, quiet=False):
        raise KeyError
    assert "lower" not in stderr.getvalue()


def test_a_build_that_lasts_shows_model_and_stage_and_clears_them_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = screen(monkeypatch)
    monkeypatch.setattr(terminal, "_PATIENCE", 0.0)
    with stage_bar(NAMES, quiet=False) as watch:
        assert watch is not None
        watch("m", "lower")
        for _ in range(600):  # until the bar's own thread has drawn, a minute at most
            if "m lower" in stderr.getvalue():
                break
            time.sleep(0.1)
        for name in (*NAMES[1:], "a stage that only some models have", *NAMES):
            watch("other", name)
    assert "m lower" in stderr.getvalue()
    assert stderr.getvalue().endswith("\x1b[2K")  # the line is erased
