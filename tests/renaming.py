"""Models built once more under other names, from the same source, and graphs compared but for names."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from symgraph import Model
from symgraph.compiler.ir.graph import Graph

Naming = Callable[[int, str], str]
"""A new name from the number of a declaration and the old name."""


def _hashed(seed: int) -> Naming:
    return lambda _, name: "n" + hashlib.sha256(f"{seed} {name}".encode()).hexdigest()[:10]


NAMINGS: Mapping[str, Naming] = {
    "rising": lambda place, _: f"q{place:04d}",
    "falling": lambda place, _: f"q{9999 - place}",
    "upper case by turns": lambda place, name: f"{'Zz'[place % 2]}{name.swapcase()}_",
    "greek": lambda place, name: f"{chr(ord('ω') - place % 7)}{name}_{place}",
    "long": lambda place, name: f"{'ba'[place % 2] * 90}_{name}",
    "drawn": _hashed(1),
    "drawn again": _hashed(2),
    "once more": _hashed(3),
}
"""Eight ways to rename whatever a model declares; all of them change the order of names."""


class Renamed:
    """A model under other names.

    Attributes:
        model: it.
        old: the old name of each of its names.
    """

    def __init__(self, build: Callable[[], Model], naming: Naming) -> None:
        self.old: dict[str, str] = {}

        def renamed(name: str) -> str:
            new = naming(len(self.old), name)
            self.old[new] = name
            return new

        with _declaring(renamed):
            self.model = build()


@contextmanager
def _declaring(renamed: Callable[[str], str]) -> Iterator[None]:
    """Let every declaration of a model take another name than the one that it is given."""
    methods = {name: getattr(Model, name) for name in ("feature", "weight", "target", "node", "output")}

    def under_another_name(method: Callable[..., Any]) -> Callable[..., Any]:
        return lambda self, name="y", *args, **options: method(self, renamed(name), *args, **options)

    for name, method in methods.items():
        setattr(Model, name, under_another_name(method))
    try:
        yield
    finally:
        for name, method in methods.items():
            setattr(Model, name, method)


def anonymous(graph: Graph, old: Mapping[str, str]) -> list[tuple[object, ...]]:
    """All that makes a graph, its names by what they were before a renaming.

    Args:
        graph: any graph of a renamed model.
        old: the old names; empty for a model that keeps its own.
    """

    def back(text: str) -> str:
        """A name, also behind ``grad `` or ``d_`` and before `` (jacobian)``."""
        kind, space, name = (
            text.partition(" ") if text.split(" ")[0] in ("node", "grad", "jacobian", "residual_jacobian") else ("", "", text)
        )
        stem, _, end = name.partition(" ")
        prefix = "d_" if stem.startswith("d_") else ""
        return f"{kind}{space}{prefix}{old.get(stem.removeprefix('d_'), stem.removeprefix('d_'))} {end}"

    nodes = [
        (node.op, node.args, back(node.data) if isinstance(node.data, str) else repr(node.data), node.varying)
        for node in graph.nodes
    ]
    aliases = [(back(name), position) for several in (graph.roots, graph.names) for name, position in several.items()]
    return [*nodes, *aliases, *((back(name), bounds) for name, bounds in graph.domains.items())]
