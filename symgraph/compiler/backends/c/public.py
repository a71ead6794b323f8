"""Heads of the public functions of a C file, and what its header says of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from symgraph.module_functions import ALL_FUNCTIONS

_TEXTS = {"array": "const double *", "written": "double *", "real": "double ", "count": "size_t ", "int": "int ", "": "void "}
"""Declarations, but for the name, by the kinds of `ModuleFunction.c_form`."""


class Public(NamedTuple):
    """A public function of a file: the lines that the header says of it, and its head."""

    name: str
    lines: Sequence[str]
    head: str


@dataclass(frozen=True, slots=True)
class Heads:
    """Writes the heads of the public functions of one file.

    Attributes:
        name: the model's name in C.
        several: the kinds of values, "target" among them, that have several columns.
        workspace: whether functions over rows take their memory from the caller.
    """

    name: str
    several: frozenset[str]
    workspace: bool

    def head(self, name: str) -> str:
        """Return the head of a public function, in two lines if it takes rows and their targets."""
        row = ALL_FUNCTIONS[name]
        returned, parameters = row.c_form(self.several)
        parameters += [("work", "written")] if self.workspace and row.over_rows else []
        texts = [_TEXTS[kind] + word for word, kind in parameters]
        cut = next((place + 1 for place, (word, _) in enumerate(parameters) if row.over_rows and word == "y"), len(texts))
        lines = [", ".join(some) for some in (texts[:cut], texts[cut:]) if some] or ["void"]
        return f"{_TEXTS[returned]}{self.name}_{name}({f',{chr(10)}    '.join(lines)})"


def public_functions(heads: Heads, names: Sequence[str], output: str, count: int, *, by_features: bool) -> tuple[Public, ...]:
    """Return the public functions of a file, in the order of the table.

    Args:
        heads: of the file.
        names: of the functions that it has.
        output: the name of the only output, as a C literal.
        count: of the numbers that are written for each row in doubt.
        by_features: whether derivatives by features are told of.
    """
    found = []
    for row in (one for one in ALL_FUNCTIONS.values() if one.name in names):
        several = row.value in heads.several
        text = row.text.format(
            name=heads.name,
            output="outputs" if several else f"output {output}",
            s="s" if several else "",
            this="these" if several else "this",
            count=count,
            features=", and, behind the two, of those by the features" if by_features else "",
        )
        found.append(Public(row.name, text.split("\n"), heads.head(row.name)))
    return tuple(found)
