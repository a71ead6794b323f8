"""Every error that symgraph raises on purpose.

Each message names what is at fault (model, node, column, row, option) and says what to do about it. The command line prints
the message alone and exits with 2; any other exception is a bug of ours and keeps its traceback.
"""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Self


def placed(text: str, place: tuple[str, int | str] | None) -> str:
    """Begin a message with the file and the line of the statement at fault, where these are known."""
    if place is None:
        return text
    path, here = Path(place[0]), Path.cwd()
    return f"{path.relative_to(here) if path.is_relative_to(here) else path}:{place[1]}: {' '.join(text.split())}"


class SymgraphError(Exception):
    """Base class of all errors that a user of symgraph can cause.

    Attributes:
        row: the row that the message names as "row 3", counted from 0 in what a function was given; None where it names none.
    """

    row: int | None = None

    def at_row(self, row: int) -> Self:
        """Note the row that the message names, so that whoever has left out others can name it as its source does."""
        self.row = row
        return self


class SpecError(SymgraphError):
    """A spec cannot be built: an undeclared symbol, an unknown function, a reserved name.

    Args:
        message: what is wrong.
        place: file and line of the statement at fault, which the text of the error begins with; None where Python's traceback
            ends there, or the statement is in no file.
        node: the node at fault, by which whoever has the model finds the place; "" where it is not known.

    Attributes:
        backend: the backend that refuses the model, set by ``generate``; "" where no backend can have it.
    """

    def __init__(self, message: str, place: tuple[str, int | str] | None = None, node: str = "") -> None:
        super().__init__(message)
        self.place = place
        self.node = node
        self.backend = ""

    def __str__(self) -> str:
        return placed(super().__str__(), self.place)


class VerificationError(SymgraphError):
    """A generated module disagrees with the spec it was generated from."""


class BuildError(SymgraphError):
    """A build cannot read its inputs or write its outputs: a missing spec, a read-only folder, a hand-edited file."""


class CompileTimeError(BuildError):
    """A compiler was ended because it took longer than it may."""


class DataError(SymgraphError):
    """A data file cannot be used: a missing column, a cell that is no number, an untrusted pickle."""


class WeightsError(SymgraphError):
    """A weights file or vector does not belong to the model it is used with."""


class ModuleError(SymgraphError):
    """A generated module cannot be found or loaded, or follows another version of the module contract."""


class OptionError(SymgraphError):
    """An option of the command line or of a public function has an invalid value."""


class SpecWarning(UserWarning):
    """Warning about a spec that can be built but is probably a mistake: a sigmoid of a sigmoid."""


def did_you_mean(name: object, known: Iterable[str], close: float = 0.6) -> str:
    """Return the end of a message about an unknown name that says which one was probably meant.

    Args:
        name: what the user gave.
        known: the names that there are.
        close: how alike two names must be, between 0 and 1.

    Returns:
        "; did you mean peak?", or "" where no name is alike.
    """
    from difflib import get_close_matches

    by_small = {str(one).lower(): one for one in known}  # RATE for rate is a slip too
    found = get_close_matches(str(name).lower(), by_small, 1, close)
    return f"; did you mean {by_small[found[0]]}?" if found else ""


def listed(names: Iterable[object], most: int = 20) -> str:
    """Return names for a message, the first ones of many."""
    first = list(map(str, islice(names, most + 1)))
    return ", ".join(first[:most]) + (", ..." if len(first) > most else "")


def unknown_name(what: str, name: object, known: Iterable[str]) -> OptionError:
    """Return the error for an option whose value is none of some names.

    Args:
        what: the option.
        name: what the user gave.
        known: the names that there are.
    """
    names = list(known)
    return OptionError(f"{what} {name!r} is unknown; known are {', '.join(names)}{did_you_mean(name, names)}")
