"""Fits with their statistics: least squares and likelihoods by SciPy's optimizers, on the derivatives of generated modules."""

from symgraph.use.fitting.comparison import Comparison, compare
from symgraph.use.fitting.fits import FitWarning, fit
from symgraph.use.fitting.result import FitResult
from symgraph.use.fitting.together import JointResult, fit_together

__all__ = ["Comparison", "FitResult", "FitWarning", "JointResult", "compare", "fit", "fit_together"]
