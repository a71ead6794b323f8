"""The same model gives the same bytes: under every hash seed and Python, and from every folder."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GENERATE = """
import sys
sys.path[:0] = [{root!r}, {tests!r}]
from zoo import ZOO
from symgraph.generate import generate
for name in sorted(ZOO):
    for artifact in generate(ZOO[name](), ("numpy", "scalar"), spec="tests/zoo.py"):
        print(artifact.text)
"""


def _generated(python: str, folder: Path, seed: str) -> str:
    code = GENERATE.format(root=str(ROOT), tests=str(ROOT / "tests"))
    environment = os.environ | {"PYTHONHASHSEED": seed}
    done = subprocess.run(
        [python, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _generated(sys.executable, tmp_path_factory.mktemp("here"), "0")


@pytest.mark.parametrize("seed", ["1", "12345"])
def test_bytes_do_not_depend_on_the_hash_seed_or_the_folder(reference: str, seed: str, tmp_path: Path) -> None:
    assert _generated(sys.executable, tmp_path, seed) == reference


def test_bytes_do_not_depend_on_the_python(reference: str, tmp_path: Path) -> None:
    here = f"python{sys.version_info.major}.{sys.version_info.minor}"
    others = [name for name in ("python3.11", "python3.12", "python3.13", "python3.14") if name != here]
    probe = "import sys; sys.path.insert(0, {root!r}); import sympy, jinja2, numpy, mpmath, symgraph"
    for name in others:
        # an interpreter of the machine, or of another environment of this checkout, that has our dependencies
        for candidate in (shutil.which(name), *(str(path) for path in ROOT.glob(f".venv*/bin/{name}"))):
            if candidate and not subprocess.run(
                [candidate, "-c", probe.format(root=str(ROOT))], capture_output=True, check=False, cwd=tmp_path
            ).returncode:
                assert _generated(candidate, tmp_path, "7") == reference
                return
    pytest.skip("no other Python with SymPy, Jinja2, NumPy and mpmath is at hand; .ci/run tests on two Pythons")


def test_texts_name_no_day_host_or_place(reference: str) -> None:
    assert not re.search(r"\b20[2-9]\d-\d\d-\d\d\b", reference)
    assert str(ROOT) not in reference
    assert str(Path.home()) not in reference
    assert os.uname().nodename not in reference
