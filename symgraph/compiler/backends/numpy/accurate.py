"""The lines of a module in double-double arithmetic: those of any other module, which the runtime runs over pairs of floats.

What is the module's own is which functions of pairs its lines need, and what its constants lack.
"""

from collections.abc import Iterator, Mapping

from symgraph.compiler.backends.numpy.called import functions_called
from symgraph.compiler.backends.numpy.lines import LinesWriter
from symgraph.compiler.backends.source import Source
from symgraph.compiler.derive.doubtful import losing
from symgraph.compiler.derive.schedule import Kernel
from symgraph.compiler.ir.graph import Graph
from symgraph.spec.ops.optext import OpTexts


class AccurateWriter(LinesWriter):
    """Writes the functions of one module."""

    binders = ("bind_accurate", "bind_accurate")
    of_constraints = "_model.of_weights(_constraints)"
    # whose sums are of plain floats
    lacks = frozenset({"normal_equations", "penalty_residual", "penalty_jacobian", "class_probabilities"})

    def functions(self) -> Mapping[str, str]:
        """The functions of pairs that the lines need, by the names that the lines call."""
        return functions_called(self._graphs(), "pairs")

    def rests(self) -> Mapping[float, float]:
        """The rests of constants that are no floats, by their size."""
        constants = {node.data for graph in self._graphs() for node in graph.nodes if isinstance(node.data, float)}
        rests = {constant: self.source.rests.get(constant, 0.0) for constant in constants}
        return {abs(constant): rest if constant > 0 else -rest for constant, rest in sorted(rests.items()) if rest}

    def _graphs(self) -> Iterator[Graph]:
        yield self.graph
        parts = (self.source.penalty, self.source.constraints)
        yield from (part.graph for part in parts if part is not None)


class CarefulWriter(AccurateWriter):
    """Writes the functions of one module whose rows are computed with pairs where digits are lost."""

    binders = ("bind_carefully", "bind_carefully")
    on_request = ""
    of_constraints = "_constraints"
    lacks = frozenset()
    besides = ("counting",)

    def __init__(self, source: Source, kernel: Kernel, texts: OpTexts, literals: Mapping[str, str]) -> None:
        super().__init__(source, kernel, texts, literals)
        self.watched = losing(self.graph)

    def functions(self) -> Mapping[str, str]:
        """The function that bounds an error, and that of pairs, by the names that the lines call."""
        bounds, pairs = functions_called([self.graph], "bound"), functions_called([self.graph], "pairs")
        return {name: f"({bounds[name]}, {pairs[name]})" for name in pairs}

    def _graphs(self) -> Iterator[Graph]:
        yield self.graph
