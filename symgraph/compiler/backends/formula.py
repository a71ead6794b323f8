"""Formulas for people: the graph's expressions in plain text, every named node under its name."""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress

from sympy import Symbol

from symgraph.compiler.ir.graph import OPPOSITE, Graph, made, values_of
from symgraph.compiler.ir.special import SPECIAL
from symgraph.errors import SpecError
from symgraph.spec.formula import Reader
from symgraph.spec.ops.ops import OPS
from symgraph.spec.ops.optext import Level, OpText, Text, call
from symgraph.spec.ops.user_functions import Table

LONGEST = 400
"""Most characters of a formula; a longer one is cut, since formulas are there to be read."""

_TEXTS = (
    {name: call(name, max(row.arity, 1)) for name, row in OPS.items()}
    | {name: row.numpy for name, row in OPS.items() if isinstance(row.numpy, OpText)}
    | {
        "double_sine": OpText("sin(2 * {0})", Level.ATOM, (Level.UNARY,)),
        "double_cosine": OpText("cos(2 * {0})", Level.ATOM, (Level.UNARY,)),
        "rowdot": OpText("sum({0} * {1})", Level.ATOM, (Level.PRODUCT, Level.UNARY)),
        "fma": OpText("{0} * {1} + {2}", Level.SUM, (Level.PRODUCT, Level.UNARY, Level.PRODUCT)),
        "fms": OpText("{0} * {1} - {2}", Level.SUM, (Level.PRODUCT, Level.UNARY, Level.PRODUCT)),
        "fnma": OpText("{2} - {0} * {1}", Level.SUM, (Level.PRODUCT, Level.UNARY, Level.SUM)),
        "pow": OpText("{0}**{1}", Level.POWER, (Level.ATOM, Level.UNARY)),
        "and": OpText("{0} and {1}", Level.AND, (Level.AND, Level.NOT)),
        "or": OpText("{0} or {1}", Level.OR, (Level.OR, Level.AND)),
        "not": OpText("not {0}", Level.NOT, (Level.NOT,)),
        "select": OpText("{1} if {0} else {2}", Level.TERNARY, (Level.OR, Level.OR, Level.TERNARY)),
        "rowsum": call("sum"),
    }
)
_FORMULA = Table(
    _TEXTS | {op: _TEXTS[row.of] for op, row in SPECIAL.items() if row.of},
    lambda op: call(op.called, op.arity),
)


def formulas(graph: Graph) -> dict[str, str]:
    """Write the formula of every named node, of ``loss`` and of ``residual``, in terms of inputs and other named nodes.

    If a node is called residual, the formula under that name is the node's. A number stands as it is, named or not: two nodes
    that happen to be 0 have nothing to do with each other.

    Args:
        graph: a forward graph as lowering gives it, before any pass, so that the formulas read like the spec.
    """
    hidden = {*values_of(graph, "output"), OPPOSITE, *(["residual"] if "node residual" in graph.roots else [])}
    wanted = {root.removeprefix("node "): position for root, position in graph.roots.items() if root not in hidden}
    first = {
        position: root.removeprefix("node ")
        for root, position in reversed([*graph.roots.items()])
        if root.startswith("node ") and not isinstance(graph.nodes[position].data, float)
    }
    texts = expressions(graph, first)
    named = {name: texts[position] for position, name in first.items()}
    return {name: named.get(name) or first.get(position) or texts[position] for name, position in wanted.items()}


def of_weights(graph: Graph, weights: Collection[str]) -> dict[str, str]:
    """Write the formulas of the named nodes that depend on weights and on nothing else, in terms of these and of each other.

    Those that `symgraph.spec.formula` does not read are left out: a fit reads them, for values with errors.

    Args:
        graph: as for ``formulas``.
        weights: the names of the weights.
    """
    known, on_weights, on_others = set(weights), list[bool](), list[bool]()
    for node in graph.nodes:
        is_input = isinstance(node.data, str)
        on_weights.append((is_input and node.data in known) or any(on_weights[arg] for arg in node.args))
        on_others.append((is_input and node.data not in known) or any(on_others[arg] for arg in node.args))
    roots = {root.removeprefix("node "): position for root, position in graph.roots.items() if root.startswith("node ")}
    alone = {name for name, position in roots.items() if on_weights[position] and not on_others[position]}
    found: dict[str, str] = {}
    for name, text in formulas(graph).items() if alone else ():
        if name in alone:
            with suppress(SpecError):
                reader = Reader(text, Symbol, own=known)
                reader.read()
                if known.issuperset(reader.names):
                    found[name] = text
                    known.add(name)
    return found


def expressions(graph: Graph, names: Mapping[int, str]) -> list[str]:
    """Write the expression of every node, in terms of inputs and of the nodes that have names.

    Args:
        graph: any graph.
        names: the names of some nodes, by which other expressions refer to them.
    """
    return [*_written(graph, range(len(graph.nodes)), names).values()]


def expression(graph: Graph, position: int, names: Mapping[int, str]) -> str:
    """Write the expression of one node; see ``expressions``."""
    needed, todo = {position}, [position]
    while todo:
        for arg in graph.nodes[todo.pop()].args:
            if arg not in needed:
                needed.add(arg)
                todo += [] if arg in names else [arg]
    return _written(graph, sorted(needed), names)[position]


def _written(graph: Graph, positions: Iterable[int], names: Mapping[int, str]) -> dict[int, str]:
    """Write the expressions of nodes, of which each comes behind its operands unless it has a name."""
    texts: dict[int, Text] = {}  # by which other expressions refer to nodes
    result: dict[int, str] = {}
    for position in positions:
        node = graph.nodes[position]
        if node.data is None and all(arg in texts for arg in node.args):
            text = _FORMULA[node.op].render([texts[arg] for arg in node.args])
            text = text if len(text.text) <= LONGEST else Text(f"[{len(text.text)} characters]", Level.ATOM)
        elif node.data is None:  # a named node, whose operands are not needed
            text = Text(names[position], Level.ATOM)
        elif isinstance(node.data, str):
            text = made(Text, (f"v_{node.data}" if node.op == "direction" else node.data, Level.ATOM))
        else:
            shown = f"{node.data:g}" if float(f"{node.data:g}") == node.data else repr(node.data)
            text = Text(shown, Level.UNARY if shown.startswith("-") else Level.ATOM)
        result[position] = text.text
        texts[position] = Text(names[position], Level.ATOM) if position in names else text
    return result
