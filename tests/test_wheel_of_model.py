"""The script that makes a wheel of a model: its modules run where symgraph is not installed."""

import subprocess
import sys
import venv
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parent.parent

USE = """
import ctypes
import importlib.util
import numpy as np
import nine_weights, nine_weights_native
assert importlib.util.find_spec("symgraph") is None and importlib.util.find_spec("sympy") is None
w, x, grad = np.full(9, 0.25), np.ones(5), np.empty(9)
at = [ctypes.c_void_p(one.ctypes.data) for one in (w, x, grad)]
loss = nine_weights_native.library.nine_weights_row(*at[:2], ctypes.c_double(0.5), at[2])
value, gradient = nine_weights.value_and_grad(w, x, 0.5)
assert np.allclose(loss, value, rtol=1e-13) and np.allclose(grad, gradient, rtol=1e-13)  # some ulp apart
print("same")
"""


def test_a_wheel_has_the_standalone_module_and_the_library_and_needs_numpy_alone(tmp_path: Path) -> None:
    command = [sys.executable, "tools/wheel_of_model.py", "examples/nine_weights/model.py", "--out", str(tmp_path)]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    (site,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    installed = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*installed, made.stdout.strip()], check=True)
    for folder in Path(np.__file__).parent.parent.glob("numpy*"):
        (site / folder.name).symlink_to(folder)
    python = next(iter((tmp_path / "venv").glob("bin/python")))
    used = subprocess.run([str(python), "-I", "-c", USE], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (used.returncode, used.stdout) == (0, "same\n"), used.stderr
