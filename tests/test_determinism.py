"""The same model gives the same bytes under every hash seed, in every Python, and whatever was generated before."""

import getpass
import os
import re
import shutil
import socket
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import numpy
import pytest
import sympy
from built import artifacts
from zoo import ZOO

TESTS = Path(__file__).parent
ROOT = TESTS.parent
NAMES = ("nine_weights", "every_op", "pieces", "perceptron", "uniform_nodes", "Gauss1", "keywords", "logistic")

SCRIPT = """
import sys
from hashlib import sha256
from zoo import ZOO
from symgraph.compiler.generate import generate
for name in {names}:
    for artifact in generate(ZOO[name](), ("numpy", "scalar")):
        print(artifact.name, sha256(artifact.text.encode()).hexdigest())
"""


def digests_under(python: str, seed: str, names: tuple[str, ...] = NAMES, **more: str) -> str:
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHONHASHSEED": seed, "TZ": "Asia/Tokyo", **more}
    environment["PYTHONPATH"] = f"{ROOT}{os.pathsep}{TESTS}"
    command = [python, "-c", SCRIPT.format(names=names)]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def expected(names: tuple[str, ...] = NAMES) -> str:
    lines = [f"{a.name} {sha256(a.text.encode()).hexdigest()}" for name in names for a in artifacts(name)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("seed", ["0", "1", "12345"])
def test_the_hash_seed_changes_nothing(seed: str) -> None:
    assert digests_under(sys.executable, seed) == expected()


def test_what_was_generated_before_changes_nothing() -> None:
    assert digests_under(sys.executable, "1", tuple(reversed(NAMES))) == expected(tuple(reversed(NAMES)))


def test_integers_of_python_in_place_of_those_of_gmpy2_change_nothing() -> None:
    """SymPy and mpmath take gmpy2's where it is installed, as it is for these tests; users need not have it."""
    assert digests_under(sys.executable, "3", MPMATH_NOGMPY="1", SYMPY_GROUND_TYPES="python") == expected()


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_another_python_gives_the_same_bytes(version: str) -> None:
    """On CI the oldest and the newest one have environments in the checkout, and run each other."""
    python = next(map(str, ROOT.glob(f".venv*/bin/python{version}")), shutil.which(f"python{version}"))
    if python is None:
        pytest.skip(f"there is no python{version} here")
    probe = subprocess.run([python, "-c", "import sympy, numpy, jinja2, mpmath"], capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        pytest.skip(f"python{version} lacks what symgraph needs: {probe.stderr.strip().splitlines()[-1]}")
    assert digests_under(python, "2") == expected()


@pytest.mark.parametrize("name", ZOO)
def test_the_text_names_no_date_host_user_path_or_version(name: str) -> None:
    for artifact in artifacts(name):
        text, user = artifact.text, getpass.getuser()
        assert not re.search(r"\b20\d\d-\d\d-\d\d\b|\b\d\d:\d\d:\d\d\b", text)
        assert not re.search(rf"\b{re.escape(socket.gethostname())}\b", text)
        assert not re.search(r"(^|[\s\"'])(/home|/root|/tmp|/usr|[A-Z]:\\\\)", text)
        named = str(ROOT), f"numpy {numpy.__version__}", sympy.__version__, "0x", *([user] if len(user) > 5 else [])
        assert [name for name in named if name in text] == []
