"""NPY files: shapes, dtypes and headers that are right, odd, lie, or try to run code."""

import io
import math
import random
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from cases import PAYLOAD, Case
from files_checks import PREDICT, Rows, as_by, is_predicted, is_read, is_refused, read_or_refused, reading, written
from files_mutations import BINARY, mutated

ROWS: Rows = [(i / 4, 2 * 0.7 ** (i / 4)) for i in range(12)]
TABLE = np.array(ROWS)
WHOLE: Rows = [(0.0, 1.0), (2.0, 3.0)]
INTEGERS = np.array(WHOLE)
PADDED = np.dtype([("t", "f8"), ("b", "?"), ("y", "f8")], align=True)[["t", "y"]]
DESCR = "{'descr': '<f8', 'fortran_order': False, 'shape': (12, 2), }"


def npy(header: str | bytes, data: bytes = TABLE.tobytes(), version: int = 1, length: int | None = None) -> bytes:
    """Return a file with any header, in latin-1 or bytes, whose length may be another one than it says."""
    text = header.encode("latin-1") if isinstance(header, str) else header
    form = "<H" if version == 1 else "<I"
    text += b" " * (-(10 + struct.calcsize(form) - 2 + len(text) + 1) % 64) + b"\n"
    said = struct.pack(form, (len(text) if length is None else length) % 256 ** struct.calcsize(form))
    return b"\x93NUMPY" + bytes([version, 0]) + said + text + data


def saved(array: np.ndarray, **how: object) -> bytes:
    """Return what numpy.save writes."""
    file = io.BytesIO()
    np.lib.format.write_array(file, array, **how)  # type: ignore[arg-type]
    return file.getvalue()


def _named(**types: str) -> np.ndarray:
    found = np.zeros(12, dtype=list(types.items()))
    found["t"], found["y"] = TABLE.T
    return found


def _right() -> dict[str, tuple[bytes, Rows]]:
    wide = np.zeros((12, 4))
    wide[:, ::2] = TABLE
    return {
        "numpy.save": (saved(TABLE), ROWS),
        "by columns": (saved(np.asfortranarray(TABLE)), ROWS),
        "big end first": (saved(TABLE.astype(">f8")), ROWS),
        "a part of another array": (saved(wide[:, ::2]), ROWS),
        "float32": (saved(INTEGERS.astype("<f4")), WHOLE),
        "integers": (saved(INTEGERS.astype("<i4")), WHOLE),
        "short integers": (saved(INTEGERS.astype("u1")), WHOLE),
        "one row": (saved(TABLE[3:4]), ROWS[3:4]),
        "version 2": (saved(TABLE, version=(2, 0)), ROWS),
        "version 3": (saved(TABLE, version=(3, 0)), ROWS),
        "columns with names": (saved(_named(t="<f8", y="<f8")), ROWS),
        "names in another order, with others": (saved(_named(y="<f8", note="<U7", größe="<i2", t=">f8")), ROWS),
        "names with padding": (saved(np.array(ROWS, dtype=PADDED)), ROWS),
        "a header in another order": (npy("{'shape': (12, 2), 'fortran_order': False, 'descr': '<f8'}"), ROWS),
        "a header with double quotes": (npy('{"descr": "<f8", "fortran_order": False, "shape": (12, 2)}'), ROWS),
    }


def _unusual() -> dict[str, tuple[bytes, Rows]]:
    """What may be read, and must then be read right."""
    return {
        "half precision": (saved(INTEGERS.astype("<f2")), WHOLE),
        "long doubles": (saved(INTEGERS.astype(np.longdouble)), WHOLE),
        "truths": (saved(np.array([[0, 1], [1, 1]], dtype=bool)), [(0.0, 1.0), (1.0, 1.0)]),
        "integers beyond 2^53": (saved(np.array([[2**53 + 1, 1]])), [(float(2**53), 1.0)]),
        "the largest unsigned": (saved(np.array([[2**64 - 1, 1]], dtype="u8")), [(2.0**64, 1.0)]),
        "noise behind the data": (saved(TABLE) + b"noise", ROWS),
        "two arrays": (saved(TABLE) + saved(TABLE), ROWS),
        "a key twice": (npy("{'descr': '<f8', 'fortran_order': False, 'shape': (7, 9), 'shape': (12, 2)}"), ROWS),
        "order as a number": (npy("{'descr': '<f8', 'fortran_order': 0, 'shape': (12, 2)}"), ROWS),
        "a list for the shape": (npy("{'descr': '<f8', 'fortran_order': False, 'shape': [12, 2]}"), ROWS),
        "long integers of Python 2": (npy("{'descr': '<f8', 'fortran_order': False, 'shape': (12L, 2L)}"), ROWS),
        "another dtype's name": (npy(DESCR.replace("<f8", "float64")), ROWS),
        "version 1.1": (npy(DESCR)[:7] + b"\x01" + npy(DESCR)[8:], ROWS),
    }


