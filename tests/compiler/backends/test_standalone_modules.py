"""Modules that stand alone run where NumPy is all there is, with the bits of those that the runtime binds."""

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from built import MODELS, artifacts, sample
from labelled import LABELLED
from tool_runs import TOOLS, assert_accepted

from symgraph.compiler.backends.numpy.standalone import LINE
from symgraph.compiler.generate import generate
from symgraph.options import Options
from symgraph.project.build.modules import load_artifact

PLAIN: dict[str, Any] = {}
BOUNDS, ACCURATE = {"error_bound": True}, {"precision": "accurate"}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("nine_weights", PLAIN), "bounds": ("nine_weights", BOUNDS), "accurate": ("nine_weights", ACCURATE),
    "no_features": ("location", PLAIN), "no_features_accurate": ("location", ACCURATE),
    "no_target": ("rosenbrock", PLAIN), "no_target_bounds": ("rosenbrock", BOUNDS),
    "no_target_accurate": ("rosenbrock", ACCURATE), "erf": ("every_op", PLAIN),
    "erf_bounds": ("every_op", BOUNDS), "erf_accurate": ("every_op", ACCURATE),
}  # fmt: skip
"""By the name of the file: a model, which has the error function where the name says so, and what its module is to have."""

FUNCTIONS = (
    "value_and_grad", "loss", "grad", "per_sample_grad", "jacobian", "residual", "residual_jacobian", "normal_equations",
    "error_bound", "predict", "initial_weights", "unpack",
)  # fmt: skip

CALLS = """
def results(module, w, X, y):
    given = dict.fromkeys(FUNCTIONS, (w, X, y)) | {"predict": (w, X), "initial_weights": (3,), "unpack": (w,)}
    found = {name: getattr(module, name)(*given[name]) for name in FUNCTIONS if hasattr(module, name)}
    if hasattr(module, "backward"):
        found["backward"] = module.backward(module.forward(w, X, y))
    return found
"""

ALONE = """
import importlib, pickle, sys
from pathlib import Path

class OnlyNumPy:
    # refuses every package that is neither part of Python nor NumPy
    def find_spec(self, name, path=None, target=None):
        root = name.partition(".")[0]
        if root not in ALLOWED and root not in sys.stdlib_module_names:
            raise ModuleNotFoundError(f"{name} is not here", name=name)

folder = Path.cwd()
samples = pickle.loads((folder / "samples").read_bytes()) if "numpy" in ALLOWED else {}
names = [path.stem for path in folder.glob("*.py") if not path.stem.endswith("_scalar")]
ALLOWED.update(names)
sys.meta_path.insert(0, OnlyNumPy())
sys.path[:] = [entry for entry in sys.path if entry] + [str(folder)]
for missing in {"symgraph", "sympy", "jinja2", "mpmath", "typer", "rich", "numpy"} - ALLOWED:
    try:
        __import__(missing)
    except ModuleNotFoundError:
        continue
    raise SystemExit(f"{missing} can be imported")
"""


SAMPLES = {name: tuple(sample(model, rows=5)) for name, (model, _) in CASES.items()}


def standing(name: str, standalone: bool = True) -> Any:
    """The file of a case, or that of the module that the runtime binds."""
    model, options = CASES[name]
    return generate(MODELS[model](), ("numpy",), options=Options(standalone=standalone, **options))[0]


def run_alone(folder: Path, allowed: set[str], use: str) -> str:
    """Run a script that finds the modules of a folder, Python and what is allowed, and nothing else; return what it prints."""
    head = f"ALLOWED = set({sorted(allowed)!r})\nFUNCTIONS = {FUNCTIONS!r}\n{CALLS}{ALONE}"
    command = [sys.executable, "-I", "-W", "error", "-c", head + use]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the file of every case, arguments for their functions, and scalar modules that refuse some targets."""
    path = tmp_path_factory.mktemp("alone")
    for name in CASES:
        (path / f"{name}.py").write_text(standing(name).text, encoding="utf-8")
    for name in ("kinds", "cases"):
        (path / f"{name}_scalar.py").write_text(generate(LABELLED[name](), ("scalar",))[0].text, encoding="utf-8")
    (path / "samples").write_bytes(pickle.dumps(SAMPLES))
    return path


def assert_same(got: Any, wanted: Any) -> None:
    if isinstance(wanted, tuple):
        for one, other in zip(got, wanted, strict=True):
            assert_same(one, other)
    elif isinstance(wanted, dict):
        assert got == wanted
    else:
        np.testing.assert_array_equal(got, wanted, strict=True)


def test_they_give_the_bits_of_bound_modules_where_only_numpy_can_be_imported(folder: Path) -> None:
    use = """
found = {name: results(importlib.import_module(name), *samples[name]) for name in names}
(folder / 'found').write_bytes(pickle.dumps(found))
import plain
print(pickle.loads(pickle.dumps(plain.value_and_grad)) == plain.value_and_grad)
"""
    assert run_alone(folder, {"numpy"}, use) == "True\n"  # a function that travels to another process is the same
    found = pickle.loads((folder / "found").read_bytes())  # noqa: S301  just pickled
    space: dict[str, Any] = {"FUNCTIONS": FUNCTIONS}
    exec(CALLS, space)
    for name in CASES:
        wanted = space["results"](load_artifact(standing(name, standalone=False)), *SAMPLES[name])
        assert found[name].keys() == wanted.keys()
        for function, value in wanted.items():
            assert_same(found[name][function], value)
    assert {"error_bound", "value_and_grad"} <= found["bounds"].keys()


@pytest.mark.parametrize("tool", TOOLS)
def test_the_tools_accept_them(tool: str, folder: Path) -> None:
    assert_accepted(tool, folder)


def test_what_a_module_does_not_use_is_left_out() -> None:
    plain, accurate = standing("plain").text, standing("accurate").text
    for text, here, elsewhere in (
        (plain, ("def bind(", "class Bound(", "def rowsum("), ("def erf(", "dd_exp", "class BoundLoosely(")),
        (accurate, ("def bind_accurate(", "dd_exp = "), ("def dd_erf(", "class Replay", "def exp_bound(")),
    ):
        _, line, runtime = text.partition(LINE)
        assert line
        assert all(part in runtime for part in here)
        assert not [part for part in elsewhere if part in text]


def test_the_mathematics_is_that_of_the_bound_module() -> None:
    bound, alone = artifacts("nine_weights")[0].text, standing("plain").text
    mathematics = bound[bound.index("def _forward(") : bound.index("# the public functions")].rstrip()
    assert 0 < alone.index(mathematics) < alone.index(LINE)


def test_the_scalar_module_runs_without_numpy(tmp_path: Path) -> None:
    artifact = artifacts("nine_weights")[1]
    (tmp_path / "nine.py").write_text(artifact.text, encoding="utf-8")
    use = """
import nine as m
x, gradient = [1.0, 2.0, 3.0, 4.0, 5.0], [0.0] * 9
print(m.row([0.1] * 9, x, 0.5, gradient) == (0.5 - m.predict_row([0.1] * 9, x)) ** 2, len(gradient))
"""
    assert run_alone(tmp_path, set(), use) == "True 9\n"
