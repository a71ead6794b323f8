"""One function for each plot: it draws into Matplotlib Axes, makes them if none are given, and returns them.

Colours can be told apart by readers who are colour-blind, on white and on dark ground; text and axes have the colours of the
Matplotlib style in force (`matplotlib.pyplot.style.use("dark_background")`). `save` writes any of them to a file.
"""

from typing import NoReturn

from symgraph.show.plots.axes import save
from symgraph.show.plots.fits import correlation, fit, profile, residuals
from symgraph.show.plots.judgements import conditioning, errors
from symgraph.show.plots.observations import differences, predictions
from symgraph.show.plots.runs import gradient_norms, losses, running_mean, weights
from symgraph.show.plots.surface import loss_surface

__all__ = [
    "conditioning",
    "correlation",
    "differences",
    "errors",
    "fit",
    "gradient_norms",
    "loss_surface",
    "losses",
    "predictions",
    "profile",
    "residuals",
    "running_mean",
    "save",
    "weights",
]


def __getattr__(name: str) -> NoReturn:
    raise AttributeError(f"module 'symgraph.plots' has no attribute {name!r}; it has {', '.join(__all__)}")
