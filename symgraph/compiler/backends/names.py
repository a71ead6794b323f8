"""Names of a generated module: the user's own, and ``v0, v1, ...`` for values without a name."""

import builtins
import keyword
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations_with_replacement

from symgraph.compiler.backends.layout import columns
from symgraph.compiler.derive.schedule import roots_of
from symgraph.compiler.ir.graph import Graph
from symgraph.module_functions import HESSIAN
from symgraph.spec.inputs import Input
from symgraph.spec.model import Model
from symgraph.spec.ops.op import SCIPY
from symgraph.spec.ops.ops import OPS

# Python's own builtins; a notebook or the site module adds others, and the text must not depend on where it is generated
_BUILTINS = (name for name in dir(builtins) if getattr(getattr(builtins, name), "__module__", "builtins") == "builtins")

_OF_OPS = {row.numpy for row in OPS.values() if isinstance(row.numpy, str) and "." not in row.numpy}

CALLED = frozenset({"called", "every_row", "known", *_OF_OPS})
"""Functions of the runtime that straight lines call."""

_OWN = {"largest", "rowsum"}

_TYPES = {"Any", "Tape", "Array"}

TAKEN = frozenset({"np", "math", SCIPY, *_TYPES, *CALLED, *_OWN}) | frozenset(keyword.kwlist) | frozenset(_BUILTINS)
"""Names that generated text needs for itself, and Python's own: a user's symbol of that name gets a trailing underscore."""

LONGEST = 44
"""Most columns of a name; a longer one is shortened, so that every statement fits the width of a line."""

_TAIL = 16


