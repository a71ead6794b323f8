"""Compiling C in tests: the compilers that are there, and the functions of the C backend as functions of arrays."""

import ctypes
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import numpy as np
import pytest

from symgraph import Model
from symgraph.compiler.backends import BACKENDS
from symgraph.compiler.backends.c.library import LOOP, named, parts
from symgraph.compiler.backends.c.single import in_single
from symgraph.compiler.generate import generate
from symgraph.compiler.ir.graph import BOOLEAN_OPS
from symgraph.compiler.ir.special import arity_of
from symgraph.options import options_of
from symgraph.project.native.compiled import module_of
from symgraph.project.native.compiler import find_compiler
from symgraph.spec.ops.ops import OPS
from symgraph.spec.ops.optext import Level, Text

WARNINGS = ("-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Werror")
FAMILIES = {"gcc": ("gcc", "cc"), "clang": ("clang", *(f"clang-{version}" for version in range(22, 11, -1)))}
"""The programs by which each compiler may be there."""

needs_c = pytest.mark.skipif(not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="there is no C compiler")
"""A mark of tests that compile as a user's machine does."""

COMPILED = tuple(
    name
    for name, row in OPS.items()
    if row.stable is None and row.c is not None and name not in (*BOOLEAN_OPS, "select", "rowsum")
)
"""The ops that a C library of functions of arrays can have: those of numbers alone that C has."""

OF_DOUBLES = ("lost", "below_0", "left_range")
"""Special operations that such a library has besides, of doubles alone."""


_SCRATCH = TemporaryDirectory(prefix="symgraph-test-", ignore_cleanup_errors=True)


def scratch() -> Path:
    """A new folder, which goes when the test process ends."""
    return Path(mkdtemp(dir=_SCRATCH.name))


@cache
def compiler(family: str) -> str:
    """The program of a compiler; the test is skipped where this machine has none."""
    found = next((path for name in FAMILIES[family] if (path := shutil.which(name))), None)
    if found is None or (
        family == "gcc" and "clang" in subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    ):
        pytest.skip(f"this machine has no {family}")
    return found


def compiled(program: str, flags: Sequence[str], files: Mapping[str, str], target: str) -> Path:
    """Compile the C files among some texts into a new folder; warnings are errors.

    Raises:
        AssertionError: with what the compiler says.
    """
    folder = scratch()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    sources = [name for name in files if name.endswith(".c")]
    linked = () if {"-c", "-fsyntax-only"} & set(flags) else ("-lm",)
    command = [program, *WARNINGS, *flags, *sources, "-o", target, *linked]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert run.returncode == 0, f"{' '.join(command)}\n{run.stderr}"
    return folder / target


def functions_text(single: bool = False) -> str:
    """A C file with a function of arrays for every op, as it stands in loops over rows."""
    head = "".join(f"#include <{name}.h>\n" for name in ("float", "math", "stddef", "stdint", "string"))
    text = head + "".join(parts("my", single).values()) + "".join(map(_each, COMPILED if single else (*COMPILED, *OF_DOUBLES)))
    return in_single(text.replace("uint64_t wide", "uint32_t wide")) if single else text


def _each(op: str) -> str:
    texts = named({**BACKENDS["c"].texts, **LOOP}, "my")
    body = texts[op].render([Text("a[i]", Level.ATOM), *[Text("b[i]", Level.ATOM)] * max(1, arity_of(op) - 1)]).text
    careful = "    const int careful = 1;\n    uint64_t wide = 0;\n" if "careful" in body else ""
    ignored = "    (void)b;\n" if arity_of(op) == 1 else ""
    name = f"void each_{op}(const double *a, const double *b, size_t n, double *result)"
    loop = f"    for (size_t i = 0; i < n; i++) {{\n        result[i] = {body};\n    }}\n"
    return f"\n{name};\n{name}\n{{\n{careful}{ignored}{loop}}}\n"


def arrays_of(library: Path, dtype: Any = np.float64) -> dict[str, Callable[..., Any]]:
    """The ops of a library made of ``functions_text``, as Python functions of arrays of its dtype."""
    loaded = ctypes.CDLL(str(library))

    def bound(op: str) -> Callable[..., Any]:
        function = getattr(loaded, f"each_{op}")
        function.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
        function.restype = None

        def apply(first: Any, second: Any = 0.0) -> Any:
            a, b = (np.array(part, dtype) for part in np.broadcast_arrays(first, second))
            result = np.empty(a.shape, dtype)
            function(a.ctypes.data, b.ctypes.data, a.size, result.ctypes.data)
            return result

        return apply

    return {op: bound(op) for op in (*COMPILED, *OF_DOUBLES) if hasattr(loaded, f"each_{op}")}


def c_texts(model: Model, extras: Sequence[str] = (), functions: Sequence[str] = ()) -> dict[str, str]:
    """The C file and the header of a model, by name."""
    options = options_of(tuple(extras), functions=tuple(functions))
    return {artifact.name: artifact.text for artifact in generate(model, ("c",), options=options)}


def c_module_of(files: Mapping[str, str]) -> Any:
    """The module of a C file, the first of some, compiled in haste."""
    return module_of(next(iter(files)), files, compiler=find_compiler().in_haste())
