"""Heads of the public functions of a C file, and what its header says of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from symgraph.module_functions import ALL_FUNCTIONS, ModuleFunction

_TARGETS = "const double *y"


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
        several: the kinds of values, "targets" among them, that have several columns.
        workspace: whether functions over rows take their memory from the caller.
    """

    name: str
    several: frozenset[str]
    workspace: bool

    def head(self, name: str) -> str:
        """Return the head of a public function, in two lines if it takes rows and their targets."""
        row = ALL_FUNCTIONS[name]
        returned, written = row.result(self.several)
        parameters = [self._declared(word, row) for word in row.takes.split()] + [f"double *{array}" for array in written]
        parameters += ["double *work"] if self.workspace and row.over_rows else []
        cut = parameters.index(_TARGETS) + 1 if row.over_rows and _TARGETS in parameters else len(parameters)
        lines = [", ".join(some) for some in (parameters[:cut], parameters[cut:]) if some] or ["void"]
        kind = "int" if returned == "int" else "double" if returned else "void"
        return f"{kind} {self.name}_{name}({f',{chr(10)}    '.join(lines)})"

    def _declared(self, word: str, row: ModuleFunction) -> str:
        """Return the declaration of what a function reads; one target of one row is no array."""
        if word == "y":
            return _TARGETS if row.over_rows or "targets" in self.several else "double y"
        return "size_t n" if word == "n" else f"const double *{word}"


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
