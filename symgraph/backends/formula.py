"""Formulas for people: the graph's expressions in plain text, every named node under its name."""

from symgraph.ir.graph import OPPOSITE, Graph, made, values_of
from symgraph.ir.ops import OPS
from symgraph.ir.optext import Level, OpText, Text, call
from symgraph.ir.user_functions import Table

LONGEST = 400
"""Most characters of a formula; a longer one is cut, since formulas are there to be read."""

_FORMULA = Table(
    {name: call(name, max(row.arity, 1)) for name, row in OPS.items()}
    | {name: row.numpy for name, row in OPS.items() if isinstance(row.numpy, OpText)}
    | {
        "pow": OpText("{0}**{1}", Level.POWER, (Level.ATOM, Level.UNARY)),
        "and": OpText("{0} and {1}", Level.AND, (Level.AND, Level.NOT)),
        "or": OpText("{0} or {1}", Level.OR, (Level.OR, Level.AND)),
        "not": OpText("not {0}", Level.NOT, (Level.NOT,)),
        "select": OpText("{1} if {0} else {2}", Level.TERNARY, (Level.OR, Level.OR, Level.TERNARY)),
        "rowsum": call("sum"),
    },
    lambda op: call(op.called, op.arity),
)


def formulas(graph: Graph) -> dict[str, str]:
    """Write the formula of every named node, of ``loss`` and of ``residual``, in terms of inputs and other named nodes.

    If a node is called residual, the formula under that name is the node's.

    Args:
        graph: a forward graph as lowering gives it, before any pass, so that the formulas read like the spec.
    """
    hidden = {*values_of(graph, "output"), OPPOSITE, *(["residual"] if "node residual" in graph.roots else [])}
    wanted = {root.removeprefix("node "): position for root, position in graph.roots.items() if root not in hidden}
    texts: list[Text] = [Text("", Level.ATOM)] * len(graph.nodes)
    result: dict[str, str] = {}
    first = {p: root.removeprefix("node ") for root, p in reversed([*graph.roots.items()]) if root.startswith("node ")}
    for position, node in enumerate(graph.nodes):
        if node.data is None:
            text = _FORMULA[node.op].render([texts[arg] for arg in node.args])
            texts[position] = text if len(text.text) <= LONGEST else Text(f"[{len(text.text)} characters]", Level.ATOM)
        elif isinstance(node.data, str):
            texts[position] = made(Text, (node.data, Level.ATOM))
        else:
            shown = f"{node.data:g}" if float(f"{node.data:g}") == node.data else repr(node.data)
            texts[position] = Text(shown, Level.UNARY if shown.startswith("-") else Level.ATOM)
        if position in first:
            result[first[position]] = texts[position].text
            texts[position] = Text(first[position], Level.ATOM)
    for name, position in wanted.items():
        result.setdefault(name, texts[position].text)
    return {name: result[name] for name in wanted}
