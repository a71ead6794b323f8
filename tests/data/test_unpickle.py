"""symgraph.data.unpickle: every form of pickled numeric array is read, and nothing that a hostile pickle names is run."""

import builtins
import collections
import os
import pickle
import struct
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from symgraph.data.unpickle import load_arrays
from symgraph.errors import DataError

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def _file(folder: Path, content: bytes) -> Path:
    path = folder / "data.pkl"
    path.write_bytes(content)
    return path


ARRAYS = {
    "C": np.arange(6.0).reshape(2, 3),
    "F": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "transposed": np.arange(24.0).reshape(2, 3, 4).transpose(1, 0, 2),
    "strided": np.arange(12.0).reshape(3, 4)[::2, 1:],
    "swapped": np.arange(6, dtype=">f4"),
    "int": np.arange(6, dtype="<i2"),
    "bool": np.array([True, False]),
    "scalar": np.float64(1.5),
    "0-d": np.array(2.5),
    "empty": np.zeros((0, 3)),
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_arrays_of_every_protocol_and_layout_are_read_and_containers_keep_their_type(tmp_path: Path, protocol: int) -> None:
    for kind, value in ARRAYS.items():
        read = load_arrays(_file(tmp_path, pickle.dumps(value, protocol)))
        np.testing.assert_array_equal(read, value, err_msg=kind)
        assert read.dtype == value.dtype, kind
    value = {"a": [np.arange(3.0), 1, 2.5, "text", None, True], "b": (np.float32(2), [])}
    read = load_arrays(_file(tmp_path, pickle.dumps(value, protocol)))
    assert read["a"][1:] == value["a"][1:]
    assert read["b"] == (2.0, [])
    np.testing.assert_array_equal(read["a"][0], np.arange(3.0))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_module_names_of_numpy_1_are_read(tmp_path: Path, protocol: int) -> None:
    content = pickle.dumps(np.arange(3.0), protocol)
    # protocol 4 and later store a name with its length before it, in a byte
    old = content.replace(b"\x16numpy._core.multiarray", b"\x15numpy.core.multiarray")
    old = old.replace(b"\x13numpy._core.numeric", b"\x12numpy.core.numeric").replace(b"cnumpy._core.", b"cnumpy.core.")
    old = old[:3] + struct.pack("<Q", len(old) - 11) + old[11:] if protocol >= 4 else old
    assert old != content
    np.testing.assert_array_equal(load_arrays(_file(tmp_path, old)), np.arange(3.0))


@settings(max_examples=30)
@given(arrays(np.float64, array_shapes(max_dims=3, max_side=4)), st.sampled_from(list(PROTOCOLS)))
def test_every_bit_of_an_array_survives(tmp_path_factory: pytest.TempPathFactory, value: np.ndarray, protocol: int) -> None:
    read = load_arrays(_file(tmp_path_factory.getbasetemp(), pickle.dumps(value, protocol)))
    assert read.tobytes() == value.tobytes()
    assert read.flags.writeable


class _Calls:
    """Pickles to a call of a function with arguments."""

    def __init__(self, function: Any, *args: Any, state: Any = None) -> None:
        self._reduced = (function, args) if state is None else (function, args, state)

    def __reduce__(self) -> tuple[Any, ...]:
        return self._reduced


def _hostile(mark: Path) -> dict[str, tuple[bytes, str]]:
    """Pickles that would leave a mark if anything of them ran, each with the global or opcode that a refusal must name."""
    touch = f"touch '{mark}'"
    write = f"open({str(mark)!r}, 'w').close()"
    calls: dict[str, tuple[Any, str]] = {
        "os.system": (_Calls(os.system, touch), f"{os.name}.system"),
        "subprocess": (_Calls(subprocess.check_output, ["touch", str(mark)]), "subprocess.check_output"),
        "eval": (_Calls(builtins.eval, write), "builtins.eval"),
        "open": (_Calls(open, str(mark), "w"), "io.open"),
        "getattr": (_Calls(getattr, "text", "upper"), "builtins.getattr"),
        "numpy.save": (_Calls(np.save, str(mark), np.zeros(1)), "numpy.save"),
        "ndarray.tofile": (_Calls(np.ndarray.tofile, np.zeros(1), str(mark)), "builtins.getattr"),
        "Path": (Path(mark), "pathlib."),
        "OrderedDict": (collections.OrderedDict(a=1), "collections.OrderedDict"),
        "complex": (1j, "builtins.complex"),
    }
    return {name: (pickle.dumps(value, 4), needle) for name, (value, needle) in calls.items()} | {
        "set": (b"cbuiltins\nset\n(tR.", "builtins.set"),
        "os.system, protocol 0": (f"cos\nsystem\n(S{touch!r}\ntR.".encode(), "os.system"),
        "INST opcode": (f"(V{touch}\nios\nsystem\n.".encode(), "INST"),
        "dotted name": (b"\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93.", "numpy.ndarray.tofile"),
        "f2py": (b"cnumpy.f2py\ncompile\n(tR.", "numpy.f2py.compile"),
        "ours": (b"csymgraph.data.unpickle\nload_arrays\n(tR.", "symgraph.data.unpickle.load_arrays"),
        "not called": (b"cos\nsystem\n.", "os.system"),
    }


@pytest.mark.parametrize("name", _hostile(Path("mark")))
def test_a_hostile_pickle_is_refused_by_name_and_nothing_of_it_runs(tmp_path: Path, name: str) -> None:
    mark = tmp_path / "mark"
    content, named = _hostile(mark)[name]
    with pytest.raises(DataError, match="nothing of it was run") as caught:
        load_arrays(_file(tmp_path, content))
    assert named in str(caught.value)
    assert not mark.exists()


def test_the_hostile_pickles_do_run_under_the_ordinary_unpickler(tmp_path: Path) -> None:
    """Without this the test above would also pass on pickles that never do anything."""
    for name in ("os.system", "subprocess", "eval", "open", "numpy.save", "INST opcode", "os.system, protocol 0"):
        mark = tmp_path / f"{name.replace(' ', '')}.npy"
        result = pickle.loads(_hostile(mark)[name][0])  # noqa: S301 - what the test is about
        if name == "open":
            result.close()
        assert mark.exists(), name


def test_arrays_of_other_than_plain_numbers_are_refused(tmp_path: Path) -> None:
    for value in (
        np.array([[1, None]], object),
        np.array(["text"]),
        np.array([b"text"]),
        np.array([1j]),
        np.array(["2020-01-01"], "M8[D]"),
        np.zeros(2, [("a", "f8"), ("b", "f8")]),
        np.longdouble(1.0),
        np.rec.array([(1.0, 2.0)]),
        np.ma.masked_array([1.0], [True]),
    ):
        with pytest.raises(DataError, match="is refused"):
            load_arrays(_file(tmp_path, pickle.dumps(value, 4)))


def _array_pickle(
    shape: Any = (2,), dtype: Any = None, data: Any = (b"\0" * 16,), kind: Any = np.ndarray, dtype_state: Any = None
) -> bytes:
    """A pickle of an array whose state, or whose dtype's state, is anything."""
    own = _Calls(np.dtype, "f8", False, True, state=dtype_state or (3, "<", None, None, None, -1, -1, 0))
    state = (1, shape, own if dtype is None else dtype, False, *data)
    return pickle.dumps(_Calls(np.zeros(1).__reduce__()[0], kind, (0,), b"b", state=state), 4)


def test_an_array_written_by_hand_is_read_without_numpys_unpickling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The counterpart of the malformed ones below."""
    np.testing.assert_array_equal(load_arrays(_file(tmp_path, _array_pickle(data=(struct.pack("<2d", 1.5, 2.5),)))), [1.5, 2.5])
    path = _file(tmp_path, pickle.dumps(np.arange(3.0), 4))
    monkeypatch.setattr("numpy._core.multiarray._reconstruct", None)
    np.testing.assert_array_equal(load_arrays(path), np.arange(3.0))


@pytest.mark.parametrize(
    "content",
    [
        _array_pickle((3,)),
        _array_pickle((-2, -1)),
        _array_pickle((2**40,), data=(b"",)),
        _array_pickle((2.0,)),
        _array_pickle([2]),
        _array_pickle(dtype="f8"),
        _array_pickle(data=([1.0, 2.0],)),
        _array_pickle(data=()),
        _array_pickle(kind="ndarray"),
        # the state by which the real dtype could be told that bytes are object pointers
        _array_pickle(dtype_state=(3, "|", None, ("a",), {"a": ("O", 0)}, 8, 1, 63)),
        _array_pickle(dtype_state=(3, "x", None, None, None, -1, -1, 0)),
        pickle.dumps(_Calls(np.zeros(1).__reduce__()[0], np.ndarray, (0,), b"b"), 4),
        pickle.dumps(np.dtype("f8"), 4),
        pickle.dumps(np.ndarray, 4),
        pickle.dumps(_Calls(np.ndarray, (1,)), 4),
        *(b"cnumpy\nndarray\n}b.", b"cnumpy\ndtype\n(S'a'\nI1\ntb.", b"c__builtin__\nbytes\n(I100000000000\ntR."),
        *(b"c_codecs\nencode\n(Vx\nVzip\ntR.", b"", b"\x80\x04", b"garbage", b"\x80\x05\x97.", b"P1\n.", b"(lp0\ng0\na."),
        *(b"N.N.", b"(N.", b"NN.", b"(\x85.", b"(N\x85.", b"h\x00.", b"NNa.", b"}NNs.", b"}(NVx\nNu."),
    ],
)
def test_malformed_pickles_end_in_one_clear_error(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DataError, match=r"data\.pkl is (refused|no readable pickle)"):
        load_arrays(_file(tmp_path, content))


def test_a_pickle_cannot_change_the_reader_and_its_text_reaches_no_terminal_as_it_is(tmp_path: Path) -> None:
    names = ["numpy\nndarray", "numpy\ndtype", "numpy._core.multiarray\n_reconstruct", "_codecs\nencode", "builtins\nbytes"]
    for name in names:
        with pytest.raises(DataError, match="is refused"):
            load_arrays(_file(tmp_path, f"c{name}\n(N(dVx\nI1\nstb.".encode()))
    np.testing.assert_array_equal(load_arrays(_file(tmp_path, pickle.dumps(np.arange(3.0)))), np.arange(3.0))
    with pytest.raises(DataError, match="is refused") as caught:
        load_arrays(_file(tmp_path, b"c\x1b[2Jos\n" + b"x" * 10**6 + b"\n."))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000


def test_parts_that_occur_twice_are_read_and_what_repeats_itself_beyond_its_size_is_refused(tmp_path: Path) -> None:
    column = np.arange(9.0)
    read = load_arrays(_file(tmp_path, pickle.dumps({"a": column, "b": column, "c": [column, column]})))
    assert [read["a"].tolist(), read["b"].tolist(), read["c"][1].tolist()] == [column.tolist()] * 3
    for value in ([list(range(1000))] * 1000, [np.arange(1000.0)] + [column] * 5000):
        with pytest.raises(DataError, match="more values than it has bytes"):
            load_arrays(_file(tmp_path, pickle.dumps(value)))
