"""C compiler of this machine, and the libraries that it makes, once for each text, in a cache folder."""

import importlib.util
import math
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from symgraph.data.files import locked
from symgraph.errors import BuildError, CompileTimeError, ModuleError
from symgraph.project.native.cache import (
    UNDER_WAY,
    VARIABLE,
    bounded,
    cache_folder,
    objection_to_file,
    objection_to_folder,
    with_digest,
)

FLAGS = ("-std=c99", "-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off")
"""Flags that change no result: errno and floating-point traps are not used, and sums of products round twice everywhere."""

TUNING = ("-march=native", "-mprefer-vector-width=512", "-fno-thread-jumps")
"""Flags that are given if the compiler knows them: for all vector units of this machine, and for vectors as wide as it has
them, since compilers by default avoid Intel's widest. Threaded jumps leave branches in a loop where two choices hang on one
condition, and gcc makes no vector code of such a loop."""

_NAMES = ("cc", "gcc", "clang")
_ZIG = "ziglang"
_SHOWN = 3  # lines of a compiler's message, with so many characters each
_WIDE = 200
_ANSWERS = 3.0
"""Seconds of processor time in which a compiler answers what takes it a twentieth of one."""
PATIENCE = 30.0
"""Time by the clock that a compiler may take, in units of its processor time: a machine may be busy, a compiler may hang."""
_SLACK = 0.1
"""Seconds by which a system may end a program before its limit, since it counts in ticks."""
_LIMITED = 'ulimit -t "$0" 2> /dev/null; exec "$@"'
"""Text for a shell that limits the processor time of a command and of each program that it starts, as Python could between fork
and exec only, which is not safe where there are threads."""


@dataclass(frozen=True, slots=True)
class Compiler:
    """C compiler.

    Attributes:
        command: its program, and the arguments that come first.
        flags: the flags with which it is called.
        identity: digest of its version and of the machine that it compiles for.
        seconds: the processor time that each of its programs may take for a file; None for any.
    """

    command: tuple[str, ...]
    flags: tuple[str, ...]
    identity: str
    seconds: float | None = None

    @property
    def path(self) -> str:
        """Return its command as a user would type it."""
        return shlex.join(self.command)

    def in_haste(self) -> "Compiler":
        """Return the same compiler with fewer optimizations: long files take a tenth of the time, and results are the same."""
        return replace(self, flags=tuple("-O1" if flag == "-O3" else flag for flag in self.flags))

    def for_single_rows(self) -> "Compiler":
        """Return the same compiler with vectors of four doubles at most, as many as the numbers of one row mostly fill.

        A wider load waits until all that was stored there by narrower ones has left the core (Intel, Optimization Reference
        Manual, "Store Forwarding").
        """
        return replace(self, flags=tuple(flag.replace("width=512", "width=256") for flag in self.flags))

    def within(self, seconds: float | None) -> "Compiler":
        """Return the same compiler, stopped after some seconds of processor time, which a busy machine does not shorten."""
        return replace(self, seconds=seconds)


def is_at_hand() -> bool:
    """Tell if the environment names a C compiler, or has one where ``find_compiler`` looks."""
    return bool(os.environ.get("CC", "").strip()) or _installed() is not None


def find_compiler(name: str | None = None) -> Compiler:
    """Find a C compiler: the given one, else that of the environment variable CC, else cc, gcc, clang or the package ziglang.

    Args:
        name: the program, with arguments if need be.

    Raises:
        BuildError: there is none, or it does not run.
    """
    asked = name or os.environ.get("CC", "").strip()
    command = _named(asked) if asked else _installed()
    if command is None:
        looked = f"{asked!r} is not there" if asked else f"none of {', '.join(_NAMES)} is there"
        raise BuildError(
            f"there is no C compiler: {looked}; install gcc or clang, or the package {_ZIG}, or set CC to one. Without one, "
            "the C file can still be built, and compiled elsewhere"
        )
    state = Path(command[0]).stat()
    return _asked(command, (state.st_mtime_ns, state.st_size, state.st_ino))


