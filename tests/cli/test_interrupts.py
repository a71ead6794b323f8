"""``symgraph train`` and the signals that end it: what was reached is saved, and the exit code names the signal."""

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from c_code import needs_c
from command_line import Project, Run, environment, names_in, words_of

from symgraph import load
from symgraph.cli.interrupts import Interrupts
from symgraph.cli.train_report import save_all
from symgraph.data.reading import read_data
from symgraph.use.training import adam, train

Plan = Callable[..., None]
GOOD = '{"format": "symgraph weights 1"}'
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def weights_after(project: Project, epochs: int) -> dict[str, float]:
    """The weights of the default run of the command after some epochs."""
    data = read_data(project.rows, ("time",), "y")
    result = train(load(project.module), data.X, data.y, optimizer=adam(0.001), epochs=epochs, seed=0)
    return dict(zip(("top", "rate"), result.weights.tolist(), strict=True))


def saved_in(path: Path) -> dict[str, float]:
    weights: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))["weights"]
    return weights


def unheard(number: int, _frame: object) -> None:
    """Stand in for what would end the process of the tests."""
    raise AssertionError(f"the command has no handler for {signal.Signals(number).name}")


@pytest.fixture
def at_epoch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Plan]:
    """Have something done when a run of the command has finished so many epochs; 0 is before the first begins."""
    before = [signal.signal(number, unheard) for number in SIGNALS]

    def plan(do: Callable[[], object], epochs: int, run: str = "adam") -> None:
        @contextlib.contextmanager
        def progress(_total: int, label: str, *, quiet: bool) -> Iterator[object]:
            done = 0

            def advance(_remark: str) -> None:
                nonlocal done
                done += 1
                if label == run and done == epochs:
                    do()

            if label == run and not epochs:
                do()
            yield advance

        monkeypatch.setattr(sys.modules["symgraph.cli.train"], "progress", progress)

    yield plan
    for number, handler in zip(SIGNALS, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_saves_the_last_finished_epoch(command: Run, built: Project, at_epoch: Plan, number: signal.Signals) -> None:
    Path("w.json").write_text(GOOD, encoding="utf-8")
    at_epoch(lambda: os.kill(os.getpid(), number), 3)
    done = command(f"train {built.module} --data {built.rows} --save w.json --backend scalar")
    assert done.code == 128 + number
    assert "adam: interrupted; the weights are those after epoch 3" in done.err
    assert "adam: weights saved to w.json\n" in done.err
    assert done.err.endswith(f"stopped by {number.name}\n")
    assert saved_in(Path("w.json")) == weights_after(built, 3)
    assert [signal.getsignal(other) for other in SIGNALS] == [unheard] * 3


def test_a_run_that_a_signal_ended_goes_on(command: Run, built: Project, at_epoch: Plan) -> None:
    told = iter([signal.SIGTERM])
    at_epoch(lambda: [os.kill(os.getpid(), number) for number in told], 3)
    done = command(f"train {built.module} --data {built.rows} --backend scalar --epochs 8 --run r")
    assert (done.code, "adam: interrupted; the weights are those after epoch 3" in done.err) == (143, True)
    assert saved_in(Path("r/adam/weights.json")) == weights_after(built, 3)
    assert command("train --resume r").code == 0
    assert saved_in(Path("r/adam/weights.json")) == weights_after(built, 8)


def test_a_signal_before_a_run_keeps_earlier_runs_and_starts_none_after(command: Run, built: Project, at_epoch: Plan) -> None:
    for name in ("w-momentum.json", "w-adam.json"):
        Path(name).write_text(GOOD, encoding="utf-8")
    at_epoch(lambda: os.kill(os.getpid(), signal.SIGTERM), 0, "momentum")
    options = "--optimizer vanilla,momentum,adam --epochs 4 --save w.json"
    done = command(f"train {built.module} --data {built.rows} {options}")
    assert done.code == 128 + signal.SIGTERM
    assert saved_in(Path("w-vanilla.json")).keys() == {"top", "rate"}
    assert [Path(name).read_text(encoding="utf-8") for name in ("w-momentum.json", "w-adam.json")] == [GOOD, GOOD]
    assert "vanilla: weights saved to w-vanilla.json" in done.err


def test_an_interrupt_of_python_keeps_what_was_reached_and_starts_no_run(command: Run, built: Project, at_epoch: Plan) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    at_epoch(interrupt, 3, "sgd")
    done = command(f"train {built.module} --data {built.rows} --optimizer sgd,adam --save w.json")
    assert (done.code, "adam" in done.out) == (130, False)
    assert "sgd: interrupted; the weights are those after epoch 3" in done.err
    assert saved_in(Path("w-sgd.json")).keys() == {"top", "rate"}


def test_a_signal_before_the_first_epoch_leaves_good_weights_and_one_after_the_last_loses_nothing(
    command: Run, built: Project, at_epoch: Plan
) -> None:
    Path("w.json").write_text(GOOD, encoding="utf-8")
    at_epoch(lambda: os.kill(os.getpid(), signal.SIGINT), 0)
    done = command(f"train {built.module} --data {built.rows} --save w.json")
    assert (done.code, done.out, "no run began its first epoch" in done.err) == (130, "", True)
    assert Path("w.json").read_text(encoding="utf-8") == GOOD
    at_epoch(lambda: os.kill(os.getpid(), signal.SIGTERM), 4)
    done = command(f"train {built.module} --data {built.rows} --save w.json --epochs 4")
    assert (done.code, "all epochs are done" in done.err) == (128 + signal.SIGTERM, True)
    assert saved_in(Path("w.json")) == weights_after(built, 4)


def test_a_run_that_finished_no_epoch_leaves_saved_weights_as_they_are(built: Project, tmp_path: Path) -> None:
    """As after Ctrl-C in the first epoch: its weights are those that it began with."""
    file, run = tmp_path / "w.json", SimpleNamespace(reason="interrupted", epochs=0, weights=[1.0, 2.0])
    file.write_text(GOOD, encoding="utf-8")
    (line,), failure = save_all({"adam": run}, load(built.module), {"adam": file}, best=False)
    assert line.startswith(f"adam: {file} is left as it was, since no epoch was finished")
    assert (failure, file.read_text(encoding="utf-8")) == (None, GOOD)


AFRESH = """
import os, signal, sys
for number in ({signals}):
    signal.signal(number, signal.SIG_DFL)
{prepare}
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def afresh(*arguments: str, prepare: str = "") -> list[str]:
    """Return the command of a Python that prepares itself by some code, for which no process of the tests need be forked.

    Signals do what they do by default: tests that run under nohup hand on that one is ignored.
    """
    code = AFRESH.format(signals=", ".join(str(int(number)) for number in SIGNALS), prepare=prepare)
    return [sys.executable, "-c", code, *arguments]


def on_terminal(project: Project, options: str) -> tuple[subprocess.Popen[bytes], int]:
    """Start a training without end that has a terminal of its own for stdout and stderr; the terminal's other end."""
    words = words_of(f"train decay --data rows.csv --epochs 100000000 {options}")
    shown, end = pty.openpty()
    command = afresh("-m", "symgraph", *words, prepare="import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)")
    how = {"cwd": project.root, "env": environment(COLUMNS="80", TERM="xterm-256color"), "start_new_session": True}
    process = subprocess.Popen(command, stdin=end, stdout=end, stderr=end, **how)
    os.close(end)
    return process, shown


def ended(process: subprocess.Popen[bytes]) -> int:
    """Wait for a process that has been told to end; one that does not is killed, so that no test leaves it behind."""
    try:
        return process.wait(timeout=120)
    finally:
        process.kill()


def wait_for_epochs(shown: int) -> None:
    """Read a terminal until its bar has counted an epoch."""
    text = b""
    while not re.search(rb"[1-9]\d*/100000000", text):
        text += os.read(shown, 65536)


@pytest.mark.parametrize("backend", ["numpy", "scalar", pytest.param("c", marks=needs_c)])
def test_sigterm_ends_a_real_process_with_its_weights_saved(built: Project, tmp_path: Path, backend: str) -> None:
    process, shown = on_terminal(built, f"--backend {backend} --save {tmp_path / 'w.json'}")
    wait_for_epochs(shown)
    process.terminate()
    with contextlib.suppress(OSError):  # how Linux says that the other side is closed
        while os.read(shown, 65536):
            pass
    os.close(shown)
    assert ended(process) == 128 + signal.SIGTERM
    assert saved_in(tmp_path / "w.json").keys() == {"top", "rate"}
    assert names_in(tmp_path) == ["w.json"]


def test_a_terminal_that_closes_ends_a_run_with_its_weights_saved(built: Project, tmp_path: Path) -> None:
    process, shown = on_terminal(built, f"--optimizer adam,sgd --save {tmp_path / 'w.json'}")
    wait_for_epochs(shown)
    os.close(shown)  # the kernel sends SIGHUP, and whatever is written to the terminal from now on fails
    assert ended(process) == 128 + signal.SIGHUP
    assert saved_in(tmp_path / "w-adam.json").keys() == {"top", "rate"}
    assert names_in(tmp_path) == ["w-adam.json"]


def run_script(text: str, prepare: str = "") -> subprocess.CompletedProcess[str]:
    head = "import os, signal\nfrom symgraph.cli.interrupts import Interrupts\n"
    return subprocess.run(afresh("-c", head + text, prepare=prepare), capture_output=True, text=True, check=False)


def test_a_second_signal_ends_the_process_at_once_but_a_terminal_may_hang_up_twice_or_under_nohup() -> None:
    done = run_script(
        "with Interrupts() as interrupts:\n"
        "    os.kill(os.getpid(), signal.SIGHUP)\n"
        "    print(interrupts.received, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGHUP)\n"
        "    print('still here', flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    print('not here')\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGTERM, "1\nstill here\n", "")
    done = run_script(
        "with Interrupts() as interrupts:\n"
        "    os.kill(os.getpid(), signal.SIGHUP)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    os.kill(os.getpid(), signal.SIGHUP)\n"
        "    print(interrupts.received, signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)\n",
        prepare="signal.signal(signal.SIGHUP, signal.SIG_IGN)",
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{int(signal.SIGTERM)} True\n", "")


def test_a_signal_that_was_swallowed_is_seen_at_the_next_look() -> None:
    with Interrupts() as interrupts:
        interrupts.check()
        interrupts.interruptible = True
        with contextlib.suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        assert interrupts.received == signal.SIGTERM
        with pytest.raises(KeyboardInterrupt):
            interrupts.check()
