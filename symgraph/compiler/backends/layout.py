"""Layout of sequences and calls as ruff format leaves them: one line where it fits, else indented, else one item a line."""

import json
import unicodedata
from collections.abc import Sequence

WIDTH = 88
"""Line length of ruff format's default, which generated text keeps to."""


def columns(text: str) -> int:
    """Return the columns that a text takes, as ruff format measures it; signs of Chinese, Japanese and Korean take two."""
    if text.isascii():
        return len(text)
    return len(text) + sum(unicodedata.east_asian_width(sign) in "WF" for sign in text if not sign.isascii())


def quoted(text: str) -> str:
    """Return a Python string literal as ruff format writes it: in double quotes, unless single quotes need fewer escapes."""
    if text.isascii() and text.isidentifier():  # as nearly all are
        return f'"{text}"'
    body = json.dumps(text, ensure_ascii=False)[1:-1]
    if not body.isprintable():  # half a surrogate pair, which no file can hold; signs that no editor shows
        body = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in body)
    if text.count('"') <= text.count("'"):
        return f'"{body}"'
    return "'" + body.replace('\\"', '"').replace("'", "\\'") + "'"


def number(value: float) -> str:
    """Return a float as ruff format writes it: 1e100 where repr gives 1e+100."""
    return repr(float(value)).replace("e+", "e")


def call_layout(head: str, items: Sequence[str], tail: str, indent: int = 0) -> str:
    """Lay out the arguments of a call or the parameters of a function.

    Args:
        head: text up to and with the opening bracket.
        items: the arguments.
        tail: text from the closing bracket on.
        indent: columns at which the statement starts (they are no part of the result's first line).
    """
    outer, inner = " " * indent, " " * (indent + 4)
    body = ", ".join(items)
    if indent + columns(f"{head}{body}{tail}") <= WIDTH:
        return f"{head}{body}{tail}"
    if len(inner) + columns(body) <= WIDTH:
        return f"{head}\n{inner}{body}\n{outer}{tail}"
    return _one_a_line(head, items, tail, indent)


def sequence_layout(head: str, items: Sequence[str], tail: str, indent: int = 0) -> str:
    """Lay out a tuple or list display; arguments as for ``call_layout``."""
    if len(items) == 1 and tail in (")", "),"):
        items = [f"{items[0]},"]
    line = f"{head}{', '.join(items)}{tail}"
    return line if indent + columns(line) <= WIDTH else _one_a_line(head, items, tail, indent)


def filled(head: str, items: Sequence[str], tail: str, indent: int = 0) -> str:
    """Lay out a call or a display with as many items a line as fit, which ruff format is told to leave as it is."""
    if len(items) == 1 and tail == ")" and head.endswith(" ("):
        items = [f"{items[0]},"]  # a tuple
    one = f"{head}{', '.join(items)}{tail}"
    if indent + columns(one) <= WIDTH:
        return one
    pad = " " * (indent + 4)
    lines = [pad]
    for item in items:
        if lines[-1] != pad and columns(f"{lines[-1]}{item},") > WIDTH:
            lines[-1] = lines[-1].rstrip()
            lines.append(pad)
        lines[-1] += f"{item}, "
    return "\n".join([head, *lines[:-1], lines[-1].rstrip(), f"{' ' * indent}{tail}  # fmt: skip"])


def parenthesized(head: str, body: str, tail: str, indent: int) -> str:
    """Lay out a statement that can break nowhere else: in parentheses where that makes it fit."""
    outer, inner = " " * indent, " " * (indent + 4)
    if indent + columns(f"{head}{body}{tail}") <= WIDTH or columns(f"{inner}{body}") > WIDTH:
        return f"{head}{body}{tail}"
    return f"{head}(\n{inner}{body}\n{outer}){tail}"


def _one_a_line(head: str, items: Sequence[str], tail: str, indent: int) -> str:
    outer, inner = " " * indent, " " * (indent + 4)
    return "".join([f"{head}\n", *(f"{inner}{item.rstrip(',')},\n" for item in items), f"{outer}{tail}"])


def unpacked(names: Sequence[str], source: str, indent: int) -> list[str]:
    """Write statements that give the entries of a vector their names: as many names a line as fit.

    Args:
        names: an identifier for each entry, "" where the entry is not needed.
        source: the vector.
        indent: columns before each statement.
    """
    if "" in names or len(names) < 2:
        return [f"{name} = {source}[{index}]" for index, name in enumerate(names) if name]
    whole = f"{', '.join(names)} = {source}"
    if indent + columns(whole) <= WIDTH:
        return [whole]
    lines: list[str] = []
    start = 0
    while start < len(names):
        stop = start + 1
        while stop < len(names) and indent + columns(_part(names, start, stop + 1, source)) <= WIDTH:
            stop += 1
        lines.append(_part(names, start, stop, source))
        start = stop
    return lines


def _part(names: Sequence[str], start: int, stop: int, source: str) -> str:
    if stop - start == 1:
        return f"{names[start]} = {source}[{start}]"
    return f"{', '.join(names[start:stop])} = {source}[{start}:{stop}]"
