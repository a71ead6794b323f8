"""Description of a backend: a table of op texts, templates, and the function that makes the view which they print."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from symgraph.backends.expression import OpTexts
from symgraph.backends.source import Source
from symgraph.ir.ops import OPS


@dataclass(frozen=True, slots=True)
class Backend:
    """One way to write a model. The graph that it prints is made by its row of ``PIPELINES``.

    Attributes:
        name: its name for ``--backend`` and ``[tool.symgraph]``.
        templates: the path below ``templates/`` of the template of each file, by the end of the file's name after the model's
            name, the module itself first.
        texts: the text of each primitive op, and of the special operations that its passes write.
        literals: the text of constants that have no decimal form, by their repr.
        viewer: the function that makes the templates' view from a source and the two tables.
        options: the extras and precisions of a build that it has beyond a plain module, see ``symgraph.options``.
        comment: the sign that starts a comment line.
        loader: the way in which a module is made of the text so that it can be run and verified: "python", "library" (by a C
            compiler), or "" if there is none; of such a text a build says that it was not run.

    Raises:
        ValueError: an op has neither a stable form nor a text.
    """

    name: str
    templates: Mapping[str, str]
    texts: OpTexts
    literals: Mapping[str, str]
    viewer: Callable[[Source, OpTexts, Mapping[str, str]], object]
    options: tuple[str, ...] = ()
    comment: str = "#"
    loader: str = "python"

    def __post_init__(self) -> None:
        missing = [op.name for op in OPS.values() if op.stable is None and op.name not in self.texts]
        if missing:
            raise ValueError(f"backend {self.name} has no text for {', '.join(missing)}; add a row to its table")

    def file_name(self, model: str) -> str:
        """Return the name of the file that holds the model's module."""
        return next(iter(self.files(model)))

    def files(self, model: str) -> dict[str, str]:
        """Return the template of every file that belongs to the model's module, by the file's name; the module itself first."""
        return {f"{model}{suffix}": template for suffix, template in self.templates.items()}

    def view(self, source: Source) -> object:
        """Return the view that the templates print."""
        return self.viewer(source, self.texts, self.literals)
