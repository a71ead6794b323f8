"""The module compiler: which compiler is found, what a library's name depends on, what is said where there is none."""

import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from c_code import compiler as program_of

from symgraph.errors import BuildError
from symgraph.project.native import cache
from symgraph.project.native.compiler import (
    FLAGS,
    TUNING,
    Compiler,
    check_syntax,
    compiled_library,
    compiles,
    find_compiler,
    from_library,
)

ANSWER = {"answer.c": '#include "answer.h"\nint answer(void)\n{\n    return 42;\n}\n', "answer.h": "int answer(void);\n"}


@pytest.fixture
def gcc() -> Compiler:
    return find_compiler(program_of("gcc"))


Script = Callable[[str], str]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Make a program in the place of a compiler: text for a shell, after what answers a question for macros."""

    def make(text: str, asked: str = "*-dM*) exit 0") -> str:
        path = tmp_path / f"cc{len(list(tmp_path.glob('cc*')))}"
        path.write_text(f'#!/bin/sh\ncase "$*" in {asked};; esac\n{text}\n', encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    return make


def test_the_given_compiler_is_taken_else_that_of_the_environment_with_its_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    gcc, clang = program_of("gcc"), program_of("clang")
    monkeypatch.setenv("CC", clang)
    assert find_compiler(gcc).path == gcc
    assert find_compiler().path == clang
    assert find_compiler(gcc).identity != find_compiler(clang).identity
    monkeypatch.setenv("CC", f"{gcc} -DANSWER=42")
    assert find_compiler().command == (gcc, "-DANSWER=42")


def test_a_message_says_what_was_looked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: Script) -> None:
    no_compiler = script("echo this is no compiler >&2; exit 1", asked="none) ")
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(BuildError, match="does not compile C as gcc and clang do: this is no compiler"):
        find_compiler(no_compiler)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "ziglang", None)  # as if it were not installed
    said = r"no C compiler: none of cc, gcc, clang is there; install gcc or clang, or the package z"
    for named, message in ((None, said), ("tcc", "no C compiler: 'tcc' is not there")):
        with pytest.raises(BuildError, match=message):
            find_compiler(named)


def test_the_package_ziglang_is_taken_where_there_is_no_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "ziglang").mkdir()
    (tmp_path / "ziglang" / "__init__.py").touch()
    (tmp_path / "ziglang" / "__main__.py").write_text('print("#define VERSION 1")\n', encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    assert find_compiler().command[0] != sys.executable or not any(map(shutil.which, ("cc", "gcc", "clang")))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_compiler().command == (sys.executable, "-P", "-m", "ziglang", "cc")


def test_flags_of_this_machine_are_given_as_far_as_the_compiler_knows_them(gcc: Compiler, script: Script) -> None:
    version = 'echo "#define VERSION 1"'
    assert find_compiler(script(version, asked="*-march=native*) exit 1")).flags == (*FLAGS, *TUNING[1:])
    assert find_compiler(script(version, asked="*-mprefer*) exit 1")).flags == (*FLAGS, TUNING[0], TUNING[2])
    assert find_compiler(script(version, asked="*-march=native* | *-mprefer* | *jumps*) exit 1")).flags == FLAGS
    # another machine, that CC names
    assert find_compiler(f"{script(version, asked='none) ')} -march=x86-64-v3").flags == (*FLAGS, *TUNING[1:])
    if platform.machine() == "x86_64":
        assert gcc.flags == (*FLAGS, *TUNING)
        # training has vectors that a row fills
        assert set(gcc.flags) ^ set(gcc.for_single_rows().flags) == {TUNING[1], "-mprefer-vector-width=256"}
    assert gcc.in_haste().flags == tuple(flag.replace("-O3", "-O1") for flag in gcc.flags)
    assert "-O3" in gcc.flags
    assert (gcc.in_haste().path, gcc.in_haste().identity) == (gcc.path, gcc.identity)


def test_a_library_is_made_once_for_each_text_flags_and_compiler(gcc: Compiler, tmp_path: Path) -> None:
    first = compiled_library("answer.c", ANSWER, gcc, tmp_path)
    made = first.stat().st_mtime_ns
    assert compiled_library("answer.c", ANSWER, gcc, tmp_path) == first
    assert first.stat().st_mtime_ns == made
    others = [
        compiled_library("answer.c", ANSWER | {"answer.c": ANSWER["answer.c"].replace("42", "43")}, gcc, tmp_path),
        compiled_library("answer.c", ANSWER | {"answer.h": "int  answer(void);\n"}, gcc, tmp_path),
        compiled_library("answer.c", ANSWER, replace(gcc, flags=("-O0",)), tmp_path),
        compiled_library("answer.c", ANSWER, replace(gcc, identity="another"), tmp_path),
    ]
    assert len({first, *others}) == 5
    assert sorted(tmp_path.glob("*.so")) == sorted([first, *others])
    assert len(list(tmp_path.iterdir())) == 2 * 5  # a digest beside each, and nothing else


def test_what_the_compiler_refuses_is_shown_and_a_folder_that_cannot_be_written_named(
    gcc: Compiler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for compile_it in (lambda *args: compiled_library(*args, tmp_path), check_syntax):
        with pytest.raises(BuildError, match=r"(?s)cannot compile answer\.c: .*error"):
            compile_it("answer.c", ANSWER | {"answer.c": "int answer(void) { return nothing; }\n"}, gcc)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(BuildError, match=r"missing cannot be written: .*; set SYMGRAPH_CACHE to another"):
        compiled_library("answer.c", ANSWER, gcc, tmp_path / "missing")
    (tmp_path / "file").touch()
    monkeypatch.setenv("SYMGRAPH_CACHE", str(tmp_path / "file"))
    said = r"no folder of your own to keep compiled code in: .*cannot be made: Not a dir.*; set SYMGRAPH_CACHE"
    with pytest.raises(BuildError, match=said):
        compiled_library("answer.c", ANSWER, gcc)


def test_a_library_that_is_deleted_before_it_is_loaded_is_made_again(gcc: Compiler, tmp_path: Path) -> None:
    found = []

    def load(path: Path) -> bool:
        found.append(path)
        if len(found) == 1:
            path.unlink()
            raise ImportError
        return path.is_file()

    assert from_library(load, "answer.c", ANSWER, gcc, tmp_path)
    assert found == 2 * found[:1]


def test_threads_that_compile_the_same_text_get_the_same_whole_library(gcc: Compiler, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: compiled_library("answer.c", ANSWER, gcc, tmp_path), range(4)))
    assert len(set(made)) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [made[0].name, f"{made[0].name}.sha256"]


def spoilt(library: Path) -> Mapping[str, Callable[[], object]]:
    """Ways in which a library of the cache may have come to harm."""
    digest = library.with_name(f"{library.name}.sha256")
    return {
        "cut off": lambda: os.truncate(library, 4096),
        "empty": lambda: os.truncate(library, 0),
        "writable by others": lambda: library.chmod(0o777),
        "a link": lambda: (library.rename(library.with_name("elsewhere")), library.symlink_to("elsewhere")),
        "without its digest": digest.unlink,
        "with another's digest": lambda: digest.write_text("0" * 64, encoding="ascii"),
        "deleted": library.unlink,
    }


def test_a_library_that_is_not_as_it_was_made_is_made_anew(gcc: Compiler, tmp_path: Path) -> None:
    library = compiled_library("answer.c", ANSWER, gcc, tmp_path)
    before = library.read_bytes()
    for harm, inflict in spoilt(library).items():
        inflict()
        assert compiled_library("answer.c", ANSWER, gcc, tmp_path) == library
        assert library.read_bytes() == before, harm
        assert (library.stat().st_mode & 0o777, library.is_symlink()) == (0o700, False), harm


def test_the_libraries_made_first_are_deleted_when_all_take_too_much(
    gcc: Compiler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYMGRAPH_CACHE", str(tmp_path / "cache"))

    def made(number: int) -> Path:
        library = compiled_library("answer.c", ANSWER | {"answer.c": ANSWER["answer.c"].replace("42", str(number))}, gcc)
        os.utime(library, (number, number))
        return library

    size = made(1).stat().st_size
    monkeypatch.setattr(cache, "MOST_BYTES", 3 * size + size // 2)
    kept = [made(number) for number in range(2, 6)][1:]
    (tmp_path / "cache/c/mine.so").write_bytes(bytes(4 * size))  # is none of ours
    kept = [*kept[1:], made(6)]
    (tmp_path / "cache/c/mine.so").unlink()
    assert sorted(kept[0].parent.iterdir()) == sorted([*kept, *(path.with_name(f"{path.name}.sha256") for path in kept)])


def test_processor_time_counts_and_not_the_clock(tmp_path: Path, script: Script) -> None:
    """The limit is 1 s of work, the least that systems know; a program that waits 1.1 s, which the test takes, is not ended.

    One that works for longer is among the compilers that fail in test_native_loading.py.
    """
    waits = find_compiler(script(f'sleep 1.1; exec {program_of("gcc")} "$@"'))
    assert compiled_library("answer.c", ANSWER, waits.within(1.0), tmp_path).is_file()


def test_a_text_is_read_without_compiling_it(gcc: Compiler, script: Script) -> None:
    check_syntax("answer.c", ANSWER, gcc)
    assert (compiles(gcc), compiles(find_compiler(script("exit 1")))) == (True, False)


def test_a_compiler_that_takes_too_long_is_ended_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: Script) -> None:
    monkeypatch.setattr(
        "symgraph.project.native.compiler.PATIENCE", 0.5
    )  # so that one that waits is ended after 0.5 s by the clock
    pid = tmp_path / "pid"
    waits = find_compiler(script(f"sleep 60 &\necho $! > {pid}\nwait"))
    with pytest.raises(BuildError, match=r"cc0 has not compiled the file after 0\.5 s"):
        compiled_library("answer.c", ANSWER, waits.within(1.0), tmp_path)
    started = Path("/proc") / pid.read_text(encoding="ascii").strip() / "stat"
    if started.parent.parent.is_dir():
        state = "R"
        for _ in range(600):  # a killed process ends when it next has a turn, which a loaded machine may put off
            state = started.read_text(encoding="ascii").split()[2] if started.exists() else "Z"
            if state == "Z":  # ended, not yet reaped
                break
            time.sleep(0.05)
        assert state == "Z"
    assert not list(tmp_path.glob("*.so"))