def _with(old: str, new: str) -> bytes:
    assert old in DESCR
    return npy(DESCR.replace(old, new))


SHAPES = (
    "(1000000000, 2)",
    "(10**9, 2)",
    "(4611686018427387904, 4)",
    "(9223372036854775807, 2)",
    "(18446744073709551616, 2)",
    "(12, 1e0)",
    "(-12, 2)",
    "(-1, 2)",
    "(12, -2)",
    "(0, 2)",
    "(0, 9223372036854775807)",
    "(12, 0)",
    "(13, 2)",
    "(12, 3)",
    "(24,)",
    "()",
    "12",
    "(12.0, 2)",
    "(True, 2)",
    "('12', 2)",
    "((12,), 2)",
    "None",
    "(12, 2, 1)",
    "(1,)*65",
    "(" + "1," * 70 + ")",
    "(" + "9" * 5000 + ", 2)",
    "(12, 2) + (0,)",
    "(0x0C, 2, 0)",
    "{12: 2}",
)
DTYPES = (
    "'|O'",
    "'O'",
    "'<c16'",
    "'<M8[s]'",
    "'<m8[ns]'",
    "'<U4'",
    "'|S8'",
    "'|V8'",
    "'<f16'",
    "'<f3'",
    "'<f99999999'",
    "'<U536870912'",
    "''",
    "None",
    "8",
    "'<f8,<f8'",
    "'(1000000,)<f8'",
    "('<f8', (2, 6))",
    "('<f8', (1000000000,))",
    "[('t', '<f8'), ('t', '<f8')]",
    "[('t', '|O'), ('y', '<f8')]",
    "[('t', '<f8', (1000000,)), ('y', '<f8')]",
    "[('', '<f8'), ('y', '<f8')]",
    "[('t\\x1b[31m', '<f8'), ('y', '<f8')]",
    "[(('t', 't'), '<f8'), ('y', '<f8')]",
    "[]",
    "[('t', [('t', '<f8')]), ('y', '<f8')]",
    "{'names': ['t', 'y'], 'formats': ['<f8', '<f8'], 'offsets': [0, 1000000]}",
    "{'names': ['t', 'y'], 'formats': ['<f8', '<f8'], 'offsets': [-8, 0]}",
    "{'names': ['t', 'y'], 'formats': ['|O', '<f8'], 'offsets': [0, 0]}",
    "'<f8\\x00'",
    "'" + "f" * 9000 + "'",
    "'\\x1b[31m'",
    "'numpy.object_'",
    "'i8; import os'",
    "[" + "('a', [" * 60 + "('b', '<f8')" + "])" * 60 + "]",
)
CODE = (
    PAYLOAD,
    f"exec({PAYLOAD!r})",
    f"__import__('builtins').exec({PAYLOAD!r})",
    f"{{'descr': {PAYLOAD}, 'fortran_order': False, 'shape': (12, 2)}}",
    f"{{'descr': '<f8', 'fortran_order': False, 'shape': (12, 2), {PAYLOAD}: 1}}",
    f"[{PAYLOAD} for _ in (1,)]",
    f"(lambda: {PAYLOAD})()",
)


def _headers() -> dict[str, bytes]:
    """Headers that cannot be right."""
    return {
        "nothing": b"",
        "only its first bytes": b"\x93NUM",
        "no header": b"\x93NUMPY\x01\x00",
        "an empty header": npy("", length=0),
        "blanks": npy(" " * 100),
        "no braces": npy("12, 2"),
        "a list": npy("[1, 2]"),
        "a string": npy("'<f8'"),
        "an empty dict": npy("{}"),
        "no shape": npy("{'descr': '<f8', 'fortran_order': False}"),
        "no dtype": npy("{'fortran_order': False, 'shape': (12, 2)}"),
        "one key more": _with("'shape'", "'other': 1, 'shape'"),
        "order as text": _with("False", "'False'"),
        "order as None": _with("False", "None"),
        "no end": npy(DESCR[:40]),
        "an f-string": _with("'<f8'", "f'<f8'"),
        "NUL": npy("\x00" * 100),
        "not latin-1 in version 3": npy(b"\xff\xfe{}", version=3),
        "longer than the file": npy(DESCR, length=60_000),
        "4 GiB long": npy(DESCR, version=2, length=2**32 - 1),
        "shorter than it is": npy(DESCR, length=20),
        "of 20 MB": npy("{'descr': '<f8'," + " " * 20_000_000 + "}", version=2),
        "5,000 brackets": npy("(" * 5_000, version=2),
        "9,000 closed brackets": npy("(" * 9_000 + ")" * 9_000, version=2),
        "100,000 brackets": npy("[" * 100_000, version=2),
        "100,000 minus signs": npy("-" * 100_000 + "1", version=2),
        "100,000 sums": npy("1" + "+1" * 100_000, version=2),
        "60,000 keys": npy("{" + ",".join(f"'{i}': 0" for i in range(60_000)) + "}", version=2),
        "a number of 100,000 digits": npy("{'shape': (" + "9" * 100_000 + ",)}", version=2),
        "version 0": npy(DESCR, version=1)[:6] + b"\x00" + npy(DESCR)[7:],
        "version 9": npy(DESCR, version=9),
        "version 255": npy(DESCR)[:6] + b"\xff\xff" + npy(DESCR)[8:],
        "ESC in keys": npy("{'\x1b[31m': 1, 'descr': '<f8', 'fortran_order': False, 'shape': (12, 2)}"),
        "line ends": npy("\n\n\r\n{\n"),
        "no data": npy(DESCR, b""),
        "one byte too few": npy(DESCR, TABLE.tobytes()[:-1]),
        "a zip": b"PK\x03\x04" + b"\x00" * 100,
        "text": b"t,y\n0,1\n",
        "a pickle": b"\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00K\x01.",
        "HDF5": b"\x89HDF\r\n\x1a\n" + b"\x00" * 100,
    }


