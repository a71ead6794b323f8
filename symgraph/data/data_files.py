"""Data as a user names them: a file, a compressed one, a pipe or stdin, opened as often as it is read."""

import gzip
import importlib
import io
import os
import stat
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from symgraph.data.documents import content_of_pipe, content_up_to
from symgraph.errors import DataError, OptionError

_STREAM = 1 << 30
"""Bytes of stdin or a pipe at most, which are kept in memory: larger files are read in blocks."""

_MAGIC = {
    b"PAR1": ".parquet",
    b"ARROW1": ".arrow",
    b"\xff\xff\xff\xff": ".arrow",  # the beginning of each message of Arrow's stream format
    b"\x93NUMPY": ".npy",
    b"\x1f\x8b": ".gz",
    b"BZh": ".bz2",
    b"\xfd7zXZ\0": ".xz",
    b"\x28\xb5\x2f\xfd": ".zst",
    b"PK\x03\x04": ".zip",
    **{bytes([0x80, protocol]): ".pkl" for protocol in range(2, 6)},
}
"""First bytes of files of some formats, with their suffixes."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """Data that can be read again from the beginning.

    Attributes:
        name: as the user gave it, for messages.
        suffix: of the format, in small letters.
        compression: the suffix behind it, or "".
        path: of the file; None for a pipe.
        content: all bytes of a pipe.
        seen: size and time of the file when it was first looked at.
    """

    name: str
    suffix: str
    compression: str
    path: Path | None
    content: bytes = b""
    seen: tuple[int, int] = (0, 0)

    def __str__(self) -> str:
        return self.name

    @property
    def size(self) -> int:
        """Its bytes, compressed where it is."""
        return len(self.content) if self.path is None else self.seen[0]

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open it for reading from the beginning, decompressed.

        Raises:
            DataError: it cannot be read, has changed since it was first looked at, also while it was read, or is damaged where
                it is compressed.
        """
        try:
            with io.BytesIO(self.content) if self.path is None else self._watched(self.path) as raw:
                yield COMPRESSIONS[self.compression](raw) if self.compression else raw
        except (EOFError, gzip.BadGzipFile, zlib.error, _lzma_error()) as error:
            raise DataError(f"{self.name} is damaged or no {self.compression} file: {error}") from error
        except OSError as error:
            if self.compression and not error.strerror:  # as bz2 and zstd tell of damage
                raise DataError(f"{self.name} is damaged or no {self.compression} file: {error}") from error
            raise unreadable(self.name, error) from error

    @contextmanager
    def _watched(self, path: Path) -> Iterator[IO[bytes]]:
        """Open the file, and refuse it if it has changed, before and after: what was read meanwhile may be a mixture."""
        with path.open("rb") as own:
            self._check(own.fileno())
            try:
                yield os.fdopen(own.fileno(), "rb", closefd=False)  # who reads it may close it
            except Exception:
                self._check(own.fileno())
                raise
            self._check(own.fileno())

    def _check(self, handle: int) -> None:
        if _seen(os.fstat(handle)) != self.seen:
            raise DataError(f"{self.name} has changed since it was first read; leave it alone meanwhile")


def data_file(path: str | Path) -> DataFile:
    """Look at what a path names: a file, a pipe, or stdin by the name "-". A pipe is read to its end.

    Raises:
        DataError: there is none, or it cannot be read.
    """
    if str(path) == "-":
        content = _stream("stdin", lambda: content_up_to(sys.stdin.buffer.read, _STREAM))
        return DataFile("stdin", *_kind_of(content[:8]), None, content)
    path = Path(path)
    try:
        found = path.stat()
        if stat.S_ISREG(found.st_mode):
            with path.open("rb") as file:
                head = file.read(8)
            return DataFile(str(path), *_kind(path, head), path, seen=_seen(found))
        if stat.S_ISFIFO(found.st_mode):
            content = _stream(str(path), lambda: content_of_pipe(path, _STREAM))
            return DataFile(str(path), *_kind(path, content[:8]), None, content)
    except OSError as error:
        raise unreadable(str(path), error) from error
    what = "a folder" if stat.S_ISDIR(found.st_mode) else "a device or a socket"
    raise DataError(f"{path} cannot be read: it is {what}, no file")


def _stream(name: str, read: Callable[[], bytes]) -> bytes:
    try:
        return read()
    except ValueError as error:
        raise DataError(f"{name} cannot be read: {error}; name a file") from error


def unreadable(name: str, error: OSError) -> DataError:
    """Return the error for a file that the system does not let us read."""
    return DataError(f"{name} cannot be read: {error.strerror or error}")


def looks_like(head: bytes) -> str:
    """Return the suffix of the format that begins with these bytes, "" if it is none that is known."""
    return next((suffix for magic, suffix in _MAGIC.items() if head.startswith(magic)), "")


def _kind_of(head: bytes) -> tuple[str, str]:
    """Return format and compression of bytes without a name; what is compressed is text."""
    suffix = looks_like(head) or ".csv"
    return (".csv", suffix) if suffix in COMPRESSIONS else (suffix, "")


def kind_by_name(path: Path) -> tuple[str, str]:
    """Return the suffixes of format and compression that a path ends in, in small letters; "" for none."""
    suffix = path.suffix.lower()
    return (Path(path.stem).suffix.lower(), suffix) if suffix in COMPRESSIONS else (suffix, "")


def _kind(path: Path, head: bytes) -> tuple[str, str]:
    return kind_by_name(path) if path.suffix else _kind_of(head)


def _seen(found: os.stat_result) -> tuple[int, int]:
    return found.st_size, found.st_mtime_ns


def _lzma_error() -> type[Exception]:
    """Return the error of damaged .xz files, if one can have been read."""
    found: type[Exception] = getattr(sys.modules.get("lzma"), "LZMAError", EOFError)
    return found


def _reader(names: str, remedy: str) -> Callable[[IO[bytes]], Any]:
    """Return what reads a compressed file by the first of some classes whose library is there."""

    def opened(raw: IO[bytes]) -> Any:
        for name in names.split():
            library, _, kind = name.rpartition(".")
            try:
                found = getattr(importlib.import_module(library), kind)
            except ModuleNotFoundError:
                continue
            return found(raw, "zstd") if library == "pyarrow" else found(raw)
        raise OptionError(f"such compressed files need {remedy}")

    return opened


_BUILT = "a module of the standard library that this Python was built without"

COMPRESSIONS: dict[str, Callable[[IO[bytes]], Any]] = {
    ".gz": lambda raw: gzip.GzipFile(fileobj=raw),
    ".bz2": _reader("bz2.BZ2File", _BUILT),
    ".xz": _reader("lzma.LZMAFile", _BUILT),
    ".zst": _reader(
        "compression.zstd.ZstdFile pyarrow.CompressedInputStream",
        "Python 3.14 or pyarrow: pip install 'symgraph-codegen[data]'",
    ),
}
"""Readers of compressed text, by the suffix."""
