"""symgraph.io.data: what files are read, and where each fault of a file is said to be."""

import contextlib
import io
import pickle
import tracemalloc
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from symgraph.errors import DataError
from symgraph.io.data import Dataset, read_data

ROOT = Path(__file__).resolve().parents[2]
FEATURES, TARGET = ("a", "b"), "y"
TABLE = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])


def _text(folder: Path, content: str | bytes, name: str = "data.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _npy(folder: Path, values: np.ndarray) -> Path:
    path = folder / "data.npy"
    np.save(path, values)
    return path


def _pickled(folder: Path, value: Any, protocol: int = 4) -> Path:
    path = folder / "data.pkl"
    path.write_bytes(pickle.dumps(value, protocol))
    return path


def _assert_is_table(data: Dataset, table: np.ndarray = TABLE) -> None:
    assert data.X is not None
    assert data.y is not None
    np.testing.assert_array_equal(np.column_stack([data.X, data.y]), table, strict=True)
    assert len(data) == len(table)


# CSV.


@pytest.mark.parametrize(
    "content",
    [
        "a,b,y\n1,2,3\n4,5,6\n7,8,9\n",
        "a,b,y\n1,2,3\n4,5,6\n7,8,9",
        "a,b,y\r\n1,2,3\r\n4,5,6\r\n7,8,9\r\n",
        "\ufeffa,b,y\n1,2,3\n4,5,6\n7,8,9\n",
        "y,b,a\n3,2,1\n6,5,4\n9,8,7\n",
        "id,a,note,b,y\n1,1,x,2,3\n2,4,,5,6\n3,7,nan,8,9\n",
        '"a","b","y"\n"1","2","3"\n"4",5,6\n7,"8",9\n',
        " a , b,y \n 1, 2 ,3\n4,5,6\n7,8,9\n",
        '"a", "b", "y"\n1, "2", 3\n4, 5, 6\n7, 8, 9\n',
        "a,b,y\n1,2,3\n4,5,6\n7,8,9\n\n\n  \n\r\n",
        "a,b,y\n1e0,2.0,+3\n4.,5,.6e1\n7,8,9\n",
        "c,c,a,b,y\n0,0,1,2,3\n0,0,4,5,6\n0,0,7,8,9\n",
    ],
    ids=[
        "plain",
        "no last newline",
        "crlf",
        "mark",
        "order",
        "extra",
        "quoted",
        "blanks",
        "quoted after blanks",
        "blank end",
        "spellings",
        "doubled extra",
    ],
)
def test_csv_is_read_by_column_names(tmp_path: Path, content: str) -> None:
    _assert_is_table(read_data(_text(tmp_path, content), FEATURES, TARGET))


def test_tabs_separate_the_columns_of_a_tsv_file(tmp_path: Path) -> None:
    _assert_is_table(read_data(_text(tmp_path, "a\tb\ty\n1\t2\t3\n4\t5\t6\n7\t8\t9\n", "data.TSV"), FEATURES, TARGET))


def test_the_founding_data_set_is_read_in_full_precision() -> None:
    data = read_data(ROOT / "data" / "nine_weights.csv", ("f1", "f2", "f3", "f4", "f5"), "y")
    assert data.X.shape == (506, 5)
    assert data.X.flags.c_contiguous
    assert data.X[0, 0] == -1.2879094989577484
    assert data.y is not None
    assert data.y[0] == 1.8588491273713685


@pytest.mark.parametrize("content", ["a,b\n1,2\n", "a,b,y\n1,2,\n", "a,b,y\n1,2,unknown\n"])
def test_the_target_is_not_looked_at_where_it_is_not_needed(tmp_path: Path, content: str) -> None:
    data = read_data(_text(tmp_path, content), FEATURES, TARGET, need_target=False)
    assert data.y is None
    np.testing.assert_array_equal(data.X, [[1.0, 2.0]])


def test_a_model_without_target_or_without_features_reads_what_it_has(tmp_path: Path) -> None:
    path = _text(tmp_path, "a,b,y\n1,2,3\n")
    assert read_data(path, FEATURES, None).y is None
    only_target = read_data(path, (), TARGET)
    assert only_target.X is None
    assert only_target.y == [3.0]
    assert len(only_target) == 1
    with pytest.raises(DataError, match="nothing to read"):
        read_data(path, (), None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"is empty; its first line must name the columns a, b, y"),
        ("\n\n", r"is empty"),
        ("a,b,y\n", r"has column names but no rows"),
        ("a,b,y\n\n", r"has column names but no rows"),
        ("a,c,z\n1,2,3\n", r"has no column b, y; its first line names a, c, z"),
        ("1,2,3\n4,5,6\n", r"has no column a, b, y; its first line names 1, 2, 3"),
        ("a,b,y,a\n1,2,3,4\n", r"has the column a more than once \(columns 1, 4\)"),
        ("a,b,y\n1,2,3\n4,5\n", r"line 3 has 2 cells, the first line names 3 columns"),
        ("a,b,y\n1,2,3,4\n", r"line 2 has 4 cells"),
        ("a,b,y\n1,2,3\n\n4,5,6\n", r"line 3 is blank, and more rows follow"),
        ("a,b,y\n1,2,3\n4,five,6\n", r"line 3, column b is 'five', not a finite number$"),
        (
            "a,b,y\n1,2,3\n4,5,\n",
            r"line 3, column y is empty, not a finite number; drop_missing=True, --drop-missing on the command line, .* out$",
        ),
        ("a,b,y\n1,2,3\n4, ,6\n", r"line 3, column b is empty"),
        (
            "a,b,y\nnan,2,3\n4,5,6\ninf,NaN,x\n",
            r"line 2, column a is 'nan', not a finite number; 3 more such cells follow; drop_missing.* out$",
        ),
        (
            "a,b,y\ns,mV,K\n1,2,3\n",
            r"line 2, column a is 's', .*; 2 more such cells follow; if these are units, put # before the line",
        ),
        ('a,b,y\n1,2,"1.234,5"\n', r"column y is '1.234,5', .* digits are grouped, say by what: thousands='.', decimal=','$"),
        ('a,b,y\n1,2,"1,234.5"\n', r"column y is '1,234.5', .* digits are grouped, say by what: thousands=',', decimal='.'$"),
        ("a,b,y\n1,-Infinity,3\n", r"line 2, column b is '-Infinity'"),
        ("a,b,y\n1,1e999,3\n", r"line 2, column b is '1e999'"),
        ("a,b,y\n1,1_000,3\n", r"line 2, column b is '1_000'"),
        ("a,b,y\n1,0x10,3\n", r"line 2, column b is '0x10'"),
        ('a,b,y,note\n1,2,3,"two\nlines"\n4,x,6,\n', r"line 4, column b is 'x'"),
        ('a,b,y\n1,"2,3\n', r"is no readable CSV"),
        (b"a,b,y\n1,\xff,3\n", r"is not UTF-8 text"),
        ("a/b/y\n1/2/3\n", r"has no column a, b, y; its first line names a/b/y$"),
    ],
)
def test_a_fault_of_a_csv_file_is_named_with_line_and_column(tmp_path: Path, content: str | bytes, message: str) -> None:
    path = _text(tmp_path, content)
    with pytest.raises(DataError, match=message) as caught:
        read_data(path, FEATURES, TARGET)
    assert str(caught.value).startswith(str(path))


