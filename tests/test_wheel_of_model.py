"""The script that makes a wheel of a model: its modules run where symgraph is not installed."""

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import numpy as np
from wheel_of_model import write_wheel

UNLOCKED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))

ROOT = Path(__file__).parent.parent

USE = """
import ctypes
import importlib.util
import pickle
import numpy as np
import _nine_weights, nine_weights, nine_weights_native
assert importlib.util.find_spec("symgraph") is None and importlib.util.find_spec("sympy") is None
w, x, grad = np.full(9, 0.25), np.ones(5), np.empty(9)
at = [ctypes.c_void_p(one.ctypes.data) for one in (w, x, grad)]
loss = nine_weights_native.library.nine_weights_row(*at[:2], ctypes.c_double(0.5), at[2])
value, gradient = nine_weights.value_and_grad(w, x, 0.5)
assert np.allclose(loss, value, rtol=1e-13) and np.allclose(grad, gradient, rtol=1e-13)  # some ulp apart
X, y, s = np.linspace(0.1, 1, 100_000).reshape(20_000, 5), np.linspace(-1, 1, 20_000), np.linspace(1, 2, 20_000)
for name in ("value_and_grad", "grad", "loss", "predict", "jacobian", "per_sample_grad", "residual", "residual_jacobian"):
    function, other = getattr(nine_weights_native, name), getattr(nine_weights, name)
    assert type(function.__self__).__mro__[1] is _nine_weights.Functions
    given = (w, X) if name == "predict" else (w, X, y)
    options = {"sample_weight": s, "reduction": "sum"} if name in ("value_and_grad", "grad", "loss") else {}
    # plain arrays, read by C in two pieces; strided ones and lists, which are passed on, with options and without
    for arguments in (given, (w.tolist(), X[::2], *(one[::2] for one in given[2:]))):
        own = options if arguments is given else {}
        found, wanted = function(*arguments, **own), other(*arguments, **own)
        for one, two in zip(*((both if isinstance(both, tuple) else (both,)) for both in (found, wanted))):
            assert type(one) is type(two) and np.allclose(one, two, rtol=1e-12, atol=1e-14)  # sums in other orders
    assert pickle.loads(pickle.dumps(function)) == function
    try:
        function(given[0], X=X[:, :2], threads=2, **({} if name == 'predict' else {'y': y}))
    except ValueError as error:
        assert "needs" in str(error), error
    else:
        raise AssertionError(name)
print(_nine_weights.__file__.rpartition(".abi3")[1] or "unlocked")
"""


def test_the_record_of_a_wheel_has_digests_without_padding(tmp_path: Path) -> None:
    """Installers that check them refuse others (https://packaging.python.org/specifications/recording-installed-packages)."""
    with ZipFile(write_wheel("line", "1.0", {"line.py": b""}, tmp_path)) as wheel:
        record = wheel.read("line-1.0.dist-info/RECORD").decode().splitlines()
    assert record[0] == "line.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0"  # of no bytes
    assert record[-1] == "line-1.0.dist-info/RECORD,,"


def test_a_wheel_has_the_standalone_module_and_the_extension_and_needs_numpy_alone(tmp_path: Path) -> None:
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
    assert (used.returncode, used.stdout) == (0, "unlocked\n" if UNLOCKED else ".abi3\n"), used.stderr
