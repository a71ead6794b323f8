"""Progress: a line now and then in a log, a line that changes on a terminal, a curve that grows in a notebook."""

import io
import re
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

import symgraph
from symgraph.cli.terminal import progress
from symgraph.pace import Pace
from symgraph.use.training import EpochEnd, Live, sgd, train


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_lines_come_after_five_seconds_and_then_ever_more_rarely_up_to_every_five_minutes() -> None:
    clock = Clock()
    pace, told = Pace(clock), []
    for second in range(10 * 3600):
        clock.now = 100.0 + second
        if pace.due():
            told.append(second)
    assert told[:4] == [5, 10, 15, 23]
    assert max(np.diff(told)) == 300
    assert len(told) < 150  # ten hours


def test_after_a_long_pause_one_line_is_due_and_not_all_that_were_missed() -> None:
    clock = Clock()
    pace = Pace(clock)
    clock.now += 3600.0  # a machine that slept
    assert [pace.due() for _ in range(3)] == [True, False, False]
    clock.now += 1.0
    assert not pace.due()


@pytest.fixture(scope="module")
def line() -> Any:
    model = symgraph.Model("line")
    x, _ = model.feature("x"), model.target("y")
    model.output("y_hat", model.weight("a", init=0.0) * x)
    model.loss("squared_error")
    return symgraph.compile(model, backend="numpy")


def trained(line: Any, callback: Live, epochs: int) -> None:
    train(line, [1.0, 2.0], [2.0, 4.0], optimizer=sgd(0.01), epochs=epochs, seed=0, callbacks=[callback])


def test_in_a_log_a_short_run_says_nothing_and_a_long_one_little(
    line: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trained(line, Live(), 3)
    assert capsys.readouterr().err == ""
    clock = Clock()
    monkeypatch.setattr("time.monotonic", clock)
    monkeypatch.setattr("symgraph.use.training.live.Pace", lambda: Pace(clock))
    live = Live("sgd")

    def an_epoch_a_second(_: EpochEnd) -> None:
        clock.now += 1.0

    train(
        line, [1.0, 2.0], [2.0, 4.0], optimizer=sgd(0.01), epochs=100, seed=0, validation=([3.0], [1.0]),
        callbacks=[an_epoch_a_second, live],
    )  # fmt: skip
    lines = capsys.readouterr().err.splitlines()
    assert 5 < len(lines) < 12
    assert all(re.fullmatch(r"sgd: epoch \d+, loss \S+, validation loss \S+", one) for one in lines)


def test_on_a_terminal_one_line_changes_and_the_last_epoch_stays(line: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stderr", terminal)
    trained(line, Live("sgd"), 50)
    shown = terminal.getvalue()
    assert shown.count("\n") == 1
    assert shown.split("\r\x1b[2K")[-1].startswith("sgd: epoch 50, loss ")


def test_in_a_notebook_a_curve_grows_in_one_place(line: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    display = ModuleType("IPython.display")
    display.HTML = str  # type: ignore[attr-defined]

    def displayed(html: str, *, display_id: bool) -> Any:
        assert display_id
        shown.append(html)
        return SimpleNamespace(update=shown.append)

    display.display = displayed  # type: ignore[attr-defined]
    shell = ModuleType("IPython")
    shell.get_ipython = lambda: SimpleNamespace(kernel=object())  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", shell)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    trained(line, Live("sgd"), 5000)
    assert len(shown) >= 2  # the first epoch and the last
    assert "epoch 5000, loss" in shown[-1]
    assert shown[-1].count("<polyline") == 1
    assert len(shown[-1]) < 10_000  # however long the run


def test_a_command_in_a_log_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    monkeypatch.setattr("symgraph.cli.terminal.Pace", lambda: Pace(clock))
    for quiet in (True, False):
        with progress(1000, "adam", quiet=quiet) as advance:
            for _ in range(1000):
                clock.now += 0.125
                advance("loss 0.5")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "adam: 40 of 1000, loss 0.5"
    assert 4 < len(lines) < 12