def test_a_long_list_of_columns_is_cut_in_the_message(tmp_path: Path) -> None:
    path = _text(tmp_path, ",".join(f"c{i}" for i in range(500)) + "\n")
    with pytest.raises(DataError, match=r"names c0, .*c19, \.\.\.$"):
        read_data(path, FEATURES, TARGET)


@pytest.mark.parametrize("name", ["absent.csv", "absent.npy", "absent.pkl", "folder.csv"])
def test_a_file_that_cannot_be_opened_is_named_with_the_reason(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match=rf"{name} cannot be read: \w+"):
        read_data(tmp_path / name, FEATURES, TARGET)


@pytest.mark.parametrize(
    ("name", "found"),
    [("data.xlsx", r"not in '\.xlsx'"), ("data", "and this one has no suffix"), ("data.npz", r"not in '\.npz'")],
)
def test_an_unknown_format_is_refused_with_the_known_ones(tmp_path: Path, name: str, found: str) -> None:
    with pytest.raises(DataError, match=rf"{name}: a data file ends in \.csv, \.tsv, .*\.pkl, \.pickle, {found}$"):
        read_data(tmp_path / name, FEATURES, TARGET)


FINITE = st.floats(allow_nan=False, allow_infinity=False)


@settings(deadline=None, max_examples=30)
@given(arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=6).map(lambda s: (s[0], 3)), elements=FINITE))
def test_every_bit_survives_csv_npy_and_pickle(tmp_path_factory: pytest.TempPathFactory, table: np.ndarray) -> None:
    folder = tmp_path_factory.mktemp("bits")
    lines = [",".join(map(repr, row)) for row in table.tolist()]
    for data in (
        read_data(_text(folder, "\n".join(["a,b,y", *lines])), FEATURES, TARGET),
        read_data(_npy(folder, table), FEATURES, TARGET),
        read_data(_pickled(folder, table), FEATURES, TARGET),
    ):
        _assert_is_table(data, table)
        assert np.array_equal(np.signbit(data.X), np.signbit(table[:, :2]))


