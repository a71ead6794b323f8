"""The tools to which generated Python is held, started on a folder of modules."""

import os
import subprocess
import sys
from pathlib import Path

TOOLS = {
    "format": ("ruff", "format", "--check", "--diff", "--isolated"),
    "lint": ("ruff", "check", "--isolated"),
    "types": ("mypy", "--strict", f"--config-file={os.devnull}", "--cache-dir=cache"),
}


def assert_accepted(tool: str, folder: Path) -> None:
    """Hold every module of a folder to a tool."""
    command = [sys.executable, "-m", *TOOLS[tool], "."]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
