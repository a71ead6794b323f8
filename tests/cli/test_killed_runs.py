"""Runs that are killed by SIGKILL at random moments: each goes on, and ends with the bits of a run that nobody killed."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import Project, environment, files_of_run, words_of

LINE = "train decay --data rows.csv --optimizer sgd,adamw --lr 0.01 --epochs 40 --validation 0.3 --schedule cosine"


def start(project: Project, line: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "symgraph", *words_of(f"{line} --quiet")]
    return subprocess.Popen(command, cwd=project.root, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finished(process: subprocess.Popen[bytes]) -> bytes:
    out, err = process.communicate()
    assert process.returncode == 0, err.decode()
    return out


def begun(project: Project, folder: Path, backend: str) -> subprocess.Popen[bytes]:
    """Start a run that has made its folder."""
    process = start(project, f"{LINE} --checkpoint-every 2 --backend {backend} --run {folder}")
    while not folder.exists() and process.poll() is None:
        time.sleep(0.001)
    return process


def killed_and_resumed(project: Project, folder: Path, backend: str, waits: list[float]) -> bytes:
    """Kill a run some seconds after it has made its folder, and perhaps what goes on with it; return what the last prints."""
    process = begun(project, folder, backend)
    for seconds in waits:
        time.sleep(seconds)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        has_begun = (folder / "run.json").exists()
        process = start(project, f"train --resume {folder}") if has_begun else begun(project, folder, backend)
    return finished(process)


def check(project: Project, tmp_path: Path, backend: str, kills: int, seed: int) -> None:
    whole, moments = begun(project, tmp_path / "whole", backend), random.Random(seed)
    start_of_run = time.monotonic()
    printed = finished(whole)
    seconds = time.monotonic() - start_of_run
    for number in range(kills):
        waits = [moments.uniform(0.0, factor * seconds) for factor in (1, 2)[: 1 + number % 2]]
        folder = tmp_path / f"killed{number}"
        assert killed_and_resumed(project, folder, backend, waits) == printed
        assert files_of_run(folder) == files_of_run(tmp_path / "whole")


def test_runs_that_were_killed_go_on_to_the_same_bits(built: Project, tmp_path: Path) -> None:
    check(built, tmp_path, "auto", kills=3, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["numpy", "scalar", "c"])
def test_runs_killed_at_many_moments_go_on_to_the_same_bits(built: Project, tmp_path: Path, backend: str) -> None:
    check(built, tmp_path, backend, kills=20 if backend == "numpy" else 8, seed=2)
