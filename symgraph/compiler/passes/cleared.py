"""Exact: lets rows go that are in doubt but whose errors are small by bounds to first order; adds ranges to the doubts.

Rows of which that does not show stay in doubt, and the runtime's bounds decide. For C alone, behind the pass that fuses
operations, which these bounds must not keep apart.
"""

from collections.abc import Sequence
from functools import partial, reduce
from itertools import chain

from symgraph.compiler.derive.error_bounds import ErrorBounds
from symgraph.compiler.derive.results_in_doubt import columns_of_doubts, with_rows_alone
from symgraph.compiler.ir.graph import DOUBTS, Graph, GraphBuilder
from symgraph.compiler.passes.prune import prune
from symgraph.runtime.doubts import uses_of
from symgraph.runtime.negligible import CARE, SMALLEST

_ALLOWED = CARE / 2
_NOT_0 = {"mul": (0, 1), "div": (0,), "log": ()}
"""Operations that may leave the normal range, and operands that are not 0 where they do; other ones the loops note anyway."""


def cleared(graph: Graph) -> Graph:
    """Make the doubts about rows 0 where bounds to first order say that errors are small."""
    builder = GraphBuilder.over(graph)
    row = with_rows_alone(builder, graph)
    whole, roots = builder.build({}, {}), dict(graph.roots)
    columns = dict(columns_of_doubts(graph, row))
    bounds = ErrorBounds(builder, whole, [*chain(*columns.values())], CARE)
    for root, results in columns.items():
        bits = builder.chain("add", [roots[root], *_left_range(builder, whole, results)])
        worst = reduce(partial(builder.add, "max"), [bounds.relative(result, SMALLEST / CARE) for result in results])
        is_small = builder.add("le", worst, builder.const(_ALLOWED))
        roots[root] = builder.add("select", is_small, builder.const(0.0), bits)
        if root == f"{DOUBTS} grad":
            roots |= {f"{DOUBTS} error {place}": bounds.of(result) for place, result in enumerate(results)}
    return prune(builder.build(roots, graph.names))


def _left_range(builder: GraphBuilder, graph: Graph, results: Sequence[int]) -> list[int]:
    """Add a number that is not 0 where a product, quotient or logarithm leaves the normal range unlike its operands."""
    uses, found = uses_of(graph.nodes, results, lambda node: node.op == "select"), list[int]()
    for position, node in enumerate(graph.nodes):
        if position in uses and node.op in _NOT_0:
            operands = [node.args[place] for place in _NOT_0[node.op]] or [position]
            found.append(builder.add("left_range", position, operands[0], operands[-1]))
    return found
