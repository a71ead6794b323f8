"""Writes a wheel of the models of a spec: standalone modules that need NumPy alone, and their C files as libraries beside them.

python tools/wheel_of_model.py SPEC [--out DIR] [--version 1.0]
"""

import argparse
import subprocess
import sysconfig
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile

from symgraph.build.modules import load_verified
from symgraph.build.specs import read_spec
from symgraph.generate import generate
from symgraph.io.compiled import module_of
from symgraph.io.compiler import FLAGS, find_compiler
from symgraph.options import options_of

NATIVE = '''"""The C functions of the model {name}, as ctypes has them; {name}.h beside this file says what they take."""

import ctypes
from pathlib import Path

library = ctypes.CDLL(str(Path(__file__).with_name("lib{name}.so")))
library.{name}_row.restype = library.{name}_predict_row.restype = library.{name}_loss.restype = ctypes.c_double
if library.{name}_selftest() != 0:
    raise ImportError("the arithmetic of this process, or the flags of the library, make results wrong")
'''


def contents(spec: str) -> dict[str, bytes]:
    """The files of the models of a spec, verified, by their names in the wheel."""
    files: dict[str, bytes] = {}
    read = read_spec(spec, Path.cwd())
    for model in read.models:
        artifacts = generate(model, ("numpy", "c"), spec=read.label, options=options_of(("standalone",)))
        texts = {artifact.name: artifact.text for artifact in artifacts}
        c_files = {name: text for name, text in texts.items() if not name.endswith(".py")}
        load_verified(model, artifacts, module_of(f"{model.name}.c", c_files))
        with TemporaryDirectory() as folder:
            for name, text in c_files.items():
                (Path(folder) / name).write_text(text, encoding="utf-8")
            # not for this machine alone, so without -march=native
            command = [*find_compiler().command, *FLAGS, "-fPIC", "-shared", f"{model.name}.c", "-o", "library.so", "-lm"]
            subprocess.run(command, cwd=folder, check=True)
            files[f"lib{model.name}.so"] = (Path(folder) / "library.so").read_bytes()
        files |= {name: text.encode() for name, text in texts.items() if not name.endswith(".c")}
        files[f"{model.name}_native.py"] = NATIVE.format(name=model.name).encode()
    return files


def write_wheel(name: str, version: str, files: dict[str, bytes], out: Path) -> Path:
    """Write a wheel for this platform and any Python 3 (https://packaging.python.org/specifications/binary-distribution-format)."""
    tag = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
    info = f"{name}-{version}.dist-info"
    files = files | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Dist: numpy\n".encode(),
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
    name = next(iter(files)).removeprefix("lib").removesuffix(".so")
    print(write_wheel(name, given.version, files, given.out))


if __name__ == "__main__":
    main()
