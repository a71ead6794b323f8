"""Reader of pickled arrays without unpickling: the file is parsed by a grammar, and no name in it is looked up or called.

A pickle is a program for a stack machine. `_Reader` knows the opcodes by which `pickle.dumps` writes NumPy arrays, numbers,
texts and plain containers, refuses every other, and builds the arrays itself from dtype, shape and bytes. A file of n bytes
takes O(n) steps and memory, whatever it says: an opcode is a byte or more, no container is hashed, compared or printed, and the
result has no more values than the file has bytes, however often its parts refer to one another.
"""

import math
import pickle
import pickletools
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

import numpy as np

from symgraph.errors import DataError

_CODES = frozenset({"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"})
_AXES = 32
_LEVELS = 3
"""Most containers within one another: columns by name, each a list, of lists."""

_Global = Enum("_Global", "NDARRAY DTYPE RECONSTRUCT SCALAR FROM_BUFFER ENCODE BYTES")
_GLOBALS: Mapping[str, _Global] = MappingProxyType(
    {
        "numpy ndarray": _Global.NDARRAY,
        "numpy dtype": _Global.DTYPE,
        "numpy._core.multiarray _reconstruct": _Global.RECONSTRUCT,
        "numpy._core.multiarray scalar": _Global.SCALAR,
        "numpy._core.numeric _frombuffer": _Global.FROM_BUFFER,
        "_codecs encode": _Global.ENCODE,  # by which protocols before 3 store bytes
        "__builtin__ bytes": _Global.BYTES,  # and no bytes
        "builtins bytes": _Global.BYTES,
    }
)
_MARKED = -1
_TAKES: Mapping[str, int] = MappingProxyType(
    {"TUPLE": _MARKED, "LIST": _MARKED, "DICT": _MARKED, "APPENDS": _MARKED, "SETITEMS": _MARKED}
    | {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3, "APPEND": 1, "SETITEM": 2, "STACK_GLOBAL": 2, "REDUCE": 2, "BUILD": 1}
)
"""Number of values that an opcode takes from the stack, or all above the last mark; none where it is not listed."""


def load_arrays(path: Path | str, content: bytes | None = None) -> Any:
    """Read a pickle of numeric NumPy arrays, numbers, texts and plain containers of them.

    Args:
        path: the file, as `pickle.dump` of any protocol writes it.
        content: its bytes, where they have been read.

    Returns:
        The object, with arrays and NumPy's numbers as new `numpy.ndarray`. Lists, tuples and dicts keep their type.

    Raises:
        DataError: the file holds anything else (nothing of it is run), or is broken.
    """
    try:
        content = Path(path).read_bytes() if content is None else content
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    try:
        return _Reader(len(content)).read(content)
    except _Refusal as refusal:
        raise DataError(f"{path} is refused: {refusal}; nothing of it was run") from None
    # a malformed argument; a value missing from the stack or the memo; an unknown escape, where warnings are errors
    except (ValueError, LookupError, DeprecationWarning) as error:
        raise DataError(f"{path} is no readable pickle: {type(error).__name__}: {str(error)[:200]}") from error


class _Refusal(Exception):  # noqa: N818 - it ends as a DataError
    """Fault in a pickle, found by a reader that does not know the file's name."""


def _refuse(message: str) -> NoReturn:
    raise _Refusal(message)


class _Part:
    """A dtype (with its code, such as "f8") or an array. A pickle makes the object first and gives it a value later."""

    __slots__ = ("code", "value")

    def __init__(self, code: str | None = None, value: np.ndarray[Any, Any] | None = None) -> None:
        self.code = code
        self.value: np.dtype[Any] | np.ndarray[Any, Any] | None = value


