"""Texts and names of students' files that are odd before anything runs."""

import json
import random
import zipfile
from collections.abc import Iterator, Mapping
from io import BytesIO

Content = tuple[bytes, int | None]
"""The bytes of a file, and its points of 4, or None if they may be any."""


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
        "empty": (b"", 0),
        "of a mark": (b"\xef\xbb\xbf", 0),
        "with a mark": (b"\xef\xbb\xbf" + lines, 4),
        "in Latin-1": ("# coding: latin-1\n# \xe9\xe8\n".encode("latin-1") + lines, 4),
        "in Latin-1, unsaid": ("# \xe9\xe8\n".encode("latin-1") + lines, 0),
        "in UTF-16": (good.encode("utf-16"), 0),
        "in an unknown encoding": (b"# coding: klingon\n" + lines, 0),
        "in no encoding of text": (b"# coding: rot13\n" + lines, 0),
        "in a long encoding": (b"# coding: " + b"x" * 10**6 + b"\n" + lines, 0),
        "with NUL": (lines.replace(b"slope", b"sl\0pe"), 0),
        "with carriage returns": (lines.replace(b"\n", b"\r\n"), 4),
        "with carriage returns alone": (lines.replace(b"\n", b"\r"), 4),
        "with a form feed": (b"\x0c\n" + lines, 4),
        "with tabs": (lines.replace(b"    ", b"\t"), 4),
        "with wide letters": (good.replace("def forward", "def \uff46orward").encode(), 4),
        "with odd variables": (good.replace("level = ", "\U0001d4c1evel = ").encode(), 4),
        "with a line at its start": (b"#!/usr/bin/env python3\nfrom __future__ import annotations\n" + lines, 4),
        "below a condition": (b"if True:\n" + b"".join(b"    " + line for line in lines.splitlines(True)), 4),
        "without its last line's end": (lines.rstrip(), 4),
        "of types": (good.replace("(x, y, W)", "(x: 'float', y: int | None, W: list[float]) -> dict[str, float]").encode(), 4),
        "of coroutines": (good.replace("def ", "async def ").encode(), 0),
        "of generators": (good.replace("return ", "yield ").encode(), 0),
        "of a random byte": (bytes(broken), 0),
        "of random bytes": (rng.randbytes(5000), 0),
        "of a notebook": (json.dumps(notebook).encode(), 0),
        "of an archive": (archive.getvalue(), 0),
        "of a library": (b"\x7fELF" + bytes(2000), 0),
        "of nested brackets": (b"x = " + b"(" * 50_000 + b")" * 50_000 + b"\n" + lines, 0),
        "of nested lists in two lines": (b"x = " + b"[" * 150 + b"]" * 150 + b"\n" + lines, 4),
        "of many signs": (b"x = " + b"-" * 200_000 + b"1\n" + lines, 0),
        "of a long sum": (b"x = " + b"1+" * 100_000 + b"1\n" + lines, None),
        "of a long chain": (b"x = a" + b".b" * 100_000 + b"\n" + lines, 0),
        "of deep blocks": (b"".join(b" " * i + b"if 1:\n" for i in range(120)) + b" " * 120 + b"pass\n" + lines, 0),
        "of many lines": (b"x = 1\n" * 200_000 + lines, 4),
        "of many functions": (b"".join(b"def f%d(): pass\n" % i for i in range(20_000)) + lines, 4),
        "of a long line": (b"x = [" + b"1," * 500_000 + b"]\n" + lines, 4),
        "of a long text": (b"x = '" + b"y" * 5_000_000 + b"'\n" + lines, 4),
        "of a long number": (b"x = " + b"9" * 100_000 + b"\n" + lines, 0),
        "of a format that grows": (b"x = f'{1:>999999999}'\n" + lines, None),
        "of a constant that grows": (b"x = lambda: 'x' * 10**9 + 'y' * 10**9\n" + lines, None),
        "of a constant power": (b"x = lambda: 9 ** 9 ** 9 ** 9\n" + lines, 4),
        "with controls in what is quoted": (good.replace('slope = 2 * (d["level"] - d["y"])', quoted).encode(), 2),
        "with controls where it breaks": (b"x = '\x1b[2J\xe2\x80\xae' $\n" + lines, 0),
        "that breaks far right": (b"x = " + b"'\x1b[2J' + " * 50_000 + b"$\n" + lines, 0),
        "that breaks at its indent": (b"def f():\n\x1b[2J\n" + lines, 0),
        "of an unended text": (b'x = """\x1b[2J\n' + lines, 0),
        "with two of each function": (lines + b"\n\n" + lines, 4),
        "with a wrong one and then the right one": (good.replace("2 * (", "3 * (").encode() + b"\n\n" + lines, 4),
        "with surrogates": (good.encode() + b"\nx = '\\ud800'\n", 4),
    }


def files(good: str) -> Iterator[tuple[str, bytes, int | None]]:
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
        "student.ipynb",
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
        yield name, good.encode(), 4
