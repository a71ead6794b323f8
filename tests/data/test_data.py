"""symgraph.data.reading: what files are read, and where each fault of a file is said to be."""

import contextlib
import io
import pickle
import tracemalloc
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_files import FEATURES, TABLE, TARGET, assert_table, read, saved, written
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from symgraph.data.reading import read_data
from symgraph.errors import DataError

ROOT = Path(__file__).resolve().parents[2]


CSV = {
    "plain": "a,b,y\n1,2,3\n4,5,6\n7,8,9\n",
    "no last newline": "a,b,y\n1,2,3\n4,5,6\n7,8,9",
    "crlf": "a,b,y\r\n1,2,3\r\n4,5,6\r\n7,8,9\r\n",
    "mark": "\ufeffa,b,y\n1,2,3\n4,5,6\n7,8,9\n",
    "order": "y,b,a\n3,2,1\n6,5,4\n9,8,7\n",
    "extra": "id,a,note,b,y\n1,1,x,2,3\n2,4,,5,6\n3,7,nan,8,9\n",
    "quoted": '"a","b","y"\n"1","2","3"\n"4",5,6\n7,"8",9\n',
    "blanks": " a , b,y \n 1, 2 ,3\n4,5,6\n7,8,9\n",
    "quoted after blanks": '"a", "b", "y"\n1, "2", 3\n4, 5, 6\n7, 8, 9\n',
    "blank end": "a,b,y\n1,2,3\n4,5,6\n7,8,9\n\n\n  \n\r\n",
    "spellings": "a,b,y\n1e0,2.0,+3\n4.,5,.6e1\n7,8,9\n",
    "doubled extra": "c,c,a,b,y\n0,0,1,2,3\n0,0,4,5,6\n0,0,7,8,9\n",
    "tabs": "a\tb\ty\n1\t2\t3\n4\t5\t6\n7\t8\t9\n",
}


@pytest.mark.parametrize("kind", CSV)
def test_csv_is_read_by_column_names(tmp_path: Path, kind: str) -> None:
    assert_table(read(written(tmp_path / ("data.TSV" if kind == "tabs" else "data.csv"), CSV[kind])))


def test_the_founding_data_set_is_read_in_full_precision_also_from_the_notebooks_form_of_pickle(tmp_path: Path) -> None:
    features = ("f1", "f2", "f3", "f4", "f5")
    data = read_data(ROOT / "data" / "nine_weights.csv", features, "y")
    assert data.X.shape == (506, 5)
    assert data.X.flags.c_contiguous
    assert (data.X[0, 0], data.y[0]) == (-1.2879094989577484, 1.8588491273713685)
    table = np.column_stack([data.X, data.y])
    assert_table(read_data(written(tmp_path / "data.pkl", pickle.dumps(table, 4)), features, "y"), table)


def test_no_target_is_looked_at_where_none_is_needed_and_no_features_where_a_model_has_none(tmp_path: Path) -> None:
    texts = ("a,b\n1,2\n", "a,b,y\n1,2,\n", "a,b,y\n1,2,unknown\n")
    files = [written(tmp_path / f"{i}.csv", text) for i, text in enumerate(texts)]
    for path in (*files, saved(tmp_path / "with.npy", TABLE[:1]), saved(tmp_path / "without.npy", TABLE[:1, :2])):
        data = read_data(path, FEATURES, TARGET, need_target=False)
        assert data.y is None
        np.testing.assert_array_equal(data.X, [[1.0, 2.0]])
    path = written(tmp_path / "data.csv", "a,b,y\n1,2,3\n")
    assert read_data(path, FEATURES, None).y is None
    for target, wanted in ((TARGET, [3.0]), (("b", "y"), [[2.0, 3.0]])):
        data = read_data(path, (), target)
        assert (data.X, data.y.tolist(), len(data)) == (None, wanted, 1)
    with pytest.raises(DataError, match="nothing to read"):
        read_data(path, (), None)


