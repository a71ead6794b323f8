"""What a backend is: a table of op texts, a template, and the name of the file it writes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from symgraph.emit.expression import OpTexts


@dataclass(frozen=True, slots=True)
class Backend:
    """One way to write a kernel.

    Attributes:
        name: as ``--backend`` and ``[tool.symgraph]`` call it.
        suffix: what the file name adds to the model's name.
        template: path of its template below ``templates/``.
        texts: how it writes each primitive op.
        literals: the text of constants that have no decimal form, by their repr.
    """

    name: str
    suffix: str
    template: str
    texts: OpTexts
    literals: Mapping[str, str] = field(default_factory=dict)

    def file_name(self, model: str) -> str:
        """The name of the file that holds the model's module."""
        return f"{model}{self.suffix}.py"
