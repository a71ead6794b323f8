"""Wheels of models: their modules run where symgraph is not installed."""

import io
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from symgraph.errors import BuildError, OptionError
from symgraph.project.build.wheel import archive, wheel_of

UNLOCKED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))

ROOT = Path(__file__).parents[3]

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


LINE = """from symgraph import Model

{name} = Model("{name}", doc="A line.")
a, b = {name}.weight("a", domain=(1, 2)), {name}.weight("b", domain=(1, 2))
{name}.loss(({name}.feature("x") * a + {formula} - {name}.target("y")) ** 2)
"""
LOSES = '{name}.node("beside", b + 1e6 * a) - 1e6 * a'
"""Beside 1e6 * a, b has 6 of 16 digits less, one more than care lets pass."""


def spec(folder: Path, formula: str, name: str = "line") -> str:
    (folder / "spec.py").write_text(LINE.format(name=name, formula=formula.format(name=name)), encoding="utf-8")
    return str(folder / "spec.py")


def test_the_record_of_a_wheel_has_digests_without_padding() -> None:
    """Installers that check them refuse others (https://packaging.python.org/specifications/recording-installed-packages)."""
    name, data = archive("My.line", "1.0", {"line.py": b""})
    assert name == "my_line-1.0-py3-none-any.whl"
    with ZipFile(io.BytesIO(data)) as wheel:
        record = wheel.read("my_line-1.0.dist-info/RECORD").decode().splitlines()
    assert record[0] == "line.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0"  # of no bytes
    assert record[-1] == "my_line-1.0.dist-info/RECORD,,"


@pytest.mark.quick  # 2.5 s: the only one that installs a wheel and uses it
def test_a_wheel_has_the_standalone_module_and_the_extension_and_needs_numpy_alone(tmp_path: Path) -> None:
    made = wheel_of("examples/nine_weights/model.py", ROOT, tmp_path, "1.0", lambda _: None)
    venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
    (site,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    installed = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*installed, str(made)], check=True)
    for folder in Path(np.__file__).parent.parent.glob("numpy*"):
        (site / folder.name).symlink_to(folder)
    python = next(iter((tmp_path / "venv").glob("bin/python")))
    used = subprocess.run([str(python), "-I", "-c", USE], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (used.returncode, used.stdout) == (0, "unlocked\n" if UNLOCKED else ".abi3\n"), used.stderr


@pytest.mark.quick  # 0.7 s: the only one of a model in pairs
def test_a_model_that_computes_rows_in_pairs_has_its_module_alone(tmp_path: Path) -> None:
    told: list[str] = []
    path = wheel_of(spec(tmp_path, LOSES), tmp_path, tmp_path / "dist", "2.1.0rc1", told.append, "Two-Lines")
    assert told[-1] == "line has no extension, since it computes rows that lose digits in pairs of doubles"
    assert path.name == "two_lines-2.1.0rc1-py3-none-any.whl"
    with ZipFile(path) as wheel:
        assert [name for name in wheel.namelist() if "dist-info" not in name] == ["line.py"]
        assert "Name: Two-Lines\nVersion: 2.1.0rc1\nSummary: A line.\n" in wheel.read(wheel.namelist()[1]).decode()
        assert {one.date_time for one in wheel.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("how", [{"version": "new"}, {"version": "1.0-beta/2"}, {"name": "a b"}, {"name": "-a"}], ids=str)
def test_a_wrong_name_or_version_is_one_line_and_writes_nothing(tmp_path: Path, how: dict[str, str]) -> None:
    (option,) = how
    with pytest.raises(OptionError, match=f"--{option} .* is no {option} of a distribution"):
        wheel_of("unread.py", tmp_path, tmp_path / "dist", **{"version": "1.0", **how}, tell=lambda _: None)
    assert not (tmp_path / "dist").exists()


def test_a_missing_header_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    with pytest.raises(BuildError, match=r"Python\.h is missing"):
        wheel_of(spec(tmp_path, "b"), tmp_path, tmp_path / "dist", "1.0", lambda _: None)
    assert not (tmp_path / "dist").exists()
