"""symgraph.io.compiler: which compiler is found, what a library's name depends on, what is said where there is none."""

import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from c_code import compiler as program_of

from symgraph.errors import BuildError, CompileTimeError
from symgraph.io import cache
from symgraph.io.compiler import FLAGS, NATIVE, Compiler, check_syntax, compiled_library, compiles, find_compiler

ANSWER = {"answer.c": '#include "answer.h"\nint answer(void)\n{\n    return 42;\n}\n', "answer.h": "int answer(void);\n"}


@pytest.fixture
def gcc() -> Compiler:
    return find_compiler(program_of("gcc"))


def test_the_given_compiler_is_taken_else_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    gcc, clang = program_of("gcc"), program_of("clang")
    monkeypatch.setenv("CC", clang)
    assert find_compiler(gcc).path == gcc
    assert find_compiler().path == clang
    assert find_compiler(gcc).identity != find_compiler(clang).identity


def test_a_message_says_what_was_looked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "ziglang", None)  # as if it were not installed
    with pytest.raises(
        BuildError, match=r"no C compiler: none of cc, gcc, clang is there; install gcc or clang, or the package z"
    ):
        find_compiler()
    with pytest.raises(BuildError, match="no C compiler: 'tcc' is not there"):
        find_compiler("tcc")


