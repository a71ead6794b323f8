"""Text of other dialects, compressed, from pipes: the same numbers, or a fault with its line and column."""

import bz2
import gzip
import io
import lzma
import os
import sys
from contextlib import nullcontext, suppress
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from data_files import assert_table, read, saved, written
from hypothesis import given, settings
from hypothesis import strategies as st

from symgraph.data import data_files, text_data
from symgraph.data.reading import Reading, column_names, read_data
from symgraph.errors import DataError, OptionError

TABLE = np.array([[1.0, 2.5, 3.0], [4.0, 5.0, -0.25], [1234.5, 8.0, 9.0]])
TEXT = "a,b,y\n1,2.5,3\n4,5,-0.25\n1234.5,8,9\n"
WITH_COMMAS = "columns separated by semicolons, decimal commas"
DIALECTS: dict[str, tuple[str, dict[str, str], str]] = {
    "semicolons": ("a;b;y\n1;2.5;3\n4;5;-0.25\n1234.5;8;9\n", {}, "columns separated by semicolons"),
    "semicolons and decimal commas": ("a;b;y\n1;2,5;3\n4;5;-0,25\n1234,5;8;9\n", {}, WITH_COMMAS),
    "tabs": ("a\tb\ty\n1\t2.5\t3\n4\t5\t-.25\n1234.5\t8\t9\n", {}, "columns separated by tabs"),
    "bars": ("a|b|y\n1|2.5|3\n4|5|-0.25\n1234.5|8|9\n", {}, "columns separated by bars"),
    "spaces": ("a b  y\n1   2.5 3\n 4 5\t-0.25 \n1234.5 8 9\n", {}, "columns separated by spaces"),
    "spaces and commas": ("a b y\n1 2,5 3\n4 5 -0,25\n1234,5 8 9\n", {}, "columns separated by spaces, decimal commas"),
    "comments": ('# a study\n#;\na,b,y\n1,2.5,3\n# quoted "\n4,5,-0.25\n1234.5,8,9\n#', {}, ""),
    "lines in quotes that begin like comments": (
        '#"\na,b,y,n\n1,2.5,3,"\n#tag"\n4,5,-0.25,"5"" #\n# ""\n#"\n# "\n1234.5,8,9,5" #\n#',
        {},
        "",
    ),
    "commas in quotes": ('"a";"b";"y"\n"1";"2,5";"3"\n"4";"5";"-0,25"\n"1234,5";"8";"9"\n', {}, WITH_COMMAS),
    "old ends of lines": ("a,b,y\r1,2.5,3\r4,5,-0.25\r1234.5,8,9\r", {}, ""),
    "thousands": ('a,b,y\n1,2.5,3\n4,5,-0.25\n"1,234.5",8,9\n', {"thousands": ","}, ""),
    "thousands and commas": ("a;b;y\n1;2,5;3\n4;5;-0,25\n1.234,5;8;9\n", {"thousands": ".", "decimal": ","}, WITH_COMMAS),
    "another delimiter": ("a:b:y\n1:2.5:3\n4:5:-0.25\n1234.5:8:9\n", {"delimiter": ":"}, "columns separated by :"),
    "a named delimiter": (TEXT.replace(",", "\t"), {"delimiter": "tab"}, "columns separated by tabs"),
    "many commas": ('n;a;b;y\n"x,,,,";1;2.5;3\n,;4;5;-0.25\n,;1234.5;8;9\n', {}, "columns separated by semicolons"),
}


@pytest.mark.parametrize("case", DIALECTS)
def test_the_file_tells_its_dialect_or_an_option_does(tmp_path: Path, case: str) -> None:
    text, how, words = DIALECTS[case]
    data = read(written(tmp_path / "d.csv", text), **how)
    assert_table(data, TABLE)
    assert data.dialect == words
    if case != "old ends of lines":  # the same with the ends of lines of another system
        assert_table(read(written(tmp_path / "d.csv", text.replace("\n", "\r\n")), **how), TABLE)


def test_a_formula_takes_the_names_of_any_dialect(tmp_path: Path) -> None:
    for text, names in {
        "a;b, c;y\n1;2;3\n": ("a", "b, c", "y"),
        "time in s, y in m\n1, 2\n": ("time in s", "y in m"),
        "time y\n1 2\n": ("time", "y"),
        "y\n1\n": ("y",),
    }.items():
        assert column_names(written(tmp_path / "d.csv", text)) == names


