"""Layout of sequences and calls as ruff format leaves them: one line where it fits, else indented, else one item a line."""

import json
from collections.abc import Mapping, Sequence

from symgraph.emit.section import WIDTH


def quoted(text: str) -> str:
    """A Python string literal in double quotes."""
    return json.dumps(text, ensure_ascii=False)


def bracketed(head: str, items: Sequence[str], tail: str, indent: int = 0) -> str:
    """Lay out head + items + tail, where head ends with an opening bracket and tail starts with the closing one.

    Args:
        head: text before the first item.
        items: the items, separated by commas.
        tail: text after the last.
        indent: columns at which the statement starts (they are not part of the result's first line).
    """
    line = f"{head}{', '.join(items)}{tail}"
    if indent + len(line) <= WIDTH:
        return line
    outer, inner = " " * indent, " " * (indent + 4)
    body = ", ".join(items)
    if len(inner) + len(body) <= WIDTH and not head.endswith("= ("):
        return f"{head}\n{inner}{body}\n{outer}{tail}"
    return "".join([f"{head}\n", *(f"{inner}{item},\n" for item in items), f"{outer}{tail}"])


def tuple_literal(name: str, items: Sequence[str], indent: int = 0) -> str:
    """An assignment of a tuple of literals."""
    if len(items) == 1:
        return f"{name} = ({items[0]},)"
    return bracketed(f"{name} = (", items, ")", indent)


def unpacked(names: Sequence[str], source: str, indent: int) -> list[str]:
    """Statements that give each entry of a vector its name: as many names a line as fit.

    Args:
        names: an identifier for each entry, "" where the entry is not needed.
        source: the vector.
        indent: columns before each statement.
    """
    if "" in names or len(names) == 1:
        return [f"{name} = {source}[{index}]" for index, name in enumerate(names) if name]
    whole = f"{', '.join(names)} = {source}"
    if indent + len(whole) <= WIDTH:
        return [whole]
    lines: list[str] = []
    start = 0
    while start < len(names):
        stop = start + 1
        while stop < len(names) and indent + len(_part(names, start, stop + 1, source)) <= WIDTH:
            stop += 1
        lines.append(_part(names, start, stop, source))
        start = stop
    return lines


def _part(names: Sequence[str], start: int, stop: int, source: str) -> str:
    if stop - start == 1:
        return f"{names[start]} = {source}[{start}]"
    return f"{', '.join(names[start:stop])} = {source}[{start}:{stop}]"


def dict_literal(head: str, entries: Mapping[str, str]) -> str:
    """An assignment of a dict, one entry a line; values are Python texts."""
    if not entries:
        return f"{head}{{}}"
    return "\n".join([f"{head}{{", *(f"    {quoted(key)}: {value}," for key, value in entries.items()), "}"])
