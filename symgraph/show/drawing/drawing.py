"""A picture that a notebook shows, and that can be written to a file in the format of the file's suffix."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from symgraph.data.extra import library
from symgraph.data.files import write_file
from symgraph.errors import OptionError
from symgraph.show.drawing.picture import Picture
from symgraph.show.drawing.svg import svg
from symgraph.show.drawing.text_graphs import dot, mermaid


def png(picture: Picture) -> bytes:
    """Render a picture in its light colours, two pixels for one of the SVG.

    Raises:
        OptionError: resvg is not installed, or the machine has no fonts to write with.
    """
    resvg = library("resvg_py", "png", "a picture as PNG")
    empty = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{}</svg>'
    with_text = empty.format('<text x="1" y="8" font-size="8" font-family="monospace">H</text>')
    if resvg.svg_to_bytes(svg_string=with_text) == resvg.svg_to_bytes(svg_string=empty.format("")):
        raise OptionError("this machine has no fonts, so a PNG would be without text; install one, DejaVu say, or write SVG")
    return bytes(resvg.svg_to_bytes(svg_string=svg(picture, "light"), zoom=2.0))


FORMATS: Mapping[str, Callable[[Picture], str | bytes]] = MappingProxyType(
    {".svg": svg, ".png": png, ".dot": dot, ".gv": dot, ".mmd": mermaid, ".mermaid": mermaid}
)
"""Formats by the suffix of a file's name."""


def format_of(path: Path) -> Callable[[Picture], str | bytes]:
    """Return the function that writes the format of a file.

    Raises:
        OptionError: its suffix is of no format.
    """
    found = FORMATS.get(path.suffix.lower())
    if found is None:
        raise OptionError(f"{path}: a picture can be written as {', '.join(FORMATS)}; give the file one of these suffixes")
    return found


class Drawing:
    """A picture that shows itself in a notebook.

    Args:
        picture: what it shows.
    """

    def __init__(self, picture: Picture) -> None:
        self.picture = picture

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file, as its suffix says: SVG, PNG, DOT or Mermaid.

        Args:
            path: the file; one that exists is overwritten.

        Raises:
            OptionError: the suffix is of no format, the file cannot be written, or PNG lacks resvg or fonts.
        """
        file = Path(path)
        content = format_of(file)(self.picture)
        try:
            write_file(file, content)
        except OSError as error:
            raise OptionError(f"{file} cannot be written: {error.strerror}") from error

    def __repr__(self) -> str:
        return f"<Drawing of {self.picture.title}: {len(self.picture.boxes)} boxes; save(path) writes it>"

    def _repr_svg_(self) -> str:
        return svg(self.picture)

    def _repr_html_(self) -> str:
        """Return the SVG as an element of the page, where its text can be selected; a narrow page scrolls it sideways."""
        return f'<div style="overflow-x: auto">{svg(self.picture, "page")}</div>'
