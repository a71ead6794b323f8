"""Description of a backend: a table of op texts, a template, and the name of the file it writes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from symgraph.backends.source import Source
from symgraph.errors import SpecError
from symgraph.ir.graph import Graph
from symgraph.ir.ops import OPS
from symgraph.ir.optext import OpTexts
from symgraph.options import ACCURATE, DOUBLE


@dataclass(frozen=True, slots=True)
class Backend:
    """One way to write a kernel.

    Attributes:
        name: its name for ``--backend`` and ``[tool.symgraph]``.
        suffix: the end of the file name after the model's name, with the extension.
        template: path of its template below ``templates/``.
        texts: the text of each op that it has; of others it refuses models.
        literals: the text of constants that have no decimal form, by their repr.
        viewer: the function that makes the template's view from a source and the two tables.
        graph: the function that makes the graph to print from the optimized one, in one of the precisions.
        extras: the extras of a build that it has, see ``options.EXTRAS``.
        precisions: the precisions in which it can write a module, see ``options.PRECISIONS``.
        comment: the sign that starts a comment line.
        loader: the way in which a module is made of the text so that it can be run and verified: "python", "library" (by a C
            compiler), or "" if there is none; of such a text a build says that it was not run.
        companions: templates of further files that belong to the module, by the suffix of their names.
    """

    name: str
    suffix: str
    template: str
    texts: OpTexts
    literals: Mapping[str, str]
    viewer: Callable[[Source, OpTexts, Mapping[str, str]], object]
    graph: Callable[[Graph, str], Graph]
    extras: tuple[str, ...] = ()
    precisions: tuple[str, ...] = (DOUBLE,)
    comment: str = "#"
    loader: str = "python"
    companions: Mapping[str, str] = field(default_factory=dict)

    def file_name(self, model: str) -> str:
        """Return the name of the file that holds the model's module."""
        return f"{model}{self.suffix}"

    def files(self, model: str) -> dict[str, str]:
        """Return the template of every file that belongs to the model's module, by the file's name; the module itself first."""
        others = {f"{model}{suffix}": template for suffix, template in self.companions.items()}
        return {self.file_name(model): self.template} | others

    def view(self, source: Source) -> object:
        """Return the view that the template prints.

        Raises:
            SpecError: the model needs an op that the backend lacks, or that the options of the build do.
        """
        options = source.options
        columns = {self.name: f"the backend {self.name}"}
        columns |= {"accurate": "double-double arithmetic"} if options.precision == ACCURATE else {}
        columns |= {"bound": "the error bound"} if options.error_bound else {}
        for column, said in columns.items():
            lacking = {name for name, row in OPS.items() if row.stable is None and row.text(column) is None}
            node = next((node for node in source.graph.nodes if node.op in lacking), None)
            if node is not None:
                raise SpecError(
                    f"model {source.model.name}: {node.origin or 'a node'} needs {node.op}, which {said} lacks; "
                    f"it is in plain modules of {', '.join(OPS[node.op].backends)}"
                )
        return self.viewer(source, self.texts, self.literals)