@pytest.mark.parametrize(
    ("text", "how", "message"),
    [
        ("a,b,y\n1,2,3\n# note\n4,x,6\n", {}, r"line 4, column b is 'x'"),
        ('a,b,y,n\n1,2,3,"u\nv"\n4,x,6,\n', {}, r"line 4, column b is 'x'"),
        ("a,b,y\n1,2,3\n\n# note\n4,5,6\n", {}, r"line 3 is blank"),
        ("a;b;y\n1;2;3\n4;5,5;6\n", {"decimal": "."}, r"line 3, column b is '5,5'"),
        ("a;b;y\n1;2;3\n4;1.234,5;6\n", {"decimal": ","}, r"line 3, column b is '1\.234,5' \(read with decimal commas\)"),
        ('a,b,y\n1,"12,34",3\n', {"thousands": ","}, r"line 2, column b is '12,34'"),
        ('a,b,y\n1,"1,234,5",3\n', {"thousands": ","}, r"line 2, column b is '1,234,5'"),
        ('a,b,y\n1,"12,345,6789",3\n', {"thousands": ","}, r"line 2, column b is '12,345,6789'"),
        ('a,b,y\n1,"1,234.5,678",3\n', {"thousands": ","}, r"line 2, column b is '1,234.5,678'"),
        ("a;b;z\n1;2;3\n", {}, r"no column y; its first line names a, b, z$"),
        ("a\tb\tz\n1\t2\t3\n", {}, r"no column y; its first line names a, b, z$"),
        ("a;b;y\n1;2;3\n", {"delimiter": ","}, r"no column a, b, y; .* names a;b;y \(columns separated by commas\)"),
        ("a,b,y\n1,,3\n", {"drop_missing": True}, "has a missing cell in every row"),
        ("a,b,y\n1,,3\n1,x,3\n", {"drop_missing": True}, "line 3, column b is 'x', not a finite number$"),
        ("a,b,y\n1,,3\n1,inf,3\n", {"drop_missing": True}, "line 3, column b is 'inf', not a finite number$"),
        ("a,b,y\n1,,3\n1,1e999,3\n", {"drop_missing": True}, "line 3, column b is '1e999', not a finite number$"),
        ("a,b,y\n1,,3\n1,-,3\n", {"drop_missing": True}, "line 3, column b is '-', not a finite number$"),
        ('a,b,y,n\n1,2,3,"u\nv"\n# note\n4,x,6,\n', {}, r"line 5, column b is 'x'"),
        ('a,b,y,n\n1,2,3,"u\n#v"\n4,x,6,"\n#"\n', {}, r"line 4, column b is 'x'"),
        ('a,b,y\n1,2,3\n"#\n",5,6\n', {}, r"line 3, column a is '#'"),
    ],
)
def test_a_fault_is_named_where_it_stands(tmp_path: Path, text: str, how: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(written(tmp_path / "d.csv", text), **how)


@pytest.mark.parametrize("other", ["5,6", "5.678,9", "-0,5;7"])
def test_other_columns_tell_that_a_point_may_group_digits(tmp_path: Path, other: str) -> None:
    names = "y;" + ";".join("uv"[: other.count(";") + 1])
    path = written(tmp_path / "d.csv", f"{names}\n1.234;{other}\n2.345;{other}\n")
    said = r"line 2, column y is '1\.234' \(read with decimal commas\), .* thousands='\.', decimal=',', else decimal='\.'$"
    with pytest.raises(DataError, match=said):
        read_data(path, [], "y")
    for how, number in (({"decimal": "."}, 1.234), ({"decimal": ",", "thousands": "."}, 1234.0)):
        assert read_data(path, [], "y", reading=Reading(**how)).y[0] == number
    plain = read_data(written(path, f"{names}\n1.234;{other}\n0.5;{other}\n"), [], "y")  # no group is of one digit
    assert (plain.y.tolist(), plain.dialect) == ([1.234, 0.5], "columns separated by semicolons")
    for cell in ("5,6 m", "1,2,3", "a, b"):
        assert read_data(written(path, f"y;note\n1.234;5,6\n2.345;{cell}\n"), [], "y").y[0] == 1.234
    assert read_data(written(path, "y;n\n1.234;5,678\n"), [], "y", reading=Reading(thousands=",")).y[0] == 1.234


def test_a_cell_is_no_comment(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="line 3, column y is '#'"):
        read_data(written(tmp_path / "d.csv", 'y\n1\n"#"\n#\n2\n'), [], "y")


def test_a_sign_that_cannot_be_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "d.csv", "a,b,y\n1,2,3\n")
    for how, message in (
        *(({"delimiter": sign}, "delimiter must be one sign") for sign in (",,", "1", '"')),
        ({"decimal": ";"}, r"decimal must be \. or ,"),
        ({"thousands": "x"}, "thousands must be one of"),
        ({"thousands": ",", "decimal": ","}, "not the decimal sign"),
    ):
        with pytest.raises(OptionError, match=message):
            read(path, **how)


def test_lines_that_never_end_are_refused_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    with path.open("wb") as file:
        file.truncate(1 << 30)  # a hole of zeros
    with pytest.raises(DataError, match="is binary, no text"):
        read(path)
    path.write_text("a,b,y\n" + "1" * (1 << 24), encoding="utf-8")
    with pytest.raises(DataError, match="a line of more than 16,777,216 characters"):
        read(path)


