"""Text that is compressed or mutated."""

import bz2
import csv
import gzip
import lzma
import random
import zlib
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path

from cases import Case
from files_checks import (
    PREDICT,
    Rows,
    as_by,
    clear_or_done,
    is_predicted,
    is_read,
    is_refused,
    made,
    read_or_refused,
    reading,
    streaming,
    written,
)
from files_mutations import BINARY, TEXT, mutated

ROWS: Rows = [(i / 4, 2 * 0.7 ** (i / 4)) for i in range(40)]
PLAIN = ("t,y\n" + "".join(f"{t!r},{y!r}\n" for t, y in ROWS)).encode()


def _zst(content: bytes) -> bytes:
    def compressed() -> bytes:
        import pyarrow

        return pyarrow.compress(content, codec="zstd", asbytes=True)

    return made(compressed)


KINDS: dict[str, Callable[[bytes], bytes]] = {
    "gz": partial(gzip.compress, mtime=0),
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": cache(_zst),
}


def cases(rng: random.Random) -> Iterator[Case]:
    """Compressed text that is right, broken, or grows beyond all bounds; and mutations of text."""
    for suffix, compress in KINDS.items():
        name = f"rows.csv.{suffix}"
        whole = compress(PLAIN)
        yield from _compressed(suffix, name, whole)
        yield from _bombs(suffix, name, compress)
        for kind, content in mutated(whole, rng, 14, BINARY):
            check = clear_or_done(name) if suffix == "zst" else read_or_refused(ROWS, name)  # pyarrow writes it without a sum
            given = {"prepare": written({name: content}), "check": check, "codes": (0, 2)}
            yield Case(f"{suffix}: {kind}", call=reading(name), **given)
    yield from _gzip_headers()
    for number, (kind, content) in enumerate(mutated(PLAIN[:400], rng, 66, TEXT)):
        given = {"prepare": written({"rows.csv": content}), "codes": (0, 2)}
        check = as_by(lambda folder: _strictly(folder / "rows.csv"), "rows.csv")
        if number % 3 == 2:
            yield Case(f"text: {kind}, by stream", call=streaming("rows.csv"), project=True, check=check, **given)
        else:
            yield Case(f"text: {kind}", call=reading("rows.csv"), check=check, **given)


def _strictly(path: Path) -> Rows:
    """Read text by the module csv, and by float alone."""
    with path.open(encoding="utf-8", newline="") as file:
        lines = [line for line in file if not line.startswith("#")]
    names, *rows = csv.reader(lines, strict=True)
    assert all(len(row) in (0, len(names)) for row in rows)
    t, y = names.index("t"), names.index("y")
    return [(float(row[t]), float(row[y])) for row in rows if row]


