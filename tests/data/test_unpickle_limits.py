"""symgraph.data.unpickle: whatever a file says, reading it takes steps and memory in proportion to its size."""

import io
import pickle
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symgraph.data.unpickle import load_arrays
from symgraph.errors import DataError

# Tuples within one another: to hash, compare or print them is to visit each of 2**60 leaves, or to go down 200,000 levels.
SHARED = b")" + b"q\x00h\x00\x86" * 60
DEEP = b")" + b"\x85" * 200_000
DTYPE, NDARRAY = b"cnumpy\ndtype\n", b"cnumpy\nndarray\n"
RECONSTRUCT = b"cnumpy._core.multiarray\n_reconstruct\n" + NDARRAY + b"K\x00\x85C\x01b\x87R"
FLOATS = DTYPE + b"X\x02\x00\x00\x00f8\x89\x88\x87R(K\x03X\x01\x00\x00\x00<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
FROM_BUFFER = b"cnumpy._core.numeric\n_frombuffer\n"
BOMBS = {
    "a memo of half a billion places": b"\x80\x04Nr\xff\xff\xff\x1f.",
    "a memo of a decimal place": b"Np" + b"9" * 4000 + b"\n.",
    "lists in lists": b"]" * 100_000 + b"a" * 99_999 + b".",
    "tuples as a key": b"}" + DEEP + b"Ns.",
    "shared tuples as a key": b"}" + SHARED + b"Ns.",
    "shared tuples": SHARED + b".",
    "shared tuples as a dtype": DTYPE + SHARED + b"\x89\x88\x87R.",
    "shared tuples as a function": SHARED + b")R.",
    "shared tuples as a state": RECONSTRUCT + SHARED + b"b.",
    "shared tuples as a shape": RECONSTRUCT + b"(K\x01" + SHARED + FLOATS + b"\x89C\x00tb.",
    "shared tuples as axes": FROM_BUFFER + b"(C\x00" + FLOATS + b")X\x01\x00\x00\x00K" + SHARED + SHARED + b"\x86tR.",
    "shared tuples as a name": SHARED + SHARED + b"\x93.",
    "a shape of a hundred thousand axes": RECONSTRUCT + b"(K\x01(" + b"M\xff\xff" * 100_000 + b"t" + FLOATS + b"\x89C\x00tb.",
    "a shape beyond all memory": RECONSTRUCT + b"(K\x01\x8a\x08" + b"\xff" * 7 + b"\x0f\x85" + FLOATS + b"\x89C\x00tb.",
    "bytes beyond the file": b"\x8e" + b"\xff" * 7 + b"\x0f.",
    "text beyond the file": b"X\xff\xff\xff\x7f.",
    "a number of a megabyte": b"\x8b" + (10**6).to_bytes(4, "little") + b"\x7f" * 10**6 + b".",
    "a decimal number of a megabyte": b"I" + b"7" * 10**6 + b"\n.",
    "a text encoded again and again": b"Vlatin1\nq\x02V" + b"a" * 10**6 + b"\nq\x00c_codecs\nencode\nq\x01]("
    + b"h\x01h\x00h\x02\x86R" * 100_000 + b"e.",
    "an array again and again": b"](" + FROM_BUFFER + b"(B" + (8 * 10**5).to_bytes(4, "little") + b"\0" * 8 * 10**5 + FLOATS
    + b"\x8a\x03\xa0\x86\x01\x85X\x01\x00\x00\x00CtRq\x00" + b"h\x00" * 100_000 + b"e.",
    "a list that holds itself": b"]q\x00(" + b"h\x00" * 1000 + b"e.",
}  # fmt: skip

