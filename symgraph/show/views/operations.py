"""The graph of a model's operations: those that lowering makes, before passes, each as a vertex with numbers of its own.

The operations are written back as a model with a node for each, so that the reference evaluates them as it does named nodes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sympy

from symgraph.compiler.derive.lowering import LOGICAL, TRUTHS, lower
from symgraph.compiler.ir.graph import Graph, Node, reachable
from symgraph.show.views.named_graph import NamedGraph
from symgraph.spec.declared import declared
from symgraph.spec.inputs import NamedNode
from symgraph.spec.model import Model
from symgraph.spec.ops.ops import OPS
from symgraph.spec.ops.user_functions import UserOp

_MINUS = "\N{MINUS SIGN}"
_INFIX: Mapping[str, str] = {"add": "+", "sub": _MINUS, "mul": "\N{MULTIPLICATION SIGN}", "div": "÷", "pow": "^"}
_CONDITIONS: Mapping[str, Any] = {op: kind for kind, op in (TRUTHS | LOGICAL).items()}
_POWERS: Mapping[str, str] = {"2": "square", "3": "cube"}
_LONG = 24
"""Most signs of what is written in the box of an operation."""


def operations(model: Model) -> tuple[NamedGraph, dict[str, str]]:
    """Return the graph of a model's operations, and for each vertex that is one a short text, such as "exp" or "1 ÷".

    A constant is part of the operation that uses it, and a condition of the choice that it makes. Vertices without a name in
    the spec are called "%" and a number.

    Args:
        model: the spec; it is frozen by this.

    Raises:
        SpecError: the model cannot be lowered.
    """
    walk = _Walk(model.freeze())
    loss = walk.take(lower(model, guarded=False), "%", "loss")
    penalty = None
    if model.penalty_expr is not None:
        penalty = walk.take(lower(model.penalty_part(), guarded=False), "%p", "penalty")
    written = model.rewritten(walk.nodes.values(), loss, penalty)
    return NamedGraph(written), walk.signs


class _Walk:
    """Collector of the operations of a model's graphs as named nodes."""

    def __init__(self, model: Model) -> None:
        self.inputs = {one.name: one.symbol for one in model.inputs}
        self.nodes: dict[str, NamedNode] = {}
        self.signs: dict[str, str] = {}

    def take(self, graph: Graph, prefix: str, end: str) -> Any:
        """Add the operations of a graph; return the expression of its loss, which is called ``end``, or None if it has none.

        Args:
            graph: a forward graph.
            prefix: the beginning of the names of operations that have none.
            end: "loss" or "penalty".
        """
        roots = {name: at for name, at in graph.roots.items() if name == "loss" or name.startswith(("node ", "output"))}
        names: dict[int, list[str]] = {}
        for name, at in graph.names.items():
            names.setdefault(at, []).append(name)
        last = graph.roots.get("loss", -1)
        found: dict[int, Any] = {-1: None}
        words: dict[int, str] = {-1: ""}
        for at in sorted(reachable(graph.nodes, roots.values())):
            node = graph.nodes[at]
            expr, sign = self._written(node, found, words)
            called = names.get(at, [])
            is_end = at == last and not called and bool(node.args)
            if is_end or node.boolean or not node.args or not expr.free_symbols:
                found[at], words[at] = expr, sign
            else:
                name = called.pop(0) if called else f"{prefix}{at}"
                found[at] = self._node(name, expr, sign)
                words[at] = name if not name.startswith("%") else f"({sign})" if " " in sign else sign
            for name in called:  # another name for the same value, which is passed on by it, unless it is a number
                symbol = self._node(name, found[at], f"= {words[at]}")
                if expr.free_symbols:
                    found[at], words[at] = symbol, name
        self.signs[end] = words[last]
        return found[last]

    def _node(self, name: str, expr: Any, sign: str) -> Any:
        """Add a node, unless it is there from another graph; return its symbol."""
        if name not in self.nodes:
            self.nodes[name] = NamedNode(name, declared(name, "node", len(self.nodes)), expr)
            self.signs[name] = sign
        return self.nodes[name].symbol

    def _written(self, node: Node, found: Mapping[int, Any], words: Mapping[int, str]) -> tuple[Any, str]:
        """Return a node as an expression over its operands, and as a short text."""
        if isinstance(node.data, float):
            number = int(node.data) if node.data.is_integer() else node.data
            return sympy.sympify(number), f"{node.data:.4g}"
        if not node.args:
            return self.inputs[str(node.data)], str(node.data)
        args = [found[arg] for arg in node.args]
        if node.op == "select":
            return sympy.Piecewise((args[1], args[0]), (args[2], True)), _short(f"if {words[node.args[0]]}", "if")
        expr = _CONDITIONS[node.op](*args) if node.boolean else _applied(node.op, args)
        return expr, _sign(node, [words[arg] for arg in node.args], [bool(arg.free_symbols) for arg in args])


def _applied(op: str, args: Sequence[Any]) -> Any:
    row = OPS[op]
    if row.function is not None:
        function, *order = row.function if isinstance(row.function, tuple) else (row.function,)
        return function(*order, *args)
    return row.value.xreplace(dict(zip(sympy.symbols(f"x0:{len(args)}", real=True), args, strict=True)))


def _sign(node: Node, words: Sequence[str], moves: Sequence[bool]) -> str:
    """Return the text of an operation, given those of its operands, and which of them are vertices."""
    if node.boolean:
        return _short(OPS[node.op].scalar.format.format(*words) if OPS[node.op].scalar else node.op, "...")
    shown = [" " if moving else word for word, moving in zip(words, moves, strict=True)]
    if node.op in _INFIX:
        sign = _INFIX[node.op]
        if all(moves) and len(set(node.args)) == 2 and node.op in ("sub", "div", "pow"):
            return _short(f"{words[0]} {sign} {words[1]}", sign)
        if node.op == "pow" and shown[1] in _POWERS:
            return _POWERS[shown[1]]
        return f"{shown[0]} {sign} {shown[1]}".strip()
    name = node.op.path.rpartition(":")[2] if isinstance(node.op, UserOp) else _MINUS if node.op == "neg" else str(node.op)
    if len(shown) > 1 and not all(moves):
        return _short(f"{name}({', '.join(word if word != ' ' else '·' for word in shown)})", name)
    return _short(f"{name}({', '.join(words)})", name) if len(shown) > 1 and name not in ("max", "min", "hypot") else name


def _short(text: str, shorter: str) -> str:
    return text if len(text) <= _LONG else shorter