# NPY.


@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", "<i4", "|u1", "<f2"])
def test_npy_arrays_of_any_real_dtype_are_read_as_float64(tmp_path: Path, dtype: str) -> None:
    _assert_is_table(read_data(_npy(tmp_path, TABLE.astype(dtype)), FEATURES, TARGET))


def test_npy_keeps_its_meaning_in_column_order(tmp_path: Path) -> None:
    _assert_is_table(read_data(_npy(tmp_path, np.asfortranarray(TABLE)), FEATURES, TARGET))


def test_a_structured_npy_array_is_read_by_its_field_names(tmp_path: Path) -> None:
    values = np.zeros(3, [("y", "<f4"), ("note", "U3"), ("a", "<i8"), ("b", "<f8")])
    values["a"], values["b"], values["y"] = TABLE.T
    _assert_is_table(read_data(_npy(tmp_path, values), FEATURES, TARGET))


def test_npy_without_the_target_column_serves_where_it_is_not_needed(tmp_path: Path) -> None:
    for table in (TABLE, TABLE[:, :2]):
        data = read_data(_npy(tmp_path, table), FEATURES, TARGET, need_target=False)
        assert data.y is None
        np.testing.assert_array_equal(data.X, TABLE[:, :2])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (TABLE[:, :2], r"shape \(3, 2\); it must have two axes and 3 \(a, b, y\) columns"),
        (TABLE[0], r"shape \(3,\); it must have two axes"),
        (np.zeros((2, 3, 1)), r"shape \(2, 3, 1\)"),
        (np.zeros((0, 3)), r"has no rows"),
        (np.array([[1.0, 2, 3], [4, np.nan, 6], [np.inf, 8, 9]]), r"row 1 \(counted from 0\), column b is nan.*; 1 more such"),
        (TABLE.astype(complex), r"column a is an array \(3,\) of complex128"),
        (TABLE.astype(str), r"column a is an array \(3,\) of <U"),
        (np.zeros(2, [("a", "f8"), ("b", "f8")]), r"has no column y; it has a, b"),
        (np.zeros(2, [("a", "f8"), ("b", "f8", 2), ("y", "f8")]), r"column b is an array \(2, 2\) of float64"),
    ],
)
def test_an_npy_array_that_does_not_fit_is_refused(tmp_path: Path, values: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_data(_npy(tmp_path, values), FEATURES, TARGET)


@pytest.mark.parametrize(
    "content", [b"", b"\x93NUMPY", b"hello", b"\x93NUMPY\x01\x00\x46\x00{'descr': '<f8'", b"PK\x03\x04zip"]
)
def test_a_broken_npy_file_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DataError, match=r"data\.npy is no readable NPY file"):
        read_data(_text(tmp_path, content, "data.npy"), FEATURES, TARGET)


def test_an_npy_file_cut_short_is_refused(tmp_path: Path) -> None:
    path = _npy(tmp_path, TABLE)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(DataError, match="no readable NPY file"):
        read_data(path, FEATURES, TARGET)


