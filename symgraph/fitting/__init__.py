"""Fits with their statistics: least squares and likelihoods by SciPy's optimizers, on the derivatives of generated modules."""

from symgraph.fitting.comparison import Comparison, compare
from symgraph.fitting.fits import FitWarning, fit
from symgraph.fitting.result import FitResult
from symgraph.fitting.together import JointResult, fit_together

__all__ = ["Comparison", "FitResult", "FitWarning", "JointResult", "compare", "fit", "fit_together"]
