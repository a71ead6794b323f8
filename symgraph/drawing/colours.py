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


COLOURS: Mapping[str, Colour] = MappingProxyType(
    {
        "paper": Colour("#ffffff", "#0d1117"),
        "ink": Colour("#1f2328", "#f0f3f6"),
        "muted": Colour("#57606a", "#9da7b1"),
        "value": Colour("#0550ae", "#79c0ff"),
        "cotangent": Colour("#a63b00", "#ffa657"),
        "arrow": Colour("#9aa4ae", "#667078"),
        "carried": Colour("#e08a54", "#b9713a"),
        "feature": Colour("#e3f5e8", "#10291b"),
        "feature-rim": Colour("#2c974b", "#3fb950"),
        "weight": Colour("#f2eafd", "#231a38"),
        "weight-rim": Colour("#8250df", "#a371f7"),
        "constant": Colour("#eef0f2", "#1d2228"),
        "constant-rim": Colour("#818b96", "#7d8590"),
        "target": Colour("#fff5d1", "#2d240f"),
        "target-rim": Colour("#b08800", "#d29922"),
        "operation": Colour("#ffffff", "#161b22"),
        "operation-rim": Colour("#818b96", "#7d8590"),
        "node": Colour("#f6f8fa", "#181e26"),
        "node-rim": Colour("#57606a", "#9198a1"),
        "output": Colour("#e2f2ff", "#0f2740"),
        "output-rim": Colour("#0969da", "#58a6ff"),
        "loss": Colour("#ffecea", "#34151a"),
        "loss-rim": Colour("#cf222e", "#f85149"),
        "penalty": Colour("#ffecea", "#34151a"),
        "penalty-rim": Colour("#cf222e", "#f85149"),
        "group": Colour("#f6f8fa", "#181e26"),
        "group-rim": Colour("#57606a", "#9198a1"),
    }
)
"""Every colour by the name of its variable; a kind of boxes has one for its ground and one for its rim."""