@lru_cache(maxsize=16)  # loading takes less time than asking does
def _asked(command: tuple[str, ...], state: tuple[int, int, int]) -> Compiler:
    """Ask a program, in a given state of its file, which flags it takes, and for its version and the machine."""
    named = any(one.startswith("-march=") for one in command)  # by CC, for another machine than this one
    optional: tuple[str, ...] = TUNING[1:] if named else TUNING
    macros = _macros(command, optional)
    if macros.returncode != 0:
        optional = tuple(flag for flag in optional if _macros(command, (flag,)).returncode == 0)
        macros = _macros(command, optional)
    if macros.returncode != 0:
        raise BuildError(f"{shlex.join(command)} does not compile C as gcc and clang do: {_brief(macros.stderr)}")
    return Compiler(command, (*FLAGS, *optional), sha256(f"{command}\n{macros.stdout}".encode()).hexdigest())


def _macros(command: tuple[str, ...], optional: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Ask for the macros of a program, which show its version and which instructions it will use."""
    return _run([*command, *FLAGS, *optional, "-dM", "-E", "-x", "c", os.devnull], _ANSWERS)


def _named(program: str) -> tuple[str, ...] | None:
    """Give the command of a program that is on the path; CC may have arguments, as in ``ccache gcc``."""
    if (found := shutil.which(program)) is not None:
        return (found,)
    try:
        first, *rest = shlex.split(program)
    except ValueError as error:  # a quote that does not end
        raise BuildError(f"CC is {program!r}, which is no command: {error}") from error
    found = shutil.which(first)
    return None if found is None else (found, *rest)


def _installed() -> tuple[str, ...] | None:
    found = next((path for entry in _NAMES if (path := shutil.which(entry))), None)
    if found is not None:
        return (found,)
    return (sys.executable, "-P", "-m", _ZIG, "cc") if importlib.util.find_spec(_ZIG) is not None else None


def compiled_library(
    source: str, files: Mapping[str, str], compiler: Compiler, folder: Path | None = None, *, linked: str = "-lm"
) -> Path:
    """Compile a C file into a shared library, unless the cache has it.

    A library of the cache is used if it is the user's own, nobody else may write to it, and it is as it was made, by the digest
    beside it; else it is made anew. Of several processes that want the same library one makes it.

    Args:
        source: the name of the C file.
        files: the texts of the C file and of the files that it includes, by name.
        compiler: the compiler.
        folder: the folder for the library; by default the cache folder.
        linked: the last argument of the compiler.

    Returns:
        The library's path. Its name has a digest of the texts, the flags, the compiler and the machine.

    Raises:
        BuildError: the compiler refuses the text or takes too long, or there is no folder to keep the library in.
    """
    made_here = folder is None
    folder = folder or cache_folder()
    if folder is None:
        raise BuildError(
            f"there is no folder of your own to keep compiled code in: {objection_to_folder()}; set {VARIABLE} to one"
        )
    texts = [part for name in sorted(files) for part in (name, files[name])]
    parts = [source, *texts, *compiler.flags, compiler.identity, sys.platform, linked]
    target = folder / f"{Path(source).stem}-{sha256(chr(0).join(parts).encode()).hexdigest()[:20]}.so"
    try:
        if objection_to_file(target) is None:
            return target
        with locked(folder):
            if objection_to_file(target) is not None:  # no other process has made it meanwhile
                if made_here:  # what is half made while we hold the lock, nobody makes any more
                    for left in folder.glob(f"{UNDER_WAY}*"):
                        shutil.rmtree(left, ignore_errors=True)
                _make(target, source, files, compiler, linked)
                if made_here:
                    bounded(folder, target)
    except OSError as error:
        raise BuildError(f"the folder {folder} cannot be written: {error.strerror}; set {VARIABLE} to another") from error
    return target


def from_library(load: Callable[[Path], Any], *given: Any, **named: Any) -> Any:
    """Load what ``compiled_library`` makes of the other arguments, again if `symgraph cache --clear` has deleted it."""
    path = compiled_library(*given, **named)
    try:
        return load(path)
    except (ImportError, ModuleError):
        if path.exists():
            raise
        return load(compiled_library(*given, **named))


def _make(target: Path, source: str, files: Mapping[str, str], compiler: Compiler, linked: str) -> None:
    """Compile in another folder and move what comes of it, so that no process loads half a library."""
    with tempfile.TemporaryDirectory(prefix=UNDER_WAY, dir=target.parent, ignore_cleanup_errors=True) as work:
        made = Path(work) / target.name
        compile_into(made, (source,), files, compiler, linked)
        with_digest(made, target)


def compile_into(made: Path, sources: Sequence[str], files: Mapping[str, str], compiler: Compiler, linked: str = "-lm") -> None:
    """Compile C files into one shared library, in a folder of their own.

    Args:
        made: the library; the files are written beside it.
        sources: the names of the C files.
        files: as for ``compiled_library``.
        compiler: the compiler.
        linked: the last argument of the compiler.

    Raises:
        BuildError: the compiler refuses the text or takes too long.
    """
    for name, text in files.items():
        (made.parent / name).write_text(text, encoding="utf-8")
    paths = [str(made.parent / source) for source in sources]
    run = _run([*compiler.command, *compiler.flags, "-fPIC", "-shared", *paths, "-o", str(made), linked], compiler.seconds)
    if run.returncode != 0:
        raise BuildError(f"{compiler.path} cannot compile {sources[0]}: {_brief(run.stderr)}")


def check_syntax(source: str, files: Mapping[str, str], compiler: Compiler) -> None:
    """Have a compiler read a C file without writing code, which takes a second for a million characters.

    Args:
        source: the name of the C file.
        files: as for ``compiled_library``.
        compiler: the compiler.

    Raises:
        BuildError: the compiler refuses the text.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as work:
        for name, text in files.items():
            (Path(work) / name).write_text(text, encoding="utf-8")
        run = _run([*compiler.command, *compiler.flags, "-fsyntax-only", str(Path(work) / source)])
    if run.returncode != 0:
        raise BuildError(f"{compiler.path} cannot compile {source}: {_brief(run.stderr)}")


def compiles(compiler: Compiler) -> bool:
    """Tell if a compiler makes a library of the simplest text, so that where it refuses another, that text is wrong."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as work:
        try:
            compiled_library("one.c", {"one.c": "int one(void) { return 1; }\n"}, compiler, Path(work))
        except BuildError:
            return False
    return True


def _run(command: list[str], seconds: float | None = None) -> "subprocess.CompletedProcess[str]":
    """Run a compiler, and end it with all programs that it has started if it takes too long or we are interrupted."""
    shell, before = shutil.which("sh"), _processor_time()
    limited = [] if seconds is None or shell is None else [shell, "-c", _LIMITED, str(math.ceil(seconds))]
    try:
        process = subprocess.Popen(
            [*limited, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            encoding="utf-8",
            errors="backslashreplace",
            start_new_session=True,
        )
    except OSError as error:
        raise BuildError(f"{command[0]} cannot be run: {error.strerror}") from error
    patience = None if seconds is None else seconds * (PATIENCE if limited else 1.0)
    with process:
        try:
            output, messages = process.communicate(timeout=patience)
        except BaseException as stop:
            with suppress(OSError, AttributeError):  # it has ended; Windows has no groups of processes
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            if isinstance(stop, subprocess.TimeoutExpired):
                raise CompileTimeError(f"{command[0]} has not compiled the file after {patience:g} s") from None
            raise
    # the program that was ended may have been started by another one, which only says that it failed
    if seconds is not None and process.returncode != 0 and _processor_time() - before >= math.ceil(seconds) - _SLACK:
        raise CompileTimeError(f"{command[0]} takes longer than {seconds:g} s of processor time to compile the file")
    return subprocess.CompletedProcess(command, process.returncode, output, messages)


def _brief(messages: str) -> str:
    """Return the first lines of what a compiler says."""
    lines = [line for line in messages.splitlines() if line.strip()]
    return "\n".join(line[:_WIDE] for line in lines[:_SHOWN]) or "it does not say why"


def _processor_time() -> float:
    """Return the seconds that the processor has spent on processes which this one started and which have ended."""
    times = os.times()
    return times.children_user + times.children_system