def cases(rng: random.Random) -> Iterator[Case]:
    """Cases of NPY files, by the interface and by the command line."""
    for name, (content, rows) in _right().items():
        yield Case(f"npy: {name}", call=reading("a.npy"), prepare=written({"a.npy": content}), codes=(0,), check=is_read(rows))
    for name in ("by columns", "big end first", "names in another order, with others"):
        content, rows = _right()[name]
        given = {"project": True, "codes": (0,), "check": is_predicted(rows)}
        yield Case(f"npy: {name}, predict", (*PREDICT, "a.npy"), prepare=written({"a.npy": content}), **given)
        yield Case(f"npy: {name}, stdin", (*PREDICT, "-"), stdin=content, **given)
    for name, (content, rows) in _unusual().items():
        yield Case(
            f"npy: {name}", call=reading("a.npy"), prepare=written({"a.npy": content}), check=read_or_refused(rows, "a.npy")
        )
    wrong = {f"shape {i} {shape[:24]}": _with("(12, 2)", shape) for i, shape in enumerate(SHAPES)}
    wrong |= {
        f"dtype {i} {dtype[:24]}".encode("ascii", "replace").decode(): _with("'<f8'", dtype) for i, dtype in enumerate(DTYPES)
    }
    wrong |= {f"header, {name}": content for name, content in _headers().items()}
    wrong |= {f"code {i}": npy(code) for i, code in enumerate(CODE)}
    for name, content in wrong.items():
        yield Case(
            f"npy: {name}", call=reading("a.npy"), prepare=written({"a.npy": content}), check=is_refused("a.npy"), seconds=5
        )
    for i, (name, content) in enumerate(wrong.items()):
        if i % 9 == 0:
            given = {"project": True, "prepare": written({"a.npy": content}), "check": is_refused("a.npy"), "seconds": 5}
            yield Case(f"npy: {name}, fit", ("fit", "decay", "--data", "a.npy"), **given)
    for name, value in (("nan", math.nan), ("inf", math.inf), ("-inf", -math.inf)):
        array = TABLE.copy()
        array[5, 1] = value
        check = is_refused("a.npy", "row 5", "y")
        yield Case(f"npy: {name} in row 5", call=reading("a.npy"), prepare=written({"a.npy": saved(array)}), check=check)
    large = saved(np.array([[1e4000, 1]], dtype=np.longdouble) if np.finfo(np.longdouble).max > 1e308 else TABLE[:0])
    yield Case("npy: beyond doubles", call=reading("a.npy"), prepare=written({"a.npy": large}), check=is_refused("a.npy"))
    objects = saved(np.array([[_Runs(), 1.0]], dtype=object), allow_pickle=True)
    yield Case(
        "npy: objects that run code", call=reading("a.npy"), prepare=written({"a.npy": objects}), check=is_refused("a.npy")
    )
    for name, content in mutated(saved(TABLE), rng, 33, BINARY):
        given = {"prepare": written({"a.npy": content}), "codes": (0, 2), "check": as_by(_loaded, "a.npy")}
        yield Case(f"npy: {name}", call=reading("a.npy"), **given)
    for name, content in mutated(saved(_named(y="<f8", note="<U7", t=">f8"))[:160] + bytes(440), rng, 22, BINARY):
        given = {"prepare": written({"a.npy": content}), "codes": (0, 2), "check": as_by(_loaded, "a.npy")}
        yield Case(f"npy: with names, {name}", call=reading("a.npy"), **given)


def _loaded(folder: Path) -> Rows:
    """Read a file by NumPy."""
    found = np.load(folder / "a.npy", allow_pickle=False)
    if found.dtype.names is not None:
        return list(zip(found["t"].astype(float), found["y"].astype(float), strict=True))
    assert found.ndim == 2
    assert found.shape[1] == 2
    return [(float(t), float(y)) for t, y in found]


class _Runs:
    """An object whose pickle runs code when it is loaded."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, (PAYLOAD,)
