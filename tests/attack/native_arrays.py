"""Ways in which one array can come: of every layout, kind and container, and with every value and shape."""

import array
import ctypes
import decimal
import fractions
import mmap
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

Maker = Callable[[np.ndarray], Any]


def _strided(a: np.ndarray) -> np.ndarray:
    wide = np.full(tuple(2 * n for n in a.shape), 77, a.dtype)
    wide[tuple(slice(None, None, 2) for _ in a.shape)] = a
    return wide[tuple(slice(None, None, 2) for _ in a.shape)]


def _rows_apart(a: np.ndarray) -> np.ndarray:
    wide = np.full((3 * a.shape[0], *a.shape[1:]), 77, a.dtype)
    wide[1::3] = a
    return wide[1::3]


def _columns_of_wider(a: np.ndarray) -> np.ndarray:
    wide = np.full((*a.shape, 3), 77, a.dtype)
    wide[..., 1] = a
    return wide[..., 1]


def _reversed(a: np.ndarray) -> np.ndarray:
    back = tuple(slice(None, None, -1) for _ in a.shape)
    return a[back].copy()[back]


def _unaligned(a: np.ndarray, by: int = 1) -> np.ndarray:
    memory = np.zeros(a.nbytes + 16, np.uint8)
    found = np.frombuffer(memory.data, a.dtype, a.size, by).reshape(a.shape)
    found[...] = a
    return found


def _packed(a: np.ndarray) -> np.ndarray:
    """The field of a structure without gaps, so that neither the first number nor any other need be aligned."""
    rows = np.zeros(a.shape, np.dtype([("flag", "i1"), ("number", a.dtype)]))
    rows["number"] = a
    return rows["number"]


def _swapped(a: np.ndarray) -> np.ndarray:
    return a.astype(a.dtype.newbyteorder())


def _read_only(a: np.ndarray) -> np.ndarray:
    found = a.copy()
    found.flags.writeable = False
    return found


def _mapped(a: np.ndarray, mode: str = "r+", offset: int = 0) -> np.ndarray:
    with tempfile.NamedTemporaryFile() as file:
        file.write(bytes(offset) + a.tobytes())
        file.flush()
        return np.memmap(file.name, a.dtype, mode, offset, a.shape)


def _anonymous_map(a: np.ndarray) -> np.ndarray:
    memory = mmap.mmap(-1, a.nbytes)
    memory.write(a.tobytes())
    return np.frombuffer(memory, a.dtype).reshape(a.shape)


