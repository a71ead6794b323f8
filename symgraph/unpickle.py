"""Reading pickled arrays without trusting the file.

Unpickling runs whatever a file names. Here a file may name only what NumPy's own array pickles name, and even those names do
not lead to NumPy: each is answered by a small reader of this module, which takes plain numbers and builds the array itself.
(NumPy's `dtype.__setstate__` can be told that bytes are object pointers, so handing out the real dtype would not be safe.)
"""

import io
import math
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

import numpy as np

from symgraph.errors import DataError

_CODES = frozenset({"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"})


def load_arrays(path: Path) -> Any:
    """Read a pickle of numeric NumPy arrays, numbers, strings and plain containers of them.

    Args:
        path: the file.

    Returns:
        The object, with arrays as `numpy.ndarray`. Lists, tuples and dicts keep their type.

    Raises:
        DataError: the file names anything else (nothing of it is run), holds arrays of other than real numbers, or is broken.
    """
    try:
        return _plain(_Reader(io.BytesIO(path.read_bytes()), path).load(), {})
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    except _Refusal as refusal:
        raise DataError(f"{path} is refused: {refusal}") from None
    except DataError:
        raise
    except Exception as error:  # a broken or hostile pickle can make the unpickler raise anything
        raise DataError(f"{path} is no readable pickle: {type(error).__name__}: {error}") from error


class _Refusal(Exception):  # noqa: N818 - it ends as a DataError
    """A fault in the data of a pickle, found by a reader that does not know the file's name."""


class _Inert:
    """Base of what a pickle gets to see: no state can be set on it from outside."""

    __slots__ = ()

    def __setstate__(self, state: object) -> NoReturn:
        raise _Refusal(f"it sets the state of a {type(self).__name__.strip('_').lower()}")


class _Maker(_Inert):
    """A function a pickle may call, in a form that the pickle cannot change."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[..., Any]) -> None:
        self._make = make

    def __call__(self, *args: Any) -> Any:
        return self._make(*args)


class _Dtype(_Inert):
    """A dtype as a pickle describes it: a code such as "f8" at first, then a state with the byte order."""

    __slots__ = ("_code", "_order")

    def __init__(self, code: object) -> None:
        if code not in _CODES:
            raise _Refusal(f"it holds an array of dtype {code!r}; data are integers and floats of up to 8 bytes")
        self._code = str(code)
        self._order = "="

    def __setstate__(self, state: Any) -> None:  # type: ignore[override]  # the base refuses every state
        _version, order, subtype, names, fields, *_layout = state
        if (subtype, names, fields) != (None, None, None) or order not in ("<", ">", "=", "|"):
            raise _Refusal("it holds an array with fields; save the array as .npy instead")
        self._order = order

    def real(self) -> np.dtype[Any]:
        return np.dtype(self._order + self._code)


class _Array(_Inert):
    """An array as a pickle describes it: empty at first, then a state with shape, dtype and bytes."""

    __slots__ = ("_value",)

    def __init__(self, value: np.ndarray[Any, Any] | None = None) -> None:
        self._value = value

    def __setstate__(self, state: Any) -> None:  # type: ignore[override]  # the base refuses every state
        _version, shape, dtype, fortran, data = state
        self._value = _from_bytes(data, dtype, shape, "F" if fortran else "C")

    def real(self) -> np.ndarray[Any, Any]:
        if self._value is None:
            raise _Refusal("it holds an array without data")
        return self._value


_NDARRAY = _Maker(lambda *_args: _refuse("it calls numpy.ndarray"))


def _refuse(message: str) -> NoReturn:
    raise _Refusal(message)


def _from_bytes(data: object, dtype: object, shape: object, order: object) -> np.ndarray[Any, Any]:
    if not isinstance(dtype, _Dtype) or not isinstance(data, bytes | bytearray):
        raise _Refusal("it holds an array that is not made of bytes and a numeric dtype")
    if not isinstance(shape, tuple) or not all(type(size) is int and size >= 0 for size in shape):
        raise _Refusal(f"it holds an array of shape {shape!r}")
    real = dtype.real()
    if math.prod(shape) * real.itemsize != len(data):
        raise _Refusal(f"it holds an array of shape {shape} and dtype {real}, but {len(data)} bytes for it")
    if order not in ("C", "F"):
        raise _Refusal(f"it holds an array in the order {order!r}")
    return np.frombuffer(bytes(data), real).reshape(shape, order="F" if order == "F" else "C").copy()


def _reconstruct(kind: object, _shape: object, _code: object) -> _Array:
    """numpy's `_reconstruct`: an empty array, whose state follows."""
    return _Array() if kind is _NDARRAY else _refuse("it holds a subclass of numpy.ndarray")


