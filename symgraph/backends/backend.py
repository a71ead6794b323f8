"""What a backend is: a table of op texts, a template, and the name of the file it writes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from symgraph.emit.expression import OpTexts
from symgraph.emit.source import Source


@dataclass(frozen=True, slots=True)
class Backend:
    """One way to write a kernel.

    Attributes:
        name: as ``--backend`` and ``[tool.symgraph]`` call it.
        suffix: what the file name adds to the model's name.
        template: path of its template below ``templates/``.
        texts: how it writes each primitive op.
        literals: the text of constants that have no decimal form, by their repr.
        viewer: makes what the template prints from a source and the two tables.
    """

    name: str
    suffix: str
    template: str
    texts: OpTexts
    literals: Mapping[str, str]
    viewer: Callable[[Source, OpTexts, Mapping[str, str]], object]

    def file_name(self, model: str) -> str:
        """The name of the file that holds the model's module."""
        return f"{model}{self.suffix}.py"

    def view(self, source: Source) -> object:
        """Everything that the template prints."""
        return self.viewer(source, self.texts, self.literals)
