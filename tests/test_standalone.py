"""A generated module runs where NumPy is all there is."""

import subprocess
import sys
from pathlib import Path

import pytest
from zoo import nine_weights

from symgraph.generate import generate
from symgraph.options import Options

SCRIPT = """
import sys

ALLOWED = {{"numpy"}} if {numpy} else set()

class OnlyNumPy:
    # refuses every package that is neither part of Python nor NumPy
    def find_spec(self, name, path=None, target=None):
        root = name.partition(".")[0]
        if root not in ALLOWED and root not in sys.stdlib_module_names and root != {module!r}:
            raise ModuleNotFoundError(f"{{name}} is not here", name=name)

sys.meta_path.insert(0, OnlyNumPy())
sys.path[:] = [entry for entry in sys.path if entry] + [{folder!r}]
for missing in ("symgraph", "sympy", "jinja2", "mpmath", "typer", "rich") + (() if {numpy} else ("numpy",)):
    try:
        __import__(missing)
    except ModuleNotFoundError:
        continue
    raise SystemExit(f"{{missing}} can be imported")
"""

USE_NUMPY = """
import nine_weights as m
w = m.initial_weights(0)
X, y = [[1.0, 2.0, 3.0, 4.0, 5.0], [5.0, 4.0, 3.0, 2.0, 1.0]], [0.5, -0.5]
value, gradient = m.value_and_grad(w, X, y)
tape = m.forward(w, X, y)
assert m.backward(tape).shape == m.grad(w, X, y).shape == (9,)
assert m.per_sample_grad(w, X, y).shape == m.jacobian(w, X).shape == (2, 9)
assert m.pack(m.unpack(w)).tolist() == w.tolist()
print(m.loss(w, X, y) == value, m.predict(w, X).shape, m.residual(w, X, y).shape)
"""

USE_SCALAR = """
import nine_weights_scalar as m
gradient = [0.0] * 9
value = m.row([0.1] * 9, [1.0, 2.0, 3.0, 4.0, 5.0], 0.5, gradient)
print(value == (0.5 - m.predict_row([0.1] * 9, [1.0, 2.0, 3.0, 4.0, 5.0])) ** 2, len(gradient))
"""


@pytest.mark.parametrize(
    ("index", "use", "output"), [(0, USE_NUMPY, "True (2,) (2,)"), (1, USE_SCALAR, "True 9")], ids=["numpy", "scalar"]
)
def test_a_module_runs_without_symgraph_and_sympy(tmp_path: Path, index: int, use: str, output: str) -> None:
    artifact = generate(nine_weights(), ("numpy", "scalar"), options=Options(standalone=True))[index]
    (tmp_path / artifact.name).write_text(artifact.text, encoding="utf-8")
    head = SCRIPT.format(module=artifact.name.removesuffix(".py"), folder=str(tmp_path), numpy=index == 0)
    command = [sys.executable, "-I", "-W", "error", "-c", head + use]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (run.returncode, run.stdout.strip()) == (0, output), run.stderr
