"""Widths of texts without a font at hand: bounds for the monospaced fonts of `FONTS`."""

import unicodedata

FONTS = "ui-monospace, SFMono-Regular, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
"""The fonts asked for, the one of the platform first."""

_ADVANCE = 0.62
"""Advance of a sign as a part of the size of the font: 0.55 of Consolas, 0.60 of most others, 0.62 of SF Mono."""
_OTHER = 0.85
"""Bound for signs that another font may have to supply."""
_WIDE = 1.1
"""Bound for signs of East Asian width."""


def width(text: str, size: float) -> float:
    """Return a bound of the width of a line of text.

    Args:
        text: without line breaks.
        size: of the font.
    """
    return size * sum(map(_advance, text))


def _advance(sign: str) -> float:
    if sign.isascii():
        return _ADVANCE
    if unicodedata.combining(sign):
        return 0.0
    return _WIDE if unicodedata.east_asian_width(sign) in "WF" else _OTHER


def wrapped(text: str, size: float, room: float) -> list[str]:
    """Return a text in lines, broken at spaces where it is wider than the room there is; a long word keeps a line of its own.

    Args:
        text: with words between single spaces.
        size: of the font.
        room: the width of a line.
    """
    lines: list[str] = []
    for word in text.split():
        if lines and width(f"{lines[-1]} {word}", size) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
