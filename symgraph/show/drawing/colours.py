"""Colours of pictures, light and dark, as variables of CSS.

Texts have a contrast of at least 4.5 with what they stand on, as WCAG asks of level AA; so a test measures.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Colour(NamedTuple):
    """One colour of a picture on white paper and on dark paper."""

    light: str
    dark: str


_KINDS: Mapping[str, tuple[str, str, str, str]] = MappingProxyType(
    {
        "feature": ("#e3f5e8", "#10291b", "#2c974b", "#3fb950"),
        "weight": ("#f2eafd", "#231a38", "#8250df", "#a371f7"),
        "constant": ("#eef0f2", "#1d2228", "#818b96", "#7d8590"),
        "target": ("#fff5d1", "#2d240f", "#b08800", "#d29922"),
        "operation": ("#ffffff", "#161b22", "#818b96", "#7d8590"),
        "node": ("#f6f8fa", "#181e26", "#57606a", "#9198a1"),
        "output": ("#e2f2ff", "#0f2740", "#0969da", "#58a6ff"),
        "loss": ("#ffecea", "#34151a", "#cf222e", "#f85149"),
        "penalty": ("#ffecea", "#34151a", "#cf222e", "#f85149"),
        "group": ("#f6f8fa", "#181e26", "#57606a", "#9198a1"),
    }
)
"""The ground of boxes of each kind, light and dark, and their rims."""

COLOURS: Mapping[str, Colour] = MappingProxyType(
    {
        "paper": Colour("#ffffff", "#0d1117"),
        "ink": Colour("#1f2328", "#f0f3f6"),
        "muted": Colour("#57606a", "#9da7b1"),
        "value": Colour("#0550ae", "#79c0ff"),
        "cotangent": Colour("#a63b00", "#ffa657"),
        "arrow": Colour("#9aa4ae", "#667078"),
        "carried": Colour("#e08a54", "#b9713a"),
        **{
            name: colour
            for kind, row in _KINDS.items()
            for name, colour in ((kind, Colour(*row[:2])), (f"{kind}-rim", Colour(*row[2:])))
        },
    }
)
"""Every colour by the name of its variable; a kind of boxes has one for its ground and one for its rim."""
