"""Arguments that lie, change while they are read, act when they are read, or end where a page of memory does."""

import ctypes
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from native_calls import Given, agree, calls, result, results, same_bits


class Fickle:
    """Its array has another length, type or layout each time that somebody asks."""

    def __init__(self, a: np.ndarray) -> None:
        self.ways = [a, a[:-1], a[:1], a.astype("f4"), a[::-1], np.zeros(0), a, a.astype(object), a.reshape(1, *a.shape)]
        self.times = 0

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        self.times += 1
        return self.ways[self.times % len(self.ways)]

    def __len__(self) -> int:
        self.times += 1
        return 10**6

    @property
    def shape(self) -> tuple[int, ...]:
        self.times += 1
        return (10**7,)


def fickle(native: Any, numpy: Any, given: Given) -> None:
    right = results(native, given)
    for key in given:
        for start in range(9):
            odd = Fickle(given[key])
            odd.times = start
            for _, call in calls(native, {**given, key: odd}):
                result(call)
    same_bits(results(native, given), right)


class Liar(np.ndarray):
    """An array whose attributes are not what NumPy's C code knows."""

    shape = property(lambda self: (10**7,))
    strides = property(lambda self: (8,))
    size = property(lambda self: 10**7)
    ndim = property(lambda self: 1)
    dtype = property(lambda self: np.dtype(np.float64))
    flags = property(lambda self: np.zeros(3).flags)
    nbytes = property(lambda self: 8 * 10**7)
    T = property(lambda self: self)

    def __len__(self) -> int:
        return 10**7

    def astype(self, *_: Any, **__: Any) -> Any:
        return self

    def reshape(self, *_: Any, **__: Any) -> Any:
        return self

    def copy(self, *_: Any, **__: Any) -> Any:
        return self


def liar(native: Any, numpy: Any, given: Given) -> None:
    """Whatever it says of itself: the result is right or there is an error."""
    right = results(native, given)
    for key in given:
        for array in (given[key], given[key].astype("f4"), given[key].astype("i2"), np.repeat(given[key], 2, axis=0)[::2]):
            plain = results(native, {**given, key: np.array(array)})
            for label, (end, found) in results(native, {**given, key: array.view(Liar)}).items():
                if end == "value" and label not in ("pack", "unpack"):
                    agree("", {label: (end, found)}, {label: plain[label]}, single=True)
    same_bits(results(native, given), right)


class CallsBack:
    def __init__(self, a: np.ndarray, action: Callable[[], object]) -> None:
        self.a, self.action = a, action

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        self.action()
        return self.a


def calls_back(native: Any, numpy: Any, given: Given) -> None:
    """Converting an argument calls the module again, or empties the other arguments."""
    right = results(native, given)
    for key in given:
        odd = CallsBack(given[key], lambda: same_bits(results(native, given), right))
        native.value_and_grad(**{"w": given["w"], "X": given["X"], "y": given["y"]} | ({key: odd} if key in "wXy" else {}))
        lists = {other: value.tolist() for other, value in given.items()}
        emptied = CallsBack(given[key], lambda lists=lists: [one.clear() for one in lists.values()])
        for _, call in calls(native, {**lists, key: emptied}):
            result(call)
    same_bits(results(native, given), right)


def ends_inside(native: Any, numpy: Any, given: Given) -> None:
    """Converting an argument raises what is no Exception: it comes out, and the next call is right."""
    right = results(native, given)

    def ended(error: BaseException) -> None:
        raise error

    for key, error in (
        (key, error) for key in "wXy" for error in (KeyboardInterrupt(), SystemExit(3), GeneratorExit(), RecursionError())
    ):
        words = {**{one: given[one] for one in "wXy"}, key: CallsBack(given[key], partial(ended, error))}
        came: list[BaseException] = []
        try:
            native.grad(**words)
        except BaseException as found:
            came.append(found)
        assert came == [error], f"{error!r} became {came}"
    same_bits(results(native, given), right)


def far_pointers(native: Any, numpy: Any, given: Given) -> None:
    """The last number of an array is the last of a page, behind which nothing may be read; the first is the first of one."""
    right = results(native, given)
    libc, page = ctypes.CDLL(None, use_errno=True), 4096
    libc.mmap.restype, libc.mmap.argtypes = (
        ctypes.c_void_p,
        [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long],
    )
    libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]

    def guarded(a: np.ndarray, at_end: bool) -> np.ndarray:
        pages = -(-a.nbytes // page)
        start = libc.mmap(None, (pages + 2) * page, 3, 0x22, -1, 0)
        for outside in (start, start + (pages + 1) * page):
            assert not libc.mprotect(outside, page, 0)
        first = start + page + (pages * page - a.nbytes if at_end else 0)
        found = np.frombuffer((ctypes.c_char * a.nbytes).from_address(first), a.dtype).reshape(a.shape)
        found[...] = a
        return found

    for at_end in (True, False):
        same_bits(results(native, {key: guarded(value, at_end) for key, value in given.items()}), right)
        single = {key: guarded(value.astype("f4"), at_end) for key, value in given.items()}
        if not native.__name__.startswith("c_"):
            results(native, single)
    backwards = {key: guarded(value[::-1].copy(), True)[::-1] for key, value in given.items()}
    same_bits(results(native, backwards), right)
