"""Delimited text: what must be read right, and what must be refused with file, line and column."""

import json
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from cases import Case, Outcome
from files_checks import (
    PREDICT,
    Prepare,
    Rows,
    clear_or_done,
    is_predicted,
    is_read,
    is_refused,
    read_or_refused,
    reading,
    streaming,
    written,
)

TWO: Rows = [(0.0, 1.0), (2.0, 3.0)]
LARGEST = sys.float_info.max
HALFWAY = "1.00000000000000011102230246251565404236316680908203125"
MANY = ",".join(f"c{i}" for i in range(60_000))
RIGHT: dict[str, tuple[str, Rows]] = {
    "a mark of byte order": ("\ufefft,y\n0,1\n2,3\n", TWO),
    "CRLF": ("t,y\r\n0,1\r\n2,3\r\n", TWO),
    "no last end of line": ("t,y\n0,1\n2,3", TWO),
    "quotes": ('"t","y"\n"0","1"\n"2",3\n', TWO),
    "a line break in quotes": ('t,note,y\n0,"a\nb",1\n2,"c\r\nd",3\n', TWO),
    "lines in quotes that begin like comments": ('t,note,y\n0,"\n#tag",1\n# "\n2,"#\n#",3\n', TWO),
    "doubled quotes": ('t,note,y\n0,"a "" , b",1\n2,"""",3\n', TWO),
    "comments": ("# made by us\nt,y\n0,1\n# 7,8\n2,3\n", TWO),
    "columns in another order": ("y,other,t\n1,x,0\n3,,2\n", TWO),
    "blanks around numbers": ("t , y\n 0 ,\t1\n2 , 3\n", TWO),
    "a column with odd line ends": ("t,y,note\n0,1,a\u2028b\x85c\x0bd\x0ce\x1cf\n2,3,g\n", TWO),
    "columns named by other scripts": ("größe,t,数,y\n5,0,6,1\n5,2,6,3\n", TWO),
    "columns with names of code": ("__import__('os'),t,=1+1,y\n5,0,6,1\n5,2,6,3\n", TWO),
    "negative zero": ("t,y\n-0.0,1\n2,3\n", [(-0.0, 1.0), (2.0, 3.0)]),
    "forms of numbers": ("t,y\n+1.,.5\n1E+02,-1.e-2\n007,1e0\n", [(1.0, 0.5), (100.0, -0.01), (7.0, 1.0)]),
    "ends of the range": (f"t,y\n5e-324,{LARGEST!r}\n-2.2250738585072014e-308,0\n", [(5e-324, LARGEST), (-(2.0**-1022), 0.0)]),
    "17 digits": ("t,y\n0.30000000000000004,9007199254740993\n", [(0.30000000000000004, 9007199254740992.0)]),
    "halfway, decided by the 800th digit": (f"t,y\n{HALFWAY}{'0' * 700}1,0\n", [(1.0000000000000002, 0.0)]),
    "a number of 100,000 digits": ("t,y\n0." + "3" * 100_000 + ",1\n", [(1 / 3, 1.0)]),
    "a large exponent made small": ("t,y\n0." + "0" * 400 + "1e401,1\n", [(1.0, 1.0)]),
    "zero with a large exponent": ("t,y\n0e999,0.000\n", [(0.0, 0.0)]),
    "lines of one column more": ("t,y,\n0,1,\n2,3,\n", TWO),
    "semicolons and decimal commas": ("t;y\n0,5;1\n2;3,25\n", [(0.5, 1.0), (2.0, 3.25)]),
    "tabs": ("t\ty\n0\t1\n2\t3\n", TWO),
    "bars": ("t|y\n0|1\n2|3\n", TWO),
    "aligned by blanks": ("t     y\n0.0   1\n2.0   3\n", TWO),
    "a semicolon in an ignored name": ('t,"a;b",y\n0,7,1\n2,7,3\n', TWO),
    "60,000 columns": (f"t,y,{MANY}\n0,1{',5' * 60_000}\n2,3{',5' * 60_000}\n", TWO),
    "20,000 rows": ("t,y\n" + "".join(f"{i},{i / 7!r}\n" for i in range(20_000)), [(float(i), i / 7) for i in range(20_000)]),
    "a comment of 5 MB": ("t,y\n0,1\n#" + "x" * 5_000_000 + "\n2,3\n", TWO),
}
UNUSUAL: dict[str, tuple[str, Rows]] = {
    "CR alone": ("t,y\r0,1\r2,3\r", TWO),
    "empty lines": ("t,y\n\n0,1\n\n\n2,3\n\n", TWO),
    "an empty first line": ("\nt,y\n0,1\n2,3\n", TWO),
    "two marks of byte order": ("\ufeff\ufefft,y\n0,1\n2,3\n", TWO),
    "a no-break space": ("t,y\n\u00a00,1\n2,3\n", TWO),
    "an end of file of DOS": ("t,y\n0,1\n2,3\n\x1a", TWO),
    "a .tsv of commas": ("t,y\n0,1\n2,3\n", TWO),
    "single quotes": ("'t','y'\n'0','1'\n2,3\n", TWO),
    "200,000 empty lines": ("t,y\n0,1\n" + "\n" * 200_000 + "2,3\n", TWO),
    "a name in another form of Unicode": ("t,y,e\u0301,\u00e9\n0,1,5,5\n2,3,5,5\n", TWO),
}
NO_NUMBERS = {
    "a word": "five",
    "inf": "inf",
    "-Infinity": "-Infinity",
    "1e400": "1e400",
    "-1e999999999": "-1e999999999",
    "a digit more than the largest": "1.8e308",
    "hexadecimal": "0x10",
    "hexadecimal float": "0x1p3",
    "an underscore": "1_000",
    "binary": "0b1",
    "Fortran": "1d5",
    "a complex number": "1j",
    "two signs": "--1",
    "an exponent alone": "e5",
    "no exponent": "1e",
    "two points": "1.2.3",
    "two numbers": "1 2",
    "True": "True",
    "a fraction": "1/2",
    "per cent": "5%",
    "a currency": "$5",
    "a date": "2024-01-01",
    "minus of typesetters": "\u22121",
    "one half": "\u00bd",
    "a square": "\u00b2",
    "Roman": "\u2167",
    "Chinese": "\u4e09",
    "circled": "\u2460",
    "a zero-width space": "\u200b1",
    "a soft hyphen": "1\u00ad0",
    "a formula": "=1+1",
    "code": "__import__('os').system('x')",
    "ESC": "\x1b[2J1",
    "BEL": "1\x07",
    "right to left": "\u202e1",
    "NEL": "1\x852",
    "a line separator": "1\u20282",
    "10,000 signs": "x" * 10_000,
    "100,000 signs": "7" * 99_999 + "x",
    "a surrogate's name": "\\ud800",
    "brackets": "(" * 5_000,
}
OF_OTHER_SCRIPTS = {
    "Arabic": "\u0663",
    "Persian": "\u06f3",
    "Devanagari": "\u0969",
    "full-width": "\uff13",
    "bold": "\U0001d7d1",
    "mixed": "1\u0663",
    "an Arabic exponent": "1e\u0662",
    "a full-width point": "1\uff0e5",
    "an Arabic decimal sign": "1\u066b5",
}
TO_ZERO = {"1e-400": "1e-400", "-1e-400": "-1e-400", "2e-324": "2e-324", "1e-999999999": "1e-999999999"}
TO_ZERO["0.00 ... 1"] = "0." + "0" * 400 + "1"
MISSING = ("", "NA", "n/a", "NaN", "null", "NONE", '""', " ")
WRONG: dict[str, tuple[str | bytes, Sequence[str]]] = {
    "nothing": ("", ()),
    "only a mark of byte order": ("\ufeff", ()),
    "only comments": ("# a\n# b\n", ()),
    "only the first line": ("t,y\n", ()),
    "only empty lines": ("\n" * 1000, ()),
    "no column y": ("t,z\n0,1\n", ("y",)),
    "no names": ("0,1\n2,3\n", ("t",)),
    "a column twice": ("t,t,y\n0,0,1\n", ("t",)),
    "a column twice, once in quotes": ('t,"t",y\n0,0,1\n', ("t",)),
    "a short line": ("t,y\n0,1\n2\n", ("line 3",)),
    "a long line": ("t,y\n0,1\n2,3,4\n", ("line 3",)),
    "a long line behind a line break in quotes": ('t,y,n\n0,1,"a\nb"\n2,3,4,5\n', ("line 4",)),
    "a quote without an end": ('t,y\n0,"1\n' + "2,3\n" * 100, ("line 2",)),
    "a quote without an end, 8 MB": ('t,y\n0,"1\n' + "2,3\n" * 2_000_000, ("line 2",)),
    "text behind a quote": ('t,y\n0,"1"2\n2,3\n', ("line 2",)),
    "a million quotes": ("t,y\n0," + '"' * 1_000_001 + "\n", ()),
    "decimal commas and points": ("t;y\n0,5;1\n2.5;3\n", ("line 3",)),
    "a point among decimal commas that are not read": ("t;y;z\n1.234;1;5,6\n2.345;3;7.890,1\n", ("line 2", "t")),
    "a decimal comma in row 300": ("t;y\n" + "0.5;1\n" * 300 + "0,5;1\n", ("line 302",)),
    "thousands": ("t;y\n1.000.000;1\n", ("line 2", "t")),
    "NUL": (b"t,y\n0,1\x00\n2,3\n", ()),
    "NUL in row 100,000": (b"t,y\n" + b"0,1\n" * 100_000 + b"2,\x003\n", ()),
    "NUL in a name": (b"t\x00,t,y\n0,0,1\n", ()),
    "only NUL": (b"\x00" * 100_000, ()),
    "UTF-16, little end first": ("t,y\n0,1\n".encode("utf-16"), ("UTF",)),
    "UTF-16, big end first": (b"\xfe\xff" + "t,y\n0,1\n".encode("utf-16-be"), ("UTF",)),
    "UTF-16 without a mark": ("t,y\n0,1\n".encode("utf-16-le"), ()),
    "UTF-32": ("t,y\n0,1\n".encode("utf-32"), ()),
    "UTF-7": ("+AHQ,y\n0,1\n", ("t",)),
    "EBCDIC": ("t,y\n0,1\n".encode("cp037"), ()),
    "Latin-1": ("t,y,größe\n0,1,2\n".encode("latin-1"), ("UTF-8",)),
    "Latin-1 in row 50,000": (b"t,y,n\n" + b"0,1,a\n" * 50_000 + b"2,3,\xe9\n", ("UTF-8",)),
    "a cut sign of UTF-8": (b"t,y,n\n0,1,\xe2\x82", ("UTF-8",)),
    "an overlong sign of UTF-8": (b"t,y,n\n0,1,\xc0\xaf\n", ("UTF-8",)),
    "a surrogate in UTF-8": (b"t,y,n\n0,1,\xed\xa0\x80\n", ("UTF-8",)),
    "ESC in names": ("t\x1b[31m,\x1b]0;title\x07,z\n0,1,2\n", ("y",)),
    "directions in names": ("t,\u202eevil\u2066,z\n0,1,2\n", ("y",)),
    "line ends in names": ('t,"a\nerror: nothing\nb",z\n0,1,2\n', ("y",)),
    "a name of 1 MB": ("t," + "n" * 1_000_000 + "\n0,1\n", ("first line",)),
    "60,000 other names": (f"t,{MANY}\n0\n", ("y",)),
    "one line of 8 MB": ("1" * 8_000_000, ()),
    "commas, 1,000,000": ("t,y" + "," * 1_000_000 + "\n0,1\n", ("line 2",)),
    "HTML": ("<!DOCTYPE html>\n<html><body>404</body></html>\n", ("t",)),
    "JSON": ('[{"t": 0, "y": 1}]\n', ("t",)),
    "a pickle": (b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00]\x94.", ()),
    "Parquet": (b"PAR1\x00\x00\x00\x00PAR1", ()),
    "NPY": (b"\x93NUMPY\x01\x00v\x00{'descr': '<f8'}", ()),
    "gzip": (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00", ()),
    "a zip": (b"PK\x03\x04" + b"\x00" * 30, ()),
}
TWICE = ("a quote without an end", "a short line", "NUL in row 100,000", "ESC in names", "a name of 1 MB", "one line of 8 MB")
OPTIONS: dict[str, tuple[str, str, Rows]] = {
    "--thousands .": ("t;y\n1.000,5;1\n2;3\n", "--thousands . --decimal ,", [(1000.5, 1.0), (2.0, 3.0)]),
    "--thousands ,": ('t,y\n"1,234.5",1\n2,3\n', "--thousands ,", [(1234.5, 1.0), (2.0, 3.0)]),
    "--delimiter space": ("t y\n0 1\n2 3\n", "--delimiter space", TWO),
    "--delimiter tab": ("t\ty\n0,5\t1\n", "--delimiter tab --decimal ,", [(0.5, 1.0)]),
    "--decimal . despite semicolons": ("t;y\n0.5;1\n", "--decimal .", [(0.5, 1.0)]),
    "--drop-missing": ("t,y\n0,1\n2,3\n", "--drop-missing", TWO),
    "--stream": ("t,y\n0,1\n2,3\n", "--stream", TWO),
    "--stream, decimal commas": ("t;y\n0,5;1\n2;3\n", "--stream", [(0.5, 1.0), (2.0, 3.0)]),
}
BAD_OPTIONS = {
    "groups of two digits": ('t,y\n"1,23",1\n', "--thousands ,"),
    "groups behind the point": ('t,y\n"1.234,567",1\n', "--thousands ,"),
    "one sign for both": ("t;y\n1,5;1\n", "--thousands , --decimal ,"),
    "a delimiter of three signs": ("t;;;y\n1;;;1\n", "--delimiter ;;;"),
    "ESC as a delimiter": ("t\x1by\n1\x1b1\n", "--delimiter \x1b"),
    "a digit as a delimiter": ("t1y\n010\n", "--delimiter 1"),
    "a letter as a decimal sign": ("t,y\n0e5,1\n", "--decimal e"),
}


def cases(rng: random.Random) -> Iterator[Case]:
    """Cases of text that is right, unusual and wrong, by the command line and by the interface."""
    yield from _right()
    yield from _cells()
    for name, (text, words) in WRONG.items():
        check = is_refused("rows.csv", *words)
        yield Case(f"text: {name}", call=reading("rows.csv"), prepare=_file(text), check=check, seconds=8)
    for name in TWICE:
        content, words = WRONG[name]
        given = {"project": True, "prepare": _file(content), "check": is_refused("rows.csv", *words), "seconds": 8}
        yield Case(f"text: {name}, gradcheck", ("gradcheck", "decay", "--data", "rows.csv"), **given)
        yield Case(f"text: {name}, by stream", call=streaming("rows.csv"), **given)
    for i in range(48):
        yield from _drawn(i, rng)


def _file(content: str | bytes, name: str = "rows.csv") -> Prepare:
    return written({name: content.encode() if isinstance(content, str) else content})


def _right() -> Iterator[Case]:
    for name, (text, rows) in RIGHT.items():
        yield Case(f"text: {name}", call=reading("rows.csv"), prepare=_file(text), codes=(0,), check=is_read(rows))
    hashes = "lines in quotes that begin like comments"
    for name in ("CRLF", hashes, "semicolons and decimal commas", "ends of the range", "20,000 rows"):
        text, rows = RIGHT[name]
        prepared = {"project": True, "prepare": _file(text), "codes": (0,)}
        yield Case(f"text: {name}, by stream", call=streaming("rows.csv", rows=2), check=is_read(rows), **prepared)
        yield Case(f"text: {name}, predict", (*PREDICT, "rows.csv"), check=is_predicted(rows), **prepared)
    for name, (text, rows) in UNUSUAL.items():
        file = "rows.tsv" if ".tsv" in name else "rows.csv"
        yield Case(f"text: {name}", call=reading(file), prepare=_file(text, file), check=read_or_refused(rows, file))
    for name, (text, line, rows) in OPTIONS.items():
        words = (*PREDICT, "rows.csv", *line.split())
        yield Case(f"text: {name}", words, project=True, prepare=_file(text), codes=(0,), check=is_predicted(rows))
    for name, (text, line) in BAD_OPTIONS.items():
        words = (*PREDICT, "rows.csv", *line.split(" "))
        check = clear_or_done() if name == "ESC as a delimiter" else is_refused()
        yield Case(f"text: {name}", words, project=True, prepare=_file(text), codes=(0, 2), check=check)


def _cells() -> Iterator[Case]:
    """What stands in one cell of the second row."""
    named = is_refused("rows.csv", "line 3", "column t")
    for name, cell in NO_NUMBERS.items():
        yield Case(f"text: cell {name}", call=reading("rows.csv"), prepare=_cell(cell), check=named)
    for name in ("ESC", "right to left", "10,000 signs", "code", "1e400"):
        given = {"project": True, "prepare": _cell(NO_NUMBERS[name]), "check": named}
        yield Case(f"text: cell {name}, fit", ("fit", "decay", "--data", "rows.csv"), **given)
        yield Case(f"text: cell {name}, by stream", call=streaming("rows.csv"), **given)
    for name, cell in {**OF_OTHER_SCRIPTS, **TO_ZERO}.items():
        words = ("predict", "decay", "--weights", "a=1,k=1", "--data", "rows.csv")
        yield Case(f"text: cell {name}", words, project=True, prepare=_cell(cell), check=_said_if_read)
    for cell in MISSING:
        yield Case(f"text: missing cell {cell!r}", call=reading("rows.csv"), prepare=_cell(cell), check=named)
        words = (*PREDICT, "rows.csv", "--drop-missing", "--json")
        yield Case(f"text: dropped cell {cell!r}", words, project=True, prepare=_cell(cell), codes=(0,), check=_with_null)


def _cell(cell: str) -> Prepare:
    return _file(f"t,y\n0,1\n{cell},1\n2,3\n")


def _said_if_read(folder: Path, outcome: Outcome) -> str:
    """A number that becomes 0, or has digits of other scripts, is refused, or a line about it says so."""
    if outcome.code == 2:
        return is_refused("rows.csv", "line 3", "column t")(folder, outcome)
    said = [line for line in outcome.err.decode().splitlines() if not line.startswith("next: ")]
    return "" if any("rows.csv" in line and "3" in line for line in said) else "read without a word"


def _with_null(folder: Path, outcome: Outcome) -> str:
    del folder
    found = json.loads(outcome.out)["level"]
    return "" if len(found) == 3 and found[1] is None and found[0] == 1.0 else f"{found} instead of three, of which one is null"


def _drawn(number: int, rng: random.Random) -> Iterator[Case]:
    """A file in a drawn form, of drawn numbers, which must be read to the bit."""
    rows = [(rng.uniform(0, 5), rng.uniform(-1, 1) * rng.choice((1.0, 1e300))) for _ in range(rng.randrange(1, 40))]
    delimiter = rng.choice(",,;\t|")
    comma = delimiter != "," and rng.random() < 0.5
    quote = rng.random() < 0.3
    end = rng.choice(("\n", "\n", "\r\n"))
    names = ["t", "y", *rng.sample(["note", "größe", "t2", "Y", "x y"], rng.randrange(3))]
    rng.shuffle(names)

    def cell(value: object) -> str:
        text = value.replace("'", "") if isinstance(value, str) else repr(value)
        text = text.replace(".", ",") if comma and not isinstance(value, str) else text
        return f'"{text}"' if quote or delimiter in text or "\n" in text else text

    lines, others = [delimiter.join(map(cell, names))], ["a", "", "b\nc", "d#", f"e{delimiter}f", "g\n#h"]
    for t, y in rows:
        of = {"t": t, "y": y}
        lines.append(delimiter.join(cell(of.get(name, rng.choice(others))) for name in names))
        if rng.random() < 0.1:
            lines.append("# " + rng.choice(["a remark", '"', "1,2,3,4"]))
    text = rng.choice(("", "\ufeff")) + end.join(lines) + rng.choice(("", end))
    suffix = rng.choice((".csv", ".txt", ".dat", ".tsv" if delimiter == "\t" else ".csv"))
    prepared = {"prepare": _file(text, f"rows{suffix}"), "codes": (0,)}
    if number % 3 == 0:
        words = (*PREDICT, f"rows{suffix}")
        yield Case(f"text: drawn {number}, predict", words, project=True, check=is_predicted(rows), **prepared)
    elif number % 3 == 1:
        call = streaming(f"rows{suffix}", rows=rng.randrange(1, 9))
        yield Case(f"text: drawn {number}, by stream", call=call, project=True, check=is_read(rows), **prepared)
    else:
        yield Case(f"text: drawn {number}", call=reading(f"rows{suffix}"), check=is_read(rows), **prepared)