def _from_buffer(data: object, dtype: object, shape: object, order: object, axes: object = None) -> _Array:
    """numpy's `_frombuffer`, of pickle protocol 5; `axes` transposes what was stored in another order of axes."""
    if order != "K" or axes is None:
        return _Array(_from_bytes(data, dtype, shape, order))
    if not isinstance(axes, tuple) or not isinstance(shape, tuple) or sorted(axes) != list(range(len(shape))):
        raise _Refusal(f"it transposes an array by {axes!r}")
    return _Array(_from_bytes(data, dtype, shape, "C").transpose(axes))


def _scalar(dtype: object, data: object) -> _Array:
    """numpy's `scalar`: one number."""
    return _Array(_from_bytes(data, dtype, (), "C"))


def _encode(text: object, encoding: object = "latin1") -> bytes:
    """`_codecs.encode`, by which protocols before 3 store bytes."""
    if not isinstance(text, str) or encoding != "latin1":
        raise _Refusal(f"it encodes text as {encoding!r}")
    return text.encode("latin1")


def _empty_bytes(*args: object) -> bytes:
    """`bytes()`, by which protocols before 3 store no bytes."""
    return _refuse("it calls bytes with arguments") if args else b""


def _table() -> Mapping[tuple[str, str], Any]:
    rows: dict[tuple[str, str], Any] = {
        ("numpy", "ndarray"): _NDARRAY,
        ("numpy", "dtype"): _Maker(lambda code, *_flags: _Dtype(code)),
        ("_codecs", "encode"): _Maker(_encode),
        ("__builtin__", "bytes"): _Maker(_empty_bytes),
        ("builtins", "bytes"): _Maker(_empty_bytes),
    }
    for core in ("numpy.core", "numpy._core"):  # NumPy 1 and 2
        rows[f"{core}.multiarray", "_reconstruct"] = _Maker(_reconstruct)
        rows[f"{core}.multiarray", "scalar"] = _Maker(_scalar)
        rows[f"{core}.numeric", "_frombuffer"] = _Maker(_from_buffer)
    return MappingProxyType(rows)


_ALLOWED = _table()


class _Reader(pickle.Unpickler):
    """An unpickler for which no other global exists than those of _ALLOWED."""

    def __init__(self, stream: io.BytesIO, path: Path) -> None:
        super().__init__(stream)
        self._path = path

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise DataError(
                f"{self._path} is refused: it asks for {module}.{name}, and a data file may hold only numeric arrays and plain "
                "containers; nothing of it was run"
            )
        return _ALLOWED[module, name]


def _plain(value: Any, done: dict[int, Any]) -> Any:
    """Replace every array reader inside by its array.

    Args:
        value: what the unpickler made.
        done: the results so far by identity, so that a list that occurs a thousand times is converted once.
    """
    if isinstance(value, _Array):
        return value.real()
    if isinstance(value, _Inert):
        raise _Refusal(f"it holds a {type(value).__name__.strip('_').lower()} by itself")
    if isinstance(value, list | tuple | dict) and id(value) not in done:
        if isinstance(value, dict):
            done[id(value)] = {key: _plain(item, done) for key, item in value.items()}
        else:
            done[id(value)] = type(value)(_plain(item, done) for item in value)
    return done.get(id(value), value)
