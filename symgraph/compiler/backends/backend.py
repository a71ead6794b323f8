"""Description of a backend: a table of op texts, templates, and the function that makes the view which they print."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from symgraph.compiler.backends.source import Source
from symgraph.errors import SpecError
from symgraph.options import AUTO, DOUBLE
from symgraph.spec.ops.ops import OPS, texts_of
from symgraph.spec.ops.optext import OpText, OpTexts


@dataclass(frozen=True, slots=True)
class Backend:
    """One way to write a model. The graph that it prints is made by its row of ``PIPELINES``.

    Attributes:
        name: its name for ``--backend`` and ``[tool.symgraph]``.
        templates: the path below ``templates/`` of the template of each file, by the end of the file's name after the model's
            name, the module itself first.
        texts: the text of each op that it has, and of the special operations that its passes write; of other ops it refuses
            models.
        literals: the text of constants that have no decimal form, by their repr.
        viewer: the function that makes the templates' view from a source and the two tables.
        options: the extras and precisions of a build that it has beyond a plain module, see ``symgraph.options``.
        comment: the sign that starts a comment line.
        loader: the way in which a module is made of the text so that it can be run and verified: "python", "library" (by a C
            compiler), or "" if there is none; of such a text a build says that it was not run.
    """

    name: str
    templates: Mapping[str, str]
    texts: OpTexts
    literals: Mapping[str, str]
    viewer: Callable[[Source, OpTexts, Mapping[str, str]], object]
    options: tuple[str, ...] = ()
    comment: str = "#"
    loader: str = "python"

    def file_name(self, model: str) -> str:
        """Return the name of the file that holds the model's module."""
        return next(iter(self.files(model)))

    def files(self, model: str) -> dict[str, str]:
        """Return the template of every file that belongs to the model's module, by the file's name; the module itself first."""
        return {f"{model}{suffix}": template for suffix, template in self.templates.items()}

    def view(self, source: Source) -> object:
        """Return the view that the template prints.

        Raises:
            SpecError: the model needs an op that the backend lacks, or that the options of the build do.
        """
        own: dict[str, OpText] = {op: text for op in source.functions if (text := OPS[op].text(self.name)) is not None}
        written = {**self.texts, **own}
        tables: dict[str, OpTexts] = {f"the backend {self.name}": written}
        precision = source.options.precision
        tables |= {"double-double arithmetic": texts_of("pairs")} if precision != DOUBLE else {}
        tables |= {"the error bound": texts_of("bound")} if source.options.error_bound or precision == AUTO else {}
        for said, texts in tables.items():
            lacking = {name for name in (*OPS, *source.functions) if OPS[name].stable is None and name not in texts}
            limits = [source.constraints.graph] if source.constraints and said != "the error bound" else []
            graphs = (source.graph, *([source.penalty.graph] if source.penalty else []), *limits)
            node = next((node for graph in graphs for node in graph.nodes if node.op in lacking), None)
            if node is not None:
                able = [name for name in OPS[node.op].backends if name != self.name or node.op in written]
                needed = getattr(node.op, "path", node.op)
                raise SpecError(
                    f"model {source.model.name}: {node.origin or 'a node'} needs {needed}, which {said} lacks; "
                    f"it is in plain modules of {', '.join(able)}",
                    source.model.place(node.origin.rpartition(" ")[2]),
                )
        return self.viewer(source, written, self.literals)