LIMITED = """
import resource, sys
from pathlib import Path
from symgraph.data.unpickle import load_arrays
from symgraph.errors import DataError
pages = int(Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + (256 << 20)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))  # ends what would run for ever
for name in sys.argv[1:]:
    print(name, end=": ", flush=True)
    try:
        print("read", type(load_arrays(Path(name))).__name__)
    except DataError as error:
        print("DataError", error)
"""
LARGE = {name for name, content in BOMBS.items() if len(content) > 10**5}
"""Those that take a while."""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the size of the process from /proc")
@pytest.mark.parametrize("names", [BOMBS.keys() - LARGE, LARGE], ids=["small files", "large files"])
def test_a_small_file_that_asks_for_the_world_is_refused_in_a_small_process(tmp_path: Path, names: set[str]) -> None:
    for name in names:
        (tmp_path / name).write_bytes(BOMBS[name])
    done = subprocess.run([sys.executable, "-c", LIMITED, *names], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    said = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert said.keys() == names
    # a place in the memo, however large its number, is no more than a name
    wrong = {name for name in names if not said[name].startswith("read NoneType" if name.startswith("a memo") else "DataError")}
    assert wrong == set()
    assert "MemoryError" not in done.stdout


def _outcome(path: Path, content: bytes) -> Any:
    """Object that is read of a file; None if it is refused."""
    path.write_bytes(content)
    try:
        return load_arrays(path)
    except DataError:
        return None


def _calls(work: Callable[[], object]) -> int:
    """Calls of functions, Python's and C's, that some work makes."""
    events: list[str] = []
    sys.setprofile(lambda _frame, event, _argument: events.append(event))
    try:
        work()
    finally:
        sys.setprofile(None)
    return events.count("call") + events.count("c_call")


class _Standard(pickle._Unpickler):  # in Python, whose memo is a dict
    """Python's own unpickler, for files that symgraph has accepted: names of NumPy alone."""

    def find_class(self, module: str, name: str) -> Any:
        assert (module.partition(".")[0], name) in {("numpy", name), ("_codecs", "encode"), ("builtins", "bytes")}
        return super().find_class(module, name)


def _same(ours: Any, standard: Any) -> bool:
    if isinstance(ours, np.ndarray):
        # NumPy's own reading changes the order of bytes to the machine's, except where it takes a buffer as it is
        ours, theirs = (array.astype(array.dtype.newbyteorder("=")) for array in (ours, np.asarray(standard)))
        return (ours.shape, ours.dtype, ours.tobytes()) == (theirs.shape, theirs.dtype, theirs.tobytes())
    if isinstance(ours, list | tuple):
        return len(ours) == len(standard) and all(map(_same, ours, standard))
    if isinstance(ours, dict):
        return list(ours) == list(standard) and all(map(_same, ours.values(), standard.values()))
    return type(ours) is type(standard) and repr(ours) == repr(standard)


VALUES = [
    np.arange(6.0).reshape(2, 3),
    np.asfortranarray(np.arange(6, dtype=">i2").reshape(2, 3)),
    np.arange(8.0, dtype="f4").reshape(2, 2, 2).transpose(1, 0, 2),
    {"a": np.array([True, False]), "b": [1, 2.5, np.float64(3.0)], "note": "text"},
    [[1, -2, 3.5], (2**40, None, True)],
]
PICKLES = [pickle.dumps(value, protocol) for value in VALUES for protocol in range(6)]
# Half of the bytes are opcodes that plain data use, so that mutants get far.
BYTES = st.integers(0, 255) | st.sampled_from(list(b"()]}tldaesuNRb\x85\x86\x87\x88\x89\x93\x94hpqgrjIJKMFGVXBCc."))
EDITS = st.lists(st.tuples(st.sampled_from(["put", "insert", "delete", "copy"]), st.integers(0, 10**6), BYTES), max_size=6)


def _edited(content: bytes, edits: list[tuple[str, int, int]]) -> bytes:
    data = bytearray(content)
    for kind, place, byte in edits:
        at = place % (len(data) + 1)
        taken = b"" if kind == "insert" else data[at : at + (byte % 20 if kind == "copy" else 1)]
        data[at : at + len(taken)] = {"delete": b"", "copy": 2 * taken}.get(kind, bytes([byte]))
    return bytes(data)


@settings(max_examples=200)
@given(st.sampled_from(PICKLES), EDITS)
def test_a_damaged_pickle_is_refused_or_holds_what_python_reads_from_it(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, edits: list[tuple[str, int, int]]
) -> None:
    path, damaged = tmp_path_factory.getbasetemp() / "damaged.pkl", _edited(content, edits)
    ours = _outcome(path, damaged)
    if ours is not None:
        try:
            standard = _Standard(io.BytesIO(damaged)).load()
        except (pickle.UnpicklingError, ValueError, EOFError):  # a frame or a protocol that is not what it says
            return
        assert _same(ours, standard)


@pytest.mark.parametrize("content", PICKLES[::5])
def test_a_pickle_cut_short_anywhere_is_refused(tmp_path: Path, content: bytes) -> None:
    assert all(_outcome(tmp_path / "cut.pkl", content[:end]) is None for end in range(len(content)))
    assert _outcome(tmp_path / "whole.pkl", content) is not None


PIECES = [
    *(bytes([byte]) for byte in b"N()]}tldaesubR\x85\x86\x87\x88\x93\x94"),
    *(b"K\x07", b"J\xff\xff\xff\xff", b"\x8a\x01\x03", b"F1.5\n", b"X\x02\x00\x00\x00f8", b"C\x01b", b"C\x00"),
    *(b"Vlatin1\n", b"Va\n", b"q\x00", b"h\x00", b"q\x01", b"h\x01", DTYPE, NDARRAY, RECONSTRUCT, FLOATS, FROM_BUFFER),
    *(b"c_codecs\nencode\n", b"cbuiltins\nbytes\n"),
]


@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(PIECES), st.integers(1, 40)), max_size=30))
def test_any_program_takes_steps_and_memory_in_proportion_to_its_size(
    tmp_path_factory: pytest.TempPathFactory, program: list[tuple[bytes, int]]
) -> None:
    path, content = tmp_path_factory.getbasetemp() / "program.pkl", b"".join(piece * times for piece, times in program) + b"."
    steps = _calls(lambda: _outcome(path, content))
    assert steps <= 500 + 30 * len(content)  # opening a file takes some 200 calls, an opcode at most 20
    tracemalloc.start()
    _outcome(path, content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 100_000 + 500 * len(content)  # an empty container of a byte takes 64 bytes, its place in a memo 100


@pytest.mark.filterwarnings("error")
def test_an_unknown_escape_in_a_name_is_refused_where_warnings_are_errors(tmp_path: Path) -> None:
    assert _outcome(tmp_path / "escape.pkl", b"cnumpy\\u0000\nndarray\n.") is None