class Sub(np.ndarray):
    """A subclass whose arithmetic is wrong, so that results show where it is used."""

    def __array_ufunc__(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("a subclass's arithmetic has been used")


class Quiet(np.ndarray):
    """A subclass that adds nothing."""


class Has:
    """An object with one of NumPy's protocols."""

    def __init__(self, a: np.ndarray) -> None:
        self.a = a


class HasArray(Has):
    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        del dtype, copy
        return self.a


class HasInterface(Has):
    @property
    def __array_interface__(self) -> Any:
        return self.a.__array_interface__


class HasPackage(Has):
    def __dlpack__(self, **words: Any) -> Any:
        return self.a.__dlpack__(**words)

    def __dlpack_device__(self) -> Any:
        return self.a.__dlpack_device__()


class HasStruct(Has):
    @property
    def __array_struct__(self) -> Any:
        return self.a.__array_struct__


class Fails:
    """An object whose protocol raises."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        raise self.error


def _ctypes_array(a: np.ndarray) -> Any:
    kind = ctypes.c_float if a.dtype == np.float32 else ctypes.c_double
    return (kind * a.size)(*a.ravel())


def _api_strict(a: np.ndarray) -> Any:
    import array_api_strict

    return array_api_strict.asarray(a.copy())


def _pandas(a: np.ndarray) -> Any:
    import pandas as pd

    return pd.Series(a) if a.ndim == 1 else pd.DataFrame(a)


def _pandas_odd_index(a: np.ndarray) -> Any:
    import pandas as pd

    index = pd.Index([f"r{i % 3}" for i in range(len(a))])
    return pd.Series(a, index) if a.ndim == 1 else pd.DataFrame(a, index)


def _polars(a: np.ndarray) -> Any:
    import polars as pl

    return pl.Series("s", a) if a.ndim == 1 else pl.DataFrame(a)


def _arrow(a: np.ndarray) -> Any:
    import pyarrow as pa

    return pa.array(a) if a.ndim == 1 else pa.table({str(i): column for i, column in enumerate(a.T)})


def _big_integers(a: np.ndarray) -> Any:
    return [10**400 for _ in a]


def _ragged(a: np.ndarray) -> Any:
    return [[1.0], *([1.0, 2.0] for _ in a[1:])]


def _deep(a: np.ndarray) -> Any:
    found: Any = a.tolist()
    for _ in range(100):
        found = [found]
    return found


def _own(a: np.ndarray) -> Any:
    found: list[Any] = a.tolist()
    found[0] = found
    return found


def _same_row(a: np.ndarray) -> np.ndarray:
    return np.broadcast_to(a[:1], a.shape)


def _windows(a: np.ndarray) -> np.ndarray:
    flat = np.resize(a.ravel(), a.shape[0] + a[0].size)
    return (
        np.lib.stride_tricks.sliding_window_view(flat, a[0].size)[: len(a)].reshape(a.shape) if a.ndim > 1 else flat[: len(a)]
    )


SAME: Mapping[str, Maker] = {
    "C order": np.ascontiguousarray,
    "Fortran order": np.asfortranarray,
    "every second": _strided,
    "rows apart": _rows_apart,
    "columns of a wider array": _columns_of_wider,
    "backwards": _reversed,
    "transposed twice": lambda a: np.ascontiguousarray(a.T).T,
    "unaligned by 1": _unaligned,
    "unaligned by 3": lambda a: _unaligned(a, 3),
    "aligned to 4 only": lambda a: _unaligned(a, 4),
    "aligned to 8 only": lambda a: _unaligned(a, 8),
    "unaligned, every second": lambda a: _unaligned(_strided(a).base.reshape(-1)).reshape(_strided(a).base.shape)[
        tuple(slice(None, None, 2) for _ in a.shape)
    ],
    "unaligned, backwards": lambda a: _unaligned(a[tuple(slice(None, None, -1) for _ in a.shape)].copy())[
        tuple(slice(None, None, -1) for _ in a.shape)
    ],
    "unaligned, Fortran order": lambda a: _unaligned(np.ascontiguousarray(a.T)).T,
    "unaligned, read-only": lambda a: _read_only_view(_unaligned(a)),
    "a packed field": _packed,
    "a packed field, backwards": lambda a: _packed(a[::-1])[::-1],
    "byte-swapped": _swapped,
    "byte-swapped, unaligned": lambda a: _unaligned(_swapped(a)),
    "byte-swapped, Fortran order": lambda a: np.asfortranarray(_swapped(a)),
    "read-only": _read_only,
    "the same row": _same_row,
    "overlapping windows": _windows,
    "one number everywhere": lambda a: np.broadcast_to(a.flat[0], a.shape),
    "memory map": _mapped,
    "memory map, copy on write": lambda a: _mapped(a, "c"),
    "memory map, read-only": lambda a: _mapped(a, "r"),
    "memory map at byte 3": lambda a: _mapped(a, "r", 3),
    "anonymous map": _anonymous_map,
    "bytes below": lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape),
    "subclass": lambda a: a.view(Quiet),
    "masked, no mask": np.ma.masked_array,
    "masked, nothing masked": lambda a: np.ma.masked_array(a, np.zeros(a.shape, bool)),
    "record array": lambda a: a.view(np.recarray),
    "list": lambda a: a.tolist(),
    "tuple": lambda a: tuple(a.tolist()),
    "list of NumPy's numbers": list,
}
"""An array that holds the same numbers as the plain one, or numbers of which the plain one is made: the bits are the same."""


def _read_only_view(a: np.ndarray) -> np.ndarray:
    a.flags.writeable = False
    return a


WHOLE: Mapping[str, Maker] = {
    f"integers {name}": lambda a, name=name: (np.abs(a) + 0.5).astype(name)
    for name in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", ">i4", ">i8")
} | {
    "integers, backwards": lambda a: _reversed(np.rint(a).astype(np.int64)),
    "integers, unaligned": lambda a: _unaligned(np.rint(a).astype(np.int64)),
    "integers beyond 2**53": lambda a: np.rint(a).astype(np.int64) + 2**53 + 1,
    "list of integers": lambda a: np.rint(a).astype(int).tolist(),
}
"""Whole numbers, which count as float64."""

OTHER: Mapping[str, Maker] = {
    "the other of float32 and float64": lambda a: a.astype(np.float32 if a.dtype == np.float64 else np.float64),
    "bool": lambda a: a > 0.5,
    "float16": lambda a: a.astype(np.float16),
    "longdouble": lambda a: a.astype(np.longdouble),
    "longdouble beyond float64": lambda a: a.astype(np.longdouble) * np.longdouble("1e4000"),
    "complex": lambda a: a.astype(np.complex128),
    "complex, imaginary": lambda a: a * 1j,
    "objects": lambda a: a.astype(object),
    "objects, fractions": lambda a: np.array([fractions.Fraction(1, 3)] * a.size, object).reshape(a.shape),
    "objects, decimals": lambda a: [decimal.Decimal("0.5") for _ in a],
    "objects, None": lambda a: np.full(a.shape, None),
    "integers of 400 digits": _big_integers,
    "text": lambda a: a.astype("U32"),
    "bytes as text": lambda a: a.astype("S32"),
    "list of text": lambda a: [str(one) for one in a.ravel()],
    "dates": lambda a: np.rint(a).astype("datetime64[s]"),
    "spans of time": lambda a: np.rint(a).astype("timedelta64[s]"),
    "void": lambda a: a.view(f"V{a.itemsize}"),
    "new strings": lambda a: a.astype("U32").astype(np.dtypes.StringDType()),
    "all masked": lambda a: np.ma.masked_all(a.shape, a.dtype),
    "one masked": lambda a: np.ma.masked_array(a, np.arange(a.size).reshape(a.shape) == a.size - 1),
    "hard mask, NaN below": lambda a: np.ma.masked_invalid(np.where(np.arange(a.size).reshape(a.shape) == 1, np.nan, a)),
    "matrix": np.asmatrix,
    "rude subclass": lambda a: a.view(Sub),
    "pandas": _pandas,
    "pandas, odd index": _pandas_odd_index,
    "Polars": _polars,
    "Arrow": _arrow,
    "array-API array": _api_strict,
    "memoryview": lambda a: memoryview(np.ascontiguousarray(a)),
    "array.array": lambda a: array.array("f" if a.dtype == np.float32 else "d", a.ravel()),
    "ctypes array": _ctypes_array,
    "bytes": lambda a: a.tobytes(),
    "bytearray": lambda a: bytearray(a.tobytes()),
    "__array__": HasArray,
    "__array__ of unaligned": lambda a: HasArray(_unaligned(a)),
    "__array__ of text": lambda a: HasArray(a.astype("U9")),
    "__array__ that raises": lambda a: Fails(ValueError("mine")),
    "__array__ out of memory": lambda a: Fails(MemoryError("mine")),
    "__array_interface__": HasInterface,
    "__array_struct__": HasStruct,
    "__dlpack__": HasPackage,
    "ragged": _ragged,
    "deep": _deep,
    "a list in itself": _own,
    "set": lambda a: set(a.ravel().tolist()),
    "generator": lambda a: (one for one in a),
    "range": lambda a: range(1, len(a) + 1),
    "mapping by number": lambda a: dict(enumerate(a.tolist())),
    "mapping of nothing": lambda a: {},
    "path": lambda a: Path("rows.csv"),
    "class": lambda a: np.ndarray,
    "function": lambda a: np.sum,
    "None": lambda a: None,
    "Ellipsis": lambda a: ...,
    "NaN": lambda a: float("nan"),
    "True": lambda a: True,
    "text alone": lambda a: "1.0",
}
"""What may be refused: both must do the same."""

SHAPES: Mapping[str, Maker] = {
    "no rows": lambda a: a[:0],
    "no rows, strided": lambda a: _strided(a)[:0],
    "one row": lambda a: a[:1],
    "first row alone": lambda a: a[0],
    "a number": lambda a: a.flat[0],
    "0-d": lambda a: np.array(a.flat[0]),
    "Python number": lambda a: float(a.flat[0]),
    "one more": lambda a: np.concatenate([a, a[:1]]),
    "one less": lambda a: a[:-1],
    "a column": lambda a: a.reshape(-1, 1),
    "a line": lambda a: a.reshape(1, -1),
    "all in one": lambda a: a.reshape(-1),
    "two axes": lambda a: np.stack([a, a], -1),
    "an axis before": lambda a: a[None],
    "two vectors": lambda a: np.stack([a, a]),
    "no vectors": lambda a: np.stack([a])[:0],
    "three axes": lambda a: a.reshape(1, 1, *a.shape),
    "32 axes": lambda a: a.reshape((1,) * 30 + a.shape),
    "no columns": lambda a: a.reshape(len(a), -1)[:, :0],
    "transposed": lambda a: a.reshape(len(a), -1).T,
    "2**40 rows of one number": lambda a: np.broadcast_to(a.flat[0], (2**40,)),
    "2**60 bits": lambda a: np.broadcast_to(np.True_, (2**60,)),
    "empty list": lambda a: [],
    "list of empty lists": lambda a: [[] for _ in a],
}


def _put(value: float, everywhere: bool = False) -> Maker:
    def make(a: np.ndarray) -> np.ndarray:
        found = a.copy()
        with np.errstate(over="ignore", under="ignore"):
            found[... if everywhere else (len(a) // 2,)] = np.array(value).astype(a.dtype)
        return found

    return make


NUMBERS: Mapping[str, float] = {
    "NaN": float("nan"),
    "-NaN": -float("nan"),
    "inf": float("inf"),
    "-inf": -float("inf"),
    "-0.0": -0.0,
    "least subnormal": 5e-324,
    "subnormal": 3e-310,
    "least normal": 2.2250738585072014e-308,
    "largest": 1.7976931348623157e308,
    "-1e300": -1e300,
    "1e155": 1e155,
    "1e-200": 1e-200,
    "710": 710.0,
    "-746": -746.0,
    "2**53 + 2": 2.0**53 + 2,
    "1 - 2**-53": 1 - 2.0**-53,
}
VALUES: Mapping[str, Maker] = {
    f"{name}{' everywhere' if everywhere else ''}": _put(value, everywhere)
    for name, value in NUMBERS.items()
    for everywhere in (False, True)
}
