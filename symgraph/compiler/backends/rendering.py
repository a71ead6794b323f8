"""Rendering of a view as text by Jinja. Templates hold layout and prose; all else is in the view."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import jinja2


def templates_folder() -> Path:
    """Return the folder of the templates: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[2]
    installed = package / "_templates"
    return installed if installed.is_dir() else package.parent / "templates"


@cache
def _environment(*, html: bool = False) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates_folder()),
        undefined=jinja2.StrictUndefined,
        autoescape=html,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(template: str, view: object, *, html: bool = False) -> str:
    """Print a view through a template; the text ends with one newline.

    Args:
        template: its path below the folder of templates.
        view: what the template prints.
        html: whether it is a page, in which what the view has is escaped.
    """
    text = _environment(html=html).get_template(template).render(view=view)
    return text.rstrip("\n") + "\n"


class Blocks(Mapping[str, str]):
    """The blocks of a template, each by itself, by their names in order; one is printed when it is asked for.

    Args:
        template: its path below the folder of templates.
        values: what the blocks read.
    """

    def __init__(self, template: str, **values: object) -> None:
        found = _environment().get_template(template)
        self._blocks, self._context = found.blocks, found.new_context(values)
        self._printed: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        """Print a block."""
        if name not in self._printed:
            self._printed[name] = "".join(self._blocks[name](self._context))
        return self._printed[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the names."""
        return iter(self._blocks)

    def __len__(self) -> int:
        """Count the blocks."""
        return len(self._blocks)