def python_names(names: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """Return the identifier of every name of a model, unique and stable.

    Args:
        names: the model's names, each once.
        taken: further identifiers that the text around uses.
    """
    listed = list(names)
    own = set(listed)
    blocked = TAKEN | set(taken)
    result: dict[str, str] = {}
    used: set[str] = set()
    for name in listed:
        chosen = _shortened(name)
        while chosen in blocked or chosen in used or (chosen != name and chosen in own):
            chosen += "_"
        result[name] = chosen
        used.add(chosen)
    return result


def apart(names: Iterable[str], taken: Iterable[str]) -> list[str]:
    """Return names of which no two are the same and none is taken."""
    used = {*TAKEN, *taken}
    result: list[str] = []
    for name in map(_shortened, names):
        while name in used:
            name += "_"
        used.add(name)
        result.append(name)
    return result


def _shortened(name: str) -> str:
    """Return the beginning and the end of a name that is too long."""
    if columns(name) <= LONGEST:
        return name
    head, tail = name, name
    while columns(head) > LONGEST - _TAIL - 1:
        head = head[:-1]
    while columns(tail) > _TAIL:
        tail = tail[1:]
    return f"{head}_{tail}"


class Numbering:
    """Source of names for values without one: ``sigmoid_1``, ``sigmoid_2`` for values of the node sigmoid, else v0, v1, ...

    Args:
        taken: names that are not handed out.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = frozenset(taken)
        self._next: dict[str, int] = {"": 0}

    def fresh(self, base: str = "") -> str:
        """Return the next unused name that begins with ``base``."""
        while True:
            number = self._next.get(base, 1)
            self._next[base] = number + 1
            name = f"{base}_{number}" if base else f"v{number}"
            if name not in self._taken:
                return name


JACOBIAN, RESIDUAL, FEATURES = "jacobian", "residual", "features"
"""The kinds of cotangents that are not those of the loss; their names end so, in brackets."""

_ROOM = LONGEST - len("d__00000")
"""So much of a node's name fits before the number of an unnamed value."""


def identifiers(model: Model, taken: Iterable[str] = ()) -> dict[str, str]:
    """Return the identifier of every feature, weight and node of a model, and of every target where there are several.

    The packages of users' functions are among them, as "import <package>", so that no value is called so.

    Args:
        model: the model.
        taken: others that the text around uses.
    """
    inputs = (*model.feature_inputs, *model.weight_inputs, *model.constant_inputs, *several_targets(model))
    packages = {op.module.partition(".")[0] for function in model.functions.values() for op in function.every}
    found = python_names([entry.name for entry in inputs] + [node.name for node in model.nodes], {*taken, *packages})
    return found | {f"import {package}": package for package in packages}


def partial_names(constraints: Iterable[str], model: Model, identifier: Mapping[str, str]) -> dict[str, str]:
    """Return the name of each partial of a constraint, to follow ``d_``: that of the constraint and that of the weight."""
    result: dict[str, str] = {}
    used: set[str] = set()
    for name in constraints:
        for weight in model.weight_inputs:
            text = f"{identifier[name]}_by_{identifier[weight.name]}"
            chosen = text if columns(text) <= LONGEST else f"partial_{len(result)}"
            while chosen in used:
                chosen += "_"
            used.add(chosen)
            result[f"{name} by {weight.name}"] = chosen
    return result


def several_targets(model: Model) -> tuple[Input, ...]:
    """Return the targets where there are several; one alone is called y."""
    return model.target_inputs if len(model.target_inputs) > 1 else ()


@dataclass(frozen=True, slots=True)
class Names:
    """Names of the values of a graph in one file.

    Attributes:
        model: the model.
        graph: a differentiated graph of it.
        identifier: the identifier of every feature, weight and node, and of targets where there are several.
        loss: the identifier of the loss, unless a node has it.
    """

    model: Model
    graph: Graph
    identifier: Mapping[str, str]
    loss: str = "loss"

    def inputs(self, kind: str, order: Iterable[int], also: Iterable[int] = ()) -> list[str]:
        """Return the identifier of every input of a kind in order, "" for one that nothing reads.

        Args:
            kind: "weight", "constant", "feature", "target" where there are several, or "w" for the weights with the constants
                behind them.
            order: the operations that read them.
            also: further nodes that are read.
        """
        nodes = self.graph.nodes
        read = {arg for position in order for arg in nodes[position].args}.union(also)
        used = {(nodes[position].op, nodes[position].data) for position in read}
        kinds = ("weight", "constant") if kind == "w" else (kind,)
        entries = [entry for one in kinds for entry in self.model.inputs if entry.kind == one]
        return [self.identifier[entry.name] if (entry.kind, entry.name) in used else "" for entry in entries]

    def leaves(self, others: Mapping[str, str]) -> dict[int, str]:
        """Return the text of every leaf: the identifier of inputs but a single target, of other kinds that by ``others``."""
        result: dict[int, str] = {}
        named = ("feature", "weight", "constant", *(["target"] if several_targets(self.model) else []))
        for position, node in enumerate(self.graph.nodes):
            if node.op in named:
                result[position] = self.identifier[str(node.data)]
            elif node.op in others:
                result[position] = others[node.op]
        return result

    def primals(self) -> dict[int, tuple[str, ...]]:
        """Return the model's names of every named primal, first the one under which it is computed."""
        result: dict[int, tuple[str, ...]] = {}
        for root, position in self.graph.roots.items():
            if root.startswith("node "):
                result[position] = (*result.get(position, ()), root.removeprefix("node "))
        return result

    def nodes(self) -> dict[int, str]:
        """Return the identifier of each operation with a name of its own, the loss among them."""
        labels = {position: self.identifier[names[0]] for position, names in self.primals().items()}
        if "loss" in self.graph.roots:
            labels.setdefault(self.graph.roots["loss"], self.loss)
        return {position: label for position, label in labels.items() if self.graph.nodes[position].data is None}

    def cotangents(self, kind: str = "") -> tuple[dict[int, str], dict[int, str]]:
        """Return the name of every named cotangent, and a remark where it has several names.

        Args:
            kind: "" for the cotangents of the loss, ``JACOBIAN`` for those of outputs, ``RESIDUAL`` for those of residuals,
                ``FEATURES`` for those of the output on the way to the features.

        Returns:
            Node -> the name under which it is computed (that of the node nearest to the root; of several outputs or residuals
            with the name of its column behind it), node -> remark.
        """
        aliases: dict[int, list[tuple[str, str]]] = {}
        weights = {node.data for node in self.graph.nodes if node.op == "weight"}
        for name, position in self.graph.names.items():
            plain, _, end = name.partition(" (")
            own, _, column = end.removesuffix(")").partition(" ")
            if name.startswith("d_") and own == kind:
                aliases.setdefault(position, []).append((plain.removeprefix("d_"), column))
        taken = {*self.identifier.values()}
        labels: dict[int, str] = {}
        notes: dict[int, str] = {}
        for position, names in aliases.items():
            ordered = sorted(names, key=lambda entry: entry[0] in weights)  # nodes before weights, stable
            chosen = ([entry for entry in ordered if entry[0] not in weights] or ordered[:1])[-1]
            labels[position] = self._cotangent(*chosen)
            while chosen[1] and labels[position] in taken:
                labels[position] += "_"
            taken.add(labels[position])
            others = [self._cotangent(*entry) for entry in ordered if entry != chosen]
            if others:
                notes[position] = f"also {', '.join(others)}"
        return labels, notes

    def _cotangent(self, name: str, column: str) -> str:
        end = f"_r{column}" if column.isdigit() else f"_{column}" if column else ""
        return f"d_{self.identifier[name]}{end}"

    def seconds(self) -> tuple[dict[int, str], dict[int, str]]:
        """Return the name of each entry of the Hessian, ``d_w1_w2``, and a remark where several entries are one node."""
        weights = [self.identifier[entry.name] for entry in self.model.weight_inputs]
        pairs = [f"d_{one}_{other}" for one, other in combinations_with_replacement(weights, 2)]
        shared: dict[int, list[str]] = {}
        for name, position in zip(apart(pairs, self.identifier.values()), roots_of(self.graph, HESSIAN), strict=False):
            shared.setdefault(position, []).append(name)
        remarks = {position: f"also {', '.join(names[1:])}" for position, names in shared.items() if names[1:]}
        return {position: names[0] for position, names in shared.items()}, remarks

    def directions(self) -> list[str]:
        """Return the identifier of the entry by each weight of the direction along which is differentiated."""
        return apart([f"v_{self.identifier[entry.name]}" for entry in self.model.weight_inputs], self.identifier.values())

    def bases(self) -> list[str]:
        """Return prefixes for names of unnamed values: the node that they belong to, with ``d_`` for what the adjoint added.

        A rewrite's nodes belong to what reads them, and the last of them to what was rewritten.

        Returns:
            For each node of the graph; "" where nothing is known.
        """
        graph = self.graph
        nodes, found, read = graph.nodes, [""] * len(graph.nodes), [""] * len(graph.nodes)
        for name, position in graph.names.items():
            if name.startswith("d_"):
                read[position] = self._base(f"adjoint of {name.removeprefix('d_').partition(' ')[0]}")
        for position, names in self.primals().items():  # which may be a derivative, too
            read[position] = self._base(names[0])
        for position in range(len(nodes) - 1, -1, -1):
            node = nodes[position]
            if node.data is None:
                found[position] = self._base(node.origin) or read[position] or self._base(node.origin.partition(": ")[0])
                for arg in node.args:
                    read[arg] = found[position] or read[arg]
        for position, node in enumerate(nodes):
            if node.origin == "adjoint of weight":  # named after what it is a product of
                inner = next((found[arg] for arg in node.args if nodes[arg].data is None), "")
                found[position] = inner if inner.startswith("d_") or not inner else f"d_{inner}"
        return found

    def _base(self, origin: str) -> str:
        name = origin.rpartition(" in ")[2].removeprefix("adjoint of ")
        own = self.identifier.get(name, name if name.isidentifier() else "")
        if columns(own) > _ROOM:
            return ""
        return f"d_{own}" if own and origin.startswith("adjoint of ") else own
