"""A fit's plots as methods of its result, and what they need of it."""

from typing import Any

import numpy as np

from symgraph.show.plots import fits
from symgraph.use.fitting.problem import Array, observed
from symgraph.use.fitting.profile import threshold


class Plotted:
    """Methods of `FitResult` that draw it."""

    # what they take of the result is said there; a base class that named it would fix how the result has it
    @property
    def observed(self: Any) -> tuple[Array, str]:
        """Return what the predictions are held against, (n,), and its name: the target, or a function of it such as log(y)."""
        module, y = self.problem.module, self.problem.rows.y
        found = observed(self.problem, self.found.v)
        if found is None or found is y:
            return np.asarray(y), module.TARGET
        left, tilde, _ = module.METADATA.get("doc", "").partition("~")  # the formula, of a model that was made of one
        return found, left.strip() if tilde else f"function of {module.TARGET}"

    def plot_profile(self: Any, name: str, ax: Any = None, *, level: float = 0.95, points: int = 41) -> Any:
        """Draw how far the deviance rises along a weight, the others fitted anew; see ``symgraph.plots.profile``."""
        return fits.profile(self, name, ax, level=level, points=points)

    def plot_correlation(self: Any, ax: Any = None) -> Any:
        """Draw the correlations of the weights; see ``symgraph.plots.correlation``."""
        return fits.correlation(self, ax)

    def plot(self: Any, axes: Any = None, *, level: float = 0.95) -> Any:
        """Draw data, fit and confidence band, and the residuals below; see ``symgraph.plots.fit`` and ``residuals``.

        Args:
            axes: two Axes, the upper and the lower; None makes them by pyplot.
            level: of the confidence band about the curve.

        Returns:
            The two Axes.

        Raises:
            OptionError: Matplotlib is missing, the model has no output or not one target, or the rows are a stream.
        """
        return fits.fit_and_residuals(self, axes, level=level)

    def threshold(self: Any, level: float = 0.95) -> float:
        """Return the rise of the deviance at which the profile interval of one weight ends.

        Args:
            level: the confidence level.
        """
        found: float = threshold(self.problem, self.dof, level, 1)
        return found
