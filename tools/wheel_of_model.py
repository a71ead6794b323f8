"""Writes a wheel of the models of a spec: standalone modules that need NumPy alone, and extensions of CPython of their C files.

python tools/wheel_of_model.py SPEC [--out DIR] [--version 1.0]

One wheel serves all versions of Python from 3.11 on, by the stable ABI, which interpreters without a lock do not have: for
these make it with each version. Python's and NumPy's headers must be there.
"""

import argparse
import subprocess
import sys
import sysconfig
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np

import symgraph.io
from symgraph.build.modules import load_verified
from symgraph.build.specs import read_spec
from symgraph.generate import generate
from symgraph.io.compiled import module_of, prefix_of
from symgraph.io.compiler import FLAGS, find_compiler
from symgraph.options import options_of

UNLOCKED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
VERSION = f"cp3{sys.version_info[1]}"
ABI = ("", f"{VERSION}-{VERSION}t", str(sysconfig.get_config_var("EXT_SUFFIX")))
ABI = ABI if UNLOCKED else ("-DPy_LIMITED_API=0x030B0000", "cp311-abi3", ".abi3.so")
"""The macro for the compiler, the wheel's tag and the ending of an extension."""

EXTENSION = Path(symgraph.io.__file__).with_name("extension.c")

NEEDS = "Requires-Python: >=3.11\nRequires-Dist: numpy>=2\n"

NATIVE = '''"""The module {name} by its C functions: plain arrays of float64 go straight to C, all else to {name} itself.

``library`` has the C functions as ctypes has them; {name}.h beside this file says what they take.
"""

import ctypes
from collections.abc import Sequence
from math import fsum
from typing import Any

import _{prefix}
import numpy as np
import {name} as _module
from {name} import *  # noqa: F403

library = ctypes.CDLL(_{prefix}.__file__)
if library.{prefix}_selftest() != 0:
    raise ImportError("the arithmetic of this process, or the flags of the library, make results wrong")
for _name in ("row", "predict_row", "loss"):
    if hasattr(library, "{prefix}_" + _name):
        getattr(library, "{prefix}_" + _name).restype = ctypes.c_double


class _Functions(_{prefix}.Functions):
    def __reduce__(self) -> str:
        return "_functions"


def _total(parts: Sequence[float]) -> float:
    try:
        return fsum(parts)
    except (OverflowError, ValueError):  # one is infinite, or they overflow
        return sum(parts)


def _address(name: str) -> int:
    function = getattr(library, "{prefix}_" + name, None) if name else None
    return 0 if function is None else ctypes.cast(function, ctypes.c_void_p).value or 0


_NAMES = ("value_and_grad", "loss", "per_sample_grad", "", "predict", "residual", "residual_jacobian", "jacobian", "penalty")
_facts: Any = _module._model.facts
_counts = len(_facts.weights), len(_facts.features), len(_facts.target_names), max(1, len(_facts.outputs))
_functions = _Functions(
    _module._model, _total, np.array([*_facts.constants.values()], float), *_counts, _facts.metadata.get("residuals", 1), 16_384
)
_functions.take(False, tuple(map(_address, ("", *_NAMES))))
for _name in ("grad", *_NAMES[:-1]):
    if hasattr(_module, _name):
        globals()[_name] = getattr(_functions, _name)
'''


def contents(spec: str) -> dict[str, bytes]:
    """The files of the models of a spec, verified, by their names in the wheel."""
    files: dict[str, bytes] = {}
    read = read_spec(spec, Path.cwd())
    for model in read.models:
        artifacts = generate(model, ("numpy", "c"), spec=read.label, options=options_of(("standalone",)))
        texts = {artifact.name: artifact.text for artifact in artifacts}
        c_files = {name: text for name, text in texts.items() if not name.endswith(".py")}
        source = f"{model.name}.c"
        load_verified(model, artifacts, module_of(source, c_files))
        prefix = prefix_of(source, c_files[source])
        files |= {name: text.encode() for name, text in texts.items() if not name.endswith(".c")}
        files[f"{model.name}_native.py"] = NATIVE.format(name=model.name, prefix=prefix).encode()
        files[f"_{prefix}{ABI[2]}"] = extension(source, c_files, prefix)
    return files


def extension(source: str, c_files: dict[str, str], prefix: str) -> bytes:
    """The model's C file and the functions for CPython in one library, not for this machine alone: without -march=native."""
    folders = (f"-I{folder}" for folder in (sysconfig.get_path("include"), np.get_include()))
    called = f"-DPyInit_symgraph_extension=PyInit__{prefix}"
    flags = (*FLAGS, "-fPIC", "-shared", "-pthread", called, *filter(None, ABI[:1]), *folders)
    linked = "-Wl,-undefined,dynamic_lookup" if sys.platform == "darwin" else "-lm"
    with TemporaryDirectory() as folder:
        for name, text in c_files.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        command = [*find_compiler().command, *flags, source, str(EXTENSION), "-o", "library.so", linked]
        subprocess.run(command, cwd=folder, check=True)
        return (Path(folder) / "library.so").read_bytes()


def write_wheel(name: str, version: str, files: dict[str, bytes], out: Path) -> Path:
    """Write a wheel for this platform (https://packaging.python.org/specifications/binary-distribution-format)."""
    tag = f"{ABI[1]}-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
    info = f"{name}-{version}.dist-info"
    files = files | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{NEEDS}".encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: wheel_of_model\nRoot-Is-Purelib: false\nTag: {tag}\n".encode(),
    }
    digests = {path: urlsafe_b64encode(sha256(data).digest()).rstrip(b"=").decode() for path, data in files.items()}
    lines = [f"{path},sha256={digests[path]},{len(data)}" for path, data in files.items()]
    record = "\n".join([*lines, f"{info}/RECORD,,", ""])
    wheel = out / f"{name}-{version}-{tag}.whl"
    with ZipFile(wheel, "w", ZIP_DEFLATED) as archive:
        for path, data in (files | {f"{info}/RECORD": record.encode()}).items():
            archive.writestr(path, data)
    return wheel


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("spec")
    parser.add_argument("--out", type=Path, default=Path())
    parser.add_argument("--version", default="1.0")
    given = parser.parse_args()
    files = contents(given.spec)
    name = next(iter(files)).removesuffix(".py")
    print(write_wheel(name, given.version, files, given.out))


if __name__ == "__main__":
    main()
