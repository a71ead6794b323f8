"""Width of text, as ruff format measures it."""

import unicodedata

WIDTH = 88
"""Line length of ruff format's default, which generated text keeps to."""


def columns(text: str) -> int:
    """Return the columns that a text takes; the signs of Chinese, Japanese and Korean take two."""
    if text.isascii():
        return len(text)
    return len(text) + sum(unicodedata.east_asian_width(sign) in "WF" for sign in text if not sign.isascii())