class _Reader:
    """Stack and memo of one pickle, of `size` bytes."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._stack: list[Any] = []
        self._below: list[list[Any]] = []  # the stacks below each open mark
        self._memo: dict[int, Any] = {}
        self._encoded = 0  # bytes made of texts
        self._delivered = 0  # values of the result

    def read(self, content: bytes) -> Any:
        """Return the object in the pickle; raises _Refusal, or ValueError or LookupError where it is broken."""
        end = 0
        for opcode, argument, position in pickletools.genops(content):
            self._step(opcode.name, argument, self._taken(_TAKES.get(opcode.name, 0)))
            end = (position or 0) + 1
        if len(self._stack) != 1 or self._below or end != len(content):
            _refuse("it goes on behind its end, or leaves something undone")
        return self._finished(self._stack[0], _LEVELS)

    def _taken(self, count: int) -> list[Any]:
        if count == _MARKED:
            items, self._stack = self._stack, self._below.pop()
            return items
        return [self._stack.pop() for _ in range(count)][::-1]

    def _step(self, name: str, argument: Any, items: list[Any]) -> None:
        match name:
            case "INT" | "BININT" | "BININT1" | "BININT2" | "LONG" | "LONG1" | "FLOAT" | "BINFLOAT":
                self._stack.append(argument)
            case "UNICODE" | "BINUNICODE" | "SHORT_BINUNICODE" | "BINUNICODE8":
                self._stack.append(argument)
            case "BINBYTES" | "SHORT_BINBYTES" | "BINBYTES8" | "BYTEARRAY8":
                self._stack.append(argument)
            case "NONE" | "NEWTRUE" | "NEWFALSE":
                self._stack.append({"NONE": None, "NEWTRUE": True, "NEWFALSE": False}[name])
            case "MEMOIZE" | "PUT" | "BINPUT" | "LONG_BINPUT":
                self._memo[len(self._memo) if argument is None else argument] = self._stack[-1]
            case "GET" | "BINGET" | "LONG_BINGET":
                self._stack.append(self._memo[argument])
            case "MARK":
                self._below.append(self._stack)
                self._stack = []
            case "EMPTY_TUPLE" | "TUPLE" | "TUPLE1" | "TUPLE2" | "TUPLE3":
                self._stack.append(tuple(items))
            case "EMPTY_LIST" | "LIST":
                self._stack.append(items)
            case "APPEND" | "APPENDS":
                values = self._stack[-1]
                values.extend(items) if isinstance(values, list) else _refuse("it appends to what is no list")
            case "EMPTY_DICT" | "DICT" if not items:
                self._stack.append({})
            case "SETITEM" | "SETITEMS":
                _fill(self._stack[-1], items)
            case "GLOBAL" | "STACK_GLOBAL":
                self._stack.append(_named(items or argument.split(" ", 1)))
            case "REDUCE":
                self._stack.append(self._called(*items))
            case "BUILD":
                self._set(self._stack[-1], *items)
            case "PROTO" if argument > pickle.HIGHEST_PROTOCOL:
                _refuse(f"it is of protocol {argument}; the last is {pickle.HIGHEST_PROTOCOL}")
            case "PROTO" | "FRAME" | "STOP":
                pass
            case _:
                _refuse(f"it uses the opcode {name}, which plain data do not need")

    def _called(self, function: Any, arguments: Any) -> Any:
        """Return the result of a call, if it is one by which NumPy pickles plain arrays."""
        match function, arguments:
            case _Global.DTYPE, (str(code), False | 0, True | 1) if code in _CODES:
                return _Part(code)
            case _Global.DTYPE, (str(code), *_):
                _refuse(f"it holds an array of dtype {_shown(code)}; data are integers and floats of up to 8 bytes")
            case _Global.RECONSTRUCT, (_Global.NDARRAY, (0,), b"b"):
                return _Part()
            case _Global.SCALAR, (dtype, data):
                return _Part(value=self._view(data, dtype, (), "C"))
            case _Global.FROM_BUFFER, (data, dtype, shape, "C" | "F" as order):
                return _Part(value=self._view(data, dtype, shape, order))
            case _Global.FROM_BUFFER, (data, dtype, shape, "K", tuple(axes)):
                stored = self._view(data, dtype, shape, "C")
                if not all(type(axis) is int for axis in axes) or sorted(axes) != list(range(stored.ndim)):
                    _refuse("it transposes an array by what are not its axes")
                return _Part(value=stored.transpose(axes))
            case _Global.ENCODE, (str(text), "latin1"):
                self._encoded += len(text)
                return text.encode("latin1") if self._encoded <= self._size else _refuse("it encodes a text again and again")
            case _Global.BYTES, ():
                return b""
        _refuse("it holds an object, or makes an array in another way than NumPy writes plain ones")

    def _set(self, part: Any, state: Any) -> None:
        """Give a dtype its byte order, or an array its bytes."""
        if not isinstance(part, _Part) or part.value is not None:
            _refuse("it sets the state of what has none")
        match part.code, state:
            case str(code), (3, "<" | ">" | "|" as order, None, None, None, -1, -1, 0):
                part.value = np.dtype(order + code)
            case None, (1, shape, dtype, False | 0 | True | 1 as fortran, data):
                part.value = self._view(data, dtype, shape, "F" if fortran else "C")
            case _:
                _refuse("it holds an array with fields, or none that NumPy writes; save it as .npy instead")

    def _view(self, data: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray[Any, Any]:
        """Return bytes as an array, without a copy."""
        kind = dtype.value if isinstance(dtype, _Part) else None
        if not isinstance(kind, np.dtype) or not isinstance(data, bytes | bytearray):
            _refuse("it holds an array that is not made of bytes and a numeric dtype")
        if not isinstance(shape, tuple) or not all(type(length) is int and 0 <= length <= self._size for length in shape):
            _refuse("it holds an array whose shape is no tuple of lengths within the file's")
        if len(shape) > _AXES or math.prod(shape) * kind.itemsize != len(data):
            _refuse(f"it holds an array of shape {shape[:_AXES]} and dtype {kind}, but {len(data)} bytes for it")
        return np.frombuffer(data, kind).reshape(shape, order=order)

    def _finished(self, value: Any, levels: int) -> Any:
        """Return a value of the result, at most so many levels of containers, with arrays of its own in place of parts."""
        array = value.value if isinstance(value, _Part) else None
        self._delivered += array.size if isinstance(array, np.ndarray) else 1
        if self._delivered > self._size:
            _refuse("it repeats parts of itself until there are more values than it has bytes")
        if isinstance(array, np.ndarray):
            return array.copy()
        if isinstance(value, list | tuple | dict) and not levels:
            _refuse(f"it holds containers more than {_LEVELS} deep")
        if isinstance(value, dict):
            return {key: self._finished(item, levels - 1) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(self._finished(item, levels - 1) for item in value)
        if value is not None and not isinstance(value, int | float | str | bytes):
            _refuse("it holds what is no array, number, text or container")
        return value


def _fill(columns: Any, items: list[Any]) -> None:
    keys, values = items[::2], items[1::2]
    if not isinstance(columns, dict) or len(keys) != len(values) or not all(isinstance(key, str) for key in keys):
        _refuse("it holds a dict whose keys are no texts")
    columns.update(zip(keys, values, strict=True))


def _named(words: list[Any]) -> _Global:
    if not all(isinstance(word, str) for word in words):
        _refuse("it names something by what is no text")
    name = " ".join(words).replace("numpy.core.", "numpy._core.", 1)  # the first is NumPy 1, the second NumPy 2
    if name not in _GLOBALS:
        _refuse(f"it asks for {_shown('.'.join(words))}, and a data file may hold only numeric arrays and plain containers")
    return _GLOBALS[name]


def _shown(text: str) -> str:
    """Return a text of the file in a form that is short and cannot command a terminal."""
    return ascii(text[:100])[1:-1]
