"""Generated modules run where NumPy alone can be imported; scalar ones where nothing can."""

import subprocess
import sys
from pathlib import Path

import pytest

from symgraph.generate import generate
from zoo import ZOO

BLOCK = """
import sys

class OnlyNumPy:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in {allowed!r}:
            raise ImportError(f"{{name}} is not allowed here")

sys.meta_path.insert(0, OnlyNumPy())
for name in ("symgraph", "sympy", "jinja2", "mpmath"):
    try:
        __import__(name)
    except ImportError:
        continue
    raise AssertionError(name)
"""

NUMPY = """
import numpy as np
import {model} as m
rng = np.random.default_rng(0)
w = rng.uniform(0.3, 0.8, len(m.WEIGHTS))
X = rng.uniform(0.1, 0.9, (4, len(m.FEATURES))) if m.FEATURES else None
y = rng.uniform(0, 1, 4) if m.TARGET else None
tape = m.forward(w, X, y)
if hasattr(m, "value_and_grad"):
    value, gradient = m.value_and_grad(w, X, y)
    assert np.isfinite(value) and np.isfinite(gradient).all()
    assert np.isfinite(m.backward(tape)).all() and m.per_sample_grad(w, X, y).shape[-1] == len(w)
if m.OUTPUTS:
    m.predict(w, X), m.jacobian(w, X)
m.pack(m.unpack(m.initial_weights(0)))
"""

SCALAR = """
import {model}_scalar as m
w, x, grad = [0.4] * len(m.WEIGHTS), [0.5] * len(m.FEATURES), [None] * len(m.WEIGHTS)
if hasattr(m, "row"):
    m.row(w, x, 0.5, grad)
    assert all(isinstance(part, float) for part in grad)
if m.OUTPUTS:
    assert isinstance(m.predict_row(w, x), float)
"""


@pytest.mark.parametrize("name", ["nine_weights", "every_op", "rosenbrock", "pieces", "curve"])
def test_modules_run_without_symgraph(name: str, tmp_path: Path) -> None:
    for artifact in generate(ZOO[name](), ("numpy", "scalar")):
        (tmp_path / artifact.name).write_text(artifact.text, encoding="utf-8")
    for body, allowed in ((NUMPY, {name, "numpy"}), (SCALAR, {f"{name}_scalar"})):
        code = BLOCK.format(allowed=allowed) + body.format(model=name)
        done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