def _header(text: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode("latin1")


@pytest.mark.parametrize(
    "content",
    [
        _header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000, 3), }"),
        _header("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4611686018427387904), }"),
        _header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -3), }") + b"\0" * 24,
        _header("{'descr': ('<f8', (1000000000,)), 'fortran_order': False, 'shape': (3,), }"),
        b"\x93NUMPY\x02\x00\xff\xff\xff\x7f",
        b"\x93NUMPY\x03\x00\xff\xff\xff\x7f",
    ],
    ids=["rows", "columns", "negative", "subarray", "header", "header of version 3"],
)
def test_an_npy_file_that_claims_more_than_it_has_is_refused_in_little_memory(tmp_path: Path, content: bytes) -> None:
    path = _text(tmp_path, content, "data.npy")
    tracemalloc.start()
    with pytest.raises(DataError, match="no readable NPY file"):
        read_data(path, FEATURES, TARGET)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10**6  # the files have some hundred bytes; NumPy's parser takes some hundred kilobytes


NPY = io.BytesIO()
np.save(NPY, np.zeros(2, [("a", "f8"), ("b", ">f4"), ("y", "i2")]))


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.integers(0, len(NPY.getvalue()) - 1), st.binary(max_size=3), st.integers(0, 3)), max_size=6))
def test_a_damaged_npy_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, bytes, int]]
) -> None:
    data = bytearray(NPY.getvalue())
    for at, new, old in edits:
        data[at : at + old] = new
    path = tmp_path_factory.getbasetemp() / "damaged.npy"
    path.write_bytes(data)
    with contextlib.suppress(DataError), warnings.catch_warnings(action="ignore"):
        read_data(path, FEATURES, TARGET)


def test_an_npy_file_with_names_beyond_latin_letters_is_read(tmp_path: Path) -> None:
    with warnings.catch_warnings(action="ignore"):  # NumPy says that old versions cannot read it
        path = _npy(tmp_path, np.ones(2, [("größe", "f8"), ("λ", "f8")]))
    assert len(read_data(path, ("λ",), "größe")) == 2


def test_a_message_repeats_no_long_text_of_the_file(tmp_path: Path) -> None:
    for content in ("a,b,y\n1,2," + "x" * 100_000 + "\n", "a,b," + "x" * 100_000 + "\n1,2,3\n"):
        with pytest.raises(DataError) as caught:
            read_data(_text(tmp_path, content), FEATURES, TARGET)
        assert len(str(caught.value)) < 1000


def test_pickled_objects_in_an_npy_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.npy"
    np.save(path, np.array([[1, 2, 3]], object), allow_pickle=True)
    with pytest.raises(DataError, match="no readable NPY file"):
        read_data(path, FEATURES, TARGET)


# Pickled arrays; what a pickle may name is tested in test_unpickle.py.


def test_the_notebooks_form_of_pickle_is_read(tmp_path: Path) -> None:
    features = ("f1", "f2", "f3", "f4", "f5")
    founding = read_data(ROOT / "data" / "nine_weights.csv", features, "y")
    assert founding.y is not None
    path = _pickled(tmp_path, np.column_stack([founding.X, founding.y]))
    data = read_data(path, features, "y")
    assert np.array_equal(data.X, founding.X)
    assert data.y is not None
    assert np.array_equal(data.y, founding.y)


@pytest.mark.parametrize(
    "content",
    [
        TABLE.tolist(),
        tuple(map(tuple, TABLE.tolist())),
        [row.copy() for row in TABLE],
        [[np.float64(cell) for cell in row] for row in TABLE],
        {"y": TABLE[:, 2], "b": TABLE[:, 1].tolist(), "a": TABLE[:, 0].astype(int), "note": ["x", None, {}]},
    ],
    ids=["lists", "tuples", "rows", "scalars", "dict"],
)
def test_rows_and_columns_in_plain_containers_are_read(tmp_path: Path, content: Any) -> None:
    _assert_is_table(read_data(_pickled(tmp_path, content), FEATURES, TARGET))


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
        read_data(_pickled(tmp_path, content), FEATURES, TARGET)