def _compressed(suffix: str, name: str, whole: bytes) -> Iterator[Case]:
    """What is right, what is cut or continued, and what its name does not say."""
    right = {"prepare": written({name: whole}), "codes": (0,)}
    yield Case(f"{suffix}: right", call=reading(name), check=is_read(ROWS), **right)
    yield Case(f"{suffix}: right, predict", (*PREDICT, name), project=True, check=is_predicted(ROWS), **right)
    yield Case(f"{suffix}: right, by stream", call=streaming(name, rows=7), project=True, check=is_read(ROWS), **right)
    words = (*PREDICT, "-")
    yield Case(f"{suffix}: right, stdin", words, project=True, stdin=whole, codes=(0,), check=is_predicted(ROWS))
    half = len(PLAIN) // 2 // 9 * 9
    twice = KINDS[suffix](PLAIN[:half]) + KINDS[suffix](PLAIN[half:])
    yield Case(
        f"{suffix}: in two members", call=reading(name), prepare=written({name: twice}), check=read_or_refused(ROWS, name)
    )
    broken = {
        "cut in the middle": whole[: len(whole) // 2],
        "without its last byte": whole[:-1],
        "without its last 8 bytes": whole[:-8],
        "only its first bytes": whole[:6],
        "nothing": b"",
        "of nothing": KINDS[suffix](b""),
        "followed by noise": whole + b"noise" * 20,
        "plain": PLAIN,
        "of another kind": KINDS["xz" if suffix == "gz" else "gz"](PLAIN),
        "compressed twice": KINDS[suffix](whole),
        "of NUL": KINDS[suffix](bytes(1000)),
    }
    for kind, content in broken.items():
        may_be_read = kind in ("followed by noise", "plain", "of another kind")
        check = read_or_refused(ROWS, name) if may_be_read else is_refused(name)
        yield Case(f"{suffix}: {kind}", call=reading(name), prepare=written({name: content}), check=check)


def _bombs(suffix: str, name: str, compress: Callable[[bytes], bytes]) -> Iterator[Case]:
    """Small files of 640 MiB: one line, one cell, one quote, lines without a row, in members of 16 MiB."""
    for kind, begin, sign in (
        ("a line", b"t,y\n", b"1"),
        ("names", b"", b"n,"),
        ("a quote", b't,y\n0,"', b"\n"),
        ("empty lines", b"t,y\n0,1\n", b"\n"),
        ("comments", b"t,y\n0,1\n", b"#\n"),
    ):
        times = 40
        if kind in ("a line", "empty lines", {"gz": "names", "xz": "a quote", "bz2": "comments"}.get(suffix)):

            def prepare(folder: Path, begin: bytes = begin, sign: bytes = sign, times: int = times) -> None:
                (folder / name).write_bytes(compress(begin) + compress(sign * (2**24 // len(sign))) * times)

            given = {"prepare": prepare, "seconds": 12 if times > 1 else 5, "check": clear_or_done(name)}
            yield Case(f"{suffix}: {kind} of {16 * times} MiB", call=reading(name), **given)


def _gzip_headers() -> Iterator[Case]:
    """Fields of headers that lie: names, lengths, sums, windows and dictionaries."""
    whole = gzip.compress(PLAIN, mtime=0)
    body = whole[10:]
    headers = {
        "a name": (whole[:3] + b"\x08" + whole[4:10] + b"../../\x1b[31mevil\x00" + body, True),
        "a name without an end": (whole[:3] + b"\x08" + whole[4:10] + b"x" * 100_000, False),
        "an extra field": (whole[:3] + b"\x04" + whole[4:10] + b"\x04\x00abcd" + body, True),
        "an extra field longer than the file": (whole[:3] + b"\x04" + whole[4:10] + b"\xff\xff" + body, False),
        "a wrong sum": (whole[:-8] + b"\x00\x00\x00\x00" + whole[-4:], False),
        "a wrong length": (whole[:-4] + b"\xff\xff\xff\x7f", False),
        "another method": (whole[:2] + b"\x07" + whole[3:], False),
        "stored blocks": (_stored(PLAIN), True),
        "zlib's header": (zlib.compress(PLAIN), False),
    }
    for kind, (content, right) in headers.items():
        check = is_read(ROWS) if right else is_refused("rows.csv.gz")
        yield Case(f"gz: {kind}", call=reading("rows.csv.gz"), prepare=written({"rows.csv.gz": content}), check=check)
    for size in (40, 39, 36):
        content = _of_window(lzma.compress(PLAIN), size)
        given = {"prepare": written({"rows.csv.xz": content}), "check": read_or_refused(ROWS, "rows.csv.xz")}
        yield Case(f"xz: a dictionary of 2^{size // 2 + 12} bytes or so", call=reading("rows.csv.xz"), **given)
    for window in (31, 41):
        content = b"\x28\xb5\x2f\xfd\x00" + bytes([(window - 10) << 3]) + b"\x01\x00\x00"
        given = {"prepare": written({"rows.csv.zst": content}), "check": is_refused("rows.csv.zst")}
        yield Case(f"zst: a window of 2^{window} bytes", call=reading("rows.csv.zst"), **given)
    claims = b"\x28\xb5\x2f\xfd\xc0\x58" + (2**60).to_bytes(8, "little") + b"\x01\x00\x00"
    given = {"prepare": written({"rows.csv.zst": claims}), "check": is_refused("rows.csv.zst")}
    yield Case("zst: says that it has 2^60 bytes", call=reading("rows.csv.zst"), **given)


def _stored(content: bytes) -> bytes:
    """Return gzip without compression."""
    return gzip.compress(content, compresslevel=0, mtime=0)


def _of_window(content: bytes, size: int) -> bytes:
    """Return an xz file that asks for another dictionary, with the header's sum put right."""
    header = bytearray(content[12 : 12 + (content[12] + 1) * 4])
    at = header.index(b"\x21\x01") + 2
    header[at] = size
    header[-4:] = zlib.crc32(bytes(header[:-4])).to_bytes(4, "little")
    return content[:12] + bytes(header) + content[12 + len(header) :]
