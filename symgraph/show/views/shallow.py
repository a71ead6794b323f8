"""Expressions thousands of levels deep, taken apart: no reader follows them, and SymPy differentiates them by recursion."""

from typing import Any

from sympy import Expr

from symgraph.spec.canonical import postorder
from symgraph.spec.declared import declared
from symgraph.spec.inputs import NamedNode
from symgraph.spec.model import Model

DEEPEST = 24
"""Most levels of an expression that is shown in one piece; those that people write have about ten."""


def shallow(model: Model) -> Model:
    """Return a model of the same values with expressions of few levels; the model itself if it has no deeper ones.

    Parts of a deeper expression become nodes, which are called after what they are a part of: y_hat_part1.

    Args:
        model: the spec, which may be incomplete.
    """
    walk = _Walk(model)
    for node in model.nodes:
        walk.nodes.append(NamedNode(node.name, node.symbol, walk.cut(node.name, node.expr)))
    loss, penalty = (walk.cut(name, expr) for name, expr in (("loss", model.loss_expr), ("penalty", model.penalty_expr)))
    return model.rewritten(walk.nodes, loss, penalty) if len(walk.nodes) > len(model.nodes) else model


class _Walk:
    """Collector of the nodes of a model and of the parts of their expressions."""

    def __init__(self, model: Model) -> None:
        self.nodes: list[NamedNode] = []
        self._taken = {one.name for one in model.inputs} | {node.name for node in model.nodes}
        self._known: dict[Any, Any] = {}
        self._heights: dict[Any, int] = {}

    def cut(self, name: str, whole: Any) -> Any:
        """Return an expression with symbols in the place of its deeper parts, which are nodes from now on."""
        count = 0
        for expr in postorder([] if whole is None else [whole]):
            if expr in self._known:
                continue
            args = [self._known[arg] for arg in expr.args]
            same = all(new is old for new, old in zip(args, expr.args, strict=True))
            found = expr if same else expr.func(*args)
            self._heights[expr] = 1 + max((self._heights[arg] for arg in expr.args), default=-1)
            if self._heights[expr] >= DEEPEST and expr is not whole and isinstance(expr, Expr):
                count += 1
                found, self._heights[expr] = self._part(f"{name}_part{count}", found), 0
            self._known[expr] = found
        return self._known.get(whole)

    def _part(self, name: str, expr: Any) -> Any:
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        self.nodes.append(NamedNode(name, declared(name, "node", 10**9 + len(self.nodes)), expr))
        return self.nodes[-1].symbol
