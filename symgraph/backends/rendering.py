"""Rendering of a view as text by Jinja. Templates hold layout and prose; all else is in the view."""

from functools import cache
from pathlib import Path

import jinja2


def templates_folder() -> Path:
    """Return the folder of the templates: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent.parent
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


def blocks(template: str, **values: object) -> dict[str, str]:
    """Print each block of a template by itself.

    Args:
        template: its path below the folder of templates.
        values: what the blocks read.

    Returns:
        Name -> text, in the order of the template.
    """
    found = _environment().get_template(template)
    context = found.new_context(values)
    return {name: "".join(block(context)) for name, block in found.blocks.items()}