def test_several_targets_are_columns_in_their_order(tmp_path: Path) -> None:
    columns = dict(zip(("a", "b", "y"), TABLE.T, strict=True))
    for path in (
        written(tmp_path / "data.csv", "y,a,b\n" + "".join(f"{y:g},{a:g},{b:g}\n" for a, b, y in TABLE)),
        saved(tmp_path / "data.npy", TABLE),
        written(tmp_path / "data.pkl", pickle.dumps(columns)),
    ):
        data = read_data(path, ("a",), ("b", "y"))
        np.testing.assert_array_equal(data.X, TABLE[:, :1], strict=True)
        np.testing.assert_array_equal(data.y, TABLE[:, 1:], strict=True)
        assert data.y.flags.c_contiguous
        assert read_data(path, ("a",), ("b", "y"), need_target=False).y is None
    with pytest.raises(DataError, match="has no column y; its first line names a, b"):
        read_data(written(tmp_path / "data.csv", "a,b\n1,2\n"), ("a",), ("b", "y"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b,y\n\n", r"has column names but no rows"),
        (",".join(f"c{i}" for i in range(500)) + "\n", r"names c0, .*c19, \.\.\.$"),
        ("a,b,y\nnan,2,3\n4,5,6\ninf,NaN,x\n", r"line 2, column a is 'nan', .*; 3 more such cells follow; drop_missing.* out$"),
        ("a,b,y\ns,mV,K\n1,2,3\n", r"line 2, column a is 's', .*; 2 more such cells follow; if these are units, put # before"),
        ('a,b,y\n1,2,"1.234,5"\n', r"column y is '1.234,5', .* digits are grouped, say by what: thousands='.', decimal=','$"),
        ('a,b,y\n1,2,"1,234.5"\n', r"column y is '1,234.5', .* digits are grouped, say by what: thousands=',', decimal='.'$"),
        ("a,b,y\n1,2,-1.0e-400\n", r"column y is '-1.0e-400' \(smaller than any double; write 0 if it is meant\)"),
        ("a,b,y\n1,2,0.0e-400\n1,2,x\n", r"line 3, column y is 'x', not a finite number$"),
        ("a,b,y\n1,2,\u0661\u0662\n", r"column y is '\u0661\u0662', not a finite number$"),
        ("a,b,y\n1,0x10,3\n", r"line 2, column b is '0x10'"),
        ("a/b/y\n1/2/3\n", r"has no column a, b, y; its first line names a/b/y$"),
        pytest.param("a,b,y\n1,2," + "x" * 100_000 + "\n", r"line 2, column y is 'xxx", id="a long cell"),
        pytest.param("a,b," + "x" * 100_000 + "\n1,2,3\n", r"has no column y", id="a long name"),
    ],
)
def test_a_fault_of_a_csv_file_is_named_with_line_and_column(tmp_path: Path, content: str, message: str) -> None:
    """Others are in tests/cli/test_bad_data.py."""
    path = written(tmp_path / "data.csv", content)
    with pytest.raises(DataError, match=message) as caught:
        read(path)
    assert str(caught.value).startswith(str(path))
    assert len(str(caught.value)) < 1000


def test_a_file_that_cannot_be_opened_or_has_an_unknown_format_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    for name in ("absent.csv", "absent.npy", "absent.pkl", "folder.csv"):
        with pytest.raises(DataError, match=rf"{name} cannot be read: \w+"):
            read(tmp_path / name)
    for name, found in (("d.xlsx", r"not in '\.xlsx'"), ("d", "and this one has no suffix"), ("d.npz", r"not in '\.npz'")):
        with pytest.raises(DataError, match=rf"{name}: a data file ends in \.csv, \.tsv, .*\.pkl, \.pickle, {found}$"):
            read(tmp_path / name)


FINITE = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=30)
@given(arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=6).map(lambda s: (s[0], 3)), elements=FINITE))
def test_every_bit_survives_csv_npy_and_pickle(tmp_path_factory: pytest.TempPathFactory, table: np.ndarray) -> None:
    folder = tmp_path_factory.getbasetemp()
    lines = [",".join(map(repr, row)) for row in table.tolist()]
    of_text, of_pickle = written(folder / "b.csv", "\n".join(["a,b,y", *lines])), written(folder / "b.pkl", pickle.dumps(table))
    for path in (of_text, of_pickle, saved(folder / "b.npy", table)):
        data = read(path)
        assert_table(data, table)
        assert np.array_equal(np.signbit(data.X), np.signbit(table[:, :2]))


def test_npy_arrays_of_any_real_dtype_order_and_names_are_read_as_float64(tmp_path: Path) -> None:
    fields = np.zeros(3, [("y", "<f4"), ("note", "U3"), ("a", "<i8"), ("b", "<f8")])
    fields["a"], fields["b"], fields["y"] = TABLE.T
    of_dtypes = [TABLE.astype(dtype) for dtype in ("<f8", ">f8", "<f4", "<i4", "|u1", "<f2")]
    for values in (*of_dtypes, np.asfortranarray(TABLE), fields):
        assert_table(read(saved(tmp_path / "data.npy", values)))
    with warnings.catch_warnings(action="ignore"):  # NumPy says that old versions cannot read it
        path = saved(tmp_path / "data.npy", np.ones(2, [("größe", "f8"), ("λ", "f8")]))
    assert len(read_data(path, ("λ",), "größe")) == 2


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (TABLE[:, :2], r"shape \(3, 2\); it must have two axes and 3 \(a, b, y\) columns"),
        (np.zeros((2, 3, 1)), r"shape \(2, 3, 1\)"),
        (np.array([[1.0, 2, 3], [4, np.nan, 6], [np.inf, 8, 9]]), r"row 1 \(counted from 0\), column b is nan.*; 1 more such"),
        (np.zeros(2, [("a", "f8"), ("b", "f8")]), r"has no column y; it has a, b"),
        (np.zeros(2, [("a", "f8"), ("b", "f8", 2), ("y", "f8")]), r"column b is an array \(2, 2\) of float64"),
    ],
)
def test_an_npy_array_that_does_not_fit_is_refused(tmp_path: Path, values: np.ndarray, message: str) -> None:
    """Others are in tests/cli/test_bad_data.py."""
    with pytest.raises(DataError, match=message):
        read(saved(tmp_path / "data.npy", values))


