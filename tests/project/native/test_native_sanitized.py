"""The extension and compiled models under the sanitizers of gcc: what C leaves undefined, or lies beyond memory, fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from c_code import compiler

ROOT = Path(__file__).parents[3]
FILES = (
    "project/native/test_native.py",
    "project/native/test_native_labels.py",
    "project/native/test_native_columns.py",
    "compiler/backends/test_c.py",
)
"""Tests that together call every function of every golden model, natively and through ctypes, with arrays of every layout."""


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
def test_calls_pass_the_sanitizers(file: str) -> None:
    gcc = compiler("gcc")
    libraries = [_output(gcc, f"-print-file-name=lib{name}.so") for name in ("asan", "ubsan")]
    if not all(map(os.path.isabs, libraries)):
        pytest.skip("this gcc came without its sanitizers")
    variables = {
        "CC": f"{gcc} -fsanitize=address,undefined -fno-sanitize-recover=all -g",
        "ASAN_OPTIONS": "detect_leaks=0",  # Python keeps much until it ends
        "LD_PRELOAD": " ".join(libraries),
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "-m", "not slow", f"tests/{file}"]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
