"""C compiler of this machine, and the libraries that it makes, once for each text, in a cache folder."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from symgraph.errors import BuildError
from symgraph.io.cache import VARIABLE, cache_folder

FLAGS = ("-std=c99", "-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off")
"""Flags that change no result: errno and floating-point traps are not used, and sums of products round twice everywhere."""

NATIVE = ("-march=native", "-mprefer-vector-width=512")
"""Flags for all vector units of this machine, as far as the compiler knows them, and for vectors as wide as it has them, since
compilers by default avoid Intel's widest."""

_NAMES = ("cc", "gcc", "clang")
_SHOWN = 2000  # characters of a compiler's message


@dataclass(frozen=True, slots=True)
class Compiler:
    """C compiler.

    Attributes:
        path: the path of its program.
        flags: the flags with which it is called.
        identity: digest of its version and of the machine that it compiles for.
    """

    path: str
    flags: tuple[str, ...]
    identity: str

    def in_haste(self) -> "Compiler":
        """Return the same compiler with fewer optimizations: long files take a tenth of the time, and results are the same."""
        return replace(self, flags=tuple("-O1" if flag == "-O3" else flag for flag in self.flags))


def find_compiler(name: str | None = None) -> Compiler:
    """Find a C compiler: the given one, else that of the environment variable CC, else cc, gcc or clang.

    Raises:
        BuildError: there is none, or it does not run.
    """
    asked = name or os.environ.get("CC", "").strip()
    path = next((found for entry in ([asked] if asked else _NAMES) if (found := shutil.which(entry))), None)
    if path is None:
        looked = f"{asked!r} is not there" if asked else f"none of {', '.join(_NAMES)} is there"
        raise BuildError(
            f"there is no C compiler: {looked}; install gcc or clang, or set CC to one. Without one, "
            "the C file can still be built, and compiled elsewhere"
        )
    for flags in ((*FLAGS, *NATIVE), (*FLAGS, *NATIVE[:1]), FLAGS):
        # the macros show the compiler's version and which instructions it will use
        asked_for_macros = _run([path, *flags, "-dM", "-E", "-x", "c", os.devnull])
        if asked_for_macros.returncode == 0:
            return Compiler(path, flags, sha256(f"{path}\n{asked_for_macros.stdout}".encode()).hexdigest())
    raise BuildError(f"{path} does not compile C as gcc and clang do: {asked_for_macros.stderr[:_SHOWN].strip()}")


def compiled_library(source: str, files: Mapping[str, str], compiler: Compiler, folder: Path | None = None) -> Path:
    """Compile a C file into a shared library, unless the cache has it.

    Args:
        source: the name of the C file.
        files: the texts of the C file and of the files that it includes, by name.
        compiler: the compiler.
        folder: the folder for the library; by default the cache folder.

    Returns:
        The library's path. Its name has a digest of the texts, the flags, the compiler and the machine.

    Raises:
        BuildError: the compiler refuses the text, or there is no folder to keep the library in.
    """
    folder = folder or cache_folder("c")
    if folder is None:
        raise BuildError(f"there is no folder of your own to keep compiled code in; set {VARIABLE} to one")
    texts = [part for name in sorted(files) for part in (name, files[name])]
    key = sha256("\0".join([source, *texts, *compiler.flags, compiler.identity, sys.platform]).encode()).hexdigest()[:20]
    target = folder / f"{Path(source).stem}-{key}.so"
    if target.exists():
        return target
    try:
        # made in another folder and moved, so that no process loads half a library and two may do this at once
        with tempfile.TemporaryDirectory(dir=folder) as work:
            for name, text in files.items():
                (Path(work) / name).write_text(text, encoding="utf-8")
            made = Path(work) / target.name
            run = _run([compiler.path, *compiler.flags, "-fPIC", "-shared", str(Path(work) / source), "-o", str(made), "-lm"])
            if run.returncode != 0:
                raise BuildError(f"{compiler.path} cannot compile {source}: {run.stderr[:_SHOWN].strip()}")
            made.replace(target)
    except OSError as error:
        raise BuildError(f"the folder {folder} cannot be written: {error.strerror}; set {VARIABLE} to another") from error
    return target


def _run(command: list[str]) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise BuildError(f"{command[0]} cannot be run: {error.strerror}") from error
