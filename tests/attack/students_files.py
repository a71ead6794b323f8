"""Texts and names of students' files that are odd before anything runs."""

import json
import random
import zipfile
from collections.abc import Iterator, Mapping
from io import BytesIO

TOTAL = 4
"""Points that there are for two functions."""
Points = tuple[int, int]
"""The least and the most points that are right."""
Content = tuple[bytes, Points]
"""The bytes of a file, and its points."""
NONE, HALF, ALL, ANY = (0, 0), (2, 2), (TOTAL, TOTAL), (0, TOTAL)


def contents(good: str, rng: random.Random) -> Mapping[str, Content]:
    """Return odd contents by what is odd."""
    lines = good.encode()
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("__main__.py", good)
    notebook = {"cells": [{"cell_type": "code", "source": good.splitlines(True), "outputs": []}], "nbformat": 4, "metadata": {}}
    broken = bytearray(lines)
    for _ in range(20):
        broken[rng.randrange(len(broken))] = rng.randrange(128, 256)
    quoted = "slope = 3 * (d['level'] - d['y']) + len('\x1b[2J\u202e\x07') * 0"
    return {
        "empty": (b"", NONE),
        "of a mark": (b"\xef\xbb\xbf", NONE),
        "with a mark": (b"\xef\xbb\xbf" + lines, ALL),
        "in Latin-1": ("# coding: latin-1\n# \xe9\xe8\n".encode("latin-1") + lines, ALL),
        "in Latin-1, unsaid": ("# \xe9\xe8\n".encode("latin-1") + lines, ANY),
        "in UTF-16": (good.encode("utf-16"), NONE),
        "in an unknown encoding": (b"# coding: klingon\n" + lines, NONE),
        "in no encoding of text": (b"# coding: rot13\n" + lines, NONE),
        "in a long encoding": (b"# coding: " + b"x" * 10**6 + b"\n" + lines, NONE),
        "with NUL": (lines.replace(b"slope", b"sl\0pe"), NONE),
        "with carriage returns": (lines.replace(b"\n", b"\r\n"), ALL),
        "with carriage returns alone": (lines.replace(b"\n", b"\r"), ALL),
        "with a form feed": (b"\x0c\n" + lines, ALL),
        "with tabs": (lines.replace(b"    ", b"\t"), ALL),
        "with wide letters": (good.replace("def forward", "def \uff46orward").encode(), ALL),
        "with odd variables": (good.replace("level = ", "\U0001d4c1evel = ").encode(), ALL),
        "with a line at its start": (b"#!/usr/bin/env python3\nfrom __future__ import annotations\n" + lines, ALL),
        "below a condition": (b"if True:\n" + b"".join(b"    " + line for line in lines.splitlines(True)), ALL),
        "without its last line's end": (lines.rstrip(), ALL),
        "of types": (
            good.replace("(x, y, W)", "(x: 'float', y: int | None, W: list[float]) -> dict[str, float]").encode(),
            ALL,
        ),
        "of coroutines": (good.replace("def ", "async def ").encode(), NONE),
        "of generators": (good.replace("return ", "yield ").encode(), NONE),
        "of a random byte": (bytes(broken), NONE),
        "of random bytes": (rng.randbytes(5000), NONE),
        "of a notebook": (json.dumps(notebook).encode(), NONE),
        "of an archive": (archive.getvalue(), NONE),
        "of a library": (b"\x7fELF" + bytes(2000), NONE),
        "of nested brackets": (b"x = " + b"(" * 50_000 + b")" * 50_000 + b"\n" + lines, NONE),
        "of nested lists in two lines": (b"x = " + b"[" * 150 + b"]" * 150 + b"\n" + lines, ALL),
        "of many signs": (b"x = " + b"-" * 200_000 + b"1\n" + lines, NONE),
        "of a long sum": (b"x = " + b"1+" * 100_000 + b"1\n" + lines, ANY),
        "of a long chain": (b"x = a" + b".b" * 100_000 + b"\n" + lines, NONE),
        "of deep blocks": (b"".join(b" " * i + b"if 1:\n" for i in range(120)) + b" " * 120 + b"pass\n" + lines, NONE),
        "of many lines": (b"x = 1\n" * 5000 + lines, ALL),
        "of too many lines": (b"x = 1\n" * 200_000 + lines, NONE),
        "of many functions": (b"".join(b"def f%d(): pass\n" % i for i in range(1000)) + lines, ALL),
        "of a long line": (b"x = [" + b"1," * 50_000 + b"]\n" + lines, ALL),
        "of a long text": (b"x = '" + b"y" * 500_000 + b"'\n" + lines, ALL),
        "of a long number": (b"x = " + b"9" * 100_000 + b"\n" + lines, NONE),
        "of a format that grows": (b"x = f'{1:>999999999}'\n" + lines, ANY),
        "of a constant that grows": (b"x = lambda: 'x' * 10**9 + 'y' * 10**9\n" + lines, ANY),
        "of a constant power": (b"x = lambda: 9 ** 9 ** 9 ** 9\n" + lines, ALL),
        "with controls in what is quoted": (good.replace('slope = 2 * (d["level"] - d["y"])', quoted).encode(), HALF),
        "with controls where it breaks": (b"x = '\x1b[2J\xe2\x80\xae' $\n" + lines, NONE),
        "that breaks far right": (b"x = " + b"'\x1b[2J' + " * 50_000 + b"$\n" + lines, NONE),
        "that breaks at its indent": (b"def f():\n\x1b[2J\n" + lines, NONE),
        "of an unended text": (b'x = """\x1b[2J\n' + lines, NONE),
        "with two of each function": (lines + b"\n\n" + lines, ALL),
        "with a wrong one and then the right one": (good.replace("2 * (", "3 * (").encode() + b"\n\n" + lines, ALL),
        "with surrogates": (good.encode() + b"\nx = '\\ud800'\n", ALL),
    }


def files(good: str) -> Iterator[tuple[str, bytes, Points]]:
    """Return files whose names are odd and whose content is right."""
    for name in (
        "a b.py",
        "-x.py",
        "--model",
        "\xfcn\xef.py",
        "x\ny.py",
        "\x1b[2J.py",
        "\u202eyp.x",
        "bad\udcff\udcfe.py",
        "student.txt",
        "student",
        "student.pyc",
        "student.so",
        ".hidden.py",
        f"{'n' * 250}.py",
        "numpy.py",
        "symgraph.py",
        "json.py",
        "sys.py",
        "encodings.py",
        "site.py",
        "__init__.py",
        "__main__.py",
        "first.py.py",
        "a,b.py",
        '"quoted".py',
        "=1+2.py",
        "$(touch ATTACKED).py",
        "`touch ATTACKED`.py",
        "a%sb%n{0}.py",
        "first.py, model decay: 4 of 4 points",
        "maximum",
    ):
        yield name, good.encode(), ALL
