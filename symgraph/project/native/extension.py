"""The extension of CPython that calls a compiled model (``extension.c``), compiled once for an interpreter."""

import ctypes
import importlib.machinery
import importlib.util
import inspect
import sys
import sysconfig
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np

from symgraph.errors import BuildError
from symgraph.module_functions import ALL_FUNCTIONS, MODULE_FUNCTIONS, ModuleFunction
from symgraph.project.native.compiler import Compiler, from_library
from symgraph.runtime.binding import Binding
from symgraph.runtime.compiled_binding import CompiledBinding

LINKED = "-Wl,-undefined,dynamic_lookup" if sys.platform == "darwin" else "-lm"  # Python's functions are found in the process
SOURCE = Path(__file__).with_name("extension.c")
ORDER = tuple(ALL_FUNCTIONS)
"""Functions of a C file in the order in which the extension takes their addresses."""


def texts() -> dict[str, str]:
    """Give the extension's source, and the header with the functions of models that it includes, by the names of the files."""
    header = f"""\
// The functions of a model, in the order of project/native/extension.py, which writes this file.
typedef enum {{ {", ".join(map(str.upper, ORDER))}, FUNCTIONS }} Name;
// Those that give something for each row: F(function, its name, the inputs that it reads, whether partials, its docstring).
#define EACH_BY_ROW(F) {" ".join(_by_row(row) for row in MODULE_FUNCTIONS if row.by_row and not row.extra)}
"""
    return {SOURCE.name: SOURCE.read_text(encoding="utf-8"), "functions.h": header}


def _by_row(row: ModuleFunction) -> str:
    """Write the entry of a function, with the docstring and the arguments that the binding's has."""
    method = getattr(Binding, row.name)
    y, doc = "y=None, " * ("y" in inspect.signature(method).parameters), str(inspect.getdoc(method)).partition("\n")[0]
    text = rf'"($self, w, X=None, {y}*, threads=1)\n--\n\n{doc}"'
    return f"F({row.name}, {row.name.upper()}, {'TARGETS' if 'y' in row.takes else 'OUTPUTS'}, {int(bool(row.by))}, {text})"


def extension(compiler: Compiler) -> Any:
    """Compile the extension for this interpreter, unless the cache has it, and load it, once a process.

    Raises:
        BuildError: a header is missing, or the compiler refuses it.
        ImportError: it cannot be loaded here.
    """
    # the headers of this interpreter, its kind of threads and NumPy are part of the library's name
    versions = f'-DSYMGRAPH_VERSIONS="{sysconfig.get_config_var("EXT_SUFFIX")} {np.__version__}"'
    flags = ("-std=c99", "-O3", "-ffp-contract=off", "-pthread", versions, *headers())
    plain = Compiler(compiler.command, flags, compiler.identity, compiler.seconds)
    return cast("ModuleType", from_library(_loaded, SOURCE.name, texts(), plain, linked=LINKED))


def headers() -> tuple[str, ...]:
    """Return the flags by which a compiler finds the headers of this interpreter and of its NumPy.

    Raises:
        BuildError: one is missing.
    """
    folders = sysconfig.get_path("include"), np.get_include()
    for folder, header in zip(folders, ("Python.h", "numpy/arrayobject.h"), strict=True):
        if not (Path(folder) / header).is_file():
            raise BuildError(f"{header} is missing")
    return tuple(f"-I{folder}" for folder in folders)


def addresses_of(compiled: CompiledBinding) -> tuple[int, ...]:
    """Give the addresses of the functions of a compiled model in the order of the extension, 0 for one that it has not.

    Rows alone that have several targets or outputs, or constants behind the weights, are left to the binding.
    """
    facts, careful = compiled.facts, "noted" in compiled.functions
    left = {"row", "predict_row"} if careful or facts.constants or facts.targets or len(facts.outputs) > 1 else set()
    return tuple(_address(None if name in left else compiled.functions.get(name)) for name in ORDER)


def _address(function: Any) -> int:
    # one that takes memory from its caller is called by the binding, which has some
    return 0 if function is None or not hasattr(function, "argtypes") else ctypes.cast(function, ctypes.c_void_p).value or 0


@cache
def _loaded(path: Path) -> ModuleType:
    loader = importlib.machinery.ExtensionFileLoader("symgraph_extension", str(path))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module