def test_rows_with_a_missing_cell_of_a_column_that_is_read_are_left_out_and_counted(tmp_path: Path) -> None:
    text = "a,n,b,y\n1,,2.5,3\n,,2,3\n4,x,5,-0.25\nNA,,n/a,3\n1,,2,NaN\n1234.5,NA,8,9\n1,,2,null\n"
    data = read(written(tmp_path / "d.csv", text), drop_missing=True)
    assert_table(data, TABLE)
    assert data.dropped == 4
    assert data.kept.tolist() == [True, False, True, False, False, True, False]
    for word in ("", "NA", "N/A", "#N/A", "<NA>", "NaN", "null", "None"):  # of R, spreadsheets, pandas, NumPy, SQL and Python
        assert read(written(tmp_path / "d.csv", f"a,b,y\n1,2,3\n4,{word},6\n"), drop_missing=True).dropped == 1


@pytest.mark.parametrize("rows", [16_383, 16_384, 16_385, 40_000])
def test_faults_beyond_the_first_block_have_their_lines(tmp_path: Path, rows: int) -> None:
    path = written(tmp_path / "d.csv", "a,b,y\n" + "1,2,3\n" * (rows - 1) + "1,,3")
    with pytest.raises(
        DataError,
        match=f"line {rows + 1}, column b is empty, not a finite number; drop_missing=True, --drop-missing on .* out$",
    ):
        read(path)
    assert read(path, drop_missing=True).dropped == 1


def zstd(content: bytes) -> bytes:
    return pytest.importorskip("pyarrow").compress(content, "zstd", asbytes=True)


PACKINGS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstd}


@pytest.mark.parametrize("suffix", PACKINGS)
def test_compressed_text_is_read(tmp_path: Path, suffix: str) -> None:
    assert_table(read(written(tmp_path / f"d.csv.{suffix.upper()}", PACKINGS[suffix](TEXT.encode()))), TABLE)
    lines = TEXT.replace(",", "\t").encode().splitlines(keepends=True)  # several members follow one another
    assert_table(read(written(tmp_path / f"d.tsv.{suffix}", b"".join(map(PACKINGS[suffix], lines)))), TABLE)


@pytest.mark.parametrize(
    ("suffix", "lacking", "message"),
    [("xz", "lzma", "need a module of the standard library"), ("zst", "pyarrow", r"pip install 'symgraph-codegen\[data\]'")],
)
def test_what_cannot_be_decompressed_here_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, lacking: str, message: str
) -> None:
    path = written(tmp_path / f"d.csv.{suffix}", PACKINGS[suffix](TEXT.encode()))
    monkeypatch.setitem(sys.modules, lacking, None)
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    with pytest.raises(OptionError, match=message):
        read(path)


def test_stdin_is_read_and_what_a_shell_opens_without_a_suffix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def holds(content: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))

    marked = b"\xef\xbb\xbf" + TEXT.encode()  # by a byte order mark
    for content in (TEXT.encode(), gzip.compress(TEXT.encode()), marked, saved(tmp_path / "d.npy", TABLE).read_bytes()):
        holds(content)
        assert_table(read(Path("-")), TABLE)
    holds(b"a,b,y\n1,2,x\n")
    with pytest.raises(DataError, match=r"^stdin: line 2, column y is 'x'"):
        read(Path("-"))
    with written(tmp_path / "d", TEXT).open("rb") as file:
        assert_table(read(Path(f"/dev/fd/{file.fileno()}")), TABLE)


@pytest.mark.parametrize("name", ["pipe", "pipe.csv"])
def test_a_pipe_is_read_as_far_as_its_writer_goes(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    os.mkfifo(path)
    writer = Thread(target=lambda: path.write_text(TEXT, encoding="utf-8"))
    writer.start()
    assert_table(read(path), TABLE)
    writer.join()


def test_a_stream_without_an_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_files, "_STREAM", 2 * len(TEXT))
    path, said = tmp_path / "pipe", f"has more than {2 * len(TEXT)} bytes; name a file"
    os.mkfifo(path)
    for times in (1, 100):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(TEXT.encode() * times)))
        with pytest.raises(DataError, match=said) if times > 1 else nullcontext():
            read(Path("-"))
        writer = Thread(target=lambda times=times: path.write_text(TEXT * times, encoding="utf-8"))
        writer.start()
        with pytest.raises(DataError, match=said) if times > 1 else nullcontext():
            read(path)
        writer.join()


def test_many_lines_without_a_row_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_data, "_EMPTY", 10)
    for most in ("\n" * 10, "#\n" * 6 + "\n" * 4, "#1,2,3\n" * 12 + " \n"):
        text = TEXT + most
        assert_table(read(written(tmp_path / "d.csv", text)), TABLE)
        with pytest.raises(DataError, match=r"d\.csv has more than 10 blank lines and comments; remove them"):
            read(written(tmp_path / "d.csv", text + "\n#\n\n#\n"))


CELLS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["", "NA", "x", '"', "1,5", "#", "\n", " 2 ", "1_0"]),
)


@settings(max_examples=80)
@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=6), st.sampled_from([",", ";", "\t", " "]))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], sign: str) -> None:
    text = "\n".join([sign.join(["a", "b", "y"]), *(sign.join(row) for row in rows)])
    path = written(tmp_path_factory.getbasetemp() / "any.csv", text)
    for how in ({}, {"drop_missing": True}):
        with suppress(DataError):
            data = read(path, **how)
            assert np.isfinite(data.X).all()
            assert len(data) + data.dropped <= len(text.splitlines())
