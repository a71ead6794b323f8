"""A wheel of the models of a spec: modules that need NumPy alone, and extensions of CPython of their C files.

One wheel serves all versions of Python from 3.11 on, by the stable ABI, which interpreters without a lock do not have: for
these a wheel is made with each version. A model that computes rows in pairs of doubles has no extension, and neither has one
that C refuses: a wheel of such models alone serves every machine.
"""

import io
import re
import sys
import sysconfig
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from symgraph.compiler.backends.rendering import render
from symgraph.data.files import write_file
from symgraph.errors import BuildError, OptionError
from symgraph.options import AUTO, options_of
from symgraph.project.build.made import Made, made_of
from symgraph.project.build.modules import load_verified
from symgraph.project.build.plan import Plan
from symgraph.project.build.profile import Profile
from symgraph.project.native.compiled import module_of, prefix_of
from symgraph.project.native.compiler import FLAGS, Compiler, compile_into, find_compiler
from symgraph.project.native.extension import LINKED, ORDER, SOURCE, headers, texts
from symgraph.runtime.compiled_binding import SHARE

_UNLOCKED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
_VERSION = f"cp3{sys.version_info[1]}"
_OF_VERSION = ((), f"{_VERSION}-{_VERSION}t", str(sysconfig.get_config_var("EXT_SUFFIX")))
_MACROS, _TAG, _ENDING = _OF_VERSION if _UNLOCKED else (("-DPy_LIMITED_API=0x030B0000",), "cp311-abi3", ".abi3.so")
"""Macros for the compiler, the tag of a wheel with extensions, and the ending of an extension."""

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_NUMBER = re.compile(r"(\d+!)?\d+(\.\d+)*((a|b|rc)\d+)?(\.post\d+)?(\.dev\d+)?(\+[a-z0-9]+([.][a-z0-9]+)*)?")
"""Names of distributions, and versions in their normal form (https://packaging.python.org/specifications/version-specifiers)."""

_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
"""The time of files in the archive, the same in each."""


class _View(NamedTuple):
    """Names in the module of an extension: the model's, the C functions', and those that the extension takes."""

    name: str
    prefix: str
    share: int = SHARE
    order: tuple[str, ...] = ORDER


def wheel_of(spec: str, root: Path, out: Path, version: str, tell: Callable[[str], None], name: str | None = None) -> Path:
    """Write a wheel of the models of a spec.

    Args:
        spec: a spec file or a dotted module.
        root: the project's folder.
        out: the folder for the wheel.
        version: that of the wheel.
        tell: called with one line at each step, and for each model without an extension.
        name: that of the distribution; by default the first model's.

    Raises:
        OptionError: the name or the version is none.
        BuildError: a spec cannot be read, there is no compiler or a header is missing, or the wheel cannot be written.
        SpecError: a model is wrong.
        VerificationError: a module disagrees with the spec.
    """
    if _NUMBER.fullmatch(version) is None:
        raise OptionError(f"--version {version!r} is no version of a distribution, such as 1.0 or 2.1.0rc1")
    if name is not None and _NAME.fullmatch(name) is None:
        raise OptionError(f"--name {name!r} is no name of a distribution: letters, digits, and . _ - between them")
    plan = Plan((spec,), root, out, ("numpy", "c"), options_of(("standalone",)), named=False, chooses=True)
    files: dict[str, bytes] = {}
    models = made_of(plan, tell, Profile(), search=True)
    for made in models:
        tell(f"verifying {made.model.name}")
        files |= _files_of(made)
        if made.precision == AUTO:
            tell(f"{made.model.name} has no extension, since it computes rows that lose digits in pairs of doubles")
    data = archive(name or models[0].model.name, version, files, models[0].model.doc)
    path = out / data[0]
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_file(path, data[1])
    except OSError as error:
        raise BuildError(f"{path} cannot be written: {error.strerror}") from error
    return path


def _files_of(made: Made) -> dict[str, bytes]:
    """Verify a model; give its files by their names in the wheel; no extension if its rows are computed in pairs."""
    model, numpy = made.model, made.numpy
    c_files = {artifact.name: artifact.text for artifact in made.generated if artifact.backend == "c"}
    files = {numpy.name: numpy.text.encode()}
    if made.precision == AUTO or not c_files:
        load_verified(model, (numpy,))
        return files
    source = f"{model.name}.c"
    load_verified(model, made.generated, module_of(source, c_files))
    prefix = prefix_of(source, c_files[source])
    files |= {name: text.encode() for name, text in c_files.items() if name != source}
    files[f"{model.name}_native.py"] = render("wheel/native.py.jinja", _View(model.name, prefix)).encode()
    files[f"_{prefix}{_ENDING}"] = _extension(source, c_files, prefix)
    return files


def _extension(source: str, c_files: Mapping[str, str], prefix: str) -> bytes:
    """Compile the model's C file and the functions for CPython into one library, not for this machine alone."""
    found = find_compiler()
    called = f"-DPyInit_symgraph_extension=PyInit__{prefix}"
    compiler = Compiler(found.command, (*FLAGS, "-pthread", called, *_MACROS, *headers()), found.identity)
    with TemporaryDirectory() as folder:
        library = Path(folder) / "library.so"
        compile_into(library, (source, SOURCE.name), {**c_files, **texts()}, compiler, LINKED)
        return library.read_bytes()


def archive(name: str, version: str, files: Mapping[str, bytes], summary: str = "") -> tuple[str, bytes]:
    """Make a wheel (https://packaging.python.org/specifications/binary-distribution-format).

    Args:
        name: of the distribution.
        version: of it.
        files: by their names in the wheel.
        summary: a line about it.

    Returns:
        The name of its file, and its content.
    """
    own = re.sub(r"[-_.]+", "_", name).lower()
    pure = not any(path.endswith(_ENDING) for path in files)
    tag = "py3-none-any" if pure else f"{_TAG}-{re.sub('[-.]', '_', sysconfig.get_platform())}"
    info = f"{own}-{version}.dist-info"
    about = [f"Name: {name}", f"Version: {version}", *([f"Summary: {summary}"] if summary else []), "Requires-Python: >=3.11"]
    metadata = "\n".join(["Metadata-Version: 2.1", *about, "Requires-Dist: numpy>=2", ""])
    wheel = f"Wheel-Version: 1.0\nGenerator: symgraph\nRoot-Is-Purelib: {str(pure).lower()}\nTag: {tag}\n"
    files = {**files, f"{info}/METADATA": metadata.encode(), f"{info}/WHEEL": wheel.encode()}
    digests = {path: urlsafe_b64encode(sha256(data).digest()).rstrip(b"=").decode() for path, data in files.items()}
    lines = [f"{path},sha256={digests[path]},{len(data)}" for path, data in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,", ""]).encode()
    content = io.BytesIO()
    with ZipFile(content, "w") as made:
        for inside, data in files.items():
            made.writestr(ZipInfo(inside, _FIRST_DAY), data, ZIP_DEFLATED)
    return f"{own}-{version}-{tag}.whl", content.getvalue()
