"""Formulas as they are typed: names in backquotes, and what is refused before Python's grammar, with what to write instead."""

import keyword
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType

from symgraph.errors import SpecError
from symgraph.spec.names import check_name

ALLOWED = "only numbers, names, + - * / ** and calls of functions may stand in a formula"

_INSTEAD: Mapping[str, str] = MappingProxyType(
    {
        "^": "** for a power",
        "²": "**2",
        "³": "**3",
        **dict.fromkeys("\u00d7\u00b7\u22c5\u2219", "* for a product"),  # a cross, and dots
        "÷": "/",
        **dict.fromkeys("\u2212\u2013\u2014", "the minus of the keyboard, -"),  # a minus, and dashes
        "√": "sqrt(...)",
        "|": "abs(...)",
        "`": "a second ` behind the name of the column",
    }
)
"""Characters that people type in formulas, and what they may write."""

_NUMBER = re.compile(r"(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?", re.ASCII)
_OPERATORS = "+-*/(),"


def with_plain_names(text: str, bracketed: Iterable[str]) -> tuple[str, dict[str, str]]:
    """Return a formula with identifiers, as long, for names in backquotes and names that have brackets; and what they mean.

    Args:
        text: the formula.
        bracketed: names such as ``a[run 1]``, which are found as they stand: brackets have no other meaning.
    """
    meant: dict[str, str] = {}

    def plain(found: re.Match[str]) -> str:
        short = f"\u01c2{len(meant):0{len(found[0]) - 1}}"  # a letter that nobody's names begin with
        meant[short] = found[1] or found[0]
        return short

    marks = ["`([^`]+)`", *(rf"(?<!\w){re.escape(name)}" for name in bracketed)]
    return re.sub("|".join(marks), plain, text), meant


def fault_of(text: str) -> tuple[int, str]:
    """Return the place of the first character at which a text is no formula, and what to do about it; "" where there is none.

    What this lets pass may still be none: it knows nothing of parentheses, and of how operators follow each other.
    """
    before = ""
    for place, token in _tokens(text):
        is_name = token.isidentifier()
        if is_name and keyword.iskeyword(token):
            return place, f"{token} is a word of Python's and no name; a column that is called so stands in backquotes"
        if not is_name and token not in _OPERATORS and not _NUMBER.fullmatch(token):
            instead = _INSTEAD.get(token)
            of_module = "; write exp(x) for np.exp(x)" if token == "." else ""
            return (
                place,
                f"{token!r} is not read; write {instead}" if instead else f"{token!r} is not read: {ALLOWED}{of_module}",
            )
        operand_ended = before == ")" or (before != "" and before not in _OPERATORS)
        calls = token == "(" and before.isidentifier()
        if operand_ended and not calls and (token == "(" or token not in _OPERATORS):
            return place, f"an operator is missing before {token}; write * for a product"
        before = token
    return 0, ""


def _tokens(text: str) -> Iterator[tuple[int, str]]:
    """Yield numbers, names and single characters with their places; blanks are left out."""
    place = 0
    while place < len(text):
        end = place + 1
        number = _NUMBER.match(text, place)
        if number:
            end = number.end()
        while not number and end < len(text) and text[end] not in _INSTEAD and text[place : end + 1].isidentifier():
            end += 1
        if not text[place].isspace():
            yield place, text[place:end]
        place = end


def names_of_columns(columns: Iterable[str]) -> dict[str, str]:
    """Return by column the name that it has in a model: its own where a spec may use that, else one with underscores.

    Args:
        columns: such as "time (s)", which is called time_s.
    """
    there = [column for column in columns if isinstance(column, str)]
    found = {column: column for column in there if _is_usable(column)}
    for column in there:
        if column not in found:
            name = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", column)).strip("_")
            name = name if _is_usable(name) else f"{name}_" if keyword.iskeyword(name) else f"column_{name}"
            while name in found.values():
                name += "_"
            found[column] = name
    return found


def _is_usable(name: str) -> bool:
    """Tell if a spec may use a name, which is no word of Python's."""
    try:
        check_name(name, "feature", "")
    except SpecError:
        return False
    return not keyword.iskeyword(name)


def unquoted_column(text: str, columns: Collection[str]) -> tuple[int, str] | None:
    """Return place and name of a column that stands in a formula without the backquotes that it needs, or None.

    Names with brackets need none, see ``with_plain_names``; one without a letter cannot be told from a number.
    """
    for column in columns:
        if not column.isidentifier() and "[" not in column and re.search(r"[^\W\d]", column):
            found = re.search(rf"(?<![\w`]){re.escape(column)}(?![\w`])", text)
            if found:
                return found.start(), column
    return None
