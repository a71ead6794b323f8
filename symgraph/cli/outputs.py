"""Files that results are written to: what may be replaced is known before the work whose result a file is to hold."""

import os
import re
import stat
import sys
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from symgraph.data.files import is_stream, write_file
from symgraph.errors import OptionError
from symgraph.project.settings.manifest import FILE

_SOURCES = (
    *(".py", ".pyi", ".pyx", ".ipynb", ".c", ".h", ".cc", ".cpp", ".hpp", ".cu", ".rs", ".jl", ".r", ".m", ".f90", ".sh"),
    *(".toml", ".cfg", ".ini", ".lock", ".yml", ".yaml"),
)
"""Suffixes of what people write and no command of ours does: it is not replaced whatever is in it."""
_HEAD = 4096
"""Bytes by which a file is told to be of a kind."""


class Kind(NamedTuple):
    """A kind of results: its name for messages, and how a file of it begins."""

    name: str
    begins: re.Pattern[bytes]


WEIGHTS = Kind("file of weights", re.compile(rb'\s*\{\s*"format": "symgraph weights '))
PICTURE = Kind("picture", re.compile(rb"(?s)\x89PNG|%PDF|(?:<\?xml.*?|\s*)<svg\s|(?:strict )?digraph |flowchart "))
PAGE = Kind("page of `symgraph report`", re.compile(rb"(?s)<!DOCTYPE html>.*<title>[^<]*: a report by symgraph</title>"))
_DERIVATION = rb"[^\n<]*: the derivative of the [^\n<]* by each weight"
_FORMULA = rb"(?>[^\n]+? = [^\n]+)"
TEXT = Kind(
    "text of `symgraph show`",
    re.compile(
        rb"graph [^\n]*\n%0 = |(?:% [^\n]*\n)?\\begin\{align\*\}\n|% [^\n]*\n\\paragraph\{Graph\}\n|"
        rb"(?:# )?" + _DERIVATION + rb"\n|(?s:<!DOCTYPE html>.*<title>)" + _DERIVATION + rb"</title>|"
        rb"(?:# [^\n]*\n)?" + _FORMULA + rb"\n(?:(?:# [^\n]*|" + _FORMULA + rb"|)\n)*+[^\n]*\Z"  # the last may be cut
    ),
)
JSON = Kind("JSON of symgraph's", re.compile(rb'\{\s*"models?": '))


def check_writable(option: str, path: Path | None, kind: Kind, *others: Path | None) -> None:
    """Refuse a file that cannot be written or is not to be lost, before the work whose result it is to hold.

    Args:
        option: the option that names the file.
        path: the file, or a device or a pipe; None where the option is not given.
        kind: of what is to be written: a file that is there and no empty one must be of it too.
        others: files that it must not be.

    Raises:
        OptionError: its folder does not exist or is read-only, or it is write-protected, of another kind, no file, or one of
            the others.
    """
    if path is None:
        return
    try:
        _check_target(option, path, Path(os.path.realpath(path)), kind, others)
    except OSError as error:  # a folder on the way that may not be looked into
        raise OptionError(f"{option}: {path} cannot be written: {error.strerror}") from error


def check_plot(path: Path | None, *others: Path | None) -> None:
    """Refuse a file of --plot that cannot be written, as `check_writable` does, or that nothing can be drawn to."""
    from symgraph.show.plots.axes import check_plot_path

    check_writable("--plot", path, PICTURE, *others)
    if path is not None:
        check_plot_path(path)


def predictions(header: str) -> Kind:
    """Return the kind of predictions: tables of text whose first line is this one, or JSON."""
    return Kind(f"file of predictions of {header.strip()}", re.compile(re.escape(header.encode()) + b"|" + JSON.begins.pattern))


def _check_target(option: str, path: Path, target: Path, kind: Kind, others: Sequence[Path | None]) -> None:
    if is_stream(path):
        return
    if not target.parent.is_dir():
        raise OptionError(f"{option}: there is no folder {path.parent}; make it first")
    if target.is_dir():
        raise OptionError(f"{option}: {path} is a folder; name a file in it")
    if target.is_symlink() or (target.exists() and not target.is_file()):
        raise OptionError(f"{option}: {path} is a link to itself, a socket or a block device; name a file")
    if any(other is not None and _is_same(other, target) for other in others):
        raise OptionError(f"{option}: {path} is the file of another option, which would be lost; name another")
    if target.exists():
        _check_replaceable(option, path, target, kind)
    if not os.access(target.parent, os.W_OK):
        raise OptionError(f"{option}: the folder {path.parent} cannot be written; choose another")


def _is_same(other: Path, target: Path) -> bool:
    """Tell if two names are those of one file: by links, or by another spelling where the system knows it for the same."""
    return Path(os.path.realpath(other)) == target or (other.exists() and target.exists() and other.samefile(target))


def _check_replaceable(option: str, path: Path, target: Path, kind: Kind) -> None:
    """Refuse a file that is protected, or that holds what no result like this one is."""
    if not (target.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) and os.access(target, os.W_OK)):
        raise OptionError(f"{option}: {path} is write-protected; name another, or allow writing to it")
    with target.open("rb") as file:
        head = file.read(_HEAD)
    if target.suffix.lower() in _SOURCES or target.name == FILE or (head and not kind.begins.match(head)):
        raise OptionError(f"{option}: {path} is there and no {kind.name}; choose another name, or delete it first")


def write_out(out: Path | None, text: Iterable[str]) -> None:
    """Write to the file of --out, or to stdout.

    Args:
        out: the file; None is stdout.
        text: in pieces, each written as it comes.

    Raises:
        OptionError: the file cannot be written.
    """
    if out is None:
        sys.stdout.writelines(text)
        return
    try:
        write_file(out, text)
    except OSError as error:
        raise OptionError(f"--out: {out} cannot be written: {error.strerror}") from error


def file_of(path: Path, name: str, names: Collection[str]) -> Path:
    """Return the file of one result: among several, with its name added; devices and pipes take one after the other."""
    safe = "".join(sign if sign.isprintable() and sign not in "/\\" else "_" for sign in name)
    return path if len(names) == 1 or is_stream(path) else path.with_name(f"{path.stem}-{safe}{path.suffix}")
