"""Runs that are killed by SIGKILL at random moments: each goes on, and ends with the bits of a run that nobody killed."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import Project, environment

LINE = (
    *("train", "decay", "--data", "rows.csv", "--optimizer", "sgd,adamw", "--lr", "0.01", "--epochs", "40"),
    *("--validation", "0.3", "--schedule", "cosine", "--checkpoint-every", "2", "--quiet"),
)


def start(project: Project, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "symgraph", *arguments]
    return subprocess.Popen(command, cwd=project.root, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finished(process: subprocess.Popen[bytes]) -> bytes:
    out, err = process.communicate()
    assert process.returncode == 0, err.decode()
    return out


def files_of(folder: Path) -> dict[str, bytes]:
    """All that a run has left but its record, which names the folder."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "run.json"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


class Timed:
    """A run that nobody kills: what it prints, what it leaves, and how long it takes from the making of its folder."""

    def __init__(self, project: Project, folder: Path, backend: str) -> None:
        process = start(project, *LINE, "--backend", backend, "--run", str(folder))
        wait_for(folder, process)
        begun = time.monotonic()
        self.printed = finished(process)
        self.seconds = time.monotonic() - begun
        self.files = files_of(folder)


def wait_for(folder: Path, process: subprocess.Popen[bytes]) -> None:
    while not folder.exists() and process.poll() is None:
        time.sleep(0.001)


def killed_and_resumed(project: Project, folder: Path, backend: str, wait: float, then: float | None) -> bytes:
    """Kill a run some seconds after it has made its folder, and perhaps what goes on with it; return what the last prints."""
    process = start(project, *LINE, "--backend", backend, "--run", str(folder))
    wait_for(folder, process)
    for seconds in (wait, then):
        if seconds is None:
            break
        time.sleep(seconds)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        if not (folder / "run.json").exists():  # it was killed before it had begun
            process = start(project, *LINE, "--backend", backend, "--run", str(folder))
        else:
            process = start(project, "train", "--resume", str(folder), "--quiet")
    return finished(process)


def check(project: Project, tmp_path: Path, backend: str, kills: int, seed: int) -> None:
    whole = Timed(project, tmp_path / "whole", backend)
    moments = random.Random(seed)
    for number in range(kills):
        wait = moments.uniform(0.0, whole.seconds)
        then = moments.uniform(0.0, 2 * whole.seconds) if number % 2 else None
        folder = tmp_path / f"killed{number}"
        assert killed_and_resumed(project, folder, backend, wait, then) == whole.printed
        assert files_of(folder) == whole.files


def test_runs_that_were_killed_go_on_to_the_same_bits(built: Project, tmp_path: Path) -> None:
    check(built, tmp_path, "auto", kills=3, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["numpy", "scalar", "c"])
def test_runs_killed_at_many_moments_go_on_to_the_same_bits(built: Project, tmp_path: Path, backend: str) -> None:
    check(built, tmp_path, backend, kills=20 if backend == "numpy" else 8, seed=2)