def bytes_of(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, values, allow_pickle=True)
    return file.getvalue()


def header(text: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode("latin1")


BROKEN = {
    "empty": b"",
    "the mark alone": b"\x93NUMPY",
    "a text": b"hello",
    "a part of a header": b"\x93NUMPY\x01\x00\x46\x00{'descr': '<f8'",
    "an archive": b"PK\x03\x04zip",
    "cut short": bytes_of(TABLE)[:-8],
    "pickled objects": bytes_of(np.array([[1, 2, 3]], object)),
    "more rows than it has": header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000, 3), }"),
    "more columns": header("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4611686018427387904), }"),
    "negative": header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -3), }") + b"\0" * 24,
    "subarray": header("{'descr': ('<f8', (1000000000,)), 'fortran_order': False, 'shape': (3,), }"),
    "more header": b"\x93NUMPY\x02\x00\xff\xff\xff\x7f",
    "more header of version 3": b"\x93NUMPY\x03\x00\xff\xff\xff\x7f",
}


@pytest.mark.parametrize("fault", BROKEN)
def test_an_npy_file_that_is_broken_or_claims_more_than_it_has_is_refused_in_little_memory(tmp_path: Path, fault: str) -> None:
    path = written(tmp_path / "data.npy", BROKEN[fault])
    tracemalloc.start()
    with pytest.raises(DataError, match=r"data\.npy is no readable NPY file"):
        read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10**6  # the files have some hundred bytes; NumPy's parser takes some hundred kilobytes


NPY = bytes_of(np.zeros(2, [("a", "f8"), ("b", ">f4"), ("y", "i2")]))


@settings(max_examples=100)
@given(st.lists(st.tuples(st.integers(0, len(NPY) - 1), st.binary(max_size=3), st.integers(0, 3)), max_size=6))
def test_a_damaged_npy_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, bytes, int]]
) -> None:
    data = bytearray(NPY)
    for at, new, old in edits:
        data[at : at + old] = new
    with contextlib.suppress(DataError), warnings.catch_warnings(action="ignore"):
        read(written(tmp_path_factory.getbasetemp() / "damaged.npy", bytes(data)))


def test_rows_and_columns_in_plain_containers_are_read(tmp_path: Path) -> None:
    """What a pickle may name is tested in test_unpickle.py."""
    lists = TABLE.tolist()
    for content in (
        *(
            lists,
            tuple(map(tuple, lists)),
            [row.copy() for row in TABLE],
            [[np.float64(cell) for cell in row] for row in TABLE],
        ),
        {"y": TABLE[:, 2], "b": TABLE[:, 1].tolist(), "a": TABLE[:, 0].astype(int), "note": ["x", None, {}]},
    ):
        assert_table(read(written(tmp_path / "data.pkl", pickle.dumps(content, 4))))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (3.5, r"holds a float; data are a 2-D array, a list of rows or a dict of columns"),
        ("text", r"holds a str"),
        (None, r"holds a NoneType"),
        ([], r"shape \(1, 0\)"),
        ([1.0, 2.0], r"item 0 of the list is no row of numbers"),
        ([np.float64(1), np.float64(2)], r"item 0 of the list is no row of numbers"),
        ([[1, 2, 3], np.array(2.0)], r"item 1 of the list is no row of numbers"),
        (np.float64(1), r"shape \(\); it must have two axes"),
        ([[1, 2, 3], [1, 2]], r"item 1 of the list is no row of numbers as long as the first"),
        ([[1, 2, "x"]], r"item 0 of the list has a cell that is no number"),
        ([[1, 2, 10**400]], r"item 0 of the list has a whole number beyond the range of floats"),
        ([[1, 2, float("nan")]], r"row 0 \(counted from 0\), column y is nan"),
        ({"a": [1.0], "b": [2.0]}, r"has no column y; it has a, b"),
        ({"a": [1.0], "b": [2.0, 3.0], "y": [1.0]}, r"columns of different lengths: a 1, b 2, y 1"),
        ({"a": [1.0], "b": ["x"], "y": [1.0]}, r"column b has a cell that is no number"),
        ({"a": [1.0], "b": 2.0, "y": [1.0]}, r"column b is a float; it must be one axis"),
    ],
)
def test_a_pickle_of_another_shape_is_refused(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(written(tmp_path / "data.pkl", pickle.dumps(content, 4)))