def test_the_package_ziglang_is_taken_where_there_is_no_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "ziglang").mkdir()
    (tmp_path / "ziglang" / "__init__.py").write_text("", encoding="utf-8")
    (tmp_path / "ziglang" / "__main__.py").write_text('print("#define VERSION 1")\n', encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    assert find_compiler().command[0] != sys.executable or not any(map(shutil.which, ("cc", "gcc", "clang")))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_compiler().command == (sys.executable, "-m", "ziglang", "cc")


def test_a_program_that_is_no_compiler_is_refused(tmp_path: Path) -> None:
    script = tmp_path / "cc"
    script.write_text("#!/bin/sh\necho this is no compiler >&2\nexit 1\n", encoding="utf-8")
    script.chmod(0o755)
    with pytest.raises(BuildError, match="does not compile C as gcc and clang do: this is no compiler"):
        find_compiler(str(script))


def test_flags_of_this_machine_are_left_out_where_the_compiler_does_not_know_them(tmp_path: Path) -> None:
    script = tmp_path / "cc"
    script.write_text('#!/bin/sh\ncase "$*" in *-march=native*) exit 1;; esac\necho "#define VERSION 1"\n', encoding="utf-8")
    script.chmod(0o755)
    assert find_compiler(str(script)).flags == FLAGS


def test_a_machine_that_cc_names_is_compiled_for(tmp_path: Path) -> None:
    script = tmp_path / "cc"
    script.write_text('#!/bin/sh\necho "#define VERSION 1"\n', encoding="utf-8")
    script.chmod(0o755)
    assert find_compiler(f"{script} -march=x86-64-v3").flags == (*FLAGS, *NATIVE[1:])


def test_vectors_are_as_wide_as_the_machine_has_them(gcc: Compiler, tmp_path: Path) -> None:
    script = tmp_path / "old"
    script.write_text('#!/bin/sh\ncase "$*" in *-mprefer*) exit 1;; esac\necho "#define VERSION 1"\n', encoding="utf-8")
    script.chmod(0o755)
    assert find_compiler(str(script)).flags == (*FLAGS, NATIVE[0])
    if platform.machine() == "x86_64":
        assert gcc.flags == (*FLAGS, *NATIVE)


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


def test_what_the_compiler_refuses_is_shown_and_leaves_nothing(gcc: Compiler, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"cannot compile answer\.c: (.|\n)*error"):
        compiled_library("answer.c", ANSWER | {"answer.c": "int answer(void) { return }\n"}, gcc, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(gcc: Compiler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BuildError, match=r"missing cannot be written: .*; set SYMGRAPH_CACHE to another"):
        compiled_library("answer.c", ANSWER, gcc, tmp_path / "missing")
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("SYMGRAPH_CACHE", str(tmp_path / "file"))
    with pytest.raises(
        BuildError, match=r"no folder of your own to keep compiled code in: .*cannot be made: Not a dir.*; set SYMGRAPH_CACHE"
    ):
        compiled_library("answer.c", ANSWER, gcc)


def test_threads_that_compile_the_same_text_get_the_same_whole_library(gcc: Compiler, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: compiled_library("answer.c", ANSWER, gcc, tmp_path), range(4)))
    assert len(set(made)) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [made[0].name, f"{made[0].name}.sha256"]


def test_code_compiled_in_haste_is_no_other_code(gcc: Compiler) -> None:
    assert gcc.in_haste().flags == tuple(flag.replace("-O3", "-O1") for flag in gcc.flags)
    assert "-O3" in gcc.flags
    assert (gcc.in_haste().path, gcc.in_haste().identity) == (gcc.path, gcc.identity)


def test_training_is_compiled_with_vectors_that_a_row_fills(gcc: Compiler) -> None:
    assert "-mprefer-vector-width=512" in gcc.flags
    assert set(gcc.flags) ^ set(gcc.for_single_rows().flags) == {"-mprefer-vector-width=512", "-mprefer-vector-width=256"}


def answer(path: Path) -> int:
    """Result of the function of a library, in a process of its own."""
    script = f"import ctypes; print(ctypes.CDLL({str(path)!r}).answer())"
    return int(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout)


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


@pytest.mark.parametrize("harm", spoilt(Path("none")))
def test_a_library_that_is_not_as_it_was_made_is_made_anew(gcc: Compiler, tmp_path: Path, harm: str) -> None:
    library = compiled_library("answer.c", ANSWER, gcc, tmp_path)
    before = library.read_bytes()
    spoilt(library)[harm]()
    assert compiled_library("answer.c", ANSWER, gcc, tmp_path) == library
    assert library.read_bytes() == before
    assert (library.stat().st_mode & 0o777, library.is_symlink()) == (0o700, False)
    assert answer(library) == 42


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
    assert sorted(kept[0].parent.iterdir()) == sorted([*kept, *(path.with_name(f"{path.name}.sha256") for path in kept)])


def test_processor_time_counts_and_not_the_clock(tmp_path: Path) -> None:
    """The limit is 1 s of work, the least that systems know; a program that waits 1.5 s, which the test takes, is not ended."""
    waits, works = tmp_path / "waits", tmp_path / "works"
    for script, text in ((waits, f'sleep 1.5; exec {program_of("gcc")} "$@"'), (works, "while :; do :; done")):
        script.write_text(f'#!/bin/sh\ncase "$*" in *-dM*) exit 0;; esac\n{text}\n', encoding="utf-8")
        script.chmod(0o755)
    assert compiled_library("answer.c", ANSWER, find_compiler(str(waits)).within(1.0), tmp_path).is_file()
    with pytest.raises(CompileTimeError, match=r"works takes longer than 0\.5 s of processor time to compile the file"):
        compiled_library("answer.c", ANSWER, find_compiler(str(works)).within(0.5), tmp_path)


def test_a_text_is_read_without_compiling_it(tmp_path: Path, gcc: Compiler) -> None:
    check_syntax("answer.c", ANSWER, gcc)
    with pytest.raises(BuildError, match=r"(?s)cannot compile answer\.c: .*error"):
        check_syntax("answer.c", {**ANSWER, "answer.c": "int answer(void) { return nothing; }\n"}, gcc)
    assert compiles(gcc)
    broken = tmp_path / "cc"
    broken.write_text('#!/bin/sh\ncase "$*" in *-dM*) exit 0;; esac\nexit 1\n', encoding="utf-8")
    broken.chmod(0o755)
    assert not compiles(find_compiler(str(broken)))


def test_a_compiler_that_takes_too_long_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("symgraph.io.compiler.PATIENCE", 1.0)  # so that one that waits is ended after 1 s by the clock
    script, pid = tmp_path / "cc", tmp_path / "pid"
    script.write_text(f'#!/bin/sh\ncase "$*" in *-dM*) exit 0;; esac\nsleep 60 &\necho $! > {pid}\nwait\n', encoding="utf-8")
    script.chmod(0o755)
    with pytest.raises(BuildError, match=r"cc has not compiled the file after 1 s"):
        compiled_library("answer.c", ANSWER, find_compiler(str(script)).within(1.0), tmp_path)
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


def test_the_environment_may_give_a_compiler_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    gcc = program_of("gcc")
    monkeypatch.setenv("CC", f"{gcc} -DANSWER=42")
    assert find_compiler().command == (gcc, "-DANSWER=42")
